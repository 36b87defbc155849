//! Beside a witness that is not ours, PyPI's `aics-witness`: our log asks it, and its client asks our witness.
#![allow(clippy::unwrap_used)]

#[path = "../../asepsis-log/tests/support/mod.rs"]
mod support;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use asepsis_log::{Policy, cosigned};
use asepsis_witness::{AskError, Cosigning, Limits, Options, Server, Witness};
use support::peers::{installed, sources};
use support::{copy, fill, key, made, open};

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

async fn grow(dir: &Path, entries: u64) {
    let (log, _) = open(dir).await;
    fill(&log, entries).await;
    log.close().await.unwrap();
}

fn succeeds(command: &mut Command) -> String {
    let ran = command.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&ran.stderr));
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_our_log_is_cosigned_by_a_witness_that_is_not_ours_and_a_fork_and_a_rollback_are_told() {
    let Some(peers) = installed() else { return };
    let dir = made(300).await;
    let home = tempfile::tempdir().unwrap();
    let theirs = || {
        let mut command = Command::new(peers.join("bin/python"));
        command.args(["-B", "-m", "aics_witness"]).env("AICS_WITNESS_CONFIG", home.path().join("witness.json"));
        command
    };
    let said = succeeds(theirs().args(["init", "--name", "witness.example/theirs"]));
    let vkey = said.split_whitespace().find(|word| word.starts_with("witness.example/theirs+")).unwrap().to_owned();
    succeeds(theirs().args(["add-log", "--origin", support::ORIGIN, "--vkey", &key(dir.path()).verifier_key()]));
    let mut running =
        Running(theirs().args(["serve", "--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(running.0.stderr.take().unwrap()).lines().map_while(Result::ok);
    let address =
        lines.filter_map(|line| Some(line.split_once("listening on ")?.1.split(' ').next()?.to_owned())).next();
    let address = address.unwrap();

    let policy = format!("log {}\nwitness w {vkey} {address}\nquorum w\n", key(dir.path()).verifier_key());
    let policy = Policy::parse(&policy).unwrap();
    let log = dir.path().join("log");
    let mut cosigning = Cosigning::new(&log, policy.clone(), Options::default()).unwrap();
    let round = cosigning.round().await.unwrap();
    assert_eq!((round.quorum, round.cosigned.len()), (Some(true), 1), "{round:?}");
    let fork = tempfile::tempdir().unwrap();
    let old = tempfile::tempdir().unwrap();
    for to in [&fork, &old] {
        copy(dir.path(), to.path());
    }
    for entries in [1, 255, 700] {
        grow(dir.path(), entries).await;
        let round = cosigning.round().await.unwrap();
        assert_eq!(round.quorum, Some(true), "{round:?}");
        let kept = cosigned::read(&log).unwrap();
        assert!(policy.check(&kept).unwrap().quorum);
    }
    // A client that knows nothing of the witness is told the size.
    let again = Cosigning::new(&log, policy.clone(), Options::default()).unwrap().round().await.unwrap();
    assert_eq!(again.quorum, Some(true), "{again:?}");

    let asked = |dir: &Path| Cosigning::new(&dir.join("log"), policy.clone(), Options::default()).unwrap();
    let round = asked(old.path()).round().await.unwrap();
    assert!(matches!(round.failed[..], [AskError::RolledBack { cosigned: 1256, size: 300, .. }]), "{round:?}");
    grow(fork.path(), 1_000).await;
    let round = asked(fork.path()).round().await.unwrap();
    assert!(matches!(round.failed[..], [AskError::Forked { cosigned: 1256, .. }]), "{round:?}");
    assert!(round.failed[0].is_alarm());
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_client_that_is_not_ours_is_cosigned_and_refused_by_our_witness_as_the_specification_has_it() {
    let Some(peers) = installed() else { return };
    for forked in [400, 500] {
        let (old, grown, fork) = (made(300).await, tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for to in [&grown, &fork] {
            copy(old.path(), to.path());
        }
        grow(grown.path(), 100).await;
        grow(fork.path(), forked - 300).await;
        let logs = key(old.path()).verifier_keys();
        let witness = Witness::open(&old.path().join("witness"), "witness.example/ours", logs).await.unwrap();
        let vkey = witness.verifier_keys()[0].to_string();
        let server = Server::bind(witness, Limits::default(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = format!("http://{}", server.address().unwrap());
        let serving = tokio::spawn(server.run(std::future::pending()));
        let mut client = Command::new(peers.join("bin/python"));
        client.arg("-B").arg(sources().join("feed.py")).args([&address, &vkey]);
        client.args([&old, &grown, &fork].map(|dir| dir.path().join("log")));
        let said = tokio::task::spawn_blocking(move || succeeds(&mut client)).await.unwrap();
        assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 5, "{said}");
        serving.abort();
    }
}
