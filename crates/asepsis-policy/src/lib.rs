//! Decides in which form of disclosure data may go, and says why.
//!
//! Policy is not asked "may this go?" but "in which form may this go?". Each rung of the ladder of disclosure is an action
//! in [Cedar](https://www.cedarpolicy.com/); a route names the forms that it would take, from the richest to the poorest,
//! and the first that is permitted wins. What a vendor has signed, what a system was approved for and what a role may see
//! are facts in the [`Register`]; each has a value or is unknown, and unknown never permits. The rules come in [`Pack`]s, as
//! data. A decision is remembered for exactly as long as none of its facts changes, so that an agreement that lapses at midnight
//! changes the form of the next exchange.
//!
//! The crate is pure: it has no clock, no network and no store. The caller gives the moment.

mod agreement;
mod case;
mod clock;
mod codes;
mod compile;
mod decide;
mod deed;
mod duty;
mod ending;
mod entities;
mod entry;
mod fact;
mod facts;
mod grants;
mod inputs;
mod known;
mod links;
mod memory;
mod pack;
mod people;
mod problem;
mod register;
mod rule;
mod sheet;
mod stops;
mod surroundings;
mod system;
mod uses;
mod vendor;
mod wording;

pub use agreement::{Agreement, AgreementKind, AgreementStanding, AgreementState, EXPIRING_DAYS, days_left};
pub use case::{Case, Deed, Failure, Question, ToolCall, ToolEffect};
pub use compile::Kind;
pub use decide::{Policy, PolicyError};
pub use duty::{Duty, UnknownDuty};
pub use ending::Ending;
pub use entry::EntryProblem;
pub use fact::{Fact, Grade};
pub use facts::{BreakGlass, ContentFacts, Facts, Looked, Whereabouts};
pub use inputs::{Contract, Inputs, NO_OUTSIDE_PARTY};
pub use known::{FactKind, FactOf, FactSheet, FactValue, KnownFact, UnknownFact, known_fact, known_facts};
pub use links::{LinkProblem, Links};
pub use pack::{Pack, RuleText, SHIPPED, Settings, Source, Unlabelled, Unscreened, shipped_sources};
pub use people::{Person, Role, Standing};
pub use problem::{Problem, closest};
pub use register::{Emergencies, Parts, Register, RegisterError, Trained};
pub use rule::{DEFAULT_DENY, Decision, NO_EXECUTOR, Rule, Step, Verdict, addressed};
pub use sheet::{Cell, DataClass, Row, Sheet, SheetFacts, Table, words};
pub use stops::{Stop, StopOf, Stops};
pub use system::AiSystem;
pub use uses::{AiUse, Review, UnknownUse};
pub use vendor::{Status, Tier, Vendor};
pub use wording::{NoWording, Wording};
