//! Vendors and AI systems, assessed: what is known of them, how well, and what may be concluded from it.
//!
//! A *fact* is a value or *unknown*, with a grade of evidence, a source and days between which it counts. The *catalogue*
//! says which facts there are and from which *tier* on each has to be answered; the tier is the highest of what could go
//! wrong with patients, what data is given, and how much the system does by itself. A *dossier* is what is known of one
//! vendor or system. An *assessment* is three results that are never averaged: *gates* that are passed or not, *coverage*
//! (how much of what has to be answered is answered), *confidence* (how much of it by a contract or an independent
//! report). The *five questions* are those of HIPAA: access, encryption, logging, contract, storage. An *approval* names the
//! facts that it rests on, and lapses when one of them does.
//!
//! Worse evidence, an unknown, an earlier end or a withdrawn answer never makes any of this better; tests hold that for
//! dossiers made at random. Everything here is pure: the day is given, nothing is read or sent.

mod approval;
mod assess;
pub mod caiq;
pub mod card;
mod catalogue;
mod criteria;
pub mod day;
mod dossier;
mod evidence;
mod fact;
mod five;
mod probe;
mod show;
mod template;
mod tier;
mod value;

pub use approval::{Approval, Exception, Lapse, MOST_EXCEPTION_DAYS, Obstacle};
pub use assess::{Assessment, Cap, Concern, Figure, GateResult, NeedResult, Share};
pub use catalogue::{Catalogue, CatalogueError, FactKind, Gate, Subject, catalogue};
pub use criteria::{Criterion, ValueKind};
pub use dossier::{Contradiction, Dossier, Intake, Known};
pub use evidence::{Evidence, EvidenceKind};
pub use fact::{Fact, Grade};
pub use five::{Question, QuestionResult, Support};
pub use probe::{Chain, Claim, Measured, Probe, Spoken, Tls, contradictions};
pub use show::{markdown, text};
pub use template::{Template, templates};
pub use tier::{Autonomy, DataClass, Safety, Step, Tier, TierRules, Tiering};
pub use value::Value;
