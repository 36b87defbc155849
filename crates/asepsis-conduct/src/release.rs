//! What an AI system wants to do, held until a person releases it: what is kept of it, and who decided.
//!
//! The answer with its calls of tools is sealed, and bound to all that is known of it in plain; so is each decision. What is released
//! is named by the tag of the exact effect, so that nothing else can be given out under the same decision.

use std::fmt;

use asepsis_keys::{CryptoFailed, SealKey, Secret};
use asepsis_policy::ToolEffect;
use asepsis_vocab::ExchangeId;
use aws_lc_rs::hmac;
use data_encoding::{BASE64_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::BadRecord;

/// The longest answer that is held, in bytes.
pub const MOST_HELD: usize = 1 << 20;

/// The most calls of tools in one answer that is held: a person reads every one.
pub const MOST_CALLS: usize = 32;

/// Why a person refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyNot {
    /// It is about another patient.
    WrongPatient,
    /// Something in it is not right.
    WrongContent,
    /// Nobody asked for it.
    NotAsked,
    /// It could harm somebody.
    Unsafe,
    /// Something else.
    Other,
}

impl WhyNot {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::WrongPatient, Self::WrongContent, Self::NotAsked, Self::Unsafe, Self::Other];

    /// The code, for the log and the command line.
    pub fn code(self) -> &'static str {
        match self {
            Self::WrongPatient => "wrong-patient",
            Self::WrongContent => "wrong-content",
            Self::NotAsked => "not-asked",
            Self::Unsafe => "unsafe",
            Self::Other => "other",
        }
    }

    /// The same for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::WrongPatient => "It is about another patient",
            Self::WrongContent => "Something in it is not right",
            Self::NotAsked => "Nobody asked for it",
            Self::Unsafe => "It could harm somebody",
            Self::Other => "Something else",
        }
    }

    /// The reason of this code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|why| why.code() == code)
    }
}

/// What is known in plain of an answer that is held. It holds nothing of what was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldAnswer {
    /// The exchange whose answer it is.
    pub exchange: ExchangeId,
    /// Who asked.
    pub user: String,
    /// In which role.
    pub role: String,
    /// The AI system.
    pub system: String,
    /// What the calls do, in the order of the answer.
    pub calls: Vec<HeldCall>,
    /// Whether text that nobody of the organisation wrote was in the request.
    pub tainted: bool,
    /// Whether real names stand in it in place of surrogates.
    pub restored: bool,
    /// What the review of the answer marked: rules and places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marks: Option<String>,
    /// When it was held, in seconds since 1970 UTC.
    pub at: i64,
    /// The first second in which it counts no more.
    pub lapses: i64,
    /// The tag of the exact effect.
    pub effect: String,
}

/// What a call of a tool does, as the organisation has entered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldCall {
    /// `read`, `write` or `record`.
    pub does: String,
    /// Whether it reaches beyond the organisation.
    pub network: bool,
    /// Whether a person has to say yes to it.
    pub waits: bool,
    /// Whether what it writes bears the label of an AI.
    pub labelled: bool,
}

impl HeldAnswer {
    /// Reads what [`body`](Self::body) wrote.
    ///
    /// # Errors
    /// [`BadRecord`].
    pub fn read(body: &str) -> Result<Self, BadRecord> {
        serde_json::from_str(body).map_err(|error| BadRecord::of(&error))
    }

    /// As it is stored.
    pub fn body(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether somebody who may release calls of these effects, and is given real names back where `restores`, may release this.
    pub fn is_for(&self, release: &[ToolEffect], restores: bool) -> bool {
        let may = |call: &HeldCall| release.iter().any(|effect| effect.name() == call.does);
        (restores || !self.restored) && self.calls.iter().filter(|call| call.waits).all(may)
    }

    /// What it does, in one line for people.
    pub fn words(&self) -> String {
        let says: Vec<&str> = self.calls.iter().map(HeldCall::words).collect();
        says.join("; ")
    }
}

impl HeldCall {
    /// What it does, for people.
    pub fn words(&self) -> &'static str {
        match (self.does.as_str(), self.network) {
            ("read", false) => "reads within the organisation",
            ("read", true) => "reads beyond the organisation",
            ("record", false) => "writes into a health record",
            ("record", true) => "writes into a health record beyond the organisation",
            ("write", false) => "changes something within the organisation",
            ("write", true) => "sends or changes something beyond the organisation",
            _ => "does what nobody has entered",
        }
    }
}

/// A call of a tool, to the letter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Called {
    /// The name.
    pub name: String,
    /// The arguments, as the client gets them: JSON.
    pub arguments: String,
}

impl fmt::Debug for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Called({} bytes)", self.arguments.len())
    }
}

/// What is sealed of an answer that is held.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Contents {
    /// SHA-256 of the request, with the headers that say what it asks, in hexadecimal.
    pub request: String,
    /// The calls, in the order of the answer.
    pub calls: Vec<Called>,
    /// Headers of the answer.
    pub headers: Vec<(String, String)>,
    /// The answer as the client gets it: JSON, or all events of the stream.
    pub body: String,
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contents({} calls, {} bytes)", self.calls.len(), self.body.len())
    }
}

/// What a person decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Who.
    pub by: String,
    /// In which role.
    pub role: String,
    /// When, in seconds since 1970 UTC.
    pub at: i64,
    /// The tag of the effect that was looked at.
    pub effect: String,
    /// Why not; absent where it was released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<WhyNot>,
}

/// Why a held answer, or a decision on it, is not to be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// It was changed by somebody else, is of another installation, or was erased.
    #[error("what is held does not open under the key of this installation, or was erased")]
    Tampered,
    /// Sealing failed.
    #[error(transparent)]
    Crypto(#[from] CryptoFailed),
}

/// Seals and opens what is held.
pub struct Seals {
    seal: SealKey,
    tag: hmac::Key,
}

impl Seals {
    /// Under the installation's keys for this use: one to seal, one for tags.
    ///
    /// # Errors
    /// [`CryptoFailed`].
    pub fn new(seal: &Secret, tag: &Secret) -> Result<Self, CryptoFailed> {
        Ok(Self { seal: SealKey::new(seal)?, tag: hmac::Key::new(hmac::HMAC_SHA256, tag.as_bytes()) })
    }

    /// The tag of an exact effect: HMAC-SHA-256 over the names and arguments of all calls in order, each with its length before it.
    pub fn effect(&self, calls: &[Called]) -> String {
        let mut context = hmac::Context::with_key(&self.tag);
        context.update(b"asepsis/effect/v1\0");
        context.update(&(calls.len() as u64).to_be_bytes());
        for part in calls.iter().flat_map(|call| [call.name.as_bytes(), call.arguments.as_bytes()]) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        HEXLOWER.encode(context.sign().as_ref())
    }

    /// Seals what is held under this id. `body` is what is stored of it in plain.
    ///
    /// # Errors
    /// [`SealError::Crypto`].
    pub fn seal(&self, id: &str, body: &str, contents: &Contents) -> Result<Vec<u8>, SealError> {
        let plain = Zeroizing::new(serde_json::to_vec(contents).unwrap_or_default());
        Ok(self.seal.seal(&place("contents", id, body), &plain)?)
    }

    /// Opens what was sealed under this id beside this `body`, where its effect is the one that the body names.
    ///
    /// # Errors
    /// [`SealError::Tampered`].
    pub fn open(&self, id: &str, body: &str, sealed: Option<&[u8]>) -> Result<(HeldAnswer, Contents), SealError> {
        let plain = self.seal.open(&place("contents", id, body), sealed.unwrap_or_default());
        let plain = plain.ok_or(SealError::Tampered)?;
        let contents: Contents = serde_json::from_slice(&plain).map_err(|_| SealError::Tampered)?;
        let held = HeldAnswer::read(body).map_err(|_| SealError::Tampered)?;
        if self.effect(&contents.calls) == held.effect { Ok((held, contents)) } else { Err(SealError::Tampered) }
    }

    /// Seals a decision on what is held under this id.
    ///
    /// # Errors
    /// [`SealError::Crypto`].
    pub fn seal_decision(&self, id: &str, decision: &Decision) -> Result<String, SealError> {
        let plain = serde_json::to_vec(decision).unwrap_or_default();
        Ok(BASE64_NOPAD.encode(&self.seal.seal(&place("decision", id, ""), &plain)?))
    }

    /// Opens a decision on what is held under this id.
    ///
    /// # Errors
    /// [`SealError::Tampered`].
    pub fn open_decision(&self, id: &str, sealed: &str) -> Result<Decision, SealError> {
        let sealed = BASE64_NOPAD.decode(sealed.as_bytes()).map_err(|_| SealError::Tampered)?;
        let plain = self.seal.open(&place("decision", id, ""), &sealed).ok_or(SealError::Tampered)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::Tampered)
    }
}

/// What is sealed for one place opens for no other.
fn place(part: &str, id: &str, body: &str) -> Vec<u8> {
    format!("asepsis/release/{part}/{id}\0{body}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seals(byte: u8) -> Seals {
        let secret = |byte| Secret::from_slice(&[byte; 32]).unwrap();
        Seals::new(&secret(byte), &secret(byte + 1)).unwrap()
    }

    fn called(name: &str, arguments: &str) -> Called {
        Called { name: name.to_owned(), arguments: arguments.to_owned() }
    }

    fn held(seals: &Seals, calls: &[Called]) -> HeldAnswer {
        HeldAnswer {
            exchange: ExchangeId::now(),
            user: "lee".to_owned(),
            role: "clinician".to_owned(),
            system: "chat".to_owned(),
            calls: vec![HeldCall { does: "write".to_owned(), network: false, waits: true, labelled: false }],
            tainted: false,
            restored: true,
            marks: None,
            at: 1_800_000_000,
            lapses: 1_800_003_600,
            effect: seals.effect(calls),
        }
    }

    #[test]
    fn r30_what_is_held_is_sealed_and_bound_to_all_that_is_known_of_it() {
        let seals = seals(7);
        let calls = vec![called("order", r#"{"patient": "Martha Collins"}"#)];
        let held = held(&seals, &calls);
        let body = held.body();
        let contents =
            Contents { request: "00".to_owned(), calls, headers: Vec::new(), body: "Martha Collins".to_owned() };
        let sealed = seals.seal("a1", &body, &contents).unwrap();
        assert!(!body.contains("Martha") && !format!("{contents:?}{held:?}{:?}", contents.calls).contains("Martha"));
        assert!(!sealed.windows(6).any(|bytes| bytes == b"Martha"));
        assert_eq!(seals.open("a1", &body, Some(&sealed)).unwrap(), (held, contents));
        let altered = body.replace("\"lee\"", "\"kim\"");
        assert_ne!(altered, body);
        for (id, body, sealed) in
            [("a1", &altered, Some(&sealed)), ("a2", &body, Some(&sealed)), ("a1", &body, None::<&Vec<u8>>)]
        {
            assert_eq!(seals.open(id, body, sealed.map(Vec::as_slice)), Err(SealError::Tampered));
        }
    }

    #[test]
    fn r30_the_tag_of_an_effect_is_of_every_letter_and_needs_the_key() {
        let (one, other) = (seals(7), seals(9));
        let all = [
            vec![called("a", "{}"), called("b", "{}")],
            vec![called("b", "{}"), called("a", "{}")],
            vec![called("a", "{}b{}")],
            vec![called("a{}", "b{}")],
            vec![called("a", "{ }"), called("b", "{}")],
        ];
        let tags: std::collections::BTreeSet<String> = all.iter().map(|calls| one.effect(calls)).collect();
        assert_eq!(tags.len(), all.len());
        assert!(tags.iter().all(|tag| tag.len() == 64));
        assert_ne!(one.effect(&all[0]), other.effect(&all[0]));
    }

    #[test]
    fn r30_a_decision_counts_for_one_release_and_cannot_be_written_by_hand() {
        let seals = seals(7);
        let decision = Decision {
            by: "lee".to_owned(),
            role: "clinician".to_owned(),
            at: 1,
            effect: "00".to_owned(),
            refused: Some(WhyNot::NotAsked),
        };
        let sealed = seals.seal_decision("a1", &decision).unwrap();
        assert_eq!(seals.open_decision("a1", &sealed), Ok(decision));
        assert_eq!(seals.open_decision("a2", &sealed), Err(SealError::Tampered));
        assert_eq!(seals.open_decision("a1", "e30"), Err(SealError::Tampered));
        assert_eq!(WhyNot::of("not-asked"), Some(WhyNot::NotAsked));
        assert_eq!(WhyNot::of("no"), None);
    }

    #[test]
    fn r30_who_may_release_may_release_each_effect_and_see_the_names() {
        let held = held(&seals(7), &[]);
        assert!(held.is_for(&[ToolEffect::Write, ToolEffect::Record], true));
        assert!(!held.is_for(&[ToolEffect::Record], true) && !held.is_for(&[], true));
        assert!(!held.is_for(&[ToolEffect::Write], false), "real names stand in it");
        assert!(HeldAnswer { restored: false, ..held }.is_for(&[ToolEffect::Write], false));
    }
}
