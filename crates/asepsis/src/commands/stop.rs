//! `asepsis stop`: the kill switch.

use std::path::Path;

use asepsis_policy::{Stop, StopOf};
use asepsis_store::Change;
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::args::{StopAction, StopCommand, Stopping};
use crate::commands::register::desk::Desk;
use crate::commands::register::entry::say;
use crate::output;
use crate::registers::{STOP, stop_of};
use crate::runtime::block_on;

/// The longest name of a model or tool.
const LONGEST: usize = 256;

pub(crate) fn run(path: &Path, command: &StopCommand) -> anyhow::Result<u8> {
    block_on(async {
        let desk = Desk::open(path).await?;
        match &command.action {
            StopAction::System(stopping) => stop(&desk, StopOf::System, stopping).await?,
            StopAction::Vendor(stopping) => stop(&desk, StopOf::Vendor, stopping).await?,
            StopAction::Model(stopping) => stop(&desk, StopOf::Model, stopping).await?,
            StopAction::Tool(stopping) => stop(&desk, StopOf::Tool, stopping).await?,
            StopAction::List { json } => list(&desk, *json).await?,
            StopAction::Lift { of, stopping } => {
                let Some(of) = StopOf::ALL.into_iter().find(|known| known.name() == of) else {
                    anyhow::bail!("{of} cannot be switched off or on: it is system, vendor, model or tool");
                };
                lift(&desk, of, stopping).await?;
            }
        }
        desk.store.close().await?;
        Ok(0)
    })
}

async fn stop(desk: &Desk, of: StopOf, stopping: &Stopping) -> anyhow::Result<()> {
    let name = &stopping.id;
    let plain = !name.is_empty() && name.len() <= LONGEST && !name.chars().any(|c| c.is_control() || c.is_whitespace());
    anyhow::ensure!(plain, "a {} has 1 to {LONGEST} characters without space", of.name());
    // What is not known is stopped all the same, and said: in an emergency a refusal would be worse than a needless switch. The
    // register may be broken just then.
    let known = match (of, desk.joined().await) {
        (StopOf::System, Ok(config)) => config.register.system(name).is_some(),
        (StopOf::Vendor, Ok(config)) => config.register.vendor(name).is_some(),
        _ => true,
    };
    if !known {
        output::remark(&format!("there is no {0} `{name}` at present; `asepsis {0} list` shows them", of.name()));
    }
    let body = json!(Stop { of, name: name.clone() }).to_string();
    if let Some(there) = desk.store.record(STOP, &id(of, name)).await? {
        output::remark(&format!("{} {name} is switched off already", of.name()));
        return say(&there, stopping.json);
    }
    let change = Change::set(STOP, id(of, name), body).expecting(0);
    for record in desk.change_unchecked("cli.stop", vec![change], &stopping.basis).await? {
        say(&record, stopping.json)?;
    }
    Ok(())
}

async fn lift(desk: &Desk, of: StopOf, stopping: &Stopping) -> anyhow::Result<()> {
    let name = &stopping.id;
    let Some(there) = desk.store.record(STOP, &id(of, name)).await? else {
        anyhow::bail!(
            "{} {name} is not switched off in the store; `asepsis stop list` shows what is, and `stopped = true` in the \
             configuration is taken out there",
            of.name()
        );
    };
    let change = Change::remove(STOP, there.id).expecting(there.version);
    for record in desk.change_unchecked("cli.stop.lift", vec![change], &stopping.basis).await? {
        say(&record, stopping.json)?;
    }
    Ok(())
}

async fn list(desk: &Desk, json: bool) -> anyhow::Result<()> {
    let mut after = None::<String>;
    loop {
        let page = desk.store.records(STOP, after.as_deref(), 1000).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        for record in &page {
            let stop = stop_of(&record.body)?;
            let basis = record.basis.as_deref().unwrap_or("-");
            if json {
                output::line(
                    &json!({"of": stop.of.name(), "name": stop.name, "by": record.by, "basis": basis,
                    "changed": record.changed, "stands_in": "store"})
                    .to_string(),
                )?;
            } else {
                let line = format!("{} {}  by {}: {basis}", stop.of.name(), stop.name, record.by);
                output::line(&output::harmless(&line))?;
            }
        }
    }
    let configured = &desk.config.register;
    let systems = configured.systems().filter(|system| system.stopped).map(|system| ("system", &system.id));
    let vendors = configured.vendors().filter(|vendor| vendor.stopped).map(|vendor| ("vendor", &vendor.id));
    for (of, id) in systems.chain(vendors) {
        match json {
            true => output::line(
                &json!({"of": of, "name": id, "by": Value::Null, "stands_in": "configuration"}).to_string(),
            )?,
            false => output::line(&format!("{of} {id}  in the configuration"))?,
        }
    }
    Ok(())
}

/// The id of the record of a kill switch. The name of a model or tool may have other characters than an id.
fn id(of: StopOf, name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    let whole = format!("{}.{plain}", of.name());
    if plain == name && whole.len() <= 64 {
        return whole;
    }
    let hash = digest(&SHA256, name.as_bytes());
    let tail = data_encoding::HEXLOWER.encode(&hash.as_ref()[..8]);
    format!("{}-{tail}", &whole[..whole.len().min(64 - tail.len() - 1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r12_every_name_has_an_id_of_its_own() {
        assert_eq!(id(StopOf::System, "acme-chat"), "system.acme-chat");
        let names = ["gpt-4*", "gpt-4_", "ft:gpt/4", "ft:gpt:4", &"x".repeat(250), &"x".repeat(251)];
        let mut ids: Vec<String> = names.iter().map(|name| id(StopOf::Model, name)).collect();
        for id in &ids {
            Change::set(STOP, id.as_str(), "{}").check().unwrap();
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), names.len());
    }
}
