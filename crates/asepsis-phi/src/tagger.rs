//! The trained layer: a conditional random field over words, shapes, lists, cues and what the rules say.

mod features;
mod file;
mod gazetteer;
mod hash;
mod memo;
mod place;
mod slots;
mod vocabulary;
mod word;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use asepsis_crf::{Feature, Model, ModelError, Probabilities, Row, States, Sums, Tagging, Weights};

pub(crate) use features::View;
pub use file::UnusableModel;
pub(crate) use file::{open, seal};
pub(crate) use gazetteer::Gazetteer;

use crate::doc::Doc;
use crate::language::Language;
use crate::profile::Profile;
use crate::resolve::{self, Classes};
use crate::tagger::features::{JOINT, beside, here};
use crate::tagger::memo::Memo;
use crate::tagger::vocabulary::{Key, Vocabulary, Weighed};
use crate::tagger::word::{Affixes, Word, Words};
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
    pub(crate) states: Probabilities,
    /// Whether the text is written with capitals where they belong.
    pub(crate) cased: bool,
}

/// A model with the lists that its features look at.
pub(crate) struct Tagger {
    model: Model,
    gazetteer: Arc<Gazetteer>,
    classes: Classes,
    /// The state of a word that is surely outside; none in a language whose ordinary words the lists do not know.
    plain: Option<usize>,
    /// What model and lists say of the words that every text has.
    vocabulary: Vocabulary,
}

impl Tagger {
    pub(crate) fn new(model: Model, gazetteer: Arc<Gazetteer>) -> Self {
        let english = states(Language::English) == *model.states();
        let plain = model.states().index("O").filter(|_| english);
        let classes = Classes::of(model.states());
        Self { model, gazetteer, classes, plain, vocabulary: Vocabulary::default() }
    }

    /// Brings what the tagger says into what the rules found.
    pub(crate) fn apply(&self, doc: &mut Doc<'_>, profile: Profile, language: Language) {
        let tags = self.tag(doc);
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
    pub(crate) fn tag(&self, doc: &Doc<'_>) -> Tags {
        let cased = resolve::is_cased(doc);
        let mut weights = self.model.weights();
        let (view, mut weighed) = self.view(doc, &mut weights);
        let mut memo = Memo::new(doc.tokens.len());
        let mut tagging = Tagging::new(&self.model, doc.tokens.len());
        for window in windows(doc) {
            for i in window {
                match self.plain {
                    Some(state) if cased && view.is_plain(i) => tagging.certain(state),
                    _ => tagging.position(memo.sums(&view, i, || sums(&view, i, &mut weights, &mut weighed))),
                }
            }
            tagging.end();
        }
        Tags { states: tagging.finish(), cased }
    }

    /// The document as the tagger sees it, and what the model says of its different words.
    fn view<'d, 't>(&self, doc: &'d Doc<'t>, weights: &mut Weights<'_>) -> (View<'d, 't>, Vec<Weighed>) {
        let mut weighed = Vec::with_capacity(doc.tokens.len() / 2 + 16);
        weighed.push(Weighed { beside: rows(&Word::edge(), weights), here: None });
        let words = Words::of(doc, |i| {
            let (word, weight) = self.know(doc, i, weights);
            weighed.push(weight);
            word
        });
        (View::of(doc, words), weighed)
    }

    /// What is known of the word of token `i` by itself.
    fn know(&self, doc: &Doc<'_>, i: usize, weights: &mut Weights<'_>) -> (Word, Weighed) {
        let Some(key) = Key::of(doc, i) else {
            let word = Word::of(doc, i, &self.gazetteer);
            return (word, Weighed { beside: rows(&word, weights), here: None });
        };
        let entry = self.vocabulary.get_or(key, || {
            let word = Word::of(doc, i, &self.gazetteer);
            let mut sums = Sums::new();
            weights.add(&here(&word, &Affixes::of(doc, i)), &mut sums);
            (word, Weighed { beside: rows(&word, weights), here: Some(sums) })
        });
        (entry.word, entry.weighed)
    }
}

/// Where the weights of a word are as a neighbour.
fn rows(word: &Word, weights: &Weights<'_>) -> [Row; 4] {
    std::array::from_fn(|position| weights.row(beside(word, position)))
}

/// The sums of what [`View::features`] says of token `i`, with those of its words taken from where they are kept.
#[inline]
fn sums(view: &View<'_, '_>, i: usize, weights: &mut Weights<'_>, weighed: &mut [Weighed]) -> Sums {
    let [own, a, b, c, d] = view.around(i);
    let mut sums = *weighed[own].here.get_or_insert_with(|| {
        let mut sums = Sums::new();
        weights.add(&view.here(i), &mut sums);
        sums
    });
    let [a, b, c, d] = [a, b, c, d].map(|id| &weighed[id].beside);
    weights.add_rows(&[a[0], b[1], c[2], d[3]], &mut sums);
    let mut joint = [Feature::default(); JOINT];
    view.joint(i, &mut joint);
    weights.add(&joint, &mut sums);
    sums
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::lexicon::{DRUG, FIRST, FIRST_TOP, LAST, Lexicon, SIGNAL, TOWN};
    use crate::token::Kind;

    const TEXTS: [&str; 4] = [
        "Patient: Zofia Zubrowka, DOB 04/12/1950, MRN 0048213. Seen by Dr. O'Neil's team in Everfield; no fever.",
        "PATIENT: ANNA REED\nLIVES AT 12 ROSE STREET — SEEN 1999, 2024 AND 31",
        "",
        "Paciente: María Gómez Ruiz, NHC 2569870. Ingresó el 13/07/2024 en el Hospital de la Fe de Valencia.",
    ];

    #[test]
    fn the_sums_are_those_of_the_features_whether_kept_or_not() {
        let engine = Engine::new();
        for language in Language::ALL {
            let tagger = Tagger::new(shipped(language).unwrap(), Arc::new(gazetteer()));
            for text in TEXTS.iter().chain(&TEXTS) {
                let doc = engine.read_rules(text, language);
                let mut weights = tagger.model.weights();
                let (view, mut weighed) = tagger.view(&doc, &mut weights);
                let mut features = Vec::new();
                for i in 0..doc.tokens.len() {
                    View::new(&doc, &tagger.gazetteer).features(i, &mut features);
                    assert_eq!(
                        sums(&view, i, &mut weights, &mut weighed),
                        tagger.model.sums(&features),
                        "{i} in {text}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_word_is_kept_that_the_lists_do_not_have_as_an_ordinary_one() {
        let (engine, lexicon) = (Engine::new(), Lexicon::new());
        let tagger = Tagger::new(shipped(Language::English).unwrap(), Arc::new(gazetteer()));
        for text in TEXTS {
            tagger.tag(&engine.read_rules(text, Language::English));
        }
        let kept = tagger.vocabulary.kept();
        let words: Vec<&str> =
            kept.iter().filter(|(kind, _)| *kind == Kind::Word as u64).map(|(_, word)| word.as_str()).collect();
        assert!(words.contains(&"Patient") && words.contains(&"fever"));
        for word in words.into_iter().filter(|word| !word.is_empty()) {
            assert_ne!(lexicon.flags(word) & !(FIRST | FIRST_TOP | LAST | TOWN | DRUG | SIGNAL), 0, "{word}");
        }
        for part in ["Zofia", "Zubrowka", "Gómez", "Everfield", "ANNA", "004", "256"] {
            assert!(!kept.iter().any(|(_, text)| text.contains(part)), "{part} in {kept:?}");
        }
    }
}
