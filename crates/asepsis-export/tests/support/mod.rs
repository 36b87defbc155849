//! Made-up events of every kind, and the validators that `cargo xtask setup` installs.
#![allow(dead_code, reason = "each test file is a program of its own and uses its own part of this")]

pub(crate) mod receivers;

use std::path::{Path, PathBuf};
use std::process::Command;

use asepsis_export::{Format, Record, Source};
use asepsis_vocab::{
    Act, ActKind, Actor, AuditEvent, ClassCount, DecisionRecord, DisclosureForm, ExchangeId, IdentifierClass, Outcome,
    PayloadRef, Phase, PurposeOfUse, Recipient, SCHEMA_VERSION, SubjectId, Traffic,
};

/// Texts that want out of their field.
pub(crate) const HOSTILE: [&str; 16] = [
    "dr-lind",
    "CLINIC\\anna",
    "a|b|c",
    "x=1 cs1=forged suid=root",
    "line\nCEF:0|Forged|Forged|1|x|y|9|",
    "cr\r\nlf",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "\"quoted\", and, commas",
    "</ActiveParticipant><AuditMessage>&amp;<!--",
    "]]> %00 \u{0}\u{1}\u{1b}[31m",
    "{\"$ref\":\"x\"}",
    "\u{202e}gnp.exe \u{2028} \u{feff}",
    "Ünïcödé 患者 🩺",
    "[sd@1 a=\"b\"] <13>1 -",
];

pub(crate) const KINDS: [ActKind; 31] = [
    ActKind::Shred,
    ActKind::Reveal,
    ActKind::Rotate,
    ActKind::DestroyEpoch,
    ActKind::Prune,
    ActKind::Degraded,
    ActKind::Recovered,
    ActKind::BackupCreated,
    ActKind::BackupVerified,
    ActKind::BackupFault,
    ActKind::PolicyApplied,
    ActKind::PolicyRolledBack,
    ActKind::PolicyRefused,
    ActKind::RegisterChanged,
    ActKind::RegisterRefused,
    ActKind::ExpiryNoticed,
    ActKind::SignedIn,
    ActKind::SignInRefused,
    ActKind::AccessAlert,
    ActKind::TrainingPassed,
    ActKind::TrainingFailed,
    ActKind::RulesAccepted,
    ActKind::EmergencyDeclared,
    ActKind::EmergencyReviewed,
    ActKind::ReviewOverdue,
    ActKind::ConcernReported,
    ActKind::ConcernAnswered,
    ActKind::GuardCleared,
    ActKind::ReleaseApproved,
    ActKind::ReleaseRefused,
    ActKind::ReleaseLapsed,
];

pub(crate) const STATUSES: [&str; 11] = [
    "completed",
    "held",
    "stopped",
    "refused",
    "invalid_request",
    "upstream_error",
    "truncated",
    "client_gone",
    "blocked",
    "internal",
    "interrupted",
];

pub(crate) fn source() -> Source {
    Source::new("asepsis.example.org/node-1")
}

/// An event with all that an exchange can have.
pub(crate) fn event(phase: Phase) -> AuditEvent {
    AuditEvent {
        v: SCHEMA_VERSION,
        exchange: "ex_0190a6f0c0de70008000000000000001".parse().expect("an id"),
        phase,
        time: "2026-11-25T08:30:00.123Z".to_owned(),
        interface: "openai.chat".to_owned(),
        actor: Some(Actor {
            user: "dr-lind".to_owned(),
            role: "clinician".to_owned(),
            method: "api_key".to_owned(),
            credential: Some("k3y1d000".to_owned()),
            device: None,
        }),
        purpose: PurposeOfUse::Treat,
        subject: Some(SubjectId::from_random([7; 16])),
        recipient: Some(Recipient {
            system: "acme-chat".to_owned(),
            vendor: "acme".to_owned(),
            agreement: Some("baa-7".to_owned()),
        }),
        found: vec![ClassCount { class: IdentifierClass::Name, places: 3, distinct: 2 }],
        found_in_answer: Vec::new(),
        decision: Some(DecisionRecord {
            form: DisclosureForm::Pseudonymised,
            rules: vec!["pseudonymised-baa".to_owned()],
            reason: "baa-in-force".to_owned(),
        }),
        facts: None,
        outcome: (phase == Phase::Outcome).then(|| Outcome {
            status: "completed".to_owned(),
            http: Some(200),
            upstream_http: Some(200),
        }),
        traffic: (phase == Phase::Outcome).then_some(Traffic {
            request_bytes: 500,
            sent_bytes: 480,
            answer_bytes: 900,
            replaced: 3,
            restored: 2,
            unissued: 0,
            elapsed_ms: 740,
        }),
        act: None,
        payload: None,
        versions: vec![("asepsis".into(), "0.1.0".into())],
        ..AuditEvent::new(ExchangeId::now(), phase, String::new(), "")
    }
}

pub(crate) fn record(index: u64, event: &AuditEvent) -> Record {
    Record::read(index, serde_json::to_vec(event).expect("an event has a JSON form")).expect("it is an event")
}

/// Events of every phase, form, status, purpose and act, with and without each part, and with texts that are hostile.
pub(crate) fn generated(count: u64) -> Vec<AuditEvent> {
    let mut rng = fastrand::Rng::with_seed(0x00A5_E951);
    (0..count).map(|n| one(&mut rng, n)).collect()
}

pub(crate) fn records(count: u64) -> Vec<Record> {
    generated(count).iter().zip(0..).map(|(event, index)| record(index, event)).collect()
}

fn text(rng: &mut fastrand::Rng) -> String {
    match rng.u8(0..8) {
        0 => HOSTILE.iter().map(|_| HOSTILE[rng.usize(..HOSTILE.len())]).collect::<String>(),
        1..=4 => HOSTILE[rng.usize(..HOSTILE.len())].to_owned(),
        5 => String::new(),
        _ => format!("id-{}", rng.u16(..)),
    }
}

fn maybe<T>(rng: &mut fastrand::Rng, make: impl FnOnce(&mut fastrand::Rng) -> T) -> Option<T> {
    rng.bool().then(|| make(rng))
}

fn counts(rng: &mut fastrand::Rng) -> Vec<ClassCount> {
    let all = IdentifierClass::ALL;
    (0..rng.usize(..5))
        .map(|_| ClassCount { class: all[rng.usize(..all.len())], places: rng.u32(1..100), distinct: rng.u32(1..50) })
        .collect()
}

fn one(rng: &mut fastrand::Rng, n: u64) -> AuditEvent {
    let phase = [Phase::Intent, Phase::Outcome, Phase::Outcome, Phase::Act][rng.usize(..4)];
    let (purposes, ladder) = (PurposeOfUse::STATED, DisclosureForm::LADDER);
    let exchange: ExchangeId = format!("ex_0190a6f0c0de7000{:016x}", 0x8000_0000_0000_0000 | n).parse().expect("an id");
    AuditEvent {
        exchange,
        phase,
        time: format!(
            "2026-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            1 + n % 12,
            1 + n % 28,
            n % 24,
            n % 60,
            n % 60,
            n % 1000
        ),
        interface: if rng.bool() { "openai.chat".to_owned() } else { text(rng) },
        actor: maybe(rng, |rng| Actor {
            user: text(rng),
            role: text(rng),
            method: text(rng),
            credential: maybe(rng, text),
            device: maybe(rng, text),
        }),
        purpose: if rng.u8(..5) == 0 { PurposeOfUse::Unknown } else { purposes[rng.usize(..purposes.len())] },
        subject: maybe(rng, |rng| SubjectId::from_random(rng.u128(..).to_be_bytes())),
        recipient: maybe(rng, |rng| Recipient { system: text(rng), vendor: text(rng), agreement: maybe(rng, text) }),
        found: counts(rng),
        found_in_answer: counts(rng),
        decision: maybe(rng, |rng| DecisionRecord {
            form: ladder[rng.usize(..ladder.len())],
            rules: (0..rng.usize(..6)).map(|_| text(rng)).collect(),
            reason: text(rng),
        }),
        outcome: (phase == Phase::Outcome).then(|| Outcome {
            status: if rng.u8(..10) == 0 { text(rng) } else { STATUSES[rng.usize(..STATUSES.len())].to_owned() },
            http: maybe(rng, |rng| rng.u16(100..600)),
            upstream_http: maybe(rng, |rng| rng.u16(100..600)),
        }),
        traffic: maybe(rng, |rng| Traffic {
            request_bytes: rng.u64(..1 << 40),
            sent_bytes: rng.u64(..1 << 40),
            answer_bytes: if rng.bool() { 0 } else { rng.u64(..1 << 40) },
            replaced: rng.u64(..1000),
            restored: rng.u64(..1000),
            unissued: rng.u64(..10),
            elapsed_ms: rng.u64(..100_000),
        })
        .filter(|_| phase == Phase::Outcome),
        act: (phase == Phase::Act).then(|| Act {
            kind: KINDS[rng.usize(..KINDS.len())],
            target: maybe(rng, text),
            basis: maybe(rng, text),
            figures: (0..rng.usize(..4)).map(|_| (text(rng), rng.u64(..))).collect(),
        }),
        payload: maybe(rng, |rng| PayloadRef { key: text(rng), bytes: rng.u32(..), sha256: "ab".repeat(32) }),
        versions: (0..rng.usize(..4)).map(|_| (text(rng).into(), text(rng).into())).collect(),
        ..event(phase)
    }
}

// === What is installed ===

/// The folder of the validators that `cargo xtask setup` installed, or `None` where they are left out on purpose.
pub(crate) fn validators() -> Option<PathBuf> {
    if receivers::left_out() {
        return None;
    }
    let program = std::env::current_exe().expect("this program has a path");
    let target = program.ancestors().find(|a| a.join("CACHEDIR.TAG").exists()).expect("it is in a target folder");
    let installed = target.join("sdk/audit");
    let pins: String = ["requirements.txt", "package.json", "package-lock.json"]
        .iter()
        .map(|file| read(&sources().join(file)))
        .collect();
    assert!(
        std::fs::read_to_string(installed.with_extension("pins")).unwrap_or_default() == pins,
        "the validators are not installed in {} in the pinned versions; `cargo xtask setup` installs them, `cargo xtask test` \
         does so before all tests, and with ASEPSIS_LEAVE_OUT=audit in the environment they are left out",
        installed.display()
    );
    Some(installed)
}

pub(crate) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sdk/audit")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// What a command said, and whether it ended well.
pub(crate) fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Writes each record in a line of its own.
pub(crate) fn lines(format: Format, records: &[Record]) -> Vec<u8> {
    let mut all = Vec::new();
    for record in records {
        all.extend(format.record(&source(), record));
        all.push(b'\n');
    }
    all
}
