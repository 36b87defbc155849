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
    for id in book.systems() {
        let dossier = book.dossier(Subject::System, id);
        let (state, by, why) = match book.approval(Subject::System, id) {
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
            output::line(&serde_json::to_string(&json!({ "system": id, "state": state, "by": by, "why": why }))?)?;
            continue;
        }
        let by = by.map(|day| format!("  until {day}")).unwrap_or_default();
        output::line(&format!("{id}  {state}{by}"))?;
        for why in why {
            output::line(&format!("    {}", output::harmless(&why)))?;
        }
    }
    Ok(u8::from(due > 0))
}
