//! What holds at a token: the one function that training and tagging share.
//!
//! A feature is a template's number mixed with what the template looks at. The order and the numbers of the templates are
//! part of the model.

use asepsis_crf::Feature;

use crate::doc::Doc;
use crate::tagger::gazetteer::{Facts, Gazetteer};
use crate::tagger::hash::mix;
use crate::tagger::place::{Place, places};
use crate::tagger::word::{Affixes, Word, Words};

/// A document as the tagger sees it.
///
/// Half of the features look at one word only. A text has few different words, so that these are worked out once a word.
pub(crate) struct View<'d, 't> {
    doc: &'d Doc<'t>,
    /// The different words, the edge of the text first.
    words: Words,
    places: Vec<Place>,
}

/// The features that look at one word only, at the word itself.
const HERE: usize = 15;
/// The features that look at more than one word, or at the place.
pub(super) const JOINT: usize = 29;

impl<'d, 't> View<'d, 't> {
    pub(crate) fn new(doc: &'d Doc<'t>, gazetteer: &Gazetteer) -> Self {
        Self::of(doc, Words::of(doc, |i| Word::of(doc, i, gazetteer)))
    }

    /// The view of a document whose different words are these.
    pub(super) fn of(doc: &'d Doc<'t>, words: Words) -> Self {
        let places = places(doc, &words);
        Self { doc, words, places }
    }

    fn word(&self, i: usize) -> &Word {
        &self.words.words[self.words.ids()[i] as usize]
    }

    /// The words at token `i` and around it, as indices: itself, before, after, two before, two after.
    #[inline]
    pub(super) fn around(&self, i: usize) -> [usize; 5] {
        let [two_before, before, own, after, two_after] = self.words.around(i);
        [own, before, after, two_before, two_after]
    }

    /// What is known of token `i`.
    pub(crate) fn facts(&self, i: usize) -> Facts {
        self.word(i).facts
    }

    /// All features of token `i`, into `out`.
    pub(crate) fn features(&self, i: usize, out: &mut Vec<Feature>) {
        out.clear();
        out.extend(self.here(i));
        for (position, id) in self.around(i)[1..].iter().enumerate() {
            out.push(beside(&self.words.words[*id], position));
        }
        let mut joint = [Feature::default(); JOINT];
        self.joint(i, &mut joint);
        out.extend(joint);
    }

    /// All that the features look at beyond the words: the place, what the rules say beside it, and the gaps.
    #[inline]
    fn setting(&self, i: usize) -> (&Place, [u8; 4]) {
        let rule = |k: Option<usize>| k.and_then(|k| self.places.get(k)).map_or(0, |p| p.rule);
        let next_gap = self.doc.tokens.get(i + 1).map_or(3, |t| t.gap);
        (&self.places[i], [rule(i.checked_sub(1)), rule(i.checked_add(1)), self.doc.tokens[i].gap, next_gap])
    }

    /// The hash of what holds at token `i`.
    #[inline]
    pub(super) fn hash(&self, i: usize) -> u64 {
        let [w, a, b, c, d] = self.words.around(i).map(|id| id as u64);
        let place = &self.places[i];
        let cues = u64::from(place.cue) << 16 | u64::from(place.near) << 8 | u64::from(place.regime);
        mix(mix(w << 32 | a, b << 32 | c) ^ place.key, d << 32 | cues) ^ place.key_last
    }

    /// Whether the same holds at two tokens.
    #[inline]
    pub(super) fn same(&self, i: usize, k: usize) -> bool {
        self.words.around(i) == self.words.around(k) && self.setting(i) == self.setting(k)
    }

    /// Whether token `i` of a text with capitals where they belong is an ordinary word in lower case, which is no part of an
    /// identifier: half of a text need not be looked at any further.
    pub(crate) fn is_plain(&self, i: usize) -> bool {
        self.word(i).is_plain() && self.places[i].rule == 0
    }

    /// The features that look at the word of token `i` only.
    pub(super) fn here(&self, i: usize) -> [Feature; HERE] {
        here(self.word(i), &Affixes::of(self.doc, i))
    }

    /// The features that look at more than one word, or at the place, into `out`.
    #[inline]
    pub(super) fn joint(&self, i: usize, out: &mut [Feature; JOINT]) {
        let words = &self.words.words;
        let [w, a, b, c, d] = self.around(i).map(|id| &words[id]);
        let (place, others) = self.setting(i);
        let [rule_before, rule_after, gap, next_gap] = others.map(u64::from);
        let mut n = 0;
        let mut add = |value: u64| {
            out[n] = Feature::of(mix(65 + n as u64, value));
            n += 1;
        };
        let pair = |x: u64, y: u64| mix(x.rotate_left(17), y);
        let shape_of = |w: &Word| u64::from(w.shape);
        let sort_of = |w: &Word| u64::from(w.sort);
        let role_of = |w: &Word| u64::from(w.role);
        let (shape, sort) = (shape_of(w), sort_of(w) << 5 | shape_of(w));
        let (before, after) = (pair(c.word, a.word), pair(b.word, d.word));
        add(pair(a.word, w.word));
        add(pair(w.word, b.word));
        add(pair(before, shape));
        add(pair(after, shape));
        add(pair(pair(a.word, b.word), shape));
        add(pair(a.word, sort));
        add(pair(b.word, sort));
        add(shape_of(a) << 10 | shape << 5 | shape_of(b));
        add(shape_of(c) << 15 | shape_of(a) << 10 | shape << 5 | shape_of(b));
        add(shape_of(a) << 15 | shape << 10 | shape_of(b) << 5 | shape_of(d));
        // Names of lists, and how ordinary the words are.
        add(sort_of(a) << 15 | sort_of(w) << 10 | shape_of(a) << 5 | shape);
        add(sort_of(w) << 15 | sort_of(b) << 10 | shape << 5 | shape_of(b));
        add(sort_of(a) << 20 | sort_of(w) << 15 | sort_of(b) << 10 | shape);
        // Closed classes around it.
        add(role_of(c) << 10 | role_of(a) << 5 | shape);
        add(role_of(b) << 10 | role_of(d) << 5 | shape);
        add(role_of(a) << 15 | role_of(w) << 10 | role_of(b) << 5 | shape);
        // Cues and keys.
        let (cue, cue_after, after_key) =
            (u64::from(place.cue), u64::from(place.cue_after), u64::from(place.after_key));
        add(cue << 10 | sort);
        add(cue_after << 5 | shape);
        add(pair(place.key, after_key << 5 | shape));
        add(pair(place.key_last, after_key << 5 | shape));
        add(pair(after_key << 10 | sort_of(w) << 5, shape));
        // What is near.
        let regime = u64::from(place.regime);
        add(u64::from(place.near) << 10 | sort);
        add(regime << 10 | sort);
        add(regime << 20 | u64::from(w.facts.0 & 0x1FF));
        // What the rules say.
        let found = u64::from(place.rule);
        add(found << 5 | shape);
        add(rule_before << 12 | found << 6 | rule_after);
        add(gap << 15 | next_gap << 10 | shape << 5 | shape_of(a));
        add(gap << 12 | sort);
        add(u64::from(place.elsewhere) << 10 | sort);
    }
}

/// The feature that looks at a neighbour only, by which neighbour it is.
#[inline]
pub(super) fn beside(w: &Word, position: usize) -> Feature {
    Feature::of(mix(position as u64 * 4 + 5, w.word))
}

/// The features that look at the word itself only.
pub(super) fn here(w: &Word, affixes: &Affixes) -> [Feature; HERE] {
    let mut out = [Feature::of(mix(1, w.word)); HERE];
    let mut n = 0;
    let mut add = |value: u64| {
        n += 1;
        out[n] = Feature::of(mix(32 + n as u64, value));
    };
    let names = u64::from(w.facts.first() << 3 | w.facts.last());
    let ordinary = u64::from(w.facts.ordinary());
    let (shape, role) = (u64::from(w.shape), u64::from(w.role));
    add(0);
    add(mix(w.word.rotate_left(17), shape));
    add(affixes.prefix2);
    add(affixes.prefix3);
    add(affixes.suffix2);
    add(affixes.suffix3);
    add(affixes.suffix4);
    add(shape);
    add(names << 5 | shape);
    add(ordinary << 6 | u64::from(w.facts.clinical()) << 5 | shape);
    add(names << 12 | ordinary << 8 | u64::from(w.facts.town()) << 5 | shape);
    add(u64::from(w.facts.0 >> 9) << 5 | shape);
    add(u64::from(w.facts.0));
    add(role << 5 | shape);
    out
}
