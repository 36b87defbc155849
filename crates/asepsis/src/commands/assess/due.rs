//! What has to be looked at again.

use asepsis_govern::{Subject, catalogue};
use serde_json::json;
use time::Duration;

use super::book::Book;
use crate::args::AssessShow;
use crate::output;

pub(super) fn run(book: &Book, asked: &AssessShow) -> anyhow::Result<u8> {
    let today = asked.on.unwrap_or(book.today);
    let soon = today.saturating_add(Duration::days(asked.within.into()));
    let mut due = 0_u32;
    let systems = book.systems().map(|id| (Subject::System, id, id.to_owned()));
    let vendors = book.vendors().map(|id| (Subject::Vendor, id, format!("vendor/{id}")));
    for (subject, id, of) in systems.chain(vendors) {
        let dossier = book.dossier(subject, id);
        let (state, by, why) = match book.approval(subject, id) {
            None => ("never assessed", None, Vec::new()),
            Some(kept) => {
                let lapses: Vec<_> =
                    kept.approval.lapses(catalogue(), &dossier, today).iter().map(ToString::to_string).collect();
                let by = kept.approval.last_day(catalogue(), &dossier, today);
                let state = match lapses.is_empty() {
                    false => "lapsed",
                    true if by <= soon => "due",
                    true => "stands",
                };
                (state, Some(by), lapses)
            }
        };
        due += u32::from(state != "stands");
        if asked.json {
            let by = by.map(|day| day.to_string());
            output::line(&serde_json::to_string(&json!({ "of": of, "state": state, "by": by, "why": why }))?)?;
            continue;
        }
        let by = by.map(|day| format!("  until {day}")).unwrap_or_default();
        output::line(&format!("{of}  {state}{by}"))?;
        for why in why {
            output::line(&format!("    {}", output::harmless(&why)))?;
        }
    }
    Ok(u8::from(due > 0))
}
