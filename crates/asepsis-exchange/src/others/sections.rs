//! Whose the parts of a text are: groups of an HL7 v2 message, documents of CDA, rows of a table, pages and sections, single lines.

use std::ops::Range;

use asepsis_document::{field, table};
use asepsis_guard::Carrier;
use asepsis_keys::PatientId;
use asepsis_vocab::{Finding, IdentifierClass};

use super::{KEYS, NUMBERS, Whose, folded_name, is_number};
use crate::content::Piece;

/// The longest line that is read as the head of a section.
const LONGEST_HEAD: usize = 160;

type Sections = Vec<(Range<usize>, Whose)>;

/// The parts of a text of which it says whose they are; what stands in none is anybody's.
pub(super) fn of(piece: &Piece, found: &[Finding], patient: &PatientId) -> Sections {
    let text = piece.text.as_str();
    if text.len() < 24 || !text.contains(['\n', '\r', '<']) {
        // What is one line and stands by itself.
        return if piece.field.is_some() { Vec::new() } else { lines(text, found, patient) };
    }
    match Carrier::of(text.as_bytes()) {
        Carrier::Hl7 => hl7(text, patient),
        Carrier::Xml => cda(text, patient).map_or_else(|| lines(text, found, patient), |whole| vec![whole]),
        Carrier::Table => rows(text, patient).unwrap_or_else(|| lines(text, found, patient)),
        _ => lines(text, found, patient),
    }
}

/// What numbers say together: the patient's goes before others'.
fn whose<'n>(numbers: impl Iterator<Item = &'n str>, patient: &PatientId) -> Option<Whose> {
    let mut other = None;
    for number in numbers {
        if patient.is_named(number) {
            return Some(Whose::Own);
        }
        if is_number(number) {
            other = Some(Whose::Other);
        }
    }
    other
}

/// The groups of a message: each goes from its PID segment to the next, or to the next message (HL7 v2.5.1, 3.4.2).
fn hl7(text: &str, patient: &PatientId) -> Sections {
    let divider = if text.trim_end().contains('\r') { '\r' } else { '\n' };
    let (mut sections, mut open): (Sections, Option<(usize, Whose)>) = (Vec::new(), None);
    let (mut field, mut component, mut repetition) = ('|', '^', '~');
    let mut at = 0;
    for line in text.split(divider) {
        let start = at;
        at += line.len() + divider.len_utf8();
        let segment = line.trim_start_matches(['\n', '\u{b}', '\u{feff}', ' ']);
        let is_header = segment.starts_with("MSH");
        if is_header || segment.starts_with("PID") {
            sections.extend(open.take().map(|(from, whose)| (from..start, whose)));
        }
        if is_header {
            let mut marks = segment.chars().skip(3);
            (field, component, repetition) =
                (marks.next().unwrap_or(field), marks.next().unwrap_or(component), marks.next().unwrap_or(repetition));
        } else if segment.starts_with("PID") {
            // PID-2 to PID-4: the numbers that the patient has or had here and elsewhere.
            let numbers = segment.split(field).skip(2).take(3).flat_map(|value| value.split(repetition));
            let numbers = numbers.map(|value| value.split(component).next().unwrap_or_default());
            open = whose(numbers, patient).map(|whose| (start, whose));
        }
    }
    sections.extend(open.map(|(from, whose)| (from..text.len(), whose)));
    sections
}

/// A document of CDA is about the patient of its header: `patientRole/id/@extension` (CDA R2, 4.2.2.11).
fn cda(text: &str, patient: &PatientId) -> Option<(Range<usize>, Whose)> {
    let start = text.find("patientRole")?;
    let role = &text[start..];
    let role = &role[..role.find("<patient>").or_else(|| role.find("/patientRole"))?];
    let ids = role.split("<id").skip(1).filter_map(|id| {
        let id = &id[..id.find('>')?];
        let value = &id[id.find("extension=")? + "extension=".len()..];
        let quote = value.chars().next().filter(|mark| matches!(mark, '"' | '\''))?;
        value[1..].split(quote).next()
    });
    whose(ids, patient).map(|whose| (0..text.len(), whose))
}

/// The rows of a table that has a column for whom they are about; `None` where it has none, or cannot be read.
fn rows(text: &str, patient: &PatientId) -> Option<Sections> {
    let mark = table::division(text)?;
    let cells = table::fields(text, mark, &field::Limits::default()).ok()?.fields;
    let row_of = |cell: &field::Field| cell.place().split(',').next().map(str::to_owned);
    let mut by_row: Vec<(Option<String>, Vec<&field::Field>)> = Vec::new();
    for cell in &cells {
        let row = row_of(cell);
        match by_row.last_mut() {
            Some((last, cells)) if *last == row => cells.push(cell),
            _ => by_row.push((row, vec![cell])),
        }
    }
    let said = |cell: &field::Field| cell.text(text.as_bytes()).trim().to_owned();
    let (_, header) = by_row.first()?;
    let named = |names: &[&str]| header.iter().position(|cell| names.contains(&folded_name(&said(cell)).as_str()));
    let number = named(&NUMBERS);
    let column = number.or_else(|| named(&KEYS))?;
    let mut sections = Vec::new();
    for (_, cells) in by_row.iter().skip(1) {
        let (Some(first), Some(last), Some(cell)) = (cells.first(), cells.last(), cells.get(column)) else { continue };
        if let Some(whose) = whose(std::iter::once(said(cell).as_str()), patient) {
            sections.push((first.span().start..last.span().end, whose));
        }
    }
    // A key need not be the number by which the client named the patient, so that it says who the others are only beside the patient's.
    let known = number.is_some() || sections.iter().any(|(_, whose)| *whose == Whose::Own);
    Some(if known { sections } else { Vec::new() })
}

/// Lines with a number are about whom it names; where one stands in the head of a page or section, so is what follows, up to the next head
/// or page.
fn lines(text: &str, found: &[Finding], patient: &PatientId) -> Sections {
    let numbers: Vec<(usize, Whose)> = found
        .iter()
        .filter(|finding| finding.class == IdentifierClass::Mrn)
        .filter_map(|finding| {
            let whose = whose(std::iter::once(&text[finding.span.range()]), patient)?;
            Some((finding.span.start, whose))
        })
        .collect();
    if numbers.is_empty() {
        return Vec::new();
    }
    let mut sections: Sections = Vec::new();
    // The section that goes on, and whose it is; nobody's where its head names no number.
    let mut open: Option<(usize, Whose)> = None;
    let (mut numbers, mut at) = (numbers.into_iter().peekable(), 0);
    for block in blocks(text) {
        let end = at + block.len();
        let mut of_block: Vec<(usize, Whose)> = Vec::new();
        while let Some(number) = numbers.next_if(|(place, _)| *place < end) {
            of_block.push(number);
        }
        let is_head = is_head(block) && of_block.len() <= 1;
        if ends_page(block) || is_head {
            sections.extend(open.take().map(|(from, whose)| (from..at, whose)));
        }
        if is_head && let [(_, whose)] = of_block[..] {
            open = Some((at, whose));
        } else if !of_block.is_empty() {
            // Single lines, and the section goes on around them.
            if let Some((from, whose)) = open.take() {
                sections.push((from..at, whose));
                open = Some((end, whose));
            }
            single(text, at, block, &of_block, &mut sections);
        }
        at = end;
    }
    sections.extend(open.map(|(from, whose)| (from.min(text.len())..text.len(), whose)));
    sections.retain(|(range, _)| !range.is_empty());
    sections
}

/// The lines of a block that have a number. One that names the patient and another is the patient's.
fn single(text: &str, start: usize, block: &str, numbers: &[(usize, Whose)], sections: &mut Sections) {
    let mut at = start;
    for line in block.split_inclusive(['\n', '\r']) {
        let end = at + line.len();
        let here = numbers.iter().filter(|(place, _)| (at..end).contains(place)).map(|(_, whose)| *whose);
        if let Some(whose) = here.reduce(|one, two| if one == Whose::Own { one } else { two }) {
            sections.push((at..end.min(text.len()), whose));
        }
        at = end;
    }
}

/// The paragraphs of a text, each with the blank lines behind it; a form feed and a line of nothing but marks end one too.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (mut end, mut blank) = (0, false);
        for line in rest.split_inclusive('\n') {
            let is_blank = line.trim().is_empty() || is_rule(line);
            if blank && !is_blank || end > 0 && line.starts_with('\u{c}') {
                break;
            }
            blank = is_blank;
            end += line.len();
        }
        let (block, after) = rest.split_at(end);
        rest = after;
        Some(block)
    })
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && line.bytes().all(|b| b"-=_*#~".contains(&b))
}

fn ends_page(block: &str) -> bool {
    block.starts_with('\u{c}')
}

/// Whether a paragraph is the head of a page or section: it begins with lines of a name and a value (`MRN: 4471902`).
fn is_head(block: &str) -> bool {
    let first =
        block.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim_start_matches('\u{c}').trim();
    let label = first.split_once(':').map(|(label, _)| label.trim());
    first.len() <= LONGEST_HEAD
        && label.is_some_and(|label| {
            let label = folded_name(label);
            NUMBERS.contains(&label.as_str()) || KEYS.contains(&label.as_str()) || HEADS.contains(&label.as_str())
        })
}

/// Labels with which the head of a record begins, besides numbers.
const HEADS: [&str; 8] = ["name", "patientname", "re", "regarding", "record", "recordof", "chart", "resident"];
