//! Logs, proofs and growth as other implementations see them: Go's `golang.org/x/mod/sumdb`, `aics-tlog` and `pymerkle` for
//! Python, and `ct-merkle`.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use asepsis_log::proof::{Consistency, TlogProof};
use support::peers::{installed, sources};
use support::{copy, fill, open};

/// Sizes at the edges of tiles, and odd steps between them.
const SIZES: [u64; 12] = [0, 1, 2, 3, 255, 256, 257, 1_000, 7_777, 65_536, 65_537, 70_000];

/// A growing log with a copy at each size, proofs of some entries at each, and of the growth between all of them.
async fn grow(to: &Path) {
    for folder in ["logs", "proofs", "grown"] {
        fs::create_dir_all(to.join(folder)).unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let log_dir = dir.path().join("log");
    let (log, _) = open(dir.path()).await;
    for (at, size) in SIZES.into_iter().enumerate() {
        fill(&log, size - log.size()).await;
        assert_eq!(log.checkpoint().await.unwrap().size, size);
        let here = to.join("logs").join(size.to_string());
        fs::create_dir_all(&here).unwrap();
        fs::copy(log_dir.join("checkpoint"), here.join("checkpoint")).unwrap();
        if size > 0 {
            copy(&log_dir.join("tile"), &here.join("tile"));
        }
        for index in [0, 1, size / 3, size / 2, 255, 256, size.saturating_sub(2), size.saturating_sub(1)] {
            if index < size {
                let proof = TlogProof::of_entry(&log_dir, index).unwrap();
                let entry = log.read(index..index + 1).await.unwrap().remove(0);
                proof.check(&entry.bytes).unwrap();
                let name = to.join("proofs").join(format!("{size}-{index}.tlog-proof"));
                fs::write(&name, proof.to_text()).unwrap();
                fs::write(name.with_extension("entry"), &entry.bytes).unwrap();
            }
        }
        for old in &SIZES[..at] {
            let proof = Consistency::since(&log_dir, *old).unwrap();
            assert_eq!(Consistency::parse(&proof.to_text()).unwrap(), proof);
            fs::write(to.join("grown").join(format!("{old}-{size}")), proof.to_text()).unwrap();
        }
    }
    fs::copy(log_dir.join("log.vkey"), to.join("log.vkey")).unwrap();
    log.close().await.unwrap();
}

fn files(folder: &Path, extension: &str) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().unwrap_or_default() == extension).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_c23_logs_proofs_and_growth_hold_for_verifiers_that_are_not_ours() {
    let Some(peers) = installed() else { return };
    let dir = tempfile::tempdir().unwrap();
    grow(dir.path()).await;
    let expected = SIZES.len() + files(&dir.path().join("proofs"), "tlog-proof") + files(&dir.path().join("grown"), "");
    let mut python = Command::new(peers.join("bin/python"));
    python.arg("-B").arg(sources().join("check.py"));
    for mut peer in [python, Command::new(peers.join("verify"))] {
        let ran = peer.arg(dir.path()).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{peer:?}: {}", String::from_utf8_lossy(&ran.stderr));
        assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), expected, "{peer:?}");
    }

    // And a change is seen by them, so that the above says something.
    let tile = dir.path().join("logs/7777/tile/entries/003");
    let mut content = fs::read(&tile).unwrap();
    content[77] ^= 1;
    fs::write(&tile, content).unwrap();
    let mut python = Command::new(peers.join("bin/python"));
    python.arg("-B").arg(sources().join("check.py"));
    for mut peer in [python, Command::new(peers.join("verify"))] {
        assert!(!peer.arg(dir.path()).output().unwrap().status.success(), "{peer:?} did not see the change");
    }
}
