//! Counting the instructions of detection, which are the same however busy the machine is, and where they go.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::place;
use crate::shell::{Outcome, cargo, succeeds};

/// The lines of the table of functions that are shown.
const SHOWN: usize = 24;

/// Runs the engine over the notes in the repository under callgrind: instructions a byte, and the functions with most of them,
/// each with what it calls.
pub(crate) fn run() -> Outcome {
    if !succeeds(Command::new("valgrind").arg("--version")) {
        return Err("valgrind is not installed (Debian: apt-get install valgrind)".to_owned());
    }
    cargo(["build", "--quiet", "--profile", "profiling", "-p", "asepsis-phi", "--example", "throughput"])?;
    let program = place::target().join("profiling/examples/throughput");
    let out = place::target().join("callgrind.out");
    let text = notes()?;
    let bytes = std::fs::metadata(&text).map_err(|error| error.to_string())?.len();
    let input = std::fs::File::open(&text).map_err(|error| error.to_string())?;
    let mut file = std::ffi::OsString::from("--callgrind-out-file=");
    file.push(&out);
    let ran =
        Command::new("valgrind").args(["--tool=callgrind", "--quiet"]).arg(file).arg(&program).stdin(input).output();
    let ran = ran.map_err(|error| format!("cannot start valgrind: {error}"))?;
    if !ran.status.success() {
        return Err(format!("valgrind failed ({})", ran.status));
    }
    let table = Command::new("callgrind_annotate").arg("--inclusive=yes").arg(&out).stderr(Stdio::null()).output();
    let table = table.map_err(|error| format!("cannot start callgrind_annotate: {error}"))?;
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    let total = table.lines().find(|l| l.contains("PROGRAM TOTALS")).unwrap_or_default();
    let instructions: u64 = total
        .split_whitespace()
        .next()
        .and_then(|n| n.replace(',', "").parse().ok())
        .ok_or("callgrind_annotate printed no total")?;
    println!(
        "{bytes} bytes of data/training/notes-base.jsonl, five times: {instructions} instructions in all, that is"
    );
    println!("{} a byte, with the making of the engine in it", instructions / (5 * bytes).max(1));
    for line in table.lines().filter(|l| l.contains("asepsis_")).take(SHOWN) {
        println!("{line}");
    }
    Ok(())
}

/// Notes of the training texts as one plain text, each ended by three line feeds.
fn notes() -> Result<PathBuf, String> {
    let source = place::root().join("data/training/notes-base.jsonl");
    let lines =
        std::fs::read_to_string(&source).map_err(|error| format!("cannot read {}: {error}", source.display()))?;
    // The text is JSON, and stays so: what is counted is the work on its characters.
    let text: String = lines.lines().take(200).map(|line| format!("{}\n\n\n", line.replace("\\n", "\n"))).collect();
    let path = place::target().join("notes.txt");
    std::fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(path)
}
