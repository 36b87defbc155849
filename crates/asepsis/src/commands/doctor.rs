//! `asepsis doctor`: looks at a practice as it stands, and says what is missing and what to do.

mod missing;

use std::path::Path;

use anyhow::Context;
use asepsis_backup::watch::{Verdict, WatchState};
use asepsis_log::policy::Policy;
use asepsis_log::search::{self, Query};
use asepsis_log::verify::{self, VerifyOptions};
use asepsis_policy::{EXPIRING_DAYS, ToolEffect};
use asepsis_vocab::{ActKind, Phase};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::commands::audit::mirror_standing;
use crate::commands::backup::watch;
use crate::commands::check::NOBODY_RELEASES;
use crate::config::Config;
use crate::home::{Home, LogName};
use crate::notices;
use crate::output;
use crate::registers::joined;

/// How old the newest drill of a backup may be.
const DRILL: Duration = Duration::days(8);

/// How old the newest cosignature of a witness may be.
const COSIGNED: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// Room on the disk, in bytes, under which it is mentioned.
const ENOUGH_ROOM: u64 = 2 << 30;

/// Room on the disk, in bytes, under which it is a fault: a log that cannot be written stops everything.
pub(crate) const LITTLE_ROOM: u64 = 256 << 20;

/// Agreements and facts that end soon and are named one by one.
const MOST_ENDINGS: usize = 20;

/// Entries of the log that a stream may be behind before it is mentioned.
const BEHIND: u64 = 10_000;

pub(crate) fn run(path: &Path) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let mut seen = Seen::default();
    match Config::read(path) {
        Ok(config) => runtime.block_on(look(&config, &mut seen))?,
        Err(error) => seen.fault(format!("the configuration: {error:#}")),
    }
    for (kind, text) in &seen.0 {
        let kind = match kind {
            Kind::Good => "OK     ",
            Kind::Warning => "WARNING",
            Kind::Fault => "FAULT  ",
        };
        output::line(&format!("{kind}  {text}"))?;
    }
    let faults = seen.0.iter().filter(|(kind, _)| *kind == Kind::Fault).count();
    let warnings = seen.0.iter().filter(|(kind, _)| *kind == Kind::Warning).count();
    output::line(&format!("{faults} faults, {warnings} warnings"))?;
    Ok(u8::from(faults > 0))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Good,
    Warning,
    Fault,
}

#[derive(Default)]
struct Seen(Vec<(Kind, String)>);

impl Seen {
    fn good(&mut self, text: impl Into<String>) {
        self.0.push((Kind::Good, text.into()));
    }

    fn warning(&mut self, text: impl Into<String>) {
        self.0.push((Kind::Warning, text.into()));
    }

    fn fault(&mut self, text: impl Into<String>) {
        self.0.push((Kind::Fault, text.into()));
    }
}

async fn look(config: &Config, seen: &mut Seen) -> anyhow::Result<()> {
    seen.good("the configuration is valid; `asepsis check` explains it");
    if let Some(warning) = config.reach().warning() {
        seen.warning(warning);
    }
    let data = config.data_dir();
    // Registers that cannot be used are told below.
    let with_store = if data.join("log").exists() { joined(config).await.ok() } else { None };
    match missing::missing(with_store.as_ref().unwrap_or(config)) {
        Ok(missing) if missing.is_empty() => seen.good("every AI system gets the richest form that it may take"),
        Ok(missing) => missing.into_iter().for_each(|line| seen.warning(line)),
        Err(error) => seen.fault(format!("what may go cannot be decided: {error:#}")),
    }
    if !data.join("log").exists() {
        seen.warning(format!("{} holds nothing yet; `asepsis serve` makes what is missing", data.display()));
        return Ok(());
    }
    private(&data, seen);
    room(&data, seen);
    let home = match Home::of(config) {
        Ok(home) => home,
        Err(error) => {
            seen.fault(format!("{error:#}"));
            return Ok(());
        }
    };
    server(&home, seen).await;
    if let Err(error) = log(&home, &data, seen).await {
        seen.fault(format!("the log cannot be read: {error:#}"));
    }
    keys(&home, config, seen).await;
    if let Err(error) = drills(&home, seen).await {
        seen.fault(format!("the log cannot be searched: {error:#}"));
    }
    watched(config, &home, seen);
    mirror(config, &home, seen).await;
    streams(config, &home, seen).await;
    registers(config, seen).await;
    if let Err(error) = releases(config, &home, seen).await {
        seen.fault(format!("what is held for a person cannot be read: {error:#}"));
    }
    if let Err(error) = reviews(&home, seen).await {
        seen.fault(format!("emergencies cannot be read: {error:#}"));
    }
    Ok(())
}

/// Whether the registers can be used, what in them ends soon, and what is switched off.
async fn registers(config: &Config, seen: &mut Seen) {
    let joined = match joined(config).await {
        Ok(joined) => joined,
        Err(error) => {
            let lasts = "a running gateway goes on with what it knew";
            seen.fault(format!("the registers of the configuration and the store cannot be used, {lasts}: {error:#}"));
            return;
        }
    };
    let (now, offset) = (OffsetDateTime::now_utc(), joined.offset);
    let endings = joined.register.endings();
    let soon: Vec<_> = endings.iter().filter(|ending| ending.days_left(now, offset) <= EXPIRING_DAYS).collect();
    for ending in soon.iter().take(MOST_ENDINGS) {
        seen.warning(notices::words(ending, ending.days_left(now, offset)));
    }
    if soon.len() > MOST_ENDINGS {
        seen.warning(format!("{} more of agreements and facts end soon or have ended", soon.len() - MOST_ENDINGS));
    }
    for stop in joined.register.stops().iter() {
        seen.warning(format!(
            "{0} {1} is switched off; `asepsis stop lift {0} {1}` ends that",
            stop.of.name(),
            stop.name
        ));
    }
    if soon.is_empty() {
        seen.good("no agreement or fact of the registers ends within 30 days");
    }
}

/// Whether emergencies were reviewed in time.
async fn reviews(home: &Home, seen: &mut Seen) -> anyhow::Result<()> {
    let store = home.store().await?;
    let all = asepsis_console::emergencies(&store).await?;
    store.close().await?;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let open = all.iter().filter(|declared| declared.emergency.review.is_none());
    let (overdue, open): (Vec<_>, Vec<_>) = open.partition(|declared| declared.emergency.is_overdue(now));
    for declared in overdue.iter().take(MOST_ENDINGS) {
        seen.fault(format!(
            "nobody reviewed the emergency {0} of {1} within three days: `asepsis emergency review {0}`",
            declared.id, declared.emergency.user
        ));
    }
    if overdue.len() > MOST_ENDINGS {
        seen.fault(format!("{} more reviews of emergencies are overdue", overdue.len() - MOST_ENDINGS));
    }
    if !open.is_empty() {
        seen.warning(format!("{} emergencies are to be reviewed: `asepsis emergency list`", open.len()));
    }
    Ok(())
}

/// Whether others can read the data directory.
fn private(data: &Path, seen: &mut Seen) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        match std::fs::metadata(data) {
            Ok(meta) if meta.permissions().mode() & 0o077 == 0 => seen.good("the data directory is its owner's alone"),
            Ok(_) => seen.fault(format!("others can look into {0}: chmod 700 {0}", data.display())),
            Err(error) => seen.fault(format!("{}: {error}", data.display())),
        }
    }
    #[cfg(not(unix))]
    let _ = (data, seen);
}

/// Whether the log can be written for a while.
fn room(data: &Path, seen: &mut Seen) {
    let Some(free) = free_bytes(data) else {
        return seen.warning("how much room the disk of the log has cannot be told here");
    };
    let text = format!("{} MiB are free on the disk of the log", free >> 20);
    match free {
        0..LITTLE_ROOM => seen.fault(format!("{text}; when it is full, nothing leaves: make room")),
        LITTLE_ROOM..ENOUGH_ROOM => seen.warning(format!("{text}; when it is full, nothing leaves")),
        ENOUGH_ROOM.. => seen.good(text),
    }
}

/// The room that is left on the disk of a folder, where the system tells.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    return rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// Whether the server of the databases can be reached, and keeps what it acknowledges.
async fn server(home: &Home, seen: &mut Seen) {
    let Some(server) = home.server() else { return };
    match server.look().await {
        Ok(found) => {
            let how = if server.is_by_tls() { "by TLS" } else { "in plain text" };
            seen.good(format!(
                "{server} answers {how}: PostgreSQL {}, which syncs what it acknowledges",
                found.version
            ));
            if !found.has_synchronous_standby {
                seen.warning(
                    "no other server has what this PostgreSQL acknowledges (synchronous_standby_names is empty): its disk is the \
                     only one; see docs/postgresql.md",
                );
            }
        }
        Err(error) => seen.fault(format!("the server of the databases: {error}")),
    }
}

/// Integrity, completeness, and whether somebody outside knows how far the log got.
async fn log(home: &Home, data: &Path, seen: &mut Seen) -> anyhow::Result<()> {
    let path = data.join("tlog-policy");
    let policy = match path.exists() {
        true => Some(Policy::parse(&std::fs::read_to_string(&path)?).with_context(|| path.display().to_string())?),
        false => None,
    };
    let witnessed = policy.as_ref().is_some_and(Policy::needs_witnesses);
    let max_age = witnessed.then_some(COSIGNED);
    let options = VerifyOptions { policy, max_age, ..VerifyOptions::default() };
    let report = verify::verify(&home.log_place(LogName::Gateway), options).await?;
    match report.findings.first() {
        None => seen.good(format!("the log: {} entries, every one hashed, as they were signed", report.entries)),
        Some(fault) => {
            seen.fault(format!("the log is not as it was signed: {fault}; `asepsis audit verify` tells all"));
        }
    }
    if !report.unfinished.is_empty() {
        seen.warning(format!(
            "{} exchanges were about to leave and have no end yet: running ones, or those of a crash",
            report.unfinished.len()
        ));
    }
    if witnessed && report.is_sound() {
        seen.good("witnesses outside have cosigned the log within a day");
    } else if !witnessed {
        seen.warning(
            "nobody outside this machine knows the log: who holds all of it could put an older one in its place unseen. Have a \
             witness (docs/audit.md), or keep a checkpoint elsewhere",
        );
    }
    Ok(())
}

/// Whether the keys open, and where their root is.
async fn keys(home: &Home, config: &Config, seen: &mut Seen) {
    let keys = match home.keys().await {
        Ok(keys) => keys,
        Err(error) => return seen.fault(format!("the keys do not open: {error:#}")),
    };
    match home.vault_of(&keys).await {
        Ok(_) => seen.good("keys and vault open"),
        Err(error) => seen.fault(format!("the vault does not open: {error:#}")),
    }
    if config.keys().is_plain_file(home.key_files()) {
        seen.warning(
            "the root key lies in the clear beside the data (keys/root.key): keep a copy elsewhere, and see docs/keys.md for age, \
             PKCS#11, Vault and KMS",
        );
    }
    if let Ok(epochs) = keys.epochs().await {
        let current = keys.current_epoch();
        let old = epochs.iter().filter(|e| e.destroyed.is_none() && e.number < current).count();
        if old > 0 {
            seen.warning(format!(
                "{old} old epochs of the keys are there: who was shredded since lives in backups until `asepsis keys destroy-epoch`"
            ));
        }
    }
}

/// What AI systems want to do and nobody has decided on.
async fn releases(config: &Config, home: &Home, seen: &mut Seen) -> anyhow::Result<()> {
    if config.releases()?.is_none() {
        return Ok(());
    }
    let writes = config.tools()?.rules.iter().any(|rule| matches!(rule.effect, ToolEffect::Write | ToolEffect::Record));
    if writes && config.releasing().next().is_none() {
        seen.warning(NOBODY_RELEASES);
    }
    let store = home.store().await?;
    let waiting = store.held_waiting(OffsetDateTime::now_utc().unix_timestamp()).await?;
    store.close().await?;
    match waiting {
        0 => seen.good("no AI system waits for a person to say yes"),
        waiting => seen.warning(format!("{waiting} answers of AI systems wait for a person: `asepsis release list`")),
    }
    Ok(())
}

/// When a backup was last restored for a trial.
async fn drills(home: &Home, seen: &mut Seen) -> anyhow::Result<()> {
    let mut newest: Option<(String, bool)> = None;
    for name in [LogName::Gateway, LogName::CommandLine] {
        let log = home.log_place(name);
        if !log.dir.exists() {
            continue;
        }
        let query = Query { phase: Some(Phase::Act), ..Query::default() };
        for hit in search::search(&log, &query).await? {
            let act = hit.event.act.as_ref();
            if act.and_then(|act| act.target.as_deref()).is_some_and(|target| target.starts_with(watch::TARGET)) {
                continue;
            }
            let kind = act.map(|act| act.kind);
            let good = match kind {
                Some(ActKind::BackupVerified) => true,
                Some(ActKind::BackupFault) => false,
                _ => continue,
            };
            if newest.as_ref().is_none_or(|(time, _)| *time < hit.event.time) {
                newest = Some((hit.event.time, good));
            }
        }
    }
    let Some((time, good)) = newest else {
        seen.warning("no backup was ever tried: `asepsis backup create`, then `asepsis backup drill` (docs/backup.md)");
        return Ok(());
    };
    let age = OffsetDateTime::parse(&time, &Rfc3339).map(|at| OffsetDateTime::now_utc() - at);
    match age {
        _ if !good => seen.fault(format!("the drill of {time} found a fault in the backup: make a new one and try it")),
        Ok(age) if age <= DRILL => seen.good(format!("a backup was restored for a trial at {time}")),
        _ => seen.warning(format!("the last drill of a backup was at {time}: try the newest one")),
    }
    Ok(())
}

/// When the backups of other systems were last looked at, and what came of it.
fn watched(config: &Config, home: &Home, seen: &mut Seen) {
    for name in config.watched() {
        let state = match WatchState::load(&watch::folder(home), name) {
            Ok(Some(state)) => state,
            Ok(None) => {
                seen.warning(format!("the backup {name} was never verified: `asepsis backup watch {name}`"));
                continue;
            }
            Err(error) => {
                seen.fault(format!("the backup {name}: {error}"));
                continue;
            }
        };
        let at = i64::try_from(state.looked).ok().and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok());
        let age = at.map(|at| OffsetDateTime::now_utc() - at);
        let time = at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default();
        let text = format!("the backup {name} was verified at {time}");
        match state.verdict {
            Verdict::Alarm => seen.fault(format!(
                "{text}, and something is wrong with it ({}): `asepsis backup watch {name}` tells all",
                state.codes.join(", ")
            )),
            _ if age.is_none_or(|age| age > DRILL) => {
                seen.warning(format!("{text} and not lately: `asepsis backup watch {name}`"));
            }
            Verdict::NotLooked => {
                seen.warning(format!("{text} and could not be looked at ({})", state.codes.join(", ")));
            }
            Verdict::Sound => seen.good(text),
        }
    }
}

/// How far the mirror of the log is behind, and whether it is this log's.
async fn mirror(config: &Config, home: &Home, seen: &mut Seen) {
    match mirror_standing(config, &home.log_dir(LogName::Gateway)).await {
        None => {}
        Some(Ok((address, there, here))) => {
            let text = format!("the mirror {address}: {there} of {here} entries are published");
            if here.saturating_sub(there) > BEHIND { seen.warning(text) } else { seen.good(text) }
        }
        Some(Err((true, error))) => seen.fault(format!("the mirror: {error}")),
        Some(Err((false, error))) => seen.warning(format!("the mirror: {error}")),
    }
}

/// How far the streams of the log are behind.
async fn streams(config: &Config, home: &Home, seen: &mut Seen) {
    let streams = match config.streams() {
        Ok(streams) => streams,
        Err(error) => return seen.fault(format!("[export]: {error:#}")),
    };
    let log = home.log_place(LogName::Gateway);
    let Ok(origin) = asepsis_log::origin(&log.dir) else { return };
    let newest = search::search(&log, &Query { last: Some(1), ..Query::default() }).await;
    let size = newest.ok().and_then(|hits| hits.first().map(|hit| hit.index + 1)).unwrap_or_default();
    for stream in streams {
        match asepsis_export::stream::Cursor::open(&home.dir().join("export"), &stream.name, &origin) {
            Ok(cursor) => {
                let behind = size.saturating_sub(cursor.confirmed());
                let text = format!("stream {}: {behind} entries are not confirmed yet", stream.name);
                if behind > BEHIND { seen.warning(text) } else { seen.good(text) }
            }
            Err(error) => seen.fault(format!("stream {}: {error}", stream.name)),
        }
    }
}
