//! A model as a file: the weights, and a mark of the features that they were learnt with.
//!
//! Weights mean nothing under other features, and would quietly miss identifiers. So a file that is made for a site ends in
//! `ASEPFEAT` and the fingerprint of the feature function (u64, little-endian); the shipped ones are made with the library
//! and have none.

use std::hash::{Hash, Hasher};

use asepsis_crf::{Model, ModelError};

use super::{View, states};
use crate::engine::Engine;
use crate::language::Language;

const MAGIC: &[u8; 8] = b"ASEPFEAT";

/// Words, a name, a place, a number and a key, so that every kind of feature holds somewhere.
const PROBE: &str =
    "Seen today: stable, no fever. Anna Reed of Boston takes 10 mg daily. ID 48-213 was noted for el paciente.";

/// A file that is no model for this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableModel {
    /// The bytes make no model.
    #[error(transparent)]
    Damaged(#[from] ModelError),
    /// It says other things of a word than the models of any language here.
    #[error("this model is for no language that this version knows; train it again or take the shipped one")]
    Language,
    /// It was learnt with other features, by another version.
    #[error("this model was trained by another version of Asepsis; train it again with this one from the same notes")]
    Version,
}

/// The weights with the mark of the features.
pub(crate) fn seal(mut model: Vec<u8>, rules: &Engine, language: Language) -> Vec<u8> {
    model.extend_from_slice(MAGIC);
    model.extend_from_slice(&fingerprint(rules, language).to_le_bytes());
    model
}

/// Reads a model and tells its language.
pub(crate) fn open(file: &[u8], rules: &Engine) -> Result<(Model, Language), UnusableModel> {
    let (model, mark) = match file.split_last_chunk::<16>() {
        Some((model, mark)) if mark.starts_with(MAGIC) => (model, Some(&mark[8..])),
        _ => (file, None),
    };
    let model = Model::from_bytes(model)?;
    let same = |language: &&Language| states(**language) == *model.states();
    let language = *Language::ALL.iter().find(same).ok_or(UnusableModel::Language)?;
    if mark.is_some_and(|mark| mark != fingerprint(rules, language).to_le_bytes()) {
        return Err(UnusableModel::Version);
    }
    Ok((model, language))
}

/// The features of a text, as one number.
fn fingerprint(rules: &Engine, language: Language) -> u64 {
    let doc = rules.read_rules(PROBE, language);
    let view = View::new(&doc, rules.gazetteer());
    let (mut sum, mut features) = (Fnv(0xCBF2_9CE4_8422_2325), Vec::new());
    for i in 0..doc.tokens.len() {
        view.features(i, &mut features);
        features.hash(&mut sum);
    }
    sum.finish()
}

/// FNV-1a by whole numbers: the same on every machine and with every compiler, which the standard library's is not.
struct Fnv(u64);

impl Fnv {
    fn take(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(0x0100_0000_01B3);
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.take(u64::from(*b)));
    }

    fn write_u32(&mut self, value: u32) {
        self.take(u64::from(value));
    }

    fn write_usize(&mut self, value: usize) {
        self.take(value as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use asepsis_vocab::IdentifierClass;

    use super::*;
    use crate::site::SitePattern;
    use crate::training::{TrainingSet, shipped};

    #[test]
    fn a_model_fits_the_version_that_made_it_whatever_else_is_set() {
        for language in Language::ALL {
            let file = TrainingSet::new(language).adapt(&shipped(language));
            let (_, told) = open(&file, &Engine::rules_only()).unwrap();
            assert_eq!(told, language);
            // A pattern that finds something in the very text of the fingerprint.
            let pattern = SitePattern { class: IdentifierClass::Mrn, pattern: "48-213|today".to_owned() };
            assert!(Engine::builder().site_patterns([pattern]).model(file).build().is_ok());
        }
    }
}
