use ciborium::Value;
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::json;

use crate::passkey::cose::{self, PublicKey};
use crate::passkey::data::Data;
use crate::passkey::{Challenge, Challenges, LONGEST, MOST, Passkey, PasskeyFault, RelyingParty, client_data};

/// What a browser answers to a request for a new passkey, each in base64url.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationAnswer {
    /// The credential's id.
    pub id: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// `attestationObject`.
    pub attestation: String,
}

impl RelyingParty {
    /// What a browser is asked for a new passkey of `user` (section 5.4).
    pub fn registration(&self, challenge: &Challenge, user: &str, there: &[Passkey]) -> serde_json::Value {
        let kinds = [-7, -8, -257].map(|alg| json!({"type": "public-key", "alg": alg}));
        json!({
            "challenge": challenge.text,
            "rp": {"id": self.id, "name": self.name},
            "user": {"id": user_handle(user), "name": user, "displayName": user},
            "pubKeyCredParams": kinds,
            "timeout": 300_000,
            "attestation": "none",
            "authenticatorSelection": {
                "residentKey": "required", "requireResidentKey": true, "userVerification": "required"
            },
            "excludeCredentials": there.iter().map(|key| json!({"type": "public-key", "id": key.id})).collect::<Vec<_>>(),
        })
    }

    /// The new passkey, where the answer counts (section 7.1). `bound` is what the question was bound to.
    ///
    /// # Errors
    /// [`PasskeyFault`].
    pub fn register(
        &self,
        answer: &RegistrationAnswer,
        challenges: &Challenges,
        bound: &[u8],
        there: &[Passkey],
        name: &str,
        now: i64,
    ) -> Result<Passkey, PasskeyFault> {
        let client = decoded(&answer.client_data, "client data")?;
        let challenge = client_data::challenge(&client, "webauthn.create", self)?;
        if !challenges.take(&challenge, bound, now) {
            return Err(PasskeyFault::Challenge);
        }
        let attestation = decoded(&answer.attestation, "attestation")?;
        let data = authenticator_data(&attestation)?;
        let data = Data::read(&data, self)?;
        let (id, key) = data.credential.ok_or(PasskeyFault::Malformed("authenticator data"))?;
        if decoded(&answer.id, "credential id")? != id {
            return Err(PasskeyFault::Malformed("credential id"));
        }
        PublicKey::read(key)?;
        let id = BASE64URL_NOPAD.encode(id);
        if there.iter().any(|passkey| passkey.id == id) {
            return Err(PasskeyFault::Exists);
        }
        if there.len() >= MOST {
            return Err(PasskeyFault::TooMany);
        }
        let name = name.trim().chars().filter(|c| !c.is_control()).take(64).collect::<String>();
        Ok(Passkey {
            id,
            key: BASE64URL_NOPAD.encode(key),
            counter: data.counter,
            backup_eligible: data.backup_eligible,
            name: if name.is_empty() { "Passkey".to_owned() } else { name },
            created: now,
        })
    }
}

/// An id for a user that says nothing (section 14.6.1 wants no name in it).
pub(crate) fn user_handle(user: &str) -> String {
    BASE64URL_NOPAD.encode(&crate::random::sha256(format!("asepsis/passkey/{user}").as_bytes()))
}

pub(super) fn decoded(text: &str, what: &'static str) -> Result<Vec<u8>, PasskeyFault> {
    if text.len() > LONGEST * 4 / 3 {
        return Err(PasskeyFault::Malformed(what));
    }
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| PasskeyFault::Malformed(what))
}

/// The authenticator data of an attestation object without attestation (sections 6.5, 8.7).
fn authenticator_data(object: &[u8]) -> Result<Vec<u8>, PasskeyFault> {
    let mut rest = object;
    let map = cose::value(&mut rest).filter(|_| rest.is_empty());
    let Some(Value::Map(map)) = map else { return Err(PasskeyFault::Malformed("attestation")) };
    let named = |name: &str| {
        let mut found = map.iter().filter(|(key, _)| key.as_text() == Some(name));
        found.next().filter(|_| found.next().is_none()).map(|(_, value)| value)
    };
    let none = named("fmt").and_then(Value::as_text) == Some("none");
    let empty = named("attStmt").and_then(Value::as_map).is_some_and(Vec::is_empty);
    if !none || !empty {
        return Err(PasskeyFault::Attestation);
    }
    named("authData").and_then(Value::as_bytes).cloned().ok_or(PasskeyFault::Malformed("attestation"))
}
