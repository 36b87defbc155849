//! Text of HTML that a browser does not show and a model reads: `display:none`, a size of zero, white on white.
//!
//! It needs three words: icons, counters and templates are hidden too. Comments and attributes are no flags by
//! themselves; the views hold them.

mod sheet;
mod style;

use asepsis_vocab::{Span, Verdict};

use super::Flags;
use sheet::Sheet;

/// The rule of text that is not shown.
pub(crate) const HIDDEN: &str = "hidden/html";

/// The longest tag that is read.
const LONGEST_TAG: usize = 4096;
/// So far behind a hiding tag its end is looked for.
const FAR: usize = 64 << 10;
/// The fewest words that are a text.
const WORDS: usize = 3;

pub(super) fn find(text: &str, flags: &mut Flags) {
    let bytes = text.as_bytes();
    let sheet = Sheet::of(text);
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'<', &bytes[from..]).map(|i| from + i) {
        let tag = match Tag::at(text, at) {
            Ok(tag) => tag,
            Err(resume) => {
                from = resume;
                continue;
            }
        };
        from = tag.end;
        if !tag.hides(text, &sheet) || tag.is_void() {
            continue;
        }
        let end = tag.close(text);
        if words(&text[tag.end..end]) >= WORDS {
            flags.add(HIDDEN, Verdict::Strip, Span::new(at, end));
        }
        from = end;
    }
}

struct Tag<'t> {
    name: &'t str,
    attributes: &'t str,
    start: usize,
    end: usize,
}

impl<'t> Tag<'t> {
    /// The opening tag at `at`, or where to go on if there is none.
    fn at(text: &'t str, at: usize) -> Result<Self, usize> {
        let bytes = text.as_bytes();
        let name_len = bytes[at + 1..].iter().take(32).take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
        if name_len == 0 || !bytes[at + 1].is_ascii_alphabetic() {
            return Err(at + 1);
        }
        let name_end = at + 1 + name_len;
        let near = &bytes[name_end..bytes.len().min(name_end + LONGEST_TAG)];
        // A bracket within quotation marks does not end it.
        let mut quote = None;
        let stop = near.iter().position(|b| match (quote, *b) {
            (None, b'>' | b'<') => true,
            (None, b'"' | b'\'') => {
                quote = Some(*b);
                false
            }
            (Some(q), b) if q == b => {
                quote = None;
                false
            }
            _ => false,
        });
        // A tag that does not end takes in what follows it, for a browser too.
        let Some(stop) = stop else { return Err(name_end + near.len()) };
        if near[stop] == b'<' {
            return Err(name_end + stop);
        }
        let attributes = &text[name_end..name_end + stop];
        Ok(Self { name: &text[at + 1..name_end], attributes, start: at, end: name_end + stop + 1 })
    }

    fn is_void(&self) -> bool {
        const VOID: [&str; 8] = ["img", "br", "hr", "input", "meta", "link", "source", "wbr"];
        self.attributes.ends_with('/') || VOID.iter().any(|v| self.name.eq_ignore_ascii_case(v))
    }

    /// Whether what it holds is not shown.
    fn hides(&self, text: &str, sheet: &Sheet) -> bool {
        if self.attributes.len() < 5 {
            return false;
        }
        // `&#58;` and the like stand for what they hide.
        let attributes = asepsis_normal::Normal::of(self.attributes).text().to_ascii_lowercase();
        let packed: String = attributes.chars().filter(|c| !c.is_whitespace()).collect();
        let named = attributes.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| word == "hidden")
            && !packed.contains("type=\"hidden\"")
            && (attributes.split_whitespace().any(|w| w == "hidden" || w.starts_with("hidden=")))
            || packed.contains("aria-hidden=\"true\"");
        named || style::hides(&packed) || sheet.names(&attributes) || self.is_white(&packed, text)
    }

    /// White letters where no background is set, here or shortly before.
    fn is_white(&self, packed: &str, text: &str) -> bool {
        const WHITE: [&str; 9] = [
            "color:white",
            "color:#fff",
            "color:#fefefe",
            "color:rgb(255,255,255)",
            "color:rgba(255,255,255",
            "color=\"white",
            "color=\"#fff",
            "color=white",
            "color=#fff",
        ];
        let white = WHITE.iter().any(|w| packed.match_indices(w).any(|(i, _)| !packed[..i].ends_with(['-', 'g'])));
        if !white {
            return false;
        }
        let near = (self.start.saturating_sub(512)..=self.start).find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        let dark = |t: &str| {
            let lower = t.to_ascii_lowercase();
            let set = |w: &str| {
                lower.match_indices(w).any(|(i, _)| {
                    let value =
                        lower[i + w.len()..].trim_start_matches([':', '=', '"', ' ', '\'', '-', 'c', 'o', 'l', 'r']);
                    !(value.starts_with("white") || value.starts_with("#fff") || value.starts_with("rgb(255"))
                })
            };
            set("background") || set("bgcolor")
        };
        !dark(self.attributes) && !dark(&text[near..self.start])
    }

    /// Where what it holds ends: at its own closing tag, or not far behind.
    fn close(&self, text: &str) -> usize {
        let far = (self.end + FAR).min(text.len());
        let far = (far..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len());
        let bytes = &text.as_bytes()[..far];
        let (mut depth, mut from) = (1_usize, self.end);
        while let Some(at) = memchr::memchr(b'<', &bytes[from..]).map(|i| from + i) {
            let closing = bytes.get(at + 1) == Some(&b'/');
            let name = at + 1 + usize::from(closing);
            let same = text.get(name..name + self.name.len()).is_some_and(|n| n.eq_ignore_ascii_case(self.name))
                && !bytes.get(name + self.name.len()).is_some_and(u8::is_ascii_alphanumeric);
            if same && closing {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            } else if same {
                depth += 1;
            }
            from = at + 1;
        }
        far
    }
}

/// How many words stand between the tags, as far as it matters.
fn words(inside: &str) -> usize {
    let (mut count, mut in_tag, mut letters) = (0, false, 0);
    for c in inside.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            _ if in_tag => continue,
            _ if c.is_alphabetic() => {
                letters += 1;
                // A script without spaces has no words to count.
                if letters == 2 || letters > 12 && c >= '\u{2E80}' {
                    count += 1;
                }
                if count >= WORDS {
                    return count;
                }
                continue;
            }
            _ => {}
        }
        letters = 0;
    }
    count
}
