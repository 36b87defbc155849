//! The embedded database: SQLite, opened in one way.
//!
//! A [`Database`] is one file that loses nothing that was acknowledged: write-ahead log, `synchronous=FULL`, set and read
//! back. A [`GroupCommit`] is its only writer: it gathers what many tasks want to store into one transaction with one
//! sync, and stops for good when a commit fails. [`files`] holds keys and other small secrets that only their owner may
//! read. Errors name the file and the next step, never what was stored.

mod checkpoint;
mod connection;
mod database;
mod error;
pub mod files;
mod group;
mod place;
mod readers;
mod room;
mod session;
mod sqlite;
mod value;
mod writer;

pub use connection::Connection;
pub use database::Database;
pub use error::{Cause, DbError, Error};
pub use group::{GroupCommit, GroupStats, NotStored};
pub use place::{Place, Schema};
pub use rusqlite;
pub use session::Session;
pub use value::{FromValue, Row, Value};
pub use writer::Batch;
