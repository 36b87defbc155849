//! The registers, in a file and on a server.
#![allow(clippy::duplicate_mod, reason = "the same tests run over files and on a server")]

#[path = "../../../tests/support/backend.rs"]
mod backend;
#[path = "../../../tests/support/postgres.rs"]
mod postgres;

#[path = "both"]
mod files {
    const ON_SERVER: bool = false;
    mod held;
    mod records;
    mod store;
}

#[path = "both"]
mod server {
    const ON_SERVER: bool = true;
    mod held;
    mod records;
    mod store;
}
