//! Finds patient identifiers in text: rules that read cues, shapes, structure and lists, and a trained tagger over them.
//!
//! A *segment* is a piece of text with the name of the field it stands in, if any; all segments of a call are one
//! *document*, so that a name found in one marks its mentions in the others. A *cue* is a word that says what stands
//! beside it, and no check digit overrules it. What is found are the eighteen identifiers of 45 CFR 164.514(b)(2)(i)
//! and the names of employers and places of care.
//!
//! ```
//! use asepsis_phi::Engine;
//!
//! let engine = Engine::new();
//! let found = engine.inspect_text("Patient: Anna Reed, MRN 0048213, BP 128/76");
//! let labels: Vec<_> = found.iter().map(|f| f.class.label()).collect();
//! assert_eq!(labels, ["NAME", "MRN"]);
//! ```

mod age;
mod ascii;
mod code;
mod cue;
mod date;
mod doc;
mod engine;
mod field;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod known;
mod language;
mod lexicon;
mod name;
mod net;
mod org;
mod passed;
mod phone;
mod photo;
mod place;
mod placeholder;
mod profile;
mod propagate;
mod resolve;
mod site;
mod sorts;
mod tagger;
mod token;
pub mod training;
mod tripwire;

pub use engine::{Assurance, Engine, EngineBuilder, EngineError, Segment};
pub use known::{FhirError, Hl7Error, KnownPerson, KnownPhi};
pub use language::{Language, UnknownLanguage};
pub use passed::{PassedOver, Why};
pub use profile::{Profile, UnknownProfile};
pub use site::{LearnError, SitePattern, SitePatternError};
pub use tagger::UnusableModel;
pub use tripwire::{Trip, Tripwire, tripwire};
