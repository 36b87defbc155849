//! One module a command.

pub(crate) mod audit;
pub(crate) mod audit_export;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod deid;
pub(crate) mod demo;
pub(crate) mod device;
pub(crate) mod doctor;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod keys;
pub(crate) mod phi;
pub(crate) mod policy;
pub(crate) mod presidio;
pub(crate) mod reid;
pub(crate) mod scan;
pub(crate) mod serve;
pub(crate) mod standin;
pub(crate) mod store;
pub(crate) mod unlisted;
pub(crate) mod user;
pub(crate) mod vault;
pub(crate) mod witness;
