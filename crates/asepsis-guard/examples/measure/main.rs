//! How many texts the guard flags, by source and by rule: `measure [--record PACK.toml]... [--show RULE] FILE.jsonl...`
//!
//! The files hold `{"source","label","text"}` a line, label 1 for attacks; without a source it is the file's name. `--record` writes into a pack how often each
//! of its rules fired on the benign clinical texts. Short attacks are also put into clinical carriers under each
//! disguise, to see what becomes of them. `--show` prints the first benign texts in which a rule fired.

#![expect(clippy::print_stdout, reason = "a program for people")]

mod disguise;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::BufRead;

use asepsis_guard::{Guard, Pack, Thresholds, Views};
use asepsis_vocab::Channel;
use disguise::DISGUISES;

#[derive(Default)]
struct Count {
    texts: usize,
    anomaly: usize,
    signature: usize,
    either: usize,
}

impl Count {
    fn add(&mut self, anomaly: bool, signature: bool) {
        self.texts += 1;
        self.anomaly += usize::from(anomaly);
        self.signature += usize::from(signature);
        self.either += usize::from(anomaly || signature);
    }

    fn row(&self) -> String {
        let share = |n: usize| 100.0 * n as f64 / self.texts.max(1) as f64;
        format!(
            "{:>7}  {:>8.3} % {:>8.3} % {:>8.3} %",
            self.texts,
            share(self.anomaly),
            share(self.signature),
            share(self.either)
        )
    }
}

/// Sources whose benign texts are clinical.
const CLINICAL: [&str; 5] = ["MTS-Dialog", "MedQuAD", "aci-bench", "aug-hardneg", "aug-env"];

fn main() -> Result<(), Box<dyn Error>> {
    let (mut files, mut record, mut show) = (Vec::new(), Vec::new(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--record" => record.push(arguments.next().ok_or("--record PACK.toml")?),
            "--show" => show = arguments.next(),
            _ => files.push(argument),
        }
    }
    let guard = Guard::new(Pack::shipped(), Thresholds::default());
    let mut counts: BTreeMap<(bool, String), Count> = BTreeMap::new();
    let mut rules: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let (mut clinical, mut shown) = (0_u64, 0);
    let (mut attacks, mut carriers) = (Vec::new(), Vec::new());
    for file in &files {
        for line in std::io::BufReader::new(std::fs::File::open(file)?).lines() {
            let row: serde_json::Value = serde_json::from_str(&line?)?;
            let text = row["text"].as_str().ok_or("no text")?;
            let name = std::path::Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
            let source = row["source"].as_str().unwrap_or(&name).to_owned();
            let attack = row["label"] == 1;
            let mut fired: Vec<String> =
                guard.inspect_document(text, Channel::Document).flags.into_iter().map(|f| f.rule).collect();
            fired.sort();
            fired.dedup();
            let signed = |rule: &String| guard.packs().iter().any(|p| p.rule(rule).is_some());
            let signature = fired.iter().any(signed);
            let anomaly = fired.iter().any(|r| !signed(r));
            counts.entry((attack, source.clone())).or_default().add(anomaly, signature);
            let is_clinical = !attack && CLINICAL.contains(&source.as_str());
            clinical += u64::from(is_clinical);
            for rule in fired {
                if !attack && show.as_deref().is_some_and(|s| rule.starts_with(s)) && shown < 40 {
                    shown += 1;
                    let flags = guard.inspect_document(text, Channel::Document).flags;
                    let flag = flags.iter().find(|f| f.rule == rule).ok_or("the rule fired")?;
                    let from = text.floor_char_boundary(flag.span.start.saturating_sub(60));
                    let to = text.ceil_char_boundary((flag.span.end + 40).min(flag.span.start + 300).min(text.len()));
                    println!("{source} {rule}: {:?}", &text[from..to]);
                }
                let count = rules.entry(rule).or_default();
                if attack {
                    count.1 += 1;
                } else if is_clinical {
                    count.0 += 1;
                }
            }
            match (attack, source.as_str()) {
                (true, "aug-grammar") if text.len() < 160 && text.is_ascii() => attacks.push(text.to_owned()),
                (false, "MTS-Dialog") if text.len() < 1500 => carriers.push(text.to_owned()),
                _ => {}
            }
        }
    }
    println!("{:32} {:>7}  {:>10} {:>10} {:>10}", "", "texts", "anomalies", "signatures", "either");
    for ((attack, source), count) in &counts {
        println!("{:32} {}", format!("{} {source}", if *attack { "attack" } else { "benign" }), count.row());
    }
    println!("\nattacks in a clinical carrier, disguised");
    for (name, disguise) in DISGUISES {
        let mut count = Count::default();
        for (attack, carrier) in attacks.iter().zip(carriers.iter().cycle()).take(1000) {
            let text = format!("{carrier} {} {carrier}", disguise(attack));
            let views = Views::of(&text);
            let report = guard.inspect_views(&views, Channel::Document);
            count.add(!views.flags().is_empty(), report.flags.len() > views.flags().len());
        }
        println!("{name:32} {}", count.row());
    }
    println!("\n{:32} {:>9} of {clinical:<9} {:>9}", "rule", "clinical", "attacks");
    for (rule, (benign, attacks)) in &rules {
        println!("{rule:32} {benign:>9}    {attacks:>17}");
    }
    for pack in record {
        write_down(&pack, clinical, &rules)?;
    }
    Ok(())
}

/// Writes the false alarms of each rule into the pack's file.
fn write_down(path: &str, texts: u64, rules: &BTreeMap<String, (usize, usize)>) -> Result<(), Box<dyn Error>> {
    let on = std::env::var("DAY").map_err(|_| "set DAY to the day of the count, as 2026-11-26")?;
    let text = std::fs::read_to_string(path)?;
    let mut out = Vec::new();
    for line in text.lines().filter(|l| !l.starts_with("false_alarms")) {
        out.push(line.to_owned());
        let id = line.strip_prefix("id = \"").and_then(|rest| rest.strip_suffix('"'));
        if let Some(id) = id {
            let flagged = rules.get(id).map_or(0, |r| r.0);
            out.push(format!("false_alarms = {{ texts = {texts}, flagged = {flagged}, on = \"{on}\" }}"));
        }
    }
    std::fs::write(path, out.join("\n") + "\n")?;
    Ok(())
}
