//! The section `[export]`: where the audit log is sent as it grows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use asepsis_export::stream::{
    Confirm, OtlpTarget, StreamSettings, SyslogFormat, SyslogTarget, Target, client_config, is_name,
};
use http::{HeaderName, HeaderValue, Uri};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use serde::Deserialize;
use zeroize::Zeroizing;

/// Entries of a stream that may come twice, where nothing else is said.
const WINDOW: u64 = 4096;
/// The most that may be said.
const WIDEST_WINDOW: u64 = 100_000;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Export {
    syslog: Vec<Syslog>,
    otlp: Vec<Otlp>,
}

/// A receiver of syslog over TLS.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Syslog {
    name: String,
    /// Host and port: `siem.example.org:6514`.
    address: String,
    /// `atna`, `cef` or `ocsf`.
    format: String,
    /// The name in the receiver's certificate, where it is not the host's.
    #[serde(default)]
    server_name: Option<String>,
    /// The certificate authorities of the receiver, PEM; the public ones where absent.
    #[serde(default)]
    ca_file: Option<PathBuf>,
    /// A certificate to show, PEM.
    #[serde(default)]
    certificate: Option<PathBuf>,
    /// Its key.
    #[serde(default)]
    key: Option<PathBuf>,
    #[serde(default)]
    confirm: ConfirmBy,
    #[serde(default)]
    window: Option<u64>,
}

/// A receiver of OTLP over HTTP.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Otlp {
    name: String,
    /// `https://otel.example.org/v1/logs`.
    url: String,
    /// The certificate authorities of the receiver, PEM; the public ones where absent.
    #[serde(default)]
    ca_file: Option<PathBuf>,
    /// A certificate to show, PEM.
    #[serde(default)]
    certificate: Option<PathBuf>,
    /// Its key.
    #[serde(default)]
    key: Option<PathBuf>,
    /// A header to send along, whose value comes from the environment or a file.
    #[serde(default)]
    header: Option<String>,
    #[serde(default)]
    header_env: Option<String>,
    #[serde(default)]
    header_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ConfirmBy {
    #[default]
    Close,
    Written,
}

impl Export {
    /// Checks all that can be checked without files and environment.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let mut names = BTreeSet::new();
        for name in self.syslog.iter().map(|s| &s.name).chain(self.otlp.iter().map(|o| &o.name)) {
            ensure!(is_name(name), "[export] the name `{name}` must be 1 to 40 of a-z, 0-9 and -");
            ensure!(names.insert(name), "[export] two streams are named `{name}`; each needs a name of its own");
        }
        for syslog in &self.syslog {
            syslog.place()?;
            syslog.format()?;
            let window = syslog.window();
            ensure!(
                (1..=WIDEST_WINDOW).contains(&window),
                "[export] `{}`: window = {window} must be from 1 to {WIDEST_WINDOW}",
                syslog.name
            );
            syslog.tls().check()?;
        }
        for otlp in &self.otlp {
            otlp.address()?;
            otlp.tls().check()?;
            let sources = usize::from(otlp.header_env.is_some()) + usize::from(otlp.header_file.is_some());
            ensure!(
                sources == usize::from(otlp.header.is_some()),
                "[export] `{}`: a header needs header_env or header_file for its value, and these need a header",
                otlp.name
            );
        }
        Ok(())
    }

    /// The streams, with certificates and secrets read.
    pub(super) fn streams(&self, base: &Path) -> anyhow::Result<Vec<StreamSettings>> {
        let syslog = self.syslog.iter().map(|syslog| syslog.settings(base));
        syslog.chain(self.otlp.iter().map(|otlp| otlp.settings(base))).collect()
    }
}

impl Syslog {
    fn tls(&self) -> Tls<'_> {
        let [ca_file, certificate, key] = [&self.ca_file, &self.certificate, &self.key].map(Option::as_deref);
        Tls { stream: &self.name, ca_file, certificate, key }
    }

    fn place(&self) -> anyhow::Result<(&str, u16)> {
        let split = self.address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        match split {
            Some((host, port)) if !host.is_empty() && port > 0 => Ok((host.trim_matches(['[', ']']), port)),
            _ => bail!("[export] `{}`: address must look like siem.example.org:6514", self.name),
        }
    }

    fn format(&self) -> anyhow::Result<SyslogFormat> {
        self.format.parse().with_context(|| format!("[export] `{}`: format = \"{}\"", self.name, self.format))
    }

    fn window(&self) -> u64 {
        self.window.unwrap_or(WINDOW)
    }

    fn settings(&self, base: &Path) -> anyhow::Result<StreamSettings> {
        let (host, port) = self.place()?;
        let name = self.server_name.as_deref().unwrap_or(host).to_owned();
        let server_name = ServerName::try_from(name)
            .with_context(|| format!("[export] `{}`: server_name is no name of a host", self.name))?;
        let target = SyslogTarget {
            host: host.to_owned(),
            port,
            server_name,
            tls: self.tls().load(base)?,
            format: self.format()?,
            confirm: match self.confirm {
                ConfirmBy::Close => Confirm::Close,
                ConfirmBy::Written => Confirm::Written,
            },
            window: self.window(),
        };
        Ok(StreamSettings { name: self.name.clone(), target: Target::Syslog(target) })
    }
}

impl Otlp {
    fn tls(&self) -> Tls<'_> {
        let [ca_file, certificate, key] = [&self.ca_file, &self.certificate, &self.key].map(Option::as_deref);
        Tls { stream: &self.name, ca_file, certificate, key }
    }

    fn address(&self) -> anyhow::Result<Uri> {
        let uri: Uri = self.url.parse().with_context(|| {
            format!("[export] `{}`: url must look like https://otel.example.org/v1/logs", self.name)
        })?;
        match uri.scheme_str() {
            Some("https") => Ok(uri),
            Some("http") if super::system::is_loopback(&uri) => Ok(uri),
            _ => bail!(
                "[export] `{}`: url must begin with https://; plain HTTP is for this machine alone (45 CFR 164.312(e)(1))",
                self.name
            ),
        }
    }

    fn settings(&self, base: &Path) -> anyhow::Result<StreamSettings> {
        let header = match &self.header {
            None => None,
            Some(header) => {
                let value = self.header_value(base)?;
                let name = HeaderName::try_from(header.as_str()).with_context(|| {
                    format!("[export] `{}`: header = \"{header}\" is no name of a header", self.name)
                })?;
                // What it is must not get into the error.
                if HeaderValue::from_str(&value).is_err() {
                    bail!("[export] `{}`: the value of {header} has characters that a header cannot have", self.name);
                }
                Some((name, value))
            }
        };
        let target = OtlpTarget { url: self.address()?, tls: self.tls().load(base)?, header };
        Ok(StreamSettings { name: self.name.clone(), target: Target::Otlp(target) })
    }

    fn header_value(&self, base: &Path) -> anyhow::Result<Zeroizing<String>> {
        let value = match (&self.header_env, &self.header_file) {
            (Some(variable), _) => Zeroizing::new(std::env::var(variable).map_err(|_| {
                anyhow::anyhow!("[export] `{}`: the environment variable {variable} (header_env) is not set", self.name)
            })?),
            (None, Some(file)) => {
                let file = base.join(file);
                Zeroizing::new(
                    std::fs::read_to_string(&file).with_context(|| {
                        format!("[export] `{}`: cannot read header_file {}", self.name, file.display())
                    })?,
                )
            }
            (None, None) => Zeroizing::default(),
        };
        Ok(Zeroizing::new(value.trim().to_owned()))
    }
}

/// What TLS with a receiver needs.
struct Tls<'a> {
    stream: &'a str,
    ca_file: Option<&'a Path>,
    certificate: Option<&'a Path>,
    key: Option<&'a Path>,
}

impl Tls<'_> {
    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.certificate.is_some() == self.key.is_some(),
            "[export] `{}`: a certificate and its key come together; give both, or none",
            self.stream
        );
        Ok(())
    }

    fn load(&self, base: &Path) -> anyhow::Result<Arc<rustls::ClientConfig>> {
        let read = || {
            let roots = self.ca_file.map(|file| super::server::certificates(&base.join(file))).transpose()?;
            let identity = match (self.certificate, self.key) {
                (Some(certificate), Some(key)) => {
                    let path = base.join(key);
                    let key = PrivateKeyDer::from_pem_file(&path).map_err(|error| {
                        anyhow::anyhow!("cannot read a private key from {}: {error}", path.display())
                    })?;
                    Some((super::server::certificates(&base.join(certificate))?, key))
                }
                _ => None,
            };
            anyhow::Ok(client_config(roots, identity)?)
        };
        read().with_context(|| format!("[export] `{}`", self.stream))
    }
}
