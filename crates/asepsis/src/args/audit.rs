//! What the parts of `asepsis audit` take.

use std::net::SocketAddr;
use std::path::PathBuf;

use asepsis_vocab::{DisclosureForm, ExchangeId, PurposeOfUse, SubjectId};
use clap::Args;

#[derive(Args)]
pub(crate) struct Verify {
    /// The folder of the log, or where its tiles are published: s3://bucket/prefix, file:///folder. That of the configuration where
    /// absent.
    pub(crate) folder: Option<PathBuf>,
    /// An older checkpoint that was kept elsewhere. Without one, or a policy with witnesses, a rollback cannot be seen.
    #[arg(long)]
    pub(crate) pin: Option<PathBuf>,
    /// The log's public keys, kept elsewhere: a file, or the key itself.
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// A file that names the log's keys, the witnesses and how many of them have to have cosigned (C2SP tlog-policy).
    #[arg(long)]
    pub(crate) policy: Option<PathBuf>,
    /// How old the newest cosignature may be, in seconds.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) max_age: Option<u64>,
}

#[derive(Args)]
pub(crate) struct MirrorArgs {
    /// Where to: s3://bucket/prefix or file:///folder; `url` of [record.mirror] where absent.
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// The folder of the log; that of the configuration where absent.
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Search {
    /// The folder of the log; that of the configuration where absent.
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
    /// The user's id.
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// The pseudonym of a patient: `sb_` and 32 digits.
    #[arg(long)]
    pub(crate) subject: Option<SubjectId>,
    /// The AI system's id.
    #[arg(long)]
    pub(crate) system: Option<String>,
    /// The form of disclosure.
    #[arg(long)]
    pub(crate) form: Option<DisclosureForm>,
    /// How it ended: completed, refused, blocked, truncated, client_gone, ...
    #[arg(long)]
    pub(crate) status: Option<String>,
    /// From this time on, for example 2026-11-22 or 2026-11-22T08:30.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Before this time.
    #[arg(long)]
    pub(crate) until: Option<String>,
    /// At most so many, the newest.
    #[arg(long, default_value_t = 50)]
    pub(crate) last: usize,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Prove {
    /// The index of the entry, as `search` shows it.
    #[arg(required_unless_present = "since", conflicts_with = "since")]
    pub(crate) index: Option<u64>,
    /// The folder of the log; that of the configuration where absent.
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
    /// Write the exact bytes of the entry, which are what the proof is about, to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) entry: Option<PathBuf>,
    /// Prove instead that the log goes on from this older checkpoint: the body that a C2SP tlog-witness takes.
    #[arg(long, value_name = "CHECKPOINT")]
    pub(crate) since: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Account {
    /// The patient: the pseudonym in the log (`sb_` and 32 digits), or system and number as urn:oid:1.2.3|12345; `-` reads
    /// system and number from standard input, where nobody else sees them.
    #[arg(long, value_name = "SUBJECT or SYSTEM|NUMBER")]
    pub(crate) patient: String,
    /// The folder of the log; that of the configuration where absent.
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
    /// From this time on, for example 2020-11-25; a patient may ask for six years back.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Before this time.
    #[arg(long)]
    pub(crate) until: Option<String>,
    /// Leave out what need not be accounted for: treatment, payment and operations under an agreement, limited data sets, and
    /// what is de-identified.
    #[arg(long)]
    pub(crate) required: bool,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Groups {
    /// The AI system's id; all where absent.
    #[arg(long)]
    pub(crate) system: Option<String>,
    /// Exchanges that ended from this time on, for example 2026-11-22.
    #[arg(long)]
    pub(crate) since: Option<String>,
    /// Before this time.
    #[arg(long)]
    pub(crate) until: Option<String>,
    /// One JSON object.
    #[arg(long, conflicts_with_all = ["markdown", "csv"])]
    pub(crate) json: bool,
    /// A table in Markdown.
    #[arg(long, conflicts_with = "csv")]
    pub(crate) markdown: bool,
    /// The cells as comma-separated values; what was counted goes to standard error.
    #[arg(long)]
    pub(crate) csv: bool,
}

#[derive(Args)]
pub(crate) struct Prune {
    /// Let go of entries from before this day, for example 2020-11-25, in whole segments of 256.
    #[arg(long, value_name = "DAY", required_unless_present = "shredded")]
    pub(crate) before: Option<String>,
    /// Let go of what was kept of persons whose keys were shredded: nobody can read it any more. The entries stay.
    #[arg(long, conflicts_with_all = ["before", "command_line"])]
    pub(crate) shredded: bool,
    /// Only say what would go.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The log of the command line, instead of the gateway's.
    #[arg(long)]
    pub(crate) command_line: bool,
}

#[derive(Args)]
pub(crate) struct Cosign {
    /// The folder of the log; that of the configuration where absent.
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
    /// The witnesses, with their addresses (C2SP tlog-policy).
    #[arg(long)]
    pub(crate) policy: PathBuf,
    /// Ask once and end. Exit code 0 if what is kept for the newest checkpoint then reaches the quorum, 1 if not.
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Args)]
pub(crate) struct Witness {
    /// The witness's folder: its key, and its memory. Do not restore it from an old backup: retire the witness instead.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Its name, for good: an address without scheme that you control, such as witness.example.org/w1.
    #[arg(long)]
    pub(crate) name: String,
    /// A log that it knows, by its public keys: a file like `log.vkey`, or a key itself. May be given several times.
    #[arg(long = "log", required = true, value_name = "KEY")]
    pub(crate) logs: Vec<String>,
    /// Where it listens. What is sent is a log's name, size and root with signatures, and nothing that identifies anybody.
    #[arg(long, default_value = "127.0.0.1:8644")]
    pub(crate) listen: SocketAddr,
}

#[derive(Args)]
pub(crate) struct OpenKept {
    /// The exchange: `ex_` and 32 digits.
    pub(crate) exchange: ExchangeId,
    /// The purpose of use, a code of HL7: TREAT, ETREAT, HPAYMT, HOPERAT, HRESCH, PUBHLTH, PATRQT.
    #[arg(long)]
    pub(crate) purpose: PurposeOfUse,
    /// Why it may be done, for the log: a ticket, a rule. Name no person.
    #[arg(long)]
    pub(crate) basis: String,
    /// The environment variable that holds the API key of a second person.
    #[arg(long, value_name = "NAME")]
    pub(crate) second_person_key_env: Option<String>,
}
