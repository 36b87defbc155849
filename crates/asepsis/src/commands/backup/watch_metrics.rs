//! How watched backups stand, for Prometheus: as their last checks left it, read when it is asked for.

use std::fmt;
use std::path::PathBuf;

use asepsis_backup::watch::{Verdict, WatchState};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// Gauges of all watched backups.
#[derive(Debug)]
pub(crate) struct WatchMetrics {
    folder: PathBuf,
    names: Vec<String>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    backup: String,
}

impl WatchMetrics {
    pub(crate) fn new(folder: PathBuf, names: Vec<String>) -> Self {
        Self { folder, names }
    }
}

impl Collector for WatchMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        if self.names.is_empty() {
            return Ok(());
        }
        // One that was never looked at, or whose state cannot be read, counts as not sound.
        let state = |name: &String| WatchState::load(&self.folder, name).ok().flatten().unwrap_or_default();
        let all: Vec<(&String, WatchState)> = self.names.iter().map(|name| (name, state(name))).collect();
        let mut gauge = |name: &str, help: &str, value: fn(&WatchState) -> u64| {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (backup, state) in &all {
                let labels = Labels { backup: (*backup).clone() };
                ConstGauge::new(value(state)).encode(family.encode_family(&labels)?)?;
            }
            Ok(())
        };
        gauge(
            "backup_watch_sound",
            "1 where the last check of a watched backup found nothing wrong, else 0",
            |state| (state.verdict == Verdict::Sound).into(),
        )?;
        gauge(
            "backup_watch_alarm",
            "1 where the last check of a watched backup found something wrong, else 0",
            |state| (state.verdict == Verdict::Alarm).into(),
        )?;
        gauge(
            "backup_watch_checked_time_seconds",
            "When a watched backup was looked at last, in seconds since 1970",
            |s| s.looked,
        )?;
        gauge(
            "backup_watch_sound_time_seconds",
            "When a watched backup was last found sound, in seconds since 1970",
            |state| state.sound.unwrap_or_default(),
        )?;
        gauge(
            "backup_watch_newest_time_seconds",
            "When the newest snapshot of a watched backup was made, in seconds since 1970",
            |s| s.newest.as_ref().map_or(0, |(_, time)| *time),
        )
    }
}
