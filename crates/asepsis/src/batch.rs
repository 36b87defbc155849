//! Files, folders and standard input, cut into documents, worked on in parallel, and given back in order.

use std::io::{BufRead, BufWriter, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use asepsis_document::json::{Json, Kind, Limits, NodeId};
use asepsis_exchange::Piece;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;

/// The largest file that is read, in bytes. Larger ones are split by line first, or refused.
const LARGEST: u64 = 256 << 20;

/// Endings of names of files that say what is in them, and nothing about a person.
pub(crate) const ENDINGS: [&str; 12] =
    ["txt", "text", "md", "json", "jsonl", "ndjson", "csv", "tsv", "xml", "html", "hl7", "log"];

/// Bytes that are worked on together.
const BATCH: usize = 8 << 20;

/// A document: the texts in it, and the bytes around them.
pub(crate) struct Document {
    bytes: Vec<u8>,
    pub(crate) pieces: Vec<Piece>,
    /// Where each piece goes back; none for plain text, which is one piece.
    nodes: Option<Vec<(NodeId, bool)>>,
}

/// A file that was found, and its place below the folder that was named.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) below: PathBuf,
}

/// Why a file is not worked on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is larger than {LARGEST} bytes; split it")]
    TooLarge,
    #[error("byte {0} is not UTF-8 text; this format cannot be inspected yet")]
    NotText(usize),
    #[error("line {line}: {error}")]
    Json { line: usize, error: asepsis_document::json::JsonError },
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

impl Document {
    /// Plain text.
    pub(crate) fn text(text: String) -> Self {
        let piece = Piece::new(text, "text".to_owned());
        Self { bytes: Vec::new(), pieces: vec![piece], nodes: None }
    }

    /// A JSON document: every string, name and number in it.
    pub(crate) fn json(bytes: &[u8]) -> Result<Self, asepsis_document::json::JsonError> {
        let json = Json::parse(bytes, &Limits::default())?;
        let (mut pieces, mut nodes) = (Vec::new(), Vec::new());
        for leaf in json.leaves() {
            let text = leaf.text().into_owned();
            if text.is_empty() {
                continue;
            }
            let is_key = leaf.node.is_key();
            let field = if is_key { None } else { leaf.node.key().map(std::borrow::Cow::into_owned) };
            // The text of a note is no value of a field of that name.
            let field = field.filter(|name| name != "text" && name != "note" && name != "content");
            pieces.push(Piece { field, ..Piece::new(text, leaf.node.path().to_string()) });
            nodes.push((leaf.node.id(), is_key));
        }
        Ok(Self { bytes: bytes.to_vec(), pieces, nodes: Some(nodes) })
    }

    /// The document with new texts, given for each piece where it changes. All else is byte for byte as it was.
    pub(crate) fn with(&self, texts: &[Option<String>]) -> Vec<u8> {
        let Some(nodes) = &self.nodes else {
            let text = texts.first().and_then(Option::as_ref).or(self.pieces.first().map(|p| &p.text));
            return text.map(|t| t.as_bytes().to_vec()).unwrap_or_default();
        };
        let Ok(json) = Json::parse(&self.bytes, &Limits::default()) else { return Vec::new() };
        let mut edits = json.edits();
        for ((node, is_key), text) in nodes.iter().zip(texts) {
            let Some(text) = text else { continue };
            let Some(was) = json.node(*node) else { continue };
            if *is_key {
                edits.set_key(*node, text);
            } else if was.kind() == Kind::Number {
                edits.set_raw(*node, &marked(text));
            } else if is_marked(was.raw()) && is_number(text) {
                edits.set_raw(*node, text.as_bytes());
            } else {
                edits.set_string(*node, text);
            }
        }
        edits.apply()
    }

    /// Bytes of text.
    pub(crate) fn len(&self) -> usize {
        self.pieces.iter().map(|p| p.text.len()).sum()
    }
}

/// The spelling of a string that stands for a number: its first character is an escape that it does not need. Every reader
/// of JSON sees the same text, and `reid` sees that a number was there.
fn marked(text: &str) -> Vec<u8> {
    let literal = serde_json::Value::from(text).to_string();
    match literal.as_bytes() {
        [b'"', first @ 0x20..=0x7E, rest @ ..] if !b"\"\\".contains(first) => {
            [format!("\"\\u{first:04x}").as_bytes(), rest].concat()
        }
        _ => literal.into_bytes(),
    }
}

fn is_marked(raw: &[u8]) -> bool {
    raw.starts_with(b"\"\\u00")
        && std::str::from_utf8(raw)
            .is_ok_and(|literal| serde_json::from_str::<String>(literal).is_ok_and(|text| marked(&text) == raw))
}

fn is_number(text: &str) -> bool {
    Json::parse(text.as_bytes(), &Limits::default())
        .is_ok_and(|json| json.root().raw() == text.as_bytes() && json.root().kind() == Kind::Number)
}

/// The documents of a file: one for text and JSON, one a line for JSON lines. What lies between them (line ends) is
/// text that stays; each document comes with what follows it.
pub(crate) fn documents(path: &Path) -> Result<Vec<(Document, &'static str)>, Unreadable> {
    if std::fs::metadata(path)?.len() > LARGEST {
        return Err(Unreadable::TooLarge);
    }
    let bytes = std::fs::read(path)?;
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    match extension.as_str() {
        "jsonl" | "ndjson" => lines(&bytes),
        "json" => {
            let end = bytes.iter().rposition(|b| !b.is_ascii_whitespace()).map_or(0, |i| i + 1);
            let after = match &bytes[end..] {
                b"" => "",
                b"\n" => "\n",
                b"\r\n" => "\r\n",
                // Unusual white space stays within the document.
                _ => return one(&bytes).map(|d| vec![(d, "")]),
            };
            one(&bytes[..end]).map(|d| vec![(d, after)])
        }
        _ => {
            if let Some(zero) = bytes.iter().position(|b| *b == 0) {
                return Err(Unreadable::NotText(zero));
            }
            let text = String::from_utf8(bytes).map_err(|e| Unreadable::NotText(e.utf8_error().valid_up_to()))?;
            Ok(vec![(Document::text(text), "")])
        }
    }
}

fn one(bytes: &[u8]) -> Result<Document, Unreadable> {
    Document::json(bytes).map_err(|error| Unreadable::Json { line: error.line, error })
}

fn lines(bytes: &[u8]) -> Result<Vec<(Document, &'static str)>, Unreadable> {
    let mut documents = Vec::new();
    for (number, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
        let (line, after) = match line {
            [start @ .., b'\r', b'\n'] => (start, "\r\n"),
            [start @ .., b'\n'] => (start, "\n"),
            whole => (whole, ""),
        };
        let document = if line.iter().all(u8::is_ascii_whitespace) {
            Document::text(String::from_utf8_lossy(line).into_owned())
        } else {
            Document::json(line).map_err(|error| Unreadable::Json { line: number + 1, error })?
        };
        documents.push((document, after));
    }
    Ok(documents)
}

/// All files below the paths, in the order of their names. Links are not followed: they may lead anywhere.
pub(crate) fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<Found>> {
    let mut found = Vec::new();
    for path in paths {
        let kind = std::fs::symlink_metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
        if kind.is_dir() {
            below(path, Path::new(""), &mut found)?;
        } else {
            let name = path.file_name().map(PathBuf::from).unwrap_or_default();
            found.push(Found { path: path.clone(), below: name });
        }
    }
    Ok(found)
}

fn below(folder: &Path, way: &Path, found: &mut Vec<Found>) -> anyhow::Result<()> {
    let listing = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut entries = listing.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, way) = (entry.path(), way.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            below(&path, &way, found)?;
        } else if kind.is_file() {
            found.push(Found { path, below: way });
        }
    }
    Ok(())
}

/// A line of `--jsonl`: its id as it is spelled, and its text.
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// The lines of `{"id","text"}` on standard input.
pub(crate) fn id_text_lines() -> impl Iterator<Item = anyhow::Result<Line>> {
    let input = std::io::stdin().lock();
    input.split(b'\n').enumerate().filter_map(|(i, line)| {
        let number = i + 1;
        match line {
            Err(error) => Some(Err(error).context("standard input")),
            Ok(line) if line.iter().all(u8::is_ascii_whitespace) => None,
            Ok(line) => Some(id_text(&line).with_context(|| format!("line {number} of standard input"))),
        }
    })
}

fn id_text(line: &[u8]) -> anyhow::Result<Line> {
    let json = Json::parse(line, &Limits::default())?;
    let root = json.root();
    let id = root.get("id").filter(|n| matches!(n.kind(), Kind::String | Kind::Number));
    let text = root.get("text").and_then(asepsis_document::json::Node::as_str);
    match (id, text) {
        (Some(id), Some(text)) => {
            Ok(Line { id: String::from_utf8_lossy(id.raw()).into_owned(), text: text.into_owned() })
        }
        (None, _) => bail!("it has no \"id\" (a string or a number)"),
        (_, None) => bail!("it has no \"text\" (a string)"),
    }
}

/// Answers each line of `{"id","text"}` on standard input by a line on standard output, in the same order.
pub(crate) fn answer_lines(work: impl Fn(Line) -> String + Sync) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    ordered(id_text_lines(), |l| l.text.len(), work, |line| out.write_all(line.as_bytes()).context("standard output"))?;
    out.flush().context("standard output")
}

/// Works on items in parallel and gives the results to `sink` in the order of the items. Memory holds a batch at a time.
pub(crate) fn ordered<T: Send, R: Send>(
    items: impl Iterator<Item = anyhow::Result<T>>,
    weight: impl Fn(&T) -> usize,
    work: impl Fn(T) -> R + Sync,
    mut sink: impl FnMut(R) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut items = items.fuse();
    loop {
        let (mut batch, mut bytes, mut failed) = (Vec::new(), 0, None);
        for item in items.by_ref() {
            match item {
                Ok(item) => {
                    bytes += weight(&item);
                    batch.push(item);
                }
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
            if bytes >= BATCH || batch.len() >= 4096 {
                break;
            }
        }
        if batch.is_empty() && failed.is_none() {
            return Ok(());
        }
        let results: Vec<R> = batch.into_par_iter().map(&work).collect();
        for result in results {
            sink(result)?;
        }
        if let Some(error) = failed {
            // What came before the bad item was given out.
            return Err(error);
        }
    }
}

/// A bar on standard error, where that is a terminal.
pub(crate) fn progress(total: u64) -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(total), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} files  {elapsed}") {
        bar.set_style(style);
    }
    bar
}
