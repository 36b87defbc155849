//! How the streams stand, for Prometheus.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::status::{Shared, StreamStatus};

/// Gauges and counters of all streams, read when they are asked for.
pub struct StreamMetrics {
    shared: Vec<Arc<Shared>>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    stream: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FailureLabels {
    stream: String,
    kind: &'static str,
}

impl StreamMetrics {
    pub(super) fn new(shared: Vec<Arc<Shared>>) -> Self {
        Self { shared }
    }
}

impl fmt::Debug for StreamMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.shared.iter().map(|shared| &shared.name)).finish()
    }
}

impl Collector for StreamMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let all: Vec<StreamStatus> = self.shared.iter().map(|shared| shared.status()).collect();
        if all.is_empty() {
            return Ok(());
        }
        let mut gauge = |name: &str, help: &str, value: fn(&StreamStatus) -> u64| {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for status in &all {
                let labels = Labels { stream: status.name.clone() };
                ConstGauge::new(value(status)).encode(family.encode_family(&labels)?)?;
            }
            Ok(())
        };
        gauge("export_unsent_entries", "Entries of the audit log that still have to be sent", StreamStatus::unsent)?;
        gauge("export_lag_entries", "Entries of which it is not known yet that they arrived", StreamStatus::lag)?;
        gauge("export_connected", "1 while there is a connection, else 0", |status| status.connected.into())?;
        gauge("export_failing", "1 while nothing was taken since the last failure, else 0", |status| {
            status.last_failure.as_ref().is_some_and(|last| last.lasting).into()
        })?;
        let mut counter = |name: &str, help: &str, value: fn(&StreamStatus) -> u64| {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for status in &all {
                let labels = Labels { stream: status.name.clone() };
                ConstCounter::new(value(status)).encode(family.encode_family(&labels)?)?;
            }
            Ok(())
        };
        counter("export_sent", "Entries that were sent, again where they had to be", |status| status.sent)?;
        counter("export_rejected", "Records that a receiver threw away", |status| status.rejected)?;
        let mut family = encoder.encode_descriptor("export_failures", "Failures by kind", None, MetricType::Counter)?;
        for status in &all {
            for (kind, count) in &status.failures {
                let labels = FailureLabels { stream: status.name.clone(), kind: kind.name() };
                ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
