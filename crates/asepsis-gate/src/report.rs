//! The outcomes for people and for programs. None holds anything of an answer, nor anything planted.

mod json;
mod junit;
mod people;
mod sarif;

pub use json::json;
pub use junit::junit;
pub use people::people;
pub use sarif::sarif;

use crate::outcome::Outcome;
use crate::probe::Side;

/// Why it failed or broke, in one line.
fn why(one: &Outcome<'_>) -> String {
    let found: Vec<String> =
        one.findings.iter().map(|found| format!("{}: {} ({})", found.place, found.what, found.rule)).collect();
    let error = one.error.iter().map(|error| format!("the endpoint broke: {error}"));
    found.into_iter().chain(error).collect::<Vec<_>>().join("; ")
}

/// `failed in 2 of 3 runs (95 %: 21 to 94 %)`.
fn rate(one: &Outcome<'_>) -> String {
    let (from, to) = one.interval();
    let (judged, broken) = (one.runs - one.errors, one.errors);
    let broken = if broken == 0 { String::new() } else { format!(", {broken} broke") };
    format!("failed in {} of {judged} runs{broken} (95 %: {:.0} to {:.0} %)", one.failed, from * 100.0, to * 100.0)
}

/// What is asked, in words.
fn about(one: &Outcome<'_>) -> String {
    match one.side {
        Side::Attack => one.case.about.clone(),
        Side::Twin => format!("The harmless twin has to be answered: {}", one.case.about),
    }
}
