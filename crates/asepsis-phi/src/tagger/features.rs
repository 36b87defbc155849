//! What holds at a token: the one function that training and tagging share.
//!
//! A feature is a template's number mixed with what the template looks at. The order and the numbers of the templates are
//! part of the model.

use asepsis_crf::{Feature, Lanes, Model, Sums};

use crate::doc::Doc;
use crate::tagger::gazetteer::{Facts, Gazetteer};
use crate::tagger::hash::mix;
use crate::tagger::place::{Place, places};
use crate::tagger::word::{Word, different};

/// A document as the tagger sees it.
///
/// Half of the features look at one word only. A text has few different words, so that these are worked out once a word.
pub(crate) struct View {
    /// The different words, the edge of the text first.
    words: Vec<Word>,
    places: Vec<Place>,
}

/// The features of a token at most.
const MOST: usize = 64;

/// Where a word stands when only the word is looked at: here, before, after, two before, two after.
const POSITIONS: usize = 5;

/// The sums of the features that look at one word only, for each word of a view and each position.
pub(crate) struct WordSums(Vec<[Sums; POSITIONS]>);

impl View {
    pub(crate) fn new(doc: &Doc<'_>, gazetteer: &Gazetteer) -> Self {
        let (words, ids) = different(doc, gazetteer);
        let places = places(doc, &words, ids);
        Self { words, places }
    }

    fn word(&self, i: usize) -> &Word {
        &self.words[self.places[i].word as usize]
    }

    /// The word `distance` tokens from `i`, as an index; the edge beyond the text.
    #[inline]
    fn at(&self, i: usize, distance: isize) -> usize {
        i.checked_add_signed(distance).and_then(|j| self.places.get(j)).map_or(0, |p| p.word as usize)
    }

    /// What is known of token `i`.
    pub(crate) fn facts(&self, i: usize) -> Facts {
        self.word(i).facts
    }

    /// All features of token `i`, into `out`.
    pub(crate) fn features(&self, i: usize, out: &mut Vec<Feature>) {
        out.clear();
        for position in 0..POSITIONS {
            single(&self.words[self.neighbour(i, position)], position, out);
        }
        self.joint(i, |feature| out.push(feature));
        debug_assert!(out.len() <= MOST);
    }

    #[inline]
    fn neighbour(&self, i: usize, position: usize) -> usize {
        self.at(i, [0, -1, 1, -2, 2][position])
    }

    /// Whether token `i` of a text with capitals where they belong is an ordinary word in lower case, which is no part of an
    /// identifier: half of a text need not be looked at any further.
    pub(crate) fn is_plain(&self, i: usize) -> bool {
        let w = self.word(i);
        w.is_plain() && self.places[i].rule == 0
    }

    /// The sums of the features that look at one word only.
    pub(crate) fn word_sums(&self, model: &Model) -> WordSums {
        let mut features = Vec::with_capacity(MOST);
        let mut sums = vec![[Sums::new(); POSITIONS]; self.words.len()];
        for (word, sums) in self.words.iter().zip(&mut sums) {
            for (position, sums) in sums.iter_mut().enumerate() {
                features.clear();
                single(word, position, &mut features);
                model.add(&features, sums);
            }
        }
        WordSums(sums)
    }

    /// The score of each state at token `i`: what [`features`](Self::features) give, with the sums of its words worked
    /// out before.
    #[inline]
    pub(crate) fn scores(&self, i: usize, model: &Model, words: &WordSums) -> Lanes {
        let mut sums = Sums::new();
        for position in 0..POSITIONS {
            sums.add(&words.0[self.neighbour(i, position)][position]);
        }
        self.joint(i, |feature| model.add_one(feature, &mut sums));
        model.scaled(&sums)
    }

    /// The features that look at more than one word, or at the place.
    #[inline]
    fn joint(&self, i: usize, mut each: impl FnMut(Feature)) {
        let place = &self.places[i];
        let at = |d: isize| &self.words[self.at(i, d)];
        let (w, a, b, c, d) = (at(0), at(-1), at(1), at(-2), at(2));
        let rule = |d: isize| i.checked_add_signed(d).and_then(|j| self.places.get(j)).map_or(0, |p| p.rule);
        let next_gap = self.places.get(i + 1).map_or(3, |p| p.gap);
        let mut n = 64u64;
        let mut add = |value: u64| {
            n += 1;
            each(Feature::of(mix(n, value)));
        };
        let pair = |x: u64, y: u64| mix(x.rotate_left(17), y);
        let (shape, sort) = (w.shape, w.sort << 5 | w.shape);
        let (before, after) = (pair(c.word, a.word), pair(b.word, d.word));
        add(pair(a.word, w.word));
        add(pair(w.word, b.word));
        add(pair(before, shape));
        add(pair(after, shape));
        add(pair(pair(a.word, b.word), shape));
        add(pair(a.word, sort));
        add(pair(b.word, sort));
        add(a.shape << 10 | shape << 5 | b.shape);
        add(c.shape << 15 | a.shape << 10 | shape << 5 | b.shape);
        add(a.shape << 15 | shape << 10 | b.shape << 5 | d.shape);
        // Names of lists, and how ordinary the words are.
        add(a.sort << 15 | w.sort << 10 | a.shape << 5 | shape);
        add(w.sort << 15 | b.sort << 10 | shape << 5 | b.shape);
        add(a.sort << 20 | w.sort << 15 | b.sort << 10 | shape);
        // Closed classes around it.
        add(c.role << 10 | a.role << 5 | shape);
        add(b.role << 10 | d.role << 5 | shape);
        add(a.role << 15 | w.role << 10 | b.role << 5 | shape);
        // Cues and keys.
        add(place.cue << 10 | sort);
        add(place.cue_after << 5 | shape);
        add(pair(place.key, place.after_key << 5 | shape));
        add(pair(place.key_last, place.after_key << 5 | shape));
        add(pair(place.after_key << 10 | w.sort << 5, shape));
        // What is near.
        add(place.near << 10 | sort);
        add(place.regime << 10 | sort);
        add(place.regime << 20 | u64::from(w.facts.0 & 0x1FF));
        // What the rules say.
        add(place.rule << 5 | shape);
        add(rule(-1) << 12 | place.rule << 6 | rule(1));
        add(place.gap << 15 | next_gap << 10 | shape << 5 | a.shape);
        add(place.gap << 12 | sort);
        add(place.elsewhere << 10 | sort);
    }
}

/// The features that look at one word only, as it stands at a position.
fn single(w: &Word, position: usize, out: &mut Vec<Feature>) {
    let mut n = position as u64 * 4;
    let mut add = |value: u64| {
        n += 1;
        out.push(Feature::of(mix(n, value)));
    };
    add(w.word);
    if position > 0 {
        return;
    }
    n = 32;
    let mut add = |value: u64| {
        n += 1;
        out.push(Feature::of(mix(n, value)));
    };
    let names = u64::from(w.facts.first() << 3 | w.facts.last());
    let ordinary = u64::from(w.facts.ordinary());
    add(0);
    add(mix(w.word.rotate_left(17), w.shape));
    add(w.prefix2);
    add(w.prefix3);
    add(w.suffix2);
    add(w.suffix3);
    add(w.suffix4);
    add(w.shape);
    add(names << 5 | w.shape);
    add(ordinary << 6 | u64::from(w.facts.clinical()) << 5 | w.shape);
    add(names << 12 | ordinary << 8 | u64::from(w.facts.town()) << 5 | w.shape);
    add(u64::from(w.facts.0 >> 9) << 5 | w.shape);
    add(u64::from(w.facts.0));
    add(w.role << 5 | w.shape);
}
