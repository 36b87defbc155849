//! The command line.

mod assess;
mod audit;
mod backup;
mod conduct;
mod evidence;
mod gate;
mod guard;
mod key;
mod keys;
mod people;
mod policy;
mod register;

use std::net::SocketAddr;
use std::path::PathBuf;

use asepsis_export::Format;
use asepsis_phi::{Language, Profile};
use asepsis_vocab::{DisclosureForm, ExchangeId, IdentifierClass, SubjectId};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use assess::*;
pub(crate) use audit::*;
pub(crate) use backup::{Backup, BackupAction, BackupSource, BackupWatch, CanaryAction};
pub(crate) use conduct::{
    ConcernAction, ConcernCommand, EmergencyAction, EmergencyCommand, ReleaseAction, ReleaseCommand, RulesAction,
    RulesCommand, Training, TrainingAction,
};
pub(crate) use evidence::{Evidence, EvidenceAction, EvidenceAdd};
pub(crate) use gate::Gate;
pub(crate) use guard::{Guard, GuardAction, GuardCalibrate, GuardPacks, GuardReplay, GuardScan};
pub(crate) use key::{Key, KeyAction};
pub(crate) use keys::{KeysAction, KeysCommand, RevealArgs, VaultAction, VaultCommand};
pub(crate) use people::{Device, DeviceAction, User, UserAction};
pub(crate) use policy::{Diff, Explain, Policy, PolicyAction, Simulate, Statement};
pub(crate) use register::{
    Assignments, Entries, EntryAction, RegisterAction, RegisterCommand, RegisterFormat, StopAction, StopCommand,
    Stopping, SystemAction, Systems, TemplateAction, VendorAction, Vendors,
};

/// The security plane between a healthcare organisation and the AI it uses.
#[derive(Parser)]
#[command(version, about, max_term_width = 110)]
pub(crate) struct Arguments {
    /// The configuration file.
    #[arg(long, short, global = true, default_value = "asepsis.toml", env = "ASEPSIS_CONFIG")]
    pub(crate) config: PathBuf,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// See a real chat request go the whole way, with a stand-in AI vendor. Needs nothing.
    Demo(Demo),
    /// Write a configuration to start from, and the first key.
    Init(Init),
    /// Run the gateway.
    Serve,
    /// Explain the configuration: what may go where, in which form, and what is missing.
    Check,
    /// Make, list and revoke API keys of users.
    Key(Key),
    /// Make, list, reset and disable local users, who sign in to the console.
    User(User),
    /// Courses for people, and who passed them.
    Training(Training),
    /// The usage policy that people accept.
    Rules(RulesCommand),
    /// Emergencies that users declared: declare, list, review.
    Emergency(EmergencyCommand),
    /// Concerns about exchanges: report, list, show, answer.
    Concern(ConcernCommand),
    /// What AI systems want to do and a person has to release: list, show, approve, refuse.
    Release(ReleaseCommand),
    /// Register, list and revoke devices that the organisation looks after.
    Device(Device),
    /// The keys that guard the vault and the log: their state, rotation, erasure.
    Keys(KeysCommand),
    /// Look at the practice as it stands: what is missing, and what to do.
    Doctor,
    /// Make backups, check them, and prove that they can be used; look after the backups of other systems.
    Backup(Backup),
    /// Move the databases between files and a PostgreSQL server.
    Store(StoreCommand),
    /// Show what single surrogates stand for. Always recorded.
    Vault(VaultCommand),
    /// Ask, check, prove, simulate and apply the policies.
    Policy(Policy),
    /// Write what patients read of how the practice uses AI, from the registers and policies that decide.
    Statement(Statement),
    /// Vendors: what is known of them.
    Vendor(Vendors),
    /// AI systems: what is known of them, and how they are reached. A running gateway serves them within a second.
    System(Systems),
    /// Agreements with vendors: BAA, DUA, QSOA, DPA, SCC.
    Agreement(Entries),
    /// Export and import vendors, AI systems and agreements; list their fields and facts.
    Register(RegisterCommand),
    /// The kill switch of AI systems, vendors, models and tools, also within answers that go on.
    Stop(StopCommand),
    /// Assess an AI system or vendor: gates, coverage, confidence, the five questions of HIPAA; state facts, and approve.
    Assess(Assess),
    /// Keep the documents that facts rest on, sealed.
    Evidence(Evidence),
    /// Read model cards of the Coalition for Health AI.
    Card(Card),
    /// Read the answers of questionnaires.
    Caiq(Caiq),
    /// Look at an AI system's door from outside, and compare with what is claimed: TLS, certificate, HSTS. Exit code 1 where a claim
    /// is contradicted.
    Probe(Probe),
    /// Verify, search, show and export the audit log.
    Audit(Audit),
    /// Be a witness of logs at another site: cosign what goes on, refuse what goes back (C2SP tlog-witness).
    Witness(Witness),
    /// List what was refused because no registered AI system serves it.
    Unlisted,
    /// Find identifiers in files, folders or standard input.
    Scan(Scan),
    /// Replace identifiers in files, folders or standard input by surrogates.
    Deid(Deid),
    /// Turn surrogates back.
    Reid(Reid),
    /// Find what is hostile in texts and documents; look after the packs of signatures.
    Guard(Guard),
    /// Test your own application's AI endpoint for leaks, obedience to strangers and harm. Exit code 0 passed, 1 a case failed, 2 wrong use,
    /// 3 the endpoint cannot be reached or broke.
    Gate(Gate),
    /// Teach the detection what is special about this site: its own notes, its own numbers.
    Phi(Phi),
    /// Answer Presidio's REST calls, so that LiteLLM's and others' Presidio hooks work by changing a URL.
    Presidio(Presidio),
    /// Run the stand-in AI vendor by itself, for trying out and for tests.
    Standin(Standin),
}

impl Command {
    /// Whether keys, or what surrogates stand for, come into this process.
    pub(crate) fn holds_secrets(&self) -> bool {
        matches!(
            self,
            Self::Serve
                | Self::Deid(_)
                | Self::Reid(_)
                | Self::Keys(_)
                | Self::Vault(_)
                | Self::Store(_)
                | Self::User(_)
                | Self::Evidence(_)
                | Self::Gate(_)
                | Self::Guard(Guard {
                    action: GuardAction::Replay(_) | GuardAction::Sign { .. } | GuardAction::Key { .. }
                })
        )
    }
}

#[derive(Args)]
pub(crate) struct Demo {
    /// End after the show, instead of staying up to be tried out.
    #[arg(long)]
    pub(crate) once: bool,
    /// Show the texts whole.
    #[arg(long)]
    pub(crate) full: bool,
    /// Show realistic surrogates instead of placeholders.
    #[arg(long)]
    pub(crate) realistic: bool,
    /// Show the five uses of AI in care (documentation, administration, imaging, messages to patients, reports) in place of a visit.
    #[arg(long)]
    pub(crate) uses: bool,
    /// Where the gateway listens.
    #[arg(long, default_value = "127.0.0.1:8642")]
    pub(crate) listen: SocketAddr,
}

#[derive(Args)]
pub(crate) struct Init {
    /// The folder to write to.
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// What kind of organisation it is: its policies, roles and safe defaults. Without one an example for reading is written.
    #[arg(long, value_enum)]
    pub(crate) profile: Option<SiteProfile>,
    /// Ask nothing: what is not given is the safe default.
    #[arg(long, short, requires = "profile")]
    pub(crate) yes: bool,
    /// The organisation's name.
    #[arg(long, requires = "profile", value_name = "NAME")]
    pub(crate) organisation: Option<String>,
    /// The offset from UTC at whose midnight agreements end: `-05:00`.
    #[arg(long, requires = "profile", value_name = "OFFSET", allow_hyphen_values = true)]
    pub(crate) utc_offset: Option<String>,
    /// The AI vendor to begin with.
    #[arg(long, requires = "profile", value_enum)]
    pub(crate) vendor: Option<FirstVendor>,
    /// The last day of the business associate agreement with it; `none` where there is none.
    #[arg(long, requires = "profile", value_name = "DAY")]
    pub(crate) baa_until: Option<String>,
    /// The environment variable that holds the key for it.
    #[arg(long, requires = "profile", value_name = "NAME")]
    pub(crate) key_env: Option<String>,
}

/// What kind of organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SiteProfile {
    /// A dental practice.
    Dental,
    /// A clinic or group practice.
    Clinic,
    /// A hospital.
    Hospital,
    /// Research.
    Research,
}

/// The AI vendor to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FirstVendor {
    /// The stand-in on this machine, to try everything out.
    StandIn,
    /// The API of OpenAI.
    OpenAi,
    /// The API of Anthropic.
    Anthropic,
    /// A model of your own on this machine that speaks OpenAI's protocol (Ollama, vLLM, llama.cpp).
    Local,
}

#[derive(Args)]
pub(crate) struct StoreCommand {
    #[command(subcommand)]
    pub(crate) action: StoreAction,
}

#[derive(Subcommand)]
pub(crate) enum StoreAction {
    /// Copy the databases from where another configuration has them to where this one does, prove that the logs are the same, and
    /// put the former ones aside. Stop the gateway first.
    Move {
        /// The configuration of before, over the same data directory.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
}

#[derive(Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) action: AuditAction,
}

#[derive(Subcommand)]
pub(crate) enum AuditAction {
    /// Check that nobody changed the log, offline: integrity, completeness, freshness. Exit code 0 sound, 1 not, 2 wrong use.
    Verify(Verify),
    /// Find entries. All that is given must hold.
    Search(Search),
    /// Write entries in a format that others read. How many there were is said on standard error.
    Export(AuditExport),
    /// Show all entries of one exchange.
    Show {
        /// The exchange's id, for example from an error message.
        exchange: ExchangeId,
        /// The folder of the log; that of the configuration where absent.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// Prove that an entry is in the log (C2SP tlog-proof), or that the log only grew, for verifiers that are not Asepsis.
    Prove(Prove),
    /// Let the witnesses of a policy cosign the log's checkpoints, beside the process that writes it.
    Cosign(Cosign),
    /// Publish the log's tiles in an object store or folder, up to the newest checkpoint. Exit code 0 done, 1 what is there is not this
    /// log's or was changed, 2 it could not be done.
    Mirror(MirrorArgs),
    /// Account for the disclosures of a patient's health information: when, to whom, what, what for (45 CFR 164.528).
    Account(Account),
    /// Compare what happened to answers between groups of people, where clients state groups. Exit code 0 no cell differs, 1 one does.
    Groups(Groups),
    /// Show what was kept of an exchange, where `keep` of `record` is `texts`. Always recorded, before anything is shown.
    Open(OpenKept),
    /// Let go of entries whose retention is over, by the policy in the log's folder. Stop the gateway first.
    Prune(Prune),
}

#[derive(Args)]
pub(crate) struct AuditExport {
    /// fhir (R4 AuditEvent, one a line), fhir-bundle, ocsf, atna, cef, csv or jsonl (the exact entries).
    #[arg(long)]
    pub(crate) format: Format,
    /// The folder of the log; that of the configuration where absent.
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
    /// The file to write, which must not be there yet; standard output where absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// From this time on, for example 2026-11-22 or 2026-11-22T08:30.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Before this time.
    #[arg(long)]
    pub(crate) until: Option<String>,
    /// Whose data it was about, by pseudonym: sb_ and 32 hexadecimal digits.
    #[arg(long)]
    pub(crate) subject: Option<SubjectId>,
    /// The AI system's id.
    #[arg(long)]
    pub(crate) system: Option<String>,
}

#[derive(Args)]
pub(crate) struct Scan {
    /// Files and folders; standard input where absent or `-`.
    pub(crate) paths: Vec<PathBuf>,
    /// Standard input holds lines of {"id","text"}; print {"id","spans"} for each, in the same order.
    #[arg(long, conflicts_with_all = ["json", "show", "explain", "report"])]
    pub(crate) jsonl: bool,
    /// Print one JSON object for each file, and one for all of them.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show the text itself with the identifiers marked. Do not keep that output.
    #[arg(long)]
    pub(crate) show: bool,
    /// Say of each finding why it was made, and which paragraph of the law names it; and of what looks like a name and is
    /// none, what it is taken for.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Write a report to look at in a browser. It holds the text, and so what identifies patients.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write the report over a file that is there.
    #[arg(long, requires = "report")]
    pub(crate) force: bool,
    /// How misses weigh against words that are covered for nothing: strict, balanced or utility.
    #[arg(long, default_value = "balanced")]
    pub(crate) profile: Profile,
    /// Whether to use colours; `auto` does on a terminal where NO_COLOR is not set.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) color: Color,
    /// Weights that `asepsis phi train` wrote, in place of the shipped ones of their language.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// A list of what is known of patients: lines of a class, a tab and a value.
    #[arg(long)]
    pub(crate) known: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal.
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Look {
    /// Typed placeholders, [NAME_...].
    Placeholder,
    /// Invented names and numbers. Turning them back needs the scope that is printed.
    Realistic,
}

#[derive(Args)]
pub(crate) struct Deid {
    /// A file or folder; standard input where absent or `-`.
    pub(crate) input: Option<PathBuf>,
    /// The file or folder to write; standard output where absent.
    pub(crate) output: Option<PathBuf>,
    /// Standard input holds lines of {"id","text"}; print the same with the text rewritten, in the same order.
    #[arg(long)]
    pub(crate) jsonl: bool,
    /// The form: limited (dates, town and ZIP code stay), pseudonymised or deidentified.
    #[arg(long, default_value = "pseudonymised")]
    pub(crate) form: DisclosureForm,
    /// How surrogates look.
    #[arg(long, value_enum, default_value = "placeholder")]
    pub(crate) surrogates: Look,
    #[command(flatten)]
    pub(crate) vault: VaultPlace,
    /// How misses weigh against words covered for nothing: strict, balanced or utility.
    #[arg(long, default_value_t)]
    pub(crate) profile: Profile,
    /// Weights that `asepsis phi train` wrote, in place of the shipped ones of their language.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// A name for this run's surrogates: the same name gives the same identifier the same surrogate again.
    #[arg(long)]
    pub(crate) scope: Option<String>,
    /// A list of what is known of patients: lines of a class, a tab and a value.
    #[arg(long)]
    pub(crate) known: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Reid {
    /// A file or folder; standard input where absent or `-`.
    pub(crate) input: Option<PathBuf>,
    /// The file or folder to write; standard output where absent.
    pub(crate) output: Option<PathBuf>,
    /// Standard input holds lines of {"id","text"}; print the same with the text turned back.
    #[arg(long)]
    pub(crate) jsonl: bool,
    #[command(flatten)]
    pub(crate) vault: VaultPlace,
    /// The scope of the run, needed for realistic surrogates.
    #[arg(long)]
    pub(crate) scope: Option<String>,
}

#[derive(Args)]
pub(crate) struct VaultPlace {
    /// The folder that holds the vault and its keys; made where it is not there.
    #[arg(long, default_value = "asepsis-data", env = "ASEPSIS_DATA")]
    pub(crate) data: PathBuf,
}

#[derive(Args)]
pub(crate) struct Phi {
    #[command(subcommand)]
    pub(crate) action: PhiAction,
}

#[derive(Subcommand)]
pub(crate) enum PhiAction {
    /// Go on training from the shipped weights with corrected notes of this site, on this machine.
    Train(PhiTrain),
    /// Make the format of the site's own numbers from examples.
    LearnPattern(PhiLearnPattern),
}

#[derive(Args)]
pub(crate) struct PhiTrain {
    /// Corrected notes: lines of {"id","text","spans":[{"start","end","label"}]}, offsets in Unicode code points, as
    /// `scan --jsonl` writes them. Can be given several times.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) add: Vec<PathBuf>,
    /// The file that the weights are written to. Treat it like the notes: it may hold traces of names.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Write the weights over a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
    /// The weights to go on from; the shipped ones where absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// The language of the notes, en or es; that of --model, or else en, where absent.
    #[arg(long)]
    pub(crate) language: Option<Language>,
    /// The share of the notes that figures before and after are measured on, 0 to 0.9.
    #[arg(long, default_value_t = 0.2, value_parser = share)]
    pub(crate) hold_out: f64,
    /// Do not train on what was held out at the end, so that the figures are those of the very weights that are written.
    #[arg(long)]
    pub(crate) keep_held_out: bool,
    /// The profile that figures are measured in: strict, balanced or utility.
    #[arg(long, default_value_t)]
    pub(crate) profile: Profile,
}

#[derive(Args)]
pub(crate) struct PhiLearnPattern {
    /// What such a number is, for example MRN.
    #[arg(long)]
    pub(crate) class: IdentifierClass,
    /// Numbers in the site's format. They are seen by whoever may list processes: made-up ones do as well.
    #[arg(required_unless_present = "examples")]
    pub(crate) example: Vec<String>,
    /// A file with an example a line.
    #[arg(long, value_name = "FILE", conflicts_with = "example")]
    pub(crate) examples: Option<PathBuf>,
}

fn share(text: &str) -> Result<f64, &'static str> {
    text.parse().ok().filter(|s| (0.0..=0.9).contains(s)).ok_or("a share is between 0 and 0.9, for example 0.2")
}

#[derive(Args)]
pub(crate) struct Presidio {
    /// Where it listens. Beyond this machine it needs `--allow-remote` and a token.
    #[arg(long, default_value = "127.0.0.1:5002")]
    pub(crate) listen: SocketAddr,
    /// Listen beyond this machine. What is sent is not encrypted: put a proxy that speaks TLS in front, or use a network that
    /// nobody else reads.
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// The environment variable that holds the token that clients have to bring.
    #[arg(long, value_name = "NAME", default_value = "ASEPSIS_PRESIDIO_TOKEN")]
    pub(crate) token_env: String,
    /// The languages that requests may name.
    #[arg(long, value_delimiter = ',', default_value = "en")]
    pub(crate) languages: Vec<String>,
    /// How misses weigh against words that are covered for nothing: strict, balanced or utility.
    #[arg(long, default_value = "balanced")]
    pub(crate) profile: Profile,
    /// A list of what is known of patients: lines of a class, a tab and a value.
    #[arg(long)]
    pub(crate) known: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Standin {
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:8643")]
    pub(crate) listen: SocketAddr,
}
