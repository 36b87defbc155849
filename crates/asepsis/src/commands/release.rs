//! `asepsis release`: what AI systems want to do, and a person says yes or no to.

use std::path::Path;

use anyhow::{Context, bail};
use asepsis_conduct::{Contents, HeldAnswer, WhyNot, listed, look_alikes, visible};
use asepsis_gateway::{KnownRelease, ReleaseError, Releases};
use asepsis_people::ledger;
use asepsis_store::HeldState;
use asepsis_vocab::ActKind;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::act::{actor, open_log};
use crate::args::{ReleaseAction, ReleaseCommand};
use crate::config::Config;
use crate::home::Home;
use crate::output;
use crate::people::releases;
use crate::runtime::block_on;

/// The exit code of what was refused.
const REFUSED: u8 = 3;

/// The shortest part of the name of an effect that names one.
const SHORTEST: usize = 16;

pub(crate) fn run(path: &Path, command: &ReleaseCommand) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    block_on(act(&config, command))
}

async fn act(config: &Config, command: &ReleaseCommand) -> anyhow::Result<u8> {
    let home = Home::of(config)?;
    let store = home.store().await?;
    let Some(releases) = releases(config, &home, &store).await? else {
        bail!(
            "nothing is held here: what changes something is refused. `[release] on = true`, or [sign_in], has it held"
        )
    };
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let done = match &command.action {
        ReleaseAction::List => list(&releases, now, command.json).await,
        ReleaseAction::Show { id } => show(&home, &releases, id, now, command.json).await,
        ReleaseAction::Approve { id, effect } => decide(&home, &releases, id, Ok(effect), now).await,
        ReleaseAction::Refuse { id, why } => decide(&home, &releases, id, Err(*why), now).await,
    };
    store.close().await?;
    match done {
        Ok(code) => Ok(code),
        Err(error) => match error.downcast_ref() {
            Some(ReleaseError::Log(_) | ReleaseError::Store(_)) | None => Err(error),
            Some(refused) => {
                output::remark(&refused.to_string());
                Ok(REFUSED)
            }
        },
    }
}

async fn list(releases: &Releases, now: i64, as_json: bool) -> anyhow::Result<u8> {
    let all = releases.list(now).await?;
    for KnownRelease { id, state, answer, decision } in &all {
        let (at, lapses, state) = (moment(answer.at), moment(answer.lapses), state.name());
        let by = decision.as_ref().map(|decision| &decision.by);
        let known = json!({"id": id, "state": state, "user": answer.user, "role": answer.role, "system": answer.system,
            "exchange": answer.exchange, "at": at, "lapses": lapses, "calls": answer.calls, "tainted": answer.tainted,
            "effect": answer.effect, "by": by});
        let by = by.map(|by| format!(" by {by}")).unwrap_or_default();
        let line =
            format!("{id}  {} in {}: {}; {state}{by}, until {lapses}", answer.user, answer.system, answer.words());
        output::line(&if as_json { known.to_string() } else { line })?;
    }
    Ok(u8::from(all.iter().any(|known| known.state == HeldState::Waiting)))
}

async fn show(home: &Home, releases: &Releases, id: &str, now: i64, as_json: bool) -> anyhow::Result<u8> {
    let (answer, contents) = releases.open(id, now).await?;
    let log = open_log(home).await?;
    let (target, basis) = (Some(format!("release/{id}")), Some(asepsis_console::LOOKED.to_owned()));
    ledger::record(&log, ActKind::Reveal, target, basis, &actor(), "cli.release.show").await?;
    log.close().await?;
    if as_json {
        let calls = contents.calls.iter().zip(&answer.calls);
        let calls: Vec<_> =
            calls.map(|(call, does)| json!({"tool": call.name, "arguments": call.arguments, "does": does})).collect();
        let whole = json!({"id": id, "effect": answer.effect, "user": answer.user, "role": answer.role, "system": answer.system,
            "exchange": answer.exchange, "lapses": moment(answer.lapses), "tainted": answer.tainted, "marks": answer.marks,
            "calls": calls});
        output::line(&whole.to_string())?;
        return Ok(0);
    }
    for line in lines(id, &answer, &contents) {
        output::line(&line)?;
    }
    Ok(0)
}

fn lines(id: &str, answer: &HeldAnswer, contents: &Contents) -> Vec<String> {
    let mut lines = vec![
        format!("asked by   {} ({}), of {}, exchange {}", answer.user, answer.role, answer.system, answer.exchange),
        format!("lapses     {}", moment(answer.lapses)),
    ];
    if answer.tainted {
        lines.push("beware     text that nobody of the organisation wrote was in the request".to_owned());
    }
    if let Some(marks) = &answer.marks {
        lines.push(format!("marks      {marks}"));
    }
    for (number, (call, does)) in contents.calls.iter().zip(&answer.calls).enumerate() {
        lines.push(String::new());
        lines.push(format!("{}. {} \u{2013} {}", number + 1, visible(&call.name), does.words()));
        for (path, value) in listed(&call.arguments) {
            lines.push(format!("   {path} = {value}"));
        }
        lines.push(format!("   to the letter: {}", visible(&call.arguments)));
        let alike: Vec<String> =
            look_alikes(&call.arguments).iter().map(|c| format!("{c} (U+{:04X})", u32::from(*c))).collect();
        if !alike.is_empty() {
            lines.push(format!(
                "   beware: letters of another alphabet that look like usual ones: {}",
                alike.join(", ")
            ));
        }
    }
    lines.push(String::new());
    lines.push(format!("effect     {}", answer.effect));
    lines.push(format!("To say yes: asepsis release approve {id} --effect {}", &answer.effect[..SHORTEST]));
    lines
}

async fn decide(
    home: &Home,
    releases: &Releases,
    id: &str,
    decision: Result<&String, WhyNot>,
    now: i64,
) -> anyhow::Result<u8> {
    let known = releases.known(id, now).await?;
    let (effect, interface) = match decision {
        Ok(named) if named.len() >= SHORTEST && known.answer.effect.starts_with(named.as_str()) => {
            (known.answer.effect.as_str(), "cli.release.approve")
        }
        Ok(_) => return Err(ReleaseError::OtherEffect.into()),
        Err(_) => (known.answer.effect.as_str(), "cli.release.refuse"),
    };
    let log = open_log(home).await?;
    let decided = releases.decide((&log, interface, &actor()), id, effect, decision.err(), now).await;
    log.close().await.context("the log cannot be closed")?;
    decided?;
    output::remark(match decision {
        Ok(_) => "released; whoever asked can fetch it now, once",
        Err(_) => "refused; what was held is erased",
    });
    Ok(0)
}

fn moment(at: i64) -> String {
    OffsetDateTime::from_unix_timestamp(at).ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}
