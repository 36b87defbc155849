//! What `asepsis vendor`, `system`, `agreement`, `register` and `stop` are asked.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Agreements.
#[derive(Args)]
pub(crate) struct Entries {
    #[command(subcommand)]
    pub(crate) action: EntryAction,
}

#[derive(Subcommand)]
pub(crate) enum EntryAction {
    /// Add one.
    Add(Assignments),
    /// Change fields of one.
    Set(Assignments),
    /// Show one with all that is known, and where it stands now.
    Show {
        /// Its id.
        id: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// List them, those of the configuration as well.
    List {
        /// As JSON, one a line.
        #[arg(long)]
        json: bool,
    },
    /// Remove one. Its history stays.
    Remove {
        /// Its id.
        id: String,
        /// Why, for the log: one line without a name of a person.
        #[arg(long)]
        basis: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show every version that one ever had.
    History {
        /// Its id.
        id: String,
        /// As JSON, one a line.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct Assignments {
    /// Its id.
    pub(crate) id: String,
    /// NAME=VALUE: a list has commas, a fact may have its evidence behind it: 'retention_days=0;grade=B;source=BAA
    /// 4.2;expires=2026-12-31'. Nothing behind the sign takes the field away. `asepsis register fields` lists the names.
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) fields: Vec<String>,
    /// Why, for the log: one line without a name of a person.
    #[arg(long)]
    pub(crate) basis: String,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Vendors.
#[derive(Args)]
pub(crate) struct Vendors {
    #[command(subcommand)]
    pub(crate) action: VendorAction,
}

#[derive(Subcommand)]
pub(crate) enum VendorAction {
    #[command(flatten)]
    Entry(EntryAction),
    /// Dossiers to start an assessment from: what such a product usually is, all of it without evidence.
    Template(TemplateCommand),
}

#[derive(Args)]
pub(crate) struct TemplateCommand {
    #[command(subcommand)]
    pub(crate) action: TemplateAction,
}

#[derive(Subcommand)]
pub(crate) enum TemplateAction {
    /// List them.
    List {
        /// As JSON, one a line.
        #[arg(long)]
        json: bool,
    },
    /// Show one.
    Show {
        /// Its name.
        name: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Enter what one says of an AI system, where nothing is known: grade U, so that it counts for nothing before somebody fills it.
    Apply {
        /// Its name.
        name: String,
        /// The AI system.
        system: String,
        /// Why, for the log: one line without a name of a person.
        #[arg(long)]
        basis: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// AI systems.
#[derive(Args)]
pub(crate) struct Systems {
    #[command(subcommand)]
    pub(crate) action: SystemAction,
}

#[derive(Subcommand)]
pub(crate) enum SystemAction {
    #[command(flatten)]
    Entry(EntryAction),
    /// Approve one. The approval rests on facts, and lapses when one of them is not known any more. Exit code 3 where one is not
    /// known now.
    Approve {
        /// Its id.
        id: String,
        /// The facts that it rests on.
        #[arg(long, value_delimiter = ',', default_value = "access,encryption,logging,contract,storage")]
        rests_on: Vec<String>,
        /// One of these on which it does not rest, as an exception that the basis states. Can be given several times.
        #[arg(long, value_name = "FACT")]
        without: Vec<String>,
        /// The last day on which it counts, like 2026-12-31.
        #[arg(long, value_name = "DAY")]
        expires: Option<String>,
        /// Why, for the log: one line without a name of a person.
        #[arg(long)]
        basis: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take the approval away for the time being. Requests are refused from the next on; `asepsis stop` ends those that go on.
    Suspend {
        /// Its id.
        id: String,
        /// Why, for the log: one line without a name of a person.
        #[arg(long)]
        basis: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// All of vendors, systems and agreements.
#[derive(Args)]
pub(crate) struct RegisterCommand {
    #[command(subcommand)]
    pub(crate) action: RegisterAction,
}

#[derive(Subcommand)]
pub(crate) enum RegisterAction {
    /// Write the vendors, AI systems and agreements of the store.
    Export {
        /// The format.
        #[arg(long)]
        format: RegisterFormat,
        /// The file to write, which must not be there yet; standard output where absent.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Add or replace vendors, AI systems and agreements from a file: all of it or, where anything is wrong, nothing. Exit code 1
    /// where something is.
    Import {
        /// The file.
        file: PathBuf,
        /// The format; that of the file's name where absent.
        #[arg(long)]
        format: Option<RegisterFormat>,
        /// Only say what is wrong and what would change.
        #[arg(long)]
        dry_run: bool,
        /// Why, for the log: one line without a name of a person.
        #[arg(long)]
        basis: String,
        /// As JSON, one problem a line and a line of counts.
        #[arg(long)]
        json: bool,
    },
    /// List the fields of each register, and what they hold.
    Fields {
        /// One register only: vendor, system or agreement.
        register: Option<String>,
        /// As JSON, one a line.
        #[arg(long)]
        json: bool,
    },
    /// List the facts that are kept, of what, and what they hold.
    Facts {
        /// As JSON, one a line.
        #[arg(long)]
        json: bool,
    },
}

/// How entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RegisterFormat {
    /// Tables as the configuration has them.
    Toml,
    /// A line an entry, with a column a field.
    Csv,
    /// An array of objects.
    Json,
}

/// The kill switch.
#[derive(Args)]
pub(crate) struct StopCommand {
    #[command(subcommand)]
    pub(crate) action: StopAction,
}

#[derive(Subcommand)]
pub(crate) enum StopAction {
    /// Switch an AI system off, also one of the configuration.
    System(Stopping),
    /// Switch a vendor off, with all of its systems.
    Vendor(Stopping),
    /// Switch a model off, by the name that requests give it; one that ends in * stands for all that begin so.
    Model(Stopping),
    /// Switch a tool off, by the name that requests offer it under; one that ends in * stands for all that begin so.
    Tool(Stopping),
    /// List what is switched off.
    List {
        /// As JSON, one a line.
        #[arg(long)]
        json: bool,
    },
    /// Switch something on again.
    Lift {
        /// What it is: system, vendor, model or tool.
        of: String,
        #[command(flatten)]
        stopping: Stopping,
    },
}

#[derive(Args)]
pub(crate) struct Stopping {
    /// Its id or name.
    pub(crate) id: String,
    /// Why, for the log: one line without a name of a person.
    #[arg(long)]
    pub(crate) basis: String,
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
