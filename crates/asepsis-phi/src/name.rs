//! Names, 45 CFR 164.514(b)(2)(i)(A): after titles, cues, salutations and in signatures, before what a person does, and
//! as a pair of words that lists make likely.

use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::cue::CueKind;
use crate::doc::{Doc, Rule};
use crate::lexicon::{
    COMMON, COUNTRY, CREDENTIAL, DRUG, EPONYM, EPONYM_TAIL, FIELD_NOUN, FIRST, FIRST_TOP, LAST, MEASURE, MONTH,
    ORG_HEAD, ORG_PART, PARTICLE, PERSON_VERB, RELATION, SALUTATION, STATE_NAME, STOP, STREET, TITLE, TOWN_TAIL,
    WEEKDAY,
};
use crate::place::is_bridge;
use crate::token::{Case, Kind, SPACE};

static TITLED: Rule = Rule { name: "name.titled", kind: EvidenceKind::Cue, note: "a name after a title" };
static CUED: Rule = Rule { name: "name.cued", kind: EvidenceKind::Cue, note: "a name after a cue for a person" };
static SIGNED: Rule = Rule { name: "name.signed", kind: EvidenceKind::Cue, note: "a name before a credential" };
static GREETED: Rule = Rule { name: "name.greeted", kind: EvidenceKind::Cue, note: "a name after a greeting" };
static ACTING: Rule =
    Rule { name: "name.acting", kind: EvidenceKind::Cue, note: "a name before what only a person does or is" };
static PAIR: Rule =
    Rule { name: "name.pair", kind: EvidenceKind::Lexicon, note: "a first name and a surname side by side" };
static BRACKET: Rule = Rule {
    name: "name.numbered",
    kind: EvidenceKind::Pattern,
    note: "a pair of capitalised words before a number in brackets",
};

/// How much a place says that a name stands there, and so how little the name itself must.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Trust {
    /// Nothing: the lists must speak.
    Low,
    /// A role word: an ordinary word will not do.
    Middle,
    /// A word for a name: an ordinary word must also be somebody's name.
    High,
    /// A title or a typed field: any word in title case will do.
    Certain,
}

/// Names that a cue, a title, a greeting or a credential announces.
pub(crate) fn find_cued(doc: &mut Doc<'_>) {
    titled(doc);
    cued(doc);
    greeted(doc);
    signed(doc);
}

fn add(doc: &mut Doc<'_>, from: usize, to: usize, confidence: f32, rule: &'static Rule) {
    doc.add(from, to, IdentifierClass::Name, Detail::Unspecified, confidence, rule);
}

/// `Dr. Jono`, `Mr Clark`, `dr. miller`.
fn titled(doc: &mut Doc<'_>) {
    for i in 0..doc.tokens.len() {
        if !doc.has(i, TITLE) || doc.taken[i] {
            continue;
        }
        let mut j = i + 1;
        if doc.mark(j) == b'.' && doc.glued(j) {
            j += 1;
        }
        while j < i + 8 && doc.has(j, TITLE) && doc.tokens[j].gap <= 2 {
            j += 1;
            if doc.mark(j) == b'.' {
                j += 1;
            }
        }
        if doc.tokens.get(j).is_none_or(|t| t.gap == 0 && doc.mark(j - 1) != b'.' || t.gap > 2) {
            continue;
        }
        let word_title = matches!(
            doc.word(i).to_ascii_lowercase().as_str(),
            "nurse"
                | "sister"
                | "doctor"
                | "judge"
                | "officer"
                | "miss"
                | "sir"
                | "madam"
                | "lieutenant"
                | "professor"
                | "lt"
                | "hon"
                | "dra"
                | "sra"
                | "rev"
                | "fr"
        );
        let lower = doc.tokens[j].case == Case::Lower;
        let end = if lower {
            if word_title || doc.mark(j) != 0 {
                continue;
            }
            spoken(doc, j, true)
        } else {
            run(doc, j, if word_title { Trust::Middle } else { Trust::Certain })
        };
        if end > j {
            add(doc, j, end, 0.95, &TITLED);
        }
    }
}

/// `PATIENT IDENTITY >> Haki`, `her husband, Tom Reed`, `name is Dava`.
fn cued(doc: &mut Doc<'_>) {
    for c in 0..doc.cues.len() {
        let cue = doc.cues[c];
        if cue.kind != CueKind::Name {
            continue;
        }
        // "[doctor] hi": who speaks, not whom is spoken of.
        if doc.mark(cue.after) == b']' {
            continue;
        }
        let (mut j, mut separated) = (cue.after, false);
        let reach = j + 9;
        while j < reach && j < doc.tokens.len() && !doc.taken[j] && !doc.breaks_before(j) {
            let t = doc.tokens[j];
            if t.is_capital() && !(t.is(LINK_CAPITAL) && j < cue.after + 4 && !separated && t.is(FIELD_NOUN)) {
                break;
            }
            if !is_bridge(doc, j) || t.mark == b'(' && separated {
                break;
            }
            separated |= matches!(t.mark, b':' | b'>' | b'=' | b'|' | b'-')
                || t.kind == Kind::Mark && t.mark == 0
                || doc.is_word(j, "named");
            j += 1;
        }
        while doc.has(j, TITLE) && j < reach + 6 {
            j += 1;
            if doc.mark(j) == b'.' {
                j += 1;
            }
        }
        if j >= doc.tokens.len() || doc.taken[j] || doc.tokens[j].gap > 2 && j > cue.after {
            continue;
        }
        // What follows a cue on the next line is its value only where the line was a field.
        let strong = !cue.weak || separated && j - cue.after <= 4;
        let line = doc.tokens[j].gap >= 2 && !separated;
        if line && cue.weak {
            continue;
        }
        // "Home district submitted by the guardian: Auburn Grove" speaks of a place.
        let key_start = doc.token_at(cue.start);
        let same_line = |d: usize| (key_start - d..=key_start).all(|k| doc.tokens[k].gap < 2 && doc.mark(k) != b'.');
        let place_key = separated
            && cue.weak
            && doc.cues_before(key_start, 6).any(|n| n.kind == CueKind::Town && !n.weak && same_line(n.distance));
        let loose_link = !separated
            && j > cue.after
            && matches!(
                doc.word(j - 1),
                "on" | "with" | "to" | "has" | "had" | "have" | "at" | "in" | "a" | "an" | "using" | "use"
            );
        if place_key || loose_link || cue.weak && doc.starts_cue(j, j + 1) && !doc.has(j, FIRST) {
            continue;
        }
        let end = if doc.tokens[j].case == Case::Lower && doc.tokens[j].kind == Kind::Word {
            let near = j == cue.after || separated;
            let asked = !cue.weak || doc.has(j, FIRST_TOP) && !doc.has(j, COMMON);
            if near && asked && !doc.has(j, COMMON | STOP) { spoken(doc, j, false) } else { j }
        } else {
            let value = run(doc, j, Trust::Certain);
            let whole = separated
                && !cue.weak
                && (value == doc.tokens.len() || doc.tokens[value].gap >= 2 || doc.tokens[value].kind == Kind::Mark);
            run(
                doc,
                j,
                if whole {
                    Trust::Certain
                } else if strong {
                    Trust::High
                } else {
                    Trust::Middle
                },
            )
        };
        let alone = end == j + 1;
        let abbreviation = matches!(doc.tokens[j].case, Case::Upper | Case::Mixed)
            && alone
            && (doc.tokens[j].len() <= 5 && cue.weak && !separated || doc.has(j, COMMON | FIELD_NOUN));
        let verb_heading = abbreviation
            || doc.tokens[j].case == Case::Upper && doc.starts_cue(j, end)
            || doc.dose_follows(end) && !separated;
        let place = alone && doc.has(j, TOWN_TAIL | ORG_HEAD | COUNTRY | STATE_NAME);
        if end > j && !(verb_heading || place || doc.has(end, ORG_HEAD)) {
            add(doc, j, end, if cue.weak { 0.85 } else { 0.95 }, &CUED);
            // "wife Anna and son Tom Reed": the second of two names.
            if doc.is_word(end, "and") && !doc.has(end + 1, COMMON | STOP) {
                let next = run(doc, end + 1, Trust::Middle);
                if next > end + 1 && doc.has(end + 1, FIRST) {
                    add(doc, end + 1, next, 0.8, &CUED);
                }
            }
        }
    }
}

const LINK_CAPITAL: u32 = FIELD_NOUN;

/// `Dear Anna`, `hi martha ,`, `thanks, Tom`.
fn greeted(doc: &mut Doc<'_>) {
    for i in 0..doc.tokens.len() {
        if !doc.has(i, SALUTATION) || doc.taken[i] {
            continue;
        }
        let mut j = i + 1;
        if doc.is_word(j, "on") || doc.is_word(j, "to") || doc.is_word(j, "there") {
            j += 1;
        }
        if matches!(doc.mark(j), b',' | b':') {
            j += 1;
        }
        while j < i + 10 && doc.has(j, TITLE) {
            j += 1;
            if doc.mark(j) == b'.' {
                j += 1;
            }
        }
        let Some(t) = doc.tokens.get(j) else { continue };
        if t.kind != Kind::Word || doc.taken[j] || t.gap > SPACE {
            continue;
        }
        let end = if t.case == Case::Lower { spoken(doc, j, false) } else { run(doc, j, Trust::Middle) };
        let known = doc.has(j, FIRST | LAST) || t.is_capital() && !doc.has(j, COMMON);
        if end > j && known {
            add(doc, j, end, 0.9, &GREETED);
        }
    }
}

/// `Betty Ross, PA-C`, `X, MD`: the capitalised words before a credential.
fn signed(doc: &mut Doc<'_>) {
    for i in 1..doc.tokens.len() {
        let t = doc.tokens[i];
        let credential = t.is(CREDENTIAL)
            && t.is_capital()
            && (t.case != Case::Title || doc.is_word(i, "phd") || doc.is_word(i, "jr") || doc.is_word(i, "sr"));
        if !credential || doc.taken[i] {
            continue;
        }
        let comma = doc.mark(i - 1) == b',';
        let end = if comma { i - 1 } else { i };
        let mut from = end;
        while from > 0 && end - from < 5 && (doc.tokens[from].gap <= SPACE || from == end) {
            let k = from - 1;
            let token = doc.tokens[k];
            let part = token.is_capital() && !token.is(STOP | TITLE | CREDENTIAL)
                || token.is(PARTICLE) && end > from
                || matches!(token.mark, b'.' | b'-')
                    && token.gap == 0
                    && k > 0
                    && (token.mark == b'-' || doc.tokens[k - 1].len() == 1);
            if !part || doc.taken[k] {
                break;
            }
            from = k;
        }
        while from < end
            && (doc.tokens[from].kind != Kind::Word
                || doc.has(from, COMMON) && !doc.has(from, FIRST | LAST) && end - from > 1 && doc.starts_sentence(from))
        {
            from += 1;
        }
        let place = end - from == 1 && !comma;
        // "Vokav, Rupu, MD": the surname first.
        let reversed = comma
            && end - from == 1
            && from >= 2
            && doc.mark(from - 1) == b','
            && doc.is_free(from - 2, from)
            && doc.tokens[from - 2].is_capital()
            && !doc.has(from - 2, COMMON | STOP | TITLE | CREDENTIAL);
        if reversed {
            from -= 2;
        }
        let plausible = (from..end).any(|k| !doc.has(k, COMMON) || doc.has(k, FIRST));
        if end > from && plausible && !place && !doc.has(end - 1, ORG_HEAD | TOWN_TAIL | STREET) {
            add(doc, from, end, 0.9, &SIGNED);
        }
    }
}

/// Pairs that lists make likely, and capitalised words before what only a person does.
pub(crate) fn find_loose(doc: &mut Doc<'_>) {
    let mut i = 0;
    while i < doc.tokens.len() {
        let t = doc.tokens[i];
        if doc.taken[i] {
            i += 1;
            continue;
        }
        if t.is(FIRST_TOP) && t.case == Case::Lower && !t.is(COMMON) && t.len() > 3 {
            lower_case(doc, i);
            i += 1;
            continue;
        }
        if !t.is_capital() || t.is(STOP | TITLE | MONTH | WEEKDAY) {
            i += 1;
            continue;
        }
        if t.gap == 0 && i > 0 && (doc.tokens[i - 1].mark == 0 || doc.is_number(i - 1)) {
            i += 1;
            continue;
        }
        let wide = run(doc, i, Trust::Middle);
        let by = i > 0 && doc.is_word(i - 1, "by") && doc.mark(i + 1) == b',' && wide > i + 2;
        if wide > i
            && (by || role_follows(doc, wide) || wide > i + 2 && doc.mark(i + 1) == b',' && human(doc, wide))
            && !doc.has(wide - 1, ORG_HEAD | TOWN_TAIL)
        {
            add(doc, i, wide, 0.85, &ACTING);
            i = wide;
            continue;
        }
        let end = run(doc, i, Trust::Low);
        if end == i {
            i += 1;
            continue;
        }
        if let Some((confidence, rule)) = judge(doc, i, end) {
            add(doc, i, end, confidence, rule);
        }
        i = end.max(i + 1);
    }
}

/// Whether capitalised words with no cue before them are a name.
fn judge(doc: &Doc<'_>, i: usize, end: usize) -> Option<(f32, &'static Rule)> {
    let words = (i..end).filter(|&k| doc.tokens[k].kind == Kind::Word).count();
    let strange = (i..end)
        .filter(|&k| doc.tokens[k].kind == Kind::Word && doc.tokens[k].len() > 1 && !doc.has(k, COMMON | FIRST | LAST))
        .count();
    let by = i > 0 && doc.is_word(i - 1, "by") && words > 1 && strange > 0;
    let bad = doc.has(end, EPONYM_TAIL | ORG_HEAD | ORG_PART | MEASURE | STREET)
        || (i..end).any(|k| doc.has(k, DRUG | COUNTRY | STATE_NAME | ORG_HEAD))
        || doc.has(i, EPONYM) && words == 1
        || doc.dose_follows(end)
        || (doc.tokens.get(end).is_some_and(|t| t.kind == Kind::Possessive) && doc.has(end + 1, EPONYM_TAIL));
    if bad {
        return None;
    }
    let person = acts(doc, end) || explained(doc, end);
    let bracketed = doc.mark(end) == b'[' && doc.is_number(end + 1)
        || doc.mark(end) == b'(' && matches!(doc.word(end + 1), "DOB" | "MRN" | "dob" | "mrn");
    let first = doc.has(i, FIRST);
    let second = words > 1 && doc.has(end - 1, LAST | FIRST);
    let initial = words > 1 && doc.tokens[i].len() == 1;
    let upper = doc.tokens[i].case == Case::Upper && doc.tokens[i].len() > 1;
    if words >= 2 {
        if bracketed {
            return Some((0.85, &BRACKET));
        }
        let plain_last = doc.has(end - 1, COMMON) && !doc.has(end - 1, LAST);
        let plain_first = doc.has(i, COMMON) && !doc.has(i, FIRST_TOP);
        if plain_last || plain_first && !second {
            return None;
        }
        let score = i32::from(first && !doc.has(i, COMMON)) * 2
            + i32::from(doc.has(i, FIRST_TOP))
            + i32::from(second && !doc.has(end - 1, COMMON)) * 2
            + i32::from(second && doc.has(end - 1, COMMON))
            + strange as i32
            + i32::from(person) * 2
            + i32::from(by) * 2
            + i32::from(initial && (strange > 0 || second)) * 2
            - i32::from(upper)
            - i32::from(doc.has(end - 1, EPONYM))
            - i32::from(doc.has(i, EPONYM) && !doc.has(i, FIRST_TOP));
        return (score >= 3).then_some(if score >= 4 { (0.85, &PAIR) } else { (0.7, &PAIR) });
    }
    let odd = strange == 1 && doc.tokens[i].len() > 2 && doc.tokens[i].case == Case::Title;
    let likely = doc.has(i, FIRST_TOP) && !doc.has(i, COMMON);
    if (odd || likely || doc.has(i, FIRST) && !doc.has(i, COMMON)) && person && !upper && (!odd || human(doc, end)) {
        return Some((0.8, &ACTING));
    }
    // A lone first name of the frequent ones in running text.
    (likely && !doc.has(i, EPONYM) && doc.tokens[i].case == Case::Title).then_some((0.65, &ACTING))
}

/// What stands after a name when somebody is spoken of: a verb of persons, an age, a relation.
fn acts(doc: &Doc<'_>, end: usize) -> bool {
    let mut j = end;
    if doc.mark(j) == b',' {
        j += 1;
    }
    if doc.tokens.get(j).is_some_and(|t| t.kind == Kind::Possessive) {
        return doc.has(j + 1, RELATION);
    }
    doc.has(j, PERSON_VERB) && doc.tokens[j].case == Case::Lower && doc.tokens[j].gap <= 2
}

/// `X is the care practitioner`, `X attended as the patient`.
fn role_follows(doc: &Doc<'_>, end: usize) -> bool {
    let verb = matches!(doc.word(end), "is" | "was" | "as");
    let attended = doc.has(end, PERSON_VERB) && doc.is_word(end + 1, "as");
    let j = if attended { end + 2 } else { end + 1 };
    let article = matches!(doc.word(j), "the" | "her" | "his" | "our" | "their" | "my");
    (verb || attended) && article && doc.cues_after(j + 1, 5).next().is_some_and(|c| c.kind == CueKind::Name)
}

/// `is a 50-year-old`, `, 63 y/o`, `(he)`.
fn explained(doc: &Doc<'_>, end: usize) -> bool {
    let mut j = end;
    if matches!(doc.mark(j), b',' | b'(') {
        j += 1;
    }
    if doc.is_word(j, "is") || doc.is_word(j, "was") {
        j += 1;
    }
    if doc.is_word(j, "a") || doc.is_word(j, "an") {
        j += 1;
    }
    let mut k = j + 1;
    if doc.mark(k) == b'-' {
        k += 1;
    }
    j > end
        && doc.digits(j, 1, 3)
        && (doc.is_word(k, "year") || doc.is_word(k, "yo") || doc.is_word(k, "y") || doc.is_word(k, "yr"))
}

/// Verbs that have no other subject than a person.
fn human(doc: &Doc<'_>, end: usize) -> bool {
    let word = doc.word(end).to_ascii_lowercase();
    explained(doc, end)
        || matches!(
            word.as_str(),
            "reported"
                | "reports"
                | "denies"
                | "denied"
                | "agreed"
                | "agrees"
                | "attended"
                | "attends"
                | "documented"
                | "provided"
                | "completed"
                | "presents"
                | "presented"
                | "said"
                | "says"
                | "told"
                | "asked"
                | "arranged"
                | "signed"
                | "called"
                | "described"
                | "describes"
                | "lives"
                | "verbalized"
                | "complains"
                | "complained"
                | "visited"
                | "introduced"
                | "reviewed"
                | "examined"
        )
}

/// A frequent first name in lower case, where the sentence speaks to or of somebody.
fn lower_case(doc: &mut Doc<'_>, i: usize) {
    let comma = i > 0 && doc.mark(i - 1) == b',' && matches!(doc.mark(i + 1), b',' | b'?' | b'.' | b'!');
    let person = explained(doc, i + 1) || comma;
    let relation = i > 0 && doc.has(i - 1, RELATION);
    let surname = doc.has(i + 1, LAST) && !doc.has(i + 1, COMMON | STOP) && doc.tokens[i + 1].gap == SPACE;
    if surname && doc.tokens[i + 1].case == Case::Lower {
        add(doc, i, i + 2, 0.75, &PAIR);
    } else if person || relation {
        add(doc, i, i + 1, 0.75, &ACTING);
    }
}

/// A name in lower case, as speech recognition writes it: of the lists or at least of no ordinary word.
fn spoken(doc: &Doc<'_>, i: usize, titled: bool) -> usize {
    let good = |k: usize, first: bool| {
        doc.tokens.get(k).is_some_and(|t| {
            let listed = t.is(FIRST | LAST)
                && (!t.is(COMMON | STOP | MONTH | WEEKDAY)
                    || first && titled && !t.is(STOP | MONTH | WEEKDAY | PERSON_VERB));
            t.kind == Kind::Word && t.len() > 2 && !doc.taken[k] && (listed || titled && first && !t.is(COMMON | STOP))
        })
    };
    let mut j = i;
    while j < i + 3 && good(j, j == i) && (j == i || doc.tokens[j].gap == SPACE) {
        j += 1;
    }
    j
}

/// The end of the name that starts at token `i`; `i` itself where none does.
fn run(doc: &Doc<'_>, i: usize, trust: Trust) -> usize {
    let mut j = i;
    let mut words = 0;
    let mut plain = 0;
    while words < 4 && j < doc.tokens.len() {
        let t = doc.tokens[j];
        if doc.taken[j]
            || j > i
                && t.gap > SPACE
                && !(t.gap == 2 && trust != Trust::Low && words == 1 && doc.has(j, LAST) && !doc.has(j, COMMON))
        {
            break;
        }
        if t.is_capital() {
            if t.is(STOP | MONTH | WEEKDAY | TITLE)
                && t.len() > 1
                && !(t.is(FIRST_TOP) && t.case == Case::Title && trust >= Trust::High)
            {
                break;
            }
            if words > 0 && t.is(CREDENTIAL) && t.case == Case::Upper && !matches!(doc.word(j), "II" | "III" | "IV") {
                break;
            }
            if t.is(EPONYM)
                && (doc.has(j + 1, EPONYM_TAIL) || doc.mark(j + 1) == b'-' && doc.has(j + 3, EPONYM_TAIL))
                && trust != Trust::Certain
            {
                return i;
            }
            let ordinary = t.is(COMMON | FIELD_NOUN | ORG_PART | RELATION) && !t.is(FIRST_TOP) && t.len() > 1;
            if ordinary {
                let initial = words == 1 && doc.tokens[i].len() == 1 && trust != Trust::Low && t.is_capital();
                let surname = t.is(LAST) && words > 0 || initial;
                let alone = words == 0
                    && (trust == Trust::Certain && t.case == Case::Title || trust == Trust::High && t.is(FIRST | LAST));
                if !surname && !alone {
                    break;
                }
                plain += 1;
            }
            if trust == Trust::Low && t.is(DRUG | MEASURE) && !t.is(FIRST | LAST) && t.len() > 1 {
                break;
            }
            if words > 0 && t.case == Case::Upper && t.len() > 1 && doc.tokens[i].case == Case::Title && !t.is(LAST) {
                break;
            }
            words += 1;
            j += 1;
            // Initials keep their full stop, hyphenated names their second half.
            if t.len() == 1 && doc.mark(j) == b'.' && doc.glued(j) {
                j += 1;
            }
            if doc.mark(j) == b'-'
                && doc.glued(j)
                && doc.glued(j + 1)
                && doc.tokens.get(j + 1).is_some_and(super::token::Token::is_capital)
                && !doc.has(j + 1, COMMON)
            {
                j += 2;
            }
        } else if t.is(PARTICLE)
            && t.kind == Kind::Word
            && words > 0
            && doc
                .tokens
                .get(j + 1)
                .is_some_and(|n| (n.is_capital() || n.is(PARTICLE)) && n.gap == SPACE && !n.is(STOP))
            && !doc.is_word(j, "e")
            && !doc.is_word(j, "y")
        {
            j += 1;
        } else if t.mark == b',' && words == 1 && t.gap == 0 && comma_name(doc, i, j, trust) {
            j += 1;
            let n = doc.tokens[j];
            words += 1;
            j += 1;
            if n.len() == 1 && doc.mark(j) == b'.' {
                j += 1;
            }
        } else {
            break;
        }
    }
    let only_initial = words == 1 && doc.tokens[i].len() == 1;
    if words == 0 || only_initial || plain == words && trust < Trust::High {
        return i;
    }
    j
}

/// Whether the comma after the one word of a name stands before a first name: `Wohome, Nepo`.
fn comma_name(doc: &Doc<'_>, i: usize, comma: usize, trust: Trust) -> bool {
    let Some(next) = doc.tokens.get(comma + 1) else { return false };
    let name = next.is_capital()
        && next.gap == SPACE
        && !next.is(CREDENTIAL | STOP | MONTH | WEEKDAY | TITLE | STATE_NAME | COUNTRY)
        && !(next.case == Case::Upper && next.len() == 2);
    let listed = next.is(FIRST) && (!next.is(COMMON) || next.is(FIRST_TOP));
    let odd = !next.is(COMMON);
    name && !doc.taken[comma + 1]
        && match trust {
            Trust::Low => listed && doc.has(i, LAST) && !doc.has(i, COMMON),
            _ => listed || odd,
        }
}
