//! Identity providers: OpenID Connect discovery, and the keys that their tokens are checked with.

use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;

use crate::entrance::Refused;
use crate::token::{AccessRules, Fetch, KeySource, Mapped, Mapping, TokenFault};

/// How long what a provider says of itself is kept, in seconds, and the least time between two questions.
const FRESH: i64 = 3600;
const PAUSE: i64 = 60;

/// What the configuration says of an identity provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// A short stable name, for the log.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its issuer, to the letter.
    pub issuer: String,
    /// The audience of access tokens that are meant for this gateway; none are taken where absent.
    pub audience: Option<String>,
    /// Whether access tokens are taken whose type is not `at+jwt`.
    pub plain_type: bool,
    /// How its claims become a user and a role.
    pub mapping: Mapping,
}

/// An identity provider.
pub struct Provider {
    settings: ProviderSettings,
    access: Option<AccessRules>,
    known: RwLock<Option<(Arc<Discovered>, i64)>>,
    tried: tokio::sync::Mutex<i64>,
}

/// What a provider says of itself (OpenID Connect Discovery 1.0).
#[derive(Debug)]
pub struct Discovered {
    /// Where users are sent to sign in.
    pub authorization: String,
    /// Where codes become tokens.
    pub token: String,
    /// Where its keys are.
    pub keys: KeySource,
    /// Whether it names itself in the answer (RFC 9207).
    pub names_issuer: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Provider {
    /// A provider of these settings.
    pub fn new(settings: ProviderSettings) -> Arc<Self> {
        let access = settings.audience.as_ref().map(|audience| AccessRules {
            issuer: settings.issuer.clone(),
            audience: audience.clone(),
            plain_type: settings.plain_type,
            mapping: settings.mapping.clone(),
        });
        Arc::new(Self { settings, access, known: RwLock::default(), tried: tokio::sync::Mutex::new(i64::MIN) })
    }

    /// Its short name.
    pub fn id(&self) -> &str {
        &self.settings.id
    }

    /// What the configuration says of it.
    pub fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    /// Whether access tokens of this issuer are its own, and taken.
    pub(crate) fn takes_tokens_of(&self, issuer: &str) -> bool {
        self.access.is_some() && self.settings.issuer == issuer
    }

    /// What it says of itself: from memory, or asked.
    pub async fn discovered(&self, fetch: &dyn Fetch, now: i64) -> Option<Arc<Discovered>> {
        if let Some((known, at)) = self.known()
            && now - at < FRESH
        {
            return Some(known);
        }
        // One asks, the others wait for what it finds.
        let mut tried = self.tried.lock().await;
        let known = self.known();
        if now.saturating_sub(*tried) < PAUSE {
            return known.map(|(known, _)| known);
        }
        *tried = now;
        let url = format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/'));
        let read = fetch.get(&url).await.ok().and_then(|text| self.read(&text));
        let Some(read) = read else {
            tracing::error!(
                provider = self.settings.id,
                "an identity provider cannot be asked, or answers for another issuer"
            );
            return known.map(|(known, _)| known);
        };
        // Keys that are known already stay in memory.
        let read = match known {
            Some((known, _)) if known.is_like(&read) => known,
            _ => Arc::new(read),
        };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&read), now));
        Some(read)
    }

    /// Who an access token speaks for.
    pub(crate) async fn check_access(&self, token: &str, fetch: &dyn Fetch, now: i64) -> Result<Mapped, Refused> {
        let rules = self.access.as_ref().ok_or(Refused::Token(TokenFault::Issuer))?;
        // What cannot be right costs no question to the provider.
        AccessRules::key_id(token).map_err(Refused::Token)?;
        let source = self.discovered(fetch, now).await.ok_or(Refused::Provider)?;
        let keys = source.keys.keys(fetch, now).await.ok_or(Refused::Provider)?;
        match rules.check(token, &keys, now) {
            Err(TokenFault::UnknownKey) => {
                let keys = source.keys.newer(fetch, now).await.ok_or(Refused::Provider)?;
                rules.check(token, &keys, now).map_err(Refused::Token)
            }
            checked => checked.map_err(Refused::Token),
        }
    }

    fn known(&self) -> Option<(Arc<Discovered>, i64)> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn read(&self, text: &[u8]) -> Option<Discovered> {
        let document: Document = serde_json::from_slice(text).ok()?;
        // Section 4.3: who answers for another issuer is not believed.
        let pkce = document.code_challenge_methods_supported.as_ref();
        if document.issuer != self.settings.issuer || pkce.is_some_and(|all| !all.iter().any(|one| one == "S256")) {
            return None;
        }
        Some(Discovered {
            authorization: document.authorization_endpoint,
            token: document.token_endpoint,
            keys: KeySource::at(document.jwks_uri),
            names_issuer: document.authorization_response_iss_parameter_supported,
        })
    }
}

impl Discovered {
    fn is_like(&self, other: &Self) -> bool {
        self.authorization == other.authorization && self.token == other.token && self.keys.is_at(&other.keys)
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({})", self.settings.id)
    }
}
