//! A text on its way to the client, piece by piece, word by word.

use std::sync::Arc;

use asepsis_vocab::{Flag, Span, Verdict};

use crate::control::{Becomes, Sequence, may_hold};
use crate::cut::{self, Cut};
use crate::hosts::Hosts;
use crate::key::{KeyKind, SHORTEST_KEY};

/// What stands where an address was.
pub const REMOVED: &str = "[link removed]";

/// The longest word that is held back whole, in bytes. Of a longer one the beginning is looked at with an overlap.
pub const LONGEST_WORD: usize = 8192;

/// How much of a long word is looked at twice, in bytes: more than any beginning of an address that matters.
const OVERLAP: usize = 512;

/// What of a word is still to be given out, where so much of it is already: up to the first cut the two are the same.
fn rest<'s>(shown: &'s str, given: usize, cuts: &[Cut]) -> &'s str {
    let same = cuts.iter().map(|cut| cut.range.start).min().unwrap_or(usize::MAX);
    &shown[given.min(same).min(shown.len())..]
}

/// The most flags that are kept of one text; the others are counted.
const MOST_FLAGS: usize = 256;

/// The bytes of ASCII that make a short word of nothing else one in which there is nothing: no address, no markup, no formula, no key. A
/// hyphen is none of them, because a key in PEM begins with five.
const HARMLESS: [bool; 256] = {
    let (mut harmless, mut byte) = ([false; 256], 0);
    while byte < 128 {
        harmless[byte] = (byte as u8).is_ascii_alphanumeric()
            || matches!(byte as u8, b',' | b';' | b'(' | b')' | b'\'' | b'"' | b'!' | b'?' | b'%');
        byte += 1;
    }
    harmless
};

/// How a text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Written {
    /// As it is read.
    #[default]
    Plain,
    /// As the source of JSON: what is taken out leaves JSON behind.
    Json,
}

/// Takes out of one text what could carry data out.
pub struct Filter {
    hosts: Arc<Hosts>,
    /// How the text is written.
    written: Written,
    /// Whether the present word ends with a backslash that escapes what comes next.
    escapes: bool,
    /// The present word as far as it came, without what was taken out of it by the character.
    word: String,
    /// How much of it is given out already: the letters that it begins with. Alone they do nothing, wherever they are shown, and a
    /// stream whose pieces end within words of letters stays as it is.
    given: usize,
    /// Where it began, in bytes of the text as it came.
    word_at: usize,
    /// How much of the text came.
    came: usize,
    /// Whether something within the word was taken out, so that offsets in it are not those of the text.
    uneven: bool,
    sequence: Sequence,
    /// Whether nothing but space stands before the word in its line or cell.
    first: bool,
    /// Whether the rest of the word goes with its beginning, which was refused.
    swallow: bool,
    pem: Pem,
    flags: Vec<Flag>,
    more: u64,
}

/// Where in a private key in PEM (RFC 7468) the text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pem {
    None,
    /// Behind `-----BEGIN`, and what that may be is not said yet.
    Label,
    /// In a private key, which goes, until it ends.
    Key,
    /// In its last line.
    End,
}

impl Filter {
    /// A filter for one text, in which addresses may point to these hosts.
    #[must_use]
    pub fn new(hosts: Arc<Hosts>) -> Self {
        Self {
            hosts,
            written: Written::Plain,
            escapes: false,
            word: String::new(),
            given: 0,
            word_at: 0,
            came: 0,
            uneven: false,
            sequence: Sequence::default(),
            first: true,
            swallow: false,
            pem: Pem::None,
            flags: Vec::new(),
            more: 0,
        }
    }

    /// The same for a text that is written so.
    #[must_use]
    pub fn written(self, written: Written) -> Self {
        Self { written, ..self }
    }

    /// Takes the next piece of the text and appends to `out` what may be shown of it by now.
    pub fn push(&mut self, piece: &str, out: &mut String) {
        if self.sequence == Sequence::None && !may_hold(piece) {
            return self.text(piece, out);
        }
        let mut start = 0;
        for (at, character) in piece.char_indices() {
            if let Becomes::Goes(rule) = self.sequence.next(character) {
                self.text(&piece[start..at], out);
                self.flag(Span::new(self.came, self.came + character.len_utf8()), rule);
                self.came += character.len_utf8();
                self.uneven = true;
                start = at + character.len_utf8();
            }
        }
        self.text(&piece[start..], out);
    }

    /// Ends the text and appends to `out` what was held back.
    pub fn finish(&mut self, out: &mut String) {
        self.end_word(out);
    }

    /// What was found so far, and how much more than is kept.
    #[must_use]
    pub fn found(&self) -> (&[Flag], u64) {
        (&self.flags, self.more)
    }

    /// Takes text without control characters.
    fn text(&mut self, mut text: &str, out: &mut String) {
        if self.written == Written::Json {
            return self.source(text, out);
        }
        text = &text[self.harmless(text, out)..];
        while let Some(at) = text.find(char::is_whitespace) {
            self.grow(&text[..at], out);
            self.end_word(out);
            let space = text[at..].chars().next().unwrap_or(' ');
            self.space(space, out);
            text = &text[at + space.len_utf8()..];
            text = &text[self.harmless(text, out)..];
        }
        self.grow(text, out);
    }

    /// Gives out the words of which their letters alone tell that there is nothing in them, each with the space behind it: most of a text.
    /// Returns how much that was.
    fn harmless(&mut self, text: &str, out: &mut String) -> usize {
        if !self.word.is_empty() || self.swallow || self.pem != Pem::None {
            return 0;
        }
        let bytes = text.as_bytes();
        let mut end = 0;
        loop {
            let word = bytes[end..].iter().take(SHORTEST_KEY).take_while(|byte| HARMLESS[usize::from(**byte)]).count();
            let Some(space @ (b' ' | b'\n')) = bytes.get(end + word) else { break };
            if word == SHORTEST_KEY {
                break;
            }
            self.first = *space == b'\n' || (self.first && word == 0);
            end += word + 1;
        }
        if end > 0 {
            out.push_str(&text[..end]);
            self.came += end;
            self.word_at = self.came;
            self.uneven = false;
        }
        end
    }

    /// Takes source of JSON: a quotation mark, and an escape that stands for one or for space, end a word as well.
    fn source(&mut self, text: &str, out: &mut String) {
        let mut start = 0;
        for (at, character) in text.char_indices() {
            let behind = at + character.len_utf8();
            if std::mem::take(&mut self.escapes) {
                if !matches!(character, '"' | 'n' | 'r' | 't' | 'b' | 'f') {
                    continue;
                }
                // The backslash is in the word already, or in what is still to be added to it.
                self.grow(&text[start..at], out);
                if !self.swallow {
                    self.word.pop();
                }
                self.end_word(out);
                out.push('\\');
                self.space(character, out);
                self.first = character != '"' || self.first;
                start = behind;
            } else if character == '\\' {
                self.escapes = true;
            } else if character == '"' || character.is_whitespace() {
                self.grow(&text[start..at], out);
                self.end_word(out);
                self.space(character, out);
                self.first |= character == '"';
                start = behind;
            }
        }
        self.grow(&text[start..], out);
    }

    /// Gives out a character between words.
    fn space(&mut self, space: char, out: &mut String) {
        out.push(space);
        self.came += space.len_utf8();
        if matches!(space, '\n' | '\r' | '\t') {
            self.first = true;
        }
        self.word_at = self.came;
    }

    fn grow(&mut self, mut text: &str, out: &mut String) {
        while !text.is_empty() {
            let room = LONGEST_WORD.saturating_sub(self.word.len()).max(4);
            let part = text.floor_char_boundary(room.min(text.len()));
            if self.word.is_empty() && !self.swallow {
                self.word_at = self.came;
            }
            self.came += part;
            if !self.swallow {
                if self.pem == Pem::None && self.given == self.word.len() {
                    let letters = text[..part].find(|c: char| !c.is_alphabetic()).unwrap_or(part);
                    out.push_str(&text[..letters]);
                    self.given += letters;
                }
                self.word.push_str(&text[..part]);
                if self.word.len() + 4 > LONGEST_WORD {
                    self.begin_of_long_word(out);
                }
            }
            text = &text[part..];
        }
    }

    /// Gives out the beginning of a word that is longer than what is held back.
    fn begin_of_long_word(&mut self, out: &mut String) {
        let mut cuts = Vec::new();
        let shown = cut::word(&self.word, self.first, self.written, &self.hosts, &mut cuts).into_owned();
        let length = self.word.len();
        let reaches_on = cuts.iter().any(|cut| cut.range.end == length);
        if cuts.is_empty() {
            // Nothing yet; an address may begin in what is kept.
            let keep = self.word.floor_char_boundary(length - OVERLAP);
            out.push_str(&self.word[self.given.min(keep)..keep]);
            self.word.drain(..keep);
            self.given = self.given.saturating_sub(keep);
            self.word_at += keep;
        } else {
            self.flag_all(&cuts);
            out.push_str(rest(&shown, self.given, &cuts));
            self.word.clear();
            self.given = 0;
            self.word_at = self.came;
            self.swallow = reaches_on;
        }
        self.first = false;
    }

    fn end_word(&mut self, out: &mut String) {
        if !self.word.is_empty() {
            if !self.private(out) {
                let mut cuts = Vec::new();
                let shown = cut::word(&self.word, self.first, self.written, &self.hosts, &mut cuts);
                out.push_str(rest(&shown, self.given, &cuts));
                self.flag_all(&cuts);
            }
            self.word.clear();
            self.given = 0;
            self.first = false;
        }
        self.swallow = false;
        self.uneven = false;
        self.word_at = self.came;
    }

    /// Whether the present word belongs to a private key, and so is not shown.
    fn private(&mut self, out: &mut String) -> bool {
        let word = self.word.as_str();
        let next = match self.pem {
            Pem::None if word.ends_with("-----BEGIN") => Pem::Label,
            Pem::Label if word == "PRIVATE" => Pem::Key,
            Pem::Label if word.ends_with("-----") => Pem::None,
            Pem::Label if word.len() < 16 && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) => {
                Pem::Label
            }
            Pem::Label => Pem::None,
            Pem::Key if word.ends_with("-----END") => Pem::End,
            Pem::End if word.ends_with("-----") => {
                self.pem = Pem::None;
                return true;
            }
            same => same,
        };
        if next == Pem::Key && self.pem == Pem::Label {
            out.push_str("[key removed]");
            self.flag(Span::new(self.word_at, self.came), KeyKind::Private.rule());
        }
        self.pem = next;
        matches!(next, Pem::Key | Pem::End)
    }

    fn flag_all(&mut self, cuts: &[Cut]) {
        for cut in cuts {
            let span = if self.uneven {
                Span::new(self.word_at, self.came)
            } else {
                Span::new(self.word_at + cut.range.start, self.word_at + cut.range.end)
            };
            self.flag(span, cut.rule);
        }
    }

    fn flag(&mut self, span: Span, rule: &str) {
        // A run of the same is one.
        if let Some(last) = self.flags.last_mut()
            && last.rule == rule
            && last.span.end == span.start
        {
            last.span.end = span.end;
        } else if self.flags.len() < MOST_FLAGS {
            self.flags.push(Flag { span, rule: rule.to_owned(), verdict: Verdict::Strip });
        } else {
            self.more += 1;
        }
    }
}
