//! Checking a log offline: every entry is hashed, every tile and bundle compared, the checkpoint's signature checked.
//!
//! *Integrity* is whether what is there is what was signed: the [`findings`](Report::findings). *Completeness* is whether
//! every exchange that was about to leave has an end: [`unfinished`](Report::unfinished). They are told apart, because an
//! interrupted exchange is no forgery. Without a [`pin`](VerifyOptions::pin) from elsewhere, a directory that was rolled back
//! as a whole, or rewritten by who holds the key, cannot be told from an honest one.

mod report;
mod walk;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use asepsis_db::Database;
use signed_note::StandardVerifier;

pub use report::{Fault, KeySource, Place, Report};

use crate::layout::{self, TILE};
use crate::note::{Parsed, hex};
use crate::tree::widths;
use crate::{LogError, NoteFault, entries};
use walk::Walk;

/// What the log is checked against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyOptions {
    /// The public key, `<origin>+<id>+<base64>`. Where absent, the copy in the log's own directory is used, which an
    /// intruder may have replaced.
    pub vkey: Option<String>,
    /// An older checkpoint of this log that was kept elsewhere: the whole text of the signed note.
    pub pin: Option<String>,
}

/// Checks the log in `dir`, which another process may be writing. Memory is bounded, whatever the length of the log.
///
/// # Errors
/// [`LogError::Db`] if there is no database that can be read at all. All else is in the report.
pub async fn verify(dir: &Path, options: VerifyOptions) -> Result<Report, LogError> {
    let mut report = Report::default();
    let (checkpoint, edge) = snapshot(dir);
    let verifier = verifier(dir, &options, &mut report);
    let signed = checked(layout::CHECKPOINT, checkpoint.as_deref(), verifier.as_ref(), &mut report);
    let pin = options.pin.as_deref().map(str::as_bytes);
    let pinned = pin.and_then(|text| checked("pin", Some(text), verifier.as_ref(), &mut report));

    let layout = u32::try_from(entries::SCHEMA.len()).unwrap_or(u32::MAX);
    let db = Database::open_read_only(&layout::under(dir, layout::DATABASE), layout).await?;
    let size = signed.as_ref().map_or(0, |signed| signed.size);
    let pin_size = pinned.as_ref().map(|pinned| pinned.size);
    let mut walk = Walk::new(dir, size, edge, pin_size, &mut report);
    walk.run(&db).await?;
    let (root, pin_root) = walk.finish();
    db.close().await;

    report.size = size;
    if let Some(signed) = &signed {
        report.root = Some(hex(&signed.root));
        if report.entries < size {
            report.add(
                Place::Entry(report.entries),
                format!("the log shrank: the checkpoint covers {size} entries, {} are stored", report.entries),
                "restore the database from a backup",
            );
        } else if root != Some(signed.root) {
            report.add(
                Place::Field(layout::CHECKPOINT.to_owned(), "root"),
                format!("the first {size} entries do not give the signed root"),
                "restore the database from a backup; the first entry that is named here is where to look",
            );
        }
    }
    if let Some(pinned) = pinned {
        if pinned.size > size {
            report.add(
                Place::Field("pin".to_owned(), "size"),
                format!("the log shrank {} -> {size}", pinned.size),
                "entries that existed when the pin was taken are gone: restore a newer backup and find out who had access",
            );
        } else if pin_root != Some(pinned.root) {
            report.add(
                Place::Field("pin".to_owned(), "root"),
                format!("the first {} entries are not those that were pinned: history was rewritten", pinned.size),
                "restore a backup from the time of the pin and find out who had access to the log's key",
            );
        }
    }
    Ok(report)
}

/// The key to check signatures with.
fn verifier(dir: &Path, options: &VerifyOptions, report: &mut Report) -> Option<StandardVerifier> {
    let (text, place) = match &options.vkey {
        Some(vkey) => {
            report.key_source = KeySource::Given;
            (Some(vkey.clone()), "verifier key")
        }
        None => (fs::read_to_string(layout::under(dir, layout::PUBLIC_KEY)).ok(), layout::PUBLIC_KEY),
    };
    let verifier = text.and_then(|text| StandardVerifier::new(text.trim()).ok());
    if verifier.is_none() {
        report.add(
            Place::File(place.to_owned()),
            NoteFault::BadVerifierKey.to_string(),
            "pass the public key that was printed when the log was made",
        );
    }
    verifier
}

/// A checkpoint or pin, with what is wrong with it reported. A size and root whose signature is wrong are still compared.
fn checked(
    name: &str,
    text: Option<&[u8]>,
    verifier: Option<&StandardVerifier>,
    report: &mut Report,
) -> Option<Parsed> {
    let place = |field| Place::Field(name.to_owned(), field);
    let Some(text) = text else {
        report.add(Place::File(name.to_owned()), "it is missing".to_owned(), "open the log once, or restore the file");
        return None;
    };
    let parsed = match Parsed::new(text) {
        Ok(parsed) => parsed,
        Err(fault) => {
            report.add(place("text"), fault.to_string(), "restore the file from a backup");
            return None;
        }
    };
    if let Some(Err(fault)) = verifier.map(|verifier| parsed.check(verifier)) {
        let field = if fault == NoteFault::OtherOrigin { "origin" } else { "signature" };
        report.add(
            place(field),
            fault.to_string(),
            "restore the file from a backup; check which key belongs to this log",
        );
    }
    Some(parsed)
}

/// Unfinished tiles and bundles, by name.
pub(crate) type Edge = BTreeMap<String, Vec<u8>>;

/// The checkpoint with the partial tiles that belong to it: a writer replaces them every second.
fn snapshot(dir: &Path) -> (Option<Vec<u8>>, Edge) {
    let read = || fs::read(layout::under(dir, layout::CHECKPOINT)).ok();
    let mut checkpoint = read();
    let mut edge = Edge::new();
    for _ in 0..5 {
        edge.clear();
        let size = checkpoint.as_deref().and_then(|text| Some(Parsed::new(text).ok()?.size)).unwrap_or(0);
        let mut number = size;
        let mut names = Vec::new();
        for (level, width) in widths(size).enumerate() {
            number /= TILE;
            names.extend((width > 0).then(|| layout::tile(level, number, width)));
        }
        names.extend((!size.is_multiple_of(TILE)).then(|| layout::bundle(size / TILE, size % TILE)));
        for name in names {
            if let Ok(content) = fs::read(layout::under(dir, &name)) {
                edge.insert(name, content);
            }
        }
        let now = read();
        if now == checkpoint {
            break;
        }
        checkpoint = now;
    }
    (checkpoint, edge)
}
