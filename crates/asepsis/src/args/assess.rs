//! What `asepsis assess`, `card`, `caiq` and `probe` are asked.

use std::path::PathBuf;

use asepsis_govern::{Grade, Tier};
use clap::{Args, Subcommand};
use time::Date;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Assess {
    #[command(subcommand)]
    pub(crate) action: Option<AssessAction>,
    #[command(flatten)]
    pub(crate) show: AssessShow,
}

#[derive(Args)]
pub(crate) struct AssessShow {
    /// The AI system or vendor: its id, or `vendor/ID` where both have the same.
    #[arg(required_unless_present = "due")]
    pub(crate) of: Option<String>,
    /// Print one JSON object.
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,
    /// Print the whole page with every figure, as Markdown.
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Print the questions that are open at this tier as a table to be filled in, which `asepsis caiq import` reads.
    #[arg(long, conflicts_with_all = ["json", "markdown"])]
    pub(crate) questions: bool,
    /// The day to assess for, as 2026-12-31; today where absent.
    #[arg(long, value_parser = day)]
    pub(crate) on: Option<Date>,
    /// List what was never assessed, whose approval lapsed, and whose review is due. Exit code 1 where there is any.
    #[arg(long, conflicts_with_all = ["of", "markdown", "questions"])]
    pub(crate) due: bool,
    /// With --due: reviews that are due within so many days as well.
    #[arg(long, default_value_t = 30, requires = "due")]
    pub(crate) within: u16,
}

#[derive(Subcommand)]
pub(crate) enum AssessAction {
    /// State facts of a vendor or AI system, with their evidence.
    Answer(AssessAnswer),
    /// Approve an AI system or vendor. A second person, other than who asks, gives it. Exit code 3 where something is in the way.
    Approve(AssessApprove),
    /// List the facts that there are, or show one.
    Facts {
        /// The fact.
        name: Option<String>,
        /// Those that this tier has to have answered: low, moderate, high, critical.
        #[arg(long, value_parser = tier)]
        tier: Option<Tier>,
        /// Print one JSON object a fact.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct AssessAnswer {
    /// The AI system or vendor.
    pub(crate) of: String,
    /// A fact and its value: mfa=yes, retention_days=30, regions=us,eu, base_model=unknown. Can be given several times.
    #[arg(long = "fact", value_name = "NAME=VALUE", required = true)]
    pub(crate) facts: Vec<String>,
    #[command(flatten)]
    pub(crate) proof: Proof,
    /// Print what was changed as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What stands behind facts.
#[derive(Args)]
pub(crate) struct Proof {
    /// How good the evidence is: A independent report, B contract, C vendor's document, D statement, U none.
    #[arg(long, value_parser = grade, default_value = "D")]
    pub(crate) grade: Grade,
    /// Where it was learnt; `evidence:ID` names a document that is kept.
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// The day on which it was found to be so; today where absent.
    #[arg(long, value_parser = day)]
    pub(crate) as_of: Option<Date>,
    /// The last day on which it may be relied on.
    #[arg(long, value_parser = day)]
    pub(crate) expires: Option<Date>,
    /// Why, for the log: one line without a name of a person.
    #[arg(long)]
    pub(crate) basis: String,
}

#[derive(Args)]
pub(crate) struct AssessApprove {
    /// The AI system or vendor.
    pub(crate) of: String,
    /// Approve it for data that is no health information, with gates that are not passed.
    #[arg(long)]
    pub(crate) not_for_phi: bool,
    /// Let one of the five questions stay open for a time, which the second person signs: logging=2027-01-31=reason.
    #[arg(long = "exception", value_name = "QUESTION=DAY=REASON")]
    pub(crate) exceptions: Vec<String>,
    /// Why, for the log: one line without a name of a person.
    #[arg(long)]
    pub(crate) basis: String,
    /// The environment variable that holds the API key of the second person, who approves.
    #[arg(long, value_name = "NAME")]
    pub(crate) second_person_key_env: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Card {
    #[command(subcommand)]
    pub(crate) action: CardAction,
}

#[derive(Subcommand)]
pub(crate) enum CardAction {
    /// Show what an Applied Model Card (CHAI, schema v0.2, XML) says, and the facts that it states.
    Show {
        /// The card.
        file: PathBuf,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// State the facts of a card of an AI system, grade D, where nothing better is known.
    Import {
        /// The AI system.
        system: String,
        /// The card.
        file: PathBuf,
        /// Why, for the log: one line without a name of a person.
        #[arg(long)]
        basis: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct Caiq {
    #[command(subcommand)]
    pub(crate) action: CaiqAction,
}

#[derive(Subcommand)]
pub(crate) enum CaiqAction {
    /// State the answers of a table (question's id, answer, notes; CSV), grade D, where nothing better is known. Exit code 1 where
    /// answers say nothing that can be relied on.
    Import {
        /// The vendor or AI system.
        of: String,
        /// The table.
        file: PathBuf,
        /// Which question answers which fact: TOML, in place of the shipped mapping of CAIQ v4.
        #[arg(long, value_name = "FILE")]
        map: Option<PathBuf>,
        /// Why, for the log: one line without a name of a person.
        #[arg(long)]
        basis: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct Probe {
    /// The AI system.
    pub(crate) system: String,
    /// The host and port to look at, in place of those of the system.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) address: Option<String>,
    /// Keep what was found: a claim that it contradicts counts as unknown from then on.
    #[arg(long, requires = "basis")]
    pub(crate) record: bool,
    /// Why, for the log: one line without a name of a person.
    #[arg(long)]
    pub(crate) basis: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn day(text: &str) -> Result<Date, &'static str> {
    asepsis_govern::day::parse(text).ok_or("a day looks like 2026-12-31")
}

fn grade(text: &str) -> Result<Grade, &'static str> {
    Ok(match text {
        "A" | "a" => Grade::A,
        "B" | "b" => Grade::B,
        "C" | "c" => Grade::C,
        "D" | "d" => Grade::D,
        "U" | "u" => Grade::U,
        _ => return Err("A independent report, B contract, C vendor's document, D statement, or U none"),
    })
}

fn tier(text: &str) -> Result<Tier, &'static str> {
    Tier::ALL.into_iter().find(|tier| tier.name() == text).ok_or("low, moderate, high or critical")
}
