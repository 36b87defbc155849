//! Who asks, and from where: network zones, proxies, devices, client certificates, signing in, identity providers, programs.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use asepsis_console::BackendService;
use asepsis_people::certificate::{self, CertificateHolder};
use asepsis_people::entrance::EntranceRules;
use asepsis_people::provider::Provider;
use asepsis_people::zone::{Proxies, Zones};
use rustls::RootCertStore;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use serde::Deserialize;

use super::sign_in::{Backend, ConsoleConfig, IdentityProvider, SignIn};

/// `[[zone]]`: a part of the network, by its addresses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Zone {
    name: String,
    networks: Vec<String>,
}

/// `[network]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Network {
    /// Proxies whose header `X-Forwarded-For` is believed.
    trusted_proxies: Vec<String>,
}

/// `[devices]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Devices {
    /// That a device is managed only if it is registered (`asepsis device add`), whatever is said of roles and persons.
    registered_only: bool,
}

/// `[client_certificates]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ClientCertificates {
    /// Authorities whose certificates are taken, PEM. Without them no client is asked for one.
    ca_file: Option<PathBuf>,
    /// Lists of revoked certificates, PEM.
    crl_files: Vec<PathBuf>,
    /// That no connection is taken without a certificate.
    required: bool,
    /// Serial numbers that do not count any more.
    revoked: Vec<String>,
}

/// `[[client_certificate]]`: who a certificate speaks for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Holder {
    /// What the certificate must bear: `dns:`, `uri:`, `email:` or `cn:` and the name.
    name: String,
    user: String,
    role: String,
}

/// All tables about who asks.
pub(super) struct Tables<'a> {
    pub(super) zones: &'a [Zone],
    pub(super) network: &'a Network,
    pub(super) devices: &'a Devices,
    pub(super) certificates: &'a ClientCertificates,
    pub(super) holders: &'a [Holder],
    pub(super) sign_in: Option<&'a SignIn>,
    pub(super) providers: &'a [IdentityProvider],
    pub(super) backends: &'a [Backend],
}

impl Tables<'_> {
    /// Where the console's pages are reached, as far as the configuration says.
    pub(super) fn pages(&self) -> Option<String> {
        self.sign_in?.origin.as_ref().map(|origin| format!("{origin}/asepsis"))
    }

    /// What the entrance goes by. `is_role` tells which roles there are.
    pub(super) fn entrance(&self, is_role: impl Fn(&str) -> bool) -> anyhow::Result<EntranceRules> {
        let certificates = self.holders.iter().map(|holder| holder.read(&is_role)).collect::<anyhow::Result<_>>()?;
        if !self.holders.is_empty() && self.certificates.ca_file.is_none() {
            bail!(
                "[[client_certificate]] needs the authority of the certificates: set ca_file under [client_certificates]"
            );
        }
        let revoked_certificates = self.certificates.revoked.iter().map(|text| {
            certificate::serial(text).with_context(|| {
                format!("[client_certificates] revoked: `{text}` is no serial number in hexadecimal, such as 0A:1B:2C")
            })
        });
        Ok(EntranceRules {
            zones: Zones::new(self.zones.iter().map(|zone| (zone.name.as_str(), zone.networks.as_slice())))?,
            proxies: Proxies::new(&self.network.trusted_proxies).context("[network]")?,
            registered_devices: self.devices.registered_only,
            certificates,
            revoked_certificates: revoked_certificates.collect::<anyhow::Result<HashSet<_>>>()?,
            providers: self.providers(&is_role)?,
        })
    }

    fn providers(&self, is_role: &impl Fn(&str) -> bool) -> anyhow::Result<Vec<Arc<Provider>>> {
        let providers = self.providers.iter().map(|one| one.provider(is_role)).collect::<anyhow::Result<Vec<_>>>()?;
        for (i, one) in providers.iter().enumerate() {
            let (id, issuer) = (one.id(), &one.settings().issuer);
            if providers[..i].iter().any(|other| other.id() == id || other.settings().issuer == *issuer) {
                bail!("identity provider `{id}`: its id or issuer stands twice");
            }
        }
        Ok(providers)
    }

    /// What the console is made with, over the entrance's providers; `None` where there is none.
    pub(super) fn console(
        &self,
        rules: &EntranceRules,
        base: &Path,
        is_role: impl Fn(&str) -> bool,
    ) -> anyhow::Result<Option<ConsoleConfig>> {
        let Some(sign_in) = self.sign_in else {
            if self.providers.iter().any(|one| one.client_id.is_some()) || !self.backends.is_empty() {
                bail!(
                    "[[identity_provider]] with client_id and [[backend_service]] need [sign_in], which makes the pages"
                );
            }
            return Ok(None);
        };
        let mut providers = Vec::new();
        for (one, provider) in self.providers.iter().zip(&rules.providers) {
            providers.extend(one.sign_in(provider, base)?);
        }
        let services = self.backends.iter().map(|one| one.service(base, &is_role));
        let services: Vec<BackendService> = services.collect::<anyhow::Result<_>>()?;
        for (i, one) in services.iter().enumerate() {
            if services[..i].iter().any(|other| other.client_id == one.client_id) {
                bail!("backend service `{}` stands twice", one.client_id);
            }
        }
        Ok(Some(ConsoleConfig { settings: sign_in.settings()?, providers, services }))
    }
}

impl Holder {
    fn read(&self, is_role: impl Fn(&str) -> bool) -> anyhow::Result<CertificateHolder> {
        let Self { name, user, role } = self;
        let known =
            ["dns:", "uri:", "email:", "cn:"].iter().any(|kind| name.len() > kind.len() && name.starts_with(kind));
        if !known {
            bail!(
                "[[client_certificate]] name = \"{name}\": begin with dns:, uri:, email: or cn:, and the name behind it"
            );
        }
        plain("[[client_certificate]] user", user)?;
        if !is_role(role) {
            bail!(
                "[[client_certificate]] `{name}` names the role `{role}`, which is not there; add a [[role]] or correct the name"
            );
        }
        // Host names and addresses are compared without regard to case.
        let name = if name.starts_with("dns:") || name.starts_with("email:") {
            name.to_ascii_lowercase()
        } else {
            name.clone()
        };
        Ok(CertificateHolder { name, user: user.clone(), role: role.clone() })
    }
}

impl ClientCertificates {
    /// Checks the certificates of clients; `None` where clients are not asked for one.
    pub(super) fn verifier(&self, base: &Path) -> anyhow::Result<Option<Arc<dyn ClientCertVerifier>>> {
        let Some(ca_file) = &self.ca_file else {
            if self.required || !self.crl_files.is_empty() {
                bail!("[client_certificates] needs ca_file, the authorities whose certificates are taken");
            }
            return Ok(None);
        };
        let mut roots = RootCertStore::empty();
        for authority in super::server::certificates(&base.join(ca_file))? {
            roots.add(authority).with_context(|| format!("[client_certificates] {}", ca_file.display()))?;
        }
        let mut lists = Vec::new();
        for path in &self.crl_files {
            let read = || CertificateRevocationListDer::pem_file_iter(base.join(path))?.collect::<Result<Vec<_>, _>>();
            let read =
                read().map_err(|e| anyhow::anyhow!("[client_certificates] cannot read {}: {e}", path.display()))?;
            if read.is_empty() {
                bail!("[client_certificates] {} holds no list of revoked certificates", path.display());
            }
            lists.extend(read);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).with_crls(lists);
        if !self.required {
            builder = builder.allow_unauthenticated();
        }
        Ok(Some(builder.build().context("[client_certificates]")?))
    }

    /// Whether clients are asked for a certificate.
    pub(super) fn are_asked_for(&self) -> bool {
        self.ca_file.is_some()
    }
}

/// A user's name as keys, log and policies carry it.
pub(super) fn plain(what: &str, user: &str) -> anyhow::Result<()> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
    if (1..=64).contains(&user.len()) && user.bytes().all(good) {
        return Ok(());
    }
    bail!("{what} has 1 to 64 characters out of letters, digits and . _ @ -")
}
