//! `asepsis keys`: the keys' epochs, rotation, and erasure.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, bail};
use asepsis_keys::root::Destruction;
use asepsis_keys::{Erased, KeyId, Keys, PatientId, Shredded};
use asepsis_log::search::{self, Query};
use asepsis_vault::Vault;
use asepsis_vocab::{ActKind, Phase, SubjectId};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use crate::act::Recorded;
use crate::args::{KeysAction, KeysCommand};
use crate::config::Config;
use crate::home::{Home, LogName};
use crate::output;

pub(crate) fn run(config: &Path, command: &KeysCommand) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let home = match &command.data {
        Some(data) => Home::existing(data)?,
        None => {
            let config = Config::read(config)?;
            Home::of(&config)?
        }
    };
    runtime.block_on(act(&home, &command.action))
}

async fn act(home: &Home, action: &KeysAction) -> anyhow::Result<u8> {
    let keys = home.keys().await?;
    match action {
        KeysAction::Status => status(&keys).await?,
        KeysAction::Rotate { finish } => {
            let vault = home.vault_of(&keys).await?;
            rotate(home, &keys, &vault, *finish).await?;
        }
        KeysAction::DestroyEpoch { epoch, basis } => {
            let vault = home.vault_of(&keys).await?;
            destroy(home, &keys, &vault, *epoch, basis).await?;
        }
        KeysAction::Shred { patient, subject, list, from_log, basis } => {
            let basis = basis.as_deref();
            if let Some(list) = list {
                return again(home, &keys, read_list(list)?).await;
            }
            if *from_log {
                return again(home, &keys, from_logs(home).await?).await;
            }
            let subject = match (patient, subject) {
                (Some(patient), None) => keys.find_subject(&read_patient(patient)?).await?,
                (None, Some(subject)) => Some(*subject),
                _ => bail!("name one of --patient, --subject, --list and --from-log"),
            };
            let Some(subject) = subject else {
                output::remark(
                    "there is no pseudonym for this patient: nothing was ever kept under one, or it is shredded",
                );
                return Ok(1);
            };
            let basis = basis.context("shredding needs --basis, for example \"GDPR Art. 17, ticket 4711\"")?;
            shred(home, &keys, subject, basis).await?;
        }
        KeysAction::Shredded => {
            for entry in keys.shredded().await? {
                output::line(&list_line(&entry))?;
            }
        }
    }
    Ok(0)
}

async fn status(keys: &Keys) -> anyhow::Result<()> {
    let epochs = keys.epochs().await?;
    let current = keys.current_epoch();
    for epoch in &epochs {
        let state = match epoch.destroyed {
            Some(at) => format!("destroyed {}", date(at)),
            None if epoch.number == current => "current".to_owned(),
            None => "old".to_owned(),
        };
        let counts = epoch.keys;
        output::line(&format!("epoch {}  {state}  made {}  root {}", epoch.number, date(epoch.made), epoch.root))?;
        if epoch.destroyed.is_none() {
            output::line(&format!(
                "    {} subjects, {} links from patients, {} keys of the tenant",
                counts.subjects, counts.links, counts.named
            ))?;
            if epoch.number < current {
                let holders =
                    if epoch.holders.is_empty() { "nobody else".to_owned() } else { epoch.holders.join(", ") };
                output::line(&format!("    still needed by: {holders}"))?;
            }
        }
    }
    output::line(&format!("shredded: {}", keys.shredded().await?.len()))?;
    if epochs.iter().any(|e| e.destroyed.is_none() && e.number < current) {
        output::remark(
            "Backups of before the last rotation still open what was shredded since. Make a new backup, then run \
             `asepsis keys destroy-epoch`.",
        );
    }
    Ok(())
}

async fn rotate(home: &Home, keys: &Keys, vault: &Vault, finish: bool) -> anyhow::Result<()> {
    let epoch = if finish { keys.current_epoch() } else { keys.rotate().await? };
    let done = keys.rewrap().await?;
    let scopes = match vault.rewrap().await {
        Ok(scopes) => Some(scopes),
        // The work is done but for what another process may still add.
        Err(asepsis_vault::VaultError::Keys(asepsis_keys::KeyError::InUse)) => None,
        Err(e) => return Err(e.into()),
    };
    Recorded::new("cli.keys.rotate", ActKind::Rotate, None)?
        .target(format!("epoch {epoch}"))
        .figure("subjects", done.subjects)
        .figure("links", done.links)
        .figure("named", done.named)
        .figure("scopes", scopes.unwrap_or_default())
        .append(home)
        .await?;
    output::line(&format!(
        "epoch {epoch} is current; wrapped anew: {} subjects, {} links, {} keys of the tenant, {} scopes",
        done.subjects,
        done.links,
        done.named,
        scopes.map_or_else(|| "the vault's".to_owned(), |n| n.to_string())
    ))?;
    if scopes.is_none() {
        output::remark(
            "Another process has the keys open. It goes on under the epoch that it knows, and what it adds is wrapped anew by \
             `asepsis keys destroy-epoch`, for which it must be stopped.",
        );
    }
    output::remark(
        "Copy the folder of key files and make a new backup now: older ones close when the old epoch is destroyed.",
    );
    Ok(())
}

async fn destroy(home: &Home, keys: &Keys, vault: &Vault, epoch: u32, basis: &str) -> anyhow::Result<()> {
    let recorded = Recorded::new("cli.keys.destroy-epoch", ActKind::DestroyEpoch, Some(basis))?;
    // Everything that stands against it is found before it is recorded and done.
    drop(keys.alone().await?);
    if !keys.epochs().await?.iter().any(|e| e.number == epoch && e.destroyed.is_none() && epoch < keys.current_epoch())
    {
        bail!(
            "epoch {epoch} is not an old one; `asepsis keys status` lists them, and `asepsis keys rotate` makes a new one"
        );
    }
    keys.rewrap().await?;
    vault.rewrap().await?;
    recorded.target(format!("epoch {epoch}")).append(home).await?;
    match keys.destroy_epoch(epoch).await? {
        Destruction::Done => output::line(&format!("epoch {epoch} is destroyed"))?,
        Destruction::Pending { days } => output::line(&format!(
            "epoch {epoch} cannot be used any more; its root keeps the key for {days} days, until when it can be called back"
        ))?,
    }
    output::remark(
        "Every older copy of keys.db and vault.db is closed now: for who was shredded, and for all others too. Copies of the \
         key files, where there are any, must be destroyed as well.",
    );
    Ok(())
}

async fn shred(home: &Home, keys: &Keys, subject: SubjectId, basis: &str) -> anyhow::Result<()> {
    let key = keys.key_id(subject).await?;
    let mut recorded = Recorded::new("cli.keys.shred", ActKind::Shred, Some(basis))?.subject(subject);
    if let Some(key) = key {
        recorded = recorded.target(key.to_string());
    }
    // Recorded first: should this end in between, `--from-log` completes it.
    recorded.append(home).await?;
    let erased = keys.shred(subject, basis).await?;
    let key = key.map_or_else(|| "no key".to_owned(), |key| key.to_string());
    output::line(&format!("{subject} is shredded: {key}, {} links", erased.links))?;
    after_shredding(erased);
    Ok(())
}

fn after_shredding(erased: Erased) {
    if !erased.log_emptied {
        output::remark(
            "The write-ahead log of keys.db could not be emptied, because another process reads; do this again.",
        );
    }
    output::remark(
        "Older backups still open it until the epoch is destroyed: `asepsis keys rotate`, a new backup, `asepsis keys \
         destroy-epoch`. Surrogates of conversations are kept apart and are not touched.",
    );
}

async fn again(home: &Home, keys: &Keys, list: Vec<Shredded>) -> anyhow::Result<u8> {
    let erased = keys.shred_again(&list).await?;
    if erased.keys + erased.links > 0 {
        Recorded::new("cli.keys.shred", ActKind::Shred, Some("the list of what was shredded, applied again"))?
            .figure("keys", erased.keys)
            .figure("links", erased.links)
            .append(home)
            .await?;
    }
    output::line(&format!("{} in the list; shredded again: {} keys, {} links", list.len(), erased.keys, erased.links))?;
    after_shredding(erased);
    Ok(0)
}

/// What the logs of this data directory say was shredded.
pub(crate) async fn from_logs(home: &Home) -> anyhow::Result<Vec<Shredded>> {
    let mut list = Vec::new();
    for name in [LogName::Gateway, LogName::CommandLine] {
        let log = home.log_place(name);
        if !log.dir.exists() {
            continue;
        }
        let query = Query { phase: Some(Phase::Act), ..Query::default() };
        for hit in search::search(&log, &query).await? {
            let Some(act) = hit.event.act.filter(|act| act.kind == ActKind::Shred) else { continue };
            let Some(subject) = hit.event.subject else { continue };
            let at = OffsetDateTime::parse(&hit.event.time, &Rfc3339).context("an entry's time")?.unix_timestamp();
            let key = act.target.as_deref().map(str::parse::<KeyId>).transpose().context("an entry's target")?;
            list.push(Shredded { subject, key, at, basis: act.basis.unwrap_or_default() });
        }
    }
    Ok(list)
}

/// One entry of the list: when, subject, key or `-`, basis, with tabs between.
fn list_line(entry: &Shredded) -> String {
    let at = OffsetDateTime::from_unix_timestamp(entry.at).ok().and_then(|at| at.format(&Rfc3339).ok());
    let key = entry.key.map_or_else(|| "-".to_owned(), |key| key.to_string());
    format!("{}\t{}\t{key}\t{}", at.unwrap_or_default(), entry.subject, output::harmless(&entry.basis))
}

/// What `asepsis keys shredded` printed.
fn read_list(path: &Path) -> anyhow::Result<Vec<Shredded>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let entry = |line: &str| -> anyhow::Result<Shredded> {
        let mut parts = line.splitn(4, '\t');
        let mut next = || parts.next().context("a line is time, subject, key and basis, with tabs between");
        let at = OffsetDateTime::parse(next()?, &Rfc3339).context("the time is no RFC 3339")?.unix_timestamp();
        let subject = next()?.parse()?;
        let key = match next()? {
            "-" => None,
            key => Some(key.parse()?),
        };
        Ok(Shredded { subject, key, at, basis: next()?.to_owned() })
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| entry(line).with_context(|| format!("{}, line {}", path.display(), number + 1)))
        .collect()
}

/// A patient's identifier, from the command line or, for `-`, from standard input, where nobody else sees it.
pub(crate) fn read_patient(given: &str) -> anyhow::Result<PatientId> {
    if given != "-" {
        return Ok(PatientId::parse(given)?);
    }
    let mut text = Zeroizing::new(String::with_capacity(1024));
    std::io::stdin().lock().take(1024).read_to_string(&mut text).context("standard input")?;
    Ok(PatientId::parse(&text)?)
}

fn date(at: i64) -> String {
    OffsetDateTime::from_unix_timestamp(at).map_or_else(|_| "?".to_owned(), |t| t.date().to_string())
}
