//! The trained layer: a conditional random field over words, shapes, lists, cues and what the rules say.

mod features;
mod file;
mod gazetteer;
mod hash;
mod place;
mod word;

use std::borrow::Cow;
use std::ops::Range;

use asepsis_crf::{Lanes, Marginals, Model, ModelError, States};

pub(crate) use features::View;
pub use file::UnusableModel;
pub(crate) use file::{open, seal};
pub(crate) use gazetteer::Gazetteer;

use crate::doc::Doc;
use crate::language::Language;
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
    /// Whether the text is written with capitals where they belong.
    pub(crate) cased: bool,
}

/// A model with the lists that its features look at.
pub(crate) struct Tagger {
    model: Model,
    classes: Classes,
    /// The scores of a word that is surely outside; none in a language whose ordinary words the lists do not know.
    plain: Option<Lanes>,
}

/// By how much the state outside leads where nothing needs to be looked at.
const SURELY: f32 = 50.0;

impl Tagger {
    pub(crate) fn new(model: Model) -> Self {
        let classes = Classes::of(model.states());
        let mut outside = Lanes::default();
        if let Some(state) = model.states().index("O") {
            outside.0[state] = SURELY;
        }
        let plain = (states(Language::English) == *model.states()).then_some(outside);
        Self { model, classes, plain }
    }

    /// Brings what the tagger says into what the rules found.
    pub(crate) fn apply(&self, doc: &mut Doc<'_>, gazetteer: &Gazetteer, profile: Profile, language: Language) {
        let tags = self.tag(doc, gazetteer);
        self.resolve(doc, &tags, profile, language);
    }

    /// Brings what the tagger said into what the rules found.
    pub(crate) fn resolve(&self, doc: &mut Doc<'_>, tags: &Tags, profile: Profile, language: Language) {
        resolve::apply(doc, tags, &self.classes, profile, language);
    }

    pub(crate) fn states(&self) -> &States {
        self.model.states()
    }

    /// The probability of each state at each token.
    pub(crate) fn tag(&self, doc: &Doc<'_>, gazetteer: &Gazetteer) -> Tags {
        let cased = resolve::is_cased(doc);
        let view = View::new(doc, gazetteer);
        let mut states = Vec::with_capacity(doc.tokens.len());
        let words = view.word_sums(&self.model);
        let (mut scores, mut marginals) = (Vec::new(), Marginals::new());
        for window in windows(doc) {
            scores.clear();
            scores.extend(window.map(|i| match &self.plain {
                Some(plain) if cased && view.is_plain(i) => *plain,
                _ => view.scores(i, &self.model, &words),
            }));
            self.model.marginals(&scores, &mut marginals);
            states.extend_from_slice(marginals.states());
        }
        Tags { states, cased }
    }
}

/// The shipped lists.
pub(crate) fn gazetteer() -> Gazetteer {
    Gazetteer::new(Cow::Borrowed(include_bytes!("../data/gazetteer.bin"))).expect("the shipped gazetteer is whole")
}

/// The shipped model of a language.
pub(crate) fn shipped(language: Language) -> Result<Model, ModelError> {
    Model::from_static(match language {
        Language::English => include_bytes!("../data/english.crf"),
        Language::Spanish => include_bytes!("../data/spanish.crf"),
    })
}

/// The states of a language's model.
///
/// The number of states that a model can have is small, so that each language has those that its texts call for.
pub(crate) fn states(language: Language) -> States {
    let names: [&str; 15] = match language {
        Language::English => [
            "O",
            "DRUG",
            "EPONYM",
            "TEST",
            "DEVICE",
            "B-NAME",
            "I-NAME",
            "B-LOCATION",
            "I-LOCATION",
            "B-ORG",
            "I-ORG",
            "B-DATE",
            "I-DATE",
            "B-ID",
            "I-ID",
        ],
        Language::Spanish => [
            "O",
            "B-NAME",
            "I-NAME",
            "B-LOCATION",
            "I-LOCATION",
            "B-ORG",
            "I-ORG",
            "B-DATE",
            "I-DATE",
            "B-ID",
            "I-ID",
            "B-LICENSE",
            "I-LICENSE",
            "B-HEALTH_PLAN",
            "I-HEALTH_PLAN",
        ],
    };
    States::new(names).expect("the states of the languages are tested")
}
