//! Arguments of `asepsis training`, `asepsis rules`, `asepsis emergency`, `asepsis concern` and `asepsis release`.

use std::path::PathBuf;

use asepsis_conduct::{Concern, Reason, Verdict, WhyNot};
use asepsis_vocab::ExchangeId;
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

#[derive(Args)]
pub(crate) struct ConcernCommand {
    /// Answer as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) action: ConcernAction,
}

#[derive(Subcommand)]
pub(crate) enum ConcernAction {
    /// Report that something is wrong with an exchange.
    Report {
        /// The exchange, as `x-asepsis-exchange` has it.
        exchange: ExchangeId,
        /// What: unsafe-advice, name-came-through, too-strict, biased, strange or other.
        #[arg(long, value_parser = concern)]
        kind: Concern,
        /// A file with a note of at most 1,000 characters, `-` for standard input. It is kept sealed.
        #[arg(long)]
        note_file: Option<PathBuf>,
        /// Do not keep who reports it. The log names the user of this machine all the same; the console's page does not.
        #[arg(long)]
        unnamed: bool,
    },
    /// List them. Exit code 1 while one is not answered.
    List,
    /// Show one, with what the log has of the exchange.
    Show {
        /// Its id.
        id: String,
        /// Open the note as well. That is recorded.
        #[arg(long, requires = "basis")]
        note: bool,
        /// Why the note is opened, for the log. Name no patient.
        #[arg(long)]
        basis: Option<String>,
    },
    /// Answer one. The reporter reads it on the page of concerns.
    Answer {
        /// Its id.
        id: String,
        /// At most 1,000 characters, kept sealed. Name no patient: arguments of commands are seen by others on the machine.
        #[arg(long)]
        text: String,
    },
}

#[derive(Args)]
pub(crate) struct ReleaseCommand {
    /// Answer as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) action: ReleaseAction,
}

#[derive(Subcommand)]
pub(crate) enum ReleaseAction {
    /// List what AI systems want to do and what became of it. Exit code 1 while something waits.
    List,
    /// Show exactly what one would do. That somebody looked is recorded.
    Show {
        /// Its id.
        id: String,
    },
    /// Say yes to one. Whoever asked can fetch it then, once.
    Approve {
        /// Its id.
        id: String,
        /// The effect that you looked at, as `release show` names it; its first 16 characters do.
        #[arg(long)]
        effect: String,
    },
    /// Say no to one.
    Refuse {
        /// Its id.
        id: String,
        /// Why: wrong-patient, wrong-content, not-asked, unsafe or other.
        #[arg(long, value_parser = why_not, default_value = "other")]
        why: WhyNot,
    },
}

fn why_not(code: &str) -> Result<WhyNot, String> {
    let codes = WhyNot::ALL.map(WhyNot::code).join(", ");
    WhyNot::of(code).ok_or_else(|| format!("it is one of {codes}"))
}

fn concern(code: &str) -> Result<Concern, String> {
    let codes = Concern::ALL.map(Concern::code).join(", ");
    Concern::of(code).ok_or_else(|| format!("it is one of {codes}"))
}
