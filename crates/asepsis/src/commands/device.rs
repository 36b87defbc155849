//! `asepsis device`: devices that the organisation looks after.

use std::path::Path;

use anyhow::{Context, bail};
use asepsis_people::certificate::ClientCertificate;
use asepsis_people::device::{self, Device, KIND};
use asepsis_store::{Change, Store};
use serde_json::json;

use crate::args::{Device as Arguments, DeviceAction};
use crate::config::Config;
use crate::home::Home;
use crate::output;
use crate::people::change;
use crate::runtime::block_on;

pub(crate) fn run(path: &Path, device: &Arguments) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    block_on(act(&config, device))
}

async fn act(config: &Config, arguments: &Arguments) -> anyhow::Result<u8> {
    let home = Home::of(config)?;
    let store = home.store().await?;
    match &arguments.action {
        DeviceAction::Add { id, name, user, certificate, basis } => {
            if store.record(KIND, id).await?.is_some() {
                bail!("there is a device `{id}` already; revoke it and register another, or choose another id");
            }
            let mut device =
                Device { name: line(name)?, user: user.clone(), key_hash: None, certificate: None, revoked: false };
            let mut key = None;
            if let Some(path) = certificate {
                device.certificate = Some(fingerprint(path)?);
            } else {
                let (new, hash) = device::new_key()?;
                device.key_hash = Some(hash);
                key = Some(new);
            }
            let body = serde_json::to_string(&device)?;
            let added = Change::set(KIND, id, body).expecting(0);
            change(&home, &store, "cli.device.add", vec![added], basis.as_deref()).await?;
            let key = key.as_ref().map(|key| key.as_str());
            if arguments.json {
                output::line(&json!({"id": id, "key": key, "certificate": device.certificate}).to_string())?;
            } else if let Some(key) = key {
                output::remark(
                    "This key is shown once and stored nowhere. The device shows it in the header X-Asepsis-Device:",
                );
                output::line(key)?;
            } else {
                output::line(&format!("{id} is known by its certificate"))?;
            }
        }
        DeviceAction::List => list(&store, arguments.json).await?,
        DeviceAction::Revoke { id, basis } => {
            let record = store.record(KIND, id).await?;
            let record =
                record.with_context(|| format!("there is no device `{id}`; `asepsis device list` shows them"))?;
            let device: Device = serde_json::from_str(&record.body).context("the record of the device")?;
            let body = serde_json::to_string(&Device { revoked: true, ..device })?;
            let revoked = Change::set(KIND, id, body).expecting(record.version);
            change(&home, &store, "cli.device.revoke", vec![revoked], basis.as_deref()).await?;
            if arguments.json {
                output::line(&json!({"id": id, "state": "revoked"}).to_string())?;
            } else {
                output::line(&format!("{id} is revoked; a running gateway knows it within two seconds"))?;
            }
        }
    }
    store.close().await?;
    Ok(0)
}

async fn list(store: &Store, as_json: bool) -> anyhow::Result<()> {
    let mut after: Option<String> = None;
    let mut all = Vec::new();
    loop {
        let page = store.records(KIND, after.as_deref(), 1000).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        for record in page {
            let device: Device =
                serde_json::from_str(&record.body).with_context(|| format!("the record of device {}", record.id))?;
            let state = if device.revoked { "revoked" } else { "managed" };
            let by = if device.certificate.is_some() { "certificate" } else { "key" };
            let name = output::harmless(&device.name).into_owned();
            let user = device.user.as_deref().unwrap_or("anybody");
            if as_json {
                all.push(json!({"id": record.id, "name": name, "user": device.user, "state": state, "known_by": by}));
            } else {
                output::line(&format!("{}  {name}  {user}  {state}  by {by}", record.id))?;
            }
        }
    }
    if as_json {
        output::line(&serde_json::to_string_pretty(&all)?)?;
    }
    Ok(())
}

fn line(text: &str) -> anyhow::Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control) {
        bail!("--name is one line of 1 to 64 characters");
    }
    Ok(text.to_owned())
}

fn fingerprint(path: &Path) -> anyhow::Result<String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let no = |why: String| anyhow::anyhow!("cannot read a certificate from {}: {why}", path.display());
    let der = CertificateDer::from_pem_file(path).map_err(|e| no(e.to_string()))?;
    Ok(ClientCertificate::read(&der).map_err(|e| no(e.to_string()))?.fingerprint)
}
