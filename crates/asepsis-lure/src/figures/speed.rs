//! What it costs, as CPU time of one thread.

use asepsis_guard::classifier::score;
use asepsis_guard::{Guard, Views};
use asepsis_vocab::Channel;
use rustix::time::{ClockId, clock_gettime};

use crate::text::Sample;

/// The size that the issue names.
const TEXT: usize = 4096;
const ROUNDS: usize = 2_000;

#[allow(clippy::cast_precision_loss, reason = "seconds")]
fn seconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Prints the time of 4 KiB, and the time of all texts beside the peers'.
#[allow(clippy::cast_precision_loss, reason = "counts of texts")]
pub(super) fn show(guard: &Guard, texts: &[Sample], names: &[&str], peers: &[f64]) {
    let long: String =
        texts.iter().filter(|s| s.source == "PubMedQA").map(|s| s.text.as_str()).collect::<Vec<_>>().join("\n");
    let cut = |at: usize| {
        let from = long.ceil_char_boundary(at % long.len().saturating_sub(TEXT).max(1));
        &long[from..long.ceil_char_boundary((from + TEXT).min(long.len()))]
    };
    println!("\nCPU time of one thread, texts of 4 KiB ({ROUNDS} of them)");
    type Work<'a> = (&'a str, Box<dyn Fn(&str) + 'a>);
    let works: [Work<'_>; 3] = [
        (
            "classifier",
            Box::new(|text| {
                let _ = std::hint::black_box(score(text, Channel::Document));
            }),
        ),
        (
            "classifier and views",
            Box::new(|text| {
                for view in Views::of(text).all() {
                    std::hint::black_box(score(view.text(), Channel::Document));
                }
            }),
        ),
        ("all of the guard", Box::new(|text| drop(std::hint::black_box(guard.inspect(text, Channel::Document))))),
    ];
    for (name, work) in works {
        let mut times: Vec<f64> = (0..ROUNDS)
            .map(|round| {
                let text = cut(round * 7919);
                let began = seconds();
                work(text);
                (seconds() - began) * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("  {name:<44} p50 {:.3} ms, p99 {:.3} ms", times[ROUNDS / 2], times[ROUNDS * 99 / 100]);
    }
    if peers.is_empty() {
        return;
    }
    let began = seconds();
    for sample in texts {
        std::hint::black_box(guard.inspect_document(&sample.text, Channel::Document));
    }
    let ours = seconds() - began;
    println!("CPU time over all {} texts: {ours:.1} s", texts.len());
    for (name, theirs) in names.iter().zip(peers) {
        println!("  {name:<44} {theirs:.1} s, {:.1} times ours", theirs / ours);
    }
}
