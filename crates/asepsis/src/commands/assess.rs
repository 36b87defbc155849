//! `asepsis assess`: how good is what is known of an AI system or vendor, and may it be used?

mod answer;
mod approve;
pub(crate) mod book;
pub(crate) mod changes;
mod dossiers;
mod due;

use std::path::Path;

use anyhow::Context;
use asepsis_govern::{Assessment, Cap, Exception, Subject, Tier, catalogue};
use serde_json::json;
use time::Date;

use crate::args::{Assess, AssessAction, AssessShow};
use crate::config::Config;
use crate::home::Home;
use crate::output;

use book::{Book, Reach};

pub(crate) use answer::{better, read, state};

pub(crate) fn run(path: &Path, assess: &Assess) -> anyhow::Result<u8> {
    if let Some(AssessAction::Facts { name, tier, json }) = &assess.action {
        return facts(name.as_deref(), *tier, *json);
    }
    let of = match &assess.action {
        Some(AssessAction::Answer(answer)) => Some(&answer.of),
        Some(AssessAction::Approve(approve)) => Some(&approve.of),
        _ => assess.show.of.as_ref(),
    };
    with(path, of.map_or(Reach::All, |of| Reach::Named(of)), async |home, config, book| match &assess.action {
        Some(AssessAction::Answer(answer)) => answer::run(&home, &book, answer).await,
        Some(AssessAction::Approve(approve)) => approve::run(&home, &config, &book, approve).await,
        _ if assess.show.due => due::run(&book, &assess.show),
        _ => show(&book, &assess.show),
    })
}

/// Opens the registers for `work`.
pub(crate) fn with(
    path: &Path,
    reach: Reach<'_>,
    work: impl AsyncFnOnce(Home, Config, Book) -> anyhow::Result<u8>,
) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(async {
        let home = Home::of(&config)?;
        let book = Book::open(path, &config, &home, reach).await?;
        work(home, config, book).await
    })
}

fn show(book: &Book, asked: &AssessShow) -> anyhow::Result<u8> {
    let of = asked.of.as_deref().context("name an AI system or vendor")?;
    let (subject, id) = book.find(of)?;
    let dossier = book.dossier(subject, &id);
    let today = asked.on.unwrap_or(book.today);
    let kept = book.approval(subject, &id);
    let exceptions: Vec<Exception> = kept.map(|kept| kept.approval.exceptions.clone()).unwrap_or_default();
    let found = Assessment::of(catalogue(), &dossier, &exceptions, today);
    let lapses = kept.map(|kept| kept.approval.lapses(catalogue(), &dossier, today));
    if asked.questions {
        questions(&found)?;
    } else if asked.json {
        let approval = kept.map(|kept| {
            let lapses: Vec<_> = lapses.iter().flatten().map(ToString::to_string).collect();
            json!({ "approval": kept.approval, "lapses": lapses })
        });
        output::line(&serde_json::to_string(&json!({ "assessment": found, "approval": approval }))?)?;
    } else if asked.markdown {
        output::line(asepsis_govern::markdown(&found, catalogue()).trim_end())?;
    } else {
        output::line(output::harmless(asepsis_govern::text(&found, catalogue()).trim_end()).as_ref())?;
        if let Some(probed) = book.probed(&id).filter(|_| subject == Subject::System) {
            let against = probed.contradictions.len();
            output::line(&format!("PROBED      on {}, {against} claims contradicted", probed.probe.on))?;
        }
        match (kept, lapses.as_deref()) {
            (Some(kept), Some([])) => output::line(&format!(
                "APPROVED    on {} by {}, stands until {}",
                kept.approval.on,
                kept.approval.approved_by,
                kept.approval.last_day(catalogue(), &dossier, today)
            ))?,
            (Some(_), Some(lapses)) => {
                for lapse in lapses {
                    output::line(&format!("LAPSED      {}", output::harmless(&lapse.to_string())))?;
                }
            }
            _ => output::line("APPROVED    no; `asepsis assess approve` asks a second person")?,
        }
    }
    Ok(u8::from(found.cap != Cap::None || found.questions.iter().any(|question| !question.settled())))
}

/// What is open, as a table that can be filled in and read again.
fn questions(found: &Assessment) -> anyhow::Result<()> {
    output::line("id,answer,notes,question,proof,looks like")?;
    for figure in found.figures.iter().filter(|figure| !figure.answered) {
        if let Some(kind) = catalogue().fact(&figure.fact) {
            let cells = [kind.asks.as_str(), kind.proof.as_str(), kind.value.looks()].map(cell);
            output::line(&format!("{},,,{}", kind.name, cells.join(",")))?;
        }
    }
    Ok(())
}

/// A cell of a table (RFC 4180). What spreadsheets would compute is text.
pub(crate) fn cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn facts(name: Option<&str>, tier: Option<Tier>, json: bool) -> anyhow::Result<u8> {
    if let Some(name) = name.filter(|name| catalogue().fact(name).is_none()) {
        anyhow::bail!("there is no fact `{name}`{}", answer::hint(name));
    }
    let wanted = |kind: &&asepsis_govern::FactKind| {
        name.is_none_or(|name| kind.name == name) && tier.is_none_or(|tier| kind.from <= tier)
    };
    for kind in catalogue().facts().filter(wanted) {
        if json {
            output::line(&serde_json::to_string(kind)?)?;
            continue;
        }
        output::line(&format!(
            "{}  {}, from tier {}, should be {}",
            kind.name,
            kind.value.looks(),
            kind.from,
            kind.wants.wanted()
        ))?;
        output::line(&format!("    {}", kind.asks))?;
        output::line(&format!("    proof: {}", kind.proof))?;
        if let Some(cite) = &kind.cite {
            output::line(&format!("    source: {cite}, as of {}", kind.as_of))?;
        }
    }
    Ok(0)
}

/// The present day, where nothing else was said.
pub(crate) fn day_or(said: Option<Date>, today: Date) -> Date {
    said.unwrap_or(today)
}
