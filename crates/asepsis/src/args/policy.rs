//! What `asepsis policy` is asked.

use std::path::PathBuf;

use asepsis_vocab::{IdentifierClass, Label, PurposeOfUse};
use clap::{Args, Subcommand};

#[derive(Args)]
pub(crate) struct Policy {
    #[command(subcommand)]
    pub(crate) action: PolicyAction,
}

#[derive(Subcommand)]
pub(crate) enum PolicyAction {
    /// Read the policies that the configuration names; say every problem with its file, line and column. Exit code 1 where
    /// they cannot be used.
    Check,
    /// Run the cases that prove each rule. Exit code 1 where one fails.
    Test,
    /// Say which form an exchange would get, by which rule and why, and what would help.
    Explain(Explain),
    /// Take the decisions that the log keeps again, under the policies that the configuration names. Exit code 1 where one
    /// would have gone in another form.
    Simulate(Simulate),
    /// Say what would change, and prove that what must never be allowed is not. Exit code 1 where a proof fails.
    Diff(Diff),
    /// Let the policies that the configuration names decide, also in a gateway that is running.
    Apply {
        /// Why, for the log: one line without a name of a person.
        #[arg(long)]
        basis: String,
    },
    /// Let the version decide that did before.
    Rollback {
        /// Why, for the log: one line without a name of a person.
        #[arg(long)]
        basis: String,
    },
    /// List the versions that were applied.
    Versions,
    /// Write the usage sheet in plain words, from the policies that decide: Markdown, to standard output.
    Sheet {
        /// HTML instead.
        #[arg(long)]
        html: bool,
    },
    /// List the codes of purposes, labels, obligations and refrains.
    Codes {
        /// One table only, for example purpose.
        table: Option<String>,
    },
}

#[derive(Args)]
pub(crate) struct Explain {
    /// The role of the user.
    #[arg(long)]
    pub(crate) role: String,
    /// The AI system.
    #[arg(long)]
    pub(crate) system: String,
    /// The user, where more is known of the person than the role.
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// The purpose of use; that of the system where absent.
    #[arg(long)]
    pub(crate) purpose: Option<PurposeOfUse>,
    /// The classes of identifiers in the text, for example NAME,SSN.
    #[arg(long, value_delimiter = ',')]
    pub(crate) classes: Vec<IdentifierClass>,
    /// What makes the text sensitive, for example PSYTHPN,SUD.
    #[arg(long, value_delimiter = ',')]
    pub(crate) labels: Vec<Label>,
    /// How many individuals the text speaks of.
    #[arg(long, default_value_t = 1)]
    pub(crate) individuals: u32,
    /// The moment, RFC 3339, for example 2027-01-01T00:00:00Z; now where absent.
    #[arg(long)]
    pub(crate) at: Option<String>,
}

#[derive(Args)]
pub(crate) struct Simulate {
    /// This time or later: RFC 3339 in UTC or a beginning of it, as 2026-11-22.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Before this time.
    #[arg(long)]
    pub(crate) until: Option<String>,
    /// The folder of the log; that of the configuration where absent.
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Diff {
    /// Compare with this shipped pack, instead of what decides now.
    #[arg(long)]
    pub(crate) against: Option<String>,
}

#[derive(Args)]
pub(crate) struct Statement {
    /// The language: `en` or `es`.
    #[arg(long, default_value = "en")]
    pub(crate) language: String,
    /// What the practice is called; else `[sign_in] organisation` of the configuration.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// How a person is reached; else `[patients] contact` of the configuration.
    #[arg(long)]
    pub(crate) contact: Option<String>,
}
