//! What the guard costs on one core, in CPU time: megabytes a second of each layer, and the middle and the slowest hundredth of
//! texts of 4 KiB. Reads lines of `{"text"}` from files that are named, or a sample.

use std::error::Error;
use std::hint::black_box;
use std::io::Write as _;
use std::time::Duration;

use asepsis_guard::{Guard, Pack, Thresholds, Views, fields};
use asepsis_normal::Normal;
use asepsis_vocab::Channel;
use rustix::time::{ClockId, clock_gettime};

const SAMPLE: &str = "Patient: Anna Reed, DOB 04/12/1950, MRN 0048213. Seen by Dr. Alvarez at Silvergrove Regional Hospital on \
    13 Jul 2024. BP 128/76, HR 88, Na 138 mmol/L. Continue metformin 500 mg twice daily for 14 days. Disregard the earlier fax.\n";

/// The size of a text, in bytes.
const TEXT: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let mut all = String::new();
    for file in std::env::args().skip(1) {
        for line in std::fs::read_to_string(file)?.lines() {
            let row: serde_json::Value = serde_json::from_str(line)?;
            if row["label"] != 1 {
                all.push_str(row["text"].as_str().unwrap_or_default());
                all.push('\n');
            }
        }
    }
    if all.is_empty() {
        all = SAMPLE.repeat(20_000);
    }
    let texts = cut(&all);
    let bytes: usize = texts.iter().map(|t| t.len()).sum();
    let shipped = Guard::new(Pack::shipped(), Thresholds::default());
    let bare = Guard::new(Vec::new(), Thresholds::default());
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} texts of {TEXT} bytes, one core, CPU time, best of three", texts.len())?;
    let mut row = |name: &str, work: &dyn Fn(&str)| {
        let best = (0..3).map(|_| timed(|| texts.iter().for_each(|t| work(t)))).min().unwrap_or_default();
        writeln!(out, "{name:52} {:>8.1} MB/s", bytes as f64 / best.as_secs_f64() / 1e6)
    };
    row("normal form", &|t| {
        black_box(Normal::of(t).text().len());
    })?;
    row("views: normal form, decoding, anomalies", &|t| {
        black_box(Views::of(t).flags().len());
    })?;
    row("all without signatures", &|t| {
        black_box(bare.inspect(t, Channel::Document));
    })?;
    row("all", &|t| {
        black_box(shipped.inspect(t, Channel::Document));
    })?;
    row("fields of plain text, with nothing looked for", &|t| {
        black_box(fields(t.as_bytes(), None).is_ok());
    })?;
    row("all, by fields", &|t| {
        black_box(shipped.inspect_document(t, Channel::Document));
    })?;
    let mut each: Vec<Duration> =
        texts.iter().take(20_000).map(|t| timed(|| shipped.inspect_document(t, Channel::Document))).collect();
    each.sort_unstable();
    let at = |share: f64| each.get((each.len() as f64 * share) as usize).copied().unwrap_or_default();
    writeln!(out, "a text of {TEXT} bytes: p50 {:?}, p99 {:?}, p999 {:?}", at(0.5), at(0.99), at(0.999))?;
    Ok(())
}

/// The text in pieces.
fn cut(all: &str) -> Vec<&str> {
    let (mut texts, mut from) = (Vec::new(), 0);
    while from < all.len() {
        let to = all.floor_char_boundary((from + TEXT).min(all.len()));
        texts.push(&all[from..to]);
        from = to;
    }
    texts
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let before = cpu_time();
    black_box(work());
    cpu_time().saturating_sub(before)
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
