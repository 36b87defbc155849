//! Arguments of `asepsis user` and `asepsis device`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Args)]
pub(crate) struct User {
    /// Answer as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) action: UserAction,
}

#[derive(Subcommand)]
pub(crate) enum UserAction {
    /// Make a local user. The set-up code is shown once; with it the user chooses a password and a second factor at the console.
    Add {
        /// The user's name.
        name: String,
        /// The role, one of the configuration.
        #[arg(long)]
        role: String,
        /// Why, for the log: a ticket, a decision. Name no patient.
        #[arg(long)]
        basis: Option<String>,
    },
    /// List the local users: their roles, and how far they are set up.
    List,
    /// Give a user another role. Sessions end, and API keys of the user in other roles are revoked.
    SetRole {
        /// The user's name.
        name: String,
        /// The role, one of the configuration.
        #[arg(long)]
        role: String,
        /// Why, for the log.
        #[arg(long)]
        basis: Option<String>,
    },
    /// Let a user do nothing any more, with any credential. Sessions end within a second.
    Disable {
        /// The user's name.
        name: String,
        /// Why, for the log.
        #[arg(long)]
        basis: Option<String>,
    },
    /// Let a user in again.
    Enable {
        /// The user's name.
        name: String,
        /// Why, for the log.
        #[arg(long)]
        basis: Option<String>,
    },
    /// Take a user's password, codes and passkeys away, and give a new set-up code. Sessions end, and a lock is lifted.
    Reset {
        /// The user's name.
        name: String,
        /// Why, for the log.
        #[arg(long)]
        basis: Option<String>,
    },
}

#[derive(Args)]
pub(crate) struct Device {
    /// Answer as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) action: DeviceAction,
}

#[derive(Subcommand)]
pub(crate) enum DeviceAction {
    /// Register a device that the organisation looks after. Without a certificate it gets a key, which is shown once.
    Add {
        /// A short stable id: `frontdesk-2`.
        id: String,
        /// What people call it.
        #[arg(long)]
        name: String,
        /// The only user that it may be used by.
        #[arg(long)]
        user: Option<String>,
        /// The device's own client certificate, PEM, in place of a key.
        #[arg(long, value_name = "FILE")]
        certificate: Option<PathBuf>,
        /// Why, for the log.
        #[arg(long)]
        basis: Option<String>,
    },
    /// List the devices.
    List,
    /// Let a device count no more: it was lost, sold, or is not looked after.
    Revoke {
        /// Its id.
        id: String,
        /// Why, for the log.
        #[arg(long)]
        basis: Option<String>,
    },
}
