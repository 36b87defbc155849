//! `asepsis concern`: concerns about exchanges, with what the log has of them.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, bail};
use asepsis_conduct::{Answer, CONCERN, Notes, Part, Reported, new_id};
use asepsis_console::{Evidence, KnownConcern, OPENED, concern, concerns};
use asepsis_log::search;
use asepsis_store::{Change, Store};
use asepsis_vocab::{ActKind, ExchangeId};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use crate::act::{Recorded, actor};
use crate::args::{ConcernAction, ConcernCommand};
use crate::config::Config;
use crate::home::{Home, LogName};
use crate::output;
use crate::people::{CONCERN_KEY, change};
use crate::runtime::block_on;

/// The longest file of a note that is read, in bytes: more than the longest note.
const MOST_BYTES: u64 = 8 << 10;

pub(crate) fn run(path: &Path, command: &ConcernCommand) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    block_on(act(&config, command))
}

async fn act(config: &Config, command: &ConcernCommand) -> anyhow::Result<u8> {
    let home = Home::of(config)?;
    let store = home.store().await?;
    let notes = Notes::new(&home.keys().await?.named(CONCERN_KEY).await?)?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let code = match &command.action {
        ConcernAction::Report { exchange, kind, note_file, unnamed } => {
            if evidence(&home, *exchange).await?.is_none() {
                bail!("the log has no exchange {exchange}; `asepsis audit search` shows them");
            }
            let id = new_id()?;
            let note = note_file.as_deref().map(text_of).transpose()?;
            let note = note.map(|note| notes.seal(&id, Part::Note, &note)).transpose()?;
            let by = (!unnamed).then(|| actor().user);
            let reported = Reported { exchange: *exchange, concern: *kind, by, at: now, note, answer: None };
            let basis = format!("{kind}; {exchange}");
            Recorded::new("cli.concern.report", ActKind::ConcernReported, Some(&basis))?
                .target(id.clone())
                .append(&home)
                .await?;
            let set = Change::set(CONCERN, &id, reported.body()).expecting(0);
            change(&home, &store, "cli.concern.report", vec![set], None).await?;
            output::line(&if command.json { json!({"id": id}).to_string() } else { id })?;
            0
        }
        ConcernAction::List => {
            let all = concerns(&store).await?;
            for KnownConcern { id, reported, .. } in &all {
                let state = if reported.answer.is_some() { "answered" } else { "open" };
                let at = moment(reported.at);
                let known = json!({"id": id, "exchange": reported.exchange, "kind": reported.concern, "by": reported.by,
                    "at": at, "state": state});
                let by = reported.by.as_deref().unwrap_or("unnamed");
                let line = format!("{id}  {} {} by {by} at {at}: {state}", reported.concern, reported.exchange);
                output::line(&if command.json { known.to_string() } else { line })?;
            }
            u8::from(all.iter().any(|known| known.reported.answer.is_none()))
        }
        ConcernAction::Show { id, note, basis } => {
            let known = there(&store, id).await?;
            let opened = match (note, &known.reported.note) {
                (false, _) | (_, None) => None,
                (true, Some(sealed)) => {
                    let basis = format!("{OPENED}; {}", basis.as_deref().unwrap_or_default());
                    Recorded::new("cli.concern.show", ActKind::Reveal, Some(&basis))?
                        .target(format!("{CONCERN}/{id}"))
                        .append(&home)
                        .await?;
                    Some(notes.open(id, Part::Note, sealed)?)
                }
            };
            let evidence = evidence(&home, known.reported.exchange).await?;
            show(&known, evidence.as_ref(), opened.as_deref(), &notes, command.json)?;
            0
        }
        ConcernAction::Answer { id, text } => {
            let known = there(&store, id).await?;
            let answer = Answer { by: actor().user, at: now, text: notes.seal(id, Part::Answer, text)? };
            Recorded::new("cli.concern.answer", ActKind::ConcernAnswered, None)?
                .target(id.clone())
                .append(&home)
                .await?;
            let answered = Reported { answer: Some(answer), ..known.reported };
            let set = Change::set(CONCERN, id, answered.body()).expecting(known.version);
            change(&home, &store, "cli.concern.answer", vec![set], None).await?;
            output::remark(&format!("{id} is answered; the reporter reads it on the page of concerns"));
            0
        }
    };
    store.close().await?;
    Ok(code)
}

async fn there(store: &Store, id: &str) -> anyhow::Result<KnownConcern> {
    let known = concern(store, id).await?;
    known.with_context(|| format!("there is no concern `{id}`; `asepsis concern list` shows them"))
}

/// What the gateway's log has of an exchange.
async fn evidence(home: &Home, exchange: ExchangeId) -> anyhow::Result<Option<Evidence>> {
    let log = home.log_place(LogName::Gateway);
    if !log.dir.exists() {
        return Ok(None);
    }
    Ok(Evidence::of(&search::search(&log, &Evidence::query(exchange)).await?))
}

fn show(
    known: &KnownConcern,
    evidence: Option<&Evidence>,
    note: Option<&String>,
    notes: &Notes,
    as_json: bool,
) -> anyhow::Result<()> {
    let KnownConcern { id, reported, .. } = known;
    let answer = reported.answer.as_ref().map(|answer| notes.open(id, Part::Answer, &answer.text)).transpose()?;
    if as_json {
        let whole = json!({"id": id, "exchange": reported.exchange, "kind": reported.concern, "by": reported.by,
            "at": moment(reported.at), "evidence": evidence, "has_note": reported.note.is_some(), "note": note,
            "answer": answer.as_deref()});
        return output::line(&whole.to_string());
    }
    let by = reported.by.as_deref().unwrap_or("somebody unnamed");
    output::line(&format!("{id}: {} by {by} at {}", reported.concern, moment(reported.at)))?;
    output::line(&format!("exchange  {}", reported.exchange))?;
    match evidence {
        None => output::line("the log has nothing of it any more")?,
        Some(evidence) => {
            for (name, value) in evidence.lines() {
                output::line(&format!("{name}  {value}"))?;
            }
        }
    }
    match (note, &reported.note) {
        (Some(note), _) => output::line(&format!("note  {note}"))?,
        (None, Some(_)) => output::line("note  sealed; --note --basis WHY opens it, which is recorded")?,
        (None, None) => {}
    }
    if let Some(answer) = answer {
        output::line(&format!("answer  {}", answer.as_str()))?;
    }
    Ok(())
}

/// A note out of a file, or of standard input for `-`: arguments of commands are seen by others on the machine.
fn text_of(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(MOST_BYTES)
            .read_to_string(&mut text)
            .context("cannot read standard input as UTF-8")?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut file = file.take(MOST_BYTES);
        file.read_to_string(&mut text).with_context(|| format!("cannot read {} as UTF-8", path.display()))?;
    }
    Ok(text)
}

fn moment(at: i64) -> String {
    OffsetDateTime::from_unix_timestamp(at).ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}
