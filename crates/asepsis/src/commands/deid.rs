//! `asepsis deid`: replaces identifiers in files, folders or standard input by surrogates.

use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use asepsis_exchange::{Asker, Ending, Level, Piece, Plane, Rendering, Whereabouts, count};
use asepsis_phi::Engine;
use asepsis_vault::{ScopeId, Space, Vault};
use asepsis_vocab::{ClassCount, DisclosureForm};

use crate::args::{Deid, Look};
use crate::batch::{self, Document, Found, Line, Unreadable};
use crate::config::read_known;
use crate::home::{Home, LogName};
use crate::model;
use crate::output;

/// What a run did.
#[derive(Default)]
struct Sum {
    found: Vec<ClassCount>,
    replaced: u64,
    bytes: u64,
    refused: usize,
}

/// A document that was rewritten.
struct Done {
    bytes: Vec<u8>,
    found: Vec<ClassCount>,
    replaced: u64,
    read: usize,
}

/// A document and its new texts.
struct Rewritten {
    document: Document,
    texts: Vec<Option<String>>,
    found: Vec<ClassCount>,
    replaced: u64,
}

/// All that rewriting needs.
struct Run<'a> {
    plane: &'a Plane,
    scope: ScopeId,
    form: DisclosureForm,
    rendering: Rendering,
    runtime: tokio::runtime::Handle,
}

pub(crate) fn run(config: &Path, deid: &Deid) -> anyhow::Result<u8> {
    if matches!(deid.form, DisclosureForm::Identified | DisclosureForm::Nothing) {
        bail!("--form must be limited, pseudonymised or deidentified");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let known = deid.known.as_deref().map(read_known).transpose()?.unwrap_or_default();
    let home = Home::named(&deid.vault.data, config)?;
    let engine = model::engine(Engine::builder().titles_apart().profile(deid.profile), deid.model.as_deref())?;
    let opening = home.plane(LogName::CommandLine, engine, known, Home::no_rules()?, Arc::default(), false);
    let (plane, _) = runtime.block_on(opening)?;
    let (scope, name) = scope(plane.vault(), deid.scope.as_deref());
    let rendering = match deid.surrogates {
        Look::Placeholder => Rendering::Placeholder,
        Look::Realistic => Rendering::Realistic,
    };
    let run = Run { plane: &plane, scope, form: deid.form, rendering, runtime: runtime.handle().clone() };

    let _inside = runtime.enter();
    let mut ticket = plane.begin("cli.deid");
    ticket.identify(&local_user());
    let mut sum = Sum::default();
    let result = work(deid, &run, &mut sum);
    ticket.describe_local(deid.form, std::mem::take(&mut sum.found), sum.replaced, sum.bytes);
    let status = if result.is_ok() { "completed" } else { "internal" };
    runtime.block_on(ticket.close(Ending::of(status)))?;
    runtime.block_on(plane.log().clone().close())?;
    result?;
    output::remark(&format!("{} places rewritten as {}; scope {name}", sum.replaced, deid.form));
    if deid.form == DisclosureForm::Deidentified {
        output::remark(
            "The first layer of detection looked. Names without a cue may be left: have a person read the text before it is \
             used as de-identified (45 CFR 164.514(b)(2)).",
        );
    }
    Ok(if sum.refused > 0 { 3 } else { 0 })
}

fn work(deid: &Deid, run: &Run<'_>, sum: &mut Sum) -> anyhow::Result<()> {
    if deid.jsonl {
        return jsonl(run, sum);
    }
    match deid.input.as_deref().filter(|p| p.as_os_str() != "-") {
        None => standard_input(run, sum, deid.output.as_deref()),
        Some(input) if input.is_dir() => {
            let output =
                deid.output.as_deref().context("a folder needs a folder to write to: asepsis deid IN_DIR OUT_DIR")?;
            folder(run, sum, input, output)
        }
        Some(input) => file(run, sum, input, deid.output.as_deref()),
    }
}

impl Run<'_> {
    fn rewrite(&self, mut document: Document) -> anyhow::Result<Rewritten> {
        let pieces = std::mem::take(&mut document.pieces);
        let rewriting = self.plane.rewrite(pieces, &self.scope, self.form, self.rendering);
        let (pieces, findings, protected) = self.runtime.block_on(rewriting).map_err(|kind| {
            use asepsis_exchange::RefusalKind;
            match kind {
                RefusalKind::Tripwire(place) => {
                    anyhow::anyhow!("after the rewriting an identifier was still seen at {place}; it is not written")
                }
                RefusalKind::TooLong(class) => anyhow::anyhow!(
                    "over 65535 bytes in a row look like one identifier ({class}), and nothing that long is kept; it is not written"
                ),
                RefusalKind::Vault(error) => anyhow::Error::new(error),
                _ => anyhow::anyhow!("the inspection failed; it is not written"),
            }
        })?;
        let found = count(&pieces, &findings);
        document.pieces = pieces;
        Ok(Rewritten { document, texts: protected.texts, found, replaced: protected.replaced })
    }

    fn document(&self, document: Document) -> anyhow::Result<Done> {
        let read = document.len();
        let Rewritten { document, texts, found, replaced } = self.rewrite(document)?;
        Ok(Done { bytes: document.with(&texts), found, replaced, read })
    }
}

fn jsonl(run: &Run<'_>, sum: &mut Sum) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let work = |line: Line| {
        let done = run.document(Document::text(line.text))?;
        let text = serde_json::to_string(&String::from_utf8(done.bytes.clone())?)?;
        anyhow::Ok((format!("{{\"id\":{},\"text\":{text}}}\n", line.id), done))
    };
    batch::ordered(
        batch::id_text_lines(),
        |l| l.text.len(),
        work,
        |result| {
            let (line, done) = result?;
            sum.add(&done);
            out.write_all(line.as_bytes()).context("standard output")
        },
    )?;
    out.flush().context("standard output")
}

fn standard_input(run: &Run<'_>, sum: &mut Sum, output: Option<&Path>) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("standard input")?;
    let text = String::from_utf8(bytes)
        .map_err(|e| anyhow::anyhow!("standard input: byte {} is not UTF-8 text", e.utf8_error().valid_up_to()))?;
    let done = run.document(Document::text(text))?;
    sum.add(&done);
    write(output, &done.bytes)
}

fn file(run: &Run<'_>, sum: &mut Sum, input: &Path, output: Option<&Path>) -> anyhow::Result<()> {
    match rewritten(run, sum, input) {
        Ok(bytes) => write(output, &bytes),
        Err(error) if error.downcast_ref().is_some_and(|why| !matches!(why, Unreadable::Io(_))) => {
            sum.refused += 1;
            output::remark(&format!("{}: not written: {error:#}", input.display()));
            Ok(())
        }
        Err(error) => Err(error.context(input.display().to_string())),
    }
}

fn rewritten(run: &Run<'_>, sum: &mut Sum, input: &Path) -> anyhow::Result<Vec<u8>> {
    let documents = batch::documents(input)?;
    let mut whole = Vec::new();
    let work = |(document, after)| Ok((run.document(document)?, after));
    batch::ordered(
        documents.into_iter().map(Ok),
        |(d, _)| d.len(),
        work,
        |result: anyhow::Result<(Done, &str)>| {
            let (done, after) = result?;
            sum.add(&done);
            whole.extend_from_slice(&done.bytes);
            whole.extend_from_slice(after.as_bytes());
            Ok(())
        },
    )?;
    Ok(whole)
}

fn folder(run: &Run<'_>, sum: &mut Sum, input: &Path, output: &Path) -> anyhow::Result<()> {
    let files = batch::files(&[input.to_owned()])?;
    let bar = batch::progress(files.len() as u64);
    let work = |found: Found| {
        let mut local = Sum::default();
        let result = rewritten(run, &mut local, &found.path).and_then(|bytes| {
            let target = output.join(name(run, &found.below)?);
            if target.exists() {
                bail!("{} is there already; give an empty folder", target.display());
            }
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(&target, bytes)?;
            Ok(target)
        });
        bar.inc(1);
        (found, local, result)
    };
    let size = |found: &Found| found.path.metadata().ok().and_then(|m| usize::try_from(m.len()).ok()).unwrap_or(0);
    batch::ordered(files.into_iter().map(Ok), size, work, |(found, local, result)| {
        match result {
            Ok(target) => {
                output::line(&format!("{}: {} places rewritten", target.display(), local.replaced))?;
                sum.merge(&local);
            }
            Err(error) => {
                sum.refused += 1;
                output::remark(&format!("{}: not written: {error:#}", found.path.display()));
            }
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    Ok(())
}

/// The way of a file below the folder, with identifiers in its names rewritten.
fn name(run: &Run<'_>, below: &Path) -> anyhow::Result<PathBuf> {
    let mut pieces = Vec::new();
    // By its ending `reid` knows the format, so the ending stays.
    let (below, ending) = match below.extension().and_then(|e| e.to_str()) {
        Some(ending) if batch::ENDINGS.contains(&ending.to_ascii_lowercase().as_str()) => {
            (below.with_extension(""), format!(".{ending}"))
        }
        _ => (below.to_owned(), String::new()),
    };
    for part in below.components() {
        let text = part.as_os_str().to_str().context("its name is no UTF-8")?.to_owned();
        pieces.push(Piece::new(text, "its name".to_owned()));
    }
    let mut document = Document::text(String::new());
    document.pieces = pieces;
    let Rewritten { document, texts, .. } = run.rewrite(document)?;
    let parts = document.pieces.iter().zip(texts).map(|(piece, text)| text.unwrap_or_else(|| piece.text.clone()));
    let mut name = parts.collect::<PathBuf>().into_os_string();
    name.push(ending);
    Ok(name.into())
}

impl Sum {
    fn add(&mut self, done: &Done) {
        self.replaced += done.replaced;
        self.bytes += done.read as u64;
        self.count(&done.found);
    }

    fn merge(&mut self, other: &Self) {
        self.replaced += other.replaced;
        self.bytes += other.bytes;
        self.count(&other.found);
    }

    fn count(&mut self, found: &[ClassCount]) {
        for count in found {
            match self.found.iter_mut().find(|c| c.class == count.class) {
                Some(sum) => {
                    sum.places += count.places;
                    sum.distinct += count.distinct;
                }
                None => self.found.push(*count),
            }
        }
    }
}

/// The scope of a run, and the name under which it is found again.
pub(crate) fn scope(vault: &Vault, name: Option<&str>) -> (ScopeId, String) {
    let name = name.map_or_else(|| asepsis_vocab::ExchangeId::now().to_string()[3..].to_owned(), str::to_owned);
    (vault.scope(Space::CommandLine, "local", name.as_bytes()), name)
}

pub(crate) fn write(output: Option<&Path>, bytes: &[u8]) -> anyhow::Result<()> {
    match output.filter(|p| p.as_os_str() != "-") {
        None => std::io::stdout().lock().write_all(bytes).context("standard output"),
        Some(path) => std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display())),
    }
}

/// The user of the operating system.
pub(crate) fn local_user() -> Asker {
    let name = std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_default();
    let plain =
        !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    Asker {
        user: if plain { name } else { "unknown".to_owned() },
        role: "local".to_owned(),
        method: "local".to_owned(),
        credential: None,
        level: Level::default(),
        device: None,
        whereabouts: Whereabouts::default(),
    }
}
