//! Every figure of detection at once, each with its corpus, the number of texts and a command.
//!
//! What needs the development corpora, which are not in the repository, is left out where they are not there, and said so.

mod cost;
mod peer;
mod sample;
mod table;

use std::path::{Path, PathBuf};

use anyhow::bail;
use asepsis_corpus::Variant;
use asepsis_phi::{Engine, Profile};
use asepsis_score::{Labelled, Score};

use crate::measure::{measure, rotation, stem};
use crate::recipe::NOTES;
use sample::Corpora;
use table::{Aim, at_least, at_most, heading, line, titles};

/// What the texts of the weights lie in, seen from the repository's root.
const SOURCES: &str = "data/training";

/// Where to read, and what to leave out.
struct Wish {
    data: Option<PathBuf>,
    quick: bool,
    /// The Python that has the peer.
    peer: Option<PathBuf>,
}

impl Wish {
    fn read(options: &[&str]) -> anyhow::Result<Self> {
        let mut wish = Self { data: None, quick: false, peer: None };
        let mut options = options.iter();
        while let Some(option) = options.next() {
            match (*option, options.as_slice().first()) {
                ("--quick", _) => wish.quick = true,
                ("--data", Some(folder)) => wish.data = Some(PathBuf::from(folder)),
                ("--peer", Some(python)) => wish.peer = Some(PathBuf::from(python)),
                _ => bail!("{option:?} is no option of eval, or says nothing"),
            }
            if *option != "--quick" {
                options.next();
            }
        }
        Ok(wish)
    }
}

pub(crate) fn run(options: &[&str]) -> anyhow::Result<()> {
    let wish = Wish::read(options)?;
    // First, while the process is small.
    let memory = cost::Memory::of_an_engine();
    let corpora = Corpora::find(wish.data.as_deref(), Path::new(SOURCES))?;
    println!("{}", corpora.notice());
    let engine = Engine::builder().profile(Profile::Balanced).build()?;
    notes(&wish, &corpora, &engine)?;
    other_authors(&corpora, &engine)?;
    variants(&corpora, &engine)?;
    visits(&corpora, &engine);
    spanish(&corpora)?;
    cost::show(&corpora, &engine, &memory)?;
    match &wish.peer {
        Some(python) => peer::show(&corpora, &engine, python),
        None => Ok(()),
    }
}

const NOTES_AIM: Aim = Aim { leak: [0.02, 0.007], false_words: Some([4.0, 2.0]) };
const GENERAL_AIM: Aim = Aim { leak: [0.12, 0.05], false_words: None };
const DIALOGUES_AIM: Aim = Aim { leak: [0.08, 0.03], false_words: None };

fn notes(wish: &Wish, corpora: &Corpora, engine: &Engine) -> anyhow::Result<()> {
    if let (Some(data), false) = (&corpora.data, wish.quick) {
        let files: Vec<PathBuf> = NOTES.iter().map(|name| data.join(name)).collect();
        let names: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
        heading(
            "English notes by generators that were left out of training: trained on two, measured on the others",
            &format!("asepsis-corpus rotate {SOURCES} {}", names.join(" ")),
        );
        NOTES_AIM.say();
        titles("trained on two, measured on");
        let mut worst = (0.0_f64, 0.0_f64);
        let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        rotation(Path::new(SOURCES), &paths, |trained, measured| {
            println!("  {} + {}", trained[0], trained[1]);
            for (name, score) in measured {
                line(&format!("  {name}"), &score, Some(&NOTES_AIM));
                worst = (worst.0.max(score.leak()), worst.1.max(score.false_words()));
            }
        })?;
        println!("  worst: leak {:.2} %, false words {:.2} in 1,000", worst.0 * 100.0, worst.1);
    }
    heading(
        &format!("English notes, the shipped weights; {}", corpora.notes_seen()),
        "asepsis-corpus score shipped FILE",
    );
    NOTES_AIM.say();
    titles("measured on");
    for file in corpora.notes() {
        line(&file.name, &measure(engine, &file.texts), Some(&NOTES_AIM));
    }
    Ok(())
}

fn other_authors(corpora: &Corpora, engine: &Engine) -> anyhow::Result<()> {
    let Some(data) = &corpora.data else { return Ok(()) };
    heading(
        "Sentences by another author, the shipped weights; nothing of theirs was trained on",
        &format!("asepsis-corpus score shipped {}/general-a.jsonl", data.display()),
    );
    GENERAL_AIM.say();
    titles("measured on");
    for name in ["general-a", "general-b"] {
        let texts = corpora.read(name)?;
        line(name, &measure(engine, &texts), Some(&GENERAL_AIM));
    }
    Ok(())
}

/// How much more leaks from a changed text than from the plain one.
fn variants(corpora: &Corpora, engine: &Engine) -> anyhow::Result<()> {
    let samples = corpora.for_variants()?;
    heading(
        "Hostile variants, the shipped weights: leak in points beyond the plain text's",
        "cargo xtask eval --quick",
    );
    println!(
        "  aim: at most 1.00 points, stretch 0.30, for lower, upper, wrap, nbsp, fullwidth, homoglyph, zwsp, json"
    );
    for sample in &samples {
        let plain = measure(engine, &sample.texts);
        println!("  on {}, {}", sample.name, sample.how);
        titles("variant");
        line("plain", &plain, None);
        for variant in Variant::ALL {
            let texts: Vec<Labelled> = sample.texts.iter().map(|text| variant.of(text)).collect();
            let score = measure(engine, &texts);
            let more = (score.leak() - plain.leak()) * 100.0;
            // Nothing is asked of the other two.
            let judged = match variant {
                Variant::NoPunctuation | Variant::Dash => "",
                _ => at_most(more, [1.0, 0.3]),
            };
            let star = if variant.moves_offsets() { "*" } else { "" };
            table::changed(&format!("{}{star}", variant.name()), &score, more, judged);
        }
    }
    Ok(())
}

fn visits(corpora: &Corpora, engine: &Engine) {
    heading(
        "20 visits labelled by hand (tests/gold), the shipped weights; nothing of theirs was trained on",
        "cargo test -p asepsis-phi --test visits; asepsis-corpus score shipped tests/gold/visits.jsonl",
    );
    println!("  aim: every name in the notes; dialogues leak at most 8.0 %, stretch 3.0 %");
    titles("measured on");
    for (name, aim) in [("note", None), ("dialogue", Some(&DIALOGUES_AIM))] {
        let score = measure(engine, corpora.visits(name));
        line(&format!("{name}s"), &score, aim);
        let [all, seen] = score.by_label.get("NAME").copied().unwrap_or_default();
        println!("    {seen} of {all} letters of names visible; missed: {}", list(&score));
    }
}

fn list(score: &Score) -> String {
    let values: Vec<String> =
        score.missed.iter().map(|((label, value), n)| format!("{label} \"{value}\" {n}")).collect();
    if values.is_empty() { "nothing".to_owned() } else { values.join(", ") }
}

fn spanish(corpora: &Corpora) -> anyhow::Result<()> {
    let (file, seen) = corpora.spanish();
    heading(
        &format!("Spanish clinical cases, the shipped weights; {seen}"),
        &format!("F1=1 asepsis-corpus score shipped {}", file.display()),
    );
    println!("  aim: F1 0.95 of spans with the very offsets and class");
    // MEDDOCAN marks names without their titles.
    let engine = Engine::builder().titles_apart().build()?;
    let score = measure(&engine, &asepsis_score::read_labelled(&file)?);
    titles("measured on");
    line(stem(&file), &score, None);
    let (precision, recall, f1) = score.strict_f1();
    println!(
        "    strict: precision {precision:.3}, recall {recall:.3}, F1 {f1:.3} {}",
        at_least(f1, [0.95, f64::INFINITY])
    );
    Ok(())
}
