//! Entries of registers in files: TOML as the configuration has it, CSV with a column a field, JSON as an array of objects. They are
//! read one after the other, so that a file of a hundred thousand takes the memory of one.

mod csv;
mod json;
mod toml;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::Context;
use aws_lc_rs::digest::{Context as Hash, SHA256};
use serde_json::{Map, Value};

use crate::args::RegisterFormat;

pub(crate) use csv::Writer as CsvWriter;

/// The most bytes of one entry in a file.
const MOST_ENTRY: usize = 1 << 20;

/// Entries that were read and not looked at yet.
const AHEAD: usize = 64;

/// An entry as it stands in a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// Where it stands: `line 12`, or `entry 12` where lines are not counted.
    pub(crate) place: String,
    /// `vendor`, `system`, `agreement`, or what was written instead.
    pub(crate) register: String,
    pub(crate) id: String,
    /// Its fields without the id.
    pub(crate) body: Map<String, Value>,
    /// What is wrong already: a column, what is wrong with it and what helps.
    pub(crate) problems: Vec<(String, String)>,
}

/// What comes out of a file.
pub(crate) enum Found {
    /// An entry.
    Row(Row),
    /// Something that is no entry: where, the column, and what is wrong.
    Wrong(String, String, String),
    /// The file ended; the SHA-256 of its bytes.
    End([u8; 32]),
}

/// Gives what was found. That nobody takes it any more is the end.
pub(crate) struct Give(SyncSender<Found>);

impl Give {
    fn row(&self, row: Row) -> Result<(), Stop> {
        self.0.send(Found::Row(row)).map_err(|_| Stop)
    }

    fn wrong(&self, place: impl Into<String>, column: impl Into<String>, what: impl Into<String>) -> Result<(), Stop> {
        self.0.send(Found::Wrong(place.into(), column.into(), what.into())).map_err(|_| Stop)
    }
}

/// That nobody takes what is found.
struct Stop;

/// The format that a file's name tells.
pub(crate) fn format_of(path: &Path) -> Option<RegisterFormat> {
    match path.extension()?.to_str()? {
        "toml" => Some(RegisterFormat::Toml),
        "csv" => Some(RegisterFormat::Csv),
        "json" => Some(RegisterFormat::Json),
        _ => None,
    }
}

/// Reads a file on a thread of its own, at the pace at which its entries are taken.
///
/// # Errors
/// If it cannot be opened.
pub(crate) fn read(path: &Path, format: RegisterFormat) -> anyhow::Result<Receiver<Found>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (give, take) = sync_channel(AHEAD);
    std::thread::spawn(move || {
        let mut source = Bounded::new(file);
        let give = Give(give);
        let read = match format {
            RegisterFormat::Toml => toml::read(&mut source, &give),
            RegisterFormat::Csv => csv::read(&mut source, &give),
            RegisterFormat::Json => json::read(&mut source, &give),
        };
        // What is left of it (white space, most likely) belongs to the file as well.
        if read.is_ok() && source.drain() {
            give.0.send(Found::End(source.hash())).ok();
        }
    });
    Ok(take)
}

/// A reader that counts the bytes of an entry, and hashes all.
pub(crate) struct Bounded {
    inner: BufReader<File>,
    hash: Hash,
    used: Arc<AtomicUsize>,
}

impl Bounded {
    fn new(file: File) -> Self {
        Self { inner: BufReader::new(file), hash: Hash::new(&SHA256), used: Arc::default() }
    }

    /// What starts the count of a new entry.
    fn fresh(&self) -> impl Fn() + use<> {
        let used = Arc::clone(&self.used);
        move || used.store(0, Ordering::Relaxed)
    }

    fn drain(&mut self) -> bool {
        let mut rest = [0; 8192];
        loop {
            self.used.store(0, Ordering::Relaxed);
            match self.read(&mut rest) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }

    fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.hash.clone().finish().as_ref());
        hash
    }
}

impl Read for Bounded {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(into)?;
        self.hash.update(&into[..read]);
        // A reader in front of this one reads ahead by no more than its buffer.
        if self.used.fetch_add(read, Ordering::Relaxed) > MOST_ENTRY {
            return Err(std::io::Error::other(format!(
                "an entry has more than {MOST_ENTRY} bytes; keep long texts elsewhere"
            )));
        }
        Ok(read)
    }
}

/// The place of an entry in a file that was made of one register and id, with all that is wrong in its head.
fn row(place: String, register: String, mut body: Map<String, Value>) -> Row {
    let mut problems = Vec::new();
    let id = match body.remove("id") {
        Some(Value::String(id)) => id,
        Some(_) => {
            problems.push(("id".to_owned(), "`id` is a text".to_owned()));
            String::new()
        }
        None => {
            problems.push(("id".to_owned(), format!("a {register} needs an `id`")));
            String::new()
        }
    };
    if !super::field::REGISTERS.contains(&register.as_str()) {
        let what = format!("`{register}` is no register; vendor, system and agreement can be imported");
        problems.push(("register".to_owned(), what));
    }
    Row { place, register, id, body, problems }
}

/// Writes entries in TOML or JSON, one after the other.
pub(crate) struct Writer<W> {
    out: W,
    format: RegisterFormat,
    any: bool,
}

impl<W: Write> Writer<W> {
    /// Writes to `out`.
    pub(crate) fn new(out: W, format: RegisterFormat) -> Self {
        Self { out, format, any: false }
    }

    /// Writes one.
    pub(crate) fn write(&mut self, register: &str, id: &str, body: Map<String, Value>) -> anyhow::Result<()> {
        let mut entry = Map::from_iter([("id".to_owned(), Value::from(id))]);
        entry.extend(body);
        match self.format {
            RegisterFormat::Toml => {
                let between = if self.any { "\n" } else { "" };
                write!(self.out, "{between}{}", toml::entry(register, &entry))?;
            }
            RegisterFormat::Json | RegisterFormat::Csv => {
                entry.insert("register".to_owned(), register.into());
                write!(self.out, "{}{}", if self.any { ",\n" } else { "[\n" }, Value::Object(entry))?;
            }
        }
        self.any = true;
        Ok(())
    }

    /// Writes the end.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        match self.format {
            RegisterFormat::Toml => {}
            _ => writeln!(self.out, "{}", if self.any { "\n]" } else { "[]" })?,
        }
        Ok(self.out.flush()?)
    }
}

/// Reads a line, its end with it.
fn line(source: &mut impl BufRead, into: &mut String) -> std::io::Result<bool> {
    into.clear();
    Ok(source.read_line(into)? > 0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use fastrand::Rng;
    use serde_json::json;

    use super::super::field::{REGISTERS, Shape, canonical, fields};
    use super::*;
    use asepsis_policy::FactKind;

    /// Texts that are hard on a format.
    const HARD: [&str; 16] = [
        "plain",
        "",
        " ",
        "a|b",
        "\"quoted\"",
        "[list]",
        "=1+1",
        "a,b",
        "two\nlines",
        "crlf\r\n",
        "\r",
        "unknown",
        "yes",
        "3",
        "ä 患者 🩺 \u{7f}\u{1}",
        "[[vendor]]\nid = \"x\"",
    ];

    fn text(rng: &mut Rng) -> Value {
        HARD[rng.usize(..HARD.len())].into()
    }

    fn value(rng: &mut Rng, kind: FactKind) -> Value {
        match kind {
            FactKind::YesNo => rng.bool().into(),
            FactKind::Number | FactKind::Level => rng.u32(..).into(),
            FactKind::Text | FactKind::Day => text(rng),
            FactKind::Words => (0..rng.usize(..3)).map(|_| text(rng)).collect(),
        }
    }

    fn body(rng: &mut Rng, register: &str) -> Map<String, Value> {
        let (mut body, mut facts) = (Map::new(), Map::new());
        for field in fields(register).filter(|_| rng.u8(..4) == 0).collect::<Vec<_>>() {
            let said = match field.shape {
                Shape::Text | Shape::Day => text(rng),
                Shape::YesNo => rng.bool().into(),
                Shape::List => value(rng, FactKind::Words),
                Shape::Grants => json!({"HPAYMT": ["a", "b|c"]}),
                Shape::Fact(kind) => {
                    let plain = value(rng, kind);
                    match rng.u8(..4) {
                        0 => plain,
                        1 => "unknown".into(),
                        2 => json!({"value": plain, "grade": "B", "rests_on": [text(rng), text(rng)]}),
                        _ => {
                            json!({"value": plain, "source": text(rng), "expires": "2030-12-31", "checked_by": text(rng)})
                        }
                    }
                }
            };
            if field.of_facts { &mut facts } else { &mut body }.insert(field.name.to_owned(), said);
        }
        if !facts.is_empty() {
            body.insert("facts".to_owned(), Value::Object(facts));
        }
        let (body, problems) = canonical(register, body);
        assert_eq!(problems, [], "{body:?}");
        body
    }

    #[test]
    fn c18_what_is_written_is_read_again_in_every_format() {
        let mut rng = Rng::with_seed(18);
        let folder = tempfile::tempdir().unwrap();
        for round in 0..60 {
            let entries: Vec<_> = (0..rng.usize(..12))
                .map(|n| {
                    let register = REGISTERS[rng.usize(..3)];
                    (register, format!("id-{n}"), body(&mut rng, register))
                })
                .collect();
            for format in [RegisterFormat::Toml, RegisterFormat::Csv, RegisterFormat::Json] {
                let path = folder.path().join("entries");
                let out = File::create(&path).unwrap();
                if format == RegisterFormat::Csv {
                    let mut columns = BTreeSet::new();
                    entries.iter().for_each(|(_, _, body)| CsvWriter::<File>::columns_of(body, &mut columns));
                    let mut writer = CsvWriter::new(out, columns).unwrap();
                    entries.iter().for_each(|(register, id, body)| writer.write(register, id, body).unwrap());
                    writer.finish().unwrap();
                } else {
                    let mut writer = Writer::new(out, format);
                    entries.iter().for_each(|(register, id, body)| writer.write(register, id, body.clone()).unwrap());
                    writer.finish().unwrap();
                }
                let (mut back, mut ended) = (Vec::new(), false);
                for found in read(&path, format).unwrap() {
                    match found {
                        Found::Row(row) => {
                            assert_eq!(row.problems, [], "{round} {format:?}");
                            let (body, problems) = canonical(&row.register, row.body);
                            assert_eq!(problems, [], "{round} {format:?}");
                            back.push((row.register, row.id, body));
                        }
                        Found::Wrong(place, column, what) => panic!("{round} {format:?} {place} {column}: {what}"),
                        Found::End(_) => ended = true,
                    }
                }
                assert!(ended);
                let given: Vec<_> =
                    entries.iter().map(|(r, id, body)| ((*r).to_owned(), id.clone(), body.clone())).collect();
                assert_eq!(back, given, "{round} {format:?}");
            }
        }
    }
}
