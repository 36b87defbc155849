//! Emergencies: a way in where what people have to show otherwise is not at hand, short, with a reason, and reviewed afterwards by
//! somebody else.

use std::fmt;
use std::ops::RangeInclusive;

use asepsis_people::NoRandomness;
use asepsis_people::duty::{NotApart, may_approve};
use asepsis_policy::BreakGlass;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::BadRecord;

/// The kind of records of emergencies; the id is random.
pub const EMERGENCY: &str = "emergency";

/// How long one may last, in minutes.
pub const MINUTES: RangeInclusive<u32> = 5..=60;

/// Within how many seconds of its declaration somebody else is to review it: three days.
pub const REVIEW_WITHIN: i64 = 72 * 3600;

/// The longest user's name, in bytes.
const MOST_USER: usize = 128;
/// The longest note of a review, in bytes.
const MOST_NOTE: usize = 200;

/// Why an emergency is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A patient needs treatment at once.
    EmergencyCare,
    /// A patient is being handed over to others at once.
    Transfer,
    /// The record system, or the directory that people sign in with, is down.
    SystemDown,
    /// Many patients at once.
    Disaster,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::EmergencyCare, Self::Transfer, Self::SystemDown, Self::Disaster];

    /// The code, for the log and the command line.
    pub fn code(self) -> &'static str {
        match self {
            Self::EmergencyCare => "emergency-care",
            Self::Transfer => "transfer",
            Self::SystemDown => "system-down",
            Self::Disaster => "disaster",
        }
    }

    /// The same for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::EmergencyCare => "A patient needs treatment at once",
            Self::Transfer => "A patient is being handed over at once",
            Self::SystemDown => "The record system or the directory is down",
            Self::Disaster => "Many patients at once",
        }
    }

    /// The reason of this code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What a review came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// There was an emergency.
    Justified,
    /// There was none.
    NotJustified,
}

impl Verdict {
    /// The code, for the log and the command line.
    pub fn code(self) -> &'static str {
        match self {
            Self::Justified => "justified",
            Self::NotJustified => "not-justified",
        }
    }

    /// The verdict of this code.
    pub fn of(code: &str) -> Option<Self> {
        [Self::Justified, Self::NotJustified].into_iter().find(|verdict| verdict.code() == code)
    }
}

/// A review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Who reviewed.
    pub by: String,
    /// When, in seconds since 1970 UTC.
    pub at: i64,
    /// What it came to.
    pub verdict: Verdict,
    /// The ticket, or why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An emergency that was declared (45 CFR 164.312(a)(2)(ii)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// For whom it counts.
    pub user: String,
    /// The user's role then, where it was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Who declared it: the user, or somebody at the command line.
    pub by: String,
    /// Why.
    pub reason: Reason,
    /// When it was declared, in seconds since 1970 UTC.
    pub from: i64,
    /// The first second in which it does not count any more.
    pub until: i64,
    /// What somebody else found afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
}

/// Why an emergency is not declared or not reviewed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmergencyError {
    /// The time is too short or too long.
    #[error("an emergency lasts {} to {} minutes", MINUTES.start(), MINUTES.end())]
    Minutes,
    /// The user's name.
    #[error("a user's name has 1 to {MOST_USER} bytes and no control characters")]
    User,
    /// One of the user lasts still.
    #[error("an emergency of this user lasts already; it can be declared again when that one is over")]
    Lasts,
    /// There is none of this id.
    #[error("there is no emergency of this id; `asepsis emergency list` shows them")]
    Unknown,
    /// Somebody reviewed it before.
    #[error("this emergency was reviewed before, and a review stays as it is")]
    Reviewed,
    /// The one who reviews is the one who declared.
    #[error(transparent)]
    NotApart(#[from] NotApart),
}

impl Emergency {
    /// One that is declared at `now`, in seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`EmergencyError::Minutes`] and [`EmergencyError::User`].
    pub fn declared(
        user: &str,
        role: Option<&str>,
        by: &str,
        reason: Reason,
        minutes: u32,
        now: i64,
    ) -> Result<Self, EmergencyError> {
        if !MINUTES.contains(&minutes) {
            return Err(EmergencyError::Minutes);
        }
        if user.trim() != user || !(1..=MOST_USER).contains(&user.len()) || user.chars().any(char::is_control) {
            return Err(EmergencyError::User);
        }
        let until = now.saturating_add(i64::from(minutes) * 60);
        let role = role.map(str::to_owned);
        Ok(Self { user: user.to_owned(), role, by: by.to_owned(), reason, from: now, until, review: None })
    }

    /// Reads the body of a record.
    ///
    /// # Errors
    /// [`BadRecord`], also for one that lasts longer than an emergency may.
    pub fn read(body: &str) -> Result<Self, BadRecord> {
        let emergency: Self = serde_json::from_str(body).map_err(|error| BadRecord::of(&error))?;
        match emergency.until.checked_sub(emergency.from) {
            Some(seconds) if (0..=i64::from(*MINUTES.end()) * 60).contains(&seconds) => Ok(emergency),
            _ => Err(BadRecord(format!("an emergency lasts at most {} minutes", MINUTES.end()))),
        }
    }

    /// The body of a record.
    pub fn body(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The same, reviewed by somebody else at `at`. One that was not justified ends with that.
    ///
    /// # Errors
    /// [`EmergencyError::Reviewed`] and [`EmergencyError::NotApart`].
    pub fn reviewed(self, by: &str, verdict: Verdict, note: Option<&str>, at: i64) -> Result<Self, EmergencyError> {
        if self.review.is_some() {
            return Err(EmergencyError::Reviewed);
        }
        may_approve(&self.user, by)?;
        may_approve(&self.by, by)?;
        let note = note.map(|note| note.chars().take(MOST_NOTE).collect());
        let until = if verdict == Verdict::NotJustified { self.until.min(at.max(self.from)) } else { self.until };
        Ok(Self { until, review: Some(Review { by: by.to_owned(), at, verdict, note }), ..self })
    }

    /// Whether it counts at `now`.
    pub fn lasts(&self, now: i64) -> bool {
        now < self.until
    }

    /// Whether nobody reviewed it in time.
    pub fn is_overdue(&self, now: i64) -> bool {
        self.review.is_none() && now >= self.from.saturating_add(REVIEW_WITHIN)
    }

    /// What a decision is told of it.
    pub fn glass(&self) -> BreakGlass {
        let until = OffsetDateTime::from_unix_timestamp(self.until).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        BreakGlass { reason: self.reason.code().to_owned(), until }
    }
}

/// A new id for a record: short, and not to be guessed.
///
/// # Errors
/// [`NoRandomness`].
pub fn new_id() -> Result<String, NoRandomness> {
    let mut bytes = [0; 10];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn declared(minutes: u32) -> Result<Emergency, EmergencyError> {
        Emergency::declared("lee", Some("clinician"), "lee", Reason::EmergencyCare, minutes, NOW)
    }

    #[test]
    fn c3_an_emergency_is_short_and_ends_to_the_second() {
        assert!(declared(4).is_err() && declared(61).is_err() && declared(60).is_ok());
        let emergency = declared(5).unwrap();
        assert!(emergency.lasts(NOW) && emergency.lasts(NOW + 299) && !emergency.lasts(NOW + 300));
        assert_eq!(Emergency::read(&emergency.body()).unwrap(), emergency);
        // A record that says otherwise is none.
        let long = Emergency { until: NOW + 3601, ..emergency.clone() };
        assert!(Emergency::read(&long.body()).is_err());
        assert!(Emergency::read(&Emergency { until: NOW - 1, ..emergency }.body()).is_err());
        assert!(Emergency::declared(" lee", None, "lee", Reason::Disaster, 5, NOW).is_err());
        assert_eq!(Reason::of("transfer"), Some(Reason::Transfer));
        assert_eq!(Reason::of("curiosity"), None);
    }

    #[test]
    fn c3_p10_somebody_else_reviews_once_and_in_time() {
        let emergency = declared(60).unwrap();
        assert!(!emergency.is_overdue(NOW + REVIEW_WITHIN - 1) && emergency.is_overdue(NOW + REVIEW_WITHIN));
        let own = emergency.clone().reviewed("LEE", Verdict::Justified, None, NOW + 9);
        assert_eq!(own, Err(EmergencyError::NotApart(NotApart::Same)));
        // Nor does whoever declared it for another.
        let other = Emergency { by: "kim".to_owned(), ..emergency.clone() };
        assert!(other.reviewed("kim", Verdict::Justified, None, NOW + 9).is_err());
        let good = emergency.clone().reviewed("kim", Verdict::Justified, None, NOW + 9).unwrap();
        assert!(good.lasts(NOW + 10) && !good.is_overdue(NOW + 2 * REVIEW_WITHIN));
        assert_eq!(good.reviewed("pat", Verdict::NotJustified, None, NOW + 10), Err(EmergencyError::Reviewed));
        let bad = emergency.reviewed("kim", Verdict::NotJustified, Some("ticket 9"), NOW + 9).unwrap();
        assert!(!bad.lasts(NOW + 9));
        assert_eq!(Emergency::read(&bad.body()).unwrap(), bad);
    }

    #[test]
    fn ids_are_short_and_differ() {
        let (one, other) = (new_id().unwrap(), new_id().unwrap());
        assert!(one != other && one.len() == 16 && one.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}
