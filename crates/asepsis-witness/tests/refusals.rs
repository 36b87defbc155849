//! A witness over real sockets: what it cosigns, what it refuses and with which number, and what it remembers.
#![allow(clippy::unwrap_used)]

#[path = "../../asepsis-log/tests/support/mod.rs"]
mod support;

use std::path::Path;

use asepsis_log::proof::Consistency;
use asepsis_log::{ParsedCheckpoint, VerifierKey};
use asepsis_witness::{Answer, Limits, Server, Witness, WitnessError};
use support::{copy, fill, key, made, open};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const NAME: &str = "witness.example/w1";

async fn witness(dir: &Path, logs: Vec<VerifierKey>) -> Witness {
    Witness::open(&dir.join("witness"), NAME, logs).await.unwrap()
}

/// A witness that listens, until the test ends.
async fn listening(witness: Witness) -> std::net::SocketAddr {
    let server = Server::bind(witness, Limits::default(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = server.address().unwrap();
    tokio::spawn(server.run(std::future::pending()));
    address
}

/// Status, content type and body of an answer.
async fn ask(address: std::net::SocketAddr, method: &str, path: &str, body: &str) -> (u16, String, String) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    // A refusal of the length may come before all of the body went.
    stream.write_all(body.as_bytes()).await.ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let kind = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-type: ").map(str::to_owned));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), kind.unwrap_or_default(), body.to_owned())
}

fn since(dir: &Path, old: u64) -> String {
    Consistency::since(&dir.join("log"), old).unwrap().to_text()
}

fn checkpoint(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("log/checkpoint")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_growth_is_cosigned_and_replay_fork_and_rollback_are_refused_with_the_numbers_of_the_specification() {
    let dir = made(300).await;
    let log = dir.path();
    let witness = witness(log, key(log).verifier_keys()).await;
    let keys = witness.verifier_keys();
    let address = listening(witness).await;
    let add = |body: String| async move { ask(address, "POST", "/add-checkpoint", &body).await };

    let first = since(log, 0);
    let (status, _, lines) = add(first.clone()).await;
    assert_eq!(status, 200, "{lines}");
    let cosigned = ParsedCheckpoint::new((checkpoint(log) + &lines).as_bytes()).unwrap();
    assert_eq!(cosigned.signed_by(&keys).unwrap().len(), 2, "Ed25519 and ML-DSA-44");

    // Another writer with the same key, who goes on from the same beginning.
    let fork = tempfile::tempdir().unwrap();
    copy(log, fork.path());
    for dir in [log, fork.path()] {
        let (writer, _) = open(dir).await;
        fill(&writer, 100).await;
        writer.close().await.unwrap();
    }
    // Replay: the old size is not what was cosigned last.
    assert_eq!(add(since(log, 0)).await, (409, "text/x.tlog.size".to_owned(), "300\n".to_owned()));
    let (status, _, _) = add(since(log, 300)).await;
    assert_eq!(status, 200);
    // The same again is no harm: it says that nothing larger was seen until now.
    assert_eq!(add(since(log, 400)).await.0, 200);

    // Fork: another tree of the same size; one that went on from another tree; one with the proof of the true log.
    assert_eq!(add(since(fork.path(), 400)).await.0, 422);
    let (writer, _) = open(fork.path()).await;
    fill(&writer, 50).await;
    writer.close().await.unwrap();
    assert_eq!(add(since(fork.path(), 400)).await.0, 422);
    assert_eq!(add(format!("old 400\n\n{}", checkpoint(fork.path()))).await.0, 422, "without a proof");

    // Rollback: the honest checkpoint of before.
    let old = first.split_once("\n\n").unwrap().1;
    assert_eq!(add(format!("old 300\n\n{old}")).await.0, 409);
    assert_eq!(add(format!("old 400\n\n{old}")).await.0, 400);

    // Not of this log, or not of the form.
    let stranger = made(3).await;
    std::fs::remove_file(stranger.path().join("key")).unwrap();
    assert_eq!(add(since(stranger.path(), 0)).await.0, 403, "another key");
    assert_eq!(add(since(log, 400).replacen("\n400\n", "\n401\n", 1)).await.0, 403, "an edited text");
    assert_eq!(add(since(log, 400).replace(support::ORIGIN, "log.example/unknown")).await.0, 404);
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    for body in [
        String::new(),
        checkpoint(log),
        since(log, 400).replacen("old 400", "old 0400", 1),
        since(log, 400).replacen("old 400", "new 400", 1),
        since(log, 400).replacen("old 400\n", "old 400\nAAAA\n", 1),
        since(log, 400).replacen("old 400\n", &format!("old 400\n{}", hash.repeat(64)), 1),
    ] {
        assert_eq!(add(body.clone()).await.0, 400, "{body}");
    }
    assert_eq!(add(since(log, 400).replacen("old 400\n", &format!("old 400\n{hash}"), 1)).await.0, 422);
    assert_eq!(add("x".repeat(Limits::default().request_bytes + 1)).await.0, 413);
    assert_eq!(ask(address, "GET", "/add-checkpoint", "").await.0, 404);
    assert_eq!(ask(address, "PUT", "/add-checkpoint", "").await.0, 405);

    // After all that, what is remembered is the true log, and monitors can have it.
    let origin = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, support::ORIGIN.as_bytes());
    let path = format!("/{}/checkpoint", data_encoding::HEXLOWER.encode(origin.as_ref()));
    let (status, _, note) = ask(address, "GET", &path, "").await;
    assert_eq!(status, 200);
    assert!(note.starts_with(&checkpoint(log)), "with the log's own signatures");
    assert_eq!(ParsedCheckpoint::new(note.as_bytes()).unwrap().signed_by(&keys).unwrap().len(), 2);
    assert_eq!(ask(address, "GET", "/00/checkpoint", "").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_of_two_histories_at_the_same_time_one_is_cosigned() {
    let dir = made(10).await;
    let witness = witness(dir.path(), key(dir.path()).verifier_keys()).await;
    assert!(matches!(witness.add_checkpoint(&since(dir.path(), 0)).await, Answer::Cosigned(_)));
    let mut forks = Vec::new();
    for at in 0..8 {
        let fork = tempfile::tempdir().unwrap();
        copy(dir.path(), fork.path());
        let (writer, _) = open(fork.path()).await;
        fill(&writer, 1 + at).await;
        writer.close().await.unwrap();
        forks.push(since(fork.path(), 10));
    }
    let mut asking = tokio::task::JoinSet::new();
    for body in forks {
        let witness = witness.clone();
        asking.spawn(async move { witness.add_checkpoint(&body).await });
    }
    let answers = asking.join_all().await;
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Answer::Cosigned(_))).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Cosigned(_) | Answer::Conflict(11..=18))));
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_witness_remembers_across_restarts_and_does_not_start_without_its_memory() {
    let dir = made(10).await;
    let logs = key(dir.path()).verifier_keys();
    let first = witness(dir.path(), logs.clone()).await;
    let keys = first.verifier_keys();
    assert!(matches!(first.add_checkpoint(&since(dir.path(), 0)).await, Answer::Cosigned(_)));
    drop(first);
    let again = witness(dir.path(), logs.clone()).await;
    assert_eq!(again.verifier_keys(), keys);
    assert_eq!(again.add_checkpoint(&since(dir.path(), 0)).await, Answer::Conflict(10));
    drop(again);

    let path = dir.path().join("witness");
    let other = Witness::open(&path, "witness.example/w2", logs.clone()).await;
    assert!(matches!(other, Err(WitnessError::OtherName { .. })));
    assert!(matches!(Witness::open(&path, NAME, Vec::new()).await, Err(WitnessError::NoLogs)));
    std::fs::remove_file(path.join("witness.db")).unwrap();
    assert!(matches!(Witness::open(&path, NAME, logs).await, Err(WitnessError::Forgotten { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_the_time_of_a_cosignature_never_goes_back() {
    let dir = made(10).await;
    let witness = witness(dir.path(), key(dir.path()).verifier_keys()).await;
    assert!(matches!(witness.add_checkpoint_at(&since(dir.path(), 0), 2_000).await, Answer::Cosigned(_)));
    assert!(matches!(witness.add_checkpoint_at(&since(dir.path(), 10), 1_999).await, Answer::Unable(_)));
    assert!(matches!(witness.add_checkpoint_at(&since(dir.path(), 10), 2_000).await, Answer::Cosigned(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_what_cannot_be_remembered_is_not_cosigned() {
    let dir = made(10).await;
    let witness = witness(dir.path(), key(dir.path()).verifier_keys()).await;
    let db = asepsis_db::rusqlite::Connection::open(dir.path().join("witness/witness.db")).unwrap();
    db.execute_batch("CREATE TRIGGER full BEFORE INSERT ON heads BEGIN SELECT RAISE(FAIL, 'disk full'); END").unwrap();
    let answer = witness.add_checkpoint(&since(dir.path(), 0)).await;
    assert!(matches!(answer, Answer::Unable(_)), "{answer:?}");
    db.execute_batch("DROP TRIGGER full").unwrap();
    assert!(matches!(witness.add_checkpoint(&since(dir.path(), 0)).await, Answer::Cosigned(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_an_empty_log_has_the_root_of_nothing() {
    let dir = made(0).await;
    let witness = witness(dir.path(), key(dir.path()).verifier_keys()).await;
    assert!(matches!(witness.add_checkpoint(&since(dir.path(), 0)).await, Answer::Cosigned(_)));
    assert!(matches!(witness.add_checkpoint(&since(dir.path(), 0)).await, Answer::Cosigned(_)));
}
