//! The facts that a register keeps beside those that decide: a table of what they are called and what they hold, so that a
//! misspelt or wrongly typed one is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use time::{Date, OffsetDateTime, UtcOffset};

use crate::fact::{Fact, Grade, parse_day};
use crate::problem::closest;

/// A fact that a register keeps.
#[derive(Debug)]
pub struct KnownFact {
    /// Its name.
    pub name: String,
    /// Of what it is kept.
    pub of: Vec<FactOf>,
    /// What it holds.
    pub kind: FactKind,
    /// The answer that speaks for a vendor, where there is one.
    pub good: Option<bool>,
    /// What it says, for people.
    pub doc: String,
}

/// Of what facts are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactOf {
    /// Of vendors.
    Vendor,
    /// Of AI systems.
    System,
    /// Of agreements.
    Agreement,
}

impl FactOf {
    /// The name of the register.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::System => "system",
            Self::Agreement => "agreement",
        }
    }
}

/// What a fact holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// Yes or no.
    YesNo,
    /// A whole number from 0.
    Number,
    /// 1 to 5.
    Level,
    /// A text.
    Text,
    /// A set of words.
    Words,
    /// A day.
    Day,
}

impl FactKind {
    /// What is to be written.
    pub fn expects(self) -> &'static str {
        match self {
            Self::YesNo => "yes or no",
            Self::Number => "a whole number from 0",
            Self::Level => "a number from 1 to 5",
            Self::Text => "a text",
            Self::Words => "a list of words",
            Self::Day => "a day like \"2026-12-31\"",
        }
    }
}

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactValue {
    /// Yes or no.
    YesNo(bool),
    /// A number, also a level.
    Number(u32),
    /// A text.
    Text(String),
    /// A set of words.
    Words(BTreeSet<String>),
    /// A day.
    Day(Date),
}

static KNOWN: LazyLock<Vec<KnownFact>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        of: Vec<FactOf>,
        #[serde(rename = "type")]
        kind: FactKind,
        good: Option<bool>,
        doc: String,
    }
    let rows: BTreeMap<String, Row> = toml::from_str(include_str!("../../../data/facts.toml"))
        .expect("the table of facts is part of the program, and a test reads it");
    let known =
        |(name, row): (String, Row)| KnownFact { name, of: row.of, kind: row.kind, good: row.good, doc: row.doc };
    rows.into_iter().map(known).collect()
});

/// Facts that decide today: they stand beside `facts`, not in it.
const DECIDING: [&str; 5] = ["status", "retention_days", "trains_on_data", "regions", "patient_facing"];

/// Every fact that a register keeps under `facts`, by name.
pub fn known_facts() -> &'static [KnownFact] {
    &KNOWN
}

/// The fact of that name.
///
/// # Errors
/// That there is none, with the name that is most like it.
pub fn known_fact(name: &str) -> Result<&'static KnownFact, UnknownFact> {
    match KNOWN.binary_search_by(|known| known.name.as_str().cmp(name)) {
        Ok(at) => Ok(&KNOWN[at]),
        Err(_) if DECIDING.contains(&name) => Err(UnknownFact::Deciding(name.to_owned())),
        Err(_) => Err(UnknownFact::Unknown {
            name: name.to_owned(),
            near: closest(name, KNOWN.iter().map(|known| known.name.as_str())),
        }),
    }
}

/// A name that is no fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownFact {
    /// It decides, and so stands beside `facts`.
    #[error("`{0}` decides, so it stands beside `facts` and not in it")]
    Deciding(String),
    /// There is none of that name.
    #[error(
        "there is no fact `{name}`; {}`asepsis register facts` lists them",
        .near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default()
    )]
    Unknown {
        /// What was written.
        name: String,
        /// The known name that is most like it.
        near: Option<&'static str>,
    },
}

/// What is known of one thing, by the name of the fact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactSheet(
    /// In the order of the names. A register may have a hundred thousand of these, most with a few facts.
    Vec<(&'static str, Fact<FactValue>)>,
);

impl FactSheet {
    /// The fact of that name, if anything is said of it.
    pub fn get(&self, name: &str) -> Option<&Fact<FactValue>> {
        let at = self.0.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    /// Every fact, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Fact<FactValue>)> {
        self.0.iter().map(|(name, fact)| (*name, fact))
    }

    /// The first fact here that is not kept of such a thing.
    pub fn misplaced(&self, of: FactOf) -> Option<&str> {
        let mut names = self.0.iter().map(|(name, _)| *name);
        names.find(|name| known_fact(name).is_ok_and(|known| !known.of.contains(&of)))
    }

    /// Whether something may rest on the fact at `now`: it is known with evidence no poorer than `least`, and does not speak
    /// against the vendor.
    pub(crate) fn supports(&self, name: &str, now: OffsetDateTime, offset: UtcOffset, least: Grade) -> bool {
        let good = known_fact(name).ok().and_then(|known| known.good);
        match self.get(name).and_then(|fact| fact.at(now, offset, least)) {
            None => false,
            Some(FactValue::YesNo(value)) => good.is_none_or(|good| good == *value),
            Some(_) => true,
        }
    }
}

impl<'de> Deserialize<'de> for FactSheet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sheet;
        impl<'de> serde::de::Visitor<'de> for Sheet {
            type Value = FactSheet;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a table of facts by name")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<FactSheet, A::Error> {
                let mut sheet = FactSheet::default();
                while let Some(name) = map.next_key::<String>()? {
                    let known = known_fact(&name).map_err(A::Error::custom)?;
                    let fact: Fact<Raw> = map.next_value()?;
                    let fact = fact.try_map(|raw| raw.of_kind(known.kind)).map_err(|()| {
                        A::Error::custom(format!("fact `{name}` is {}, or unknown", known.kind.expects()))
                    })?;
                    match sheet.0.binary_search_by(|(other, _)| (*other).cmp(&name)) {
                        Ok(_) => return Err(A::Error::custom(format!("fact `{name}` stands twice"))),
                        Err(at) => sheet.0.insert(at, (known.name.as_str(), fact)),
                    }
                }
                sheet.0.shrink_to_fit();
                Ok(sheet)
            }
        }
        deserializer.deserialize_map(Sheet)
    }
}

/// A value of which only the form is known.
#[derive(Deserialize)]
#[serde(untagged)]
enum Raw {
    YesNo(bool),
    Number(u32),
    Text(String),
    Words(BTreeSet<String>),
}

impl Raw {
    fn of_kind(self, kind: FactKind) -> Result<FactValue, ()> {
        match (kind, self) {
            (FactKind::YesNo, Self::YesNo(value)) => Ok(FactValue::YesNo(value)),
            (FactKind::YesNo, Self::Text(text)) if text == "yes" => Ok(FactValue::YesNo(true)),
            (FactKind::YesNo, Self::Text(text)) if text == "no" => Ok(FactValue::YesNo(false)),
            (FactKind::Level, Self::Number(level)) if (1..=5).contains(&level) => Ok(FactValue::Number(level)),
            (FactKind::Number, Self::Number(number)) => Ok(FactValue::Number(number)),
            (FactKind::Text, Self::Text(text)) => Ok(FactValue::Text(text)),
            (FactKind::Words, Self::Words(words)) => Ok(FactValue::Words(words)),
            (FactKind::Day, Self::Text(text)) => parse_day(&text).map(FactValue::Day).ok_or(()),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        facts: FactSheet,
    }

    fn read(text: &str) -> Result<FactSheet, String> {
        toml::from_str::<Holder>(text).map(|holder| holder.facts).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn c14_the_table_of_facts_can_be_read_and_each_says_what_it_is() {
        assert!(known_facts().len() > 40);
        for known in known_facts() {
            assert!(!known.of.is_empty() && known.doc.len() > 10, "{}", known.name);
            assert!(known.good.is_none() || known.kind == FactKind::YesNo, "{}", known.name);
            assert!(!DECIDING.contains(&known.name.as_str()), "{}", known.name);
        }
    }

    #[test]
    fn c14_facts_are_read_by_their_kind() {
        let sheet = read(
            "[facts]\nmfa = \"yes\"\nautonomy = 2\nstorage_regions = [\"us\"]\nbase_model = \"unknown\"\n\
             pen_test_date = { value = \"2026-05-01\", grade = \"A\", checked_by = \"ciso\" }",
        )
        .unwrap();
        assert_eq!(sheet.get("mfa").unwrap().value, Some(FactValue::YesNo(true)));
        assert_eq!(sheet.get("base_model").unwrap().value, None);
        let day = sheet.get("pen_test_date").unwrap();
        assert_eq!((&day.value, day.grade), (&Some(FactValue::Day(date!(2026 - 05 - 01))), Grade::A));
        assert_eq!(day.checked_by.as_deref(), Some("ciso"));
        assert_eq!(sheet.misplaced(FactOf::Vendor), Some("autonomy"));
    }

    #[test]
    fn c14_a_misspelt_or_wrongly_typed_fact_is_refused_with_a_suggestion() {
        for (text, part) in [
            ("encription_rest = true", "did you mean `encryption_rest`?"),
            ("retention_days = 3", "stands beside `facts`"),
            ("mfa = 3", "fact `mfa` is yes or no, or unknown"),
            ("autonomy = 6", "a number from 1 to 5"),
            ("pen_test_date = \"May\"", "a day like"),
            ("storage_regions = \"us\"", "a list of words"),
            ("mfa = { value = true, as_of = \"2026-02-01\", expires = \"2026-01-01\" }", "ends before"),
            ("mfa = { value = true, as_off = \"2026-02-01\" }", "as_of"),
        ] {
            let error = read(&format!("[facts]\n{text}")).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn c28_something_rests_on_a_fact_only_while_it_is_known_and_good() {
        let now = datetime!(2026-06-01 12:00 UTC);
        let supports = |text: &str, name: &str| {
            read(&format!("[facts]\n{text}")).unwrap().supports(name, now, UtcOffset::UTC, Grade::D)
        };
        assert!(supports("mfa = true", "mfa") && !supports("mfa = false", "mfa"));
        assert!(supports("human_review_of_data = false", "human_review_of_data"));
        assert!(!supports("mfa = true", "logging") && !supports("mfa = \"unknown\"", "mfa"));
        assert!(!supports("mfa = { value = true, expires = \"2026-05-31\" }", "mfa"));
        assert!(!supports("mfa = { value = true, grade = \"U\" }", "mfa"));
    }
}
