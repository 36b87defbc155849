//! Letters of other scripts that are drawn like Latin ones.
//!
//! They are folded within a word that has Latin letters too, and in a word of nothing but look-alikes where the text is not
//! in that script: Russian and Greek stay as they are.

use std::sync::LazyLock;

use unicode_normalization::char::is_combining_mark;

use crate::layer::{Editor, Layer};
use crate::lines;

struct LookAlike {
    letter: char,
    plain: char,
    /// Listed by Unicode, and so believed without a Latin letter beside it.
    sure: bool,
}

static LOOK_ALIKES: LazyLock<Vec<LookAlike>> = LazyLock::new(|| {
    lines(include_str!("../data/confusables.tsv"))
        .map(|row| {
            let mut columns = row.split('\t');
            let mut column = || columns.next().expect("rows of confusables.tsv have three columns");
            let letter = u32::from_str_radix(column(), 16).ok().and_then(char::from_u32);
            LookAlike {
                letter: letter.expect("the first column is a code point"),
                plain: column().chars().next().expect("the second column is a letter"),
                sure: column() == "=",
            }
        })
        .collect()
});

/// The Latin letter that `c`, of another script, is drawn like and listed with by Unicode (UTS 39).
#[must_use]
pub fn looks_like(c: char) -> Option<char> {
    look_alike(c).filter(|l| l.sure).map(|l| l.plain)
}

fn look_alike(c: char) -> Option<&'static LookAlike> {
    if c < '\u{180}' {
        return None;
    }
    let list = &*LOOK_ALIKES;
    list.binary_search_by_key(&c, |l| l.letter).ok().map(|i| &list[i])
}

/// A word with letters of another script.
struct Word {
    start: usize,
    end: usize,
    kind: Kind,
}

#[derive(PartialEq, Eq)]
enum Kind {
    /// With Latin letters beside.
    Mixed,
    /// Of sure look-alikes alone.
    Disguised,
    /// Of its own script.
    Native,
}

pub(crate) fn layer(text: &str) -> Option<Layer> {
    let words = words(text);
    let count = |kind| words.iter().filter(|w| w.kind == kind).count();
    // Among words that are plainly of the script, one that only happens to have look-alikes is of it too.
    let disguised = count(Kind::Disguised) > 2 * count(Kind::Native);
    let mut edit = Editor::new(text);
    let mut new = [0; 4];
    for word in words {
        if word.kind == Kind::Native || word.kind == Kind::Disguised && !disguised {
            continue;
        }
        for (at, c) in text[word.start..word.end].char_indices() {
            if let Some(l) = look_alike(c) {
                edit.replace(word.start + at, c.len_utf8(), l.plain.encode_utf8(&mut new));
            }
        }
    }
    edit.finish()
}

fn words(text: &str) -> Vec<Word> {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (Vec::new(), 0);
    while let Some(at) = bytes[i..].iter().position(|&b| b >= 0xC6) {
        let at = i + at;
        let c = text[at..].chars().next().unwrap_or_default();
        i = at + c.len_utf8();
        if look_alike(c).is_none() && !(c.is_alphabetic() && c >= '\u{250}') {
            continue;
        }
        let start =
            text[..at].char_indices().rev().take(64).take_while(|(_, c)| is_part(*c)).last().map_or(at, |(s, _)| s);
        let end = text[at..].char_indices().take(256).find(|(_, c)| !is_part(*c)).map_or(text.len(), |(e, _)| at + e);
        let end = end.min(floor(text, at + 512));
        i = end.max(i);
        out.push(Word {
            start: start.max(out.last().map_or(0, |w: &Word| w.end)),
            end: i,
            kind: kind(&text[start..i]),
        });
    }
    out
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

fn is_part(c: char) -> bool {
    c.is_alphabetic() || is_combining_mark(c)
}

fn kind(word: &str) -> Kind {
    let latin = |c: char| c.is_ascii_alphabetic() || matches!(c, '\u{C0}'..='\u{17F}');
    let greek = |c: char| matches!(c, 'α'..='ω');
    let letters = word.chars().filter(|c| !is_combining_mark(*c));
    let (mut mixed, mut all, mut count, mut single_greek) = (false, true, 0, 0);
    for c in letters {
        count += 1;
        mixed |= latin(c);
        all &= look_alike(c).is_some_and(|l| l.sure) || latin(c);
        single_greek += usize::from(greek(c));
    }
    // A Greek letter before a word or by itself is a term: "βhCG", "μg", "α".
    let term = single_greek == 1 && word.chars().next().is_some_and(greek);
    match (mixed, all) {
        _ if term => Kind::Native,
        (true, _) => Kind::Mixed,
        (false, true) if count > 0 => Kind::Disguised,
        _ => Kind::Native,
    }
}
