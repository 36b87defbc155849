//! How many people do these documents speak of?
//!
//! A *mention* is a name that was found in a text; a *person* is what mentions and numbers of one document say together.
//! A document is read into [`People`], which hold hashes under a key and no name or number; a [`Census`] counts them over
//! any number of documents.
//!
//! The count is an estimate and says so, see [`Individuals`]. Within a document a name is the same person's as a fuller one
//! that it agrees with ("Mrs. Collins", "M. Collins", "COLLINS, MARTHA J."). Over documents two persons are the same for
//! certain where a record number or social security number is equal, or the full name and the date of birth.
//!
//! ```
//! use asepsis_census::{Census, Key, Part, People};
//! use asepsis_vocab::{Confidence, Detail, Evidence, EvidenceKind, Finding, IdentifierClass, Span};
//!
//! let key = Key::new([7; 16]);
//! let finding = |start, end, class| Finding {
//!     span: Span::new(start, end),
//!     class,
//!     detail: Detail::Unspecified,
//!     confidence: Confidence::CERTAIN,
//!     detector: "example",
//!     evidence: Evidence { kind: EvidenceKind::Cue, note: "an example" },
//! };
//! let text = "Martha Collins, MRN 4471902. Mrs. Collins is well.";
//! let found = [
//!     finding(0, 14, IdentifierClass::Name),
//!     finding(20, 27, IdentifierClass::Mrn),
//!     finding(29, 41, IdentifierClass::Name),
//! ];
//! let mut census = Census::default();
//! census.count(&People::of(&key, &[Part { text, record: None, field: None, findings: &found }]));
//! assert_eq!(census.individuals().estimate, 1);
//! ```

mod census;
mod document;
mod found;
mod key;
mod name;
mod person;
mod reading;
mod role;
mod value;

pub use census::{Census, Individuals};
pub use document::{Part, People};
pub use key::Key;
