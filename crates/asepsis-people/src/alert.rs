//! Alerts about access, and how they get into the log.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use asepsis_log::{Log, act_event};
use asepsis_vocab::{Act, ActKind, Actor};

/// The least time between two entries about the same, in seconds: a flood of attempts must not fill the log.
const PAUSE: i64 = 60;
/// Alerts that are counted at the same time; beyond, the counts begin anew.
const MOST: usize = 1024;

/// Something that looks like misuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What happened, in one word: `revoked_key`, `locked_user`, `unregistered_device`, ...
    pub what: &'static str,
    /// What it was tried with, never a secret: `api_key/<id>`, `user/<name>`, `address/<network>`.
    pub about: String,
    /// Who is known to have tried it.
    pub actor: Option<Actor>,
}

/// Writes alerts into the log, each at most once a minute, with how often it happened.
#[derive(Debug, Default)]
pub struct Alerts {
    seen: Mutex<HashMap<(&'static str, String), Seen>>,
}

#[derive(Debug)]
struct Seen {
    written: i64,
    since: u64,
}

impl Alerts {
    /// Notes an alert at `now`, in seconds since 1970 UTC.
    pub async fn raise(&self, log: &Log, interface: &str, alert: Alert, now: i64) {
        self.note(log, interface, ActKind::AccessAlert, alert, now).await;
    }

    /// Notes what is to be in the log as another kind of act, as seldom as an alert.
    pub async fn note(&self, log: &Log, interface: &str, kind: ActKind, alert: Alert, now: i64) {
        let Some(times) = self.due(&alert, now) else { return };
        if kind == ActKind::AccessAlert {
            tracing::warn!(what = alert.what, times, "an alert about access is in the log");
        }
        let figures = std::iter::once(("times".to_owned(), times)).collect();
        let (target, basis) = (Some(alert.about), Some(alert.what.to_owned()));
        let act = Act { kind, target, basis, figures };
        if let Err(error) = log.append(&act_event(act, interface, alert.actor)).await {
            tracing::error!(%error, "an alert could not be recorded");
        }
    }

    /// How often it happened since it was last written, where it is time to write it.
    fn due(&self, alert: &Alert, now: i64) -> Option<u64> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.retain(|_, seen| now - seen.written < PAUSE);
        }
        if seen.len() >= MOST {
            seen.clear();
        }
        let name = (alert.what, alert.about.clone());
        let of_this = seen.entry(name).or_insert(Seen { written: i64::MIN, since: 0 });
        of_this.since += 1;
        if now.saturating_sub(of_this.written) < PAUSE {
            return None;
        }
        of_this.written = now;
        Some(std::mem::take(&mut of_this.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r16_a_flood_becomes_one_entry_a_minute_that_says_how_many_there_were() {
        let alerts = Alerts::default();
        let alert = |about: &str| Alert { what: "revoked_key", about: about.to_owned(), actor: None };
        assert_eq!(alerts.due(&alert("a"), 1000), Some(1));
        for second in 0..59 {
            assert_eq!(alerts.due(&alert("a"), 1000 + second), None);
        }
        assert_eq!(alerts.due(&alert("b"), 1010), Some(1));
        assert_eq!(alerts.due(&alert("a"), 1060), Some(60));
        for n in 0..5000 {
            alerts.due(&alert(&n.to_string()), 1070);
        }
        assert!(alerts.seen.lock().unwrap().len() <= MOST);
    }
}
