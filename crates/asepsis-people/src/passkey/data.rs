use crate::passkey::{PasskeyFault, RelyingParty};
use crate::random::sha256;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

/// Authenticator data (section 6.1).
pub(super) struct Data<'a> {
    pub(super) counter: u32,
    pub(super) backup_eligible: bool,
    /// The credential's id, and its key in COSE.
    pub(super) credential: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Data<'a> {
    /// Reads authenticator data, and checks what must hold in a registration as in an assertion.
    pub(super) fn read(bytes: &'a [u8], party: &RelyingParty) -> Result<Self, PasskeyFault> {
        let malformed = PasskeyFault::Malformed("authenticator data");
        let (party_hash, rest) = bytes.split_first_chunk::<32>().ok_or(malformed)?;
        let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or(malformed)?;
        let (counter, mut rest) = rest.split_first_chunk::<4>().ok_or(malformed)?;
        if *party_hash != sha256(party.id.as_bytes()) {
            return Err(PasskeyFault::RelyingParty);
        }
        if flags & USER_PRESENT == 0 || flags & USER_VERIFIED == 0 {
            return Err(PasskeyFault::NotVerified);
        }
        let backup_eligible = flags & BACKUP_ELIGIBLE != 0;
        // Section 6.1.3: what cannot be backed up is not.
        if !backup_eligible && flags & BACKED_UP != 0 {
            return Err(malformed);
        }
        let mut credential = None;
        if flags & ATTESTED != 0 {
            let (_model, after) = rest.split_first_chunk::<16>().ok_or(malformed)?;
            let (length, after) = after.split_first_chunk::<2>().ok_or(malformed)?;
            let length = usize::from(u16::from_be_bytes(*length));
            if length == 0 || length > 1023 || length > after.len() {
                return Err(malformed);
            }
            let (id, after) = after.split_at(length);
            let key_length = item(after).ok_or(malformed)?;
            let (key, after) = after.split_at(key_length);
            credential = Some((id, key));
            rest = after;
        }
        if flags & EXTENSIONS != 0 {
            // A map that nobody here asked for; nothing may stand behind it.
            let length = item(rest).filter(|_| rest.first().is_some_and(|first| first >> 5 == 5)).ok_or(malformed)?;
            rest = &rest[length..];
        }
        if !rest.is_empty() {
            return Err(malformed);
        }
        Ok(Self { counter: u32::from_be_bytes(*counter), backup_eligible, credential })
    }
}

/// The length of the CBOR item at the start.
fn item(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    super::cose::value(&mut rest)?;
    Some(bytes.len() - rest.len())
}
