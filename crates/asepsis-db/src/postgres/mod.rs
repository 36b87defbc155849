//! PostgreSQL: how a server is named, reached and held to the same promise as a file.

mod client;
mod fault;
mod locks;
mod schema;
mod server;
mod tls;
mod values;
mod wait;

pub use fault::PgFault;
pub use server::{Found, Server, ServerError, ServerSettings};

pub(crate) use client::Client;
pub(crate) use schema::{look, make};
pub(crate) use values::Read;
