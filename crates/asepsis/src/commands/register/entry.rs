//! What `asepsis vendor`, `system` and `agreement` have in common.

use std::path::Path;

use asepsis_policy::{Grade, Register};
use asepsis_store::{Change, Record};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::desk::Desk;
use crate::args::{Assignments, EntryAction};
use crate::config::Config;
use crate::output;
use crate::registers::field::{assign, canonical};
use crate::registers::{AGREEMENT, SYSTEM, VENDOR};
use crate::runtime::block_on;

pub(crate) fn run(path: &Path, register: &'static str, action: &EntryAction) -> anyhow::Result<u8> {
    block_on(async {
        let desk = Desk::open(path).await?;
        act(&desk, register, action).await?;
        desk.store.close().await?;
        Ok(0)
    })
}

async fn act(desk: &Desk, register: &'static str, action: &EntryAction) -> anyhow::Result<()> {
    match action {
        EntryAction::Add(given) => {
            let change = Change::set(register, &given.id, body(register, Map::new(), given)?).expecting(0);
            make(desk, register, "add", change, &given.basis, given.json).await
        }
        EntryAction::Set(given) => {
            let there = desk.record(register, &given.id).await?;
            let before = object(&there)?;
            let change = Change::set(register, &given.id, body(register, before, given)?).expecting(there.version);
            make(desk, register, "set", change, &given.basis, given.json).await
        }
        EntryAction::Remove { id, basis, json } => {
            let there = desk.record(register, id).await?;
            let change = Change::remove(register, id.as_str()).expecting(there.version);
            make(desk, register, "remove", change, basis, *json).await
        }
        EntryAction::Show { id, json } => show(desk, register, id, *json).await,
        EntryAction::List { json } => list(desk, register, *json).await,
        EntryAction::History { id, json } => history(desk, register, id, *json).await,
    }
}

/// The body of a record as an object.
pub(crate) fn object(record: &Record) -> anyhow::Result<Map<String, Value>> {
    Ok(serde_json::from_str(&record.body)?)
}

fn body(register: &str, mut body: Map<String, Value>, given: &Assignments) -> anyhow::Result<String> {
    for assignment in &given.fields {
        assign(register, &mut body, assignment).map_err(anyhow::Error::msg)?;
    }
    sealed(register, body)
}

/// The body as it is stored.
pub(crate) fn sealed(register: &str, body: Map<String, Value>) -> anyhow::Result<String> {
    let (body, problems) = canonical(register, body);
    match problems.into_iter().next() {
        Some((_, message)) => anyhow::bail!(message),
        None => Ok(Value::Object(body).to_string()),
    }
}

/// Makes one change and says so.
pub(crate) async fn make(
    desk: &Desk,
    register: &str,
    verb: &str,
    change: Change,
    basis: &str,
    json: bool,
) -> anyhow::Result<()> {
    for record in desk.change(&format!("cli.{register}.{verb}"), vec![change], basis).await? {
        say(&record, json)?;
    }
    Ok(())
}

/// Says what a record became.
pub(crate) fn say(record: &Record, json: bool) -> anyhow::Result<()> {
    if json {
        return output::line(&versioned(record).to_string());
    }
    let became = if record.removed { "removed" } else { "at" };
    output::line(&format!(
        "{} {} is {became} version {}; a running gateway takes it within a second",
        record.kind, record.id, record.version
    ))
}

fn versioned(record: &Record) -> Value {
    json!({
        "register": record.kind, "id": record.id, "version": record.version, "removed": record.removed,
        "changed": stamp(record.changed), "by": record.by, "basis": record.basis,
        "body": serde_json::from_str::<Value>(&record.body).unwrap_or_default(),
    })
}

fn stamp(millis: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000);
    at.ok()
        .and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_else(|| "?".to_owned())
}

async fn history(desk: &Desk, register: &str, id: &str, json: bool) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let page = desk.store.history(register, id, after).await?;
        let Some(last) = page.last() else { break };
        after = last.version;
        for record in &page {
            if json {
                output::line(&versioned(record).to_string())?;
                continue;
            }
            let basis = record.basis.as_deref().unwrap_or("-");
            let body = if record.removed { "removed" } else { &record.body };
            let line =
                format!("version {}  {}  {}  {basis}\n    {body}", record.version, stamp(record.changed), record.by);
            output::line(&output::harmless(&line))?;
        }
    }
    anyhow::ensure!(
        after > 0,
        "there never was a {register} `{id}` in the store; `asepsis {register} list` shows them"
    );
    Ok(())
}

/// Where an entry of the register stands at the moment: one line for people, and members for programs.
fn standing(register: &Register, kind: &str, id: &str, config: &Config) -> Option<(String, Value)> {
    let (now, offset) = (OffsetDateTime::now_utc(), config.offset);
    match kind {
        VENDOR => {
            let vendor = register.vendor(id)?;
            let status =
                register.vendor_status(vendor, now, offset, Grade::D).map_or("unknown", |status| status.name());
            let stopped = vendor.stopped || register.stops().of(asepsis_policy::StopOf::Vendor, id).is_some();
            let line = format!("{}  {status}{}", vendor.name, if stopped { ", switched off" } else { "" });
            Some((line, json!({"name": vendor.name, "status": status, "stopped": stopped})))
        }
        SYSTEM => {
            let system = register.system(id)?;
            let status =
                register.system_status(system, now, offset, Grade::D).map_or("unknown", |status| status.name());
            let stopped = register.is_stopped(system);
            let line = format!("of {}  {status}{}", system.vendor, if stopped { ", switched off" } else { "" });
            Some((line, json!({"vendor": system.vendor, "status": status, "stopped": stopped})))
        }
        _ => {
            let (vendor, agreement) =
                register.vendors().find_map(|v| v.agreements.iter().find(|a| a.id == id).map(|a| (&v.id, a)))?;
            let standing = agreement.standing(now, offset).name();
            let left = agreement.last_day.map(|last| asepsis_policy::days_left(last, now, offset));
            let until = match (agreement.last_day, left) {
                (Some(last), Some(left)) => format!("until {last}, days left {left}"),
                _ => "open-ended".to_owned(),
            };
            let line = format!("with {vendor}  {standing}  {until}  covers {}", agreement.systems.join(", "));
            let last = agreement.last_day.map(|last| last.to_string());
            Some((
                line,
                json!({"vendor": vendor, "standing": standing, "last_day": last, "days_left": left, "systems": agreement.systems}),
            ))
        }
    }
}

async fn list(desk: &Desk, register: &str, json: bool) -> anyhow::Result<()> {
    let config = desk.joined().await?;
    let all = &config.register;
    let ids: Vec<&str> = match register {
        VENDOR => all.vendors().map(|vendor| vendor.id.as_str()).collect(),
        SYSTEM => all.systems().map(|system| system.id.as_str()).collect(),
        _ => all.vendors().flat_map(|vendor| &vendor.agreements).map(|agreement| agreement.id.as_str()).collect(),
    };
    for id in ids {
        let Some((line, mut members)) = standing(all, register, id, &config) else { continue };
        let place = if desk.config.has(register, id) { "configuration" } else { "store" };
        if json {
            members["register"] = register.into();
            members["id"] = id.into();
            members["stands_in"] = place.into();
            output::line(&members.to_string())?;
        } else {
            output::line(&output::harmless(&format!("{id}  {line}  ({place})")))?;
        }
    }
    Ok(())
}

async fn show(desk: &Desk, register: &str, id: &str, json: bool) -> anyhow::Result<()> {
    let config = desk.joined().await?;
    let now = standing(&config.register, register, id, &config);
    if desk.config.has(register, id) {
        let Some((line, mut members)) = now else { return Ok(()) };
        if json {
            members["register"] = register.into();
            members["id"] = id.into();
            members["stands_in"] = "configuration".into();
            return output::line(&members.to_string());
        }
        return output::line(&output::harmless(&format!("{register} {id}, in the configuration\n  now: {line}")));
    }
    let record = desk.record(register, id).await?;
    if json {
        let mut shown = versioned(&record);
        shown["now"] = now.map(|(_, members)| members).unwrap_or_default();
        return output::line(&shown.to_string());
    }
    output::line(&format!("{register} {id}, version {}, changed {}", record.version, stamp(record.changed)))?;
    if let Some((line, _)) = now {
        output::line(&output::harmless(&format!("  now: {line}")))?;
    }
    let body = object(&record)?;
    for (name, value) in body.iter().filter(|(name, _)| *name != "facts") {
        output::line(&output::harmless(&format!("  {name}: {}", plain(value))))?;
    }
    for (name, value) in body.get("facts").and_then(Value::as_object).into_iter().flatten() {
        output::line(&output::harmless(&format!("  {name}: {}", plain(value))))?;
    }
    for why in lapsed(&config, register, id) {
        output::line(&format!("  the approval lapsed: {why}"))?;
    }
    Ok(())
}

/// Which of the facts that an approval rests on are not known any more.
pub(crate) fn lapsed(config: &Config, register: &str, id: &str) -> Vec<String> {
    let Some(system) = config.register.system(id).filter(|_| register == SYSTEM) else { return Vec::new() };
    let (now, offset) = (OffsetDateTime::now_utc(), config.offset);
    let missing =
        system.status.rests_on.iter().filter(|name| !config.register.supports(system, name, now, offset, Grade::D));
    missing.map(|name| format!("{name} is not known, has expired, or speaks against it")).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(table) => {
            let value = table.get("value").map(plain);
            let rest =
                table.iter().filter(|(name, _)| *name != "value").map(|(name, v)| format!("{name} {}", plain(v)));
            value.into_iter().chain(rest).collect::<Vec<_>>().join("; ")
        }
        Value::Bool(value) => if *value { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    }
}

/// The register of a kind of record, where it has fields.
pub(crate) fn register_of(name: &str) -> Option<&'static str> {
    [VENDOR, SYSTEM, AGREEMENT].into_iter().find(|register| *register == name)
}
