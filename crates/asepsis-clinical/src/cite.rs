//! References to publications and trials: DOI, PMID, NCT, ISBN, ISSN, arXiv.

use asepsis_checksum as checksum;
use asepsis_vocab::Span;

use crate::keys;
use crate::reading::Reading;
use crate::token::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Scheme {
    Doi,
    Pmid,
    Nct,
    Isbn,
    Issn,
    Arxiv,
}

impl Scheme {
    pub(crate) fn rule(self) -> &'static str {
        match self {
            Self::Doi => "citation/doi",
            Self::Pmid => "citation/pmid",
            Self::Nct => "citation/nct",
            Self::Isbn => "citation/isbn",
            Self::Issn => "citation/issn",
            Self::Arxiv => "citation/arxiv",
        }
    }
}

/// A reference. `right` says whether form and check digit are; `key` is equal for equal references.
#[derive(Clone)]
pub(crate) struct Citation {
    pub(crate) scheme: Scheme,
    pub(crate) span: Span,
    pub(crate) right: bool,
    pub(crate) key: String,
}

/// The longest DOI that is read, in bytes.
const LONGEST: usize = 256;

/// Every reference of a text.
pub(crate) fn citations(reading: &Reading<'_>) -> Vec<Citation> {
    let mut out: Vec<Citation> = Vec::new();
    let mut free = 0;
    for i in reading.keyed(keys::CITATION | keys::DIGITS) {
        let token = &reading.tokens[i];
        if (token.start as usize) < free {
            continue;
        }
        let word = reading.word(i);
        let named = token.has(keys::CITATION);
        let found = match token.kind {
            Kind::Number if word.starts_with("10.") => doi(reading, i),
            Kind::Word if word.len() >= 3 && word.as_bytes()[..3].eq_ignore_ascii_case(b"nct") => nct(reading, i),
            Kind::Word if named && is(word, "pmid") => after(reading, i, Scheme::Pmid),
            Kind::Word if named && is(word, "doi") => after(reading, i, Scheme::Doi),
            Kind::Word if named && is(word, "isbn") => after(reading, i, Scheme::Isbn),
            Kind::Word if named && is(word, "issn") => after(reading, i, Scheme::Issn),
            Kind::Word if named && is(word, "arxiv") => after(reading, i, Scheme::Arxiv),
            _ => None,
        };
        if let Some(citation) = found {
            free = citation.span.end;
            out.push(citation);
        }
    }
    out
}

fn is(word: &str, name: &str) -> bool {
    word.eq_ignore_ascii_case(name)
}

/// A DOI (ISO 26324): `10.`, four to nine digits, a slash, a suffix. `None` where it is only a decimal number.
fn doi(reading: &Reading<'_>, i: usize) -> Option<Citation> {
    let start = reading.tokens[i].start as usize;
    let rest = &reading.text[start..];
    let registrant = rest[3..].bytes().take_while(u8::is_ascii_digit).count();
    let after = &rest[3 + registrant..];
    if !after.starts_with('/') || registrant < 2 {
        return None;
    }
    let len = after[1..]
        .char_indices()
        .take(LONGEST)
        .find(|(_, c)| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '|' | '^' | '`' | '*'))
        .map_or(after.len().min(LONGEST) - 1, |(at, _)| at);
    let mut end = 1 + len;
    while !after.is_char_boundary(end) {
        end -= 1;
    }
    let mut suffix = after[1..end].trim_end_matches(['.', ',', ';', ':', '\'', '"', ']', '}']);
    // A closing parenthesis belongs to it only where it opened one.
    while suffix.ends_with(')') && suffix.matches(')').count() > suffix.matches('(').count() {
        suffix = suffix[..suffix.len() - 1].trim_end_matches(['.', ',', ';']);
    }
    let span = Span::new(start, start + 3 + registrant + 1 + suffix.len());
    let right = (4..=9).contains(&registrant) && !suffix.is_empty();
    Some(Citation { scheme: Scheme::Doi, span, right, key: reading.text[span.range()].to_lowercase() })
}

/// A number of ClinicalTrials.gov: NCT and eight digits.
fn nct(reading: &Reading<'_>, i: usize) -> Option<Citation> {
    let mut digits = &reading.word(i)[3..];
    let mut last = i;
    if digits.is_empty() {
        last = (i + 1..i + 3).find(|k| reading.tokens.get(*k).is_some_and(|t| t.kind == Kind::Number))?;
        digits = reading.word(last);
    }
    if digits.len() < 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let right = digits.len() == 8;
    Some(Citation { scheme: Scheme::Nct, span: reading.span(i, last), right, key: format!("nct{digits}") })
}

/// What stands after the name of a scheme, past marks and "number".
fn after(reading: &Reading<'_>, i: usize, scheme: Scheme) -> Option<Citation> {
    let mut k = i + 1;
    while k < i + 6 {
        let token = reading.tokens.get(k)?;
        let passed = token.kind == Kind::Mark && matches!(token.mark, b':' | b'#' | b'-' | b'"' | b'/' | b'.' | b'=')
            || ["id", "number", "no", "org", "is", "abs"].iter().any(|word| is(reading.word(k), word))
            || scheme == Scheme::Isbn && ["10", "13"].contains(&reading.word(k));
        if !passed {
            break;
        }
        k += 1;
    }
    let token = reading.tokens.get(k)?;
    if token.start as usize > reading.tokens[i].end as usize + 24 {
        return None;
    }
    let start = token.start as usize;
    let rest = &reading.text[start..];
    let run = |allowed: fn(char) -> bool| -> usize {
        rest.chars().take(40).take_while(|c| allowed(*c)).map(char::len_utf8).sum()
    };
    let (len, right) = match scheme {
        Scheme::Pmid => {
            let len = run(|c| c.is_ascii_digit());
            (len, (1..=8).contains(&len) && !rest.starts_with('0'))
        }
        Scheme::Isbn => {
            let run = run(|c| c.is_ascii_digit() || matches!(c, '-' | 'X' | 'x' | ' '));
            let text = trimmed(&rest[..run], 13);
            (text.len(), checksum::isbn(text))
        }
        Scheme::Issn => {
            let text = &rest[..run(|c| c.is_ascii_digit() || matches!(c, '-' | 'X' | 'x'))];
            (text.len(), text.len() == 9 && checksum::issn(text))
        }
        Scheme::Arxiv => {
            let text = rest[..run(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '/'))].trim_end_matches('.');
            (text.len(), arxiv(text))
        }
        // "doi: X": what has the form is found by its number; anything else is none.
        Scheme::Doi => {
            if rest.starts_with("10.") {
                return doi(reading, k);
            }
            let len = run(|c| !c.is_whitespace() && !matches!(c, '"' | ',' | ')'));
            if !rest[..len].bytes().any(|b| b.is_ascii_digit())
                || is(reading.word(k), "https")
                || is(reading.word(k), "http")
            {
                return None;
            }
            (len, false)
        }
        Scheme::Nct => return None,
    };
    if len == 0 || !rest[..len].bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let span = Span::new(start, start + len);
    let mut key: String = rest[..len].to_lowercase();
    if matches!(scheme, Scheme::Isbn | Scheme::Issn) {
        key.retain(|c| c.is_ascii_alphanumeric());
    }
    if scheme == Scheme::Arxiv
        && let Some(at) = key.rfind('v').filter(|at| *at > 4)
    {
        key.truncate(at);
    }
    Some(Citation { scheme, span, right, key })
}

/// As much of the text as holds the given number of digits, without what stands after them.
fn trimmed(text: &str, digits: usize) -> &str {
    let mut count = 0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if c.is_ascii_digit() || matches!(c, 'X' | 'x') {
            count += 1;
            end = at + 1;
        }
        if count == digits {
            break;
        }
    }
    &text[..end]
}

/// `2301.12345`, with a version or without; before 2007 `archive/0601001`.
fn arxiv(text: &str) -> bool {
    let bare = text
        .rsplit_once('v')
        .filter(|(_, v)| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()))
        .map_or(text, |(b, _)| b);
    let digits = |t: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit())
    };
    if let Some((month, number)) = bare.split_once('.')
        && digits(month, 4..=4)
    {
        let month: u32 = month[2..].parse().unwrap_or(0);
        return (1..=12).contains(&month) && digits(number, 4..=5);
    }
    bare.rsplit_once('/').is_some_and(|(archive, number)| {
        archive.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'.')) && digits(number, 7..=7)
    })
}
