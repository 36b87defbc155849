//! `asepsis serve`: runs the gateway.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use asepsis_gateway::{Gateway, Server};

use crate::commands::audit;
use crate::commands::audit_export;
use crate::commands::backup::watch;
use crate::commands::backup::watch_metrics::WatchMetrics;
use crate::config::Config;
use crate::degraded;
use crate::home::{Home, LogName};
use crate::notices;
use crate::output;
use crate::people;
use crate::registers::Records;
use crate::reload;

pub(crate) fn run(path: &Path) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    runtime()?.block_on(serve(path, &config))
}

/// Threads for a server: half of the cores for its tasks, since the databases have threads of their own. With a thread for
/// each core, work that waits for a database wakes more of them than it needs; measured, that costs a sixth of the CPU time
/// of an exchange.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads((cores / 2).max(1)).enable_all().build().context("cannot start threads")
}

async fn serve(path: &Path, config: &Config) -> anyhow::Result<u8> {
    let asked_to_stop = stop()?;
    let home = Home::of(config)?.keeping(config.keep()).reaching(config.reach());
    let store = home.store().await?;
    let records = Records::read(&store).await?;
    records.sound()?;
    let looked = records.last;
    let used = config.joined(records)?;
    let (settings, left_out) = used.settings()?;
    reload::say_left_out(&left_out);
    let (plane, recovery) = home
        .plane(
            LogName::Gateway,
            config.engine()?,
            config.known()?,
            used.rules()?,
            Arc::new(config.guarding()?),
            config.first_layer_accepted(),
        )
        .await?;
    if let Some(warning) = config.reach().warning() {
        tracing::warn!("{warning}");
    }
    for exchange in &recovery.unfinished {
        tracing::warn!(%exchange, "was about to leave when Asepsis stopped; whether it was answered is not recorded");
    }
    plane.log().make_room().await?;
    plane.vault().make_room().await?;
    plane.close_unfinished(&recovery.unfinished).await?;
    degraded::watch(&config.data_dir(), &plane).await.context("the degraded mode cannot be noted")?;
    audit::cosign_beside(&config.data_dir())?;
    let streams = audit_export::streams(config, &home, plane.log())?;
    let mirroring = audit::mirror_beside(config, &home.log_dir(LogName::Gateway))?;
    let mirror_metrics = audit::MirrorMetrics::new(mirroring.as_ref(), plane.log());
    let watched = WatchMetrics::new(watch::folder(&home), config.watched().map(str::to_owned).collect());
    let doors = people::doors(config, &home, &store, &plane).await?;
    let (releases, waiting) = (doors.releases.clone(), notices::releases::Waiting::default());
    let gateway = Gateway::with_collectors(
        plane.clone(),
        store.clone(),
        doors,
        &settings,
        vec![
            Box::new(streams.metrics()),
            Box::new(watched),
            Box::new(mirror_metrics),
            Box::new(notices::DaysLeft::new(&plane)),
            Box::new(waiting.clone()),
        ],
    )?;
    notices::watch(&plane, &store);
    notices::reviews::watch(&plane, &store);
    if let Some(releases) = releases {
        notices::releases::watch(&plane, releases, &waiting);
    }
    reload::watch(path, (config, &used, looked), &plane, &gateway, &store)?;
    let server = Server::bind(gateway, &settings)
        .await
        .with_context(|| format!("cannot listen on {}; is another Asepsis running?", settings.listen))?;
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    output::remark(&format!("asepsis listens on {scheme}://{}", server.address()?));
    server.run(asked_to_stop).await;
    streams.stop().await;
    // The last handle, so that closing waits until the writer has ended and its database is closed.
    let log = plane.log().clone();
    drop(plane);
    log.close().await?;
    // After the last checkpoint was signed, so that it is published as well.
    if let Some(mirroring) = mirroring {
        mirroring.stop().await;
    }
    store.close().await?;
    Ok(0)
}

/// Ready when the process is asked to end. It listens for that from the call on, not from when it is first waited for, so
/// that who is asked between the two still ends in order.
///
/// # Errors
/// If the system takes no handler for the signals.
#[cfg(unix)]
pub(crate) fn stop() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).context("cannot listen for the signals that end the process");
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ready when the process is asked to end.
#[cfg(not(unix))]
pub(crate) fn stop() -> anyhow::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
