//! The words that every floor of Asepsis shares.
//!
//! Nothing here does anything: these are the names under which engines, state and faces speak of the same thing.
//! An [`IdentifierClass`] is one of the kinds of identifier of 45 CFR 164.514(b)(2)(i), a [`Finding`] is a place in a
//! text where one stands, a [`DisclosureForm`] is a rung of the ladder of disclosure, a [`PurposeOfUse`] is the HL7 code
//! for why data is used, an [`Origin`] says who wrote a text, a [`Flag`] is a place that is hostile or unsafe, and an
//! [`AuditEvent`] is what the log keeps of an exchange.

mod audit;
mod code;
mod finding;
mod form;
mod hostile;
mod id;
mod identifier;
mod purpose;

pub use audit::{
    Act, ActKind, Actor, AuditEvent, ClassCount, DecisionRecord, Outcome, PayloadRef, Phase, Recipient, ReleaseRecord,
    SCHEMA_VERSION, Traffic, UseRecord, Version,
};
pub use code::{Code, Label, Table, UnknownLabelOfInformation};
pub use finding::{Confidence, Evidence, EvidenceKind, Finding, Span};
pub use form::{DisclosureForm, UnknownForm};
pub use hostile::{Channel, Flag, GuardFlag, GuardRecord, Origin, UnknownWord, Verdict};
pub use id::{ExchangeId, InvalidExchangeId, InvalidSubjectId, SubjectId};
pub use identifier::{Detail, IdentifierClass, UnknownLabel};
pub use purpose::{PurposeOfUse, UnknownPurpose};
