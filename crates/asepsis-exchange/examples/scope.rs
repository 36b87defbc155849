//! How often harmless traffic is stopped or flagged by what looks at more than one text: `[guard] instructions = "hold"`, and divided
//! instructions. `cargo run --release -p asepsis-exchange --example scope -- FILE.jsonl...`; lines are `{"kind","label","source","text"}`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::collections::BTreeMap;
use std::process::ExitCode;

use asepsis_egress::Shingles;
use asepsis_exchange::divided;
use asepsis_guard::{Guard, Pack, Thresholds};
use serde_json::Value;

/// What applications tell a model to do with a clinical text.
const TASKS: [&str; 8] = [
    "You are a medical scribe. From the visit below write a note with the headings Subjective, Objective, Assessment and Plan. Use full \
     sentences, do not add findings that were not said, and write \"not discussed\" under a heading of which nothing was said.",
    "Summarise the following discharge letter for the patient in plain words at the reading level of the eighth grade. Keep all doses and \
     dates exactly as they are, and end with: Call our office if you have questions, and call 911 in an emergency.",
    "You answer questions of nurses about the record of one patient. Quote the sentence of the record that your answer rests on. If the \
     record does not say, answer that the record does not say. Refer questions on doses to the pharmacist on call.",
    "Extract all medications with dose, route and frequency as a list. Do not guess; leave a field empty where it is not stated.",
    "You are the assistant of the front desk. You help with appointments, directions and opening hours: Monday to Friday from 8 to 5. You \
     give no medical advice; for medical questions say: Please speak with your care team about this.",
    "Write a letter of referral to the specialist named by the user. Begin with the reason for referral, then the history, the current \
     medications and allergies, and close with thanks. Sign with the name of the referring clinician.",
    "Translate the instructions after surgery into Spanish. Keep the numbering, the doses and the telephone numbers as they are.",
    "Suggest ICD-10-CM codes for the assessment below, each with the words that support it. A certified coder reads all of them first.",
];

/// Texts that are given to a model together, as rows of a result are.
const TOGETHER: usize = 4;

fn main() -> ExitCode {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in std::env::args().skip(1) {
        let Ok(lines) = std::fs::read_to_string(&file) else {
            eprintln!("{file}: cannot be read");
            return ExitCode::from(2);
        };
        for line in lines.lines() {
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            if let (Some(0), Some(source), Some(text)) =
                (line["label"].as_u64(), line["source"].as_str(), line["text"].as_str())
            {
                texts.entry(source.to_owned()).or_default().push(text.to_owned());
            }
        }
    }
    let guard = Guard::new(Pack::shipped(), Thresholds::default());
    println!(
        "source: harmless texts; answers stopped: the task alone is the instructions, the record stands in them and the answer \
              quotes a third of it; divided instructions flagged in so many groups of {TOGETHER}"
    );
    for (source, texts) in &texts {
        let task = |at: usize| TASKS[at % TASKS.len()];
        let alone = texts.iter().enumerate().filter(|(at, text)| stops(task(*at), text)).count();
        let quoting = texts.iter().enumerate().filter(|(at, text)| {
            stops(&format!("{}\n\n{text}", task(*at)), &format!("The record says: {}", third(text)))
        });
        let quoting = quoting.count();
        let groups: Vec<Vec<&str>> = texts.chunks(TOGETHER).map(|c| c.iter().map(String::as_str).collect()).collect();
        let split = groups.iter().filter(|group| !divided(&guard, group).is_empty()).count();
        println!("{source}: {}; {alone}, {quoting}; {split} of {}", texts.len(), groups.len());
    }
    ExitCode::SUCCESS
}

/// Whether an answer is stopped because it repeats these instructions.
fn stops(instructions: &str, answer: &str) -> bool {
    let (mut hold, mut out) = (Shingles::of(instructions).hold(false), String::new());
    hold.push(answer, &mut out) || hold.finish(&mut out)
}

/// Words from the middle of a text, a third of them.
fn third(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words[words.len() / 3..2 * words.len() / 3].join(" ")
}
