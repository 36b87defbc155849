//! What a log does, with its entries in a file and on a server.
#![allow(clippy::duplicate_mod, reason = "the same tests run over files and on a server")]

mod support;

#[path = "both"]
mod files {
    const ON_SERVER: bool = false;
    mod account;
    mod append;
    mod retention;
    mod sealed;
    mod tamper;
}

#[path = "both"]
mod server {
    const ON_SERVER: bool = true;
    mod account;
    mod append;
    mod retention;
    mod sealed;
    mod tamper;
}
