//! Facts of the registers: a value or *unknown*, with the evidence behind it.

use serde::{Deserialize, Deserializer, Serialize};
use time::{Date, OffsetDateTime, UtcOffset};

/// How good the evidence for a fact is, from the best to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Grade {
    /// An independent report that is in date.
    A,
    /// A clause of a contract.
    B,
    /// A document of the vendor.
    C,
    /// A statement; also what stands in the configuration without a grade.
    D,
    /// No evidence: the fact counts as unknown.
    U,
}

/// A fact. What is unknown, expired or without evidence never permits anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// The value; `None` is unknown.
    pub value: Option<T>,
    /// How good the evidence is.
    pub grade: Grade,
    /// Where it was learnt: a document, a contract.
    pub source: Option<String>,
    /// The day on which it was found to be so. Before it, the fact is unknown.
    pub as_of: Option<Date>,
    /// The last day on which it may be relied on.
    pub expires: Option<Date>,
    /// Who looked at the evidence.
    pub checked_by: Option<String>,
    /// The names of the facts without which it does not count. Only an approval rests on others.
    pub rests_on: Vec<String>,
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self {
            value: None,
            grade: Grade::U,
            source: None,
            as_of: None,
            expires: None,
            checked_by: None,
            rests_on: Vec::new(),
        }
    }
}

impl<T> From<T> for Fact<T> {
    /// A fact that somebody states.
    fn from(value: T) -> Self {
        Self { value: Some(value), grade: Grade::D, ..Self::default() }
    }
}

impl<T> Fact<T> {
    /// The value, as far as it may be relied on at `now` with evidence no poorer than `least`.
    pub fn at(&self, now: OffsetDateTime, offset: UtcOffset, least: Grade) -> Option<&T> {
        let begun = self.begins(offset).is_none_or(|begins| begins <= now);
        let lasting = self.ends(offset).is_none_or(|ends| now < ends);
        let evidence = self.grade != Grade::U && self.grade <= least;
        self.value.as_ref().filter(|_| begun && lasting && evidence)
    }

    /// The moments at which it may begin or end to count.
    pub fn moments(&self, offset: UtcOffset) -> impl Iterator<Item = OffsetDateTime> + use<T> {
        self.begins(offset).into_iter().chain(self.ends(offset))
    }

    /// The same evidence for the value as something else.
    pub(crate) fn try_map<U, E>(self, map: impl FnOnce(T) -> Result<U, E>) -> Result<Fact<U>, E> {
        Ok(Fact {
            value: self.value.map(map).transpose()?,
            grade: self.grade,
            source: self.source,
            as_of: self.as_of,
            expires: self.expires,
            checked_by: self.checked_by,
            rests_on: self.rests_on,
        })
    }

    fn begins(&self, offset: UtcOffset) -> Option<OffsetDateTime> {
        self.as_of.map(|day| day.midnight().assume_offset(offset))
    }

    fn ends(&self, offset: UtcOffset) -> Option<OffsetDateTime> {
        self.expires.map(|day| day.midnight().assume_offset(offset).saturating_add(time::Duration::DAY))
    }
}

/// A value, or the word "unknown".
struct Known<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Known<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a value of the right type, or \"unknown\"")]
        enum Either<T> {
            Unknown(Unknown),
            Value(T),
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Unknown {
            Unknown,
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Unknown(Unknown::Unknown) => Self(None),
            Either::Value(value) => Self(Some(value)),
        })
    }
}

/// `trains_on_data = false`, `trains_on_data = "unknown"`, or a table with `value`, `grade`, `source`, `as_of`,
/// `expires`, `checked_by`, `rests_on`.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fact<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table<T> {
            value: Known<T>,
            #[serde(default)]
            grade: Option<Grade>,
            #[serde(default)]
            source: Option<String>,
            #[serde(default, deserialize_with = "some_day")]
            as_of: Option<Date>,
            #[serde(default, deserialize_with = "some_day")]
            expires: Option<Date>,
            #[serde(default)]
            checked_by: Option<String>,
            #[serde(default)]
            rests_on: Vec<String>,
        }
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a value of the right type, \"unknown\", or a table of value, grade (A to D, U), source, as_of, expires, checked_by and rests_on"
        )]
        enum Either<T> {
            // First, because a list would also be read as the fields of a table in order.
            Plain(Known<T>),
            Table(Table<T>),
        }
        let fact = match Either::deserialize(deserializer)? {
            Either::Plain(Known(value)) => Self { grade: Grade::D, value, ..Self::default() },
            Either::Table(table) => Self {
                value: table.value.0,
                grade: table.grade.unwrap_or(Grade::D),
                source: table.source,
                as_of: table.as_of,
                expires: table.expires,
                checked_by: table.checked_by,
                rests_on: table.rests_on,
            },
        };
        match (fact.as_of, fact.expires) {
            (Some(from), Some(until)) if until < from => {
                Err(serde::de::Error::custom("a fact ends before it begins; correct `as_of` or `expires`"))
            }
            _ => Ok(fact),
        }
    }
}

/// Reads a day like "2026-12-31".
pub(crate) fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_day(&text).ok_or_else(|| serde::de::Error::custom("a day looks like \"2026-12-31\", in quotes"))
}

/// A day like 2026-12-31.
pub(crate) fn parse_day(text: &str) -> Option<Date> {
    Date::parse(text, time::macros::format_description!("[year]-[month]-[day]")).ok()
}

pub(crate) fn some_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    day(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn c18_a_fact_counts_from_its_day_to_the_end_of_its_last_at_the_organisations_midnight() {
        let offset = UtcOffset::from_hms(-5, 0, 0).unwrap();
        let fact =
            Fact { as_of: Some(date!(2026 - 01 - 01)), expires: Some(date!(2026 - 01 - 31)), ..Fact::from(true) };
        let at = |now| fact.at(now, offset, Grade::D).is_some();
        assert!(!at(datetime!(2026-01-01 04:59:59 UTC)) && at(datetime!(2026-01-01 05:00 UTC)));
        assert!(at(datetime!(2026-02-01 04:59:59.999 UTC)) && !at(datetime!(2026-02-01 05:00 UTC)));
        assert_eq!(fact.moments(offset).count(), 2);
    }

    #[test]
    fn what_has_no_evidence_or_too_poor_evidence_is_unknown() {
        let now = datetime!(2026-06-01 12:00 UTC);
        let with = |grade| Fact { grade, ..Fact::from(true) };
        assert!(with(Grade::U).at(now, UtcOffset::UTC, Grade::U).is_none());
        assert!(with(Grade::D).at(now, UtcOffset::UTC, Grade::C).is_none());
        assert!(with(Grade::B).at(now, UtcOffset::UTC, Grade::C).is_some());
    }

    #[test]
    fn a_fact_is_written_plainly_or_with_its_evidence() {
        #[derive(Deserialize)]
        struct Holder {
            fact: Fact<u32>,
        }
        let read = |text: &str| toml::from_str::<Holder>(text).map(|h| h.fact).map_err(|e| e.to_string());
        assert_eq!(read("fact = 30").unwrap(), Fact::from(30));
        assert_eq!(read("fact = \"unknown\"").unwrap().value, None);
        let full =
            read("fact = { value = 30, grade = \"B\", as_of = \"2026-01-01\", expires = \"2026-12-31\" }").unwrap();
        assert_eq!((full.value, full.grade, full.expires), (Some(30), Grade::B, Some(date!(2026 - 12 - 31))));
        for wrong in ["fact = \"thirty\"", "fact = { value = 30, grad = \"B\" }", "fact = { value = 1, grade = \"E\" }"]
        {
            assert!(read(wrong).unwrap_err().contains("unknown"), "{wrong}");
        }
    }
}
