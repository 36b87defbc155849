//! Decides in which form of disclosure data may go, and says why.
//!
//! Policy is not asked "may this go?" but "in which form may this go?". Each rung of the ladder of disclosure is an action
//! in [Cedar](https://www.cedarpolicy.com/); a route names the forms that it would take, from the richest to the poorest,
//! and the first that is permitted wins. What a vendor has signed, what a system was approved for and what a role may see
//! are facts in the [`Register`]. A decision is remembered for exactly as long as none of them changes, so that an agreement
//! that lapses at midnight changes the form of the next exchange.
//!
//! The crate is pure: it has no clock, no network and no store. The caller gives the moment.

mod clock;
mod decide;
mod entities;
mod memory;
mod register;

pub use decide::{Decision, Facts, Policy, PolicyError, Rule, Step};
pub use register::{Agreement, AgreementKind, AgreementState, AiSystem, Register, RegisterError, Role, Vendor};
