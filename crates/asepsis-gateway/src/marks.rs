//! What the review of an answer leads to: marks for who reads it, or that it is held.

use asepsis_clinical::explain;
use asepsis_vocab::{Flag, Verdict};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::fault::Fault;

/// Which answers are held where a mark says that a person has to look first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Holds {
    /// Those that a patient would read before anybody else does.
    #[default]
    Patients,
    /// All.
    All,
    /// None: marks alone.
    Never,
}

/// The most marks that are told, in the header and to people.
const MOST_TOLD: usize = 24;

/// The marks of an answer.
#[derive(Default)]
pub(crate) struct Marks {
    /// Of which text of the answer, and what.
    flags: Vec<(usize, Flag)>,
    /// `dose/tenfold@12-30`, in code points of the text.
    told: Vec<String>,
}

impl Marks {
    /// Of these texts. `before` is what we say ourselves before each.
    pub(crate) fn new(flags: Vec<(usize, Flag)>, texts: &[String], before: &str) -> Self {
        let shift = before.chars().count();
        let place = |number: usize, at: usize| {
            texts.get(number).map_or(0, |text| text[..text.floor_char_boundary(at)].chars().count() + shift)
        };
        let told = flags.iter().take(MOST_TOLD).map(|(number, flag)| {
            let which = if *number == 0 { String::new() } else { format!("{number}:") };
            format!("{}@{which}{}-{}", flag.rule, place(*number, flag.span.start), place(*number, flag.span.end))
        });
        let told = told.collect();
        Self { flags, told }
    }

    /// Why the answer is held. `unread`: a patient would read it before anybody else does.
    pub(crate) fn hold(&self, holds: Holds, unread: bool) -> Option<Fault> {
        let held = match holds {
            Holds::Never => false,
            Holds::Patients => unread,
            Holds::All => true,
        };
        let (_, flag) = self.flags.iter().find(|(_, flag)| flag.verdict >= Verdict::Hold).filter(|_| held)?;
        let explained = explain(&flag.rule);
        let why = explained.map_or_else(
            || flag.rule.clone(),
            |explained| format!("{}. {} {}", explained.title, explained.why, explained.remedy),
        );
        let remedy = if unread {
            " Name the licensed person who reads it first (x-asepsis-reviewer), and ask again."
        } else {
            " Ask again in other words, or look it up."
        };
        Some(Fault::new(
            StatusCode::FORBIDDEN,
            "held_for_review",
            format!("the answer is held: {why}{remedy} (rule {})", flag.rule),
        ))
    }

    /// For programs.
    pub(crate) fn headers(&self, headers: &mut HeaderMap) {
        if let Some(line) = self.line()
            && let Ok(value) = HeaderValue::from_str(&line)
        {
            headers.insert("x-asepsis-marks", value);
        }
    }

    /// All that is told in one line; `None` where there is nothing.
    pub(crate) fn line(&self) -> Option<String> {
        if self.told.is_empty() {
            return None;
        }
        let more = self.flags.len() - self.told.len();
        let more = if more > 0 { format!(", +{more}") } else { String::new() };
        Some(format!("{}{more}", self.told.join(", ")))
    }

    /// For people: each rule once.
    pub(crate) fn note(&self) -> Option<String> {
        let mut rules: Vec<&str> = self.flags.iter().map(|(_, flag)| flag.rule.as_str()).collect();
        rules.dedup();
        rules.sort_unstable();
        rules.dedup();
        if rules.is_empty() {
            return None;
        }
        let said = rules.iter().take(MOST_TOLD).filter_map(|rule| {
            let explained = explain(rule)?;
            let times = self.flags.iter().filter(|(_, flag)| flag.rule == *rule).count();
            let times = if times > 1 { format!(" ({times} places)") } else { String::new() };
            Some(format!("- {}{times}: {}", explained.title, explained.remedy))
        });
        let said: Vec<String> = said.collect();
        (!said.is_empty())
            .then(|| format!("\n\n[Asepsis] Check this answer before you rely on it:\n{}", said.join("\n")))
    }
}
