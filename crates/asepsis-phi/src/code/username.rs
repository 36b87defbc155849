//! Names of accounts on computers and networks: any word after a cue, since they are made of people's names.

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::lexicon::{COMMON, FIELD_NOUN, LINK, STOP};
use crate::token::{Kind, SPACE};

static USERNAME: Rule =
    Rule { name: "id.username", kind: EvidenceKind::Cue, note: "the name of an account after a cue" };

/// Words that announce the name of an account; they are cues of `cues.tsv` too.
const CUES: [&str; 16] = [
    "username",
    "user name",
    "userid",
    "user id",
    "login",
    "logon",
    "handle",
    "screenname",
    "screen name",
    "instagram",
    "twitter",
    "snapchat",
    "tiktok",
    "venmo",
    "telegram",
    "skype",
];
/// The most tokens of such a name.
const LONGEST: usize = 16;

pub(super) fn find(doc: &mut Doc<'_>) {
    let starts: Vec<usize> = doc
        .cues
        .iter()
        .filter(|c| c.kind == CueKind::Id && CUES.iter().any(|cue| is(&doc.text[c.start..c.end], cue)))
        .map(|c| c.after)
        .collect();
    for after_cue in starts {
        after(doc, after_cue);
    }
}

/// Whether a cue in a text is this one; any of space, hyphen and underscore may join its words.
fn is(text: &str, cue: &str) -> bool {
    text.len() == cue.len()
        && text
            .bytes()
            .zip(cue.bytes())
            .all(|(t, c)| t.eq_ignore_ascii_case(&c) || c == b' ' && matches!(t, b'-' | b'_'))
}

fn after(doc: &mut Doc<'_>, start: usize) {
    let mut k = start;
    let mut said = false;
    while k < start + 3
        && (matches!(doc.mark(k), b':' | b'=' | b'"' | b'\'' | b'-' | b'>')
            || doc.is_word(k, "is")
            || doc.is_word(k, "handle")
            || doc.is_word(k, "as"))
        && !(doc.mark(k) == b'-' && doc.glued(k))
    {
        said |= doc.mark(k) != b'-';
        k += 1;
    }
    let at = doc.mark(k) == b'@';
    let from = k;
    k += usize::from(at);
    let value = k;
    while k - value < LONGEST
        && doc.tokens.get(k).is_some_and(|t| {
            let joins = matches!(t.mark, b'.' | b'_' | b'-' | b'\\') && doc.glued(k + 1) && k > value;
            (k == value && t.gap <= SPACE || t.gap == 0) && (t.kind != Kind::Mark || joins || t.mark == b'_')
        })
    {
        k += 1;
    }
    if k == value || !doc.is_free(from, k) {
        return;
    }
    let one_word = k == value + 1;
    let plain = doc.has(value, COMMON | STOP | LINK | FIELD_NOUN);
    let joined = (value..k).any(|j| doc.is_number(j) || doc.mark(j) != 0);
    if at || joined && (said || !plain) || one_word && said && !plain {
        doc.add(from, k, IdentifierClass::Id, Detail::Unspecified, 0.85, &USERNAME);
    }
}
