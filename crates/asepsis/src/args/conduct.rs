//! Arguments of `asepsis training` and `asepsis rules`.

use std::path::PathBuf;

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
