//! Numbers that identify nobody: measures, ratios, spans of years, codes that everybody may look up.

use crate::cue::CueKind;
use crate::doc::Doc;
use crate::lexicon::MEASURE;
use crate::token::{Kind, SPACE};

/// Whether the tokens `from..to` measure something or are a code that everybody may look up, whatever else sees in them.
///
/// A word of five letters is no number: then there is nothing to guard.
pub(crate) fn is_clinical(doc: &Doc<'_>, from: usize, to: usize) -> bool {
    let words = (from..to).any(|k| doc.tokens[k].kind == Kind::Word && doc.tokens[k].len() > 4);
    if words || doc.cues_before(from, 4).any(|c| c.kind.is_number() && !c.weak) {
        return false;
    }
    let text = &doc.text[doc.tokens[from].start..doc.tokens[to - 1].end];
    // A few letters may stand before the digits: the whole chunk says what it is.
    let mut begin = from;
    while begin > 0 && doc.glued(begin) && from - begin < 4 && !matches!(doc.mark(begin - 1), b'(' | b'[') {
        begin -= 1;
    }
    let chunk = &doc.text[doc.tokens[begin].start..doc.tokens[to - 1].end];
    measured(doc, to) || is_decimal(text) || is_value(doc, from, text) || public(doc, from) || is_public_code(chunk)
}

/// Whether the number that ends before token `end` is a measure.
pub(super) fn measured(doc: &Doc<'_>, end: usize) -> bool {
    doc.mark(end) == b'%' || doc.has(end, MEASURE) && doc.tokens[end].gap <= SPACE
}

/// `12.5`: at most three digits before the point and two behind it.
pub(super) fn is_decimal(text: &str) -> bool {
    parts(text, '.').is_some_and(|(a, b)| a.len() <= 3 && b.len() <= 2)
}

/// What only a weak cue cannot make an identifier of: a fraction of any length, a ratio, a span of years or values, what is
/// compared.
pub(super) fn is_value(doc: &Doc<'_>, i: usize, text: &str) -> bool {
    let compared =
        i > 0 && (matches!(doc.mark(i - 1), b'<' | b'>') || doc.mark(i - 1) == b'=' && is_statistic(doc, i - 1));
    let point = i > 0 && doc.mark(i - 1) == b'.' && doc.glued(i);
    let fraction = parts(text, '.').is_some_and(|(a, _)| a.len() <= 3);
    let ratio = parts(text, '/').is_some_and(|(a, b)| a.len() + b.len() < 8);
    compared || point || fraction || ratio || is_years(text)
}

/// A letter or two before an equal sign: `p = 0.04`, `n = 1250`, `OR = 1.4`.
pub(super) fn is_statistic(doc: &Doc<'_>, equals: usize) -> bool {
    equals > 0 && ["p", "n", "or", "hr", "rr", "ci", "r", "t", "f", "ns"].iter().any(|w| doc.is_word(equals - 1, w))
}

/// `2000-2012`, `2007/2008`.
pub(super) fn is_years(text: &str) -> bool {
    let year = |y: &str| y.len() == 4 && (y.starts_with("18") || y.starts_with("19") || y.starts_with("20"));
    ['-', '/'].into_iter().any(|sign| parts(text, sign).is_some_and(|(a, b)| year(a) && year(b)))
}

/// A span of years where a word says so: `the period 2000-2012`, `(2006-2011)`.
pub(super) fn is_period(doc: &Doc<'_>, i: usize, text: &str) -> bool {
    let words = ["period", "during", "in", "from", "between", "of", "years", "year", "since", "season", "academic"];
    is_years(text) && i > 0 && (doc.mark(i - 1) == b'(' || words.iter().any(|w| doc.is_word(i - 1, w)))
}

/// The two numbers that a sign divides.
fn parts(text: &str, sign: char) -> Option<(&str, &str)> {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    // A text is short, and begins with what it does not have to look for.
    let at = text.bytes().position(|b| !b.is_ascii_digit())?;
    text[at..].strip_prefix(sign).map(|b| (&text[..at], b)).filter(|(a, b)| digits(a) && digits(b))
}

/// Whether a word shortly before says that what follows is public.
pub(super) fn public(doc: &Doc<'_>, i: usize) -> bool {
    doc.cues_before(i, 6).any(|c| c.kind == CueKind::Public)
}

/// Codes that everybody may look up: trials, articles, genes, classifications.
pub(super) fn is_public_code(text: &str) -> bool {
    const PREFIXES: [&str; 27] = [
        "nct", "pmc", "pmid", "rs", "icd", "cpt", "gse", "orpha", "umls", "doi", "10.", "covid", "loinc", "isrct",
        "chebi", "hp", "snp", "actrn", "eudra", "chict", "drks", "hla", "cyp", "cd", "il-", "sars", "bnt",
    ];
    let bytes = text.as_bytes();
    let rest = |p: &str| bytes.get(p.len()).is_none_or(|b| !b.is_ascii_alphabetic());
    let begins = |p: &str| bytes.get(..p.len()).is_some_and(|b| b.eq_ignore_ascii_case(p.as_bytes()));
    PREFIXES.iter().any(|p| begins(p) && (p.len() > 3 || rest(p))) || is_icd10(text) || is_parity(text)
}

/// A code of ICD-10-CM with its point: a letter, a digit, a digit or letter, a point, up to four more. Without the point it is
/// as good as any other code.
fn is_icd10(text: &str) -> bool {
    let b = text.as_bytes();
    (5..=8).contains(&b.len())
        && b[0].is_ascii_alphabetic()
        && b[1].is_ascii_digit()
        && b[2].is_ascii_alphanumeric()
        && b[3] == b'.'
        && b[4..].iter().all(u8::is_ascii_alphanumeric)
}

/// Pregnancies and births: `G3P2012`.
fn is_parity(text: &str) -> bool {
    text.strip_prefix(['g', 'G']).and_then(|r| r.split_once(['p', 'P'])).is_some_and(|(g, p)| {
        let digits = |s: &str, most| (1..=most).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
        digits(g, 2) && digits(p, 4)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn two_numbers_are_those_that_the_first_sign_divides(text in "[0-9./gGpPé-]{0,8}", sign in "[./-]") {
            let sign = sign.chars().next().unwrap_or('.');
            let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
            let plain = text.split_once(sign).filter(|(a, b)| digits(a) && digits(b));
            prop_assert_eq!(parts(&text, sign), plain);
        }

        #[test]
        fn public_codes_are_told_whatever_their_case(text in "(nct|pm|10\\.|cd|rs|il-|g|é)?[0-9a-cpP.é]{0,7}") {
            let shouted = text.to_ascii_uppercase();
            prop_assert_eq!(is_public_code(&text), is_public_code(&shouted));
        }
    }

    #[test]
    fn public_codes_are_told_by_what_they_begin_with() {
        for code in ["NCT01234567", "rs1801133", "10.1056/NEJM", "CD4", "IL-6", "G3P2012", "E11.65", "CYP2D6"] {
            assert!(is_public_code(code), "{code}");
        }
        for code in ["rsx12", "cda4", "G3P20123", "G123P1", "A1234", "10", "é10.1", ""] {
            assert!(!is_public_code(code), "{code}");
        }
    }
}
