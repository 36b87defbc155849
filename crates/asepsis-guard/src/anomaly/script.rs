//! Words in letters that only look like the ones that they are read as (Unicode UTS 39).
//!
//! Greek letters in Latin words are ordinary in medicine (`TNFα`, `βhCG`, `NFκB`, `μmol`); a Latin letter in a Russian text
//! is a slip of a keyboard. Neither is flagged.

use asepsis_normal::looks_like;
use asepsis_vocab::{Span, Verdict};

use super::Flags;

const MIXED: &str = "script/mixed-word";
/// The fewest letters of another style, as 𝐦𝐚𝐭𝐡𝐞𝐦𝐚𝐭𝐢𝐜𝐚𝐥 or ⓔⓝⓒⓛⓞⓢⓔⓓ ones, that are a text.
const STYLED: usize = 8;
/// The fewest letters with a line through or under them that are a text.
const STRUCK: usize = 6;

pub(super) fn find(text: &str, flags: &mut Flags) {
    find_in(text, &Span::new, flags);
}

/// The same in a view, whose places lead back by `back`.
pub(super) fn find_in(text: &str, back: &dyn Fn(usize, usize) -> Span, flags: &mut Flags) {
    words(text, back, flags);
    styled(text, back, flags);
}

/// What a word is made of.
#[derive(Default)]
struct Made {
    latin: usize,
    lower: usize,
    /// Letters of Cyrillic, Armenian, Cherokee and the like that look like Latin ones.
    alike: usize,
    /// Letters of such scripts that do not.
    native: usize,
    /// Greek letters that are no terms: omicron, iota, capitals.
    greek_odd: usize,
    /// Other Greek letters between small Latin ones.
    greek_inside: usize,
}

fn words(text: &str, back: &dyn Fn(usize, usize) -> Span, flags: &mut Flags) {
    let (mut sure, mut weak, mut disguised) = (Vec::new(), Vec::new(), Vec::new());
    let mut native_words = 0_usize;
    let keep = super::MOST_FLAGS * 8;
    let mut at = 0;
    let bytes = text.as_bytes();
    // Letters of other scripts begin at U+0370.
    while let Some(odd) = bytes[at..].iter().position(|b| *b >= 0xCD).map(|i| at + i) {
        let start = bytes[at..odd].iter().rposition(|b| !b.is_ascii_alphabetic()).map_or(at, |i| at + i + 1);
        let end = text[odd..].char_indices().find(|(_, c)| !c.is_alphabetic()).map_or(text.len(), |(i, _)| odd + i);
        let first = text[odd..].chars().next().map_or(1, char::len_utf8);
        at = end.max(odd + first);
        let Some(word) = text.get(start..end) else { continue };
        let made = made(word);
        let span = || back(start, end);
        if made.latin > 0 && made.alike > 0 && made.latin + made.alike >= 3 || made.latin >= 2 && made.greek_odd > 0 {
            if sure.len() < keep {
                sure.push(span());
            }
        } else if made.latin > 0 && made.greek_inside > 0 {
            if weak.len() < keep {
                weak.push(span());
            }
        } else if made.alike >= 3 && made.latin == 0 && made.native == 0 {
            if disguised.len() < keep {
                disguised.push((span(), made.alike));
            }
        } else if made.native > 0 {
            native_words += 1;
        }
    }
    let disguised_letters: usize = disguised.iter().map(|(_, n)| n).sum();
    // In a text of that script slips are ordinary, and short words happen to be of look-alikes alone.
    if native_words * 2 <= sure.len() {
        for span in sure {
            flags.add(MIXED, Verdict::Spotlight, span);
        }
    }
    if weak.len() >= 2 {
        for span in weak {
            flags.add("script/greek-in-word", Verdict::Spotlight, span);
        }
    }
    if native_words == 0 && disguised_letters >= 8 && disguised.len() >= 2 {
        for (span, _) in disguised {
            flags.add("script/look-alike-word", Verdict::Spotlight, span);
        }
    }
}

fn made(word: &str) -> Made {
    let mut made = Made::default();
    let chars: Vec<char> = word.chars().take(64).collect();
    for (i, &c) in chars.iter().enumerate() {
        if c.is_ascii_alphabetic() {
            made.latin += 1;
            made.lower += usize::from(c.is_ascii_lowercase());
            continue;
        }
        let alike = looks_like(c).is_some();
        match c {
            '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}' => {
                let small = |c: Option<&char>| c.is_some_and(char::is_ascii_lowercase);
                let inside = i > 0 && small(chars.get(i - 1)) && small(chars.get(i + 1));
                if matches!(c, 'ο' | 'ι' | 'υ') || alike && c.is_uppercase() && (small(chars.get(i + 1)) || inside) {
                    made.greek_odd += 1;
                } else if inside {
                    made.greek_inside += 1;
                }
            }
            '\u{400}'..='\u{58F}'
            | '\u{10A0}'..='\u{10FF}'
            | '\u{13A0}'..='\u{13FF}'
            | '\u{1C80}'..='\u{1C8F}'
            | '\u{2C80}'..='\u{2CFF}'
            | '\u{A4D0}'..='\u{A4FF}'
            | '\u{A640}'..='\u{A69F}'
            | '\u{AB70}'..='\u{ABBF}'
            | '\u{10330}'..='\u{1034F}'
            | '\u{10400}'..='\u{104FF}' => {
                if alike {
                    made.alike += 1;
                } else {
                    made.native += 1;
                }
            }
            _ => {}
        }
    }
    if made.lower == 0 {
        made.greek_odd = 0;
    }
    // A mixed word with letters that are no look-alikes is mixed all the same.
    if made.latin > 0 && made.native > 0 {
        made.alike += made.native;
    }
    made
}

/// Letters of another style, and letters that are struck through.
fn styled(text: &str, back: &dyn Fn(usize, usize) -> Span, flags: &mut Flags) {
    let (mut styled, mut struck) = (Run::default(), Run::default());
    let mut wide = false;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c.is_ascii() {
            before = c;
            continue;
        }
        // Full-width letters belong to Chinese and Japanese text.
        wide |= matches!(c, '\u{3040}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}');
        match c {
            '\u{1D400}'..='\u{1D7CB}'
            | '\u{24B6}'..='\u{24E9}'
            | '\u{1F110}'..='\u{1F169}'
            | '\u{1F170}'..='\u{1F189}'
            | '\u{249C}'..='\u{24B5}' => styled.add(at, at + c.len_utf8()),
            '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}' if !wide => styled.add(at, at + c.len_utf8()),
            '\u{332}'..='\u{338}' if before.is_ascii_alphanumeric() => struck.add(at, at + c.len_utf8()),
            _ => {}
        }
        before = c;
    }
    if styled.count >= STYLED {
        flags.add("script/styled-letters", Verdict::Spotlight, back(styled.start, styled.end));
    }
    if struck.count >= STRUCK {
        flags.add("script/struck-letters", Verdict::Spotlight, back(struck.start, struck.end));
    }
}

#[derive(Default)]
struct Run {
    start: usize,
    end: usize,
    count: usize,
}

impl Run {
    fn add(&mut self, start: usize, end: usize) {
        if self.count == 0 {
            self.start = start;
        }
        self.end = end;
        self.count += 1;
    }
}
