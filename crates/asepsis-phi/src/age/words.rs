//! Ages over 89 in words: `ninety-two-year-old`, `in her nineties`, `a hundred and one years old`, `centenarian`.

use super::person_before;
use crate::cue::CueKind;
use crate::date::spoken::cardinal;
use crate::doc::Doc;

/// The words that an age is told by, beside the longer ones.
pub(crate) const SIGNALS: [&str; 5] = ["nineties", "ninety", "hundred", "ninetieth", "hundredth"];

/// The end of the age that starts at token `i`.
pub(super) fn age(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let word = doc.word(i);
    if word.len() < 6 || !matches!(word.as_bytes()[0] | 0x20, b'n' | b'h' | b'c' | b's') {
        return None;
    }
    match word.len() {
        8 if word.eq_ignore_ascii_case("nineties") => person_before(doc, i).then_some(i + 1),
        6..=7 if word.eq_ignore_ascii_case("ninety") || word.eq_ignore_ascii_case("hundred") => number(doc, i),
        9 if word.eq_ignore_ascii_case("ninetieth") => doc.is_word(i + 1, "birthday").then_some(i + 1),
        9 if word.eq_ignore_ascii_case("hundredth") => doc.is_word(i + 1, "birthday").then_some(i + 1),
        11..=19 => ["centenarian", "nonagenarian", "supercentenarian"]
            .iter()
            .any(|w| {
                word.eq_ignore_ascii_case(w)
                    || word.len() == w.len() + 1 && word.get(..w.len()).is_some_and(|p| p.eq_ignore_ascii_case(w))
            })
            .then_some(i + 1),
        _ => None,
    }
}

/// `ninety`, `ninety-two`, `hundred and one`, where it is a person's age.
fn number(doc: &Doc<'_>, i: usize) -> Option<usize> {
    let mut end = i + 1;
    if doc.is_word(i, "hundred") {
        let more = if doc.is_word(end, "and") { end + 1 } else { end };
        if let Some((n, after)) = cardinal(doc, more)
            && n <= 25
        {
            end = after;
        }
    } else if let Some((n, after)) = cardinal(doc, i) {
        if n < 90 {
            return None;
        }
        end = after;
    }
    let skip = |k: usize| if doc.mark(k) == b'-' { k + 1 } else { k };
    let unit = skip(end);
    let old = ["year", "years", "yr", "yrs"].iter().any(|u| doc.is_word(unit, u)) && {
        let k = skip(unit + 1);
        doc.is_word(k, "old") || doc.is_word(k, "of") && doc.is_word(k + 1, "age") || doc.is_word(k, "young")
    };
    let something = doc.is_word(unit, "something") && doc.mark(end) == b'-';
    let from = if i > 0 && (doc.is_word(i - 1, "a") || doc.is_word(i - 1, "one")) { i - 1 } else { i };
    let before = |words: &[&str]| from > 0 && words.iter().any(|w| doc.is_word(from - 1, w));
    let turned = before(&["turned", "turning", "turns"]);
    let aged = doc.cues_before(from, 3).any(|c| c.kind == CueKind::Age);
    let lived = before(&["at", "to", "be"])
        && (2..=4).any(|n| from >= n && ["died", "passed", "lived", "death"].iter().any(|w| doc.is_word(from - n, w)));
    // "he was ninety one.", but not "was ninety percent".
    let ends = doc.breaks_before(end)
        || matches!(doc.mark(end), b'.' | b',' | b';')
        || doc.tokens.get(end).is_some_and(|t| t.gap >= 2);
    let person = from >= 2
        && before(&["is", "was", "am"])
        && ["he", "she", "i", "mother", "father", "patient", "who"].iter().any(|w| doc.is_word(from - 2, w))
        && ends;
    (old || something || turned || aged || lived || person).then_some(if something { unit + 1 } else { end })
}
