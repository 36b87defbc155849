//! `--report`: one file of HTML with the text marked, to look at in a browser.
//!
//! It loads nothing, runs nothing and sends nothing; its policy (CSP) forbids all of that and allows its one style sheet by
//! hash. It holds what identifies patients, and so only its owner may read the file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use asepsis_phi::Engine;

use super::gather::Inspected;
use super::html;
use super::tally::{Own, Tally};
use super::verdict::Verdict;

/// So many bytes of marked text are kept; of files behind that, only the counts.
const TEXTS: usize = 24 << 20;

/// So many files get a row.
const ROWS: usize = 20_000;

pub(super) struct Report {
    path: PathBuf,
    force: bool,
    engine: &'static str,
    profile: &'static str,
    rows: String,
    texts: String,
    files: usize,
    left_out: usize,
}

impl Report {
    /// # Errors
    /// Where the file is there already, and nobody said that it may be written over.
    pub(super) fn new(path: &Path, force: bool, engine: &Engine) -> anyhow::Result<Self> {
        if let Ok(there) = path.symlink_metadata() {
            if !force {
                bail!("{} is there already; --force writes over it", path.display());
            }
            if there.is_dir() {
                bail!("{} is a folder", path.display());
            }
        }
        Ok(Self {
            path: path.to_owned(),
            force,
            engine: engine.version(),
            profile: engine.profile().name(),
            rows: String::new(),
            texts: String::new(),
            files: 0,
            left_out: 0,
        })
    }

    pub(super) fn file(&mut self, inspected: &Inspected, own: &Own) {
        self.files += 1;
        if self.files > ROWS {
            self.left_out += 1;
            return;
        }
        let size: usize = inspected.pieces.iter().map(|p| p.text.len()).sum();
        // Marks make a text longer, at most by so much each.
        let marks = own.counts.values().sum::<usize>() * 600;
        let fits = self.texts.len() + size + marks <= TEXTS;
        self.rows += &html::row(&inspected.name, Some(self.files).filter(|_| fits), own);
        if fits {
            self.texts += &html::file(self.files, inspected, own);
        } else {
            self.left_out += 1;
        }
    }

    pub(super) fn unreadable(&mut self, name: &str, why: &str) {
        self.rows += &html::unreadable(name, why);
    }

    /// Writes the file, and says so.
    pub(super) fn write(self, tally: &Tally, verdict: &Verdict) -> anyhow::Result<String> {
        let page = html::page(&html::Page {
            engine: self.engine,
            profile: self.profile,
            tally,
            verdict,
            rows: &self.rows,
            texts: &self.texts,
            left_out: self.left_out,
        });
        if self.force {
            // A link or a file that others may read is not written through, but replaced.
            match std::fs::remove_file(&self.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot replace {}", self.path.display()));
                }
                _ => {}
            }
        }
        let mut file = create(&self.path).with_context(|| format!("cannot write {}", self.path.display()))?;
        file.write_all(page.as_bytes()).with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok(format!(
            "{} is written. It holds patient data: keep it as you keep the records, and delete it when you have read it.",
            self.path.display()
        ))
    }
}

/// A new file that only its owner may read.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
