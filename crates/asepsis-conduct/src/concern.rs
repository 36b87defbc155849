//! Concerns: what somebody saw in an exchange that should not be so, for those who look after Asepsis.

use std::fmt;

use asepsis_keys::{CryptoFailed, SealKey, Secret};
use data_encoding::BASE64_NOPAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use asepsis_vocab::ExchangeId;

use crate::BadRecord;

/// The kind of records of concerns; the id is random.
pub const CONCERN: &str = "concern";

/// The longest note or answer, in characters.
pub const MOST_TEXT: usize = 1000;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Concern {
    /// The advice could harm somebody.
    UnsafeAdvice,
    /// A name, or what names a person, came through.
    NameCameThrough,
    /// What was stopped should not have been.
    TooStrict,
    /// It treats people differently without a reason.
    Biased,
    /// It is strange otherwise.
    Strange,
    /// Something else.
    Other,
}

impl Concern {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::UnsafeAdvice, Self::NameCameThrough, Self::TooStrict, Self::Biased, Self::Strange, Self::Other];

    /// The code, for the log and the command line.
    pub fn code(self) -> &'static str {
        match self {
            Self::UnsafeAdvice => "unsafe-advice",
            Self::NameCameThrough => "name-came-through",
            Self::TooStrict => "too-strict",
            Self::Biased => "biased",
            Self::Strange => "strange",
            Self::Other => "other",
        }
    }

    /// The same for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::UnsafeAdvice => "The advice could harm somebody",
            Self::NameCameThrough => "A name came through",
            Self::TooStrict => "It was stopped, or made vague, without need",
            Self::Biased => "It treats people differently without a reason",
            Self::Strange => "The answer is strange",
            Self::Other => "Something else",
        }
    }

    /// The kind of this code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|concern| concern.code() == code)
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A concern that was reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// The exchange that it is about.
    pub exchange: ExchangeId,
    /// What is wrong.
    pub concern: Concern,
    /// Who reported it; absent where the reporter stays unnamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When, in seconds since 1970 UTC.
    pub at: i64,
    /// What the reporter wrote, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// What the reporter is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Who answers.
    pub by: String,
    /// When, in seconds since 1970 UTC.
    pub at: i64,
    /// What, sealed.
    pub text: Sealed,
}

impl Reported {
    /// Reads the body of a record.
    ///
    /// # Errors
    /// [`BadRecord`].
    pub fn read(body: &str) -> Result<Self, BadRecord> {
        serde_json::from_str(body).map_err(|error| BadRecord::of(&error))
    }

    /// The body of a record.
    pub fn body(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A text that only [`Notes`] opens, in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

/// What a text of a concern is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The reporter's note.
    Note,
    /// The answer.
    Answer,
}

/// Why a text is not kept or not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// It is too long, or nothing.
    #[error(
        "a text of a concern has 1 to {MOST_TEXT} characters, and no control characters but ends of lines and tabs"
    )]
    Text,
    /// It was changed by somebody else, or is of another installation.
    #[error("a text of this concern does not open under the key of this installation")]
    Tampered,
    /// Sealing failed.
    #[error(transparent)]
    Crypto(#[from] CryptoFailed),
}

/// Seals and opens what people write about concerns: they will write names into it.
pub struct Notes(SealKey);

impl Notes {
    /// Under the installation's key for this use.
    ///
    /// # Errors
    /// [`CryptoFailed`].
    pub fn new(secret: &Secret) -> Result<Self, CryptoFailed> {
        Ok(Self(SealKey::new(secret)?))
    }

    /// Seals a text of the concern of this id.
    ///
    /// # Errors
    /// [`NoteError::Text`] and [`NoteError::Crypto`].
    pub fn seal(&self, id: &str, part: Part, text: &str) -> Result<Sealed, NoteError> {
        let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
        let text = text.trim();
        if text.is_empty() || text.chars().count() > MOST_TEXT || !text.chars().all(plain) {
            return Err(NoteError::Text);
        }
        Ok(Sealed(BASE64_NOPAD.encode(&self.0.seal(&place(id, part), text.as_bytes())?)))
    }

    /// Opens what was sealed for the concern of this id.
    ///
    /// # Errors
    /// [`NoteError::Tampered`].
    pub fn open(&self, id: &str, part: Part, sealed: &Sealed) -> Result<Zeroizing<String>, NoteError> {
        let sealed = BASE64_NOPAD.decode(sealed.0.as_bytes()).map_err(|_| NoteError::Tampered)?;
        let plain = self.0.open(&place(id, part), &sealed).ok_or(NoteError::Tampered)?;
        Ok(Zeroizing::new(std::str::from_utf8(&plain).map_err(|_| NoteError::Tampered)?.to_owned()))
    }
}

/// What is sealed for one place opens for no other.
fn place(id: &str, part: Part) -> Vec<u8> {
    let part = match part {
        Part::Note => "note",
        Part::Answer => "answer",
    };
    format!("asepsis/concern/{part}/{id}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p2_what_people_write_is_sealed_for_its_place_and_bounded() {
        let notes = Notes::new(&Secret::from_slice(&[7; 32]).unwrap()).unwrap();
        let sealed = notes.seal("c1", Part::Note, "It named Martha Collins.\nTwice.").unwrap();
        let reported = Reported {
            exchange: ExchangeId::now(),
            concern: Concern::NameCameThrough,
            by: None,
            at: 1_800_000_000,
            note: Some(sealed.clone()),
            answer: None,
        };
        assert!(!reported.body().contains("Martha") && !format!("{reported:?}").contains("Martha"));
        assert_eq!(Reported::read(&reported.body()).unwrap(), reported);
        assert_eq!(notes.open("c1", Part::Note, &sealed).unwrap().as_str(), "It named Martha Collins.\nTwice.");
        assert_eq!(notes.open("c2", Part::Note, &sealed), Err(NoteError::Tampered));
        assert_eq!(notes.open("c1", Part::Answer, &sealed), Err(NoteError::Tampered));
        let other = Notes::new(&Secret::from_slice(&[8; 32]).unwrap()).unwrap();
        assert_eq!(other.open("c1", Part::Note, &sealed), Err(NoteError::Tampered));
        for bad in ["", " \n", "a\u{0}b", &"\u{e9}".repeat(1001)] {
            assert_eq!(notes.seal("c1", Part::Note, bad), Err(NoteError::Text));
        }
        assert!(notes.seal("c1", Part::Note, &"\u{e9}".repeat(1000)).is_ok());
        assert_eq!(Concern::of("too-strict"), Some(Concern::TooStrict));
        assert_eq!(Concern::of("fine"), None);
    }
}
