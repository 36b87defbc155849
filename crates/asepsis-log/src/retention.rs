use std::fmt;
use std::path::Path;

use time::{Date, Month};

use crate::{LogError, layout, tiles};

/// How long entries are kept at least where nothing else is said: 45 CFR 164.316(b)(2)(i).
pub const DEFAULT_YEARS: u32 = 6;

/// How long entries are kept, and why: the written policy without which nothing may be pruned (C2SP tlog-tiles, "Retention
/// Policies"). The file `retention` in the log's directory holds it:
///
/// ```text
/// keep 6 years
/// basis 45 CFR 164.316(b)(2)(i)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    years: u32,
    basis: String,
}

impl Retention {
    /// Reads a policy. Lines with `#` in front are remarks.
    ///
    /// # Errors
    /// [`LogError::NoRetention`] names what is missing.
    pub fn parse(text: &str) -> Result<Self, LogError> {
        let missing = |what: &str| LogError::NoRetention { what: what.to_owned() };
        let (mut years, mut basis) = (None, None);
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(keep) = line.strip_prefix("keep ") {
                let number = keep.trim().strip_suffix("years").map(str::trim).and_then(|number| number.parse().ok());
                years = Some(
                    number
                        .filter(|n| (1..=200).contains(n))
                        .ok_or_else(|| missing(&format!("`{line}` is not `keep N years` with N from 1 to 200")))?,
                );
            } else if let Some(why) = line.strip_prefix("basis ").map(str::trim).filter(|why| !why.is_empty()) {
                basis = Some(why.chars().filter(|c| !c.is_control()).take(500).collect());
            } else {
                return Err(missing(&format!("`{line}` is neither `keep N years` nor `basis WHY`")));
            }
        }
        Ok(Self {
            years: years.ok_or_else(|| missing("there is no line `keep N years`"))?,
            basis: basis.ok_or_else(|| missing("there is no line `basis WHY`"))?,
        })
    }

    /// The policy in the directory of a log.
    ///
    /// # Errors
    /// [`LogError::NoRetention`] if there is none, or it is not whole.
    pub fn read(dir: &Path) -> Result<Self, LogError> {
        match tiles::read(dir, layout::RETENTION).ok().and_then(|text| String::from_utf8(text).ok()) {
            Some(text) => Self::parse(&text),
            None => Err(LogError::NoRetention {
                what: format!("there is no file {}", layout::under(dir, layout::RETENTION).display()),
            }),
        }
    }

    /// How many years.
    pub fn years(&self) -> u32 {
        self.years
    }

    /// The day whose entries, and all younger ones, are kept on this day.
    pub fn kept_from(&self, today: Date) -> Date {
        let year = today.year() - i32::try_from(self.years).unwrap_or(i32::MAX);
        // The 29th of February has no day of its own in most years: the day before, which keeps more.
        let short = || Date::from_calendar_date(year, Month::February, 28);
        today.replace_year(year).or_else(|_| short()).unwrap_or(Date::MIN)
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kept {} years: {}", self.years, self.basis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r27_a_policy_says_how_long_and_why_or_is_none() {
        let policy = Retention::parse("# ours\nkeep 6 years\nbasis 45 CFR 164.316(b)(2)(i)\n").unwrap();
        let day = |year, month, day| Date::from_calendar_date(year, month, day).unwrap();
        assert_eq!(policy.kept_from(day(2026, Month::November, 25)), day(2020, Month::November, 25));
        assert_eq!(policy.kept_from(day(2028, Month::February, 29)), day(2022, Month::February, 28));
        assert_eq!(policy.to_string(), "kept 6 years: 45 CFR 164.316(b)(2)(i)");
        for text in ["", "keep 6 years", "basis law", "keep six years\nbasis law", "keep 0 years\nbasis law", "hold on"]
        {
            assert!(matches!(Retention::parse(text), Err(LogError::NoRetention { .. })), "{text}");
        }
    }
}
