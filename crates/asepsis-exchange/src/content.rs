use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use asepsis_keys::PatientId;
use asepsis_policy::{ContentFacts, Whereabouts};
use asepsis_vocab::{Actor, DisclosureForm, Origin, PurposeOfUse, UseRecord};

use asepsis_surrogate::Rendering;

/// Who asks: what the step "identify" found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The user's id.
    pub user: String,
    /// The user's role.
    pub role: String,
    /// How the user was recognised, for the log: `api_key`, `local`, `oidc`, `mtls`.
    pub method: String,
    /// The public part of the credential.
    pub credential: Option<String>,
    /// How sure it is that it is the user.
    pub level: Level,
    /// The id of the registered device that the request came from.
    pub device: Option<String>,
    /// What the request tells of the device and the network.
    pub whereabouts: Whereabouts,
}

/// How sure it is who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something that the user knows or has (NIST SP 800-63B, AAL1).
    #[default]
    OneFactor,
    /// Two different factors, or a key of the client's own that never leaves it (AAL2).
    SeveralFactors,
}

impl Asker {
    /// The same, for the log.
    pub fn actor(&self) -> Actor {
        Actor {
            user: self.user.clone(),
            role: self.role.clone(),
            method: match self.level {
                Level::OneFactor => self.method.clone(),
                Level::SeveralFactors => format!("{}+mfa", self.method),
            },
            credential: self.credential.clone(),
            device: self.device.clone(),
        }
    }
}

/// Where an exchange goes, as the face read it from the request and the configuration.
#[derive(Clone, Debug)]
pub struct Route {
    /// The AI system's id in the register.
    pub system: String,
    /// The forms that the route takes, from the richest to the poorest.
    pub forms: Vec<DisclosureForm>,
    /// How surrogates look.
    pub rendering: Rendering,
    /// What for.
    pub purpose: PurposeOfUse,
    /// Whether the client stated the purpose. Where it did not, treatment becomes emergency treatment while an emergency lasts that
    /// the user declared.
    pub purpose_stated: bool,
    /// Which of the ready uses it is, where one was named.
    pub ai_use: Option<UseRecord>,
}

/// What a request says, piece by piece, in the order of the document. All pieces are one document: what is found in one
/// is searched in the others.
#[derive(Clone, Default)]
pub struct Content {
    /// The pieces.
    pub pieces: Vec<Piece>,
    /// The objects of texts that are JSON themselves, an object before those within it.
    pub records: Vec<Record>,
    /// What tells this conversation from the user's others; surrogates are its own.
    pub conversation: Vec<u8>,
    /// Whose data it is, where the client says so.
    pub patient: Option<Arc<PatientId>>,
    /// The groups that the person belongs to, where the client says so: for the log alone, and never sent.
    pub groups: BTreeMap<String, String>,
    /// What the client states of it: sensitivity labels, authorizations. How many individuals it speaks of is counted.
    pub stated: ContentFacts,
    /// Whether a patient reads the answer.
    pub for_patient: bool,
    /// Whether the answer is to stand for what was given, so that what it leaves out is looked at.
    pub sums_up: bool,
    /// The piece that a notice to the recipient goes before, where there is one that is read as text.
    pub notice_at: Option<usize>,
    /// Bytes of the request as it came.
    pub request_bytes: u64,
}

/// An object of a text that is JSON itself, such as what a tool returned: a row, a resource of FHIR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The pieces that stand in it, those of objects within it included.
    pub pieces: Range<usize>,
    /// Whether it says of the object around it whom that one is about: a FHIR `subject`, an `identifier`.
    pub about: bool,
}

/// A text within a request.
#[derive(Clone)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// The name of the field that it is the value of, where that says something about it.
    pub field: Option<String>,
    /// Where it stands, for errors; must hold nothing of the text.
    pub place: String,
    /// Who wrote it.
    pub origin: Origin,
    /// Whether it may be rewritten. A rigid piece (an id, a name of a tool) in which an identifier is seen makes the
    /// request refused.
    pub rigid: bool,
    /// Whether it is what somebody says in the conversation, and no value among others.
    pub is_speech: bool,
    /// Whether it says what a tool is and does, and is no data.
    pub is_definition: bool,
    /// Whether a tool returned it, also one whose words count as the organisation's own.
    pub is_result: bool,
}

impl Piece {
    /// What staff say, at this place.
    pub fn new(text: String, place: String) -> Self {
        Self {
            text,
            field: None,
            place,
            origin: Origin::Staff,
            rigid: false,
            is_speech: false,
            is_definition: false,
            is_result: false,
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} pieces, {} bytes)", self.pieces.len(), self.request_bytes)
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Piece({}, {} bytes)", self.place, self.text.len())
    }
}
