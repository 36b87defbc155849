//! Other mentions of what is known or was found: the same name, its parts, the same number, across all segments.

use std::collections::HashMap;

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::doc::{Doc, Rule};
use crate::known::KnownPhi;
use crate::lexicon::{
    COMMON, CREDENTIAL, DRUG, EPONYM, EPONYM_TAIL, Lexicon, MEASURE, MONTH, ORG_HEAD, ORG_PART, PARTICLE, STATE, STOP,
    TITLE, folded,
};
use crate::token::{Case, Kind, SPACE, Token};

static MENTION: Rule = Rule {
    name: "mention",
    kind: EvidenceKind::Propagated,
    note: "another mention of what was found elsewhere in the document",
};

/// The most sequences that begin with the same word, and the most in all: what is more is no patient's record.
const MOST_OF_A_WORD: usize = 16;
const MOST: usize = 20_000;
/// The surest that a finding must be to be looked for elsewhere.
const SURE: f32 = 0.8;

struct Sequence {
    /// Words and numbers in order, folded; marks between them do not count.
    words: Vec<String>,
    class: IdentifierClass,
    detail: Detail,
    /// An ordinary word, which is only taken in the case of a name.
    ordinary: bool,
    confidence: f32,
}

/// How words begin, so that most others need not be looked up: the first two letters, a bit for each pair.
#[derive(Default)]
struct Begins([u32; 32]);

impl Begins {
    /// The bits of the first two bytes, or nothing where they are not ASCII, of which folding may make anything.
    #[inline]
    fn of(word: &[u8]) -> Option<(usize, u32)> {
        let (first, second) = match *word {
            [first] => (first, 0),
            [first, second, ..] => (first, second),
            [] => (0, 0),
        };
        (first | second < 0x80).then_some((usize::from(first & 31), 1 << (second & 31)))
    }

    fn add(&mut self, folded: &str) {
        if let Some((first, second)) = Self::of(folded.as_bytes()) {
            self.0[first] |= second;
        }
    }

    /// Whether one of the words may be this one, whose case and accents do not matter.
    #[inline]
    fn may_have(&self, word: &[u8]) -> bool {
        Self::of(word).is_none_or(|(first, second)| self.0[first] & second != 0)
    }
}

/// What to look for, by first word.
pub(crate) struct Mentions<'k> {
    known: Option<&'k KnownPhi>,
    by_word: HashMap<String, Vec<Sequence>>,
    begins: Begins,
    count: usize,
}

impl<'k> Mentions<'k> {
    fn new() -> Self {
        Self { known: None, by_word: HashMap::new(), begins: Begins::default(), count: 0 }
    }

    /// What the caller gave.
    pub(crate) fn known(known: &'k KnownPhi, _lexicon: &Lexicon) -> Self {
        Self { known: Some(known), ..Self::new() }
    }

    /// What was found with good reason in any of the segments.
    pub(crate) fn found(docs: &[Doc<'_>]) -> Self {
        let mut out = Self::new();
        for doc in docs {
            for hit in doc
                .hits
                .iter()
                .filter(|h| h.confidence >= SURE && h.confidence < 1.0 || h.rule.kind == EvidenceKind::Field)
            {
                let from = doc.tokens.partition_point(|t| t.end <= hit.start);
                let to = doc.tokens.partition_point(|t| t.start < hit.end);
                out.learn(doc.text, &doc.tokens[from..to], hit.class, hit.detail, hit.confidence.min(0.9));
            }
        }
        out
    }

    fn learn(&mut self, text: &str, tokens: &[Token], class: IdentifierClass, detail: Detail, confidence: f32) {
        use IdentifierClass as Class;
        let all = || words(text, tokens);
        let letters: Vec<&Token> = tokens.iter().filter(|t| t.kind == Kind::Word).collect();
        let ordinary = || letters.iter().all(|t| t.is(COMMON | EPONYM | ORG_PART | ORG_HEAD | DRUG));
        match class {
            Class::Name => {
                for token in &letters {
                    let part = folded(&text[token.start..token.end]);
                    let skip = STOP | TITLE | MONTH | PARTICLE | CREDENTIAL | MEASURE;
                    if part.chars().count() >= 3 && !token.is(skip)
                        || part.chars().count() == 2 && letters.len() == 1 && !token.is(skip | COMMON | STATE)
                    {
                        let plain = token.is(COMMON | EPONYM | ORG_PART | DRUG);
                        self.push(vec![part], class, detail, plain, confidence);
                    }
                }
                let all = all();
                if all.len() > 1 {
                    self.push(all, class, detail, false, confidence);
                }
            }
            Class::Location if detail == Detail::Town => {
                let place: Vec<String> = letters
                    .iter()
                    .filter(|t| !(t.is(STATE) && t.case == Case::Upper && t.len() == 2))
                    .map(|t| folded(&text[t.start..t.end]))
                    .collect();
                let long = place.iter().map(String::len).sum::<usize>() >= 3;
                if long {
                    self.push(place, class, detail, ordinary(), confidence);
                }
            }
            Class::Org | Class::Location if letters.len() > 1 => {
                self.push(all(), class, detail, ordinary(), confidence);
            }
            Class::Org if !ordinary() => self.push(all(), class, detail, false, confidence),
            Class::Date | Class::Age | Class::Location | Class::Org | Class::Profession | Class::Url | Class::Email => {
            }
            _ => {
                let all = all();
                let digits = all.iter().flat_map(|w| w.bytes()).filter(u8::is_ascii_digit).count();
                if digits >= 5 {
                    self.push(all, class, detail, false, confidence);
                }
            }
        }
    }

    fn push(&mut self, words: Vec<String>, class: IdentifierClass, detail: Detail, ordinary: bool, confidence: f32) {
        let Some(first) = words.first() else { return };
        if self.count >= MOST || words.len() > 12 {
            return;
        }
        self.begins.add(first);
        let list = self.by_word.entry(first.clone()).or_default();
        if list.len() < MOST_OF_A_WORD && !list.iter().any(|s| s.words == words) {
            list.push(Sequence { words, class, detail, ordinary, confidence });
            list.sort_by_key(|s| std::cmp::Reverse(s.words.len()));
            self.count += 1;
        }
    }

    /// Marks every mention in all segments.
    pub(crate) fn mark(&mut self, docs: &mut [Doc<'_>], lexicon: &Lexicon) {
        for doc in docs {
            self.mark_one(doc, lexicon);
        }
    }

    /// The first token from `from` on that may begin a mention.
    fn next(&self, doc: &Doc<'_>, from: usize) -> Option<usize> {
        let text = doc.text.as_bytes();
        let free = doc.tokens.get(from..)?.iter().zip(doc.taken.get(from..)?);
        let begins = |token: &Token| {
            matches!(token.kind, Kind::Word | Kind::Number)
                && self.begins.may_have(text.get(token.start..token.end).unwrap_or_default())
        };
        let mut free = free.map(|(token, taken)| !taken && begins(token));
        free.position(|begins| begins).map(|next| from + next)
    }

    pub(crate) fn mark_one(&self, doc: &mut Doc<'_>, _lexicon: &Lexicon) {
        if let Some(known) = self.known {
            known.mark(doc);
        }
        if self.by_word.is_empty() {
            return;
        }
        let mut buffer = String::new();
        let mut i = 0;
        while let Some(next) = self.next(doc, i) {
            i = next;
            fold_into(doc.word(i), &mut buffer);
            let Some(list) = self.by_word.get(buffer.as_str()) else {
                i += 1;
                continue;
            };
            let found = list.iter().find_map(|s| Some((fits(doc, i, s)?, s)));
            match found {
                Some((end, s)) => {
                    let (class, detail, confidence) = (s.class, s.detail, s.confidence);
                    doc.add(i, end, class, detail, confidence, &MENTION);
                    i = end;
                }
                None => i += 1,
            }
        }
    }
}

fn words(text: &str, tokens: &[Token]) -> Vec<String> {
    tokens
        .iter()
        .filter(|t| matches!(t.kind, Kind::Word | Kind::Number))
        .map(|t| folded(&text[t.start..t.end]))
        .collect()
}

fn fold_into(word: &str, buffer: &mut String) {
    buffer.clear();
    if word.is_ascii() {
        buffer.push_str(word);
        buffer.make_ascii_lowercase();
    } else {
        buffer.push_str(&folded(word));
    }
}

/// The end of the sequence where it stands at token `i`.
fn fits(doc: &Doc<'_>, i: usize, sequence: &Sequence) -> Option<usize> {
    let mut j = i;
    for (k, word) in sequence.words.iter().enumerate() {
        if k > 0 {
            let mut marks = 0;
            while doc.tokens.get(j).is_some_and(|t| matches!(t.kind, Kind::Mark | Kind::Possessive)) && marks < 2 {
                marks += 1;
                j += 1;
            }
        }
        let token = doc.tokens.get(j)?;
        let same = matches!(token.kind, Kind::Word | Kind::Number)
            && (doc.word(j).eq_ignore_ascii_case(word) || !doc.word(j).is_ascii() && folded(doc.word(j)) == *word);
        if !same || doc.taken[j] || k > 0 && token.gap > 2 {
            return None;
        }
        j += 1;
    }
    let token = doc.tokens[i];
    // A number must stand alone: "12345" is no mention in "12345.6" or "9912345".
    if token.kind == Kind::Number
        && (i > 0 && doc.glued(i) && doc.tokens[i - 1].kind != Kind::Mark
            || doc.glued(j) && doc.tokens[j].kind != Kind::Mark)
    {
        return None;
    }
    if sequence.class == IdentifierClass::Name && sequence.words.len() == 1 {
        if doc.has(j, EPONYM_TAIL)
            || doc.tokens.get(j).is_some_and(|t| t.kind == Kind::Possessive) && doc.has(j + 1, EPONYM_TAIL)
        {
            return None;
        }
        let glued_word = i > 0 && doc.glued(i) && (doc.mark(i - 1) == b'.' || doc.mark(i - 1) == b'@');
        if glued_word && token.case == Case::Lower {
            return None;
        }
    }
    if sequence.ordinary {
        let capital = matches!(token.case, Case::Title) && token.gap <= SPACE && !doc.starts_sentence(i);
        let organisation = doc.has(j, ORG_HEAD | ORG_PART | EPONYM_TAIL);
        return (capital && !organisation).then_some(j);
    }
    Some(j)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_that_folds_to_one_that_is_looked_for_is_passed_over() {
        for (wanted, words) in [
            ("jose", vec!["José", "JOSE", "jose", "Jose\u{301}", "ＪＯＳＥ"]),
            ("angela", vec!["Ángela", "A\u{301}ngela", "ANGELA"]),
            ("a", vec!["A", "a", "á"]),
            ("łukasz", vec!["Łukasz", "łukasz"]),
            ("4471", vec!["4471"]),
        ] {
            let mut begins = Begins::default();
            begins.add(wanted);
            for word in words {
                assert!(begins.may_have(word.as_bytes()) || folded(word) != wanted, "{word}");
            }
            assert!(!begins.may_have(b"zebra") && !begins.may_have(b"z"));
        }
    }
}
