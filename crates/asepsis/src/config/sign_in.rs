//! How people sign in, and which programs are given tokens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use asepsis_console::{BackendService, ConsoleSettings, SignInProvider};
use asepsis_people::provider::{Provider, ProviderSettings};
use asepsis_people::session::Lifetime;
use asepsis_people::token::{IdTokenRules, KeySet, KeySource, Mapping};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::people::plain;

/// `[sign_in]`: pages for people.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The organisation's name, for people; a password must not hold it.
    #[serde(default)]
    pub(super) organisation: String,
    /// Where the pages come from: `https://asepsis.example.org`. Needed beyond this machine.
    #[serde(default)]
    pub(super) origin: Option<String>,
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
    pub(super) client_id: Option<String>,
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
    pub(super) fn settings(&self) -> anyhow::Result<ConsoleSettings> {
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
    pub(super) fn provider(&self, is_role: &impl Fn(&str) -> bool) -> anyhow::Result<Arc<Provider>> {
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
    pub(super) fn sign_in(&self, provider: &Arc<Provider>, base: &Path) -> anyhow::Result<Option<SignInProvider>> {
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
    pub(super) fn service(&self, base: &Path, is_role: &impl Fn(&str) -> bool) -> anyhow::Result<BackendService> {
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
