//! What the guard costs, by itself, on one thread: texts on their way in, answers on their way back.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use asepsis_clinical::{Checks, Piece, Tables};
use asepsis_egress::{Canary, Filter, Hosts, Secrets, Shingles, keys_in};
use asepsis_guard::{Guard, Pack, Thresholds, Views, classifier};
use asepsis_vocab::{Channel, Origin};

use crate::material::Carrier;
use crate::println;

/// Sizes of texts, in bytes, and how often each is measured.
const SIZES: [(usize, u64); 3] = [(205, 2000), (4096, 1000), (64 * 1024, 100)];

/// How long a part goes on for a profiler.
const LONG: Duration = Duration::from_secs(10);

/// The pieces in which an answer comes, in bytes.
const FRAGMENT: usize = 24;

pub(crate) fn run() {
    let guard = guard();
    println(&format!(
        "{:34} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "on the way in, microseconds", "0.2 KiB", "p99", "4 KiB", "p99", "64 KiB", "p99"
    ));
    let mut whole = [0.0; SIZES.len()];
    for carrier in Carrier::ALL {
        let channel = if matches!(carrier, Carrier::Note) { Channel::StaffPrompt } else { Channel::ToolResult };
        let figures = row(carrier.name(), |bytes, n| {
            let text = carrier.text(bytes, n);
            timed(|| guard.inspect_document(&text, channel))
        });
        if matches!(carrier, Carrier::Document) {
            whole = figures;
        }
    }
    let document = Carrier::Document;
    println("of it, for a letter in HTML:");
    let views = row("  normal form, decoding, anomalies", |bytes, n| {
        let text = document.text(bytes, n);
        timed(|| Views::of(&text).flags().len())
    });
    let classified = row("  classifier", |bytes, n| {
        let text = document.text(bytes, n);
        timed(|| classifier::score(&text, Channel::ToolResult))
    });
    let keys = row("besides, keys and passwords", |bytes, n| {
        let text = document.text(bytes, n);
        timed(|| keys_in(&text).len())
    });
    for (name, figures) in [("views", views), ("classifier", classified), ("keys", keys)] {
        let shares: Vec<String> = figures.iter().zip(whole).map(|(part, all)| format!("{:.2}", part / all)).collect();
        println(&format!("  {name}, to all of the guard: {}", shares.join(", ")));
    }

    println("");
    println(&format!(
        "{:34} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "on the way back, microseconds", "0.2 KiB", "p99", "4 KiB", "p99", "64 KiB", "p99"
    ));
    let hosts = Arc::new(Hosts::shipped());
    let secrets = Secrets::new(&[Canary::new("a", [7; 10]), Canary::new("b", [9; 10])]);
    let asked = Shingles::of(&Carrier::Note.text(4096, 3));
    row("filter of addresses, in pieces", |bytes, n| {
        let text = Carrier::Note.text(bytes, n);
        timed(|| {
            let mut filter = Filter::new(Arc::clone(&hosts));
            let mut out = String::with_capacity(text.len());
            fragments(&text).for_each(|piece| filter.push(piece, &mut out));
            filter.finish(&mut out);
            out
        })
    });
    row("canaries, in pieces", |bytes, n| {
        let text = Carrier::Note.text(bytes, n);
        timed(|| {
            let mut watcher = secrets.watcher();
            let mut out = String::with_capacity(text.len());
            fragments(&text).for_each(|piece| {
                watcher.push(piece, &mut out);
            });
            watcher.finish(&mut out);
            out
        })
    });
    row("overlap with the instructions", |bytes, n| {
        let text = Carrier::Note.text(bytes, n);
        timed(|| {
            let mut overlap = asked.overlap();
            fragments(&text).for_each(|piece| overlap.push(piece));
            overlap.is_leak()
        })
    });
    let checks = Checks::new(Tables::shipped());
    row("clinical: what was asked, read", |bytes, n| {
        let text = Carrier::Note.text(bytes, n);
        timed(|| checks.context(&[Piece::new(&text, Origin::Staff)]))
    });
    let said = Carrier::Note.text(4096, 1);
    let context = checks.context(&[Piece::new(&said, Origin::Staff)]);
    row("clinical: review of the answer", |bytes, n| {
        let text = Carrier::Note.text(bytes, n);
        timed(|| checks.review(&text, &context).len())
    });
    println("");
}

/// The guard over letters of 4 KiB, again and again: for a profiler.
pub(crate) fn repeat() {
    let guard = guard();
    let texts: Vec<String> = (0..64).map(|n| Carrier::Document.text(4096, n)).collect();
    let (began, mut read) = (Instant::now(), 0_u64);
    while began.elapsed() < LONG {
        for text in &texts {
            black_box(guard.inspect_document(black_box(text), Channel::ToolResult));
            read += text.len() as u64;
        }
    }
    println(&format!("{read} bytes in {:.1} s", began.elapsed().as_secs_f64()));
}

fn guard() -> Guard {
    Guard::new(Pack::shipped(), Thresholds::default())
}

/// A text in the pieces in which an answer comes.
pub(crate) fn fragments(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(FRAGMENT.min(rest.len())));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Prints what a text of each size takes in the middle and at the 99th percentile; gives the former.
fn row(name: &str, once: impl Fn(usize, u64) -> f64) -> [f64; SIZES.len()] {
    let mut middles = [0.0; SIZES.len()];
    let mut line = format!("{name:34}");
    for ((bytes, times), middle) in SIZES.into_iter().zip(&mut middles) {
        let mut taken: Vec<f64> = (0..times).map(|n| once(bytes, n)).collect();
        taken.sort_by(f64::total_cmp);
        *middle = taken[taken.len() / 2];
        line += &format!(" {:>10.1} {:>10.1}", *middle, taken[taken.len() * 99 / 100]);
    }
    println(&line);
    middles
}

/// How long it takes, in microseconds.
fn timed<T>(call: impl FnOnce() -> T) -> f64 {
    let began = Instant::now();
    black_box(call());
    began.elapsed().as_secs_f64() * 1e6
}
