//! `asepsis audit`: verifies, searches, shows, proves, accounts for and prunes the log.

mod account;
mod cosign;
mod groups;
mod kept;
mod mirror;
mod prove;
mod prune;
mod search;
mod show;
mod verify;

use std::path::{Path, PathBuf};

use anyhow::Context;
use asepsis_log::LogPlace;

use crate::args::{Audit, AuditAction};
use crate::commands::audit_export;
use crate::config::Config;
use crate::runtime::block_on;

pub(crate) use cosign::beside as cosign_beside;
pub(crate) use mirror::{MirrorMetrics, beside as mirror_beside, standing as mirror_standing};
pub(crate) use show::details;
pub(crate) use verify::lines as report_lines;

pub(crate) fn run(config: &Path, audit: &Audit) -> anyhow::Result<u8> {
    let place = Place { config };
    match &audit.action {
        AuditAction::Verify(asked) => verify::run(&place, asked),
        AuditAction::Search(asked) => search::run(&place, asked),
        AuditAction::Export(asked) => {
            let log = place.log(asked.folder.as_ref())?;
            place.wait(audit_export::run(&log, asked))?
        }
        AuditAction::Show { exchange, folder } => show::run(&place, *exchange, folder.as_ref()),
        AuditAction::Prove(asked) => prove::run(&place, asked),
        AuditAction::Mirror(asked) => mirror::run(&place, asked),
        AuditAction::Cosign(asked) => cosign::run(&place, asked),
        AuditAction::Account(asked) => account::run(&place, asked),
        AuditAction::Groups(asked) => groups::run(&place, asked),
        AuditAction::Open(asked) => kept::run(&place, asked),
        AuditAction::Prune(asked) => prune::run(&place, asked),
    }
}

/// Where the log is.
pub(super) struct Place<'a> {
    config: &'a Path,
}

impl Place<'_> {
    /// The folder that was given, or the one of the gateway's log.
    fn folder(&self, given: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
        match given {
            Some(folder) => Ok(folder.clone()),
            None => Ok(Config::read(self.config)?.data_dir().join("log")),
        }
    }

    /// The log of that folder, with its entries. They are on the configuration's server where the folder holds none.
    fn log(&self, given: Option<&PathBuf>) -> anyhow::Result<LogPlace> {
        let dir = self.folder(given)?;
        let server = match dir.join("entries.db").exists() {
            true => None,
            // A folder that was given is looked at without any configuration, where there is none.
            false if given.is_some() && !self.config.exists() => None,
            false => Config::read(self.config)?.server()?,
        };
        Ok(LogPlace { dir, server })
    }

    /// Runs work on this thread alone.
    fn wait<T>(&self, work: impl Future<Output = T>) -> anyhow::Result<T> {
        block_on(async { Ok(work.await) })
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
