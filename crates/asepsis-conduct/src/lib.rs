//! What people have learned and agreed to, and what counts of it at any moment: the facts `training` and `attestation` of rule D14;
//! and the emergencies that they declare, which lift that for a while.
//!
//! What is kept stands in records of the store, one for each user: [`Learned`] under [`TRAINING`], [`Accepted`] under [`ATTESTATION`];
//! the usage policy itself, [`Rules`], under [`RULES`]; and each [`Emergency`] under [`EMERGENCY`]. Everything here is pure: no clock,
//! no store.

mod emergency;
mod rules;
mod training;

pub use emergency::{EMERGENCY, Emergency, EmergencyError, MINUTES, REVIEW_WITHIN, Reason, Review, Verdict, new_id};
pub use rules::{ATTESTATION, Accepted, MOST_RULES, RULES, Rules, USAGE};
pub use training::{Courses, Learned, LearnedCourse, TRAINING, Tries};

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("it is not what a record of this kind holds: {0}")]
pub struct BadRecord(String);

impl BadRecord {
    pub(crate) fn of(error: &serde_json::Error) -> Self {
        // The message of serde may repeat what stands there.
        Self(format!("line {}, column {}", error.line(), error.column()))
    }
}
