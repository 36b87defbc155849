//! `asepsis reid`: turns surrogates back.

use std::collections::BTreeSet;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use asepsis_exchange::{Ending, issued};
use asepsis_surrogate::{Code, Context as Reading, Issued, Restorer};
use asepsis_vault::{Space, Vault};
use asepsis_vocab::DisclosureForm;

use crate::args::Reid;
use crate::batch::{self, Document, Line};
use crate::commands::deid::{local_user, scope, write};
use crate::home::{Home, LogName};
use crate::output;

/// Characters of a code.
const CODE: usize = 13;

struct Run<'a> {
    vault: &'a Vault,
    /// The surrogates of the scope that was named.
    scoped: Option<Arc<Issued>>,
    runtime: tokio::runtime::Handle,
}

pub(crate) fn run(config: &Path, reid: &Reid) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let home = Home::existing_named(&reid.vault.data, config)?;
    let plane = runtime.block_on(home.local_plane(LogName::CommandLine))?;
    let vault = plane.vault();
    let scoped = match &reid.scope {
        Some(name) => {
            let (scope, _) = scope(vault, Some(name));
            Some(issued(&runtime.block_on(vault.surrogates(&scope))?))
        }
        None => None,
    };
    let run = Run { vault, scoped, runtime: runtime.handle().clone() };

    // Giving identifiers back is an act that the log keeps.
    let _inside = runtime.enter();
    let mut ticket = plane.begin("cli.reid");
    ticket.identify(&local_user());
    let mut restored = 0;
    let result = work(reid, &run, &mut restored);
    ticket.describe_local(DisclosureForm::Identified, Vec::new(), 0, 0);
    ticket.describe_restored(restored);
    let status = if result.is_ok() { "completed" } else { "internal" };
    runtime.block_on(ticket.close(Ending::of(status)))?;
    runtime.block_on(plane.log().clone().close())?;
    result?;
    output::remark(&format!("{restored} surrogates turned back"));
    Ok(0)
}

fn work(reid: &Reid, run: &Run<'_>, restored: &mut u64) -> anyhow::Result<()> {
    if reid.jsonl {
        return jsonl(run, restored);
    }
    match reid.input.as_deref().filter(|p| p.as_os_str() != "-") {
        None => {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).context("standard input")?;
            let (text, n) = run.restore(&text)?;
            *restored += n;
            write(reid.output.as_deref(), text.as_bytes())
        }
        Some(input) if input.is_dir() => {
            let output =
                reid.output.as_deref().context("a folder needs a folder to write to: asepsis reid IN_DIR OUT_DIR")?;
            folder(run, input, output, restored)
        }
        Some(input) => {
            let bytes = file(run, input, restored).with_context(|| input.display().to_string())?;
            write(reid.output.as_deref(), &bytes)
        }
    }
}

impl Run<'_> {
    /// The text with its surrogates turned back, and how many there were.
    fn restore(&self, text: &str) -> anyhow::Result<(String, u64)> {
        let found;
        let known = match &self.scoped {
            Some(scoped) => scoped,
            None => {
                let codes: Vec<[u8; 8]> = codes(text).into_iter().collect();
                found = issued(&self.runtime.block_on(self.vault.find_by_code(Space::CommandLine, &codes))?);
                &found
            }
        };
        // What was found in a URL was part of the user's own text, and goes back there.
        let mut restorer = Restorer::new(Arc::clone(known), Reading::Text).everywhere();
        let mut out = String::with_capacity(text.len());
        restorer.push(text, &mut out);
        restorer.finish(&mut out);
        Ok((out, restorer.tally().restored))
    }

    fn document(&self, document: &Document) -> anyhow::Result<(Vec<u8>, u64)> {
        let mut total = 0;
        let mut texts = Vec::with_capacity(document.pieces.len());
        for piece in &document.pieces {
            let (text, n) = self.restore(&piece.text)?;
            total += n;
            texts.push((n > 0).then_some(text));
        }
        Ok((document.with(&texts), total))
    }
}

/// Everything in a text that has the length and the alphabet of a code.
pub(crate) fn codes(text: &str) -> BTreeSet<[u8; 8]> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| word.len() == CODE || word.len() == CODE + 1)
        .filter_map(|word| word[..CODE].parse::<Code>().ok())
        .map(Code::to_bytes)
        .collect()
}

fn jsonl(run: &Run<'_>, restored: &mut u64) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let work = |line: Line| {
        let (text, n) = run.restore(&line.text)?;
        anyhow::Ok((format!("{{\"id\":{},\"text\":{}}}\n", line.id, serde_json::to_string(&text)?), n))
    };
    batch::ordered(
        batch::id_text_lines(),
        |l| l.text.len(),
        work,
        |result| {
            let (line, n) = result?;
            *restored += n;
            out.write_all(line.as_bytes()).context("standard output")
        },
    )?;
    out.flush().context("standard output")
}

fn file(run: &Run<'_>, input: &Path, restored: &mut u64) -> anyhow::Result<Vec<u8>> {
    let mut whole = Vec::new();
    for (document, after) in batch::documents(input)? {
        let (bytes, n) = run.document(&document)?;
        *restored += n;
        whole.extend_from_slice(&bytes);
        whole.extend_from_slice(after.as_bytes());
    }
    Ok(whole)
}

fn folder(run: &Run<'_>, input: &Path, output: &Path, restored: &mut u64) -> anyhow::Result<()> {
    let files = batch::files(&[input.to_owned()])?;
    let bar = batch::progress(files.len() as u64);
    for found in files {
        let bytes = file(run, &found.path, restored).with_context(|| found.path.display().to_string())?;
        let mut below = PathBuf::new();
        for part in found.below.components() {
            let part =
                part.as_os_str().to_str().with_context(|| format!("{}: its name is no UTF-8", found.path.display()))?;
            below.push(run.restore(part)?.0);
        }
        let target = output.join(below);
        anyhow::ensure!(!target.exists(), "{} is there already; give an empty folder", target.display());
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&target, bytes)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}
