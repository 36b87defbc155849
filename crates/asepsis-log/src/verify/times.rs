//! The times of entries: of the future, or of a clock that was set back.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::TOLERANCE;

/// Seconds that an entry may be dated before one above it: writers wait for one another.
const SET_BACK: i64 = 60;

/// The times of entries, which order as their texts do.
pub(crate) struct Times {
    /// What is after this is of the future.
    latest: String,
    /// The newest that was seen.
    newest: String,
    pub(crate) set_back: u64,
    pub(crate) first_set_back: Option<u64>,
}

impl Times {
    pub(crate) fn new(now: u64) -> Self {
        let latest = text_of(now.saturating_add(TOLERANCE.as_secs()));
        Self { latest, newest: String::new(), set_back: 0, first_set_back: None }
    }

    /// Looks at the time of an entry, and says what is wrong with it.
    pub(crate) fn add(&mut self, index: u64, time: &str) -> Option<String> {
        let shape = time.len() >= 20 && time.ends_with('Z') && time.as_bytes()[10] == b'T';
        if !shape {
            return Some("it is no time as RFC 3339 has it, in UTC".to_owned());
        }
        if *time > *self.latest {
            return Some(format!("it is dated {time}, which is yet to come"));
        }
        if *time >= *self.newest {
            self.newest.clear();
            self.newest.push_str(time);
        } else if let (Some(newest), Some(this)) = (seconds_of(&self.newest), seconds_of(time))
            && newest - this >= SET_BACK
        {
            self.set_back += 1;
            self.first_set_back.get_or_insert(index);
        }
        None
    }
}

fn text_of(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| "9999".to_owned())
}

fn seconds_of(time: &str) -> Option<i64> {
    OffsetDateTime::parse(time, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
}
