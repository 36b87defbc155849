//! What detection costs: CPU time of the thread, so that what else runs on the machine does not count; memory; bytes in the binary.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use asepsis_phi::{Engine, Profile};
use rustix::time::{ClockId, clock_gettime};

use super::sample::Corpora;
use super::table::{at_least, at_most, heading};

/// What is compiled into the library.
const BUILT_IN: &str = "crates/asepsis-phi/data";

/// A prompt's size, in bytes.
const PROMPT: usize = 4096;

/// How much CPU time this thread has used so far.
pub(crate) fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// The memory that an engine takes, in bytes of resident memory: from the system, where it says so.
pub(crate) struct Memory {
    built: Option<usize>,
    used: Option<usize>,
}

impl Memory {
    /// Builds an engine and lets it look at a text in each language; the process should have done nothing else yet.
    pub(crate) fn of_an_engine() -> Self {
        let before = resident();
        let engine = Engine::builder().profile(Profile::Balanced).build();
        let more = |now: Option<usize>| Some(now?.saturating_sub(before?));
        let built = more(resident());
        if let Ok(engine) = &engine {
            let english = "Anna Reed was seen by Dr. Alvarez at the clinic in Everfield on 13 Jul 2024 with a cough. ";
            let spanish = "Paciente de 45 años que acude a la consulta de la Dra. Pérez en el hospital de Toledo. ";
            for text in [english, spanish] {
                engine.inspect_text(&text.repeat(PROMPT / text.len()));
            }
        }
        Self { built, used: more(resident()) }
    }
}

fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<usize>().ok()? * 1024)
}

/// Speed, memory and size.
pub(crate) fn show(corpora: &Corpora, engine: &Engine, memory: &Memory) -> anyhow::Result<()> {
    let texts: Vec<&str> =
        corpora.notes().iter().flat_map(|s| s.texts.iter().step_by(2)).map(|t| t.text.as_str()).collect();
    let bytes: usize = texts.iter().map(|t| t.len()).sum();
    heading(
        &format!(
            "Cost: CPU time of one thread on {} notes ({:.1} MB), every second of each generator",
            texts.len(),
            mega(bytes)
        ),
        "cargo xtask eval --quick",
    );
    println!(
        "  aim: 2 MB/s, stretch 10; rules alone 20 MB/s; 4 KB in 3 ms p99, stretch 1 ms; 40 MB of memory, stretch 15"
    );
    let rules = Engine::rules_only();
    for (name, engine, aim) in [("balanced", engine, [2.0, 10.0]), ("rules alone", &rules, [20.0, f64::INFINITY])] {
        let rate = (0..3).map(|_| rate(engine, &texts)).fold(0.0, f64::max);
        println!("    {name:30} {rate:>8.2} MB a CPU second, best of three passes {}", at_least(rate, aim));
    }
    let mut took: Vec<Duration> = prompts(&texts).iter().map(|prompt| timed(|| engine.inspect_text(prompt))).collect();
    took.sort_unstable();
    let percentile = |p: usize| took.get(took.len() * p / 100).map_or(0.0, |d| d.as_secs_f64() * 1e3);
    println!(
        "    {:30} p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms, of {} {}",
        format!("a prompt of {PROMPT} bytes"),
        percentile(50),
        percentile(99),
        took.last().map_or(0.0, |d| d.as_secs_f64() * 1e3),
        took.len(),
        at_most(percentile(99), [3.0, 1.0])
    );
    let said = |bytes: Option<usize>| bytes.map_or("not known here".to_owned(), |b| format!("{:.1} MB", mega(b)));
    let judged = memory.used.map_or("", |bytes| at_most(mega(bytes), [40.0, 15.0]));
    println!(
        "    {:30} {} once built, {} once used {judged}",
        "resident memory of an engine",
        said(memory.built),
        said(memory.used)
    );
    println!("    {:30} {:.2} MB ({BUILT_IN})", "weights and lists, built in", mega(built_in()?));
    Ok(())
}

/// Megabytes a second of CPU time.
fn rate(engine: &Engine, texts: &[&str]) -> f64 {
    let bytes = texts.iter().map(|t| t.len()).sum();
    let took = timed(|| texts.iter().map(|text| engine.inspect_text(text).len()).sum::<usize>());
    mega(bytes) / took.as_secs_f64()
}

fn timed<T>(what: impl FnOnce() -> T) -> Duration {
    let before = cpu_time();
    std::hint::black_box(what());
    cpu_time().saturating_sub(before)
}

/// The texts one after the other, in pieces of a prompt's size.
fn prompts(texts: &[&str]) -> Vec<String> {
    let mut out = Vec::new();
    let mut prompt = String::with_capacity(2 * PROMPT);
    for text in texts {
        prompt.push_str(text);
        prompt.push('\n');
        while prompt.len() >= PROMPT {
            let end = (0..=PROMPT).rev().find(|&i| prompt.is_char_boundary(i)).unwrap_or(0);
            let rest = prompt.split_off(end);
            out.push(std::mem::replace(&mut prompt, rest));
        }
    }
    out.truncate(2_000);
    out
}

/// The bytes of the files that are compiled in.
fn built_in() -> anyhow::Result<usize> {
    let mut sum = 0;
    for entry in Path::new(BUILT_IN).read_dir().context(BUILT_IN)? {
        let entry = entry?;
        let name = entry.file_name();
        let ending = Path::new(&name).extension().and_then(|e| e.to_str());
        if matches!(ending, Some("bin" | "crf" | "txt" | "tsv")) {
            sum += usize::try_from(entry.metadata()?.len())?;
        }
    }
    Ok(sum)
}

/// Millions of bytes.
#[allow(clippy::cast_precision_loss, reason = "sizes")]
pub(crate) fn mega(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
