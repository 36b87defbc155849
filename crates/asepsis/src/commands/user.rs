//! `asepsis user`: local users.

use std::path::Path;

use anyhow::{Context, bail};
use asepsis_keys::Keys;
use asepsis_people::account::{Accounts, SetUpCode, person_change};
use asepsis_people::person::{self, KIND, Person};
use asepsis_store::{Record, Store};
use serde_json::json;
use time::OffsetDateTime;

use crate::args::{User, UserAction};
use crate::config::Config;
use crate::home::Home;
use crate::output;
use crate::people::{SIGN_IN_KEY, change};
use crate::runtime::block_on;

pub(crate) fn run(path: &Path, user: &User) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    block_on(act(&config, user))
}

async fn act(config: &Config, user: &User) -> anyhow::Result<u8> {
    let home = Home::of(config)?;
    let store = home.store().await?;
    let keys: Keys = home.keys().await?;
    let accounts = Accounts::new(store.clone(), &keys.named(SIGN_IN_KEY).await?)?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    match &user.action {
        UserAction::Add { name, role, basis } => {
            let name = person::name(name)?;
            check_role(config, role)?;
            let set_up = accounts.add(&name, role, now).await?;
            show_code(&home, &store, "cli.user.add", &name, set_up, basis.as_deref(), user.json).await?;
        }
        UserAction::Reset { name, basis } => {
            let (name, record, person) = there(&store, name).await?;
            let mut set_up = accounts.reset(&name, now).await?;
            // The record's version moves, so that sessions end and a lock is lifted.
            set_up.changes.push(person_change(&name, &person, record.version));
            show_code(&home, &store, "cli.user.reset", &name, set_up, basis.as_deref(), user.json).await?;
        }
        UserAction::SetRole { name, role, basis } => {
            let (name, record, person) = there(&store, name).await?;
            check_role(config, role)?;
            let changed = person_change(&name, &Person { role: role.clone(), ..person }, record.version);
            change(&home, &store, "cli.user.set-role", vec![changed], basis.as_deref()).await?;
            let mut revoked = Vec::new();
            for key in store.list_keys().await? {
                if key.user.eq_ignore_ascii_case(&name) && key.role != *role && key.revoked.is_none() {
                    store.revoke_key(&key.id, now).await?;
                    revoked.push(key.id);
                }
            }
            let note = format!("{name} has the role {role} now; API keys that were revoked: {}", revoked.len());
            say(user.json, &json!({"user": name, "role": role, "revoked_keys": revoked}), &note)?;
        }
        UserAction::Disable { name, basis } | UserAction::Enable { name, basis } => {
            let disabled = matches!(user.action, UserAction::Disable { .. });
            let (name, record, person) = there(&store, name).await?;
            let changed = person_change(&name, &Person { disabled, ..person }, record.version);
            let interface = if disabled { "cli.user.disable" } else { "cli.user.enable" };
            change(&home, &store, interface, vec![changed], basis.as_deref()).await?;
            let state = if disabled { "disabled" } else { "enabled" };
            let note = format!("{name} is {state}; a running gateway knows it within two seconds");
            say(user.json, &json!({"user": name, "state": state}), &note)?;
        }
        UserAction::List => list(&store, &accounts, user.json).await?,
    }
    store.close().await?;
    Ok(0)
}

fn check_role(config: &Config, role: &str) -> anyhow::Result<()> {
    if config.register.role(role).is_none() {
        bail!("there is no role `{role}` in the configuration; add a [[role]] or correct the name");
    }
    Ok(())
}

async fn there(store: &Store, name: &str) -> anyhow::Result<(String, Record, Person)> {
    let name = person::name(name)?;
    let record = store.record(KIND, &name).await?;
    let record = record.with_context(|| format!("there is no user `{name}`; `asepsis user list` shows them"))?;
    let person = serde_json::from_str(&record.body).with_context(|| format!("the record of {name}"))?;
    Ok((name, record, person))
}

async fn show_code(
    home: &Home,
    store: &Store,
    interface: &str,
    name: &str,
    set_up: SetUpCode,
    basis: Option<&str>,
    as_json: bool,
) -> anyhow::Result<()> {
    change(home, store, interface, set_up.changes, basis).await?;
    if as_json {
        output::line(&json!({"user": name, "set_up_code": set_up.code.as_str(), "hours": 72}).to_string())?;
        return Ok(());
    }
    output::remark(&format!(
        "This code is shown once and good for 72 hours. Give it to {name} over a safe channel; the account is set up with it at \
         /asepsis/set-up of the gateway:"
    ));
    output::line(&set_up.code)
}

async fn list(store: &Store, accounts: &Accounts, as_json: bool) -> anyhow::Result<()> {
    let mut after: Option<String> = None;
    let mut all = Vec::new();
    loop {
        let page = store.records(KIND, after.as_deref(), 1000).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        for record in page {
            let person: Option<Person> = serde_json::from_str(&record.body).ok();
            let secrets = accounts.secrets(&record.id).await;
            let state = match (&person, &secrets) {
                (None, _) => "unreadable",
                (Some(person), _) if person.disabled => "disabled",
                (_, Ok(Some((secrets, _)))) if secrets.is_set_up() => "active",
                (_, Ok(_)) => "waits for set-up",
                (_, Err(_)) => "unreadable",
            };
            let role = person.map(|person| person.role).unwrap_or_default();
            let passkeys = secrets.ok().flatten().map_or(0, |(secrets, _)| secrets.passkeys().len());
            if as_json {
                all.push(json!({"user": record.id, "role": role, "state": state, "passkeys": passkeys}));
            } else {
                output::line(&format!("{}  {role}  {state}  {passkeys} passkeys", record.id))?;
            }
        }
    }
    if as_json {
        output::line(&serde_json::to_string_pretty(&all)?)?;
    }
    Ok(())
}

fn say(as_json: bool, json: &serde_json::Value, text: &str) -> anyhow::Result<()> {
    if as_json { output::line(&json.to_string()) } else { output::line(text) }
}
