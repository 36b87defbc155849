//! Notices 30, 7 and 1 days before an agreement or a fact ends, and when it has: once each in the log and on standard error, and
//! for as long as it holds in `/metrics` and `doctor`.
//!
//! Which notices were given is kept in the store (records of the kind `notice`), by what ends and its last day, so that neither
//! a restart nor a clock that jumps gives one twice. A prolonged agreement has a new last day, and notices of its own.

pub(crate) mod releases;
pub(crate) mod reviews;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use asepsis_exchange::Plane;
use asepsis_log::act_event;
use asepsis_log::search::Query;
use asepsis_policy::{Ending, Register};
use asepsis_store::{Change, Store};
use asepsis_vocab::{Act, ActKind, Phase};
use aws_lc_rs::digest::{SHA256, digest};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use serde_json::{Value, json};
use time::{Date, OffsetDateTime};

/// The days before the end at which a notice is given; 0 stands for the end itself.
const STAGES: [u8; 4] = [30, 7, 1, 0];

/// How often it is looked whether it is another day, or the register another.
const EVERY: Duration = Duration::from_secs(1);

/// The kind of the records of notices that were given.
const NOTICE: &str = "notice";

/// Agreements that `/metrics` shows at most: those that end soonest.
const MOST_SHOWN: usize = 1000;

/// The stage of something with so many days left; `None` where it is not due.
fn stage(days_left: i64) -> Option<u8> {
    match days_left {
        ..0 => Some(0),
        0..=1 => Some(1),
        2..=7 => Some(7),
        8..=30 => Some(30),
        _ => None,
    }
}

/// Gives notices until the plane is gone.
pub(crate) fn watch(plane: &Arc<Plane>, store: &Store) {
    let (plane, store) = (Arc::downgrade(plane), store.clone());
    tokio::spawn(async move {
        let mut notices = Notices { plane, store, given: HashMap::new(), looked: None, begun: false };
        let mut turn = tokio::time::interval(EVERY);
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while notices.look().await {
            turn.tick().await;
        }
    });
}

struct Notices {
    plane: Weak<Plane>,
    store: Store,
    /// The poorest stage of which notice was given, by the id of its record.
    given: HashMap<String, u8>,
    /// The day, and the register, that were looked at last.
    looked: Option<(Date, Weak<Register>)>,
    /// That what the log holds was looked at.
    begun: bool,
}

impl Notices {
    /// Looks once; whether there still is a plane.
    async fn look(&mut self) -> bool {
        let Some(plane) = self.plane.upgrade() else { return false };
        let rules = plane.rules();
        let (now, offset) = (OffsetDateTime::now_utc(), rules.policy.offset());
        let today = now.to_offset(offset).date();
        let same = |(day, register): &(Date, Weak<Register>)| {
            *day == today && register.upgrade().is_some_and(|register| Arc::ptr_eq(&register, &rules.register))
        };
        if self.looked.as_ref().is_some_and(same) {
            return true;
        }
        let mut all = true;
        for ending in rules.register.endings() {
            let left = ending.days_left(now, offset);
            // They are in the order of their last days.
            let Some(stage) = stage(left) else { break };
            all &= self.give(&plane, &ending, stage, left).await;
        }
        if all {
            self.looked = Some((today, Arc::downgrade(&rules.register)));
        }
        true
    }

    /// Gives a notice, unless it or a later one was given; whether that is settled.
    async fn give(&mut self, plane: &Plane, ending: &Ending, stage: u8, left: i64) -> bool {
        let id = id(ending);
        let known = match self.given.get(&id) {
            Some(given) => Some(*given),
            None => match self.store.record(NOTICE, &id).await {
                Ok(record) => record.and_then(|record| stage_of(&record.body)),
                Err(_) => return false,
            },
        };
        if known.is_some_and(|known| known <= stage) {
            self.given.insert(id, known.unwrap_or(stage));
            return true;
        }
        let target = ending.target();
        if !self.begun && !self.learn(plane).await {
            return false;
        }
        let said = self.given.get(&id).is_some_and(|given| *given <= stage);
        if !said {
            let figures = BTreeMap::from([
                ("days_left".to_owned(), u64::try_from(left).unwrap_or(0)),
                ("notice".to_owned(), stage.into()),
            ]);
            let basis = Some(format!("last day {}", ending.last_day));
            let act = Act { kind: ActKind::ExpiryNoticed, target: Some(target.clone()), basis, figures };
            if let Err(error) = plane.log().append(&act_event(act, "serve", None)).await {
                tracing::error!(%error, "a notice could not be recorded");
                return false;
            }
            tracing::warn!("{}", words(ending, left));
        }
        self.given.insert(id.clone(), stage);
        // Where this is lost, the log is asked at the next start.
        let body = json!({"target": target, "last_day": ending.last_day.to_string(), "notice": stage}).to_string();
        if let Err(error) =
            self.store.change(vec![Change::set(NOTICE, id, body)], "asepsis", None, crate::registers::now()).await
        {
            tracing::warn!(%error, "that a notice was given could not be kept");
        }
        true
    }

    /// Takes in the notices that the log holds and the store may have missed when Asepsis stopped in between.
    async fn learn(&mut self, plane: &Plane) -> bool {
        let query = Query { phase: Some(Phase::Act), last: Some(200), ..Query::default() };
        let Ok(hits) = plane.log().search(&query).await else { return false };
        for act in hits.into_iter().filter_map(|hit| hit.event.act).filter(|act| act.kind == ActKind::ExpiryNoticed) {
            let Act { target: Some(target), basis: Some(basis), figures, .. } = act else { continue };
            let stage = figures.get("notice").and_then(|stage| u8::try_from(*stage).ok());
            if let Some((stage, last_day)) = stage.zip(basis.strip_prefix("last day ")) {
                let given = self.given.entry(hashed(&target, last_day)).or_insert(stage);
                *given = stage.min(*given);
            }
        }
        self.begun = true;
        true
    }
}

fn stage_of(body: &str) -> Option<u8> {
    let body: Value = serde_json::from_str(body).ok()?;
    u8::try_from(body["notice"].as_u64()?).ok().filter(|stage| STAGES.contains(stage))
}

/// The id of the record of a notice: ids of entries are too long to be part of it.
fn id(ending: &Ending) -> String {
    hashed(&ending.target(), &ending.last_day.to_string())
}

fn hashed(target: &str, last_day: &str) -> String {
    let hash = digest(&SHA256, format!("{target}\n{last_day}").as_bytes());
    data_encoding::HEXLOWER.encode(&hash.as_ref()[..16])
}

/// What a notice says.
pub(crate) fn words(ending: &Ending, left: i64) -> String {
    let what = match &ending.fact {
        None => format!("agreement {}", ending.id),
        Some(fact) => format!("{fact} of {} {}", ending.kind, ending.id),
    };
    let renew =
        if ending.fact.is_none() { "renew it, or exchanges fall to a poorer form" } else { "renew its evidence" };
    match left {
        ..0 => format!("{what} ended on {}; {renew}", ending.last_day),
        0 => format!("{what} ends at midnight; {renew}"),
        1 => format!("{what} ends in 1 day, after {}; {renew}", ending.last_day),
        _ => format!("{what} ends in {left} days, after {}; {renew}", ending.last_day),
    }
}

/// The days that agreements have left, for Prometheus.
pub(crate) struct DaysLeft(Weak<Plane>);

impl DaysLeft {
    /// Of the agreements that the plane decides by.
    pub(crate) fn new(plane: &Arc<Plane>) -> Self {
        Self(Arc::downgrade(plane))
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    agreement: String,
}

impl Collector for DaysLeft {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(plane) = self.0.upgrade() else { return Ok(()) };
        let rules = plane.rules();
        let now = OffsetDateTime::now_utc();
        // Two vendors of the configuration may have agreements of one name; the sooner end counts.
        let mut shown = BTreeMap::new();
        for ending in rules.register.endings().into_iter().filter(|ending| ending.fact.is_none()) {
            let left = ending.days_left(now, rules.policy.offset());
            shown.entry(ending.id).or_insert(left);
            if shown.len() >= MOST_SHOWN {
                break;
            }
        }
        if shown.is_empty() {
            return Ok(());
        }
        let help = "Days until the last day of an agreement that is signed: 0 on it, less once it is over";
        let mut family = encoder.encode_descriptor("agreement_days_left", help, None, MetricType::Gauge)?;
        for (agreement, left) in shown {
            ConstGauge::new(left).encode(family.encode_family(&Labels { agreement })?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for DaysLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DaysLeft").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c18_notices_are_due_thirty_seven_and_one_days_before_and_at_the_end() {
        let due: Vec<_> = [31, 30, 8, 7, 2, 1, 0, -1, -400].into_iter().map(stage).collect();
        let expected = [None, Some(30), Some(30), Some(7), Some(7), Some(1), Some(1), Some(0), Some(0)];
        assert_eq!(due, expected);
    }
}
