//! `asepsis keys` and `asepsis vault`.

use std::path::PathBuf;

use asepsis_vocab::{PurposeOfUse, SubjectId};
use clap::{Args, Subcommand};

#[derive(Args)]
pub(crate) struct KeysCommand {
    /// The data directory of `asepsis deid`; that of the configuration where absent.
    #[arg(long, global = true)]
    pub(crate) data: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) action: KeysAction,
}

#[derive(Subcommand)]
pub(crate) enum KeysAction {
    /// Show the epochs, what stands under each, and where its key is sealed.
    Status,
    /// Make a new epoch and wrap all keys anew under it. Nothing that was sealed is read or written.
    Rotate {
        /// Make no new epoch; go on with a rotation that was interrupted.
        #[arg(long)]
        finish: bool,
    },
    /// Destroy the key of an old epoch, so that older backups cannot be opened any more. Stop the gateway before.
    DestroyEpoch {
        /// The number of the epoch.
        epoch: u32,
        /// Why it may be done, for the log: a ticket, a rule. Name no person.
        #[arg(long)]
        basis: String,
    },
    /// Delete the key of a person and the link to the pseudonym: what was sealed under it is erased.
    Shred {
        /// System and number, as urn:oid:1.2.3|12345; `-` reads them from standard input, where nobody else sees them.
        #[arg(long, value_name = "SYSTEM|NUMBER")]
        patient: Option<String>,
        /// The pseudonym, as it stands in the log.
        #[arg(long, conflicts_with = "patient")]
        subject: Option<SubjectId>,
        /// After a restore: shred again what `asepsis keys shredded` listed.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["patient", "subject"])]
        list: Option<PathBuf>,
        /// After a restore: shred again what the logs say was shredded.
        #[arg(long, conflicts_with_all = ["patient", "subject", "list"])]
        from_log: bool,
        /// Why it may be done, for the log: the legal basis, a ticket. Name no person.
        #[arg(long)]
        basis: Option<String>,
    },
    /// List what was shredded, to be kept beside the backups.
    Shredded,
}

#[derive(Args)]
pub(crate) struct VaultCommand {
    /// The data directory of `asepsis deid`; that of the configuration, with its conversations, where absent.
    #[arg(long, global = true)]
    pub(crate) data: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) action: VaultAction,
}

#[derive(Subcommand)]
pub(crate) enum VaultAction {
    /// Show what surrogates stand for. The log has it before it is shown.
    Reveal(RevealArgs),
}

#[derive(Args)]
pub(crate) struct RevealArgs {
    /// The surrogates, as [NAME_...].
    #[arg(required = true)]
    pub(crate) surrogates: Vec<String>,
    /// The purpose of use, a code of HL7: TREAT, ETREAT, HPAYMT, HOPERAT, HRESCH, PUBHLTH, PATRQT.
    #[arg(long)]
    pub(crate) purpose: PurposeOfUse,
    /// Why it may be done, for the log: a ticket, a rule. Name no person.
    #[arg(long)]
    pub(crate) basis: String,
    /// The scope of a run of `deid`, needed for realistic surrogates.
    #[arg(long)]
    pub(crate) scope: Option<String>,
    /// The environment variable that holds the API key of a second person.
    #[arg(long, value_name = "NAME")]
    pub(crate) second_person_key_env: Option<String>,
}
