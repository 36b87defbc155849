//! A log and its witnesses: some there, some away, some that never answer, and none that stands in the log's way.
#![allow(clippy::unwrap_used)]

#[path = "../../asepsis-log/tests/support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use asepsis_log::verify::{VerifyOptions, verify};
use asepsis_log::{ParsedCheckpoint, Policy, cosigned};
use asepsis_witness::{AskError, Cosigning, Limits, Options, Server, Witness};
use support::{fill, key, made, open};

/// A witness that listens at this address, and its lines of a policy.
async fn witness(dir: &Path, name: &str, address: &str) -> (SocketAddr, String, tokio::task::JoinHandle<()>) {
    let logs = key(dir).verifier_keys();
    let witness = Witness::open(&dir.join(name), &format!("witness.example/{name}"), logs).await.unwrap();
    let keys = witness.verifier_keys();
    let server = Server::bind(witness, Limits::default(), address.parse().unwrap()).await.unwrap();
    let address = server.address().unwrap();
    let lines =
        keys.iter().zip(["", "-pq"]).map(|(key, half)| format!("witness {name}{half} {key} http://{address}\n"));
    (address, lines.collect(), tokio::spawn(server.run(std::future::pending())))
}

fn policy(dir: &Path, witnesses: &[String], rest: &str) -> Policy {
    let keys: String = key(dir).verifier_keys().iter().map(|key| format!("log {key}\n")).collect();
    Policy::parse(&format!("{keys}{}{rest}", witnesses.concat())).unwrap()
}

fn options() -> Options {
    Options { timeout: Duration::from_secs(2), every: Duration::from_millis(1), ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_witnesses_that_are_away_or_silent_do_not_keep_the_others_from_cosigning() {
    let dir = made(30).await;
    let log = dir.path().join("log");
    let (_, here, _running) = witness(dir.path(), "here", "127.0.0.1:0").await;
    // One whose address nobody listens at, and one that takes connections and says nothing.
    let (gone, away, ended) = witness(dir.path(), "away", "127.0.0.1:0").await;
    ended.abort();
    ended.await.ok();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_key =
        asepsis_log::WitnessKey::generate("witness.example/silent").unwrap().verifier_keys()[0].to_string();
    let silent_line = format!("witness silent {silent_key} http://{}\n", silent.local_addr().unwrap());
    let rest = "group q any here here-pq away away-pq silent\nquorum q\n";
    let policy = policy(dir.path(), &[here, away, silent_line], rest);

    let mut cosigning = Cosigning::new(&log, policy.clone(), options()).unwrap();
    let round = cosigning.round().await.unwrap();
    assert_eq!((round.quorum, round.cosigned.len(), round.failed.len()), (Some(true), 1, 2), "{round:?}");
    assert!(round.failed.iter().all(|error| matches!(error, AskError::Away { .. }) && !error.is_alarm()));
    let report = verify(&log, VerifyOptions { policy: Some(policy), ..VerifyOptions::default() }).await.unwrap();
    assert!(report.is_sound() && report.is_anchored(), "{report:?}");
    assert_eq!(report.anchor.unwrap().standing.cosigned.len(), 2, "Ed25519 and ML-DSA-44");

    // When it is back, it is asked again, and its lines come to those that are kept.
    let back = witness(dir.path(), "away", &gone.to_string()).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let round = cosigning.round().await.unwrap();
    assert_eq!(round.cosigned, [format!("http://{}", back.0)], "{round:?}");
    let kept = cosigned::read(&log).unwrap();
    let lines = ["here ", "away "].map(|name| kept.matches(&format!("witness.example/{name}")).count());
    assert_eq!(lines, [2, 2], "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_the_log_goes_on_while_a_witness_is_asked_and_a_better_checkpoint_is_not_given_up_for_a_newer_one() {
    let dir = made(30).await;
    let log_dir = dir.path().join("log");
    let (_, first, one) = witness(dir.path(), "one", "127.0.0.1:0").await;
    let (_, second, _two) = witness(dir.path(), "two", "127.0.0.1:0").await;
    let policy = policy(dir.path(), &[first, second], "group q all one one-pq two two-pq\nquorum q\n");
    let mut cosigning = Cosigning::new(&log_dir, policy.clone(), options()).unwrap();
    assert_eq!(cosigning.round().await.unwrap().quorum, Some(true));
    let whole = cosigned::read(&log_dir).unwrap();

    one.abort();
    one.await.ok();
    let (log, _) = open(dir.path()).await;
    let running = tokio::spawn(cosigning.run());
    fill(&log, 2_000).await;
    log.checkpoint().await.unwrap();
    running.abort();
    running.await.ok();
    let round = Cosigning::new(&log_dir, policy.clone(), options()).unwrap().round().await.unwrap();
    assert_eq!(round.quorum, Some(false), "{round:?}");
    assert_eq!(cosigned::read(&log_dir).unwrap(), whole, "what reached the quorum stays");
    log.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_quiet_log_is_cosigned_again_in_time_and_one_that_nobody_asks_about_is_left_alone() {
    let dir = made(3).await;
    let log = dir.path().join("log");
    let (_, lines, _running) = witness(dir.path(), "w", "127.0.0.1:0").await;
    let policy = policy(dir.path(), &[lines], "quorum w-pq\n");
    let mut cosigning = Cosigning::new(&log, policy.clone(), options()).unwrap();
    assert_eq!(cosigning.round().await.unwrap().quorum, Some(true));
    assert_eq!(cosigning.round().await.unwrap().quorum, None, "nothing new");
    let refresh = Options { refresh: Duration::ZERO, ..options() };
    let mut cosigning = Cosigning::new(&log, policy.clone(), refresh).unwrap();
    for _ in 0..2 {
        assert_eq!(cosigning.round().await.unwrap().quorum, Some(true));
    }
    // What somebody else wrote into the file is not carried on, nor does it stand in the way.
    let junk: String = (0..99).map(|at| format!("\u{2014} witness.example/junk-{at} AAAAAAAAAAA=\n")).collect();
    std::fs::write(log.join("checkpoint.cosigned"), cosigned::read(&log).unwrap() + &junk).unwrap();
    assert_eq!(cosigning.round().await.unwrap().quorum, Some(true));
    let kept = cosigned::read(&log).unwrap();
    assert!(!kept.contains("junk"), "{kept}");
    assert_eq!(kept.matches("witness.example/w ").count(), 2, "one line a key: {kept}");
    assert_eq!(ParsedCheckpoint::new(kept.as_bytes()).unwrap().size(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_witness_with_another_key_than_the_policy_says_is_told() {
    let dir = made(3).await;
    let (address, _, _running) = witness(dir.path(), "w", "127.0.0.1:0").await;
    let other = asepsis_log::WitnessKey::generate("witness.example/w").unwrap().verifier_keys()[1].to_string();
    let line = format!("witness w {other} http://{address}\n");
    let policy = policy(dir.path(), &[line], "quorum w\n");
    let round = Cosigning::new(&dir.path().join("log"), policy, options()).unwrap().round().await.unwrap();
    assert!(matches!(round.failed[..], [AskError::OtherKey { .. }]), "{round:?}");
    assert!(cosigned::read(&dir.path().join("log")).is_none());
}
