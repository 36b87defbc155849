//! A witness of transparency logs, and what a log asks witnesses with: C2SP tlog-witness.
//!
//! A *witness* stands at another site than the log. It remembers, for each log that it knows, the largest tree that it
//! *cosigned*, and cosigns a larger one only when a consistency proof shows that it goes on from there. So nobody who holds a
//! log's key can show two histories, or go back to an older one, without a witness refusing. [`Witness`] decides and remembers,
//! [`Server`] speaks HTTP, [`Client`] asks a witness, and [`Cosigning`] lets a log's checkpoints be cosigned as they come,
//! beside the log and never in its way.
//!
//! What goes over the wire is a log's name, size and root with signatures: nothing of any entry.

mod client;
mod cosigning;
mod error;
mod server;
mod service;
mod state;
mod witness;

pub use client::{Client, Cosigned};
pub use cosigning::{Cosigning, Options, Round};
pub use error::{AskError, WitnessError};
pub use server::Server;
pub use service::Limits;
pub use witness::{Answer, Witness};
