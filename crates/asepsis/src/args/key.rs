//! Arguments of `asepsis key`.

use clap::{Args, Subcommand};

#[derive(Args)]
pub(crate) struct Key {
    #[command(subcommand)]
    pub(crate) action: KeyAction,
}

#[derive(Subcommand)]
pub(crate) enum KeyAction {
    /// Make a key. It is shown once and stored nowhere.
    Add {
        /// The user's id.
        #[arg(long)]
        user: String,
        /// The user's role, one of the configuration.
        #[arg(long)]
        role: String,
        /// Days until it expires.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a key in the place of another. Both count for a while, so that a program can be given the new one without a gap.
    Rotate {
        /// The eight characters behind `asep_` of the old key.
        id: String,
        /// Hours for which the old key still counts.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=720))]
        overlap_hours: u32,
        /// Days until the new one expires.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the keys, without their secrets, and say which are unused or end soon. Exit code 1 where a filter finds some.
    List {
        /// Only those that count and were not used for so many days.
        #[arg(long, value_name = "DAYS")]
        unused: Option<u32>,
        /// Only those that count and end within so many days.
        #[arg(long, value_name = "DAYS")]
        expiring: Option<u32>,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key by its id.
    Revoke {
        /// The eight characters behind `asep_`.
        id: String,
        /// Answer as JSON.
        #[arg(long)]
        json: bool,
    },
}
