use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{DisclosureForm, ExchangeId, GuardRecord, IdentifierClass, PurposeOfUse, SubjectId};

/// The version of the layout of [`AuditEvent`], written into every entry.
pub const SCHEMA_VERSION: u32 = 1;

/// What took part, and its version. Entries share both: every exchange names the same ones.
pub type Version = (Cow<'static, str>, Arc<str>);

/// What the log keeps of a moment of an exchange.
///
/// It holds codes, counts, ids and times, and nothing of what was said: no prompt, no name of a file, no identifier of a
/// patient, no hash of one. It is stored as JSON, and those exact bytes are the leaf of the Merkle tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEvent {
    /// The layout of this entry.
    pub v: u32,
    /// The exchange that the entry is about.
    pub exchange: ExchangeId,
    /// Which moment of it.
    pub phase: Phase,
    /// Wall clock, RFC 3339 in UTC with milliseconds.
    pub time: String,
    /// The face through which it came: `openai.chat`, `anthropic.messages`, `cli.deid`.
    pub interface: String,
    /// Who asked; absent where nobody was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The purpose that the decision was made under.
    pub purpose: PurposeOfUse,
    /// Which of the ready uses it was; absent where none was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_use: Option<UseRecord>,
    /// Whose data it is about, by a pseudonym whose link to the person the vault keeps; absent where the face did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectId>,
    /// The groups that the person belongs to, as the client stated them: codes that the site has set up, a value a dimension.
    /// Sensitive by themselves. Empty where none were stated.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, String>,
    /// To whom data went, or would have gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Recipient>,
    /// What was found in the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<ClassCount>,
    /// What was found in the answer, as the AI system wrote it; in [`Phase::Outcome`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found_in_answer: Vec<ClassCount>,
    /// What the guard found; absent where it found nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Box<GuardRecord>>,
    /// What was decided and why; absent where the exchange ended before a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionRecord>,
    /// What the decision rested on, so that it can be taken again under other policies: codes, numbers and states of the
    /// registers. In [`Phase::Intent`], and in [`Phase::Outcome`] where nothing left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Arc<Value>>,
    /// How it ended; only in [`Phase::Outcome`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Sizes and counts; in [`Phase::Outcome`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
    /// The answer that was held for a person, or given out once a person had released it; only in [`Phase::Outcome`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseRecord>,
    /// What was done; only in [`Phase::Act`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    /// What is kept beside the entry, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<PayloadRef>,
    /// Versions of what took part: program, detector, policy set, signature packs, classifier, clinical tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<Version>,
}

impl AuditEvent {
    /// An event of which nothing is known yet but what it is about. The purpose is unknown until it is said.
    pub fn new(exchange: ExchangeId, phase: Phase, time: String, interface: &str) -> Self {
        Self {
            v: SCHEMA_VERSION,
            exchange,
            phase,
            time,
            interface: interface.to_owned(),
            actor: None,
            purpose: PurposeOfUse::Unknown,
            ai_use: None,
            subject: None,
            groups: BTreeMap::new(),
            recipient: None,
            found: Vec::new(),
            found_in_answer: Vec::new(),
            guard: None,
            decision: None,
            facts: None,
            outcome: None,
            traffic: None,
            release: None,
            act: None,
            payload: None,
            versions: Vec::new(),
        }
    }
}

/// The moment of an exchange that an entry records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Decided and about to leave; durable before the first byte does.
    Intent,
    /// Ended; durable before the last byte of the answer is given back. A refused exchange has only this one.
    Outcome,
    /// No exchange with an AI system but something done with the records, keys or surrogates themselves. The id is of this
    /// act alone, and it has only this entry.
    Act,
}

/// Something that was done with the records, keys or surrogates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// What was done.
    pub kind: ActKind,
    /// To what: the id of a key, a scope, a backup, an entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Why it may be done: the legal basis, the retention rule, the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// Counts and measures by name, such as `entries` and `restored_ms`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, u64>,
}

/// What kind of act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// A subject's key was destroyed: what was sealed under it cannot be read any more. The target is the key's id.
    Shred,
    /// Surrogates were turned back outside the automatic way.
    Reveal,
    /// Keys were wrapped anew under another epoch or root.
    Rotate,
    /// An epoch's key was destroyed: older backups cannot be read for subjects that were shredded before.
    DestroyEpoch,
    /// Entries below an index were let go after their retention.
    Prune,
    /// Asepsis went into its degraded mode: nothing that bears PHI leaves.
    Degraded,
    /// It came out of it.
    Recovered,
    /// A backup was made.
    BackupCreated,
    /// A backup was restored in a scratch place and compared.
    BackupVerified,
    /// A check of a backup found a fault.
    BackupFault,
    /// Other policies decide from here on. The target is their version and fingerprint.
    PolicyApplied,
    /// The policies of an earlier version decide again.
    PolicyRolledBack,
    /// Policies that were to be applied cannot be used; those of before go on deciding.
    PolicyRefused,
    /// A record of a register is made, changed or removed. The target is `kind/id@version`; a change that was overtaken by
    /// another has an entry too, and the version that the register has tells them apart.
    RegisterChanged,
    /// What the registers hold cannot be used; what was known before goes on deciding. The target is the record.
    RegisterRefused,
    /// An agreement or a fact ends soon, or has ended. The target is `kind/id` or `kind/id.fact`, the figure `days_left`
    /// says how many days are left.
    ExpiryNoticed,
    /// Somebody signed in to the console, or a client was given a token (45 CFR 164.308(a)(5)(ii)(C)).
    SignedIn,
    /// A sign-in failed.
    SignInRefused,
    /// Somebody tried what looks like misuse: a revoked key, a locked account, a device that is not registered. The target is what
    /// it was tried with, the basis is what happened in one word, the figure `times` how often since the last such entry.
    AccessAlert,
    /// Somebody passed a course (45 CFR 164.308(a)(5)). The target is `course@version`.
    TrainingPassed,
    /// Somebody did not pass it. The figures are `right` and `of`.
    TrainingFailed,
    /// Somebody accepted the usage policy. The target is `usage@version`.
    RulesAccepted,
    /// Somebody declared an emergency (45 CFR 164.312(a)(2)(ii)). The target is its id, the basis the reason, the figure `minutes`.
    EmergencyDeclared,
    /// Somebody else looked at it afterwards.
    EmergencyReviewed,
    /// Nobody did within the time for it.
    ReviewOverdue,
    /// Somebody reported a concern. The target is its id.
    ConcernReported,
    /// It was answered.
    ConcernAnswered,
    /// What earlier exchanges held against somebody was cleared. The target is `user/NAME`, the figure `points` how much it was.
    GuardCleared,
    /// Somebody released what an AI system wants to do. The target is the id of the release, the basis the tag of the exact effect.
    ReleaseApproved,
    /// Somebody refused it. The basis is the tag, and why.
    ReleaseRefused,
    /// Nobody decided, or nobody fetched it, within the time for it.
    ReleaseLapsed,
}

/// What is kept beside an entry: sealed, so that deleting the key erases it and the tree stays whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayloadRef {
    /// The id of the key that it is sealed under.
    pub key: String,
    /// The length of the ciphertext in bytes.
    pub bytes: u32,
    /// SHA-256 of the *ciphertext* in hexadecimal: of short plaintext a hash could be guessed.
    pub sha256: String,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The user's id in the configuration or register.
    pub user: String,
    /// The role at that time.
    pub role: String,
    /// How the user was recognised: `api_key`, `local`, `oidc`, `mtls`, `smart_backend`, `session`; `+mfa` behind it where there
    /// was more than one factor.
    pub method: String,
    /// The public part of the credential, never the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// The id of the registered device that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// What AI was used for, and who reads what it wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UseRecord {
    /// The use: `documentation`, `administration`, `imaging`, `patient-communication`, `reporting`.
    pub name: String,
    /// Who reads it: `author`, `second`, `named`; `wording` where a patient reads it first and the required wording goes with it.
    pub review: String,
    /// The user who was named to read it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<String>,
}

/// To whom data went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The AI system's id in the register.
    pub system: String,
    /// The vendor's id in the register.
    pub vendor: String,
    /// The agreement that the decision saw, by its id in the register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<String>,
}

/// How many identifiers of a class were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    /// The class.
    pub class: IdentifierClass,
    /// The number of places.
    pub places: u32,
    /// The number of different identifiers.
    pub distinct: u32,
}

/// A decision, as it is kept and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// The form that was permitted.
    pub form: DisclosureForm,
    /// The ids of the policies that decided, or `default-deny` where none permits.
    pub rules: Vec<String>,
    /// The code of the reason: `baa-in-force`, `baa-lapsed`, `purpose-unknown`.
    pub reason: String,
}

/// What an AI system wants to do that a person has to release, or has released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRecord {
    /// The id of the release.
    pub id: String,
    /// HMAC-SHA-256 of the names and arguments of all calls under a key of the installation, in hexadecimal: it names the exact effect,
    /// and nobody without the key can guess at it.
    pub effect: String,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// `completed`, `refused`, `invalid_request`, `upstream_error`, `truncated`, `client_gone`, `blocked`, `internal`, `held` where
    /// a person has to release what the AI system wants to do, `stopped` where a kill switch was pulled, and
    /// `interrupted` where Asepsis itself stopped in between.
    pub status: String,
    /// The HTTP status given to the client, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<u16>,
    /// The HTTP status that the upstream gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_http: Option<u16>,
}

/// Sizes and counts of an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Bytes of the request as it came.
    pub request_bytes: u64,
    /// Bytes of the request as it went.
    pub sent_bytes: u64,
    /// Bytes of the answer as it came.
    pub answer_bytes: u64,
    /// Places that were rewritten on the way out.
    pub replaced: u64,
    /// Surrogates that were turned back on the way in.
    pub restored: u64,
    /// Placeholders in the answer that nobody issued, and that were left alone.
    pub unissued: u64,
    /// Milliseconds from the first byte of the request to this entry.
    pub elapsed_ms: u64,
}
