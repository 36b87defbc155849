//! Days as they are written, `2026-12-31`, for serde.

use serde::{Deserialize, Deserializer, Serializer};
use time::Date;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const FORMAT: &[BorrowedFormatItem<'static>] = format_description!("[year]-[month]-[day]");

/// Reads a day.
pub fn parse(text: &str) -> Option<Date> {
    Date::parse(text, FORMAT).ok()
}

/// Writes a day.
///
/// # Errors
/// The serializer's.
pub fn serialize<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(day)
}

/// Reads a day.
///
/// # Errors
/// A text that is none.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| serde::de::Error::custom("a day looks like \"2026-12-31\", in quotes"))
}

/// The same for a day that may be absent.
pub mod option {
    use serde::{Deserializer, Serializer};
    use time::Date;

    /// Writes a day, or nothing.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(day: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
        match day {
            Some(day) => serializer.collect_str(day),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a day.
    ///
    /// # Errors
    /// A text that is none.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
        let text = <Option<String> as serde::Deserialize>::deserialize(deserializer)?;
        let day = |text: String| {
            super::parse(&text).ok_or_else(|| serde::de::Error::custom("a day looks like \"2026-12-31\", in quotes"))
        };
        text.map(day).transpose()
    }
}
