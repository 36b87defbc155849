//! A test gate for whoever builds on an AI system: does the application's own endpoint leak, obey strangers, or harm?
//!
//! A [`Suite`] is data: cases with what is asked and what must not come back. Each case has a harmless *twin*, the same request
//! without the attack, which has to be answered normally, so that an endpoint that refuses everything does not pass. For each run
//! patients are invented and values [`Planted`] anew; an answer is judged by what is found in it, never by a model:
//! planted values in plain and in disguise, addresses that would carry them out, calls of tools, and the clinical checks.
//!
//! There are no sockets in here: a [`Probe`] gives the body of a request, and takes the answer.

mod baseline;
mod disguise;
mod fill;
mod judge;
mod outcome;
mod plant;
mod probe;
mod report;
mod suite;
mod wire;

pub use baseline::{BadBaseline, Baseline};
pub use disguise::Disguise;
pub use judge::{Finding, Judge, Verdict};
pub use outcome::{Outcome, Outcomes, Standing, wilson};
pub use plant::Planted;
pub use probe::{Probe, Side};
pub use report::{json, junit, people, sarif};
pub use suite::{Case, Kind, Place, Suite, SuiteError};
pub use wire::{Answer, Call, Protocol, Reply};
