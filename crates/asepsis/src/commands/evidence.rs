//! `asepsis evidence`: documents that facts rest on.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};
use asepsis_evidence::{Documents, EvidenceError};
use asepsis_govern::{Dossier, Evidence as About, Subject, catalogue};
use asepsis_store::Change;
use asepsis_vocab::ActKind;
use serde_json::json;
use time::{Date, OffsetDateTime};

use super::assess::book::{Book, Reach};
use super::assess::changes::Written;
use super::assess::with;
use crate::act::Recorded;
use crate::args::{Evidence, EvidenceAction, EvidenceAdd};
use crate::home::Home;
use crate::output;
use crate::registers::VENDOR;
use crate::registers::evidence::EVIDENCE;

pub(crate) fn run(path: &Path, command: &Evidence) -> anyhow::Result<u8> {
    let vendor = match &command.action {
        EvidenceAction::Add(asked) => Some(format!("{VENDOR}/{}", asked.vendor)),
        EvidenceAction::List { vendor, .. } => vendor.as_ref().map(|vendor| format!("{VENDOR}/{vendor}")),
        _ => None,
    };
    let reach = match (&command.action, &vendor) {
        (
            EvidenceAction::Show { id, .. } | EvidenceAction::Export { id, .. } | EvidenceAction::Remove { id, .. },
            _,
        ) => Reach::Document(id),
        (_, Some(vendor)) => Reach::Named(vendor),
        (_, None) => Reach::All,
    };
    with(path, reach, async |home, _, book| {
        let documents = home.documents().await?;
        match &command.action {
            EvidenceAction::Add(asked) => add(&home, &book, &documents, asked).await,
            EvidenceAction::List { vendor, json } => list(&book, vendor.as_deref(), *json),
            EvidenceAction::Show { id, json } => show(&book, &documents, id, *json).await,
            EvidenceAction::Export { id, out, basis } => export(&home, &documents, id, out.as_deref(), basis).await,
            EvidenceAction::Remove { id, basis, json } => remove(&home, &book, &documents, (id, basis, *json)).await,
        }
    })
}

async fn add(home: &Home, book: &Book, documents: &Documents, asked: &EvidenceAdd) -> anyhow::Result<u8> {
    if !book.has_vendor(&asked.vendor) {
        bail!("there is no vendor `{}` in the registers; add it first, or correct the name", asked.vendor);
    }
    for system in &asked.systems {
        if book.vendor_of(system) != Some(&asked.vendor) {
            bail!("vendor `{}` has no AI system `{system}`", asked.vendor);
        }
    }
    if let Some(fact) = asked.facts.iter().find(|fact| catalogue().fact(fact).is_none()) {
        bail!("there is no fact `{fact}`; `asepsis assess facts` lists them");
    }
    if asked.kind.needs_end() && asked.valid_to.is_none() {
        bail!("a {} is good for a time: give its last day with --valid-to", asked.kind.name());
    }
    if asked.issuer.trim().is_empty() || asked.issuer.len() > 200 || asked.issuer.chars().any(char::is_control) {
        bail!("--issuer is one line of 1 to 200 bytes");
    }
    let about = About {
        kind: asked.kind,
        issuer: asked.issuer.trim().to_owned(),
        vendor: asked.vendor.clone(),
        systems: asked.systems.iter().cloned().collect(),
        facts: asked.facts.iter().cloned().collect(),
        valid_to: asked.valid_to,
    };
    let change = Change::set(EVIDENCE, &asked.id, serde_json::to_string(&about)?).expecting(0);
    change.check()?;
    let (name, from): (String, Box<dyn Read + Send>) = match asked.file.to_str() {
        Some("-") => ("standard input".to_owned(), Box::new(io::stdin())),
        _ => {
            let file =
                std::fs::File::open(&asked.file).with_context(|| format!("cannot read {}", asked.file.display()))?;
            let name = asked.file.file_name().map(|name| name.to_string_lossy().into_owned());
            (name.unwrap_or_default(), Box::new(file))
        }
    };
    // The document first: a record of one that is not there would be a false proof, and a document without a record proves nothing.
    let now = i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
    let header = match documents.add(&asked.id, &name, from, now).await {
        // One that a run left behind which ended before its record was there.
        Err(EvidenceError::Exists(id)) if !book.evidence().contains_key(&id) => {
            bail!(
                "a document `{id}` is there without its record, of a run that was interrupted; `asepsis evidence remove {id}` first"
            )
        }
        added => added?,
    };
    let what = Written { interface: "cli.evidence.add", basis: &asked.basis, second: None };
    if let Err(error) = book.change(home, what, vec![change]).await {
        documents.remove(&asked.id).await?;
        return Err(error);
    }
    if asked.json {
        let shown = json!({ "id": asked.id, "bytes": header.bytes, "sha256": header.sha256, "about": about });
        output::line(&serde_json::to_string(&shown)?)?;
    } else {
        output::line(&format!("{}  {} bytes  SHA-256 {}", asked.id, header.bytes, header.sha256))?;
        output::remark(&format!(
            "Name it where a fact rests on it: `asepsis assess answer {} --fact mfa=yes --grade {:?} --source evidence:{} \
             --basis ...`",
            asked.vendor,
            asked.kind.best(),
            asked.id
        ));
    }
    Ok(0)
}

/// What becomes of it today.
fn state(about: &About, today: Date) -> String {
    match about.valid_to {
        Some(last) if last < today => format!("ended on {last}"),
        Some(last) => format!("good until {last}"),
        None => "no last day".to_owned(),
    }
}

fn list(book: &Book, vendor: Option<&str>, json: bool) -> anyhow::Result<u8> {
    let mut over = false;
    let of = book.evidence().iter().filter(|(_, about)| vendor.is_none_or(|vendor| about.vendor == vendor));
    for (id, about) in of {
        over |= !about.in_date(book.today);
        output::line(&match json {
            true => serde_json::to_string(&json!({ "id": id, "about": about, "in_date": about.in_date(book.today) }))?,
            false => format!(
                "{id}  {}  {}  {}  {}",
                about.vendor,
                about.kind.name(),
                output::harmless(&about.issuer),
                state(about, book.today)
            ),
        })?;
    }
    Ok(u8::from(over))
}

/// The facts of a dossier that rest on a document.
fn resting<'a>(dossier: &'a Dossier, id: &'a str) -> impl Iterator<Item = &'a str> {
    dossier.facts.iter().filter(move |(_, fact)| fact.evidence() == Some(id)).map(|(name, _)| name.as_str())
}

async fn show(book: &Book, documents: &Documents, id: &str, json: bool) -> anyhow::Result<u8> {
    let (header, stored) = documents.show(id).await?;
    let about = book.evidence().get(id).with_context(|| format!("the document `{id}` has no record"))?;
    let mut rest = Vec::new();
    let of_vendor = book.dossier(Subject::Vendor, &about.vendor);
    rest.extend(resting(&of_vendor, id).map(|fact| format!("vendor/{} {fact}", about.vendor)));
    for system in book.systems().filter(|system| book.vendor_of(system) == Some(&about.vendor)) {
        let dossier = book.dossier(Subject::System, system);
        rest.extend(resting(&dossier, id).map(|fact| format!("system/{system} {fact}")));
    }
    let added = OffsetDateTime::from_unix_timestamp(stored.added / 1_000)
        .map_or_else(|_| "?".to_owned(), |at| at.date().to_string());
    if json {
        let shown = json!({
            "id": id, "name": header.name, "sha256": header.sha256, "bytes": header.bytes, "added": added, "about": about,
            "in_date": about.in_date(book.today), "resting": rest,
        });
        output::line(&serde_json::to_string(&shown)?)?;
        return Ok(0);
    }
    output::line(&format!("{id}  {}  {} bytes, added {added}", output::harmless(&header.name), header.bytes))?;
    output::line(&format!("SHA-256 {}", header.sha256))?;
    output::line(&format!(
        "{} by {}, {}",
        about.kind.name(),
        output::harmless(&about.issuer),
        state(about, book.today)
    ))?;
    for one in rest {
        output::line(&format!("    {one}"))?;
    }
    Ok(0)
}

async fn export(home: &Home, documents: &Documents, id: &str, out: Option<&Path>, basis: &str) -> anyhow::Result<u8> {
    // It is there, and opens.
    documents.show(id).await?;
    let record = || -> anyhow::Result<Recorded> {
        Ok(Recorded::new("cli.evidence.export", ActKind::Reveal, Some(basis))?.target(format!("{EVIDENCE}/{id}")))
    };
    let Some(out) = out else {
        record()?.append(home).await?;
        documents.export(id, io::stdout()).await?;
        return Ok(0);
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(out).with_context(|| format!("cannot write {}; it is not overwritten", out.display()))?;
    let done = async {
        record()?.append(home).await?;
        documents.export(id, Synced(file)).await?;
        anyhow::Ok(())
    };
    if let Err(error) = done.await {
        let _ = std::fs::remove_file(out);
        return Err(error);
    }
    Ok(0)
}

/// A file that is synced when all was written.
struct Synced(std::fs::File);

impl Write for Synced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}

async fn remove(
    home: &Home,
    book: &Book,
    documents: &Documents,
    (id, basis, json): (&str, &str, bool),
) -> anyhow::Result<u8> {
    if book.evidence().contains_key(id) {
        let what = Written { interface: "cli.evidence.remove", basis, second: None };
        book.change(home, what, vec![Change::remove(EVIDENCE, id)]).await?;
        documents.remove(id).await?;
    } else if !documents.remove(id).await? {
        return Err(EvidenceError::Unknown(id.to_owned()).into());
    }
    output::line(&match json {
        true => json!({ "id": id, "removed": true }).to_string(),
        false => format!("{id} is removed; what rested on it counts as unknown"),
    })?;
    Ok(0)
}
