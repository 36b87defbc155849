//! How far a surrogate reaches: in what else than its own conversation it stands for the same.

use asepsis_vault::{ScopeId, Space, Vault};
use asepsis_vocab::SubjectId;

/// The scope of surrogates. All but the first let an AI system link what it got at different times, and give text back in
/// conversations other than the one that it came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// One conversation of one user.
    #[default]
    Conversation,
    /// All conversations of one user.
    User,
    /// All exchanges that name the same patient, whoever asks; one conversation where none is named.
    Patient,
}

impl Reach {
    /// The scope of an exchange.
    pub(crate) fn scope(self, vault: &Vault, user: &str, conversation: &[u8], patient: Option<SubjectId>) -> ScopeId {
        // No conversation has such a name: a face's names begin with how it came by them.
        match (self, patient) {
            (Self::User, _) => vault.scope(Space::Gateway, user, b"\0of the user"),
            (Self::Patient, Some(patient)) => {
                vault.scope(Space::Gateway, "", format!("\0of the patient {patient}").as_bytes())
            }
            (Self::Conversation, _) | (Self::Patient, None) => vault.scope(Space::Gateway, user, conversation),
        }
    }

    /// What has to be known of it, for people; `None` where nothing is widened.
    pub fn warning(self) -> Option<&'static str> {
        match self {
            Self::Conversation => None,
            Self::User => Some(
                "surrogates reach over all conversations of a user ([vault] scope = \"user\"): an AI system can link what it gets on \
                 different days, and an answer may bring back names from another conversation",
            ),
            Self::Patient => Some(
                "surrogates reach over all exchanges about a patient ([vault] scope = \"patient\"): an AI system can link what it gets \
                 about one person on different days and from different users, and an answer may bring back to one user what another wrote",
            ),
        }
    }
}
