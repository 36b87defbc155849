use serde::Deserialize;

use crate::passkey::{LONGEST, PasskeyFault, RelyingParty};

/// What the browser says of the question (section 5.8.1). Members that are not known are left aside, as the section asks for.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

/// Checks it, and gives the challenge in base64url.
pub(super) fn challenge(json: &[u8], kind: &str, party: &RelyingParty) -> Result<String, PasskeyFault> {
    if json.len() > LONGEST {
        return Err(PasskeyFault::Malformed("client data"));
    }
    let data: ClientData = serde_json::from_slice(json).map_err(|_| PasskeyFault::Malformed("client data"))?;
    if data.kind != kind {
        return Err(PasskeyFault::Malformed("type of the client data"));
    }
    // A page of another site around ours must not ask for signatures.
    if data.origin != party.origin || data.cross_origin {
        return Err(PasskeyFault::Origin);
    }
    Ok(data.challenge)
}
