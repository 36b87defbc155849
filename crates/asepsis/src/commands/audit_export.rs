//! `asepsis audit export`: the log in formats that others read; and the streams that `asepsis serve` sends it by.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use asepsis_export::stream::Streams;
use asepsis_export::{Export, NotAnEvent, Record, Source, Tally};
use asepsis_log::search::Query;
use asepsis_log::{Entry, Log, LogPlace, for_each_entry};
use tempfile::NamedTempFile;

use crate::args::AuditExport;
use crate::config::Config;
use crate::home::{Home, LogName};
use crate::output;

/// The log's public key, whose first part is its origin.
const PUBLIC_KEY: &str = "log.vkey";

/// Bytes that are written together.
const BUFFER: usize = 64 << 10;

pub(crate) async fn run(log: &LogPlace, export: &AuditExport) -> anyhow::Result<u8> {
    let source = source(&log.dir)?;
    let tally = match &export.out {
        None => entries(log, export, source, io::stdout().lock(), "standard output").await?.1,
        Some(path) => to_file(log, export, source, path).await?,
    };
    output::remark(&format!("{} entries exported as {}, {} bytes", tally.records, export.format, tally.bytes));
    Ok(0)
}

/// Writes the file under another name beside its own, which it gets when it is whole. Its mode is 0600: it says who asked
/// what about whom, by pseudonym.
async fn to_file(log: &LogPlace, export: &AuditExport, source: Source, path: &PathBuf) -> anyhow::Result<Tally> {
    let shown = path.display().to_string();
    if path.exists() {
        bail!("{shown} is there already and is not written over; name another file, or move it away");
    }
    let beside = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = NamedTempFile::new_in(beside).with_context(|| format!("cannot write in {}", beside.display()))?;
    let (file, tally) = entries(log, export, source, file, &shown).await?;
    file.as_file().sync_all().with_context(|| format!("cannot write {shown}"))?;
    file.persist_noclobber(path).with_context(|| format!("cannot give {shown} its name"))?;
    Ok(tally)
}

/// Writes all entries that are asked for.
async fn entries<W: Write>(
    log: &LogPlace,
    export: &AuditExport,
    source: Source,
    out: W,
    place: &str,
) -> anyhow::Result<(W, Tally)> {
    let query = Query {
        system: export.system.clone(),
        from: export.from.clone(),
        until: export.until.clone(),
        ..Query::default()
    };
    let wanted = |record: &Record| {
        export.subject.is_none_or(|subject| record.event.subject == Some(subject)) && query.matches(&record.event)
    };
    let cannot = || format!("cannot write to {place}");
    let mut writing =
        Export::begin(export.format, source, BufWriter::with_capacity(BUFFER, out)).with_context(cannot)?;
    let mut stopped = None;
    for_each_entry(log, 0, |entry| {
        stopped = one(&mut writing, entry, wanted).err();
        stopped.is_none()
    })
    .await?;
    match stopped {
        None => {}
        // Whoever reads has seen enough, as `head` does.
        Some(Stopped::Out(error)) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Some(Stopped::Out(error)) => return Err(error).with_context(cannot),
        Some(Stopped::Entry(error)) => bail!("{error}"),
    }
    let (out, tally) = writing.end().with_context(cannot)?;
    Ok((out.into_inner().map_err(io::IntoInnerError::into_error).with_context(cannot)?, tally))
}

fn one<W: Write>(out: &mut Export<W>, entry: Entry, wanted: impl Fn(&Record) -> bool) -> Result<(), Stopped> {
    let record = Record::read(entry.index, entry.bytes)?;
    if wanted(&record) {
        out.write(&record)?;
    }
    Ok(())
}

/// Why an export stopped before its end.
enum Stopped {
    Entry(NotAnEvent),
    Out(io::Error),
}

impl From<NotAnEvent> for Stopped {
    fn from(error: NotAnEvent) -> Self {
        Self::Entry(error)
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Out(error)
    }
}

/// Starts the streams of the configuration, with their cursors in `export` of the data directory.
pub(crate) fn streams(config: &Config, home: &Home, log: &Log) -> anyhow::Result<Streams> {
    let source = source(&home.log_dir(LogName::Gateway))?;
    let cursors = config.data_dir().join("export");
    Streams::start(log, &source, &cursors, config.streams()?).context("cannot start the streams of [export]")
}

/// Whose log it is, as its public key says.
fn source(folder: &Path) -> anyhow::Result<Source> {
    let path = folder.join(PUBLIC_KEY);
    let key = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}; is {} the folder of a log?", path.display(), folder.display()))?;
    Ok(Source::new(key.trim().split('+').next().unwrap_or_default()))
}
