use std::collections::{BTreeMap, HashMap};

use asepsis_course::{Course, Passed, Standing};
use asepsis_policy::Fact;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime, UtcOffset};

use crate::BadRecord;

/// The kind of records that say what users passed; the id is the user's.
pub const TRAINING: &str = "training";

/// Courses of which somebody keeps what he passed.
const MOST_PASSED: usize = 200;

/// What a user passed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learned {
    /// The newest of each course and version.
    pub passed: Vec<LearnedCourse>,
}

/// A course that was passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnedCourse {
    /// The course.
    pub course: String,
    /// Its version at that time.
    pub version: u32,
    /// When, in seconds since 1970 UTC.
    pub at: i64,
}

impl Learned {
    /// Reads the body of a record.
    ///
    /// # Errors
    /// [`BadRecord`].
    pub fn read(body: &str) -> Result<Self, BadRecord> {
        serde_json::from_str(body).map_err(|error| BadRecord::of(&error))
    }

    /// The body of a record.
    pub fn body(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Adds a course that was passed just now.
    pub fn pass(&mut self, course: &Course, at: i64) {
        self.passed.retain(|known| known.course != course.id || known.version != course.version);
        self.passed.push(LearnedCourse { course: course.id.clone(), version: course.version, at });
        let many = self.passed.len().saturating_sub(MOST_PASSED);
        self.passed.drain(..many);
    }

    fn of_course(&self, course: &Course) -> impl Iterator<Item = Passed> {
        self.passed.iter().filter(|known| known.course == course.id).filter_map(|known| {
            let at = OffsetDateTime::from_unix_timestamp(known.at).ok()?;
            Some(Passed { course: known.course.clone(), version: known.version, at })
        })
    }

    /// How the user stands in a course at `now`.
    pub fn standing(&self, course: &Course, now: OffsetDateTime) -> Standing {
        let passed: Vec<Passed> = self.of_course(course).collect();
        course.standing(&passed, now)
    }
}

/// The courses of an organisation.
#[derive(Clone, Debug, Default)]
pub struct Courses(pub Vec<Course>);

impl Courses {
    /// The courses that a role needs.
    pub fn of(&self, role: &str) -> impl Iterator<Item = &Course> {
        self.0.iter().filter(move |course| course.is_for(role))
    }

    /// The course of this id.
    pub fn course(&self, id: &str) -> Option<&Course> {
        self.0.iter().find(|course| course.id == id)
    }

    /// Whether who learned this has what the role needs: yes, from the day on which the last of it was passed to the last whole
    /// day on which all of it counts; no, where a course is missing or was passed in an older version. `None` where the role
    /// needs nothing.
    pub fn fact(&self, role: &str, learned: &Learned, offset: UtcOffset) -> Option<Fact<bool>> {
        let mut fact = None;
        for course in self.of(role) {
            let counts = learned.of_course(course).filter(|passed| passed.version >= course.version);
            let Some(newest) = counts.map(|passed| passed.at).max() else { return Some(false.into()) };
            let ends = newest.checked_add(Duration::days(i64::from(course.valid_days))).unwrap_or(newest);
            let (first, last) = (newest.to_offset(offset).date(), ends.to_offset(offset).date() - Duration::DAY);
            let known: &mut Fact<bool> = fact.get_or_insert_with(|| Fact {
                source: Some("courses".to_owned()),
                as_of: Some(first),
                expires: Some(last),
                ..Fact::from(true)
            });
            known.as_of = known.as_of.max(Some(first));
            known.expires = known.expires.min(Some(last));
        }
        fact
    }

    /// The same for each of these roles.
    pub fn facts<'r>(
        &self,
        roles: impl IntoIterator<Item = &'r str>,
        learned: &Learned,
        offset: UtcOffset,
    ) -> BTreeMap<String, Fact<bool>> {
        let of_role = |role: &str| Some((role.to_owned(), self.fact(role, learned, offset)?));
        roles.into_iter().filter_map(of_role).collect()
    }
}

/// Tries of quizzes, so that nobody guesses through one, and what else somebody may do only so often: a few an hour for each user.
#[derive(Debug)]
pub struct Tries {
    most: usize,
    made: HashMap<String, Vec<i64>>,
}

impl Default for Tries {
    fn default() -> Self {
        Self::of(Self::MOST)
    }
}

impl Tries {
    /// Tries of a quiz that one user has in an hour.
    pub const MOST: usize = 5;

    /// Users of whom tries are kept.
    const USERS: usize = 10_000;

    /// So many of each user in an hour.
    pub fn of(most: usize) -> Self {
        Self { most, made: HashMap::new() }
    }

    /// Counts a try at `now`, in seconds; whether it may be made.
    pub fn may(&mut self, user: &str, now: i64) -> bool {
        self.made.retain(|_, tries| {
            tries.retain(|at| now - at < 3600);
            !tries.is_empty()
        });
        if self.made.len() >= Self::USERS && !self.made.contains_key(user) {
            return false;
        }
        let tries = self.made.entry(user.to_owned()).or_default();
        let may = tries.len() < self.most;
        if may {
            tries.push(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use asepsis_policy::Grade;
    use time::macros::datetime;

    use super::*;

    fn courses() -> Courses {
        Courses(asepsis_course::shipped().unwrap())
    }

    fn at(fact: &Fact<bool>, now: OffsetDateTime) -> Option<bool> {
        fact.at(now, UtcOffset::UTC, Grade::D).copied()
    }

    #[test]
    fn r15_training_counts_from_the_last_course_to_the_end_of_the_first_that_ends() {
        let courses = courses();
        let needed: Vec<&Course> = courses.of("clinician").collect();
        assert!(needed.len() >= 3);
        let (first, later) = (datetime!(2026-01-10 15:00 UTC), datetime!(2026-03-01 09:00 UTC));
        let mut learned = Learned::default();
        for course in &needed[1..] {
            learned.pass(course, first.unix_timestamp());
        }
        let fact = courses.fact("clinician", &learned, UtcOffset::UTC).unwrap();
        assert_eq!(at(&fact, later), Some(false), "one is missing");
        learned.pass(needed[0], later.unix_timestamp());
        let fact = courses.fact("clinician", &learned, UtcOffset::UTC).unwrap();
        assert_eq!(at(&fact, datetime!(2026-02-28 23:59 UTC)), None);
        assert_eq!(at(&fact, later), Some(true));
        let days = needed[1..].iter().map(|course| course.valid_days).min().unwrap();
        let ends = first.date() + Duration::days(i64::from(days));
        assert_eq!(at(&fact, ends.midnight().assume_utc() - Duration::MINUTE), Some(true));
        assert_eq!(at(&fact, ends.midnight().assume_utc()), None, "the day on which it ends is not a whole one");
        assert_eq!(Learned::read(&learned.body()).unwrap(), learned);
    }

    #[test]
    fn r15_an_older_version_does_not_count() {
        let mut courses = courses();
        let mut learned = Learned::default();
        for course in courses.of("clinician") {
            learned.pass(course, 1_800_000_000);
        }
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        assert_eq!(at(&courses.fact("clinician", &learned, UtcOffset::UTC).unwrap(), now), Some(true));
        courses.0[0].version += 1;
        assert_eq!(at(&courses.fact("clinician", &learned, UtcOffset::UTC).unwrap(), now), Some(false));
        courses.0.clear();
        assert_eq!(courses.fact("clinician", &learned, UtcOffset::UTC), None, "a role that needs nothing");
    }

    #[test]
    fn p1_nobody_guesses_through_a_quiz() {
        let mut tries = Tries::default();
        assert!((0..5).all(|at| tries.may("lee", at)));
        assert!(!tries.may("lee", 6) && tries.may("kim", 6));
        assert!(tries.may("lee", 3601), "an hour later");
    }
}
