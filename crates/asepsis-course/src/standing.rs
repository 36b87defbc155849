use time::{Duration, OffsetDateTime};

use crate::Course;

/// That somebody passed a course: what is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The course.
    pub course: String,
    /// Its version at that time.
    pub version: u32,
    /// When.
    pub at: OffsetDateTime,
}

/// Whether what somebody passed counts at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts until then.
    Current {
        /// The first moment at which it does not count any more.
        until: OffsetDateTime,
    },
    /// It counted for its time.
    Lapsed {
        /// Since when it does not count any more.
        since: OffsetDateTime,
    },
    /// What has to be known has changed since.
    Older,
    /// It was never passed; also where the record is of a moment that has not come, which is no proof of anything.
    Missing,
}

impl Standing {
    /// Whether it counts.
    pub fn is_current(self) -> bool {
        matches!(self, Self::Current { .. })
    }
}

impl Passed {
    /// Whether this counts for `course` at `now`.
    pub fn standing(&self, course: &Course, now: OffsetDateTime) -> Standing {
        if self.course != course.id || self.at > now {
            return Standing::Missing;
        }
        if self.version < course.version {
            return Standing::Older;
        }
        let until = self.at.checked_add(Duration::days(i64::from(course.valid_days))).unwrap_or(self.at);
        if now < until { Standing::Current { until } } else { Standing::Lapsed { since: until } }
    }
}

impl Course {
    /// How somebody stands who passed all these: the best of them.
    pub fn standing<'p>(&self, passed: impl IntoIterator<Item = &'p Passed>, now: OffsetDateTime) -> Standing {
        let rank = |standing: Standing| match standing {
            Standing::Current { until } => (3, until.unix_timestamp()),
            Standing::Lapsed { since } => (2, since.unix_timestamp()),
            Standing::Older => (1, 0),
            Standing::Missing => (0, 0),
        };
        passed
            .into_iter()
            .map(|passed| passed.standing(self, now))
            .max_by_key(|standing| rank(*standing))
            .unwrap_or(Standing::Missing)
    }
}
