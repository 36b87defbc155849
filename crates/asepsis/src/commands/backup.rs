//! `asepsis backup`: makes backups, checks them, proves by a drill that they can be used, and looks after those of others.

pub(crate) mod watch;
pub(crate) mod watch_metrics;
mod watch_report;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use asepsis_backup::{LogEntry, Manifest, Opener, Recipients};
use asepsis_keys::KeyError;
use asepsis_log::verify::{self, Report, VerifyOptions};
use asepsis_vocab::ActKind;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::act::Recorded;
use crate::args::{Backup, BackupAction, BackupSource, CanaryAction};
use crate::commands::doctor::{LITTLE_ROOM, free_bytes};
use crate::config::Config;
use crate::home::{Home, LogName};
use crate::output;

pub(crate) fn run(config: &Path, backup: &Backup) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let home = || -> anyhow::Result<Home> {
        match &backup.data {
            Some(data) => Home::existing(data),
            None => {
                let config = Config::read(config)?;
                Ok(Home::of(&config)?)
            }
        }
    };
    match &backup.action {
        BackupAction::Create { to, recipients, recipients_file } => {
            let listed = recipients_file.as_deref().map(std::fs::read_to_string).transpose();
            let listed = listed.context("cannot read the file of recipients")?.unwrap_or_default();
            let lines = listed.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
            let all = Recipients::parse(recipients.iter().map(String::as_str).chain(lines))?;
            runtime.block_on(create(&home()?, to, &all))
        }
        BackupAction::Verify(source) => {
            let manifest = asepsis_backup::verify(&source.file, &Opener::load(&source.identity)?)?;
            output::line(&format!("WHOLE    {}", summary(&manifest)))?;
            output::remark("every byte is as it was written; whether it can be used, `asepsis backup drill` shows");
            Ok(0)
        }
        BackupAction::Restore { source, to } => {
            room_for(
                to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")),
                &source.file,
                "--to",
            )?;
            let manifest = asepsis_backup::restore(&source.file, &Opener::load(&source.identity)?, to)?;
            output::line(&format!("RESTORED {} into {}", summary(&manifest), to.display()))?;
            output::remark(
                "Put the copy of `keys/` into it, shred again who was erased since (`asepsis keys shred --list`), and verify the log \
                 with the newest checkpoint that you have; see docs/backup.md.",
            );
            Ok(0)
        }
        BackupAction::Drill { source, scratch } => runtime.block_on(drill(&home()?, source, scratch.as_deref())),
        BackupAction::Watch(asked) => runtime.block_on(watch::run(&Config::read(config)?, &home()?, asked)),
        BackupAction::Canary { action: CanaryAction::Create { dir, watched, seen_as } } => {
            watch::canaries(&Config::read(config)?, &home()?, dir, watched, seen_as.as_deref())
        }
    }
}

async fn create(home: &Home, to: &Path, recipients: &Recipients) -> anyhow::Result<u8> {
    let made = OffsetDateTime::now_utc().format(&Rfc3339)?;
    // What is on a server is first copied into files, so that a backup is the same whatever it was made of.
    let staged = match home.server() {
        Some(_) => Some(staged(home).await.context("the copy of the databases")?),
        None => None,
    };
    let data = staged.as_ref().map_or(home.dir(), tempfile::TempDir::path);
    let created = asepsis_backup::create(data, to, recipients, &made)?;
    drop(staged);
    Recorded::new("cli.backup.create", ActKind::BackupCreated, None)?
        .target(format!("sha256:{}", created.sha256))
        .figure("bytes", created.bytes)
        .figure("files", created.manifest.files.len() as u64)
        .append(home)
        .await?;
    output::line(&format!(
        "MADE     {}; {} bytes, sha256 {}",
        summary(&created.manifest),
        created.bytes,
        created.sha256
    ))?;
    output::remark(
        "It holds no keys: keep a copy of the folder `keys/` elsewhere, and copy it again after each rotation. Try it: \
         `asepsis backup drill`.",
    );
    Ok(0)
}

/// A folder in the data directory with the databases of the server as files, each as it was in one moment, the logs first and the
/// keys last, and of the logs' files those that go into a backup.
async fn staged(home: &Home) -> anyhow::Result<tempfile::TempDir> {
    let staged = tempfile::Builder::new().prefix(".backup-").tempdir_in(home.dir())?;
    let files = Home::open(staged.path())?;
    for name in [LogName::Gateway, LogName::CommandLine] {
        let (from, to) = (home.log_place(name), files.log_place(name));
        if !from.dir.exists() {
            continue;
        }
        std::fs::create_dir_all(&to.dir)?;
        // The checkpoint before the entries: it never covers more than they are.
        for file in ["checkpoint", "log.vkey", "retention"] {
            if from.dir.join(file).exists() {
                std::fs::copy(from.dir.join(file), to.dir.join(file))?;
            }
        }
        asepsis_log::copy(&from, &to).await?;
        tiles(&from.dir.join("tile"), &to.dir.join("tile"))?;
    }
    let policy = home.dir().join("tlog-policy");
    if policy.exists() {
        std::fs::copy(&policy, staged.path().join("tlog-policy"))?;
    }
    asepsis_store::copy(home.place("store.db"), files.place("store.db")).await?;
    asepsis_evidence::copy(home.place("evidence.db"), files.place("evidence.db")).await?;
    asepsis_vault::copy(home.place("vault.db"), files.place("vault.db")).await?;
    asepsis_keys::copy(home.place("keys.db"), files.place("keys.db")).await?;
    Ok(staged)
}

/// Copies the full hash tiles of a log. Bundles and partial tiles are made again from the entries.
fn tiles(from: &Path, to: &Path) -> anyhow::Result<()> {
    let Ok(listed) = std::fs::read_dir(from) else { return Ok(()) };
    std::fs::create_dir_all(to)?;
    for entry in listed {
        let (entry, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        let shown = name.to_string_lossy();
        if entry.is_dir() && shown != "entries" && !shown.ends_with(".p") {
            tiles(&entry, &to.join(&name))?;
        } else if entry.is_file() {
            std::fs::copy(&entry, to.join(&name))?;
        }
    }
    Ok(())
}

fn summary(manifest: &Manifest) -> String {
    format!("backup of {}, {} files, {} logs", manifest.made, manifest.files.len(), manifest.logs.len())
}

/// Restores into a scratch folder and proves that what came out is of use. What was found goes into the log either way.
async fn drill(home: &Home, source: &BackupSource, scratch: Option<&Path>) -> anyhow::Result<u8> {
    let began = Instant::now();
    let folder = scratch.unwrap_or(home.dir());
    room_for(folder, &source.file, "--scratch")?;
    let scratch = tempfile::tempdir_in(folder).context("cannot make a scratch folder")?;
    let into = scratch.path().join("restored");
    let done = proved(home, source, &into).await;
    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    match done {
        Ok(found) => {
            Recorded::new("cli.backup.drill", ActKind::BackupVerified, None)?
                .target(format!("made {}", found.made))
                .figure("entries", found.entries)
                .figure("shredded", found.shredded)
                .figure("restored_ms", millis)
                .append(home)
                .await?;
            output::line(&format!("RESTORED the backup of {} in {millis} ms", found.made))?;
            output::line(&format!(
                "PREFIX   its logs ({} entries) are the beginning of the live ones, and intact",
                found.entries
            ))?;
            output::line("VAULT    it opens with the keys of today")?;
            output::line(&format!("SHREDDED {} people stay erased in it", found.shredded))?;
            Ok(0)
        }
        Err(error) => {
            // The error names files and places, and nothing of what they hold.
            Recorded::new("cli.backup.drill", ActKind::BackupFault, None)?
                .figure("restored_ms", millis)
                .append(home)
                .await?;
            output::line(&format!("FAULT    {error:#}"))?;
            Ok(1)
        }
    }
}

/// Refuses to fill the disk: where it is the log's, nothing could leave any more. Nothing in a backup is compressed, so it holds
/// no more than its own length.
fn room_for(folder: &Path, backup: &Path, option: &str) -> anyhow::Result<()> {
    let bytes = std::fs::metadata(backup).with_context(|| format!("cannot read {}", backup.display()))?.len();
    match free_bytes(folder) {
        Some(free) if free < bytes.saturating_add(LITTLE_ROOM) => bail!(
            "{} has {} MiB free, and the backup is of {} MiB; name another disk with {option}",
            folder.display(),
            free >> 20,
            bytes >> 20
        ),
        _ => Ok(()),
    }
}

/// What a drill found.
struct Proved {
    made: String,
    /// Entries under the checkpoints of the backup.
    entries: u64,
    shredded: u64,
}

async fn proved(home: &Home, source: &BackupSource, into: &Path) -> anyhow::Result<Proved> {
    let manifest = asepsis_backup::restore(&source.file, &Opener::load(&source.identity)?, into)?;
    let restored = home.restored(into);
    let mut entries = 0;
    for log in &manifest.logs {
        entries += prefix(home, &restored, log).await?;
    }

    // What was erased since the backup was made is alive in it, until it is erased again: as after a real restore.
    let shredded = home.keys().await?.shredded().await?;
    let keys = restored.keys().await.context("the restored keys")?;
    keys.shred_again(&shredded).await.context("shred again in the restored keys")?;
    for one in &shredded {
        match keys.subject_key(one.subject).await {
            Err(KeyError::Shredded { .. }) => {}
            Ok(_) => bail!("a person who was erased lives in the restored keys"),
            Err(error) => return Err(error).context("the restored keys"),
        }
    }
    drop(restored.vault_of(&keys).await.context("the restored vault")?);
    Ok(Proved { made: manifest.made, entries, shredded: shredded.len() as u64 })
}

/// Proves that a restored log is intact and the beginning of the live one; returns how many entries its checkpoint covers.
async fn prefix(home: &Home, restored: &Home, log: &LogEntry) -> anyhow::Result<u64> {
    let name = match log.folder.as_str() {
        "log" => LogName::Gateway,
        "log-cli" => LogName::CommandLine,
        other => bail!("{other} is no log that this version knows"),
    };
    let Some(checkpoint) = &log.checkpoint else { return Ok(0) };
    // Opening writes anew what is derived from the entries, and refuses entries that are not what was signed.
    let (opened, _) = restored.log(name).await.with_context(|| format!("the restored {}", log.folder))?;
    opened.close().await?;
    let pin = || VerifyOptions { pin: Some(checkpoint.clone()), ..VerifyOptions::default() };
    let own = verify::verify(&restored.log_place(name), pin()).await?;
    sound(&own, || format!("the restored {}", log.folder))?;
    let live = verify::verify(&home.log_place(name), pin()).await?;
    sound(&live, || format!("the live {} does not go on from the backup's", log.folder))?;
    Ok(checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or_default())
}

fn sound(report: &Report, of: impl Fn() -> String) -> anyhow::Result<()> {
    match report.findings.first() {
        None if report.is_sound() => Ok(()),
        None => bail!("{}: it is not intact", of()),
        Some(fault) => bail!("{}: {fault}", of()),
    }
}
