//! Training the tagger: on texts whose identifiers are marked, from nothing or from a model that is there.
//!
//! Training and tagging look at a text through the same rules and the same features; a model is only worth something with
//! the version of this library that made it.

use asepsis_crf::{Feature, Sequences, States, Trainer, TrainerOptions};
use asepsis_normal::Normal;
use asepsis_vocab::{IdentifierClass, Span};

use crate::doc::Doc;
use crate::engine::Engine;
use crate::language::Language;
use crate::lexicon::{EPONYM, EPONYM_TAIL};
use crate::tagger::{self, Gazetteer, UnusableModel, View, windows};
use crate::token::Kind;

/// What a marked piece of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// An identifier.
    Identifier(IdentifierClass),
    /// A drug or substance: no identifier, though it looks like a name.
    Drug,
    /// The name of a disease, sign or operation after a person: no identifier.
    Eponym,
    /// A test, scale or score: no identifier.
    Test,
    /// An instrument or device: no identifier.
    Device,
}

/// A text with its identifiers marked.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// The text.
    pub text: String,
    /// The marks, by start, without overlaps.
    pub marks: Vec<(Span, Mark)>,
}

/// How often the rules' findings and the cues of a text are hidden, so that the tagger learns to do without them.
const HIDE_RULES: f64 = 0.35;
const HIDE_CUES: f64 = 0.25;

/// How a shipped model goes on with the texts of a site. A site's own words count from the first time on. New features move
/// freely and known ones a tenth as far: with less trust, or shorter steps for all, more is covered for nothing in notes that
/// the shipped model knew.
const SITE: TrainerOptions =
    TrainerOptions { epochs: 8, rate: 0.2, least: 1, prune: 0.08, decay: 1e-6, dropout: 0.1, seed: 1 };

/// How much was learnt before, see [`TrainingSet::train_on`].
const SITE_TRUST: f32 = 10.0;

/// The weights that the library ships for a language.
pub fn shipped(language: Language) -> Model {
    tagger::shipped(language).expect("the shipped models are whole")
}

/// Reads weights from a file, and tells for which language they are.
///
/// # Errors
/// Where it is no model, or one of another version or for another language.
pub fn read_model(file: &[u8]) -> Result<(Model, Language), UnusableModel> {
    tagger::open(file, &Engine::rules_only())
}

/// Texts as sequences to learn from.
pub struct TrainingSet {
    language: Language,
    rules: Engine,
    states: States,
    sequences: Sequences,
    chance: u64,
}

impl TrainingSet {
    /// An empty set for a model of a language.
    pub fn new(language: Language) -> Self {
        Self {
            language,
            rules: Engine::rules_only(),
            states: tagger::states(language),
            sequences: Sequences::new(),
            chance: 0x5DEE_CE66,
        }
    }

    /// How many words, numbers and marks it holds.
    pub fn tokens(&self) -> usize {
        self.sequences.positions()
    }

    /// Adds a text. Marks that share no token with the text do nothing.
    pub fn add(&mut self, example: &Example) {
        let normal = Normal::of(&example.text);
        let mut doc = self.rules.read_rules(normal.text(), self.language);
        let (hide_rules, hide_cues) = (self.draw() < HIDE_RULES, self.draw() < HIDE_CUES);
        if hide_rules {
            doc.hits.clear();
        }
        if hide_cues {
            doc.cues.clear();
        }
        let view = View::new(&doc, self.rules.gazetteer());
        let states = self.states_of(&doc, &normal, &example.marks, &view);
        let mut features: Vec<Feature> = Vec::new();
        for window in windows(&doc) {
            let mut before = None;
            for i in window {
                let mut state = states[i];
                // What went on from the window before begins here.
                if !self.states.may_follow(before, state) {
                    state -= 1;
                }
                view.features(i, &mut features);
                self.sequences.position(&features, state);
                before = Some(state);
            }
            self.sequences.end();
        }
    }

    /// The state of each token.
    fn states_of(&self, doc: &Doc<'_>, normal: &Normal<'_>, marks: &[(Span, Mark)], view: &View<'_, '_>) -> Vec<usize> {
        let at = |name: &str| self.states.index(name).unwrap_or(0);
        let mut out = vec![usize::MAX; doc.tokens.len()];
        let mut first = 0;
        for (i, token) in doc.tokens.iter().enumerate() {
            let span = normal.span(token.start, token.end);
            while marks.get(first).is_some_and(|m| m.0.end <= span.start) {
                first += 1;
            }
            let Some((marked, mark)) = marks.get(first).filter(|m| m.0.overlaps(span)) else {
                // Outside: what the lists say it is else.
                let facts = view.facts(i);
                let eponym = token.is(EPONYM) && (1..=3).any(|d| doc.has(i + d, EPONYM_TAIL));
                let drug = facts.drug() && facts.first() == 0 && facts.last() < 3 && token.kind == Kind::Word;
                out[i] = if eponym {
                    at("EPONYM")
                } else if drug {
                    at("DRUG")
                } else {
                    0
                };
                continue;
            };
            let kind = match mark {
                Mark::Drug => "DRUG",
                Mark::Eponym => "EPONYM",
                Mark::Test => "TEST",
                Mark::Device => "DEVICE",
                Mark::Identifier(IdentifierClass::Age | IdentifierClass::Profession) => "O",
                Mark::Identifier(class) => {
                    let own = format!("B-{class}");
                    let state = self.states.index(&own).unwrap_or_else(|| at("B-ID"));
                    out[i] = state + usize::from(self.goes_on(doc, normal, i, *marked));
                    continue;
                }
            };
            out[i] = at(kind);
        }
        out
    }

    /// Whether the token before belongs to the same mark.
    fn goes_on(&self, doc: &Doc<'_>, normal: &Normal<'_>, i: usize, marked: Span) -> bool {
        i > 0 && normal.span(doc.tokens[i - 1].start, doc.tokens[i - 1].end).overlaps(marked)
    }

    fn draw(&mut self) -> f64 {
        self.chance = self.chance.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        #[allow(clippy::cast_precision_loss, reason = "31 bits fit")]
        {
            (self.chance >> 33) as f64 / (1u64 << 31) as f64
        }
    }

    /// The model that the set teaches, as a file.
    pub fn train(&self, options: TrainerOptions) -> Vec<u8> {
        let mut trainer = Trainer::new(self.states.clone(), options);
        trainer.learn(&self.sequences);
        trainer.model().to_bytes()
    }

    /// The model that goes on from another with the set, with what is usual for a site's own texts; it can only be used with
    /// the version of this library that made it, which says so.
    pub fn adapt(&self, model: &Model) -> Vec<u8> {
        tagger::seal(self.train_on(model, SITE, SITE_TRUST), &self.rules, self.language)
    }

    /// The model that goes on from another with the set.
    pub fn train_on(&self, model: &Model, options: TrainerOptions, trust: f32) -> Vec<u8> {
        let mut trainer = Trainer::from_model(model, options, trust);
        trainer.learn(&self.sequences);
        trainer.model().to_bytes()
    }
}

/// The file of the lists, of words and their facts: three bits first name, three surname, three how ordinary, two town,
/// one each drug, clinical word, state or country, county, part of a town's name.
pub fn gazetteer<'a>(words: impl IntoIterator<Item = (&'a str, u16)>) -> Vec<u8> {
    Gazetteer::build(words)
}

pub use asepsis_crf::{Model, TrainerOptions as Options};
