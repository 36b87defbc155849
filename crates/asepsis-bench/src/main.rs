//! Measures the gateway: latency that it adds, CPU time a request, memory, and time to ready.
//!
//! `cargo build --release && cargo run --release -p asepsis-bench` runs every scenario directly against the stand-in
//! vendor, through a do-nothing proxy, and through Asepsis with its data on a file system whose sync is free (so that what
//! it adds beyond the log's sync is seen) and on the disk, in rounds within the same run. Compare rows, not machines: the
//! figures that count are differences and ratios.
//!
//! `--binary PATH` measures another build of `asepsis` than the one beside this program.
//!
//! `guard` measures the guard alone, text by text, and then whole requests of an agent; with `loop` behind it one part goes on for ten seconds,
//! for a profiler.
//!
//! `count` counts the instructions of an exchange under callgrind, where valgrind is installed, and shows where they go.
//!
//! `growth` looks for texts whose time grows faster than they do: four times as long each, step by step. `growth N SEED` looks at N texts that are put
//! together of the others, from a seed.
//!
//! `log` measures durable appends of the log alone: a bare file, SQLite and PostgreSQL side by side.
//!
//! `stages` measures the steps only, one after the other on one thread; `short` only small prompts and answers that are not
//! streamed, with the data where a sync is free; `paced` of these only what comes so many times a second.

mod count;
mod floor;
mod growth;
mod guard;
mod load;
mod log;
mod material;
#[path = "../../../tests/support/postgres.rs"]
mod postgres;
mod process;
mod stages;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use load::{Figures, Scenario};
use process::Process;

/// Rounds of each scenario for each target; the figures are of all rounds together.
const ROUNDS: usize = 3;

/// How long a round lasts.
const ROUND: Duration = Duration::from_secs(2);

fn main() -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("floor") {
        let upstream = std::env::args().nth(2).context("floor needs the address of its upstream")?;
        return floor::run(upstream.parse()?);
    }
    let what = std::env::args().nth(1).unwrap_or_default();
    if what == "log" {
        // Beside this program is a disk, and nothing that anybody keeps.
        let disk = std::env::current_exe()?;
        return log::run(disk.parent().unwrap_or(Path::new(".")));
    }
    if what == "growth" {
        let number = |n| std::env::args().nth(n).map_or(Ok(0), |number| number.parse::<u32>());
        growth::run(number(2)? as usize, number(3)?.into());
        return Ok(());
    }
    if what == "guard" {
        if std::env::args().nth(2).as_deref() == Some("loop") {
            guard::repeat();
            return Ok(());
        }
        guard::run();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        return runtime.block_on(measure(&Scenario::of_agents(), true));
    }
    let all = Scenario::all();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if what == "count" {
        return runtime.block_on(count(&all[0]));
    }
    if what == "paced" {
        return runtime.block_on(measure(&all[2..4], true));
    }
    stages::run(&[(1, all[0].body(1)), (64, all[4].body(1))])?;
    println("");
    if what == "stages" {
        return Ok(());
    }
    let mut scenarios = Vec::from(all);
    if what == "short" {
        scenarios.truncate(4);
    }
    runtime.block_on(measure(&scenarios, what == "short"))
}

/// A way to the vendor that is measured.
struct Target {
    name: &'static str,
    address: std::net::SocketAddr,
    key: String,
    process: Option<Process>,
}

async fn measure(scenarios: &[Scenario], short: bool) -> anyhow::Result<()> {
    let binary = asepsis()?;
    let vendor = Process::standin(&binary)?;
    let floor = Process::floor(vendor.address)?;
    // Beside the binary is a disk, and nothing that anybody keeps.
    let (memory, disk) = (folder(Path::new("/dev/shm"))?, folder(binary.parent().unwrap_or(Path::new(".")))?);
    let free = gateway(&binary, memory.path(), vendor.address)?;
    let synced = gateway(&binary, disk.path(), vendor.address)?;
    println(&format!("start to ready: {:.0} ms (data in memory), {:.0} ms (on disk)", ms(free.2), ms(synced.2)));
    println(&format!("idle memory: {:.1} MiB resident", free.0.resident_mib()?));

    let mut targets = vec![
        Target { name: "direct", address: vendor.address, key: String::new(), process: None },
        Target { name: "do-nothing proxy", address: floor.address, key: String::new(), process: Some(floor) },
        Target { name: "asepsis, sync free", address: free.0.address, key: free.1, process: Some(free.0) },
        Target { name: "asepsis, on disk", address: synced.0.address, key: synced.1, process: Some(synced.0) },
    ];
    if short {
        targets.pop();
    }
    for scenario in scenarios {
        println("");
        println(&format!("== {} ==", scenario.name));
        println(&format!(
            "{:20} {:>9} {:>9} {:>9} {:>11} {:>11} {:>9} {:>9} {:>7}",
            "", "req/s", "p50 ms", "p99 ms", "added p50", "added p99", "CPU us", "switches", "errors"
        ));
        let mut all: Vec<Figures> = targets.iter().map(|_| Figures::default()).collect();
        for _ in 0..ROUNDS {
            for (target, figures) in targets.iter().zip(&mut all) {
                let used = || match &target.process {
                    Some(process) => Ok::<_, anyhow::Error>((process.cpu()?, process.switches()?)),
                    None => Ok((Duration::ZERO, 0)),
                };
                let before = used()?;
                load::round(target.address, &target.key, scenario, ROUND, figures).await?;
                let after = used()?;
                figures.cpu += after.0.saturating_sub(before.0);
                figures.switches += after.1.saturating_sub(before.1);
            }
        }
        let (direct50, direct99) = (all[0].at(0.5), all[0].at(0.99));
        for (target, figures) in targets.iter().zip(&all) {
            println(&format!(
                "{:20} {:>9.0} {:>9.3} {:>9.3} {:>11.3} {:>11.3} {:>9.0} {:>9.1} {:>7}",
                target.name,
                figures.per_second(),
                ms(figures.at(0.5)),
                ms(figures.at(0.99)),
                ms(figures.at(0.5)) - ms(direct50),
                ms(figures.at(0.99)) - ms(direct99),
                figures.cpu_micros(),
                figures.switches_each(),
                figures.errors,
            ));
        }
    }
    for target in &targets[1..] {
        if let Some(process) = &target.process {
            println(&format!("{}: {:.1} MiB resident at the end", target.name, process.resident_mib()?));
        }
    }
    Ok(())
}

/// Counts the instructions of exchanges.
async fn count(scenario: &Scenario) -> anyhow::Result<()> {
    let binary = asepsis()?;
    let vendor = Process::standin(&binary)?;
    let (memory, out) = (folder(Path::new("/dev/shm"))?, folder(&std::env::temp_dir())?);
    let (config, key) = configured(&binary, memory.path(), vendor.address)?;
    let gateway = Process::counted(&binary, &config, &out.path().join("out"))?;
    count::run(&gateway, &key, scenario, out.path()).await
}

/// A gateway with its data in `folder`, a key for it, and how long it took until it was ready.
fn gateway(binary: &Path, folder: &Path, vendor: std::net::SocketAddr) -> anyhow::Result<(Process, String, Duration)> {
    let (config, key) = configured(binary, folder, vendor)?;
    let began = Instant::now();
    let process = Process::serve(binary, &config)?;
    Ok((process, key, began.elapsed()))
}

/// The configuration of a gateway with its data in `folder`, and a key for it.
fn configured(binary: &Path, folder: &Path, vendor: std::net::SocketAddr) -> anyhow::Result<(PathBuf, String)> {
    let config = folder.join("asepsis.toml");
    std::fs::write(&config, configuration(vendor))?;
    let key = process::output(binary, &config, &["key", "add", "--user", "bench", "--role", "clinician"])?;
    Ok((config, key.trim().to_owned()))
}

fn configuration(vendor: std::net::SocketAddr) -> String {
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
data_dir = "data"
[[role]]
id = "clinician"
restore = true
[[vendor]]
id = "standin"
name = "Stand-in"
[[vendor.agreement]]
id = "baa"
kind = "baa"
state = "signed"
first_day = "2026-01-01"
open_ended = true
systems = ["chat"]
[[system]]
id = "chat"
vendor = "standin"
protocol = "openai"
base_url = "http://{vendor}"
models = ["standin*"]
roles = ["clinician"]
purposes = ["TREAT"]
default_purpose = "TREAT"
[guard]
unregistered_tools = "read"
"#
    )
}

/// The binary beside this one.
fn asepsis() -> anyhow::Result<PathBuf> {
    let mut arguments = std::env::args_os().skip_while(|argument| argument != "--binary").skip(1);
    if let Some(path) = arguments.next().map(PathBuf::from) {
        return path.canonicalize().with_context(|| path.display().to_string());
    }
    let path = std::env::current_exe()?.with_file_name("asepsis");
    if !path.exists() {
        bail!("{} is not there; build it first: cargo build --release -p asepsis", path.display());
    }
    Ok(path)
}

fn folder(parent: &Path) -> anyhow::Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix("asepsis-bench-")
        .tempdir_in(parent)
        .with_context(|| format!("cannot make a folder in {}", parent.display()))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[expect(clippy::print_stdout, reason = "the figures are the output")]
fn println(text: &str) {
    println!("{text}");
}
