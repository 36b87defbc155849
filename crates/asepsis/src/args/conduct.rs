//! Arguments of `asepsis training`, `asepsis rules` and `asepsis emergency`.

use std::path::PathBuf;

use asepsis_conduct::{Reason, Verdict};
use clap::{Args, Subcommand};

#[derive(Args)]
pub(crate) struct Training {
    /// Answer as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) action: TrainingAction,
}

#[derive(Subcommand)]
pub(crate) enum TrainingAction {
    /// List the courses, for whom they are and how long they count.
    List,
    /// How everybody stands who passed something, or one user. Exit code 1 where something does not count.
    Status {
        /// One user.
        #[arg(long)]
        user: Option<String>,
    },
    /// Enter that somebody passed a course elsewhere.
    Record {
        /// The user.
        user: String,
        /// The course.
        course: String,
        /// Why, for the log: the sheet, the ticket. Name no patient.
        #[arg(long)]
        basis: String,
    },
}

#[derive(Args)]
pub(crate) struct RulesCommand {
    /// Answer as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) action: RulesAction,
}

#[derive(Subcommand)]
pub(crate) enum RulesAction {
    /// Show the usage policy that counts.
    Show,
    /// Set another. Everybody is asked again before names go to an AI system.
    Set {
        /// A file of Markdown, at most 48 KiB.
        file: PathBuf,
        /// Why, for the log.
        #[arg(long)]
        basis: String,
    },
    /// Who accepted it. Exit code 1 where somebody accepted an older one.
    Status,
}

#[derive(Args)]
pub(crate) struct EmergencyCommand {
    /// Answer as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) action: EmergencyAction,
}

#[derive(Subcommand)]
pub(crate) enum EmergencyAction {
    /// Declare an emergency for a user who cannot do it on the console's page. It is reviewed by somebody else afterwards.
    Declare {
        /// The user for whom it counts.
        #[arg(long)]
        user: String,
        /// Why: emergency-care, transfer, system-down or disaster.
        #[arg(long, value_parser = reason)]
        reason: Reason,
        /// For how many minutes, 5 to 60.
        #[arg(long)]
        minutes: u32,
        /// The ticket or call, for the log. Name no patient.
        #[arg(long)]
        basis: String,
    },
    /// List them. Exit code 1 while a review is overdue.
    List,
    /// Review one. Who declared it cannot.
    Review {
        /// Its id.
        id: String,
        /// justified or not-justified; the latter also ends it.
        #[arg(long, value_parser = verdict)]
        verdict: Verdict,
        /// Why, for the log. Name no patient.
        #[arg(long)]
        basis: String,
    },
}

fn reason(code: &str) -> Result<Reason, String> {
    let codes = Reason::ALL.map(Reason::code).join(", ");
    Reason::of(code).ok_or_else(|| format!("it is one of {codes}"))
}

fn verdict(code: &str) -> Result<Verdict, String> {
    Verdict::of(code).ok_or_else(|| "it is justified or not-justified".to_owned())
}
