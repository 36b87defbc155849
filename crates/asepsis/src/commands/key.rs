//! `asepsis key`: API keys of users.

use std::path::Path;

use anyhow::bail;
use asepsis_store::{ApiKey, KeyRecord, Store, StoreError};
use asepsis_vocab::ActKind;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::act::Recorded;
use crate::args::{Key, KeyAction};
use crate::config::Config;
use crate::home::Home;
use crate::output;
use crate::runtime::block_on;

const DAY: i64 = 86_400;

/// Days without use after which a key is shown as unused, and days before its end at which it is shown as ending, where nothing
/// else is asked.
const UNUSED: i64 = 90;
const EXPIRING: i64 = 30;

pub(crate) fn run(path: &Path, key: &Key) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    block_on(act(&config, key))
}

async fn act(config: &Config, key: &Key) -> anyhow::Result<u8> {
    let home = Home::of(config)?;
    let store = home.store().await?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let mut code = 0;
    match &key.action {
        KeyAction::Add { user, role, days, json } => {
            if config.register.role(role).is_none() {
                bail!("there is no role `{role}` in the configuration; add a [[role]] or correct the name");
            }
            let expires = now + i64::from(*days) * DAY;
            let (key, record) = store.add_key(user, role, Some(expires), now).await?;
            if let Err(error) = record_act(&home, "cli.key.add", &record.id, "made").await {
                // What is not in the log must not count.
                store.revoke_key(&record.id, now).await?;
                return Err(error);
            }
            show(&key, &record, *json)?;
        }
        KeyAction::Rotate { id, overlap_hours, days, json } => {
            let (expires, until) = (now + i64::from(*days) * DAY, now + i64::from(*overlap_hours) * 3600);
            known(&store, id).await?;
            record_act(&home, "cli.key.rotate", id, "replaced").await?;
            let (key, record) = store.rotate_key(id, Some(expires), until, now).await?;
            output::remark(&format!("{id} counts for {overlap_hours} hours more."));
            show(&key, &record, *json)?;
        }
        KeyAction::List { unused, expiring, json } => {
            let filtered = unused.is_some() || expiring.is_some();
            let mut shown = Vec::new();
            for record in store.list_keys().await? {
                let is_unused = is_unused(&record, unused.map_or(UNUSED, i64::from), now);
                let is_expiring = is_expiring(&record, expiring.map_or(EXPIRING, i64::from), now);
                if !filtered || (unused.is_some() && is_unused) || (expiring.is_some() && is_expiring) {
                    shown.push((record, is_unused, is_expiring));
                }
            }
            code = u8::from(filtered && !shown.is_empty());
            if *json {
                let keys: Vec<_> = shown.iter().map(|(record, a, b)| as_json(record, *a, *b, now)).collect();
                output::line(&serde_json::to_string_pretty(&keys)?)?;
            } else {
                for (record, is_unused, is_expiring) in &shown {
                    output::line(&line(record, *is_unused, *is_expiring, now))?;
                }
            }
        }
        KeyAction::Revoke { id, json } => {
            known(&store, id).await?;
            record_act(&home, "cli.key.revoke", id, "revoked").await?;
            store.revoke_key(id, now).await?;
            if *json {
                output::line(&json!({"id": id, "state": "revoked"}).to_string())?;
            } else {
                output::line(&format!("{id} is revoked; a running gateway refuses it within two seconds"))?;
            }
        }
    }
    store.close().await?;
    Ok(code)
}

/// A key that there is. What is typed in place of an id must not get into the log.
async fn known(store: &Store, id: &str) -> anyhow::Result<()> {
    if store.list_keys().await?.iter().any(|key| key.id == id) {
        return Ok(());
    }
    Err(StoreError::UnknownKey.into())
}

async fn record_act(home: &Home, interface: &str, id: &str, what: &str) -> anyhow::Result<()> {
    let act = Recorded::new(interface, ActKind::RegisterChanged, Some(what))?;
    act.target(format!("api_key/{id}")).append(home).await
}

fn show(key: &ApiKey, record: &KeyRecord, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let (expires, key) = (record.expires.and_then(moment), key.reveal());
        output::line(
            &json!({"id": record.id, "user": record.user, "role": record.role, "expires": expires, "key": key})
                .to_string(),
        )?;
        return Ok(());
    }
    output::remark("This key is shown once and stored nowhere. Give it to the user over a safe channel:");
    output::line(key.reveal())?;
    Ok(())
}

fn state(record: &KeyRecord, now: i64) -> &'static str {
    match (record.revoked, record.expires) {
        (Some(_), _) => "revoked",
        (None, Some(at)) if at <= now && record.replaced_by.is_some() => "replaced",
        (None, Some(at)) if at <= now => "expired",
        _ => "counts",
    }
}

/// Whether it counts and was not used for so many days, or never since it was made.
fn is_unused(record: &KeyRecord, days: i64, now: i64) -> bool {
    state(record, now) == "counts" && now - record.last_used.unwrap_or(record.created) >= days * DAY
}

fn is_expiring(record: &KeyRecord, days: i64, now: i64) -> bool {
    state(record, now) == "counts" && record.expires.is_some_and(|at| at - now <= days * DAY)
}

fn line(record: &KeyRecord, is_unused: bool, is_expiring: bool, now: i64) -> String {
    let state = match (state(record, now), record.expires, &record.replaced_by) {
        ("counts", Some(at), Some(new)) => format!("until {} (gives way to {new})", date(at)),
        ("counts", Some(at), None) => format!("until {}", date(at)),
        ("counts", None, _) => "no end".to_owned(),
        ("replaced", _, Some(new)) => format!("replaced by {new}"),
        (state, ..) => state.to_owned(),
    };
    let used = record.last_used.map_or_else(|| "never used".to_owned(), |at| format!("used {}", date(at)));
    let mut line = format!("{}  {}  {}  {state}  {used}", record.id, record.user, record.role);
    if is_unused {
        line.push_str("  UNUSED");
    }
    if is_expiring {
        line.push_str("  ENDS SOON");
    }
    line
}

fn as_json(record: &KeyRecord, is_unused: bool, is_expiring: bool, now: i64) -> serde_json::Value {
    json!({
        "id": record.id, "user": record.user, "role": record.role, "state": state(record, now),
        "created": moment(record.created), "expires": record.expires.and_then(moment),
        "revoked": record.revoked.and_then(moment), "last_used": record.last_used.and_then(moment),
        "replaced_by": record.replaced_by, "unused": is_unused, "ends_soon": is_expiring,
    })
}

fn moment(at: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(at).ok()?.format(&Rfc3339).ok()
}

fn date(at: i64) -> String {
    OffsetDateTime::from_unix_timestamp(at).map_or_else(|_| "?".to_owned(), |t| t.date().to_string())
}
