//! Where the gateway listens, how, and within which limits.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use asepsis_gateway::Limits;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use time::UtcOffset;

use super::people;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Server {
    /// Address and port.
    pub(super) listen: SocketAddr,
    /// Where keys, log, vault and registers are.
    pub(super) data_dir: PathBuf,
    /// The organisation's offset from UTC, at whose midnight agreements end: `-05:00`.
    #[serde(default = "utc")]
    pub(super) utc_offset: String,
    #[serde(default)]
    pub(super) tls: Option<Tls>,
    /// That something in front speaks TLS with the clients, so that plain HTTP beyond this machine is meant.
    #[serde(default)]
    pub(super) behind_tls_proxy: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsTable {
    request_bytes: Option<usize>,
    answer_bytes: Option<u64>,
    event_bytes: Option<usize>,
    depth: Option<usize>,
    exchanges: Option<usize>,
    head_seconds: Option<u64>,
    client_idle_seconds: Option<u64>,
    connect_seconds: Option<u64>,
    first_byte_seconds: Option<u64>,
    upstream_idle_seconds: Option<u64>,
    drain_seconds: Option<u64>,
}

fn utc() -> String {
    "+00:00".to_owned()
}

impl LimitsTable {
    pub(super) fn limits(&self) -> Limits {
        let usual = Limits::default();
        let seconds = |set: Option<u64>, usual: Duration| set.map_or(usual, Duration::from_secs);
        Limits {
            request_bytes: self.request_bytes.unwrap_or(usual.request_bytes),
            answer_bytes: self.answer_bytes.unwrap_or(usual.answer_bytes),
            event_bytes: self.event_bytes.unwrap_or(usual.event_bytes),
            depth: self.depth.unwrap_or(usual.depth),
            exchanges: self.exchanges.unwrap_or(usual.exchanges),
            head: seconds(self.head_seconds, usual.head),
            client_idle: seconds(self.client_idle_seconds, usual.client_idle),
            connect: seconds(self.connect_seconds, usual.connect),
            first_byte: seconds(self.first_byte_seconds, usual.first_byte),
            upstream_idle: seconds(self.upstream_idle_seconds, usual.upstream_idle),
            drain: seconds(self.drain_seconds, usual.drain),
        }
    }
}

impl Tls {
    pub(super) fn load(
        &self,
        base: &Path,
        clients: &people::ClientCertificates,
    ) -> anyhow::Result<Arc<rustls::ServerConfig>> {
        let chain = certificates(&base.join(&self.certificate))?;
        let path = base.join(&self.key);
        let key = PrivateKeyDer::from_pem_file(&path)
            .map_err(|e| anyhow::anyhow!("cannot read a private key from {}: {e}", path.display()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let builder = match clients.verifier(base)? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .with_context(|| format!("certificate {} and its key do not fit", self.certificate.display()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

pub(super) fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    let chain = read().map_err(|e| anyhow::anyhow!("cannot read certificates from {}: {e}", path.display()))?;
    if chain.is_empty() {
        bail!("{} holds no certificate", path.display());
    }
    Ok(chain)
}

pub(crate) fn offset(text: &str) -> anyhow::Result<UtcOffset> {
    let format = time::macros::format_description!("[offset_hour sign:mandatory]:[offset_minute]");
    UtcOffset::parse(text, format).context("[server] utc_offset must look like \"-05:00\" or \"+00:00\"")
}
