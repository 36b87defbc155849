//! What the rules found and what the tagger says become one set of findings.
//!
//! A cue, a shape or a field decides whatever the tagger thinks. What only a list made likely needs the tagger's consent.
//! What the tagger adds is joined to a neighbouring finding of the same class, so that a name is whole.

use asepsis_crf::{Lanes, States};
use asepsis_vocab::{Detail, EvidenceKind, IdentifierClass};

use crate::code;
use crate::doc::{Doc, Hit, Rule};
use crate::language::Language;
use crate::lexicon::{COMMON, COUNTRY, CREDENTIAL, MONTH, PARTICLE, STATE_NAME, STOP, TITLE};
use crate::profile::Profile;
use crate::tagger::Tags;
use crate::token::{Case, GLUED, Kind, LINE, SPACE};

static TAGGED: Rule =
    Rule { name: "tagger", kind: EvidenceKind::Model, note: "the trained tagger, by context and form" };

/// From which probability on a token belongs to an identifier, and below which a list alone is not believed.
struct Bounds {
    cover: f32,
    believe: f32,
}

fn bounds(profile: Profile) -> Bounds {
    match profile {
        Profile::Strict => Bounds { cover: 0.12, believe: 0.02 },
        Profile::Balanced => Bounds { cover: 0.40, believe: 0.10 },
        Profile::Utility => Bounds { cover: 0.85, believe: 0.50 },
    }
}

/// The same where a text is all in one case.
const CASELESS_COVER: f32 = 0.11;

/// Fewer words than this are no sentence; so many are enough to see that a text has no capitals.
const FEW_WORDS: usize = 4;
const ENOUGH_WORDS: usize = 8;
const FEW_COVER: f32 = 0.9;

/// The classes that the states of a model stand for.
pub(crate) struct Classes {
    /// The different classes in the order of the first states that stand for them, eight at most.
    classes: Vec<IdentifierClass>,
    /// The states that belong to an identifier, in order.
    inside: Vec<Inside>,
    outside: Vec<usize>,
}

/// A state that belongs to an identifier.
struct Inside {
    state: usize,
    /// Its class among the different ones, and past them where there was no room for it.
    class: usize,
    begins: bool,
}

/// The most classes that are told apart.
const CLASSES: usize = 8;

/// From which probability on it does not matter which identifier a token would be.
const SURELY_OUTSIDE: f32 = 0.99;

impl Classes {
    pub(crate) fn of(states: &States) -> Self {
        let mut out = Self { classes: Vec::new(), inside: Vec::new(), outside: Vec::new() };
        for (state, name) in states.names().enumerate() {
            let Some(kind) = states.kind(state) else {
                out.outside.push(state);
                continue;
            };
            let class = kind.parse().unwrap_or(IdentifierClass::Id);
            let known = out.classes.iter().position(|known| *known == class);
            let place = known.unwrap_or(out.classes.len());
            if known.is_none() && place < CLASSES {
                out.classes.push(class);
            }
            out.inside.push(Inside { state, class: place, begins: name.starts_with("B-") });
        }
        out
    }

    /// The probability that the token belongs to an identifier, the likeliest class, and whether one begins there.
    fn read(&self, lanes: &Lanes) -> (f32, IdentifierClass, bool) {
        let outside: f32 = self.outside.iter().map(|&state| lanes.0[state % 16]).sum();
        if outside > SURELY_OUTSIDE {
            return (1.0 - outside, IdentifierClass::Id, false);
        }
        let mut sums = [(0.0f32, 0.0f32); CLASSES];
        let mut all = 0.0;
        for inside in &self.inside {
            let p = lanes.0[inside.state % 16];
            all += p;
            let Some(sum) = sums.get_mut(inside.class) else { continue };
            sum.0 += p;
            if inside.begins {
                sum.1 += p;
            }
        }
        let best = self
            .classes
            .iter()
            .zip(sums)
            .fold((IdentifierClass::Id, -1.0, 0.0), |a, (class, b)| if b.0 > a.1 { (*class, b.0, b.1) } else { a });
        (all, best.0, best.2 > best.1 * 0.5)
    }
}

/// Brings the tagger's word into what the rules found.
pub(crate) fn apply(doc: &mut Doc<'_>, tags: &Tags, classes: &Classes, profile: Profile, language: Language) {
    let mut bounds = bounds(profile);
    if !tags.cased {
        // Where case is gone so is half of what tells a name, and the tagger is less sure of what it finds. A few words by
        // themselves tell nothing: many strings of a request are one.
        let words = doc.tokens.iter().filter(|t| t.kind == Kind::Word).count();
        bounds.cover = match words {
            0..FEW_WORDS if profile != Profile::Strict => bounds.cover.max(FEW_COVER),
            0..ENOUGH_WORDS => bounds.cover,
            _ => bounds.cover.min(CASELESS_COVER),
        };
    }
    let mut read: Vec<(f32, IdentifierClass, bool)> = (0..tags.states.len())
        .map(|i| tags.states.open(i).map_or((0.0, IdentifierClass::Id, false), |lanes| classes.read(lanes)))
        .collect();
    if tags.cased {
        doubt_ordinary_words(doc, &mut read);
    }
    disbelieve(doc, &read, &bounds, language);
    let (mut i, mut ends) = (0, None);
    while i < doc.tokens.len() {
        let (p, class, _) = read[i];
        if p < bounds.cover || doc.taken[i] {
            i += 1;
            continue;
        }
        let (mut j, mut sum) = (i + 1, p);
        while j < doc.tokens.len() && !doc.taken[j] {
            let (q, next, begins) = read[j];
            let bridge = doc.tokens[j].gap == GLUED && doc.tokens[j].kind == Kind::Mark && q >= bounds.cover * 0.5;
            if !(q >= bounds.cover || bridge) || next != class || begins && q > 0.5 || doc.tokens[j].gap > LINE {
                break;
            }
            sum += q;
            j += 1;
        }
        let next = j;
        let confidence = sum / (j - i) as f32;
        let (from, to) = trim(doc, i, j);
        if from < to
            && says_something(doc, from, to, class)
            && is_likely(doc, (from, to), class, confidence, profile, language)
        {
            let class = if class == IdentifierClass::Id { code::told(doc, from) } else { class };
            cover(doc, &mut ends, (from, to), class, confidence, read[from].2);
        }
        i = next;
    }
}

/// Whether the text is written with capitals where they belong, and not all in one case.
pub(crate) fn is_cased(doc: &Doc<'_>) -> bool {
    let (mut titles, mut lower) = (0usize, 0usize);
    for i in (0..doc.tokens.len()).filter(|&i| doc.tokens[i].kind == Kind::Word && doc.tokens[i].len() > 1) {
        let word = doc.word(i);
        let told = if word.is_ascii() {
            let (first, others) = (word.as_bytes()[0], &word.as_bytes()[1..]);
            (first.is_ascii_uppercase(), others.iter().all(u8::is_ascii_lowercase))
        } else {
            let mut letters = word.chars();
            (letters.next().is_some_and(char::is_uppercase), letters.all(char::is_lowercase))
        };
        match told {
            (true, true) => titles += 1,
            (false, true) => lower += 1,
            _ => {}
        }
        // However many of the others are in lower case: the first lines tell.
        if lower > 0 && titles * 50 >= doc.tokens.len() {
            return true;
        }
    }
    lower > 0 && titles > 0 && titles * 50 >= lower
}

/// An ordinary word in lower case is no name where names have capitals, unless the tagger is very sure.
fn doubt_ordinary_words(doc: &Doc<'_>, read: &mut [(f32, IdentifierClass, bool)]) {
    for (i, (p, class, _)) in read.iter_mut().enumerate() {
        let named = matches!(class, IdentifierClass::Name | IdentifierClass::Location | IdentifierClass::Org);
        // Most words are surely no name.
        if !named {
            continue;
        }
        let token = &doc.tokens[i];
        let plain =
            token.kind == Kind::Word && token.case == Case::Lower && token.is(COMMON | STOP) && !token.is(PARTICLE);
        if plain {
            *p *= 0.5;
        }
    }
}

/// Takes back what only a list made likely, where the tagger says it is something else, and numbers that only their look
/// made suspect, where the tagger knows better how far they go.
fn disbelieve(doc: &mut Doc<'_>, read: &[(f32, IdentifierClass, bool)], bounds: &Bounds, language: Language) {
    let mut kept: Vec<Hit> = Vec::with_capacity(doc.hits.len());
    for hit in std::mem::take(&mut doc.hits) {
        let (from, to) = doc.token_range(hit.start, hit.end);
        let best = read[from..to].iter().map(|r| r.0).fold(0.0, f32::max);
        let worst = read[from..to].iter().map(|r| r.0).fold(1.0, f32::min);
        let doubtful = is_doubtful(&hit) && best < bounds.believe;
        // The shapes of English numbers and the cues before them are a guess in another language.
        let foreign = language != Language::English && code::is_code(hit.rule);
        let bare = foreign && code::is_bare(hit.rule) && best < bounds.believe;
        let beside = |k: Option<usize>, gap: usize| {
            k.and_then(|k| read.get(k)).is_some_and(|r| r.0 >= bounds.cover)
                && doc.tokens.get(gap).is_some_and(|t| t.gap <= SPACE)
        };
        let reaches = beside(from.checked_sub(1), from) || beside(Some(to), to);
        let known_better = worst >= bounds.cover && (foreign || code::is_bare(hit.rule) && reaches);
        if doubtful || bare || known_better {
            doc.taken[from..to].fill(false);
        } else {
            kept.push(hit);
        }
    }
    doc.hits = kept;
}

/// Whether a list or the mere look of words made the rule speak, of a name, a place or an organisation.
pub(crate) fn is_doubtful(hit: &Hit) -> bool {
    let class = matches!(hit.class, IdentifierClass::Name | IdentifierClass::Location | IdentifierClass::Org);
    match hit.rule.kind {
        EvidenceKind::Lexicon => true,
        EvidenceKind::Pattern | EvidenceKind::Cue => class && hit.confidence < 0.9,
        _ => false,
    }
}

/// Without marks at the ends, but for the full stop of an initial and the bracket of a telephone number.
fn trim(doc: &Doc<'_>, mut from: usize, mut to: usize) -> (usize, usize) {
    while from < to && doc.tokens[from].kind == Kind::Mark && !matches!(doc.mark(from), b'(' | b'+' | b'#') {
        from += 1;
    }
    while to > from {
        let last = &doc.tokens[to - 1];
        let initial = last.mark == b'.' && to >= 2 && doc.tokens[to - 2].len() == 1 && doc.glued(to - 1);
        let closing = last.mark == b')' && (from..to - 1).any(|k| doc.mark(k) == b'(');
        let stop = last.kind == Kind::Word && last.case == Case::Lower && last.is(STOP) && to - from > 1;
        if last.kind == Kind::Possessive || last.kind == Kind::Mark && !initial && !closing || stop {
            to -= 1;
        } else {
            break;
        }
    }
    (from, to)
}

/// Whether the tokens can be an identifier of the class at all: states and countries may stand, a title is no name.
fn says_something(doc: &Doc<'_>, from: usize, to: usize, class: IdentifierClass) -> bool {
    let words = || (from..to).filter(|&k| doc.tokens[k].kind != Kind::Mark);
    let digits = || words().filter(|&k| doc.tokens[k].kind == Kind::Number).map(|k| doc.tokens[k].len()).sum::<usize>();
    match class {
        IdentifierClass::Name => words().any(|k| !doc.has(k, TITLE | CREDENTIAL | STOP)),
        IdentifierClass::Location => {
            words().any(|k| !doc.has(k, STOP)) && !words().all(|k| doc.has(k, STATE_NAME | COUNTRY))
        }
        // One or two digits by themselves count something.
        IdentifierClass::Date => digits() > 2 || words().count() > 1 || words().any(|k| doc.tokens[k].len() > 3),
        IdentifierClass::Id if to - from == 1 => digits() > 3 && !is_year(doc, from),
        IdentifierClass::Id => digits() > 1,
        _ => words().next().is_some(),
    }
}

/// A year alone may stand, 45 CFR 164.514(b)(2)(i)(C).
fn is_year(doc: &Doc<'_>, i: usize) -> bool {
    doc.digits(i, 4, 4) && (1900..2100).contains(&doc.value(i))
}

/// How sure the tagger must be of a number without a word in it. Those that shape or cue tell are found by the rules.
const SURE_OF_NUMBER: f32 = 0.8;

/// Whether numbers that the tagger alone sees an identifier in are likely to be one, and not a measure, a score or a
/// code that everybody may look up.
fn is_likely(
    doc: &Doc<'_>,
    (from, to): (usize, usize),
    class: IdentifierClass,
    confidence: f32,
    profile: Profile,
    language: Language,
) -> bool {
    let words = (from..to).filter(|&k| doc.tokens[k].kind == Kind::Word);
    let numeric = match class {
        IdentifierClass::Name | IdentifierClass::Org => return true,
        IdentifierClass::Location => words.clone().all(|k| doc.tokens[k].len() <= 4),
        _ => words.clone().all(|k| !doc.has(k, MONTH)),
    };
    if !numeric {
        return true;
    }
    // "Inkvale, mi 55733": the state and the code go on with the town before the comma.
    let before = if from > 0 && doc.mark(from - 1) == b',' { from - 1 } else { from };
    let beside = before > 0 && doc.taken[before - 1] && doc.tokens[from].gap <= SPACE;
    // The cues are English.
    let english = language == Language::English;
    if english && class == IdentifierClass::Location && words.clone().all(|k| doc.tokens[k].len() <= 2) {
        // A post code or the number of a house, by itself: E4 V5 M6 is one as well as it is a coma score.
        return beside || doc.cues_before(from, 6).any(|c| c.kind.is_place());
    }
    let sure = confidence >= SURE_OF_NUMBER || beside || profile == Profile::Strict;
    sure && !code::is_clinical(doc, from, to)
        && (profile == Profile::Strict || !is_ratio(doc, from, to, class, confidence))
}

/// Whether what looks like a day of a month is more likely so many out of so many: strength 5/5, pain 3/10, a score 12/30.
/// Where a cue for a date stands by, the rules have found it already.
fn is_ratio(doc: &Doc<'_>, from: usize, to: usize, class: IdentifierClass, confidence: f32) -> bool {
    let numbers: Vec<u32> =
        (from..to).filter(|&k| doc.tokens[k].kind == Kind::Number).map(|k| doc.value(k)).take(3).collect();
    let [a, b] = numbers[..] else { return false };
    let scale = a <= b && matches!(b, 2 | 4 | 5 | 6 | 10 | 15 | 20 | 24 | 25 | 28 | 30);
    class == IdentifierClass::Date
        && (from..to).all(|k| doc.tokens[k].kind != Kind::Word)
        && a < 100
        && b < 100
        && (scale || confidence < 0.9)
}

/// Where findings begin and end, to find the one beside a token without a look at all of them.
struct Ends {
    /// Where each that there was at first begins, and which it is; in order.
    starts: Vec<(usize, usize)>,
    /// The same by where it ends.
    ends: Vec<(usize, usize)>,
    /// The latest that got another end since, or came after.
    latest: Option<usize>,
}

impl Ends {
    fn of(hits: &[Hit]) -> Self {
        let sorted = |place: fn(&Hit) -> usize| {
            let mut places: Vec<(usize, usize)> = hits.iter().enumerate().map(|(i, hit)| (place(hit), i)).collect();
            places.sort_unstable();
            places
        };
        Self { starts: sorted(|hit| hit.start), ends: sorted(|hit| hit.end), latest: None }
    }

    fn at(places: &[(usize, usize)], place: usize) -> impl Iterator<Item = usize> {
        let from = places.partition_point(|(at, _)| *at < place);
        places[from..].iter().take_while(move |(at, _)| *at == place).map(|(_, hit)| *hit)
    }

    /// The first of the findings for which this holds that end at a place.
    fn ending(&self, hits: &[Hit], place: usize, holds: impl Fn(&Hit) -> bool) -> Option<usize> {
        let all = Self::at(&self.ends, place).chain(self.latest);
        all.filter(|&i| hits[i].end == place && holds(&hits[i])).min()
    }

    /// The first of the findings for which this holds that begin at a place.
    fn starting(&self, hits: &[Hit], place: usize, holds: impl Fn(&Hit) -> bool) -> Option<usize> {
        Self::at(&self.starts, place).find(|&i| hits[i].start == place && holds(&hits[i]))
    }
}

/// Takes the tokens `from..to` into a finding. From one call to the next they lie further on.
fn cover(
    doc: &mut Doc<'_>,
    ends: &mut Option<Ends>,
    (from, to): (usize, usize),
    class: IdentifierClass,
    confidence: f32,
    begins: bool,
) {
    let (start, end) = (doc.tokens[from].start, doc.tokens[to - 1].end);
    // A neighbour of the same class that touches it or stands one space away is the rest of the same identifier.
    let joinable = matches!(class, IdentifierClass::Name | IdentifierClass::Location | IdentifierClass::Org);
    let touches = |b: usize| joinable && doc.tokens[b].gap <= 1;
    let before = from > 0 && doc.taken[from - 1] && touches(from);
    let after = to < doc.tokens.len() && doc.taken[to] && touches(to);
    if before || after {
        let ends = ends.get_or_insert_with(|| Ends::of(&doc.hits));
        let same = |h: &Hit| h.class == class && h.confidence < 1.0;
        let whole = |h: &Hit| same(h) && !(begins && h.rule.kind == EvidenceKind::Model);
        let ending = before.then(|| ends.ending(&doc.hits, doc.tokens[from - 1].end, whole)).flatten();
        if let Some(hit) = ending {
            doc.hits[hit].end = end;
            ends.latest = Some(hit);
            doc.taken[from..to].fill(true);
            return;
        }
        let starting = after.then(|| ends.starting(&doc.hits, doc.tokens[to].start, same)).flatten();
        if let Some(hit) = starting {
            doc.hits[hit].start = start;
            doc.taken[from..to].fill(true);
            return;
        }
    }
    doc.add(from, to, class, Detail::Unspecified, confidence.min(0.99), &TAGGED);
    if let Some(ends) = ends {
        ends.latest = doc.hits.len().checked_sub(1);
    }
}

/// Takes the title before a name, with its full stop, into the finding.
pub(crate) fn take_titles(doc: &mut Doc<'_>) {
    let mut hits = std::mem::take(&mut doc.hits);
    for hit in hits.iter_mut().filter(|h| h.class == IdentifierClass::Name) {
        let mut from = doc.token_at(hit.start);
        loop {
            let mut k = from;
            if k > 0 && doc.mark(k - 1) == b'.' && doc.glued(k - 1) && doc.tokens[from].gap <= SPACE {
                k -= 1;
            }
            let title = k > 0
                && doc.has(k - 1, TITLE)
                && !doc.taken[k - 1]
                && doc.tokens[from].gap <= SPACE
                && (k < from || doc.tokens[from].gap == SPACE)
                && doc.tokens[k - 1].len() > 1;
            if !title {
                break;
            }
            from = k - 1;
            doc.taken[from..=k].fill(true);
            hit.start = doc.tokens[from].start;
        }
    }
    doc.hits = hits;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings are made longer from the left to the right, as they are where the tagger's are joined to them.
    #[test]
    fn the_finding_beside_a_token_is_the_one_that_a_look_at_all_finds() {
        let mut state = 5_u64;
        let mut below = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % n
        };
        let mut joined = 0;
        for _ in 0..500 {
            let mut hits: Vec<Hit> = (0..below(12))
                .map(|_| {
                    let start = below(60);
                    let class = if below(2) == 0 { IdentifierClass::Name } else { IdentifierClass::Org };
                    let confidence = if below(4) == 0 { 1.0 } else { 0.5 };
                    Hit {
                        start,
                        end: start + 1 + below(4),
                        class,
                        detail: Detail::Unspecified,
                        confidence,
                        rule: &TAGGED,
                    }
                })
                .collect();
            let mut ends = Ends::of(&hits);
            for place in 0..70 {
                let same = |h: &Hit| h.class == IdentifierClass::Name && h.confidence < 1.0;
                let ending = ends.ending(&hits, place, same);
                assert_eq!(ending, hits.iter().position(|h| h.end == place && same(h)), "{hits:?}");
                let starting = ends.starting(&hits, place, same);
                assert_eq!(starting, hits.iter().position(|h| h.start == place && same(h)), "{hits:?}");
                // Only what lies further on is asked for then.
                if let Some(hit) = ending.filter(|_| below(3) == 0) {
                    joined += 1;
                    hits[hit].end = place + 1;
                    ends.latest = Some(hit);
                }
            }
        }
        assert!(joined > 100);
    }
}
