use std::sync::Arc;

use asepsis_normal::Normal;
use asepsis_vocab::Finding;
use memchr::memchr;

use crate::cue::Cues;
use crate::doc::Doc;
use crate::known::KnownPhi;
use crate::language::Language;
use crate::lexicon::{self, Lexicon};
use crate::passed::{self, PassedOver};
use crate::profile::Profile;
use crate::propagate::Mentions;
use crate::site::{Site, SitePattern, SitePatternError};
use crate::tagger::{self, Gazetteer, Tagger, UnusableModel};
use crate::{age, code, date, field, name, net, org, phone, photo, place, placeholder, resolve, token};

/// A piece of the document that is inspected.
#[derive(Clone, Copy)]
pub struct Segment<'a> {
    /// The text.
    pub text: &'a str,
    /// The name of the field or key that the text is the value of (`patient_name`, `birthDate`, `mrn`), where there is
    /// one. It decides like a cue before the text.
    pub field: Option<&'a str>,
}

/// What an engine, as built, can claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// Names and places may be left: the rules are alone, or the profile weighs words covered for nothing against them. The
    /// result does not bear the label "de-identified" unless the organisation accepts that.
    FirstLayer,
    /// Rules and trained tagger in the profile that covers what may be an identifier.
    Full,
}

/// The detector. Built once, shared by reference among threads; it holds nothing of a text between calls but what its
/// models say of ordinary words.
pub struct Engine {
    lexicon: Lexicon,
    cues: Cues,
    site: Site,
    profile: Profile,
    titles: bool,
    /// The language of every document, where it is not told by its words.
    language: Option<Language>,
    gazetteer: Arc<Gazetteer>,
    /// The model of each language, in the order of [`Language::ALL`]; none where the rules are alone.
    taggers: Vec<Tagger>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    /// An engine with the rules and lists that it ships with.
    pub fn new() -> Self {
        let gazetteer = Arc::new(tagger::gazetteer());
        let tagger = |language: &Language| {
            Tagger::new(tagger::shipped(*language).expect("the shipped models are whole"), Arc::clone(&gazetteer))
        };
        Self {
            lexicon: Lexicon::new(),
            cues: Cues::new(),
            site: Site::default(),
            profile: Profile::default(),
            titles: true,
            language: None,
            taggers: Language::ALL.iter().map(tagger).collect(),
            gazetteer,
        }
    }

    /// The rules alone, without the tagger.
    pub fn rules_only() -> Self {
        Self { taggers: Vec::new(), ..Self::new() }
    }

    /// An engine with settings other than the shipped ones.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The profile that it works under.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The version of the rules and lists, for the record of what decided.
    pub fn version(&self) -> &'static str {
        concat!("asepsis-phi/", env!("CARGO_PKG_VERSION"))
    }

    /// Whether the lists have a word as an ordinary or clinical one, whatever its case; it may be somebody's name all the same.
    pub fn is_ordinary(&self, word: &str) -> bool {
        self.lexicon.flags(word) & (lexicon::COMMON | lexicon::STOP) != 0
    }

    /// What this engine can claim.
    pub fn assurance(&self) -> Assurance {
        let strict = !self.taggers.is_empty() && self.profile == Profile::Strict;
        if strict { Assurance::Full } else { Assurance::FirstLayer }
    }

    pub(crate) fn gazetteer(&self) -> &Gazetteer {
        &self.gazetteer
    }

    /// Finds the identifiers of one document: a list for each segment, by start, without overlaps.
    pub fn inspect(&self, segments: &[Segment<'_>], known: &KnownPhi) -> Vec<Vec<Finding>> {
        let normals: Vec<Normal<'_>> = segments.iter().map(|s| Normal::of(s.text)).collect();
        let known = Mentions::known(known, &self.lexicon);
        let language = self.language.unwrap_or_else(|| Language::of(normals.iter().map(Normal::text)));
        let mut docs: Vec<Doc<'_>> = normals
            .iter()
            .zip(segments)
            .map(|(normal, segment)| self.read(normal.text(), segment.field, &known, language))
            .collect();
        if let Some(tagger) = self.taggers.get(language as usize) {
            for doc in &mut docs {
                tagger.apply(doc, self.profile, language);
            }
        }
        let mut mentions = Mentions::found(&docs);
        mentions.mark(&mut docs, &self.lexicon);
        if self.titles {
            docs.iter_mut().for_each(resolve::take_titles);
        }
        docs.iter().zip(&normals).map(|(doc, normal)| findings(doc, normal)).collect()
    }

    /// Finds the identifiers of a text that is a whole document.
    pub fn inspect_text(&self, text: &str) -> Vec<Finding> {
        self.inspect(&[Segment { text, field: None }], &KnownPhi::default()).pop().unwrap_or_default()
    }

    /// What the rules alone find in a text: an eighth of the work, for what is counted and not rewritten.
    pub fn inspect_by_rules(&self, text: &str) -> Vec<Finding> {
        let normal = Normal::of(text);
        let language = self.language.unwrap_or_else(|| Language::of([normal.text()]));
        let mut docs = [self.read_rules(normal.text(), language)];
        Mentions::found(&docs).mark(&mut docs, &self.lexicon);
        findings(&docs[0], &normal)
    }

    /// What looks like a name in a text that is a whole document, and is passed over, with the reason. Nothing where the
    /// rules are alone.
    pub fn passed_over(&self, text: &str) -> Vec<PassedOver> {
        let normal = Normal::of(text);
        let language = self.language.unwrap_or_else(|| Language::of([normal.text()]));
        let Some(tagger) = self.taggers.get(language as usize) else { return Vec::new() };
        let mut doc = self.read_rules(normal.text(), language);
        let mut doubted = vec![false; doc.tokens.len()];
        for hit in doc.hits.iter().filter(|hit| resolve::is_doubtful(hit)) {
            let (from, to) = doc.token_range(hit.start, hit.end);
            doubted[from..to].fill(true);
        }
        let tags = tagger.tag(&doc);
        tagger.resolve(&mut doc, &tags, self.profile, language);
        let mut docs = [doc];
        Mentions::found(&docs).mark(&mut docs, &self.lexicon);
        docs.iter_mut().for_each(resolve::take_titles);
        passed::over(&docs[0], &doubted, &tags, tagger.states(), &normal)
    }

    /// What the rules find in a text by itself.
    pub(crate) fn read_rules<'t>(&self, text: &'t str, language: Language) -> Doc<'t> {
        self.read(text, None, &Mentions::known(&KnownPhi::default(), &self.lexicon), language)
    }

    /// Every rule over one segment. Earlier rules keep what they found, so the surest come first.
    fn read<'t>(&self, text: &'t str, field: Option<&str>, known: &Mentions<'_>, language: Language) -> Doc<'t> {
        let mut tokens = token::tokenize(text, &self.lexicon);
        token::restore_case(text, &mut tokens);
        let mut doc = Doc::new(text, tokens, self.cues.find(text));
        if memchr(b'[', text.as_bytes()).is_some() {
            for (start, end) in placeholder::find(text) {
                let (from, to) = (doc.token_at(start), doc.token_at(end));
                doc.taken[from..to].fill(true);
            }
        }
        photo::find(&mut doc);
        known.mark_one(&mut doc, &self.lexicon);
        self.site.find(&mut doc);
        net::find(&mut doc);
        if let Some(field) = field {
            field::find(&mut doc, field, &self.cues);
        }
        // What names and places look like is another thing in each language: there the tagger is alone.
        let english = language == Language::English;
        if english {
            place::find_addresses(&mut doc);
        }
        date::find(&mut doc);
        phone::find(&mut doc);
        code::find(&mut doc);
        age::find(&mut doc);
        if english {
            org::find(&mut doc);
            name::find_cued(&mut doc);
            place::find_towns(&mut doc);
            name::find_loose(&mut doc);
        }
        doc
    }
}

/// The settings of an [`Engine`].
#[derive(Clone, Debug, Default)]
pub struct EngineBuilder {
    profile: Profile,
    titles_apart: bool,
    language: Option<Language>,
    patterns: Vec<SitePattern>,
    model: Option<Arc<[u8]>>,
}

impl EngineBuilder {
    /// Leaves the title before a name out of the finding: "Dr. " stays, so that a reader of the rewritten text still sees
    /// who is a physician, and the same surname with and without it is one person. A title identifies nobody.
    #[must_use]
    pub fn titles_apart(mut self) -> Self {
        self.titles_apart = true;
        self
    }

    /// The language of every document. Without it, each document's is told by its words.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = Some(language);
        self
    }

    /// A model that was trained with [`training`](crate::training), in place of the shipped one of its language.
    #[must_use]
    pub fn model(mut self, file: impl Into<Arc<[u8]>>) -> Self {
        self.model = Some(file.into());
        self
    }

    /// How misses weigh against words covered for nothing.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// The formats of the site's own numbers, which are then found without a cue.
    #[must_use]
    pub fn site_patterns(mut self, patterns: impl IntoIterator<Item = SitePattern>) -> Self {
        self.patterns.extend(patterns);
        self
    }

    /// The engine.
    ///
    /// # Errors
    /// Where a pattern is no valid or too large a regular expression, or the model is none.
    pub fn build(self) -> Result<Engine, EngineError> {
        let site = Site::new(&self.patterns)?;
        let mut engine =
            Engine { profile: self.profile, titles: !self.titles_apart, language: self.language, ..Engine::new() };
        if let Some(file) = &self.model {
            let (model, language) = tagger::open(file, &engine)?;
            engine.taggers[language as usize] = Tagger::new(model, Arc::clone(&engine.gazetteer));
        }
        // Not before: whether a model fits this version has nothing to do with the site's patterns.
        engine.site = site;
        Ok(engine)
    }
}

/// Settings that make no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A site pattern cannot be used.
    #[error(transparent)]
    Pattern(#[from] SitePatternError),
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] UnusableModel),
}

/// The hits in offsets of the original, sorted; hits that share an original character become one.
fn findings(doc: &Doc<'_>, normal: &Normal<'_>) -> Vec<Finding> {
    let mut hits = doc.hits.clone();
    hits.sort_unstable_by_key(|h| h.start);
    let mut out: Vec<Finding> = Vec::with_capacity(hits.len());
    for hit in hits {
        let finding = hit.finding(normal);
        match out.last_mut() {
            Some(last) if last.span.end > finding.span.start => last.span.end = last.span.end.max(finding.span.end),
            _ if finding.span.is_empty() => {}
            _ => out.push(finding),
        }
    }
    out
}
