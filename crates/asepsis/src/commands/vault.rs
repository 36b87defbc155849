//! `asepsis vault`: showing what surrogates stand for, outside of the automatic way back.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use asepsis_store::Principal;
use asepsis_vault::{Space, Surrogate, Vault};
use asepsis_vocab::ActKind;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::act::Recorded;
use crate::args::{RevealArgs, VaultAction, VaultCommand};
use crate::commands::deid::{local_user, scope};
use crate::commands::reid::codes;
use crate::config::Config;
use crate::home::Home;
use crate::output;

/// Surrogates in one call: whoever wants more has another purpose.
const MOST: usize = 100;

pub(crate) fn run(path: &Path, command: &VaultCommand) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let VaultAction::Reveal(reveal) = &command.action;
    // Conversations are shown under the configuration only, because that says whether it takes a second person.
    let (home, config) = match &command.data {
        Some(data) => (Home::existing(data)?, None),
        None => {
            let config = Config::read(path)?;
            (Home::of(&config)?, Some(config))
        }
    };
    runtime.block_on(show(&home, config.as_ref(), reveal))
}

async fn show(home: &Home, config: Option<&Config>, reveal: &RevealArgs) -> anyhow::Result<u8> {
    if reveal.surrogates.len() > MOST {
        bail!("at most {MOST} surrogates at once; use `asepsis reid` for whole texts of the command line");
    }
    let second = match config {
        Some(config) => second_person(home, config, reveal.second_person_key_env.as_deref()).await?,
        None => None,
    };
    let vault = home.vault().await?;
    let found = find(&vault, config.is_some(), reveal).await?;
    let mut recorded = Recorded::new("cli.vault.reveal", ActKind::Reveal, Some(&reveal.basis))?
        .purpose(reveal.purpose)
        .figure("asked", reveal.surrogates.len() as u64)
        .figure("found", found.len() as u64);
    let placeholders: Vec<_> = found.keys().filter(|text| text.starts_with('[')).map(String::as_str).collect();
    if !placeholders.is_empty() {
        recorded = recorded.target(placeholders.join(" "));
    }
    if let Some(second) = &second {
        recorded = recorded.approved_by(&second.user, &second.key_id);
    }
    // Durable before anything is shown.
    recorded.append(home).await?;
    for (rendered, surrogate) in &found {
        output::line(&format!("{rendered}\t{}", output::harmless(&surrogate.value)))?;
    }
    let missing = reveal.surrogates.len().saturating_sub(found.len());
    if missing > 0 {
        output::remark(&format!("{missing} of them are not known here"));
    }
    Ok(u8::from(missing > 0))
}

/// The surrogates that are known, by their text.
async fn find(vault: &Vault, conversations: bool, reveal: &RevealArgs) -> anyhow::Result<BTreeMap<String, Surrogate>> {
    let mut all: Vec<Surrogate> = Vec::new();
    if let Some(name) = &reveal.scope {
        all.extend(vault.surrogates(&scope(vault, Some(name)).0).await?.iter().cloned());
    } else {
        let codes: Vec<_> = reveal.surrogates.iter().flat_map(|text| codes(text)).collect();
        all.extend(vault.find_by_code(Space::CommandLine, &codes).await?);
        if conversations {
            all.extend(vault.find_by_code(Space::Gateway, &codes).await?);
        }
    }
    let bare = |text: &str| text.trim_matches(['[', ']']).to_owned();
    let wanted: Vec<_> = reveal.surrogates.iter().map(|text| bare(text)).collect();
    let known = all.into_iter().filter(|s| wanted.contains(&bare(&s.rendered)));
    Ok(known.map(|s| (s.rendered.clone(), s)).collect())
}

/// The second person, where the configuration asks for one: somebody else whose key is good and whose role may see what
/// surrogates stand for.
pub(crate) async fn second_person(
    home: &Home,
    config: &Config,
    variable: Option<&str>,
) -> anyhow::Result<Option<Principal>> {
    let Some(name) = variable else {
        if config.keys().second_person {
            bail!(
                "[keys] second_person is on: a second person puts their API key into an environment variable, and \
                 --second-person-key-env names it"
            );
        }
        return Ok(None);
    };
    let second = other_person(home, name).await?;
    if !config.register.role(&second.role).is_some_and(|role| role.restore) {
        bail!("the second person's role may not see what surrogates stand for (restore = false)");
    }
    Ok(Some(second))
}

/// Whose API key is in the environment variable of this name, if it is good and somebody else's.
pub(crate) async fn other_person(home: &Home, name: &str) -> anyhow::Result<Principal> {
    let key =
        Zeroizing::new(std::env::var(name).map_err(|_| anyhow::anyhow!("the environment variable {name} is not set"))?);
    let store = home.store().await?;
    let found = store.authenticate(key.trim(), OffsetDateTime::now_utc().unix_timestamp()).await;
    store.close().await?;
    let second = found.with_context(|| format!("the key in {name}"))?;
    if second.user == local_user().user {
        bail!("the second person is the first; it must be somebody else");
    }
    Ok(second)
}
