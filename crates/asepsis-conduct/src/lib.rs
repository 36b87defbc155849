//! What people have learned and agreed to, and what counts of it at any moment: the facts `training` and `attestation` of rule D14;
//! the emergencies that they declare, which lift that for a while; and the concerns that they report.
//!
//! What is kept stands in records of the store, one for each user: [`Learned`] under [`TRAINING`], [`Accepted`] under [`ATTESTATION`];
//! the usage policy itself, [`Rules`], under [`RULES`]; each [`Emergency`] under [`EMERGENCY`], and what was [`Reported`] under
//! [`CONCERN`]. A [`HeldAnswer`] is what an AI system wants to do and a person has to release. Everything here is pure: no clock, no
//! store.

mod concern;
mod emergency;
mod release;
mod rules;
mod seen;
mod training;

pub use concern::{Answer, CONCERN, Concern, MOST_TEXT, NoteError, Notes, Part, Reported, Sealed};
pub use emergency::{EMERGENCY, Emergency, EmergencyError, MINUTES, REVIEW_WITHIN, Reason, Review, Verdict, new_id};
pub use release::{Called, Contents, Decision, HeldAnswer, HeldCall, MOST_CALLS, MOST_HELD, SealError, Seals, WhyNot};
pub use rules::{ATTESTATION, Accepted, MOST_RULES, RULES, Rules, USAGE};
pub use seen::{listed, look_alikes, visible};
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
