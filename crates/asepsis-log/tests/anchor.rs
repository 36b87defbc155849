//! What only witnesses can show: a rollback, a rewrite and a truncation by who holds the log's key; and how old that is.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use asepsis_log::proof::{Consistency, ProofError, TlogProof};
use asepsis_log::verify::{Place, Report, VerifyOptions, verify};
use asepsis_log::{LogError, ParsedCheckpoint, Policy, WitnessKey, cosigned};
use support::{copy, fill, key, made, open, sql};

const NOW: u64 = 1_800_000_000;

struct Witnesses(Vec<WitnessKey>);

impl Witnesses {
    fn new(count: usize) -> Self {
        Self((0..count).map(|at| WitnessKey::generate(&format!("witness.example/w{at}")).unwrap()).collect())
    }

    /// Two of them have to cosign, each in both ways.
    fn policy(&self, dir: &Path) -> Policy {
        let mut text: String = key(dir).verifier_keys().iter().map(|key| format!("log {key}\n")).collect();
        let mut groups = String::new();
        for (at, witness) in self.0.iter().enumerate() {
            for (half, key) in witness.verifier_keys().iter().enumerate() {
                text += &format!("witness w{at}-{half} {key}\n");
            }
            text += &format!("group w{at} all w{at}-0 w{at}-1\n");
            groups += &format!(" w{at}");
        }
        Policy::parse(&format!("{text}group most 2{groups}\nquorum most\n")).unwrap()
    }

    /// The first so many cosign what the log has signed.
    fn cosign(&self, dir: &Path, count: usize, time: u64) {
        let checkpoint = checkpoint(dir);
        let lines: String = self.0[..count].iter().map(|w| w.cosign(&checkpoint, time).unwrap()).collect();
        cosigned::keep(&dir.join("log"), &format!("{checkpoint}{lines}")).unwrap();
    }
}

fn checkpoint(dir: &Path) -> String {
    fs::read_to_string(dir.join("log/checkpoint")).unwrap()
}

async fn check(dir: &Path, policy: Policy, max_age: Option<u64>) -> Report {
    let max_age = max_age.map(Duration::from_secs);
    let options = VerifyOptions { policy: Some(policy), max_age, now: Some(NOW), ..VerifyOptions::default() };
    verify(&dir.join("log"), options).await.unwrap()
}

fn named(report: &Report, field: &'static str) -> bool {
    report.findings.iter().any(|fault| fault.place == Place::Field("checkpoint.cosigned".into(), field))
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_quorum_of_witnesses_anchors_the_log_and_too_few_do_not() {
    let dir = made(300).await;
    let witnesses = Witnesses::new(3);
    let policy = witnesses.policy(dir.path());
    let report = check(dir.path(), policy.clone(), None).await;
    assert_eq!(report.findings[0].place, Place::File("checkpoint.cosigned".into()), "{report:?}");

    witnesses.cosign(dir.path(), 1, NOW - 60);
    let report = check(dir.path(), policy.clone(), None).await;
    assert!(named(&report, "cosignature") && !report.is_anchored(), "{report:?}");

    witnesses.cosign(dir.path(), 2, NOW - 60);
    let report = check(dir.path(), policy.clone(), Some(60)).await;
    assert!(report.is_sound() && report.is_anchored(), "{report:?}");
    let anchor = report.anchor.as_ref().unwrap();
    assert_eq!((report.age(), anchor.size, anchor.standing.cosigned.len()), (Some(60), 300, 4));

    // The log goes on, and what was cosigned is its beginning.
    let (log, _) = open(dir.path()).await;
    fill(&log, 500).await;
    log.close().await.unwrap();
    assert!(check(dir.path(), policy, None).await.is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_freshness_is_told_apart_from_integrity() {
    let dir = made(30).await;
    let witnesses = Witnesses::new(2);
    let policy = witnesses.policy(dir.path());
    witnesses.cosign(dir.path(), 2, NOW - 3_601);
    assert!(check(dir.path(), policy.clone(), None).await.is_sound(), "old, and whole");
    let report = check(dir.path(), policy.clone(), Some(3_600)).await;
    assert!(named(&report, "time") && report.findings.len() == 1, "{report:?}");
    assert!(report.findings[0].what.contains("3601 s old"), "{}", report.findings[0]);

    witnesses.cosign(dir.path(), 2, NOW + 3_600);
    let report = check(dir.path(), policy, None).await;
    assert!(named(&report, "time"), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_who_holds_the_key_cannot_rewrite_or_shorten_what_was_cosigned() {
    let dir = made(30).await;
    let witnesses = Witnesses::new(2);
    let policy = witnesses.policy(dir.path());
    witnesses.cosign(dir.path(), 2, NOW);
    let start_over = |dir: &Path| {
        fs::remove_dir_all(dir.join("log/tile")).unwrap();
        fs::remove_file(dir.join("log/checkpoint")).unwrap();
    };
    let rewritten = tempfile::tempdir().unwrap();
    copy(dir.path(), rewritten.path());
    let rewrite = "UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), 'dr.a', 'dr.b') AS BLOB) WHERE idx = 3";
    sql(rewritten.path(), rewrite).await;
    start_over(rewritten.path());
    open(rewritten.path()).await.0.close().await.unwrap();
    let report = check(rewritten.path(), policy.clone(), None).await;
    assert!(named(&report, "root") && report.findings.len() == 1, "{report:?}");

    let shortened = tempfile::tempdir().unwrap();
    copy(dir.path(), shortened.path());
    sql(shortened.path(), "DELETE FROM entries WHERE idx >= 20").await;
    start_over(shortened.path());
    open(shortened.path()).await.0.close().await.unwrap();
    let report = check(shortened.path(), policy.clone(), None).await;
    assert!(named(&report, "size") && report.findings.len() == 1, "{report:?}");

    // Without the witnesses' lines it is as if nobody had cosigned, and the policy says that this is not enough.
    fs::write(shortened.path().join("log/checkpoint.cosigned"), checkpoint(shortened.path())).unwrap();
    let report = check(shortened.path(), policy, None).await;
    assert!(named(&report, "cosignature"), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_forged_cosignature_and_a_log_that_the_policy_does_not_know_are_named() {
    let dir = made(30).await;
    let witnesses = Witnesses::new(2);
    let policy = witnesses.policy(dir.path());
    witnesses.cosign(dir.path(), 2, NOW);
    let path = dir.path().join("log/checkpoint.cosigned");
    let honest = fs::read_to_string(&path).unwrap();
    // The log's line as it was, the witnesses' lines from another checkpoint.
    let other = made(20).await;
    witnesses.cosign(other.path(), 2, NOW);
    let lines = fs::read_to_string(other.path().join("log/checkpoint.cosigned")).unwrap();
    let lines: String =
        lines.lines().filter(|line| line.contains("witness.example")).map(|l| format!("{l}\n")).collect();
    fs::write(&path, checkpoint(dir.path()) + &lines).unwrap();
    let report = check(dir.path(), policy.clone(), None).await;
    assert!(named(&report, "cosignature"), "{report:?}");
    fs::write(&path, &honest).unwrap();
    assert!(check(dir.path(), policy.clone(), None).await.is_sound());

    // The other log has the same name and another key.
    let report = check(other.path(), policy.clone(), None).await;
    assert!(report.findings.iter().any(|f| f.place == Place::Field("checkpoint".into(), "signature")), "{report:?}");
    let nobody = Policy::parse(&format!("log {}\nquorum none", made_key("log.example/other"))).unwrap();
    let report = check(dir.path(), nobody, None).await;
    assert!(report.findings.iter().any(|f| f.place == Place::Field("checkpoint".into(), "origin")), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_proof_carries_the_cosignatures_where_they_cover_the_entry_also_when_the_log_went_on() {
    for (then, now) in [(300, 777), (256, 300), (3, 5), (257, 70_000)] {
        let dir = made(then).await;
        let witnesses = Witnesses::new(2);
        let policy = witnesses.policy(dir.path());
        witnesses.cosign(dir.path(), 2, NOW);
        let (log, _) = open(dir.path()).await;
        fill(&log, now - then).await;
        log.checkpoint().await.unwrap();
        let in_log = dir.path().join("log");
        for index in [0, then / 2, then - 1, then, now - 1] {
            let entry = log.read(index..index + 1).await.unwrap().remove(0);
            let proof = TlogProof::of_entry(&in_log, index).unwrap();
            proof.check(&entry.bytes).unwrap();
            let standing = policy.check(&proof.checkpoint).unwrap();
            assert_eq!(standing.quorum, index < then, "{index} of {then}, now {now}");
            let read = TlogProof::parse(&proof.to_text()).unwrap();
            assert_eq!(read, proof);
            let elsewhere = TlogProof { index: index ^ 1, ..read };
            assert!(elsewhere.check(&entry.bytes).is_err(), "the entry is not in another place");
        }
        assert!(matches!(TlogProof::of_entry(&in_log, now), Err(ProofError::NotCovered { .. })));
        assert!(matches!(Consistency::since(&in_log, now + 1), Err(ProofError::Shrank { .. })));
        // The way from the cosigned tree to each later one, as a witness asks for it.
        let cosigned = cosigned::read(&in_log).unwrap();
        let growth = Consistency::since(&in_log, then).unwrap();
        growth.check(&ParsedCheckpoint::new(cosigned.as_bytes()).unwrap().root()).unwrap();
        assert!(growth.check(&[7; 32]).is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_no_proof_comes_out_of_tiles_that_were_changed() {
    let dir = made(700).await;
    let in_log = dir.path().join("log");
    let tile = in_log.join("tile/0/001");
    let mut content = fs::read(&tile).unwrap();
    content[5] ^= 1;
    fs::write(&tile, content).unwrap();
    assert!(matches!(TlogProof::of_entry(&in_log, 300), Err(ProofError::Tiles { size: 700, .. })));
    assert!(matches!(Consistency::since(&in_log, 300), Err(ProofError::Tiles { .. })));
    TlogProof::of_entry(&in_log, 5).unwrap();
}

fn made_key(origin: &str) -> String {
    asepsis_log::LogKey::generate(origin).unwrap().verifier_key()
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_what_is_kept_of_witnesses_never_goes_back() {
    let dir = made(30).await;
    let old = checkpoint(dir.path());
    let (log, _) = open(dir.path()).await;
    fill(&log, 10).await;
    log.close().await.unwrap();
    let log = dir.path().join("log");
    cosigned::keep(&log, &checkpoint(dir.path())).unwrap();
    assert!(matches!(cosigned::keep(&log, &old), Err(LogError::Shrank { signed: 40, stored: 30 })));
    assert!(matches!(cosigned::keep(&log, "nonsense"), Err(LogError::Checkpoint { .. })));
    assert_eq!(cosigned::read(&log).unwrap(), checkpoint(dir.path()));
}
