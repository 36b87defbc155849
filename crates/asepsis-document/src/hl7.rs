//! The texts of HL7 v2 messages in their pipes and hats (HL7 v2.5.1, chapter 2).
//!
//! A field is one text: its components and subcomponents are joined by spaces, so that nobody cuts a sentence with a hat. Reports
//! come a line a segment; the lines of `NTE-3` and `OBX-5` that follow each other are given once more as one text.
//!
//! A segment that repeats is counted (`OBX[2]-5`), and so is a repetition of a field (`PID-3[2]`). A line that is no segment, as
//! senders make them who put line ends into their texts, is a text of its own (`line 7`).

use std::collections::HashMap;
use std::ops::Range;

use crate::field::{Found, Gather, Limits, Unreadable};

/// How a message divides its parts (MSH-1 and MSH-2).
#[derive(Clone, Copy)]
struct Marks {
    field: u8,
    component: u8,
    repetition: u8,
    escape: u8,
    subcomponent: u8,
}

impl Default for Marks {
    fn default() -> Self {
        Self { field: b'|', component: b'^', repetition: b'~', escape: b'\\', subcomponent: b'&' }
    }
}

/// Whether bytes are a message, a batch of them, or segments that were cut out of one.
#[must_use]
pub fn looks_like(text: &str) -> bool {
    let text = text.trim_start_matches(['\u{feff}', '\u{b}', ' ', '\r', '\n']);
    let name = text.get(..3).unwrap_or_default();
    let mark = text.as_bytes().get(3).copied().unwrap_or(b' ');
    let header = matches!(name, "MSH" | "BHS" | "FHS") && mark.is_ascii_punctuation();
    header || {
        let mut lines = text.split(['\r', '\n']).filter(|l| !l.trim().is_empty()).take(200).peekable();
        lines.peek().is_some() && lines.all(|l| segment_name(l, b'|').is_some())
    }
}

fn segment_name(line: &str, mark: u8) -> Option<&str> {
    let name = line.get(..3)?;
    let named =
        name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) && name.as_bytes()[0].is_ascii_uppercase();
    (named && line.as_bytes().get(3).is_none_or(|b| *b == mark)).then_some(name)
}

/// The texts of a message. Without a header the usual marks count.
///
/// # Errors
/// Where the header is cut off, or the first line is no segment.
pub fn fields(text: &str, limits: &Limits) -> Result<Found, Unreadable> {
    let mut gather = Gather::new(limits, text.len())?;
    let mut marks = Marks::default();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut report = Report::default();
    // Carriage returns divide segments; where there are none, whoever stored it has put line feeds.
    let divider = if text.trim_end().contains('\r') { '\r' } else { '\n' };
    let mut at = 0;
    for (number, line) in text.split(divider).enumerate() {
        let start = at;
        at += line.len() + 1;
        // MLLP: a vertical tab before, a file separator behind (HL7 v2 transport, MLLP release 1).
        let frame: &[char] = &['\n', '\u{b}', '\u{1c}', '\u{feff}', ' ', '\t'];
        let trimmed = line.trim_start_matches(frame);
        let start = start + (line.len() - trimmed.len());
        let segment = trimmed.trim_end_matches(['\n', '\u{1c}']);
        if segment.trim().is_empty() {
            continue;
        }
        let header = matches!(segment.get(..3), Some("MSH" | "BHS" | "FHS"));
        if header {
            marks = Marks::of(segment).ok_or_else(|| {
                let place = format!("line {}, MSH-1", number + 1);
                Unreadable::new(place, "the header does not say how fields are divided (HL7 v2.5.1, 2.5.4)")
            })?;
        }
        let Some(name) = segment_name(segment, marks.field) else {
            if counts.is_empty() {
                let why = "it is no segment: three capitals or digits and a mark";
                return Err(Unreadable::new(format!("line {}", number + 1), why));
            }
            // Senders put line ends into their texts; what follows one is read as what it is.
            gather.add(|| format!("line {}", number + 1), start..start + segment.len(), marks.read(segment))?;
            continue;
        };
        let count = counts.entry(name).or_default();
        *count += 1;
        let label = if *count > 1 { format!("{name}[{count}]") } else { name.to_owned() };
        let segment = Segment { text: segment, start, label, name, header };
        report.next(&segment, marks, text, &mut gather)?;
        segment.fields(marks, &mut gather)?;
    }
    report.end(text, marks, &mut gather)?;
    Ok(gather.finish())
}

impl Marks {
    fn of(header: &str) -> Option<Self> {
        let bytes = header.as_bytes();
        let mark = |i: usize| bytes.get(i).copied().filter(u8::is_ascii_punctuation);
        let field = mark(3)?;
        let usual = Self { field, ..Self::default() };
        // A header may state fewer marks; the rest are the usual ones.
        let stated = bytes[4..].iter().take_while(|b| **b != field).count();
        let or = |i: usize, usual: u8| if i < stated { mark(4 + i) } else { Some(usual) };
        (stated >= 1).then_some(())?;
        Some(Self {
            field,
            component: or(0, usual.component)?,
            repetition: or(1, usual.repetition)?,
            escape: or(2, usual.escape)?,
            subcomponent: or(3, usual.subcomponent)?,
        })
    }

    /// What a piece of a field says: hats and ampersands are spaces, escapes are what they stand for (2.7).
    fn read(self, raw: &str) -> Option<String> {
        let special = |b: &u8| *b == self.component || *b == self.subcomponent || *b == self.escape;
        if !raw.as_bytes().iter().any(special) {
            return None;
        }
        let mut out = String::with_capacity(raw.len());
        let mut hex: Vec<u8> = Vec::new();
        let mut rest = raw;
        while let Some(at) = rest.bytes().position(|b| special(&b)) {
            out.push_str(&rest[..at]);
            let mark = rest.as_bytes()[at];
            let after = &rest[at + 1..];
            if mark != self.escape {
                out.push(' ');
                rest = after;
                continue;
            }
            let end = after.bytes().take(512).position(|b| b == self.escape);
            match end.and_then(|end| self.escape(&after[..end], &mut hex).map(|said| (end, said))) {
                Some((end, said)) => {
                    out.push_str(&said);
                    rest = &after[end + 1..];
                }
                None => {
                    out.push(char::from(mark));
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        Some(out)
    }

    /// What stands between two escape marks.
    fn escape(self, inside: &str, hex: &mut Vec<u8>) -> Option<String> {
        let one = |b: u8| Some(char::from(b).to_string());
        match inside {
            "F" => one(self.field),
            "S" => one(self.component),
            "T" => one(self.subcomponent),
            "R" => one(self.repetition),
            "E" => one(self.escape),
            "H" | "N" => Some(String::new()),
            _ if inside.starts_with('.') => Some("\n".to_owned()),
            _ if inside.starts_with('X') => {
                let digits = inside.as_bytes().get(1..)?;
                hex.clear();
                for pair in digits.chunks(2) {
                    let pair = std::str::from_utf8(pair).ok().filter(|p| p.len() == 2)?;
                    hex.push(u8::from_str_radix(pair, 16).ok()?);
                }
                Some(String::from_utf8_lossy(hex).replace('\r', "\n"))
            }
            // Character sets and local escapes stand for no text.
            _ if inside.starts_with(['C', 'M', 'Z']) && inside.len() <= 80 => Some(String::new()),
            _ => None,
        }
    }
}

/// A segment of a message.
struct Segment<'m> {
    text: &'m str,
    start: usize,
    label: String,
    name: &'m str,
    header: bool,
}

impl Segment<'_> {
    fn fields(&self, marks: Marks, gather: &mut Gather<'_>) -> Result<(), Unreadable> {
        let mut at = self.start;
        // The mark between fields is itself the first field of a header.
        for (i, field) in self.text.split(char::from(marks.field)).enumerate() {
            let start = at;
            at += field.len() + 1;
            let number = if self.header { i + 1 } else { i };
            if i == 0 || self.header && i == 1 {
                continue;
            }
            let many = field.as_bytes().contains(&marks.repetition);
            let mut from = start;
            for (n, repetition) in field.split(char::from(marks.repetition)).enumerate() {
                let span = from..from + repetition.len();
                from += repetition.len() + 1;
                if repetition.trim().is_empty() {
                    continue;
                }
                let place = || match many && n > 0 {
                    true => format!("{}-{number}[{}]", self.label, n + 1),
                    false => format!("{}-{number}", self.label),
                };
                gather.add(place, span, marks.read(repetition))?;
            }
        }
        Ok(())
    }

    /// The place of the text of a report's line: NTE-3, and OBX-5 of a textual type.
    fn line(&self, marks: Marks) -> Option<Range<usize>> {
        let number = match self.name {
            "NTE" => 3,
            "OBX" => 5,
            _ => return None,
        };
        let mut fields = self.text.split(char::from(marks.field));
        if number == 5 {
            let kind = fields.clone().nth(2)?;
            matches!(kind, "TX" | "FT" | "ST" | "CF").then_some(())?;
        }
        let before: usize = fields.by_ref().take(number).map(|f| f.len() + 1).sum();
        let field = fields.next()?;
        let start = self.start + before;
        Some(start..start + field.len())
    }
}

/// The lines of a report that is being read.
#[derive(Default)]
struct Report {
    name: String,
    label: String,
    lines: Vec<Range<usize>>,
}

impl Report {
    fn next(
        &mut self,
        segment: &Segment<'_>,
        marks: Marks,
        text: &str,
        gather: &mut Gather<'_>,
    ) -> Result<(), Unreadable> {
        let line = segment.line(marks);
        if self.name != segment.name || line.is_none() {
            self.end(text, marks, gather)?;
            self.name = segment.name.to_owned();
            self.label = segment.label.clone();
        }
        self.lines.extend(line);
        Ok(())
    }

    fn end(&mut self, text: &str, marks: Marks, gather: &mut Gather<'_>) -> Result<(), Unreadable> {
        if self.lines.len() > 1 {
            let lines: Vec<String> = self
                .lines
                .iter()
                .map(|l| text.get(l.clone()).unwrap_or_default())
                .map(|raw| marks.read(raw).unwrap_or_else(|| raw.to_owned()))
                .collect();
            let span = self.lines[0].start..self.lines[self.lines.len() - 1].end;
            let number = if self.name == "NTE" { 3 } else { 5 };
            let place = format!("{}-{number} and the {} lines that follow", self.label, self.lines.len() - 1);
            gather.add(|| place, span, Some(lines.join("\n")))?;
        }
        self.lines.clear();
        Ok(())
    }
}
