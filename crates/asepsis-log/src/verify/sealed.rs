//! Payloads against what their entries say of them, and erasure: which key was destroyed by which entry.

use std::collections::BTreeMap;

use asepsis_db::{Database, DbError};
use asepsis_vocab::{Act, ActKind, PayloadRef};

use super::{Place, Report, Shredded};
use crate::payloads::{self, Stored};

const RESTORE: &str = "restore the database from a backup";

/// What is known of payloads on the way along the log.
#[derive(Default)]
pub(crate) struct Sealed {
    /// Payloads around the present entry.
    stored: BTreeMap<u64, Stored>,
    /// Payloads that are not there, by key.
    missing: BTreeMap<String, Missing>,
    /// Keys that were destroyed, and the last entry that says so.
    shredded: BTreeMap<String, u64>,
}

struct Missing {
    first: u64,
    last: u64,
    count: u64,
}

impl Sealed {
    /// Reads what is stored for the entries from `first` to `last`.
    pub(crate) async fn read(&mut self, db: &Database, first: u64, last: u64) -> Result<(), DbError> {
        self.stored = payloads::hashed(db, first, last).await?;
        Ok(())
    }

    /// Compares an entry with what is stored for it.
    pub(crate) fn entry(&mut self, index: u64, named: Option<&PayloadRef>, act: Option<&Act>, report: &mut Report) {
        let place = || Place::EntryField(index, "payload");
        match (named, self.stored.remove(&index)) {
            (Some(named), Some(stored)) => {
                report.payloads += 1;
                if let Some(what) = stored.differs(named) {
                    report.add(place(), what, RESTORE);
                }
            }
            (Some(named), None) => {
                let missing =
                    self.missing.entry(named.key.clone()).or_insert(Missing { first: index, last: index, count: 0 });
                missing.last = index;
                missing.count += 1;
            }
            (None, Some(_)) => {
                report.add(place(), "there is a payload, of which the entry says nothing".to_owned(), RESTORE);
            }
            (None, None) => {}
        }
        if let Some(act) = act.filter(|act| act.kind == ActKind::Shred)
            && let Some(key) = &act.target
        {
            self.shredded.insert(key.clone(), index);
        }
    }

    /// Tells payloads that were shredded from those that are missing.
    pub(crate) async fn finish(self, db: &Database, report: &mut Report) -> Result<(), DbError> {
        for (key, missing) in self.missing {
            match self.shredded.get(&key).filter(|by| **by > missing.last) {
                Some(by) => report.shredded.push(Shredded {
                    by: *by,
                    key,
                    first: missing.first,
                    payloads: missing.count,
                }),
                None => report.add(
                    Place::EntryField(missing.first, "payload"),
                    format!(
                        "{} payloads under key {key} are missing, the first of this entry, and no entry says that the key was \
                         shredded",
                        missing.count
                    ),
                    RESTORE,
                ),
            }
        }
        for key in self.shredded.keys() {
            report.left_sealed += payloads::under(db, key).await?;
        }
        Ok(())
    }
}
