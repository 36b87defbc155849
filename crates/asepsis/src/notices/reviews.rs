//! Emergencies while a gateway runs: a warning when one begins, and an entry when nobody reviewed it in time.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use asepsis_conduct::EMERGENCY;
use asepsis_console::{Declared, emergencies};
use asepsis_exchange::Plane;
use asepsis_log::act_event;
use asepsis_log::search::Query;
use asepsis_store::{Change, Store};
use asepsis_vocab::{Act, ActKind, Phase};
use serde_json::json;
use time::OffsetDateTime;

use super::{EVERY, NOTICE, hashed};

/// How soon it is tried again where something could not be read or written.
const AGAIN: Duration = Duration::from_secs(10);

/// What the record of such a notice is about beside its target.
const REVIEW: &str = "review";

/// Looks at emergencies until the plane is gone.
pub(crate) fn watch(plane: &Arc<Plane>, store: &Store) {
    let (plane, store) = (Arc::downgrade(plane), store.clone());
    tokio::spawn(async move {
        let mut reviews =
            Reviews { plane, store, open: None, looked: -1, said: HashSet::new(), noticed: HashSet::new() };
        let mut turn = tokio::time::interval(EVERY);
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            match reviews.look().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::error!("emergencies and their reviews cannot be looked at: {error:#}");
                    tokio::time::sleep(AGAIN).await;
                }
            }
            turn.tick().await;
        }
    });
}

struct Reviews {
    plane: Weak<Plane>,
    store: Store,
    /// Emergencies that nobody reviewed, as they were at the last look.
    open: Option<Vec<Declared>>,
    /// The last change that was looked at.
    looked: i64,
    /// Those of which a warning was given.
    said: HashSet<String>,
    /// Those of which it is recorded that their review is overdue.
    noticed: HashSet<String>,
}

impl Reviews {
    /// Looks once; whether there still is a plane.
    async fn look(&mut self) -> anyhow::Result<bool> {
        let Some(plane) = self.plane.upgrade() else { return Ok(false) };
        let mut touched = self.open.is_none();
        let last = *self.store.last_change().borrow();
        if touched {
            self.learn(&plane).await?;
            self.looked = last;
        }
        while self.looked < last {
            let changes = self.store.changed_since(self.looked).await?;
            let Some(newest) = changes.last() else { break };
            self.looked = newest.seq;
            touched |= changes.iter().any(|change| change.kind == EMERGENCY);
        }
        let now = OffsetDateTime::now_utc().unix_timestamp();
        if touched {
            // Until it is read, the look does not count.
            self.open = None;
            let mut open = emergencies(&self.store).await?;
            open.retain(|declared| declared.emergency.review.is_none());
            for Declared { id, emergency, .. } in open.iter().filter(|declared| declared.emergency.lasts(now)) {
                if self.said.insert(id.clone()) {
                    tracing::warn!(
                        emergency = id,
                        reason = emergency.reason.code(),
                        seconds = emergency.until - now,
                        "an emergency is declared; somebody else is to review it within three days"
                    );
                }
            }
            self.open = Some(open);
        }
        let due = self.open.iter().flatten().filter(|declared| declared.emergency.is_overdue(now));
        let due: Vec<String> =
            due.map(|declared| declared.id.clone()).filter(|id| !self.noticed.contains(id)).collect();
        for id in due {
            self.give(&plane, &id).await?;
            self.noticed.insert(id);
        }
        Ok(true)
    }

    /// Records that a review is overdue, unless that was done.
    async fn give(&self, plane: &Plane, id: &str) -> anyhow::Result<()> {
        let target = format!("{EMERGENCY}/{id}");
        let notice = hashed(&target, REVIEW);
        if self.store.record(NOTICE, &notice).await?.is_some() {
            return Ok(());
        }
        let act = Act { kind: ActKind::ReviewOverdue, target: Some(id.to_owned()), basis: None, figures: [].into() };
        plane.log().append(&act_event(act, "serve", None)).await?;
        tracing::warn!(emergency = id, "nobody reviewed this emergency within three days: `asepsis emergency review`");
        // Where this is lost, the log is asked at the next start.
        let body = json!({"target": target, "notice": REVIEW}).to_string();
        self.store.change(vec![Change::set(NOTICE, notice, body)], "asepsis", None, crate::registers::now()).await?;
        Ok(())
    }

    /// Takes in what the log holds and the store may have missed when Asepsis stopped in between.
    async fn learn(&mut self, plane: &Plane) -> anyhow::Result<()> {
        let query = Query { phase: Some(Phase::Act), last: Some(200), ..Query::default() };
        let acts = plane.log().search(&query).await?.into_iter().filter_map(|hit| hit.event.act);
        let overdue = acts.filter(|act| act.kind == ActKind::ReviewOverdue);
        self.noticed.extend(overdue.filter_map(|act| act.target));
        Ok(())
    }
}
