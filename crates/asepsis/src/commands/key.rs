//! `asepsis key`: API keys of users.

use std::path::Path;

use anyhow::{Context, bail};
use time::OffsetDateTime;

use crate::args::{Key, KeyAction};
use crate::config::Config;
use crate::home::Home;
use crate::output;

pub(crate) fn run(path: &Path, key: &Key) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(act(&config, key))
}

async fn act(config: &Config, key: &Key) -> anyhow::Result<u8> {
    let store = Home::of(config)?.store().await?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    match &key.action {
        KeyAction::Add { user, role, days } => {
            if config.register.role(role).is_none() {
                bail!("there is no role `{role}` in the configuration; add a [[role]] or correct the name");
            }
            let expires = now + i64::from(*days) * 86_400;
            let (key, _) = store.add_key(user, role, Some(expires), now).await?;
            output::remark("This key is shown once and stored nowhere. Give it to the user over a safe channel:");
            output::line(key.reveal())?;
        }
        KeyAction::List => {
            for record in store.list_keys().await? {
                let state = match (record.revoked, record.expires) {
                    (Some(_), _) => "revoked".to_owned(),
                    (None, Some(at)) if at <= now => "expired".to_owned(),
                    (None, Some(at)) => format!("until {}", date(at)),
                    (None, None) => "no end".to_owned(),
                };
                let used = record.last_used.map_or_else(|| "never used".to_owned(), |at| format!("used {}", date(at)));
                output::line(&format!("{}  {}  {}  {state}  {used}", record.id, record.user, record.role))?;
            }
        }
        KeyAction::Revoke { id } => {
            store.revoke_key(id, now).await?;
            output::line(&format!("{id} is revoked; a running gateway refuses it within two seconds"))?;
        }
    }
    store.close().await?;
    Ok(0)
}

fn date(at: i64) -> String {
    OffsetDateTime::from_unix_timestamp(at).map_or_else(|_| "?".to_owned(), |t| t.date().to_string())
}
