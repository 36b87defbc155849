//! The texts of comma-separated values (RFC 4180), also divided by semicolons, tabs and bars.

use crate::field::{Found, Gather, Limits, Unreadable, plain};

/// The division of a table; `None` where a text is none: the first row holds short names, and all rows have as many cells.
#[must_use]
pub fn division(text: &str) -> Option<char> {
    [',', ';', '\t', '|'].into_iter().find(|mark| {
        let mut rows = Rows { text, at: 0, mark: *mark as u8 };
        let Some(Ok(header)) = rows.next() else { return false };
        let named = |c: &Cell| {
            let name = c.text(text);
            name.len() <= 40
                && !name.trim().is_empty()
                && name.split_whitespace().count() <= 4
                && !name.contains(['.', '?', '!'])
        };
        if header.len() < 2 || !header.iter().all(named) {
            return false;
        }
        let mut rows = rows.take(64).peekable();
        rows.peek().is_some() && rows.all(|row| row.is_ok_and(|row| row.len() == header.len()))
    })
}

/// The cells of a table, each with its row and the name of its column.
///
/// # Errors
/// Where a quotation mark does not end.
pub fn fields(text: &str, mark: char, limits: &Limits) -> Result<Found, Unreadable> {
    let mut gather = Gather::new(limits, text.len())?;
    let mut names: Vec<String> = Vec::new();
    for (n, row) in (Rows { text, at: 0, mark: u8::try_from(mark).unwrap_or(b',') }).enumerate() {
        let row = row.map_err(|()| Unreadable::new(format!("row {}", n + 1), "a quotation mark does not end"))?;
        for (i, cell) in row.iter().enumerate() {
            let place = || match names.get(i) {
                Some(name) => format!("row {}, {name}", n + 1),
                None => format!("row {}, column {}", n + 1, i + 1),
            };
            let decoded = cell.doubled.then(|| cell.text(text).replace("\"\"", "\""));
            gather.add(place, cell.start..cell.end, decoded)?;
        }
        if n == 0 {
            names = row.iter().map(|c| plain(c.text(text).trim()).to_owned()).collect();
        }
    }
    Ok(gather.finish())
}

/// What stands in a cell, without its quotation marks.
struct Cell {
    start: usize,
    end: usize,
    doubled: bool,
}

impl Cell {
    fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

struct Rows<'t> {
    text: &'t str,
    at: usize,
    mark: u8,
}

impl Iterator for Rows<'_> {
    type Item = Result<Vec<Cell>, ()>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        if self.at >= bytes.len() {
            return None;
        }
        let mut row = Vec::new();
        loop {
            let quoted = bytes.get(self.at) == Some(&b'"');
            let start = self.at + usize::from(quoted);
            let (mut end, mut doubled) = (start, false);
            if quoted {
                loop {
                    let Some(quote) = bytes[end..].iter().position(|b| *b == b'"') else {
                        self.at = bytes.len();
                        return Some(Err(()));
                    };
                    end += quote;
                    if bytes.get(end + 1) != Some(&b'"') {
                        break;
                    }
                    doubled = true;
                    end += 2;
                }
                self.at = end + 1;
            }
            let rest = bytes[self.at..].iter().position(|b| *b == self.mark || matches!(b, b'\n' | b'\r'));
            self.at = rest.map_or(bytes.len(), |i| self.at + i);
            if !quoted {
                end = self.at;
            }
            row.push(Cell { start, end, doubled });
            match bytes.get(self.at) {
                Some(b) if *b == self.mark => self.at += 1,
                Some(b'\r') if bytes.get(self.at + 1) == Some(&b'\n') => {
                    self.at += 2;
                    return Some(Ok(row));
                }
                Some(_) => {
                    self.at += 1;
                    return Some(Ok(row));
                }
                None => return Some(Ok(row)),
            }
        }
    }
}
