//! Abbreviations and ways to write doses that are known to be misread: ISMP's list and the Joint Commission's.

use std::collections::HashMap;
use std::sync::LazyLock;

use asepsis_vocab::Verdict;

use super::Found;
use crate::keys;
use crate::lexicon::{list, rows};
use crate::reading::Reading;
use crate::sense::Sense;
use crate::token::{Kind, tokenize};
use crate::unit::Dimension;

struct Form {
    rest: Vec<&'static str>,
    rule: String,
    place: Place,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Number,
    Order,
    Dose,
    Drops,
    Any,
}

static FORMS: LazyLock<HashMap<&'static str, Vec<Form>>> = LazyLock::new(|| {
    let mut out: HashMap<&'static str, Vec<Form>> = HashMap::new();
    for [rule, forms, place] in rows(include_str!("../../../../data/clinical/abbreviations.tsv")) {
        let place = match place {
            "number" => Place::Number,
            "order" => Place::Order,
            "dose" => Place::Dose,
            "drops" => Place::Drops,
            _ => Place::Any,
        };
        for form in list(forms) {
            let tokens = tokenize(form);
            let mut words = tokens.iter().map(|t| &form[t.range()]);
            let Some(first) = words.next() else { continue };
            let rest = words.filter(|w| *w != "." || form.matches('.').count() > 1).collect();
            out.entry(first).or_default().push(Form { rest, rule: format!("abbreviation/{rule}"), place });
        }
    }
    for forms in out.values_mut() {
        forms.sort_by_key(|form| std::cmp::Reverse(form.rest.len()));
    }
    out
});

/// What every form begins with.
pub(crate) fn first_words() -> impl Iterator<Item = &'static str> {
    FORMS.keys().copied()
}

/// Doses from here on need commas to be read.
const COMMAS_FROM: f64 = 10_000.0;

pub(crate) fn check(answer: &Reading<'_>, found: &mut Found) {
    for i in answer.keyed(keys::ABBREVIATION) {
        let token = &answer.tokens[i];
        if token.kind != Kind::Word || token.end - token.start > 8 {
            continue;
        }
        let Some(forms) = FORMS.get(answer.word(i)) else { continue };
        let form = forms.iter().find(|form| {
            form.rest.iter().enumerate().all(|(k, word)| answer.word(i + 1 + k) == *word)
                && stands(answer, i, form.place)
        });
        if let Some(form) = form {
            found.flag(answer.span(i, i + form.rest.len()), &form.rule, Verdict::Annotate);
        }
    }
    for q in &answer.quantities {
        if answer.tokens[q.first].kind != Kind::Number
            || !(q.unit.is_plain_dose() || q.unit.dimension == Dimension::Piece)
        {
            continue;
        }
        let written = answer.word(q.first);
        let rule = if written.starts_with('.') {
            "abbreviation/naked-decimal"
        } else if written.split_once('.').is_some_and(|(_, after)| after.bytes().all(|b| b == b'0')) {
            "abbreviation/trailing-zero"
        } else if !written.contains([',', '.']) && q.value >= COMMAS_FROM {
            "abbreviation/no-comma"
        } else {
            continue;
        };
        found.flag(answer.span(q.first, q.last), rule, Verdict::Annotate);
    }
}

/// Whether an abbreviation stands where it means what the list is about.
fn stands(answer: &Reading<'_>, i: usize, place: Place) -> bool {
    let (first, last) = answer.sentence(i, 24);
    let dose = || {
        let from = answer.quantities.partition_point(|q| q.first < first);
        answer.quantities[from..].iter().take_while(|q| q.first <= last).any(|q| q.unit.is_plain_dose())
    };
    match place {
        // A level ("156 IU/L") is no dose.
        Place::Number if answer.tokens.get(i + 1).is_some_and(|t| t.is(b'/')) => false,
        // Nor is "2020 U.S.", nor "a U T I".
        Place::Number
            if answer.tokens.get(i + 1).is_some_and(|t| t.is(b'.') && t.glued)
                && answer.tokens.get(i + 2).is_some_and(|t| t.glued) =>
        {
            false
        }
        Place::Number => {
            i > 0 && (answer.tokens[i - 1].kind == Kind::Number || (0..=1000).contains(&answer.tokens[i - 1].number))
        }
        Place::Any => true,
        Place::Dose => dose(),
        Place::Order => dose() || answer.has(first, last, |sense| matches!(sense, Sense::Drug(_))),
        Place::Drops => (first..=last).any(|k| {
            ["drop", "drops", "gtt", "gtts", "eye", "ear", "ophthalmic", "otic"]
                .iter()
                .any(|w| answer.word(k).eq_ignore_ascii_case(w))
        }),
    }
}
