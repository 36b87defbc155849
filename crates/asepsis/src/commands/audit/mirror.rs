//! `asepsis audit mirror`, the mirror beside a running gateway, and what is published as a thing to verify.

use std::fmt;
use std::path::Path;

use anyhow::Context;
use asepsis_log::Log;
use asepsis_log::verify::VerifyOptions;
use asepsis_mirror::{Address, Mirror, MirrorError, MirrorStatus, Mirroring, Options, Store, verify};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use super::Place;
use crate::args::MirrorArgs;
use crate::config::Config;
use crate::output;

pub(crate) fn run(place: &Place<'_>, asked: &MirrorArgs) -> anyhow::Result<u8> {
    let folder = place.folder(asked.folder.as_ref())?;
    anyhow::ensure!(folder.join("log.vkey").exists(), "{} is no folder of a log", folder.display());
    let (address, options) = match &asked.to {
        Some(to) => (to.parse()?, options_for(place.config)),
        None => Config::read(place.config)?.mirror()?.context(
            "no mirror is configured; add [record.mirror] with `url`, or name a place with --to (docs/audit.md)",
        )?,
    };
    let mirror = Mirror::new(&folder, Store::open(&address, &options, true)?);
    match place.wait(mirror.round())? {
        Ok(round) => {
            output::line(&format!(
                "MIRRORED {} entries to {address}: {} files written, {} there already",
                round.size, round.written, round.there
            ))?;
            if round.pruned > 0 {
                output::line(&format!(
                    "NOTE     {} bundles were pruned here before they were published: their entries are not there",
                    round.pruned
                ))?;
            }
            Ok(0)
        }
        Err(error) if error.is_alarm() => {
            output::line(&format!("ALARM    {error}"))?;
            Ok(1)
        }
        Err(error) => Err(error.into()),
    }
}

/// How an object store is reached: as the configuration says, where there is one with a mirror.
fn options_for(config: &Path) -> Options {
    let configured = Config::read(config).ok().and_then(|config| config.mirror().ok().flatten());
    configured.map(|(_, options)| options).unwrap_or_default()
}

/// Checks what is published at an address.
pub(super) fn check(place: &Place<'_>, address: &str, options: &VerifyOptions) -> anyhow::Result<u8> {
    let address: Address = address.parse()?;
    let store = Store::open(&address, &options_for(place.config), false)?;
    let report = match place.wait(verify(&store, options))? {
        Err(error) if error.is_alarm() => {
            output::line(&format!("CHANGED  {error}"))?;
            return Ok(1);
        }
        report => report?,
    };
    for line in super::verify::lines(&report) {
        output::line(&line)?;
    }
    output::line(
        "NOTE     only what is published was looked at: entries, tiles and checkpoints. Payloads and what else the log's database \
         holds was not; `asepsis audit verify` on the log's own folder does that",
    )?;
    Ok(u8::from(!report.is_sound()))
}

/// Keeps the mirror of the configuration up to the log while the gateway runs.
pub(crate) fn beside(config: &Config, folder: &Path) -> anyhow::Result<Option<Mirroring>> {
    let Some((address, options)) = config.mirror()? else { return Ok(None) };
    let mirror = Mirror::new(folder, Store::open(&address, &options, true).context("[record.mirror]")?);
    Ok(Some(Mirroring::start(mirror).context("cannot start the thread of the mirror")?))
}

/// How far both are; `None` without a mirror.
pub(crate) async fn standing(config: &Config, folder: &Path) -> Option<Result<(Address, u64, u64), (bool, String)>> {
    let (address, options) = match config.mirror() {
        Ok(mirror) => mirror?,
        Err(error) => return Some(Err((true, format!("{error:#}")))),
    };
    let asked = async {
        let mirror = Mirror::new(folder, Store::open(&address, &options, false)?);
        mirror.standing().await
    };
    Some(match asked.await {
        Ok(standing) => Ok((address, standing.there, standing.here)),
        Err(error) => Err((is_fault(&error), error.to_string())),
    })
}

fn is_fault(error: &MirrorError) -> bool {
    error.is_alarm() || matches!(error, MirrorError::Settings(_) | MirrorError::Denied { .. })
}

/// How the mirror stands, for Prometheus.
pub(crate) struct MirrorMetrics {
    status: Option<Box<dyn Fn() -> MirrorStatus + Send + Sync>>,
    /// How far the log is. Not the log itself: that must not be held open at the end.
    size: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl MirrorMetrics {
    pub(crate) fn new(mirroring: Option<&Mirroring>, log: &Log) -> Self {
        let status =
            mirroring.map(|mirroring| Box::new(mirroring.watcher()) as Box<dyn Fn() -> MirrorStatus + Send + Sync>);
        Self { status, size: Box::new(log.size_watcher()) }
    }
}

impl fmt::Debug for MirrorMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MirrorMetrics").finish_non_exhaustive()
    }
}

impl Collector for MirrorMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(status) = self.status.as_ref().map(|status| status()) else { return Ok(()) };
        let mut gauge = |name: &str, help: &str, value: u64| {
            ConstGauge::new(value).encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
        };
        let behind = (self.size)().saturating_sub(status.size);
        gauge("mirror_lag_entries", "Entries of the audit log that are not published in its mirror yet", behind)?;
        gauge(
            "mirror_failing",
            "1 while the last try to reach the mirror failed, else 0",
            status.failing.is_some().into(),
        )?;
        gauge("mirror_alarm", "1 where the mirror is not this log's, or was changed, else 0", status.alarm.into())?;
        let time = status.time.unwrap_or_default();
        gauge("mirror_time_seconds", "When the mirror was last up to a checkpoint, in seconds since 1970", time)?;
        gauge("mirror_failed_rounds", "Rounds that failed since the start", status.failures)
    }
}
