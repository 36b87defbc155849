//! What a decision rests on, resolved at its moment: what is unknown, lapsed or without evidence by then is absent.

use std::collections::BTreeSet;

use asepsis_vocab::{DisclosureForm, IdentifierClass, Label, PurposeOfUse};
use serde::{Deserialize, Deserializer, Serialize};
use time::{OffsetDateTime, UtcOffset};

use crate::agreement::{Agreement, AgreementKind, AgreementState};
use crate::facts::Facts;
use crate::grants::Grants;
use crate::pack::{Settings, Unlabelled, Unscreened};
use crate::register::Register;
use crate::vendor::Status;

/// Everything that policies are told. It is what the log keeps of a decision, so that the same can be decided again, and what
/// the cases that prove a pack's rules are made of. It holds codes, counts and states; no identifier of a patient or user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Inputs {
    /// The moment, in milliseconds since 1970 UTC. The log's entry has its own, so that this stays the same where a decision
    /// is remembered.
    #[serde(skip_serializing_if = "zero")]
    pub now: i64,
    /// The role of the user.
    pub role: String,
    /// The AI system.
    pub system: String,
    /// Its vendor.
    pub vendor: String,
    /// What for.
    pub purpose: PurposeOfUse,
    /// Whether the role may use the system at all.
    #[serde(skip_serializing_if = "no")]
    pub role_granted: bool,
    /// Whether the role may use the system for this purpose.
    #[serde(skip_serializing_if = "no")]
    pub purpose_granted: bool,
    /// Whether the role may be given back what surrogates stand for.
    #[serde(skip_serializing_if = "no")]
    pub may_restore: bool,
    /// Whether the role looks after Asepsis itself.
    #[serde(skip_serializing_if = "no")]
    pub may_administer: bool,
    /// The classes of identifiers that were found.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub classes: BTreeSet<IdentifierClass>,
    /// What makes the text sensitive; absent where nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeSet<Label>>,
    /// How many individuals it speaks of, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub individuals: Option<u32>,
    /// How likely it carries instructions of somebody else, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub injection: Option<u8>,
    /// Whether passwords, keys or tokens are in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<bool>,
    /// Where a patient reads the answer: whether a person reads it first, or the wording that is required goes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<bool>,
    /// Whether the detectors claim to find every identifier.
    #[serde(skip_serializing_if = "no")]
    pub full_assurance: bool,
    /// Whether the organisation accepts the first layer for the label "deidentified".
    #[serde(skip_serializing_if = "no")]
    pub first_layer_accepted: bool,
    /// Business associate agreement.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "contract")]
    pub baa: Option<Contract>,
    /// Data use agreement.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "contract")]
    pub dua: Option<Contract>,
    /// Qualified service organisation agreement.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "contract")]
    pub qsoa: Option<Contract>,
    /// How far the assessment of the vendor has got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_status: Option<Status>,
    /// How far the assessment of the system has got.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_status: Option<Status>,
    /// Whether the system or its vendor was switched off.
    #[serde(skip_serializing_if = "no")]
    pub stopped: bool,
    /// How long the vendor keeps data, in days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// Whether the vendor trains on data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trains_on_data: Option<bool>,
    /// Where the vendor keeps and processes data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions: Option<BTreeSet<String>>,
    /// Whether patients read what the system writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient_facing: Option<bool>,
    /// From which zones the system may be used; empty means from all.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub zones: BTreeSet<String>,
    /// Whether the user's training is current.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<bool>,
    /// Whether the user agreed to the present usage policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation: Option<bool>,
    /// Whether the organisation looks after the user's device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_device: Option<bool>,
    /// The zone that the request comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What the patient has authorised: labels, and purposes such as `HMARKT`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub authorizations: BTreeSet<String>,
    /// Whether an emergency was declared, with its reason, and its time is not over.
    #[serde(skip_serializing_if = "no")]
    pub break_glass: bool,
    /// Where the organisation lets health information be kept; empty means that it has not limited it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub allowed_regions: BTreeSet<String>,
    /// The forms that the route takes, for the log.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<DisclosureForm>,
}

/// An agreement as policies see it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// A short stable name.
    pub id: String,
    /// How far it has got.
    pub state: AgreementState,
    /// The first moment that it is in force, in milliseconds since 1970 UTC.
    pub effective: i64,
    /// The first moment that it is no longer in force.
    pub expires: i64,
}

impl Inputs {
    /// Resolves what is known of an exchange at its moment.
    pub(crate) fn of(register: &Register, facts: &Facts<'_>, settings: &Settings, offset: UtcOffset) -> Self {
        let (system, now, least) = (facts.system, facts.now, settings.least_grade);
        let role = register.role(facts.role);
        let vendor = register.vendor(&system.vendor);
        let standing = register.standing(facts.user, facts.role);
        let grants = register.grants(system);
        // Who runs a model on machines of its own, by its own people, has no business associate (45 CFR 160.103) and no service
        // organisation (42 CFR 2.12(c)(3)) that a contract could be made with.
        let nobody_else = system.facts.supports(NO_OUTSIDE_PARTY, now, offset, crate::Grade::D);
        let contract = |kind| match kind {
            AgreementKind::Baa | AgreementKind::Qsoa if nobody_else => Some(Contract::with_nobody()),
            _ => register.agreement(system, kind, now, offset).map(|a| Contract::of(a, offset)),
        };
        let content = &facts.content;
        Self {
            now: millis(now),
            role: facts.role.to_owned(),
            system: system.id.clone(),
            vendor: system.vendor.clone(),
            purpose: facts.purpose,
            role_granted: grants.any(facts.role),
            purpose_granted: grants.covers(facts.role, facts.purpose),
            // A role that the register does not know may see nothing.
            may_restore: role.is_some_and(|r| r.restore),
            may_administer: role.is_some_and(|r| r.administer),
            classes: facts.classes.clone(),
            labels: content.labels.clone(),
            individuals: content.individuals,
            injection: content.injection,
            credentials: content.credentials,
            reviewed: content.reviewed,
            full_assurance: facts.full_assurance,
            first_layer_accepted: facts.first_layer_accepted,
            baa: contract(AgreementKind::Baa),
            dua: contract(AgreementKind::Dua),
            qsoa: contract(AgreementKind::Qsoa),
            vendor_status: vendor.and_then(|v| register.vendor_status(v, now, offset, least)),
            system_status: register.system_status(system, now, offset, least),
            stopped: register.is_stopped(system),
            retention_days: system.retention_days.at(now, offset, least).copied(),
            trains_on_data: system.trains_on_data.at(now, offset, least).copied(),
            regions: system.regions.at(now, offset, least).cloned(),
            patient_facing: system.patient_facing.at(now, offset, crate::Grade::D).copied(),
            zones: system.zones.clone(),
            // What the organisation states of its own people and devices needs no vendor's document.
            training: standing.training.at(now, offset, crate::Grade::D).copied(),
            attestation: standing.attestation.at(now, offset, crate::Grade::D).copied(),
            managed_device: facts.whereabouts.managed_device.or(standing.managed_device.at(
                now,
                offset,
                crate::Grade::D,
            )),
            zone: facts.whereabouts.zone.or(standing.zone.at(now, offset, crate::Grade::D)),
            authorizations: content.authorizations.clone(),
            break_glass: content.break_glass.as_ref().is_some_and(|glass| now < glass.until),
            allowed_regions: BTreeSet::new(),
            asks: Vec::new(),
        }
    }

    /// The same with what the pack's settings say of what is not known of a text. The log keeps what was known.
    #[must_use]
    pub fn under(mut self, settings: &Settings) -> Self {
        if settings.unlabelled == Unlabelled::Ordinary {
            self.labels.get_or_insert_default();
        }
        if settings.unscreened == Unscreened::Accept {
            self.injection.get_or_insert(0);
            self.credentials.get_or_insert(false);
        }
        if self.allowed_regions.is_empty() {
            self.allowed_regions.clone_from(&settings.regions);
        }
        self
    }

    /// A request in which every fact is good: what the cases of packs change.
    pub fn good() -> Self {
        let some = |text: &str| Some(text.to_owned());
        Self {
            now: GOOD_NOW,
            role: "clinician".to_owned(),
            system: "system".to_owned(),
            vendor: "vendor".to_owned(),
            purpose: PurposeOfUse::Treat,
            role_granted: true,
            purpose_granted: true,
            may_restore: true,
            may_administer: false,
            classes: BTreeSet::from([IdentifierClass::Name]),
            labels: Some(BTreeSet::new()),
            individuals: Some(1),
            injection: Some(0),
            credentials: Some(false),
            reviewed: None,
            full_assurance: true,
            first_layer_accepted: false,
            baa: Contract::named("in_force"),
            dua: Contract::named("in_force"),
            qsoa: None,
            vendor_status: Some(Status::Approved),
            system_status: Some(Status::Approved),
            stopped: false,
            retention_days: Some(30),
            trains_on_data: Some(false),
            regions: Some(BTreeSet::from(["us".to_owned()])),
            patient_facing: Some(false),
            zones: BTreeSet::new(),
            training: Some(true),
            attestation: Some(true),
            managed_device: Some(true),
            zone: some("clinic"),
            authorizations: BTreeSet::new(),
            break_glass: false,
            allowed_regions: BTreeSet::new(),
            asks: Vec::new(),
        }
    }

    /// The grants as far as they concern this request.
    pub(crate) fn grants(&self) -> Grants {
        let purpose = self.purpose_granted.then_some(self.purpose);
        Grants::of_one(&self.system, &self.role, self.role_granted, purpose)
    }
}

/// The moment of the cases of packs: 2026-11-25 12:00 UTC.
pub(crate) const GOOD_NOW: i64 = 1_795_608_000_000;

const DAY: i64 = 86_400_000;

/// The fact that nobody outside the organisation's workforce gets at what a system is given.
pub const NO_OUTSIDE_PARTY: &str = "no_outside_party";

impl Contract {
    /// In place of an agreement that there is nobody to make with.
    fn with_nobody() -> Self {
        let expires = millis(time::macros::datetime!(9998-12-31 0:00 UTC));
        Self { id: NO_OUTSIDE_PARTY.to_owned(), state: AgreementState::Signed, effective: 0, expires }
    }

    fn of(agreement: &Agreement, offset: UtcOffset) -> Self {
        Self {
            id: agreement.id.clone(),
            state: agreement.state,
            effective: millis(agreement.effective(offset)),
            expires: millis(agreement.expires(offset)),
        }
    }

    /// An agreement in one word, at the moment of the cases: `in_force`, `requested`, `terminated`, `not_yet`, `lapsed`.
    fn named(word: &str) -> Option<Self> {
        let (state, from, until) = match word {
            "in_force" => (AgreementState::Signed, -DAY, DAY),
            "requested" => (AgreementState::Requested, -DAY, DAY),
            "terminated" => (AgreementState::Terminated, -DAY, DAY),
            "not_yet" => (AgreementState::Signed, DAY, 2 * DAY),
            "lapsed" => (AgreementState::Signed, -2 * DAY, 0),
            _ => return None,
        };
        Some(Self { id: word.to_owned(), state, effective: GOOD_NOW + from, expires: GOOD_NOW + until })
    }
}

fn contract<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Contract>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "none, in_force, requested, terminated, not_yet, lapsed, or an agreement")]
    enum Either {
        Word(String),
        Whole(Contract),
    }
    match Either::deserialize(deserializer)? {
        Either::Whole(whole) => Ok(Some(whole)),
        Either::Word(word) if word == "none" => Ok(None),
        Either::Word(word) => Contract::named(&word).map(Some).ok_or_else(|| {
            serde::de::Error::custom("an agreement is none, in_force, requested, terminated, not_yet or lapsed")
        }),
    }
}

/// Milliseconds since 1970 UTC, rounded down.
pub(crate) fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).unwrap_or(i64::MAX)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn zero(value: &i64) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn no(value: &bool) -> bool {
    !*value
}
