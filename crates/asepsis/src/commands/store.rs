//! `asepsis store move`: an installation's databases from files to a server, or back, or from one server to another.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use asepsis_log::verify::{self, VerifyOptions};
use asepsis_vocab::ActKind;

use crate::act::Recorded;
use crate::args::{StoreAction, StoreCommand};
use crate::config::Config;
use crate::home::{Home, LogName};
use crate::output;

pub(crate) fn run(path: &Path, command: &StoreCommand) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let StoreAction::Move { from } = &command.action;
    let (from, to) = (Config::read(from)?, Config::read(path)?);
    runtime.block_on(change(&from, &to))
}

/// Copies everything while nobody else can write, proves that the log is the same, and puts the former databases aside.
async fn change(from: &Config, to: &Config) -> anyhow::Result<u8> {
    ensure!(
        from.data_dir() == to.data_dir(),
        "the two configurations name two data directories; the files of keys and logs stay where they are, so name one"
    );
    let (source, target) = (Home::of(from)?, Home::beside(to)?);
    ensure!(source.server() != target.server(), "both configurations name the same databases");
    let keys = source.keys().await?;
    // Who holds the logs and is alone with the keys is the only one who writes.
    let alone = keys.alone().await?;
    let mut logs = Vec::new();
    for name in [LogName::Gateway, LogName::CommandLine] {
        if source.log_dir(name).exists() {
            let (log, _) = source.log(name).await.context("stop the gateway and other commands of Asepsis first")?;
            let size = log.checkpoint().await?.size;
            logs.push((name, log, size));
        }
    }
    let mut rows = 0;
    for (name, ..) in &logs {
        rows += asepsis_log::copy(&source.log_place(*name), &target.log_place(*name)).await?;
    }
    rows += asepsis_store::copy(source.place("store.db"), target.place("store.db")).await?;
    rows += asepsis_evidence::copy(source.place("evidence.db"), target.place("evidence.db")).await?;
    rows += asepsis_vault::copy(source.place("vault.db"), target.place("vault.db")).await?;
    rows += asepsis_keys::copy(source.place("keys.db"), target.place("keys.db")).await?;
    for (name, log, size) in logs {
        let report = verify::verify(&target.log_place(name), VerifyOptions::default()).await?;
        if !report.is_sound() || report.size != size {
            bail!(
                "what was copied is not the log that was signed; nothing was put aside, and `asepsis audit verify` tells more"
            );
        }
        log.close().await?;
    }
    drop(alone);
    drop(keys);
    let aside = source.put_aside().await?;
    target.unmark()?;
    Recorded::new("cli.store.move", ActKind::BackupCreated, None)?
        .target(format!("the databases, moved from {}", source.databases()))
        .figure("rows", rows)
        .append(&Home::of(to)?)
        .await?;
    output::line(&format!("MOVED    {rows} rows; the former databases are put aside as {aside}"))?;
    output::remark(
        "Start the gateway with this configuration, look at it with `asepsis doctor`, and then delete what was put aside.",
    );
    Ok(0)
}
