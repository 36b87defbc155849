//! `asepsis backup watch`: looks after other people's backups, and records what it finds.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use asepsis_backup::watch::{Canaries, Found, Verdict, Watch, WatchKind, WatchLock, WatchState, check, plant};
use asepsis_vocab::ActKind;
use time::OffsetDateTime;

use super::watch_report;
use crate::act::Recorded;
use crate::args::BackupWatch;
use crate::config::Config;
use crate::home::Home;
use crate::output;

/// What the target of an entry begins with, by which it is told from a drill's.
pub(crate) const TARGET: &str = "watch ";

/// Where the state of checks and the lists of canaries are.
pub(crate) fn folder(home: &Home) -> PathBuf {
    home.dir().join("watch")
}

/// Looks at one backup or all of them.
pub(crate) async fn run(config: &Config, home: &Home, asked: &BackupWatch) -> anyhow::Result<u8> {
    let names: Vec<&str> = match &asked.name {
        Some(name) => vec![name],
        None => config.watched().collect(),
    };
    ensure!(!names.is_empty(), "no backup is watched; add [[backup.watch]] to the configuration (docs/backup.md)");
    // All of them first: a name that is wrong is told before hours of reading.
    let watches = names.iter().map(|name| config.watch(name)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut verdicts = Vec::new();
    for watch in watches {
        if let Some(part) = asked.part {
            let most = watch.parts;
            ensure!((1..=most).contains(&part), "{}: --part is 1 to {most}, the `parts` of it", watch.name);
        }
        let found = one(home, &watch, asked.part).await?;
        verdicts.push(found.verdict());
        for line in match asked.json {
            true => vec![watch_report::json(&watch, &found)],
            false => watch_report::lines(&watch, &found),
        } {
            output::line(&line)?;
        }
    }
    Ok(match () {
        () if verdicts.contains(&Verdict::Alarm) => 1,
        () if verdicts.contains(&Verdict::NotLooked) => 2,
        () => 0,
    })
}

/// Looks at one, keeps what has to be known the next time, and records it.
async fn one(home: &Home, watch: &Watch, part: Option<u32>) -> anyhow::Result<Found> {
    let folder = folder(home);
    let _lock = WatchLock::take(&folder, &watch.name)?;
    let canaries = Canaries::load(&folder, &watch.name)?;
    let mut state = WatchState::load(&folder, &watch.name)?.unwrap_or_default();
    let now = u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).context("the clock is before 1970")?;
    let scratch =
        tempfile::Builder::new().prefix("asepsis-watch-").tempdir().context("cannot make a scratch folder")?;
    let (found, state) = {
        let (watch, scratch) = (watch.clone(), scratch.path().to_owned());
        tokio::task::spawn_blocking(move || {
            let found = check(&watch, canaries.as_ref(), &mut state, part, now, &scratch);
            (found, state)
        })
        .await?
    };
    state.save(&folder, &watch.name)?;
    let kind = if found.verdict() == Verdict::Sound { ActKind::BackupVerified } else { ActKind::BackupFault };
    let codes = found.codes().join(" ");
    let basis = (!codes.is_empty()).then_some(codes.as_str());
    let mut act = Recorded::new("cli.backup.watch", kind, basis)?
        .target(format!("{TARGET}{}", watch.name))
        .figure("alarms", found.alarms.len() as u64)
        .figure("not_looked", found.not_looked.len() as u64)
        .figure("canaries", found.canaries)
        .figure("took_ms", u64::try_from(found.took.as_millis()).unwrap_or(u64::MAX));
    let figures = [
        ("snapshots", found.snapshots),
        ("age_s", found.age),
        ("bytes", found.bytes),
        ("changed_bytes", found.changed),
        ("part", found.read.map(|(part, _)| u64::from(part))),
        ("parts", found.read.map(|(_, parts)| u64::from(parts))),
    ];
    for (name, figure) in figures {
        if let Some(figure) = figure {
            act = act.figure(name, figure);
        }
    }
    act.append(home).await?;
    Ok(found)
}

/// Plants canaries.
pub(crate) fn canaries(
    config: &Config,
    home: &Home,
    dir: &std::path::Path,
    name: &str,
    seen_as: Option<&str>,
) -> anyhow::Result<u8> {
    let watch = config.watch(name)?;
    ensure!(
        watch.kind != WatchKind::PgBackRest,
        "pgbackrest backs up a database and no other files, so nothing would take canaries there along"
    );
    let folder = folder(home);
    let _lock = WatchLock::take(&folder, name)?;
    for path in plant(&folder, name, dir, seen_as)? {
        output::line(&format!("PLANTED  {}", path.display()))?;
    }
    output::remark("They are looked for in every check from now on: let the next backup run first.");
    Ok(0)
}
