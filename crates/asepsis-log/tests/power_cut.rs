//! Power cuts: a file system on a loop device whose backing file is copied while the log is written, which is what a disk holds
//! when the power goes. What was acknowledged is in the copy.
//!
//! Mounting needs root and a loop device; without them the test says that it is left out.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use asepsis_db::rusqlite::Connection;
use asepsis_log::verify::{VerifyOptions, verify};
use asepsis_vocab::{ExchangeId, Phase};
use support::disk::{Disk, succeeds};
use support::{event, open};

/// Where the child works; absent in a run of the tests by themselves.
const DIR: &str = "ASEPSIS_LOG_POWER_TEST_DIR";
/// Whether the child writes without waiting for the disk, which has to be found.
const CARELESS: &str = "ASEPSIS_LOG_POWER_TEST_CARELESS";

const ROUNDS: usize = 50;

#[test]
fn c23_no_acknowledged_entry_is_lost_in_fifty_power_cuts() {
    let Some(mut disk) = Disk::new(96).map(Power) else { return };
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        acknowledged.extend(disk.cut(20 + round * 37 % 300, false));
        let (kept, sound) = disk.kept();
        let lost = acknowledged.iter().filter(|id| !kept.contains(id)).count();
        assert_eq!(lost, 0, "of {} acknowledged entries in round {round}", acknowledged.len());
        assert!(sound, "round {round}");
    }
    assert!(acknowledged.len() > ROUNDS * 20);
}

#[test]
fn c23_a_writer_that_does_not_wait_for_the_disk_loses_entries_in_the_same_power_cuts() {
    let Some(mut disk) = Disk::new(96).map(Power) else { return };
    let mut lost = 0;
    for round in 0..10 {
        let acknowledged = disk.cut(20 + round * 37 % 300, true);
        let (kept, _) = disk.kept();
        lost += acknowledged.iter().filter(|id| !kept.contains(id)).count();
    }
    assert!(lost > 0, "with synchronous=NORMAL nothing was lost: the harness sees nothing");
}

struct Power(Disk);

impl Power {
    /// Lets a child write, cuts the power when it has acknowledged so many entries, and mounts what the disk held then. Returns
    /// what was acknowledged.
    fn cut(&mut self, entries: usize, careless: bool) -> Vec<ExchangeId> {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child_appends_until_the_power_goes", "--nocapture"]).env(DIR, self.0.mounted());
        if careless {
            command.env(CARELESS, "1");
        }
        let mut child = Ended(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
        let lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
        let mut acknowledged = Vec::new();
        for line in lines.map_while(Result::ok) {
            acknowledged.extend(line.strip_prefix("kept ").and_then(|id| id.parse::<ExchangeId>().ok()));
            if acknowledged.len() >= entries {
                break;
            }
        }
        assert!(acknowledged.len() >= entries, "the child ended by itself after {}", acknowledged.len());
        // It stands still while the disk is copied: what it acknowledged by now was written before.
        assert!(succeeds(Command::new("kill").args(["-STOP", &child.0.id().to_string()])));
        self.0.becomes_what_it_holds(|| drop(child));
        acknowledged
    }

    /// The exchanges of which the log has an entry, and whether it is sound once it was opened.
    fn kept(&self) -> (HashSet<ExchangeId>, bool) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let (log, recovery) = open(&self.0.mounted()).await;
            log.close().await.unwrap();
            let report = verify(&self.0.mounted().join("log"), VerifyOptions::default()).await.unwrap();
            (recovery.unfinished.into_iter().collect(), report.is_sound())
        })
    }
}

/// A child that is killed when it is not needed any more.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn acknowledge(exchange: ExchangeId) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nkept {exchange}").unwrap();
    out.flush().unwrap();
}

/// The part of the tests above that the power goes from; by itself it has nothing to do.
#[test]
fn child_appends_until_the_power_goes() {
    let Some(dir) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if std::env::var_os(CARELESS).is_some() {
        let size = runtime.block_on(async {
            let (log, recovery) = open(&dir).await;
            log.close().await.unwrap();
            recovery.size
        });
        return careless(&dir, size);
    }
    runtime.block_on(async {
        let (log, _) = open(&dir).await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let log = log.clone();
            tasks.spawn(async move {
                loop {
                    let exchange = ExchangeId::now();
                    log.append(&event(exchange, Phase::Intent)).await.unwrap();
                    acknowledge(exchange);
                }
            });
        }
        tasks.join_all().await;
    });
}

/// Writes entries as the log does, but with a setting with which SQLite does not sync at a commit.
fn careless(dir: &Path, size: u64) {
    let db = Connection::open(dir.join("log/entries.db")).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.pragma_update(None, "synchronous", "NORMAL").unwrap();
    for index in size.. {
        let exchange = ExchangeId::now();
        let bytes = serde_json::to_vec(&event(exchange, Phase::Intent)).unwrap();
        let id = [exchange.as_bytes().as_slice(), &[0]].concat();
        db.execute("INSERT INTO entries (idx, event_id, bytes) VALUES (?, ?, ?)", (index as i64, id, bytes)).unwrap();
        acknowledge(exchange);
    }
}
