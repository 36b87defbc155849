//! Names of accounts on computers and networks: any word after a cue, since they are made of people's names.

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::doc::{Doc, Rule};
use crate::lexicon::{COMMON, FIELD_NOUN, LINK, STOP};
use crate::token::{Kind, SPACE};

static USERNAME: Rule =
    Rule { name: "id.username", kind: EvidenceKind::Cue, note: "the name of an account after a cue" };

/// Words that announce the name of an account, in their last word.
const CUES: [&str; 12] = [
    "username",
    "userid",
    "login",
    "logon",
    "handle",
    "screenname",
    "instagram",
    "twitter",
    "snapchat",
    "tiktok",
    "venmo",
    "telegram",
];
/// The most tokens of such a name.
const LONGEST: usize = 16;

pub(super) fn find(doc: &mut Doc<'_>) {
    for i in 0..doc.tokens.len() {
        if doc.tokens[i].kind != Kind::Word || doc.tokens[i].len() < 4 {
            continue;
        }
        let two = i > 0
            && (doc.is_word(i, "name") || doc.is_word(i, "id"))
            && (doc.is_word(i - 1, "user") || doc.is_word(i - 1, "screen"));
        if two || CUES.iter().any(|c| doc.is_word(i, c)) {
            after(doc, i);
        }
    }
}

fn after(doc: &mut Doc<'_>, cue: usize) {
    let mut k = cue + 1;
    let mut said = false;
    while k < cue + 4
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
