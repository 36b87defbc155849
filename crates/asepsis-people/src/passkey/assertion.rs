use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::json;

use crate::passkey::cose::PublicKey;
use crate::passkey::data::Data;
use crate::passkey::registration::{decoded, user_handle};
use crate::passkey::{Challenge, Challenges, Passkey, PasskeyFault, RelyingParty, client_data};
use crate::random::sha256;

/// What a browser answers to a request to sign in, each in base64url.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssertionAnswer {
    /// The credential's id.
    pub id: String,
    /// `clientDataJSON`.
    pub client_data: String,
    /// `authenticatorData`.
    pub authenticator_data: String,
    /// `signature`.
    pub signature: String,
    /// `userHandle`, where the authenticator gave one.
    #[serde(default)]
    pub user_handle: Option<String>,
}

impl RelyingParty {
    /// What a browser is asked to sign in (section 5.5). No passkeys are named, so that nobody learns whose there are: the
    /// authenticator shows those that it has of this site.
    pub fn assertion(&self, challenge: &Challenge) -> serde_json::Value {
        json!({"challenge": challenge.text, "rpId": self.id, "timeout": 300_000, "userVerification": "required"})
    }

    /// Which of the user's passkeys answered, with what is kept of it from now on, where the answer counts (section 7.2).
    ///
    /// # Errors
    /// [`PasskeyFault`].
    pub fn assert(
        &self,
        answer: &AssertionAnswer,
        challenges: &Challenges,
        bound: &[u8],
        user: &str,
        there: &[Passkey],
        now: i64,
    ) -> Result<(usize, Passkey), PasskeyFault> {
        let client = decoded(&answer.client_data, "client data")?;
        let challenge = client_data::challenge(&client, "webauthn.get", self)?;
        if !challenges.take(&challenge, bound, now) {
            return Err(PasskeyFault::Challenge);
        }
        let at = there.iter().position(|passkey| passkey.id == answer.id).ok_or(PasskeyFault::Unknown)?;
        if answer.user_handle.as_ref().is_some_and(|handle| *handle != user_handle(user)) {
            return Err(PasskeyFault::Unknown);
        }
        let passkey = &there[at];
        let bytes = decoded(&answer.authenticator_data, "authenticator data")?;
        let data = Data::read(&bytes, self)?;
        // Whether it can be copied is decided when it is made (section 6.1.3).
        if data.backup_eligible != passkey.backup_eligible {
            return Err(PasskeyFault::Malformed("authenticator data"));
        }
        let signature = decoded(&answer.signature, "signature")?;
        let key = BASE64URL_NOPAD.decode(passkey.key.as_bytes()).map_err(|_| PasskeyFault::Unknown)?;
        let message = [bytes.as_slice(), &sha256(&client)].concat();
        PublicKey::read(&key)?.verify(&message, &signature)?;
        if (data.counter > 0 || passkey.counter > 0) && data.counter <= passkey.counter {
            return Err(PasskeyFault::Cloned);
        }
        Ok((at, Passkey { counter: data.counter, ..passkey.clone() }))
    }
}
