//! Arguments of `asepsis guard`.

use std::path::PathBuf;

use asepsis_guard::Carrier;
use asepsis_vocab::Channel;
use clap::{Args, Subcommand};

use super::Color;

#[derive(Args)]
pub(crate) struct Guard {
    #[command(subcommand)]
    pub(crate) action: GuardAction,
}

#[derive(Subcommand)]
pub(crate) enum GuardAction {
    /// Find hostile text: disguises and known attacks. Exit code 0 nothing found, 1 something, 2 something cannot be read.
    Scan(GuardScan),
    /// Make thresholds of the classifier from this site's own ordinary texts, for a stated number of flags in 1,000.
    Calibrate(GuardCalibrate),
    /// Look through what the log keeps of exchanges with these packs: what each rule found then, and what it would find now. Always
    /// recorded. Exit code 1 where something would be found that was not.
    Replay(GuardReplay),
    /// List the rules of the packs: what each looks for, its tags, its false alarms on clinical text.
    Rules {
        #[command(flatten)]
        packs: GuardPacks,
        /// Print one JSON object for each rule.
        #[arg(long)]
        json: bool,
    },
    /// Make a key to sign packs with. The public key is printed.
    Key {
        /// The publisher's name, without spaces and plus: guard.example.org.
        name: String,
        /// The file that the private key is written to, which must not be there yet.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Sign a pack: writes a C2SP signed note beside it, PACK.sig.
    Sign {
        /// The pack.
        pack: PathBuf,
        /// The private key that `asepsis guard key` wrote.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

#[derive(Args)]
pub(crate) struct GuardScan {
    /// Files and folders; standard input where absent or `-`.
    pub(crate) paths: Vec<PathBuf>,
    /// Standard input holds lines of {"id","text"}; print {"id","score","verdict","flags"} for each, in the same order. Exit code 0.
    #[arg(long, conflicts_with_all = ["paths", "json", "carrier"])]
    pub(crate) jsonl: bool,
    /// Where the texts come from: staff-prompt, document, transcript or tool-result.
    #[arg(long, default_value = "document")]
    pub(crate) channel: Channel,
    /// Print one JSON object for each file.
    #[arg(long)]
    pub(crate) json: bool,
    /// What the files are: hl7, json, xml, html, mail, table or text. Found out from each where absent.
    #[arg(long = "as", value_name = "CARRIER")]
    pub(crate) carrier: Option<Carrier>,
    /// Thresholds that `asepsis guard calibrate` wrote. Can be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) thresholds: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) packs: GuardPacks,
    /// Whether to use colours; `auto` does on a terminal where NO_COLOR is not set.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) color: Color,
}

/// Standard input holds lines of {"id","text"}, a text each that is known to be no attack.
#[derive(Args)]
pub(crate) struct GuardCalibrate {
    /// Where the texts come from: staff-prompt, document, transcript or tool-result.
    #[arg(long, default_value = "document")]
    pub(crate) channel: Channel,
    /// How many of 1,000 such texts may be flagged, more than 0 and at most 100. It takes 3,000 texts to show one in 1,000.
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    pub(crate) per_thousand: f64,
    /// The file to write, which must not be there yet; standard output where absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct GuardReplay {
    /// Why it is done, for the log: a ticket, a rule. Name no person.
    #[arg(long)]
    pub(crate) basis: String,
    /// From this time on, for example 2026-11-22 or 2026-11-22T08:30.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Before this time.
    #[arg(long)]
    pub(crate) until: Option<String>,
    /// At most so many exchanges, the newest.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) last: u32,
    #[command(flatten)]
    pub(crate) packs: GuardPacks,
    /// The environment variable that holds the API key of a second person.
    #[arg(long, value_name = "NAME")]
    pub(crate) second_person_key_env: Option<String>,
}

/// Packs of signatures beside the shipped ones.
#[derive(Args)]
pub(crate) struct GuardPacks {
    /// A pack of signatures, with its signature beside it as PACK.sig. Can be given several times.
    #[arg(long, value_name = "PACK", requires = "publisher")]
    pub(crate) pack: Vec<PathBuf>,
    /// The public key of a publisher whose packs are trusted: `name+id+base64`, or a file that holds it.
    #[arg(long, value_name = "KEY")]
    pub(crate) publisher: Vec<String>,
    /// Leave the shipped packs out.
    #[arg(long)]
    pub(crate) no_shipped: bool,
}
