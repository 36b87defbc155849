//! A power cut, as a file system sees it: what the disk held in a moment is all that is left.
//!
//! The practice's folder lies on ext4 on a loop device, whose bytes are a file in memory. In a round the gateway is stopped
//! while many clients wait for answers, that file is copied, and the copy is mounted: what the file system or SQLite had not
//! yet handed to the device is not in it. Every exchange that a client had the answer to must be in the log of the copy, whole;
//! whatever the vendor had received must have its intent there; and a conversation that goes on gets the surrogates that the
//! vendor knows.
//!
//! On the same small disks: one that is full, and one whose file system fails and lets nothing be written any more.
//!
//! Mounting needs root and a loop device; without them the tests say that they are left out. `cargo xtask power-cut` runs more
//! rounds than all tests together do.
#![cfg(target_os = "linux")]

#[allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "shared with the tests of the log")]
#[path = "../../asepsis-log/tests/support/disk.rs"]
mod disk;
mod support;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use disk::{Disk, succeeds};
use serde_json::{Value, json};
use support::{Running, Setup, Site, asepsis, request, run, serve, user, wait_until};

/// Clients that wait for answers at the same time.
const CLIENTS: u64 = 12;

/// Rounds with one and the same practice; then a new one begins, so that logs stay short.
const ROUNDS_EACH: usize = 10;

#[test]
fn c23_no_acknowledged_record_is_lost_in_a_power_cut() {
    let rounds = std::env::var("ASEPSIS_POWER_CUTS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS_EACH);
    let mut kept = 0;
    for _ in 0..usize::div_ceil(rounds, ROUNDS_EACH) {
        let Some(practice) = Practice::start(None) else { return };
        for round in 0..ROUNDS_EACH.min(rounds) {
            let cut = practice.cut(round);
            assert!(
                cut.lost.is_empty(),
                "round {round}: {} of {} were lost: {:?}",
                cut.lost.len(),
                cut.acknowledged,
                cut.lost
            );
            kept += cut.acknowledged;
        }
    }
    assert!(kept > rounds * 20, "only {kept} exchanges were acknowledged");
}

/// The same without the sync of each commit: if nothing were lost then, the test above would prove nothing.
#[test]
fn c23_without_a_sync_the_same_power_cuts_lose_records() {
    let Some(practice) = Practice::start(Some(("ASEPSIS_TEST_WITHOUT_SYNC", "1"))) else { return };
    let lost = (0..ROUNDS_EACH).any(|round| !practice.cut(round).lost.is_empty());
    assert!(lost, "nothing was lost in {ROUNDS_EACH} power cuts without a sync");
}

#[test]
fn r10_on_a_full_disk_nothing_leaves_and_nothing_is_lost() {
    let noted = gives_up(|disk| {
        let mut filler = std::fs::File::create(disk.mounted().join("filler")).expect("a file");
        // Ends where nothing is left.
        std::io::copy(&mut std::io::repeat(0), &mut filler).expect_err("the disk is small");
        true
    });
    assert_ne!(noted, Some(false), "a full disk leaves room to remember it");
}

#[test]
fn r10_on_a_file_system_that_became_read_only_nothing_leaves_and_nothing_is_lost() {
    assert_ne!(gives_up(Disk::fails), Some(true), "nothing can be written there");
}

/// What a disk does to its practice that gives up while clients work: `how`, which says whether it could.
/// Whether the gateway could remember it; `None` where this machine has no such disk.
fn gives_up(how: impl FnOnce(&Disk) -> bool) -> Option<bool> {
    let practice = Practice::start(None)?;
    let stop = AtomicBool::new(false);
    let could = std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| practice.work(&stop));
        }
        wait_until("exchanges are answered", || practice.answered().len() >= 50);
        let could = how(&practice.disk);
        if could {
            wait_until("requests are refused", || {
                let reply = practice.site.chat(&conversation(0));
                reply.status == 500 && reply.json()["error"]["code"] == "log_stopped"
            });
        }
        stop.store(true, Ordering::Relaxed);
        could
    });
    if !could {
        return None;
    }
    let received = practice.site.seen().len();
    for _ in 0..5 {
        let reply = practice.site.chat(&conversation(0));
        assert_eq!((reply.status, reply.json()["error"]["code"].as_str()), (500, Some("log_stopped")));
    }
    assert_eq!(practice.site.seen().len(), received, "something left though nothing could be recorded");
    wait_until("the mode is told", || practice.site.gateway().said().contains("DEGRADED"));
    // On a disk that takes no byte at all the mode cannot be remembered either, and is said to be so.
    let noted = !practice.site.gateway().said().contains("noted=false");
    let Practice { mut site, disk, acknowledged, .. } = practice;
    site.kill();
    std::fs::remove_file(disk.mounted().join("filler")).ok();
    disk.mount_anew();
    let left = Left { folder: site.folder().to_owned() };
    let lost = left.missing(&acknowledged.into_inner().expect("no client panicked"));
    assert!(lost.is_empty(), "lost: {lost:?}");
    let intents = left.entries().iter().filter(|e| e["phase"] == "intent").count();
    assert!(received <= intents, "the vendor had received {received} requests, and {intents} have their intent");
    let acts: Vec<_> = left.entries().iter().filter_map(|e| e["act"]["kind"].as_str().map(str::to_owned)).collect();
    assert_eq!(acts.contains(&"recovered".to_owned()), noted, "{acts:?}");
    Some(noted)
}

/// A practice on such a disk, with clients that never rest.
struct Practice {
    // Dropped before the disk that it is on.
    site: Site,
    disk: Disk,
    next: AtomicU64,
    /// Requests that the vendor got from gateways over copies.
    of_copies: AtomicUsize,
    /// The number of each conversation that was answered, and its exchange.
    acknowledged: Mutex<HashMap<u64, String>>,
}

/// What a power cut left.
struct Cut {
    acknowledged: usize,
    lost: Vec<String>,
}

impl Practice {
    fn start(setting: Option<(&str, &str)>) -> Option<Self> {
        let disk = Disk::new(192)?;
        let mut setup = Setup::new().within(&disk.mounted());
        if let Some((name, value)) = setting {
            setup = setup.env(name, value);
        }
        let site = setup.start();
        // Who writes a configuration has it on the disk by the time of a power cut; all else is the gateway's to sync.
        let config = std::fs::File::open(site.config()).expect("the configuration");
        config.sync_all().expect("sync the configuration");
        Some(Self {
            site,
            disk,
            next: AtomicU64::new(0),
            of_copies: AtomicUsize::new(0),
            acknowledged: Mutex::default(),
        })
    }

    /// Lets the clients work for a while, and cuts the power. The practice itself goes on afterwards.
    fn cut(&self, round: usize) -> Cut {
        let stop = AtomicBool::new(false);
        let before = self.answered().len();
        let (copy, answered, received) = std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| self.work(&stop));
            }
            // Another moment each round.
            wait_until("exchanges are answered", || self.answered().len() >= before + 25 + round * 7 % 40);
            let answered = self.answered().clone();
            let gateway = self.site.gateway().id().to_string();
            assert!(succeeds(Command::new("kill").args(["-STOP", &gateway])));
            let copy = self.disk.copy();
            let received = self.site.seen().len() - self.of_copies.load(Ordering::Relaxed);
            assert!(succeeds(Command::new("kill").args(["-CONT", &gateway])));
            stop.store(true, Ordering::Relaxed);
            (copy, answered, received)
        });
        let lost = Left { folder: copy.mounted().join(self.site.folder().file_name().expect("a name")) };
        let mut lost_exchanges = lost.missing(&answered);
        let intents = lost.entries().iter().filter(|e| e["phase"] == "intent").count();
        if received > intents {
            lost_exchanges
                .push(format!("the vendor had received {received} requests, and {intents} have their intent"));
        }
        if lost_exchanges.is_empty() {
            self.goes_on(&lost, &answered);
        }
        Cut { acknowledged: answered.len() - before, lost: lost_exchanges }
    }

    fn answered(&self) -> std::sync::MutexGuard<'_, HashMap<u64, String>> {
        self.acknowledged.lock().expect("no client panicked")
    }

    /// The life of a client: conversations, each with identifiers of its own.
    fn work(&self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let n = self.next.fetch_add(1, Ordering::Relaxed);
            let reply = self.site.chat(&conversation(n));
            if reply.status == 200 && reply.whole {
                self.answered().insert(n, reply.exchange().to_owned());
            }
        }
    }

    /// Over what is left a gateway starts, and conversations that were answered go on with the same surrogates.
    fn goes_on(&self, left: &Left, answered: &HashMap<u64, String>) {
        let gateway = serve(&left.folder, &[]);
        let newest = answered.keys().max().copied().unwrap_or_default();
        for n in answered.keys().copied().filter(|n| n + 20 > newest).take(3) {
            let headers = [("x-api-key", self.site.clinician()), ("content-type", "application/json")];
            let body = conversation(n).to_string();
            let reply = request(gateway.address, "POST", "/v1/chat/completions", &headers, body.as_bytes());
            assert_eq!(reply.status, 200, "{}", reply.text());
            self.of_copies.fetch_add(1, Ordering::Relaxed);
            let mark = format!("Visit {n}.");
            let texts: HashSet<String> =
                self.site.seen().into_iter().map(|s| s.body).filter(|b| b.contains(&mark)).collect();
            assert_eq!(texts.len(), 1, "conversation {n} has other surrogates than the vendor knows");
        }
        end(gateway);
    }
}

fn end(gateway: Running) {
    assert_eq!(gateway.stop(), Some(0));
}

fn conversation(n: u64) -> Value {
    let text = format!(
        "Patient: Martha Collins{n}, MRN {:08}, phone (401) 555-0131. Visit {n}. No chest pain.",
        40_000_000 + n
    );
    json!({"model": "standin-echo", "messages": [user(&text)]})
}

/// What a power cut left of a practice's folder.
struct Left {
    folder: PathBuf,
}

impl Left {
    fn run(&self, arguments: &[&str]) -> support::Ran {
        let mut command = asepsis();
        command.args(arguments).env("ASEPSIS_CONFIG", self.folder.join("asepsis.toml")).current_dir(&self.folder);
        run(&mut command, b"")
    }

    fn entries(&self) -> Vec<Value> {
        let ran = self.run(&["audit", "search", "--json", "--last", "1000000"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
    }

    /// Exchanges that were answered and of which the log has not both entries.
    fn missing(&self, answered: &HashMap<u64, String>) -> Vec<String> {
        // The first start brings tiles and checkpoint up to the entries, as after a real cut.
        end(serve(&self.folder, &[]));
        let verified = self.run(&["audit", "verify"]);
        let entries = self.entries();
        let of = |phase: &str| -> HashSet<&str> {
            entries.iter().filter(|e| e["phase"] == phase).filter_map(|e| e["exchange"].as_str()).collect()
        };
        // An interrupted exchange gets an end at the start; one that was answered had its own.
        let interrupted: HashSet<&str> = entries
            .iter()
            .filter(|e| e["outcome"]["status"] == "interrupted")
            .filter_map(|e| e["exchange"].as_str())
            .collect();
        let (intents, outcomes) = (of("intent"), of("outcome"));
        let mut missing: Vec<String> = answered
            .values()
            .filter(|id| {
                !intents.contains(id.as_str()) || !outcomes.contains(id.as_str()) || interrupted.contains(id.as_str())
            })
            .cloned()
            .collect();
        if verified.code != 0 {
            missing.push(verified.stdout);
        }
        missing
    }
}
