//! `asepsis caiq`: answers of questionnaires.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context;
use asepsis_govern::caiq::{self, Answers, Mapping};
use asepsis_govern::{Fact, Subject, catalogue};
use serde_json::json;
use time::Date;

use super::assess;
use super::assess::book::Reach;
use super::assess::changes::Written;
use crate::args::{Caiq, CaiqAction};
use crate::output;

pub(crate) fn run(path: &Path, command: &Caiq) -> anyhow::Result<u8> {
    let CaiqAction::Import { of, file, map, basis, json } = &command.action;
    let mapping = match map {
        Some(map) => {
            let text = std::fs::read_to_string(map).with_context(|| format!("cannot read {}", map.display()))?;
            Mapping::read(&text, catalogue()).with_context(|| map.display().to_string())?
        }
        None => Mapping::shipped(),
    };
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    opened.take(caiq::MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    let answers = caiq::read(&bytes).with_context(|| file.display().to_string())?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let source = format!("questionnaire {name}");
    assess::with(path, Reach::Named(of), async |home, _, book| {
        let (subject, id) = book.find(of)?;
        let mut found = mapping.apply(answers, &source, book.today);
        by_name(&mut found, &source, book.today);
        let (facts, left) = assess::better(&book.dossier(subject, &id), found.facts, book.today);
        let changes = match subject {
            Subject::System => book.state_apart(&id, &facts)?,
            Subject::Vendor => book.state(subject, &id, &facts)?,
        };
        let what = Written { interface: "cli.caiq.import", basis, second: None };
        book.change(&home, what, changes).await?;
        let code = u8::from(!found.unclear.is_empty());
        if *json {
            let shown = json!({
                "of": id, "facts": facts, "left": left, "unclear": found.unclear, "unmapped": found.unmapped,
            });
            output::line(&serde_json::to_string(&shown)?)?;
            return Ok(code);
        }
        output::line(&format!("{} facts of {id} are stated, grade D", facts.len()))?;
        for name in left {
            output::remark(&format!("{name}: something better is known, and stays"));
        }
        for answer in &found.unclear {
            let said = output::harmless(&answer.answer);
            output::line(&format!("line {}: {} is `{said}`, which cannot be relied on", answer.line, answer.id))?;
        }
        for answer in &found.unmapped {
            output::line(&format!("line {}: {} answers no fact that is known here", answer.line, answer.id))?;
        }
        Ok(code)
    })
}

/// Answers to questions that are named as facts are, as `asepsis assess --questions` writes them.
fn by_name(found: &mut Answers, source: &str, today: Date) {
    for answer in std::mem::take(&mut found.unmapped) {
        if catalogue().fact(&answer.id).is_none() || answer.answer.is_empty() {
            if !answer.answer.is_empty() {
                found.unmapped.push(answer);
            }
            continue;
        }
        match assess::read(&answer.id, &answer.answer) {
            Ok(Some(value)) => {
                let fact = Fact { source: Some(source.to_owned()), as_of: Some(today), ..Fact::stated(value) };
                found.facts.insert(answer.id, fact);
            }
            Ok(None) => {}
            Err(_) => found.unclear.push(answer),
        }
    }
}
