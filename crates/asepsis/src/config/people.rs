//! Who asks, and from where: network zones, proxies, devices, client certificates, signing in, identity providers, programs.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use asepsis_console::{BackendService, ConsoleSettings, SignInProvider};
use asepsis_people::certificate::{self, CertificateHolder};
use asepsis_people::entrance::EntranceRules;
use asepsis_people::provider::{Provider, ProviderSettings};
use asepsis_people::session::Lifetime;
use asepsis_people::token::{IdTokenRules, KeySet, KeySource, Mapping};
use asepsis_people::zone::{Proxies, Zones};
use rustls::RootCertStore;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use serde::Deserialize;
use zeroize::Zeroizing;

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

/// `[sign_in]`: pages for people.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The organisation's name, for people; a password must not hold it.
    #[serde(default)]
    organisation: String,
    /// Where the pages come from: `https://asepsis.example.org`. Needed beyond this machine.
    #[serde(default)]
    origin: Option<String>,
    /// Minutes without a request after which a session ends.
    #[serde(default = "idle")]
    idle_minutes: u32,
    /// Hours after which it ends in any case.
    #[serde(default = "absolute")]
    absolute_hours: u32,
}

fn idle() -> u32 {
    15
}

fn absolute() -> u32 {
    12
}

/// `[[identity_provider]]`: where people sign in with the organisation's account (OpenID Connect).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityProvider {
    /// A short stable name.
    id: String,
    /// What people call it.
    #[serde(default)]
    name: Option<String>,
    /// Its issuer, to the letter.
    issuer: String,
    /// Our own id there, for the console's sign-in.
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    client_secret_env: Option<String>,
    #[serde(default)]
    client_secret_file: Option<PathBuf>,
    /// The audience of access tokens that are meant for this gateway.
    #[serde(default)]
    audience: Option<String>,
    /// That access tokens of the type `JWT` are taken, as older providers make them.
    #[serde(default)]
    plain_jwt: bool,
    #[serde(default = "sub")]
    user_claim: String,
    #[serde(default)]
    user_prefix: String,
    #[serde(default = "groups")]
    groups_claim: String,
    /// Groups and their roles; of several that a user has, the first one counts.
    roles: Vec<GroupRole>,
    #[serde(default)]
    required_amr: Vec<String>,
    #[serde(default)]
    required_acr: Vec<String>,
    #[serde(default = "openid")]
    scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupRole {
    group: String,
    role: String,
}

fn sub() -> String {
    "sub".to_owned()
}

fn groups() -> String {
    "groups".to_owned()
}

fn openid() -> Vec<String> {
    vec!["openid".to_owned()]
}

/// `[[backend_service]]`: a program that is given tokens by SMART Backend Services.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backend {
    client_id: String,
    user: String,
    role: String,
    /// `asepsis/exchange`, `asepsis/models`.
    scopes: Vec<String>,
    #[serde(default)]
    jwks_file: Option<PathBuf>,
    #[serde(default)]
    jwks_url: Option<String>,
}

/// What the console is made with.
pub(crate) struct ConsoleConfig {
    pub(crate) settings: ConsoleSettings,
    pub(crate) providers: Vec<SignInProvider>,
    pub(crate) services: Vec<BackendService>,
}

impl SignIn {
    fn settings(&self) -> anyhow::Result<ConsoleSettings> {
        if let Some(origin) = &self.origin {
            let uri: http::Uri = origin.parse().context("[sign_in] origin looks like https://asepsis.example.org")?;
            let whole =
                uri.authority().is_some() && !origin.ends_with('/') && uri.path().len() <= 1 && uri.query().is_none();
            let safe = uri.scheme_str() == Some("https")
                || (uri.scheme_str() == Some("http") && super::system::is_loopback(&uri));
            if !whole || !safe {
                bail!("[sign_in] origin = \"{origin}\" must look like https://asepsis.example.org, without a path");
            }
        }
        if !(1..=480).contains(&self.idle_minutes) || !(1..=24).contains(&self.absolute_hours) {
            bail!("[sign_in] idle_minutes is 1 to 480, absolute_hours 1 to 24");
        }
        let lifetime =
            Lifetime { idle: i64::from(self.idle_minutes) * 60, absolute: i64::from(self.absolute_hours) * 3600 };
        Ok(ConsoleSettings { organisation: self.organisation.clone(), origin: self.origin.clone(), lifetime })
    }
}

impl IdentityProvider {
    fn provider(&self, is_role: &impl Fn(&str) -> bool) -> anyhow::Result<Arc<Provider>> {
        let id = &self.id;
        let plain_id = (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !plain_id {
            bail!("[[identity_provider]] id has 1 to 32 letters, digits and -");
        }
        let uri: http::Uri = self.issuer.parse().with_context(|| format!("identity provider `{id}`: issuer"))?;
        if uri.scheme_str() != Some("https") && !(uri.scheme_str() == Some("http") && super::system::is_loopback(&uri))
        {
            bail!("identity provider `{id}`: issuer must begin with https://");
        }
        if self.roles.is_empty() {
            bail!("identity provider `{id}` gives nobody a role; add roles = [{{ group = \"...\", role = \"...\" }}]");
        }
        if let Some(GroupRole { role, .. }) = self.roles.iter().find(|mapped| !is_role(&mapped.role)) {
            bail!(
                "identity provider `{id}` names the role `{role}`, which is not there; add a [[role]] or correct the name"
            );
        }
        if self.client_id.is_none() && self.audience.is_none() {
            bail!(
                "identity provider `{id}` needs client_id for people at the console, or audience for access tokens, or both"
            );
        }
        if !self.user_prefix.is_empty() {
            plain("[[identity_provider]] user_prefix", &self.user_prefix)?;
        }
        Ok(Provider::new(ProviderSettings {
            id: id.clone(),
            name: self.name.clone().unwrap_or_else(|| id.clone()),
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            plain_type: self.plain_jwt,
            mapping: self.mapping(),
        }))
    }

    fn mapping(&self) -> Mapping {
        Mapping {
            user_claim: self.user_claim.clone(),
            user_prefix: self.user_prefix.clone(),
            groups_claim: self.groups_claim.clone(),
            roles: self.roles.iter().map(|mapped| (mapped.group.clone(), mapped.role.clone())).collect(),
            required_amr: self.required_amr.clone(),
            required_acr: self.required_acr.clone(),
        }
    }

    /// How people sign in there; `None` where they do not.
    fn sign_in(&self, provider: &Arc<Provider>, base: &Path) -> anyhow::Result<Option<SignInProvider>> {
        let Some(client_id) = &self.client_id else { return Ok(None) };
        let id = &self.id;
        let secret = match (&self.client_secret_env, &self.client_secret_file) {
            (Some(_), Some(_)) => bail!("identity provider `{id}` has two secrets; give one of them"),
            (Some(name), None) => Some(std::env::var(name).map_err(|_| {
                anyhow::anyhow!("identity provider `{id}`: the environment variable {name} is not set")
            })?),
            (None, Some(path)) => Some(
                std::fs::read_to_string(base.join(path))
                    .with_context(|| format!("identity provider `{id}`: cannot read {}", base.join(path).display()))?,
            ),
            (None, None) => None,
        };
        let mut scopes = self.scopes.clone();
        if !scopes.iter().any(|scope| scope == "openid") {
            scopes.insert(0, "openid".to_owned());
        }
        Ok(Some(SignInProvider {
            provider: Arc::clone(provider),
            rules: IdTokenRules { issuer: self.issuer.clone(), client_id: client_id.clone(), mapping: self.mapping() },
            client_secret: secret.map(|secret| Zeroizing::new(secret.trim().to_owned())),
            scopes,
        }))
    }
}

impl Backend {
    fn service(&self, base: &Path, is_role: &impl Fn(&str) -> bool) -> anyhow::Result<BackendService> {
        let id = &self.client_id;
        plain("[[backend_service]] client_id", id)?;
        plain("[[backend_service]] user", &self.user)?;
        if !is_role(&self.role) {
            bail!(
                "backend service `{id}` names the role `{}`, which is not there; add a [[role]] or correct the name",
                self.role
            );
        }
        let known = ["asepsis/exchange", "asepsis/models"];
        if self.scopes.is_empty() || self.scopes.iter().any(|scope| !known.contains(&scope.as_str())) {
            bail!("backend service `{id}`: scopes are {}", known.join(" and "));
        }
        let keys = match (&self.jwks_file, &self.jwks_url) {
            (Some(path), None) => {
                let path = base.join(path);
                let text = std::fs::read(&path)
                    .with_context(|| format!("backend service `{id}`: cannot read {}", path.display()))?;
                let keys =
                    KeySet::read(&text).with_context(|| format!("backend service `{id}`: {}", path.display()))?;
                KeySource::of(keys)
            }
            (None, Some(url)) => KeySource::at(url.clone()),
            _ => bail!("backend service `{id}` needs jwks_file or jwks_url, its public keys"),
        };
        Ok(BackendService {
            client_id: id.clone(),
            user: self.user.clone(),
            role: self.role.clone(),
            scopes: self.scopes.clone(),
            keys,
        })
    }
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
        for authority in super::certificates(&base.join(ca_file))? {
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
fn plain(what: &str, user: &str) -> anyhow::Result<()> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
    if (1..=64).contains(&user.len()) && user.bytes().all(good) {
        return Ok(());
    }
    bail!("{what} has 1 to 64 characters out of letters, digits and . _ @ -")
}
