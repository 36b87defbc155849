//! The database: a file of SQLite or a PostgreSQL server, opened in one way.
//!
//! A [`Database`] loses nothing that was acknowledged. A file has a write-ahead log and `synchronous=FULL`, set and read back; a
//! server has to answer that `synchronous_commit`, `fsync` and `full_page_writes` are on. A [`Connection`] takes the SQL that
//! both share, so that row modules are written once. A [`GroupCommit`] is its only writer: it gathers what many tasks want to store into one transaction with one
//! sync, and stops for good when a commit fails. [`files`] holds keys and other small secrets that only their owner may
//! read. Errors name the file and the next step, never what was stored.

mod checkpoint;
mod connection;
mod copy;
mod database;
mod error;
pub mod files;
mod group;
mod place;
mod postgres;
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
pub use postgres::{Found, PgFault, Server, ServerError, ServerSettings};
pub use rusqlite;
pub use session::Session;
pub use value::{FromValue, Row, Value};
pub use writer::Batch;
