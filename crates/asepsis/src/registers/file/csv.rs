//! A line an entry (RFC 4180), with the columns `register`, `id`, one for each field and fact, and for what stands beside the value
//! of a fact one such as `mfa.expires`.
//!
//! A list has `|` between its words. A cell that would read as something else, or that a spreadsheet would take for a formula, is
//! written as JSON: a text in quotation marks, a list in brackets.

use std::collections::BTreeSet;
use std::io::Write;

use asepsis_policy::FactKind;
use serde_json::{Map, Value};

use super::{Bounded, Give, Stop, row};
use crate::registers::field::{ATTRIBUTES, Field, REGISTERS, Shape, fact_value, fields, find};

/// What a column holds: the field, and of a fact what stands beside its value.
type Column = (String, Option<&'static str>);

pub(super) fn read(source: &mut Bounded, give: &Give) -> Result<(), Stop> {
    let fresh = source.fresh();
    // With one character for its end, a line is counted when it is read. The other is taken off the last cell.
    let mut builder = csv::ReaderBuilder::new();
    builder.flexible(true).has_headers(false).terminator(csv::Terminator::Any(b'\n'));
    let mut reader = builder.from_reader(source);
    let mut record = csv::StringRecord::new();
    let columns = match reader.read_record(&mut record) {
        Ok(true) => columns(record.iter().map(|cell| cell.trim_end_matches('\r')), give)?,
        Ok(false) => return give.wrong("line 1", "", "the file is empty; its first line names the columns"),
        Err(error) => {
            give.wrong("line 1", "", error.to_string())?;
            return Err(Stop);
        }
    };
    loop {
        fresh();
        let place = format!("line {}", reader.position().line());
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) if record.len() == 1 && record[0].trim().is_empty() => {}
            Ok(true) if record.len() > columns.len() => {
                let what = format!("the line has {} cells and the head {}", record.len(), columns.len());
                give.wrong(place, "", what)?;
            }
            Ok(true) => entry(place, &columns, &record, give)?,
            Err(error) => {
                give.wrong(place, "", error.to_string())?;
                if error.is_io_error() {
                    return Err(Stop);
                }
            }
        }
    }
}

/// The columns of the head. One that is not known is said once, and its cells are left out.
fn columns<'a>(head: impl Iterator<Item = &'a str>, give: &Give) -> Result<Vec<Option<Column>>, Stop> {
    let mut columns = Vec::new();
    let mut seen = BTreeSet::new();
    for name in head {
        let name = name.trim().trim_start_matches('\u{feff}');
        if !seen.insert(name.to_owned()) {
            give.wrong("line 1", name, format!("the column `{name}` stands twice"))?;
            columns.push(None);
            continue;
        }
        let (field, attribute) = match name.rsplit_once('.') {
            Some((field, attribute)) if !["facts"].contains(&field) => {
                let known = ATTRIBUTES.into_iter().find(|known| *known == attribute);
                if known.is_none() {
                    let what = format!("`{name}`: behind the point stands one of {}", ATTRIBUTES.join(", "));
                    give.wrong("line 1", name, what)?;
                    columns.push(None);
                    continue;
                }
                (field, known)
            }
            _ => (name, None),
        };
        let head = ["register", "id"].contains(&field) && attribute.is_none();
        let mut found = REGISTERS.iter().map(|register| find(register, field));
        if head || found.any(|found| found.is_ok()) {
            columns.push(Some((field.strip_prefix("facts.").unwrap_or(field).to_owned(), attribute)));
        } else {
            let near = asepsis_policy::closest(field, REGISTERS.iter().flat_map(|r| fields(r)).map(|field| field.name));
            let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            give.wrong(
                "line 1",
                name,
                format!("there is no column `{name}`; {near}`asepsis register fields` lists them"),
            )?;
            columns.push(None);
        }
    }
    if !columns.iter().flatten().any(|(name, _)| name == "register") {
        give.wrong("line 1", "register", "there is no column `register`; it says vendor, system or agreement")?;
    }
    Ok(columns)
}

fn entry(place: String, columns: &[Option<Column>], record: &csv::StringRecord, give: &Give) -> Result<(), Stop> {
    let (mut register, mut body, mut problems) = (String::new(), Map::new(), Vec::new());
    let text = |cell: &'_ str| cell.trim_end_matches('\r').to_owned();
    let cells = || columns.iter().zip(record).filter_map(|(column, cell)| Some((column.as_ref()?, text(cell))));
    for ((name, _), cell) in cells() {
        if name == "register" {
            register = cell;
        }
    }
    for ((name, attribute), cell) in cells().filter(|(_, cell)| !cell.is_empty()) {
        if name == "register" {
            continue;
        }
        if name == "id" {
            body.insert(name.clone(), cell.into());
            continue;
        }
        let shown = attribute.map_or_else(|| name.clone(), |attribute| format!("{name}.{attribute}"));
        let field = match find(&register, name) {
            Ok(field) => field,
            // What is wrong with the register itself is said once.
            Err(_) if !REGISTERS.contains(&register.as_str()) => continue,
            Err(what) => {
                problems.push((shown, what));
                continue;
            }
        };
        match put(&mut body, field, *attribute, &cell) {
            Some(()) => {}
            None => problems.push((shown, format!("`{name}` is {}, not this cell", field.shape.expects()))),
        }
    }
    let mut row = row(place, register, body);
    row.problems.extend(problems);
    give.row(row)
}

/// Puts what a cell says into the body.
fn put(body: &mut Map<String, Value>, field: Field, attribute: Option<&'static str>, cell: &str) -> Option<()> {
    let into = match field.of_facts {
        true => body.entry("facts").or_insert_with(|| Value::Object(Map::new())).as_object_mut()?,
        false => body,
    };
    let Shape::Fact(kind) = field.shape else {
        let value = match field.shape {
            Shape::List => list(cell)?,
            Shape::Grants => serde_json::from_str(cell).ok()?,
            Shape::YesNo => fact_value(FactKind::YesNo, cell, '|')?,
            _ => text(cell)?,
        };
        if attribute.is_some() {
            return None;
        }
        into.insert(field.name.to_owned(), value);
        return Some(());
    };
    let value = match (attribute, kind) {
        (Some("rests_on"), _) => list(cell)?,
        (Some(_), _) | (None, FactKind::Text | FactKind::Day) => text(cell)?,
        (None, FactKind::Words) if cell != "unknown" => list(cell)?,
        (None, kind) => fact_value(kind, cell, '|')?,
    };
    let fact = into.entry(field.name).or_insert_with(|| Value::Object(Map::new())).as_object_mut()?;
    fact.insert(attribute.unwrap_or("value").to_owned(), value);
    Some(())
}

fn text(cell: &str) -> Option<Value> {
    if cell.starts_with('"') { serde_json::from_str(cell).ok().filter(Value::is_string) } else { Some(cell.into()) }
}

fn list(cell: &str) -> Option<Value> {
    if cell.starts_with('[') {
        return serde_json::from_str(cell).ok().filter(Value::is_array);
    }
    Some(cell.split('|').map(Value::from).collect())
}

/// Writes entries as lines.
pub(crate) struct Writer<W: Write> {
    out: csv::Writer<W>,
    columns: Vec<String>,
}

impl<W: Write> Writer<W> {
    /// The columns that an entry needs.
    pub(crate) fn columns_of(body: &Map<String, Value>, into: &mut BTreeSet<String>) {
        cells(body, &mut |column, _| {
            into.insert(column);
        });
    }

    /// Writes to `out`, with these columns behind `register` and `id`.
    pub(crate) fn new(out: W, columns: BTreeSet<String>) -> anyhow::Result<Self> {
        let columns: Vec<String> = columns.into_iter().collect();
        let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        out.write_record(["register", "id"].into_iter().chain(columns.iter().map(String::as_str)))?;
        Ok(Self { out, columns })
    }

    /// Writes one.
    pub(crate) fn write(&mut self, register: &str, id: &str, body: &Map<String, Value>) -> anyhow::Result<()> {
        let mut line = vec![String::new(); self.columns.len() + 2];
        register.clone_into(&mut line[0]);
        id.clone_into(&mut line[1]);
        cells(body, &mut |column, cell| {
            if let Ok(at) = self.columns.binary_search(&column) {
                line[at + 2] = cell;
            }
        });
        Ok(self.out.write_record(&line)?)
    }

    /// Writes what is left.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }
}

fn cells(body: &Map<String, Value>, put: &mut dyn FnMut(String, String)) {
    for (name, value) in body {
        if name == "facts" {
            for (name, fact) in value.as_object().into_iter().flatten() {
                fact_cells(name, fact, put);
            }
        } else {
            fact_cells(name, value, put);
        }
    }
}

fn fact_cells(name: &str, value: &Value, put: &mut dyn FnMut(String, String)) {
    match value {
        Value::Object(table) if table.contains_key("value") => {
            for (attribute, value) in table {
                let column = if attribute == "value" { name.to_owned() } else { format!("{name}.{attribute}") };
                put(column, cell(value));
            }
        }
        value => put(name.to_owned(), cell(value)),
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Bool(value) => if *value { "yes" } else { "no" }.to_owned(),
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(items) => {
            let words: Option<Vec<&str>> =
                items.iter().map(|item| item.as_str().filter(|word| is_plain(word))).collect();
            match words {
                // The word `unknown` alone would say that nothing is known.
                Some(words)
                    if !words.is_empty() && words != ["unknown"] && words.iter().all(|word| !word.contains('|')) =>
                {
                    words.join("|")
                }
                _ => value.to_string(),
            }
        }
        other => other.to_string(),
    }
}

/// Whether a text reads as itself, and no spreadsheet takes it for a formula.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(['"', '[', '=', '+', '-', '@', '\t', '\r']) && text.trim() == text
}
