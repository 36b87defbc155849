use std::collections::HashMap;

use crate::StoreError;

/// Different destinations that wait to be stored; the sum of all waits no longer than a second.
const WAITING: usize = 1024;

/// A destination that is on no list and was refused. Times are seconds since 1970 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlisted {
    /// Host, or host and port.
    pub destination: String,
    /// When it was asked for first.
    pub first_seen: i64,
    /// When it was asked for last.
    pub last_seen: i64,
    /// How often.
    pub count: u64,
}

/// Refusals that are not stored yet: one row a destination, however often it is asked for.
#[derive(Default)]
pub(crate) struct Waiting(HashMap<String, Unlisted>);

impl Waiting {
    pub(crate) fn note(&mut self, destination: &str, now: i64) -> Result<(), StoreError> {
        if destination.is_empty() || destination.len() > 255 || !destination.chars().all(is_plain) {
            return Err(StoreError::InvalidDestination);
        }
        if let Some(seen) = self.0.get_mut(destination) {
            seen.first_seen = seen.first_seen.min(now);
            seen.last_seen = seen.last_seen.max(now);
            seen.count += 1;
        } else if self.0.len() < WAITING {
            let destination = destination.to_owned();
            self.0.insert(destination.clone(), Unlisted { destination, first_seen: now, last_seen: now, count: 1 });
        }
        Ok(())
    }

    pub(crate) fn take(&mut self) -> Vec<Unlisted> {
        self.0.drain().map(|(_, seen)| seen).collect()
    }

    /// Puts back what could not be stored.
    pub(crate) fn put_back(&mut self, seen: Vec<Unlisted>) {
        for seen in seen {
            self.0
                .entry(seen.destination.clone())
                .and_modify(|now| {
                    now.first_seen = now.first_seen.min(seen.first_seen);
                    now.count += seen.count;
                })
                .or_insert(seen);
        }
    }
}

fn is_plain(c: char) -> bool {
    !c.is_whitespace() && !c.is_control()
}
