//! Years of birth that tell an age over 89.

use crate::cue::CueKind;
use crate::doc::Doc;
use crate::token::Kind;

/// The year that a document without any later year is taken to be of. The engine has no clock; a later year here would
/// only cover more.
const LATEST_RELEASE: u32 = 2026;
const OLDEST_SHOWN: u32 = 89;

/// The tokens of such years.
pub(super) fn years(doc: &Doc<'_>) -> Vec<usize> {
    if !doc.is_cued(CueKind::Birth) {
        return Vec::new();
    }
    let year = |i: usize| doc.digits(i, 4, 4).then(|| doc.value(i)).filter(|y| (1850..=2100).contains(y));
    let born: Vec<usize> = doc
        .cues
        .iter()
        .filter(|c| c.kind == CueKind::Birth)
        .filter_map(|c| {
            let mut i = c.after;
            // "born in about 1931", "year of birth: 1931", "birth year is 1931"
            while i < c.after + 4 && doc.tokens.get(i).is_some_and(|t| t.kind == Kind::Mark && t.gap < 2)
                || ["in", "is", "was", "about", "around", "the", "year", "circa", "c"].iter().any(|w| doc.is_word(i, w))
                    && i < c.after + 5
            {
                i += 1;
            }
            let alone = !(doc.glued(i + 1) && matches!(doc.mark(i + 1), b'-' | b'/') && doc.is_number(i + 2));
            (year(i).is_some() && alone && !doc.taken[i]).then_some(i)
        })
        .collect();
    if born.is_empty() {
        return born;
    }
    let latest = (0..doc.tokens.len()).filter(|i| !born.contains(i)).filter_map(year).max();
    let now = latest.filter(|y| *y > 1990).unwrap_or(LATEST_RELEASE);
    born.into_iter().filter(|&i| doc.value(i) + OLDEST_SHOWN < now).collect()
}
