//! The root in the key management service of AWS, or in what speaks its API
//! (<https://docs.aws.amazon.com/kms/latest/APIReference/>).

use std::fmt;
use std::path::PathBuf;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::Secret;
use crate::root::http::{Service, decoded, encoded, said, text};
use crate::root::sigv4::Signer;
use crate::root::{Destruction, EpochPlace, Root, RootError, RootFuture, RootKeyId};
use crate::secret::hex;

const SCHEME: &str = "aws-kms";

/// Days until AWS deletes a key that is to be: the fewest that it offers.
const WAIT: u32 = 7;

/// How the service is reached.
#[derive(Clone)]
pub struct AwsKmsOptions {
    /// The region, for example `us-east-1`.
    pub region: String,
    /// The address; `https://kms.REGION.amazonaws.com` where absent.
    pub endpoint: Option<String>,
    /// With what requests are signed.
    pub credentials: AwsCredentials,
    /// Authorities to trust besides the public ones, PEM.
    pub ca_file: Option<PathBuf>,
}

/// An access key of AWS.
#[derive(Clone)]
pub struct AwsCredentials {
    /// Its id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Zeroizing<String>,
    /// The token of a session, for keys that end by themselves.
    pub session_token: Option<Zeroizing<String>>,
}

/// A key service that keeps a symmetric key for each epoch. Destroying one takes seven days, in which it cannot be used
/// but be called back.
///
/// The credentials need `kms:CreateKey`, `kms:TagResource`, `kms:DescribeKey`, `kms:Encrypt`, `kms:Decrypt` and
/// `kms:ScheduleKeyDeletion`.
pub struct AwsKms {
    service: Service,
    region: String,
    credentials: AwsCredentials,
}

impl AwsKms {
    /// A root at this service. Nothing is asked yet.
    ///
    /// # Errors
    /// [`RootError::BadSettings`].
    pub fn new(options: AwsKmsOptions) -> Result<Self, RootError> {
        let region = options.region;
        if region.is_empty() || !region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            return Err(RootError::BadSettings("AWS KMS: a region looks like us-east-1".to_owned()));
        }
        let endpoint = options.endpoint.unwrap_or_else(|| format!("https://kms.{region}.amazonaws.com"));
        let service = Service::new("AWS KMS", &endpoint, options.ca_file.as_deref())?;
        Ok(Self { service, region, credentials: options.credentials })
    }

    /// Asks for an action; the answer, or the code and the message of the error.
    async fn ask(&self, action: &str, body: &Value) -> Result<Result<Value, (String, String)>, RootError> {
        let body = Zeroizing::new(body.to_string().into_bytes());
        let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
        let time = OffsetDateTime::now_utc().format(format).map_err(|e| RootError::BadSettings(e.to_string()))?;
        let target = format!("TrentService.{action}");
        let token = self.credentials.session_token.as_deref();
        let mut signed = vec![
            ("content-type", "application/x-amz-json-1.1"),
            ("host", self.service.authority()),
            ("x-amz-date", time.as_str()),
        ];
        signed.extend(token.map(|token| ("x-amz-security-token", token.as_str())));
        signed.push(("x-amz-target", &target));
        let signer = Signer {
            access_key: &self.credentials.access_key_id,
            secret_key: &self.credentials.secret_access_key,
            region: &self.region,
            service: "kms",
        };
        let authorization = signer.authorization("POST", &signed, &body, &time);
        let mut headers = HeaderMap::new();
        for (name, value) in signed.into_iter().chain([("authorization", authorization.as_str())]) {
            let bad = |_| RootError::BadSettings("AWS KMS: the credentials hold what no header may hold".to_owned());
            let mut value = HeaderValue::from_str(value).map_err(bad)?;
            value.set_sensitive(true);
            headers.insert(
                HeaderName::from_static(match name {
                    "content-type" => "content-type",
                    "host" => "host",
                    "x-amz-date" => "x-amz-date",
                    "x-amz-security-token" => "x-amz-security-token",
                    "x-amz-target" => "x-amz-target",
                    _ => "authorization",
                }),
                value,
            );
        }
        let answer = self.service.ask(Method::POST, "/", headers, body).await?;
        if answer.status == StatusCode::OK {
            return Ok(Ok(answer.body));
        }
        if answer.status.is_server_error() {
            return Err(self.service.unreachable("it failed; try again"));
        }
        let code = text(&answer.body, &["__type"]).map_or("", |code| code.rsplit('#').next().unwrap_or(code));
        let message = text(&answer.body, &["message"]).or_else(|| text(&answer.body, &["Message"])).unwrap_or_default();
        Ok(Err((said(code), said(message))))
    }

    fn refused(&self, doing: &'static str, (code, message): &(String, String)) -> RootError {
        let remedy = match code.as_str() {
            "UnrecognizedClientException" | "InvalidClientTokenId" | "SignatureDoesNotMatch" => {
                "; check the access key and the clock of this machine"
            }
            "ExpiredTokenException" => "; get new session credentials",
            "AccessDeniedException" => {
                "; allow it in the key's policy or the role's (docs/keys.md says what is needed)"
            }
            _ => "",
        };
        let message = if message.is_empty() { "no more is said" } else { message };
        self.service.refused(doing, format!("{code}: {message}{remedy}"))
    }

    fn arn<'k>(&self, key: &'k RootKeyId) -> Result<&'k str, RootError> {
        key.name(SCHEME).ok_or(RootError::WrongKey)
    }

    /// The name of a key that can be used.
    async fn usable<'k>(&self, key: &'k RootKeyId, doing: &'static str) -> Result<&'k str, RootError> {
        let arn = self.arn(key)?;
        let state = match self.ask("DescribeKey", &json!({"KeyId": arn})).await? {
            Ok(body) => text(&body, &["KeyMetadata", "KeyState"]).unwrap_or_default().to_owned(),
            Err((code, _)) if code == "NotFoundException" => return Err(RootError::Gone(key.clone())),
            Err(error) => return Err(self.refused(doing, &error)),
        };
        match state.as_str() {
            "Enabled" => Ok(arn),
            "PendingDeletion" | "PendingReplicaDeletion" => Err(RootError::Gone(key.clone())),
            other => Err(self.service.refused(doing, format!("the key is in the state {}; enable it", said(other)))),
        }
    }

    async fn make(&self, place: &EpochPlace) -> Result<RootKeyId, RootError> {
        let body = json!({
            "Description": format!("Asepsis {}", place.name()),
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "Tags": [
                {"TagKey": "asepsis:tenant", "TagValue": place.tenant.name()},
                {"TagKey": "asepsis:epoch", "TagValue": place.epoch.to_string()},
            ],
        });
        let body = self.ask("CreateKey", &body).await?.map_err(|e| self.refused("make a key", &e))?;
        let arn =
            text(&body, &["KeyMetadata", "Arn"]).ok_or_else(|| self.service.unreachable("its answer names no key"))?;
        Ok(RootKeyId::new(SCHEME, arn))
    }

    async fn seal(&self, key: &RootKeyId, place: &EpochPlace, secret: &Secret) -> Result<Vec<u8>, RootError> {
        let arn = self.usable(key, "seal").await?;
        let body = json!({
            "KeyId": arn,
            "Plaintext": encoded(secret.as_bytes()).as_str(),
            "EncryptionContext": context(place),
        });
        let body = self.ask("Encrypt", &body).await?.map_err(|e| self.refused("seal", &e))?;
        let sealed = text(&body, &["CiphertextBlob"]).and_then(decoded);
        Ok(sealed.ok_or_else(|| self.service.unreachable("its answer holds no ciphertext"))?.to_vec())
    }

    async fn open(&self, key: &RootKeyId, place: &EpochPlace, wrapped: &[u8]) -> Result<Secret, RootError> {
        let arn = self.usable(key, "open").await?;
        let tampered = || RootError::Tampered(place.epoch);
        if wrapped.is_empty() {
            return Err(tampered());
        }
        let body = json!({
            "KeyId": arn,
            "CiphertextBlob": encoded(wrapped).as_str(),
            "EncryptionContext": context(place),
        });
        match self.ask("Decrypt", &body).await? {
            Ok(body) => {
                let plain = text(&body, &["Plaintext"]).and_then(decoded);
                plain.and_then(|bytes| Secret::from_slice(&bytes)).ok_or_else(tampered)
            }
            Err((code, _)) if code == "InvalidCiphertextException" || code == "IncorrectKeyException" => {
                Err(tampered())
            }
            Err(error) => Err(self.refused("open", &error)),
        }
    }

    async fn delete(&self, key: &RootKeyId) -> Result<Destruction, RootError> {
        let arn = self.arn(key)?;
        // By its id: not everything that speaks this API takes the whole name here.
        let id = arn.rsplit('/').next().unwrap_or(arn);
        let body = json!({"KeyId": id, "PendingWindowInDays": WAIT});
        match self.ask("ScheduleKeyDeletion", &body).await? {
            Ok(_) => Ok(Destruction::Pending { days: WAIT }),
            Err((code, _)) if code == "NotFoundException" => Ok(Destruction::Done),
            // It is to be deleted already; when, the first call said.
            Err((code, _)) if code == "KMSInvalidStateException" => Ok(Destruction::Pending { days: WAIT }),
            Err(error) => Err(self.refused("destroy a key", &error)),
        }
    }
}

impl Root for AwsKms {
    fn holds(&self, key: &RootKeyId) -> bool {
        key.name(SCHEME).is_some()
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

/// The associated data in AWS's form. It stands in its trail of events in plain text, and holds nothing of a person.
fn context(place: &EpochPlace) -> Value {
    json!({
        "asepsis:what": "the key of an epoch",
        "asepsis:tenant": place.tenant.name(),
        "asepsis:epoch": place.epoch.to_string(),
        "asepsis:id": hex(&place.id),
    })
}

impl fmt::Debug for AwsKms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsKms").field("region", &self.region).finish_non_exhaustive()
    }
}

impl fmt::Debug for AwsKmsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsKmsOptions").field("region", &self.region).finish_non_exhaustive()
    }
}

impl fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwsCredentials(..)")
    }
}
