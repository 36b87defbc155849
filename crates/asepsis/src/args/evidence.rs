//! What `asepsis evidence` is asked.

use std::path::PathBuf;

use asepsis_govern::EvidenceKind;
use clap::{Args, Subcommand};
use time::Date;

use super::assess::day;

#[derive(Args)]
pub(crate) struct Evidence {
    #[command(subcommand)]
    pub(crate) action: EvidenceAction,
}

#[derive(Subcommand)]
pub(crate) enum EvidenceAction {
    /// Keep a document, sealed, with what it is about and until when it is good.
    Add(EvidenceAdd),
    /// List the documents. Exit code 1 where one is over.
    List {
        /// Of this vendor only.
        #[arg(long)]
        vendor: Option<String>,
        /// Print one JSON object a document.
        #[arg(long)]
        json: bool,
    },
    /// Show what is known of a document, and which facts rest on it.
    Show {
        /// Its id.
        id: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Give a document out. Always recorded, before anything is given out.
    Export {
        /// Its id.
        id: String,
        /// The file to write, which must not be there; standard output where absent.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Why, for the log: one line without a name of a person.
        #[arg(long)]
        basis: String,
    },
    /// Remove a document. What rests on it counts as unknown from then on. Copies in older backups stay.
    Remove {
        /// Its id.
        id: String,
        /// Why, for the log: one line without a name of a person.
        #[arg(long)]
        basis: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct EvidenceAdd {
    /// The document; `-` reads standard input.
    pub(crate) file: PathBuf,
    /// A short stable id to name it by, as acme-soc2-2026.
    #[arg(long)]
    pub(crate) id: String,
    /// The vendor that it is about.
    #[arg(long)]
    pub(crate) vendor: String,
    /// The AI systems that it covers; all of the vendor's where absent.
    #[arg(long, value_delimiter = ',')]
    pub(crate) systems: Vec<String>,
    /// What kind of document: SOC2-II, SOC2-I, ISO27001, ISO42001, HITRUST-e1, HITRUST-i1, HITRUST-r2, HITRUST-ai1, HITRUST-ai2,
    /// FedRAMP, pen-test, agreement, vendor-document, statement.
    #[arg(long)]
    pub(crate) kind: EvidenceKind,
    /// Who issued it.
    #[arg(long)]
    pub(crate) issuer: String,
    /// The facts that may rest on it; all where absent.
    #[arg(long, value_delimiter = ',')]
    pub(crate) facts: Vec<String>,
    /// The last day on which it may be relied on. Reports and certificates need one.
    #[arg(long, value_parser = day)]
    pub(crate) valid_to: Option<Date>,
    /// Why, for the log: one line without a name of a person.
    #[arg(long)]
    pub(crate) basis: String,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}
