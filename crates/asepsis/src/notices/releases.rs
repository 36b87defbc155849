//! What is held for a person while a gateway runs: what lapses is erased and recorded, and `/metrics` tells how much waits.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use asepsis_exchange::Plane;
use asepsis_gateway::Releases;
use asepsis_log::act_event;
use asepsis_vocab::{Act, ActKind};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::ConstGauge;
use time::OffsetDateTime;

use super::EVERY;

/// How many wait, for `/metrics`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting(Arc<AtomicU64>);

impl Collector for Waiting {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Answers of AI systems that wait for a person to release what they want to do";
        let waiting = ConstGauge::new(i64::try_from(self.0.load(Ordering::Relaxed)).unwrap_or(i64::MAX));
        let family = encoder.encode_descriptor("releases_waiting", help, None, waiting.metric_type())?;
        waiting.encode(family)
    }
}

/// Looks after what is held until the plane is gone.
pub(crate) fn watch(plane: &Arc<Plane>, releases: Arc<Releases>, waiting: &Waiting) {
    let (plane, waiting) = (Arc::downgrade(plane), waiting.clone());
    tokio::spawn(async move {
        let mut turn = tokio::time::interval(EVERY);
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while look(&plane, &releases, &waiting).await {
            turn.tick().await;
        }
    });
}

/// Looks once; whether there still is a plane.
async fn look(plane: &Weak<Plane>, releases: &Releases, waiting: &Waiting) -> bool {
    let Some(plane) = plane.upgrade() else { return false };
    let now = OffsetDateTime::now_utc().unix_timestamp();
    // A store that cannot be read now is read at the next turn; nothing counts in between that has lapsed.
    if let Ok(count) = releases.waiting(now).await {
        waiting.0.store(count, Ordering::Relaxed);
    }
    for (id, effect) in releases.lapse(now).await.unwrap_or_default() {
        let act = Act { kind: ActKind::ReleaseLapsed, target: Some(id), basis: Some(effect), figures: [].into() };
        if let Err(error) = plane.log().append(&act_event(act, "serve", None)).await {
            tracing::error!(%error, "that nobody released what was held could not be recorded");
        }
    }
    true
}
