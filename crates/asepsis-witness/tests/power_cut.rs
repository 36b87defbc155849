//! A witness whose machine loses its power: what it cosigned it still knows, so it never cosigns another history of it.
//!
//! The disk is a file system on a loop device whose backing file is copied while the witness works. Without root and loop devices
//! the test says that it is left out.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../../asepsis-log/tests/support/mod.rs"]
mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use asepsis_log::proof::Consistency;
use asepsis_witness::{Answer, Witness};
use support::disk::{Disk, succeeds};
use support::{fill, key, open};

/// Where the child has its log and where its witness; absent in a run of the tests by themselves.
const LOG: &str = "ASEPSIS_WITNESS_POWER_TEST_LOG";
const WITNESS: &str = "ASEPSIS_WITNESS_POWER_TEST_DIR";

const ROUNDS: usize = 15;

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

async fn witness(log: &Path, dir: &Path) -> Witness {
    Witness::open(&dir.join("witness"), "witness.example/w", key(log).verifier_keys()).await.unwrap()
}

#[test]
fn c6_a_witness_remembers_every_size_that_it_cosigned_in_power_cuts() {
    let Some(mut disk) = Disk::new(32) else { return };
    let log = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for round in 0..ROUNDS {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child_cosigns_until_the_power_goes", "--nocapture"]);
        command.env(LOG, log.path()).env(WITNESS, disk.mounted());
        let mut child = Ended(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
        let lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map_while(Result::ok);
        let sizes = lines.filter_map(|line| line.strip_prefix("cosigned ")?.parse::<u64>().ok());
        let wanted = 5 + round * 7 % 20;
        let sizes: Vec<u64> = sizes.take(wanted).collect();
        assert_eq!(sizes.len(), wanted, "the child ended by itself");
        let last = *sizes.last().unwrap();
        assert!(succeeds(Command::new("kill").args(["-STOP", &child.0.id().to_string()])));
        disk.becomes_what_it_holds(|| drop(child));

        runtime.block_on(async {
            let witness = witness(log.path(), &disk.mounted()).await;
            let body = Consistency::since(&log.path().join("log"), 0).unwrap().to_text();
            match witness.add_checkpoint(&body).await {
                Answer::Conflict(size) => assert!(size >= last, "round {round}: {last} was cosigned, {size} is known"),
                other => panic!("round {round}: {last} was cosigned, and the witness says {other:?}"),
            }
        });
    }
}

/// The part of the test above that the power goes from; by itself it has nothing to do.
#[test]
fn child_cosigns_until_the_power_goes() {
    let (Some(dir), Some(at)) = (std::env::var_os(LOG), std::env::var_os(WITNESS)) else { return };
    let (dir, at) = (PathBuf::from(dir), PathBuf::from(at));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (log, _) = open(&dir).await;
        let witness = witness(&dir, &at).await;
        let mut old = 0;
        loop {
            fill(&log, 3).await;
            log.checkpoint().await.unwrap();
            let body = |old| Consistency::since(&dir.join("log"), old).unwrap();
            let mut answer = witness.add_checkpoint(&body(old).to_text()).await;
            if let Answer::Conflict(known) = answer {
                old = known;
                answer = witness.add_checkpoint(&body(old).to_text()).await;
            }
            assert!(matches!(answer, Answer::Cosigned(_)), "{answer:?}");
            old = log.size();
            let mut out = std::io::stdout().lock();
            writeln!(out, "\ncosigned {old}").unwrap();
            out.flush().unwrap();
        }
    });
}
