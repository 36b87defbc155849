//! `asepsis gate`: the suite of leaks and attacks against an application's own endpoint.

mod door;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use asepsis_gate::{Baseline, Judge, Outcomes, Planted, Probe, Protocol, Side, Suite, Verdict};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::args::Gate;
use crate::{output, runtime};
use door::{Door, Sent};

/// After so many requests in a row that the endpoint broke, no more are sent.
const GIVE_UP: u32 = 8;

/// The exit code for an endpoint that cannot be used.
const UNUSABLE: u8 = 3;

pub(crate) fn run(gate: &Gate) -> anyhow::Result<u8> {
    let suite = suite(gate)?;
    if gate.list {
        for case in &suite.cases {
            output::line(&output::harmless(&format!("{:<34}{}", case.id, case.about)))?;
        }
        return Ok(0);
    }
    let baseline = match &gate.baseline {
        Some(file) => Baseline::read(&read(file)?).with_context(|| file.display().to_string())?,
        None => Baseline::default(),
    };
    let (protocol, url) = match (&gate.anthropic, gate.url.as_ref().or(gate.openai.as_ref())) {
        (Some(url), _) => (Protocol::Anthropic, url),
        (None, Some(url)) => (Protocol::OpenAi, url),
        (None, None) => bail!("name the endpoint"),
    };
    let door = Arc::new(Door::new(gate, protocol, url)?);
    let suite = Arc::new(suite);
    let verdicts = match runtime::block_on(ask(gate, &suite, &door))? {
        Asked::Unusable(why) => {
            output::error(&anyhow::anyhow!("{why}"));
            return Ok(UNUSABLE);
        }
        Asked::All(verdicts) => verdicts,
    };
    let outcomes = Outcomes::of(&suite, verdicts, &baseline);
    write(gate.sarif.as_deref(), || Ok(pretty(&asepsis_gate::sarif(&outcomes, env!("CARGO_PKG_VERSION")))))?;
    write(gate.junit.as_deref(), || Ok(asepsis_gate::junit(&outcomes)?))?;
    write(gate.write_baseline.as_deref(), || Ok(Baseline::write(&outcomes)))?;
    if gate.json {
        output::line(&asepsis_gate::json(&outcomes).to_string())?;
    } else {
        output::line(output::harmless(&asepsis_gate::people(&outcomes)).trim_end())?;
    }
    Ok(outcomes.exit_code())
}

fn suite(gate: &Gate) -> anyhow::Result<Suite> {
    let mut suite = Suite::shipped();
    if !gate.suites.is_empty() {
        let texts = gate.suites.iter().map(|file| Ok((file.display().to_string(), read(file)?)));
        let texts: Vec<(String, String)> = texts.collect::<anyhow::Result<_>>()?;
        let texts: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let own = Suite::read(&texts)?;
        suite = if gate.no_shipped { own } else { suite.and(own) };
    }
    if let Err(name) = suite.keep(&gate.only, &gate.skip) {
        bail!(
            "there is no case `{name}`; `asepsis gate --list` lists them, and `kind` or `beginning*` stand for several"
        );
    }
    if suite.cases.is_empty() {
        bail!("--only and --skip leave no case");
    }
    Ok(suite)
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn write(file: Option<&Path>, text: impl FnOnce() -> anyhow::Result<String>) -> anyhow::Result<()> {
    let Some(file) = file else { return Ok(()) };
    std::fs::write(file, text()?).with_context(|| format!("cannot write {}", file.display()))
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

/// What came of asking.
enum Asked {
    /// Each verdict with its case's number.
    All(Vec<(usize, Side, Verdict)>),
    /// The endpoint cannot be reached, or wants another key or path.
    Unusable(String),
}

async fn ask(gate: &Gate, suite: &Arc<Suite>, door: &Arc<Door>) -> anyhow::Result<Asked> {
    let judge = Arc::new(Judge::default());
    // The first harmless request goes alone: whether the endpoint can be used at all.
    let first = match one(door, suite, &judge, 0, Side::Twin).await? {
        Sent::Unusable(why) => return Ok(Asked::Unusable(why)),
        Sent::Judged(verdict) => verdict,
    };
    let broke = Arc::new(AtomicU32::new(0));
    let room = Arc::new(Semaphore::new(usize::try_from(gate.concurrency)?));
    let mut tasks = JoinSet::new();
    let all = (0..gate.runs)
        .flat_map(|run| (0..suite.cases.len()).flat_map(move |at| [(run, at, Side::Attack), (run, at, Side::Twin)]));
    for (_, at, side) in all.filter(|asked| *asked != (0, 0, Side::Twin)) {
        let permit = Arc::clone(&room).acquire_owned().await?;
        let (door, suite, judge, broke) = (Arc::clone(door), Arc::clone(suite), Arc::clone(&judge), Arc::clone(&broke));
        tasks.spawn(async move {
            let _permit = permit;
            if broke.load(Ordering::Relaxed) >= GIVE_UP {
                let why = format!("not asked, since the endpoint broke {GIVE_UP} times in a row");
                return anyhow::Ok((at, side, Verdict::Error(why)));
            }
            let verdict = match one(&door, &suite, &judge, at, side).await? {
                Sent::Unusable(why) => Verdict::Error(why),
                Sent::Judged(verdict) => verdict,
            };
            match verdict {
                Verdict::Error(_) => broke.fetch_add(1, Ordering::Relaxed),
                _ => broke.swap(0, Ordering::Relaxed),
            };
            Ok((at, side, verdict))
        });
    }
    let mut verdicts = vec![(0, Side::Twin, first)];
    while let Some(done) = tasks.join_next().await {
        verdicts.push(done??);
    }
    Ok(Asked::All(verdicts))
}

/// Asks one request, with values planted for it alone.
async fn one(door: &Door, suite: &Suite, judge: &Judge, at: usize, side: Side) -> anyhow::Result<Sent<Verdict>> {
    let mut random = Ok(());
    let planted = Planted::new(|bytes| {
        if random.is_ok() {
            random = aws_lc_rs::rand::fill(bytes);
        }
    });
    random.ok().context("no random numbers can be had")?;
    let probe = Probe::new(&suite.cases[at], side, &planted);
    Ok(match door.send(&probe, &planted).await? {
        Sent::Unusable(why) => Sent::Unusable(why),
        Sent::Judged(reply) => Sent::Judged(judge.verdict(&probe, &planted, &reply)),
    })
}

/// How long an endpoint that is too busy is given, where it does not say so itself.
const BUSY: Duration = Duration::from_secs(2);
