//! What the log costs: durable appends a second at 1, 16 and 128 writers, beside a bare file with `fdatasync` of the same bytes in
//! the same run; the tree and the signatures alone; and, where a number of entries is given, verification of so many.
//!
//! `cargo run --release -p asepsis-log --example append_bench -- [DIRECTORY] [SECONDS] [ENTRIES]`; for one core put `taskset -c 0`
//! in front.
#![allow(clippy::print_stdout)]

#[allow(dead_code, unreachable_pub)]
#[path = "../src/layout.rs"]
mod layout;
#[allow(dead_code, unreachable_pub)]
#[path = "../src/tree.rs"]
mod tree;

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use asepsis_log::verify::{VerifyOptions, verify};
use asepsis_log::{Log, LogKey, LogOptions, WitnessKey};
use asepsis_vocab::{AuditEvent, ExchangeId, Phase};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let parent = args.next().unwrap_or_else(|| ".".to_owned());
    let time = Duration::from_secs(args.next().map_or(Ok(3), |text| text.parse())?);
    let dir = Path::new(&parent).join(format!("append-bench-{}", std::process::id()));
    let entries = args.next().map_or(Ok(0), |text| text.parse())?;
    alone()?;
    println!("{:>24} {:>8} {:>10} {:>10} {:>10}", "", "writers", "a second", "p50 ms", "p99 ms");
    for writers in [1, 16, 128] {
        bare(&dir.join("bare"), writers, time)?;
        let log_dir = dir.join(format!("log-{writers}"));
        let key = LogKey::generate("bench.example/log")?;
        let (log, _) = Log::open(&log_dir, key, LogOptions::new("bench.example/log")).await?;
        if std::env::var_os("WITHOUT_ROOM").is_none() {
            log.make_room().await?;
        }
        let mut tasks = tokio::task::JoinSet::new();
        let begin = Instant::now();
        for _ in 0..writers {
            let log = log.clone();
            tasks.spawn(async move {
                let mut took = Vec::new();
                while begin.elapsed() < time {
                    let event = event()?;
                    let asked = Instant::now();
                    log.append(&event).await?;
                    took.push(asked.elapsed());
                }
                Ok::<_, Error>(took)
            });
        }
        let mut took = Vec::new();
        while let Some(done) = tasks.join_next().await {
            took.extend(done??);
        }
        report("log", writers, begin.elapsed(), took);
        let stats = log.stats();
        println!("{:>24} {} entries in {} commits", "", stats.appended, stats.commits);
        log.close().await?;
        let begin = Instant::now();
        let checked = verify(&log_dir, VerifyOptions::default()).await?;
        let rate = checked.entries as f64 / begin.elapsed().as_secs_f64();
        println!("{:>24} verified {} entries, {rate:.0} a second, sound: {}", "", checked.entries, checked.is_sound());
    }
    if entries > 0 {
        verification(&dir.join("verified"), entries).await?;
    }
    std::fs::remove_dir_all(dir)?;
    Ok(())
}

/// The tree over entries in memory, and a checkpoint signed in both ways and cosigned.
fn alone() -> Result<(), Error> {
    const ENTRIES: u32 = 500_000;
    let bytes = serde_json::to_vec(&event()?)?;
    let mut tree = tree::Tree::default();
    let begin = Instant::now();
    for _ in 0..ENTRIES {
        tree.push(tlog_tiles::record_hash(&bytes), drop);
    }
    let root = tree.root();
    let rate = f64::from(ENTRIES) / begin.elapsed().as_secs_f64();
    println!("{:>24} {rate:.0} entries of {} bytes a second", "tree alone", bytes.len());
    let witness = WitnessKey::generate("bench.example/witness")?;
    let checkpoint = format!("bench.example/log\n{ENTRIES}\n{root}\n\n\u{2014} bench.example/log AAAAAAAA\n");
    let begin = Instant::now();
    for time in 1..=1_000 {
        witness.cosign(&checkpoint, time).ok_or("no cosignature")?;
    }
    println!("{:>24} {:.3} ms for Ed25519 and ML-DSA-44", "signatures alone", begin.elapsed().as_secs_f64());
    Ok(())
}

/// A log of so many entries, and how long it takes to hash and compare all of it.
async fn verification(dir: &Path, entries: u64) -> Result<(), Error> {
    let key = LogKey::generate("bench.example/log")?;
    let (log, _) = Log::open(dir, key, LogOptions::new("bench.example/log")).await?;
    let writers = 512;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let log = log.clone();
        tasks.spawn(async move {
            for _ in 0..entries / writers + u64::from(writer < entries % writers) {
                log.append(&event()?).await?;
            }
            Ok::<_, Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    log.close().await?;
    let before = resident("VmRSS");
    for _ in 0..3 {
        let begin = Instant::now();
        let checked = verify(dir, VerifyOptions::default()).await?;
        let (took, sound) = (begin.elapsed().as_secs_f64(), checked.is_sound());
        println!("{:>24} {} entries in {took:.2} s, sound: {sound}", "verified", checked.entries);
    }
    println!("{:>24} {before} before, at most {} at any time", "memory", resident("VmHWM"));
    Ok(())
}

/// What the system says of this process's memory; empty where it does not.
fn resident(what: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    line.map_or_else(String::new, |value| value.trim().to_owned())
}

/// The floor: one thread that writes what `writers` wait for and syncs it, again and again.
fn bare(dir: &Path, writers: usize, time: Duration) -> Result<(), Error> {
    std::fs::create_dir_all(dir)?;
    let mut file = File::create(dir.join("file"))?;
    let batch = serde_json::to_vec(&event()?)?.repeat(writers);
    let begin = Instant::now();
    let mut took = Vec::new();
    while begin.elapsed() < time {
        let asked = Instant::now();
        file.write_all(&batch)?;
        file.sync_data()?;
        took.extend(std::iter::repeat_n(asked.elapsed(), writers));
    }
    report("bare fdatasync", writers, begin.elapsed(), took);
    Ok(())
}

fn report(what: &str, writers: usize, time: Duration, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |part: usize| took.get(took.len() * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    let rate = took.len() as f64 / time.as_secs_f64();
    println!("{what:>24} {writers:>8} {rate:>10.0} {:>10.3} {:>10.3}", at(50), at(99));
}

fn event() -> Result<AuditEvent, serde_json::Error> {
    serde_json::from_value(serde_json::json!({
        "v": 1,
        "exchange": ExchangeId::now(),
        "phase": Phase::Outcome,
        "time": "2024-11-22T08:30:00.000Z",
        "interface": "openai.chat",
        "actor": { "user": "dr.a", "role": "clinician", "method": "api_key", "credential": "k1234567" },
        "purpose": "TREAT",
        "recipient": { "system": "gpt", "vendor": "vendor", "agreement": "baa-2026" },
        "found": [{ "class": "NAME", "places": 3, "distinct": 2 }, { "class": "MRN", "places": 1, "distinct": 1 }],
        "decision": { "form": "pseudonymised", "rules": ["baa-in-force"], "reason": "baa-in-force" },
        "outcome": { "status": "completed", "http": 200, "upstream_http": 200 },
    }))
}
