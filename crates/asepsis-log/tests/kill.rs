//! A process that is killed in the middle of appending has lost nothing that it was told is kept.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use asepsis_log::verify::{VerifyOptions, verify};
use asepsis_vocab::{ExchangeId, Phase};
use support::{event, open};

/// Where the child works; absent in a run of the tests by themselves.
const DIR: &str = "ASEPSIS_LOG_KILL_TEST_DIR";

#[test]
fn c23_a_killed_process_has_lost_no_acknowledged_intent() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<ExchangeId> = Vec::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for round in 1..=5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_appends_until_it_is_killed", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut killed = false;
        // What is still in the pipe after the end was acknowledged as well; the last line may be cut off.
        for line in lines.map_while(Result::ok) {
            acknowledged.extend(line.strip_prefix("kept ").and_then(|id| id.parse::<ExchangeId>().ok()));
            if !killed && acknowledged.len() >= 300 * round {
                child.kill().unwrap();
                killed = true;
            }
        }
        assert!(killed);
        child.wait().unwrap();

        let report = runtime.block_on(verify(&dir.path().join("log"), VerifyOptions::default())).unwrap();
        assert!(report.is_sound(), "{report:?}");
        let recovery = runtime.block_on(async {
            let (log, recovery) = open(dir.path()).await;
            log.close().await.unwrap();
            recovery
        });
        let there: HashSet<_> = recovery.unfinished.iter().copied().collect();
        assert!(acknowledged.iter().all(|id| there.contains(id)), "round {round}");
        assert_eq!(recovery.size, there.len() as u64);
    }
}

/// The part of the test above that is killed; by itself it has nothing to do.
#[test]
fn child_appends_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (log, _) = open(dir.as_ref()).await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let log = log.clone();
            tasks.spawn(async move {
                loop {
                    let exchange = ExchangeId::now();
                    log.append(&event(exchange, Phase::Intent)).await.unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "\nkept {exchange}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
        tasks.join_all().await;
    });
}
