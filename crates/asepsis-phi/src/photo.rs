//! File names of photographs, which are often made of the patient's name, 45 CFR 164.514(b)(2)(i)(Q).

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::lexicon::COMMON;
use crate::sorts::Sort;
use crate::token::Kind;

static FILE: Rule = Rule { name: "photo.file", kind: EvidenceKind::Cue, note: "the file name of a photograph" };

const EXTENSIONS: [&str; 13] =
    ["jpg", "jpeg", "jpe", "jfif", "png", "heic", "heif", "tif", "tiff", "bmp", "gif", "webp", "dcm"];
/// Words of a file name that say what it shows.
const SHOWS: [&str; 9] = ["face", "faces", "facial", "portrait", "photo", "photos", "headshot", "selfie", "mugshot"];
/// First words of a file name that say that it shows nobody.
const DRAWN: [&str; 6] = ["fig", "figure", "plot", "diagram", "logo", "icon"];
/// Words before a file name that say no more than that it is one.
const FILES: [&str; 7] = ["file", "filename", "attached", "attachment", "upload", "uploaded", "saved"];
/// The most tokens that a path has.
const LONGEST: usize = 64;

pub(crate) fn find(doc: &mut Doc<'_>) {
    let mut next = 1;
    while let Some(dot) = doc.sorts.next(next, [Sort::Point]) {
        next = dot + 1;
        if !is_extension(doc.word(dot + 1)) {
            continue;
        }
        let end = dot + 2;
        if doc.glued(end) && !(ends(doc, end) || doc.mark(end) == b'.' && !doc.glued(end + 1)) {
            continue;
        }
        let mut from = dot;
        while from > 0 && dot - from < LONGEST && !ends(doc, from - 1) {
            from -= 1;
            if !doc.glued(from) {
                break;
            }
        }
        let remote = doc.mark(from) == b'/' && doc.mark(from + 1) == b'/' && from > 0 && doc.mark(from - 1) == b':'
            || (from..dot).any(|k| doc.mark(k) == b'@');
        if from < dot && !remote && is_somebody(doc, from, dot) {
            doc.add(from, end, IdentifierClass::Photo, Detail::Unspecified, 0.9, &FILE);
        }
    }
}

/// Whether a value ends in the extension of an image.
pub(crate) fn is_image(value: &str) -> bool {
    value.trim_end().rsplit_once('.').is_some_and(|(stem, extension)| !stem.is_empty() && is_extension(extension))
}

fn is_extension(word: &str) -> bool {
    EXTENSIONS.iter().any(|e| word.eq_ignore_ascii_case(e))
}

/// Whether token `i` cannot stand in a file name.
fn ends(doc: &Doc<'_>, i: usize) -> bool {
    matches!(
        doc.mark(i),
        b'"' | b'\''
            | b'<'
            | b'>'
            | b'('
            | b')'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b','
            | b';'
            | b':'
            | b'='
            | b'|'
            | b'`'
            | b'!'
            | b'?'
    )
}

/// Whether the image file whose stem is `from..dot` is said to show a person.
fn is_somebody(doc: &Doc<'_>, from: usize, dot: usize) -> bool {
    let any = |list: &[&str], k: usize| list.iter().any(|w| doc.is_word(k, w));
    if any(&DRAWN, from) {
        return false;
    }
    let file = || (from.saturating_sub(4)..from).any(|k| any(&FILES, k));
    (from..dot).any(|k| any(&SHOWS, k))
        || doc.cues_before(from, 8).any(|c| c.kind == CueKind::Photo)
        || file() && (from..dot).any(|k| doc.tokens[k].kind == Kind::Word && !doc.has(k, COMMON))
}
