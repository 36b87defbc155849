//! The root in the Transit engine of HashiCorp Vault or OpenBao
//! (<https://developer.hashicorp.com/vault/api-docs/secret/transit>).

use std::fmt;
use std::path::PathBuf;

use asepsis_db::files;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::Secret;
use crate::root::http::{Answer, Service, decoded, encoded, said, text};
use crate::root::{Destruction, EpochPlace, Root, RootError, RootFuture, RootKeyId};
use crate::secret::joined;

const SCHEME: &str = "transit";

/// How a Transit engine is reached.
#[derive(Clone)]
pub struct TransitOptions {
    /// The server: `https://vault.example.org:8200`.
    pub address: String,
    /// Where the engine is mounted, most often `transit`.
    pub mount: String,
    /// The namespace, where the server has several.
    pub namespace: Option<String>,
    /// The token.
    pub token: TransitToken,
    /// Authorities to trust besides the public ones, PEM.
    pub ca_file: Option<PathBuf>,
}

/// Where the token is.
#[derive(Clone)]
pub enum TransitToken {
    /// It stays the same.
    Fixed(Zeroizing<String>),
    /// A file that an agent renews; read for each request, and its owner's alone.
    File(PathBuf),
}

/// A Transit engine that keeps a key of type `aes256-gcm96` for each epoch.
///
/// The token needs `create`, `read` and `delete` on `MOUNT/keys/asepsis-*`, `update` on `MOUNT/keys/asepsis-*/config`,
/// and `update` on `MOUNT/encrypt/asepsis-*` and `MOUNT/decrypt/asepsis-*`. It should not have `create` on
/// `MOUNT/encrypt`: with it, the engine makes a key that is not there.
pub struct Transit {
    service: Service,
    mount: String,
    namespace: Option<HeaderValue>,
    token: TransitToken,
}

impl Transit {
    /// A root at this engine. Nothing is asked yet.
    ///
    /// # Errors
    /// [`RootError::BadSettings`].
    pub fn new(options: TransitOptions) -> Result<Self, RootError> {
        let service = Service::new("Transit", &options.address, options.ca_file.as_deref())?;
        let mount = options.mount.trim_matches('/').to_owned();
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"-_./".contains(&c);
        if mount.is_empty() || !mount.bytes().all(plain) {
            return Err(RootError::BadSettings("Transit: the mount is a path such as `transit`".to_owned()));
        }
        let namespace = options.namespace.as_deref().map(HeaderValue::from_str).transpose();
        let namespace = namespace.map_err(|_| RootError::BadSettings("Transit: the namespace is none".to_owned()))?;
        Ok(Self { service, mount, namespace, token: options.token })
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, RootError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-vault-request", HeaderValue::from_static("true"));
        let token = match &self.token {
            TransitToken::Fixed(token) => token.clone(),
            TransitToken::File(path) => {
                let bytes = Zeroizing::new(files::read_secret(path, 4096)?);
                Zeroizing::new(String::from_utf8_lossy(&bytes).trim().to_owned())
            }
        };
        let mut token = HeaderValue::from_str(token.trim())
            .map_err(|_| RootError::BadSettings("Transit: the token holds what no header may hold".to_owned()))?;
        token.set_sensitive(true);
        headers.insert("x-vault-token", token);
        if let Some(namespace) = &self.namespace {
            headers.insert("x-vault-namespace", namespace.clone());
        }
        let body = Zeroizing::new(body.map(Value::to_string).unwrap_or_default().into_bytes());
        let answer = self.service.ask(method, &format!("/v1/{}/{path}", self.mount), headers, body).await?;
        match answer.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                Err(self.service.unreachable("it is sealed or in maintenance; unseal it"))
            }
            status if status.is_server_error() => Err(self.service.unreachable("it failed; look at its log")),
            _ => Ok(answer),
        }
    }

    fn refused(&self, doing: &'static str, answer: &Answer) -> RootError {
        let why = match answer.status {
            StatusCode::FORBIDDEN => {
                "the token may not do this, or has expired; see what it needs in docs/keys.md".to_owned()
            }
            status => {
                let errors = answer.body.get("errors").and_then(Value::as_array);
                let first = errors.and_then(|all| all.first()).and_then(Value::as_str).unwrap_or_default();
                format!("status {}, {}", status.as_u16(), said(first))
            }
        };
        self.service.refused(doing, why)
    }

    /// The name of a key of this engine.
    fn name_of<'k>(&self, key: &'k RootKeyId) -> Option<&'k str> {
        let name = key.name(SCHEME)?.strip_prefix(self.mount.as_str())?.strip_prefix(':')?;
        // It goes into a path.
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_').then_some(name)
    }

    /// The name of a key that is there. Looked at before each use, because sealing under one that is not would make it
    /// anew where the token may do that.
    async fn present<'k>(&self, key: &'k RootKeyId, doing: &'static str) -> Result<&'k str, RootError> {
        let name = self.name_of(key).ok_or(RootError::WrongKey)?;
        let answer = self.ask(Method::GET, &format!("keys/{name}"), None).await?;
        match answer.status {
            StatusCode::OK => Ok(name),
            StatusCode::NOT_FOUND => Err(RootError::Gone(key.clone())),
            _ => Err(self.refused(doing, &answer)),
        }
    }

    async fn make(&self, place: &EpochPlace) -> Result<RootKeyId, RootError> {
        let name = format!("asepsis-{}", place.name());
        let body = json!({"type": "aes256-gcm96", "exportable": false, "allow_plaintext_backup": false});
        let answer = self.ask(Method::POST, &format!("keys/{name}"), Some(&body)).await?;
        if !answer.status.is_success() {
            return Err(self.refused("make a key", &answer));
        }
        Ok(RootKeyId::new(SCHEME, &format!("{}:{name}", self.mount)))
    }

    async fn seal(&self, key: &RootKeyId, place: &EpochPlace, secret: &Secret) -> Result<Vec<u8>, RootError> {
        let name = self.present(key, "seal").await?;
        let body = json!({
            "plaintext": encoded(secret.as_bytes()).as_str(),
            "associated_data": encoded(&full_place(key, place)).as_str(),
        });
        let answer = self.ask(Method::POST, &format!("encrypt/{name}"), Some(&body)).await?;
        match text(&answer.body, &["data", "ciphertext"]) {
            Some(sealed) if answer.status.is_success() => Ok(sealed.as_bytes().to_vec()),
            _ => Err(self.refused("seal", &answer)),
        }
    }

    async fn open(&self, key: &RootKeyId, place: &EpochPlace, wrapped: &[u8]) -> Result<Secret, RootError> {
        let name = self.present(key, "open").await?;
        let tampered = || RootError::Tampered(place.epoch);
        let sealed = std::str::from_utf8(wrapped).map_err(|_| tampered())?;
        let body = json!({"ciphertext": sealed, "associated_data": encoded(&full_place(key, place)).as_str()});
        let answer = self.ask(Method::POST, &format!("decrypt/{name}"), Some(&body)).await?;
        match answer.status {
            StatusCode::OK => {
                let plain = text(&answer.body, &["data", "plaintext"]).and_then(decoded);
                plain.and_then(|bytes| Secret::from_slice(&bytes)).ok_or_else(tampered)
            }
            // The key is there and the token is good: what is left is the ciphertext.
            StatusCode::BAD_REQUEST => Err(tampered()),
            _ => Err(self.refused("open", &answer)),
        }
    }

    async fn delete(&self, key: &RootKeyId) -> Result<Destruction, RootError> {
        let name = match self.present(key, "destroy a key").await {
            Err(RootError::Gone(_)) => return Ok(Destruction::Done),
            name => name?,
        };
        let allow = json!({"deletion_allowed": true});
        for (method, path, body) in [
            (Method::POST, format!("keys/{name}/config"), Some(&allow)),
            (Method::DELETE, format!("keys/{name}"), None),
        ] {
            let answer = self.ask(method, &path, body).await?;
            if !answer.status.is_success() {
                return Err(self.refused("destroy a key", &answer));
            }
        }
        Ok(Destruction::Done)
    }
}

impl Root for Transit {
    fn holds(&self, key: &RootKeyId) -> bool {
        self.name_of(key).is_some()
    }

    fn create<'a>(&'a self, place: &'a EpochPlace) -> RootFuture<'a, RootKeyId> {
        Box::pin(self.make(place))
    }

    fn wrap<'a>(&'a self, key: &'a RootKeyId, place: &'a EpochPlace, secret: &'a Secret) -> RootFuture<'a, Vec<u8>> {
        Box::pin(self.seal(key, place, secret))
    }

    fn unwrap<'a>(&'a self, key: &'a RootKeyId, place: &'a EpochPlace, wrapped: &'a [u8]) -> RootFuture<'a, Secret> {
        Box::pin(self.open(key, place, wrapped))
    }

    fn destroy<'a>(&'a self, key: &'a RootKeyId) -> RootFuture<'a, Destruction> {
        Box::pin(self.delete(key))
    }
}

fn full_place(key: &RootKeyId, place: &EpochPlace) -> Vec<u8> {
    joined(&[&place.to_bytes(), key.to_string().as_bytes()])
}

impl fmt::Debug for Transit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transit").field("mount", &self.mount).finish_non_exhaustive()
    }
}

impl fmt::Debug for TransitOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransitOptions").field("address", &self.address).finish_non_exhaustive()
    }
}

impl fmt::Debug for TransitToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransitToken(..)")
    }
}
