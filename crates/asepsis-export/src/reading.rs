//! What an entry means, in the words that the formats share.

use asepsis_vocab::{ActKind, AuditEvent, ClassCount, DisclosureForm, Phase};

/// How it ended, as far as formats tell endings apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// As it should, or not ended yet.
    Good,
    /// Refused, or broken off by the one who asked: nobody's fault.
    Minor,
    /// Something failed.
    Serious,
    /// Asepsis itself is out of service.
    Major,
}

impl Ending {
    /// The indicator of RFC 3881 and DICOM PS3.15, which FHIR took over: 0, 4, 8 or 12.
    pub(crate) fn indicator(self) -> &'static str {
        match self {
            Self::Good => "0",
            Self::Minor => "4",
            Self::Serious => "8",
            Self::Major => "12",
        }
    }
}

/// What was done to data or keys, in the letters of RFC 3881.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Create,
    Read,
    Update,
    Delete,
    Execute,
}

impl Deed {
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::Create => "C",
            Self::Read => "R",
            Self::Update => "U",
            Self::Delete => "D",
            Self::Execute => "E",
        }
    }
}

/// `intent`, `outcome`, or the kind of act: `shred`, `reveal`, ...
pub(crate) fn name(event: &AuditEvent) -> &'static str {
    match (event.phase, &event.act) {
        (Phase::Act, Some(act)) => act_name(act.kind),
        (phase, _) => crate::record::phase(phase),
    }
}

fn act_name(kind: ActKind) -> &'static str {
    match kind {
        ActKind::Shred => "shred",
        ActKind::Reveal => "reveal",
        ActKind::Rotate => "rotate",
        ActKind::DestroyEpoch => "destroy_epoch",
        ActKind::Prune => "prune",
        ActKind::Degraded => "degraded",
        ActKind::Recovered => "recovered",
        ActKind::BackupCreated => "backup_created",
        ActKind::BackupVerified => "backup_verified",
        ActKind::BackupFault => "backup_fault",
        ActKind::PolicyApplied => "policy_applied",
        ActKind::PolicyRolledBack => "policy_rolled_back",
        ActKind::PolicyRefused => "policy_refused",
        ActKind::RegisterChanged => "register_changed",
        ActKind::RegisterRefused => "register_refused",
        ActKind::ExpiryNoticed => "expiry_noticed",
        ActKind::SignedIn => "signed_in",
        ActKind::SignInRefused => "sign_in_refused",
        ActKind::AccessAlert => "access_alert",
        ActKind::TrainingPassed => "training_passed",
        ActKind::TrainingFailed => "training_failed",
        ActKind::RulesAccepted => "rules_accepted",
        ActKind::EmergencyDeclared => "emergency_declared",
        ActKind::EmergencyReviewed => "emergency_reviewed",
        ActKind::ReviewOverdue => "review_overdue",
        ActKind::ConcernReported => "concern_reported",
        ActKind::ConcernAnswered => "concern_answered",
        ActKind::GuardCleared => "guard_cleared",
        ActKind::ReleaseApproved => "release_approved",
        ActKind::ReleaseRefused => "release_refused",
        ActKind::ReleaseLapsed => "release_lapsed",
    }
}

/// How it ended.
pub(crate) fn ending(event: &AuditEvent) -> Ending {
    if let Some(act) = &event.act {
        return match act.kind {
            ActKind::Degraded => Ending::Major,
            ActKind::BackupFault | ActKind::PolicyRefused | ActKind::RegisterRefused | ActKind::AccessAlert => {
                Ending::Serious
            }
            ActKind::ReviewOverdue => Ending::Serious,
            ActKind::ExpiryNoticed | ActKind::SignInRefused | ActKind::TrainingFailed => Ending::Minor,
            _ => Ending::Good,
        };
    }
    match event.outcome.as_ref().map(|outcome| outcome.status.as_str()) {
        None | Some("completed") => Ending::Good,
        Some("upstream_error" | "internal" | "interrupted") => Ending::Serious,
        // Refused, blocked, invalid, broken off by the client, and what a later version may add.
        Some(_) => Ending::Minor,
    }
}

/// The status in one word: that of the outcome, else `intended` or `done`.
pub(crate) fn status(event: &AuditEvent) -> &str {
    match (&event.outcome, event.phase) {
        (Some(outcome), _) => &outcome.status,
        (None, Phase::Act) => "done",
        (None, _) => "intended",
    }
}

/// What was done.
pub(crate) fn deed(event: &AuditEvent) -> Deed {
    match event.act.as_ref().map(|act| act.kind) {
        Some(ActKind::Shred | ActKind::DestroyEpoch | ActKind::Prune) => Deed::Delete,
        Some(ActKind::Reveal | ActKind::BackupVerified | ActKind::BackupFault) => Deed::Read,
        Some(ActKind::Rotate | ActKind::PolicyApplied | ActKind::PolicyRolledBack | ActKind::PolicyRefused) => {
            Deed::Update
        }
        Some(ActKind::RegisterChanged | ActKind::RegisterRefused) => Deed::Update,
        Some(ActKind::BackupCreated) => Deed::Create,
        Some(ActKind::Degraded | ActKind::Recovered | ActKind::ExpiryNoticed) => Deed::Execute,
        Some(ActKind::SignedIn | ActKind::SignInRefused | ActKind::AccessAlert) => Deed::Execute,
        Some(ActKind::TrainingPassed | ActKind::TrainingFailed | ActKind::RulesAccepted) => Deed::Execute,
        Some(ActKind::EmergencyDeclared | ActKind::EmergencyReviewed | ActKind::ReviewOverdue) => Deed::Execute,
        Some(ActKind::ConcernReported | ActKind::ConcernAnswered | ActKind::GuardCleared) => Deed::Execute,
        Some(ActKind::ReleaseApproved | ActKind::ReleaseRefused | ActKind::ReleaseLapsed) => Deed::Execute,
        None if answered(event) => Deed::Create,
        None => Deed::Read,
    }
}

/// Whether the form that was decided is protected health information: a limited data set is (45 CFR 164.514(e)), and so is
/// what is pseudonymised.
fn holds_phi(event: &AuditEvent) -> bool {
    use DisclosureForm::{Identified, Limited, Pseudonymised};
    event.recipient.is_some()
        && event.decision.as_ref().is_some_and(|decision| matches!(decision.form, Identified | Limited | Pseudonymised))
}

/// Whether protected health information is about to leave.
pub(crate) fn discloses(event: &AuditEvent) -> bool {
    event.phase == Phase::Intent && holds_phi(event)
}

/// Whether an answer of the AI system came in.
pub(crate) fn answered(event: &AuditEvent) -> bool {
    event.phase == Phase::Outcome && event.traffic.is_some_and(|traffic| traffic.answer_bytes > 0)
}

/// Whether an answer came in to a request that held protected health information: then it may hold such as well.
pub(crate) fn receives(event: &AuditEvent) -> bool {
    answered(event) && holds_phi(event)
}

/// Counts of identifiers as `NAME 3/2`: three places, two different ones.
pub(crate) fn counts(found: &[ClassCount]) -> Vec<String> {
    found.iter().map(|count| format!("{} {}/{}", count.class.label(), count.places, count.distinct)).collect()
}

/// What else there is to say of an entry, as names and values; those that are absent are left out.
pub(crate) fn details(event: &AuditEvent) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |name: &str, values: Vec<String>| {
        if values.iter().any(|value| !value.is_empty()) {
            all.push((name.to_owned(), values));
        }
    };
    add("interface", vec![event.interface.clone()]);
    add("purpose", vec![event.purpose.code().to_owned()]);
    if let Some(decision) = &event.decision {
        add("form", vec![decision.form.name().to_owned()]);
        add("reason", vec![decision.reason.clone()]);
        add("rules", decision.rules.clone());
    }
    if let Some(recipient) = &event.recipient {
        add("vendor", vec![recipient.vendor.clone()]);
        add("agreement", recipient.agreement.iter().cloned().collect());
    }
    add("found", counts(&event.found));
    add("found_in_answer", counts(&event.found_in_answer));
    if let Some(outcome) = &event.outcome {
        add("status", vec![outcome.status.clone()]);
        add("http", outcome.http.iter().map(ToString::to_string).collect());
        add("upstream_http", outcome.upstream_http.iter().map(ToString::to_string).collect());
    }
    if let Some(traffic) = &event.traffic {
        for (name, value) in [
            ("request_bytes", traffic.request_bytes),
            ("sent_bytes", traffic.sent_bytes),
            ("answer_bytes", traffic.answer_bytes),
            ("replaced", traffic.replaced),
            ("restored", traffic.restored),
            ("unissued", traffic.unissued),
            ("elapsed_ms", traffic.elapsed_ms),
        ] {
            add(name, vec![value.to_string()]);
        }
    }
    if let Some(release) = &event.release {
        add("release", vec![release.id.clone(), release.effect.clone()]);
    }
    if let Some(act) = &event.act {
        add("basis", act.basis.iter().cloned().collect());
        add("figures", act.figures.iter().map(|(name, value)| format!("{name} {value}")).collect());
    }
    if let Some(payload) = &event.payload {
        add("payload_key", vec![payload.key.clone()]);
        add("payload_bytes", vec![payload.bytes.to_string()]);
        add("payload_sha256", vec![payload.sha256.clone()]);
    }
    add("versions", event.versions.iter().map(|(name, version)| format!("{name} {version}")).collect());
    all
}
