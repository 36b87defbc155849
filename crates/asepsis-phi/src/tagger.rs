//! The trained layer: a conditional random field over words, shapes, lists, cues and what the rules say.

mod features;
mod gazetteer;
mod hash;

use std::borrow::Cow;
use std::ops::Range;

use asepsis_crf::{Feature, Lanes, Marginals, Model, ModelError};

pub(crate) use features::View;
pub(crate) use gazetteer::Gazetteer;

use crate::doc::Doc;
use crate::profile::Profile;
use crate::resolve::{self, Classes};
use crate::token::{LINE, PARAGRAPH};

/// Tokens after which a window ends at the next line, at the next sentence, or where it is.
const LINE_AFTER: usize = 96;
const SENTENCE_AFTER: usize = 256;
const LONGEST: usize = 1024;

/// The pieces that a document is tagged in: each ends where a line or a sentence ends, where it can.
pub(crate) fn windows(doc: &Doc<'_>) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut from = 0;
    for i in 1..doc.tokens.len() {
        let gap = doc.tokens[i].gap;
        let length = i - from;
        let ends = gap == PARAGRAPH && length >= LINE_AFTER / 2
            || gap == LINE && length >= LINE_AFTER
            || length >= SENTENCE_AFTER && doc.breaks_before(i)
            || length >= LONGEST;
        if ends {
            out.push(from..i);
            from = i;
        }
    }
    if from < doc.tokens.len() {
        out.push(from..doc.tokens.len());
    }
    out
}

/// What the tagger says of each token.
pub(crate) struct Tags {
    pub(crate) states: Vec<Lanes>,
}

/// A model with the lists that its features look at.
pub(crate) struct Tagger {
    model: Model,
    classes: Classes,
}

impl Tagger {
    pub(crate) fn new(model: Model) -> Self {
        let classes = Classes::of(model.states());
        Self { model, classes }
    }

    /// Brings what the tagger says into what the rules found.
    pub(crate) fn apply(&self, doc: &mut Doc<'_>, gazetteer: &Gazetteer, profile: Profile) {
        let tags = self.tag(doc, gazetteer);
        resolve::apply(doc, &tags, &self.classes, gazetteer, profile);
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// The probability of each state at each token.
    pub(crate) fn tag(&self, doc: &Doc<'_>, gazetteer: &Gazetteer) -> Tags {
        let view = View::new(doc, gazetteer);
        let mut states = Vec::with_capacity(doc.tokens.len());
        let mut features: Vec<Feature> = Vec::with_capacity(features::MOST);
        let (mut scores, mut marginals) = (Vec::new(), Marginals::new());
        for window in windows(doc) {
            scores.clear();
            for i in window {
                view.features(i, &mut features);
                scores.push(self.model.scores(&features));
            }
            self.model.marginals(&scores, &mut marginals);
            states.extend_from_slice(marginals.states());
        }
        Tags { states }
    }
}

/// The shipped lists.
pub(crate) fn gazetteer() -> Gazetteer {
    Gazetteer::new(Cow::Borrowed(include_bytes!("../data/gazetteer.bin"))).expect("the shipped gazetteer is whole")
}

/// The shipped English model.
pub(crate) fn english() -> Result<Model, ModelError> {
    Model::from_static(include_bytes!("../data/english.crf"))
}
