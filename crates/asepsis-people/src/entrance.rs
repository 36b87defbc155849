//! Who asks, and from where: the credentials of one request, looked at together.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use asepsis_store::{ApiKey, AuthFailure, Store};
use asepsis_vocab::Actor;

use crate::alert::Alert;
use crate::certificate::{CertificateHolder, ClientCertificate};
use crate::provider::Provider;
use crate::registered::{Registered, Snapshot};
use crate::token::{AccessRules, Fetch, IssuedTokens, TokenFault};
use crate::zone::{Proxies, Zones};

/// What the configuration says of who may ask.
#[derive(Default)]
pub struct EntranceRules {
    /// Network zones.
    pub zones: Zones,
    /// Proxies whose word about a client's address is taken.
    pub proxies: Proxies,
    /// Whether only a registered device is a managed one, whatever is said of roles and persons.
    pub registered_devices: bool,
    /// Who client certificates speak for.
    pub certificates: Vec<CertificateHolder>,
    /// Serial numbers of client certificates that do not count any more, in the form of [`ClientCertificate::serial`].
    pub revoked_certificates: HashSet<String>,
    /// Identity providers whose access tokens are taken.
    pub providers: Vec<Arc<Provider>>,
}

/// Knows who asks.
pub struct Entrance {
    store: Store,
    registered: Registered,
    rules: EntranceRules,
    fetch: Arc<dyn Fetch>,
    issued: Arc<Mutex<IssuedTokens>>,
}

/// What came with a request.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// An API key, an access token, or a token that Asepsis gave out.
    pub token: Option<&'a str>,
    /// The key of a device.
    pub device: Option<&'a str>,
    /// The other end of the connection.
    pub peer: IpAddr,
    /// The header `X-Forwarded-For`.
    pub forwarded: Option<&'a str>,
    /// The certificate that the client showed in the TLS handshake.
    pub certificate: Option<&'a ClientCertificate>,
}

/// Who asks, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user: String,
    /// The role.
    pub role: String,
    /// How the user was recognised, for the log.
    pub method: &'static str,
    /// The public part of the credential.
    pub credential: Option<String>,
    /// Whether the sign-in behind it had more than one factor.
    pub several_factors: bool,
    /// The id of the registered device.
    pub device: Option<String>,
    /// Whether the device is one that the organisation looks after; `None` where nothing of this request says so.
    pub managed_device: Option<bool>,
    /// The network zone: `None` where there are none, `Some(None)` where the address is in none of them.
    pub zone: Option<Option<String>>,
    /// What the credential may be used for; `None` where that is not limited.
    pub scopes: Option<Vec<String>>,
}

/// Why nobody is let in. It says no more than that, but for what an honest client can mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing came.
    #[error("no key came with the request; send it as Authorization: Bearer or as x-api-key")]
    Nothing,
    /// A key with a typing error.
    #[error("this is no key of Asepsis: it is cut short, or has a typing error")]
    Malformed,
    /// A key or token that does not count, for whatever reason.
    #[error("the key is not valid; ask the administrator for a new one")]
    NotValid,
    /// An access token that is not taken.
    #[error("the access token is not valid: {0}")]
    Token(TokenFault),
    /// The certificate speaks for nobody.
    #[error("no key came with the request, and the client's certificate speaks for nobody here")]
    Certificate,
    /// The identity provider's keys cannot be had.
    #[error(
        "the access token cannot be checked now, because the keys of its identity provider cannot be had; try again later"
    )]
    Provider,
}

/// What came of looking, with what is to be noted of it.
pub type Found = (Result<Identity, Refused>, Option<Alert>);

impl Entrance {
    /// Knows the keys of the store, and follows its registers of persons and devices.
    ///
    /// # Errors
    /// Where the registers cannot be read.
    pub async fn open(
        store: Store,
        rules: EntranceRules,
        fetch: Arc<dyn Fetch>,
        issued: Arc<Mutex<IssuedTokens>>,
    ) -> Result<Arc<Self>, asepsis_store::StoreError> {
        let registered = Registered::follow(&store).await?;
        Ok(Arc::new(Self { store, registered, rules, fetch, issued }))
    }

    /// Persons and devices.
    pub fn registered(&self) -> &Registered {
        &self.registered
    }

    /// The address of the client behind proxies; `None` where they do not tell it.
    pub fn client(&self, peer: IpAddr, forwarded: Option<&str>) -> Option<IpAddr> {
        self.rules.proxies.client(peer, forwarded)
    }

    /// Whether a certificate was revoked by its serial number in the configuration.
    pub fn is_revoked(&self, certificate: &ClientCertificate) -> bool {
        self.rules.revoked_certificates.contains(&certificate.serial)
    }

    /// Who asks. For API keys, certificates and own tokens, and for access tokens whose provider's keys are in memory, this waits
    /// for nothing. `now` is in seconds since 1970 UTC.
    pub async fn identify(&self, presented: Presented<'_>, now: i64) -> Found {
        let registered = self.registered.now();
        if let Some(revoked) = presented.certificate.filter(|shown| self.is_revoked(shown)) {
            let alert = Alert { what: "revoked_certificate", about: format!("serial/{}", revoked.serial), actor: None };
            return (Err(Refused::NotValid), Some(alert));
        }
        let (identity, alert) = match (presented.token, presented.certificate) {
            (Some(token), _) if IssuedTokens::are_like(token) => (self.issued(token, now), None),
            (Some(token), _) if token.split('.').count() == 3 && token.starts_with("ey") => {
                (self.access_token(token, now).await, None)
            }
            (Some(token), _) => self.api_key(token, now).await,
            (None, Some(certificate)) => (self.certificate(certificate), None),
            (None, None) => (Err(Refused::Nothing), None),
        };
        let mut identity = match identity {
            Ok(identity) => identity,
            Err(refused) => return (Err(refused), alert),
        };
        if registered.is_disabled(&identity.user) {
            let alert = self::alert("disabled_user", format!("user/{}", identity.user), &identity);
            return (Err(Refused::NotValid), Some(alert));
        }
        self.locate(&mut identity, presented);
        let alert = self.place_device(&mut identity, presented, &registered);
        (Ok(identity), alert)
    }

    /// Somebody who signed in at the console, with what this request tells of the device and the network.
    pub fn visitor(&self, user: &str, role: &str, presented: Presented<'_>) -> Identity {
        let mut visitor = identity(user.to_owned(), role.to_owned(), "session", None);
        self.locate(&mut visitor, presented);
        // Looking at a page is no access to data, and raises no alert.
        let _ = self.place_device(&mut visitor, presented, &self.registered.now());
        visitor
    }

    async fn api_key(&self, token: &str, now: i64) -> (Result<Identity, Refused>, Option<Alert>) {
        let failure = match self.store.authenticate(token, now).await {
            Ok(principal) => {
                let identity = identity(principal.user, principal.role, "api_key", Some(principal.key_id));
                return (Ok(identity), None);
            }
            Err(AuthFailure::Malformed) => return (Err(Refused::Malformed), None),
            Err(failure) => failure,
        };
        // Told only where the secret fits, so that nobody who guesses at ids fills the log.
        let what = match failure {
            AuthFailure::Revoked => Some("revoked_key"),
            AuthFailure::Replaced => Some("replaced_key"),
            _ => None,
        };
        let id = token.parse::<ApiKey>().map(|key| key.id().to_owned()).unwrap_or_default();
        let alert = what.map(|what| Alert { what, about: format!("api_key/{id}"), actor: None });
        (Err(Refused::NotValid), alert)
    }

    fn issued(&self, token: &str, now: i64) -> Result<Identity, Refused> {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = issued.holder(token, now).ok_or(Refused::NotValid)?;
        let found = identity(holder.user.clone(), holder.role.clone(), "smart_backend", Some(holder.client_id.clone()));
        Ok(Identity { scopes: Some(holder.scopes.clone()), ..found })
    }

    async fn access_token(&self, token: &str, now: i64) -> Result<Identity, Refused> {
        let issuer = AccessRules::named_issuer(token).ok_or(Refused::Token(TokenFault::Malformed))?;
        let provider = self.rules.providers.iter().find(|provider| provider.takes_tokens_of(&issuer));
        let provider = provider.ok_or(Refused::Token(TokenFault::Issuer))?;
        let mapped = provider.check_access(token, self.fetch.as_ref(), now).await?;
        let found = identity(mapped.user, mapped.role, "oidc", Some(provider.id().to_owned()));
        Ok(Identity { several_factors: mapped.several_factors, ..found })
    }

    fn certificate(&self, certificate: &ClientCertificate) -> Result<Identity, Refused> {
        let holder = certificate.holder(&self.rules.certificates).ok_or(Refused::Certificate)?;
        let serial = Some(certificate.serial.clone());
        Ok(identity(holder.user.clone(), holder.role.clone(), "mtls", serial))
    }

    /// Finds the network zone, where there are any.
    fn locate(&self, identity: &mut Identity, presented: Presented<'_>) {
        if !self.rules.zones.is_empty() {
            let address = self.client(presented.peer, presented.forwarded);
            identity.zone = Some(address.and_then(|address| self.rules.zones.of(address)).map(str::to_owned));
        }
    }

    /// Finds the device, and says whether it is one that the organisation looks after.
    fn place_device(&self, identity: &mut Identity, presented: Presented<'_>, registered: &Snapshot) -> Option<Alert> {
        let by_key = presented.device.and_then(|key| registered.by_key(key));
        let by_certificate = || registered.by_certificate(&presented.certificate?.fingerprint);
        let what = match by_key.or_else(by_certificate) {
            Some((id, device)) if device.revoked => Some(("revoked_device", format!("device/{id}"))),
            Some((id, device)) if device.user.as_ref().is_some_and(|user| *user != identity.user) => {
                Some(("device_of_another", format!("device/{id}")))
            }
            Some((id, _)) => {
                identity.device = Some(id.to_owned());
                identity.managed_device = Some(true);
                return None;
            }
            // A key that is no device's is worth an alert even where devices need not be registered.
            None if presented.device.is_some() => Some(("unknown_device", format!("user/{}", identity.user))),
            None if self.rules.registered_devices => Some(("unregistered_device", format!("user/{}", identity.user))),
            None => None,
        };
        let (what, about) = what?;
        identity.managed_device = Some(false);
        Some(alert(what, about, identity))
    }
}

fn identity(user: String, role: String, method: &'static str, credential: Option<String>) -> Identity {
    Identity {
        user,
        role,
        method,
        credential,
        several_factors: false,
        device: None,
        managed_device: None,
        zone: None,
        scopes: None,
    }
}

fn alert(what: &'static str, about: String, identity: &Identity) -> Alert {
    let actor = Actor {
        user: identity.user.clone(),
        role: identity.role.clone(),
        method: identity.method.to_owned(),
        credential: identity.credential.clone(),
        device: identity.device.clone(),
    };
    Alert { what, about, actor: Some(actor) }
}

impl std::fmt::Debug for Entrance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entrance(..)")
    }
}
