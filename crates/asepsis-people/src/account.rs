//! What local users sign in with: kept sealed in the store, and checked in constant work.

use asepsis_keys::{CryptoFailed, SealKey, Secret};
use asepsis_store::{Change, Store, StoreError};
use data_encoding::BASE64_NOPAD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::person::{CREDENTIAL, KIND, Person};
use crate::random::{self, NoRandomness};

pub use crate::secrets::{Confirmed, Right, Second, Secrets};

/// How long a set-up code is good for, in seconds.
const SET_UP: i64 = 72 * 3600;

/// Local users' accounts.
pub struct Accounts {
    store: Store,
    seal: SealKey,
}

/// Why an account cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is kept does not open, so it was changed by somebody else or is of another installation.
    #[error("what user `{0}` signs in with does not open under the key of this installation; reset the user")]
    Tampered(String),
    /// The system gives no random numbers, or sealing failed.
    #[error("the system gives no random numbers; nothing was changed")]
    NoRandomness,
    /// There is no such user.
    #[error("there is no user `{0}`; `asepsis user list` shows them")]
    Unknown(String),
    /// There is one already.
    #[error("there is a user `{0}` already; `asepsis user reset` gives a new set-up code")]
    Exists(String),
}

/// A set-up code, to be given to the user over a safe channel.
pub struct SetUpCode {
    /// The code.
    pub code: Zeroizing<String>,
    /// The changes that make it count.
    pub changes: Vec<Change>,
}

impl Accounts {
    /// The accounts of a store. `secret` is the installation's key for this use.
    ///
    /// # Errors
    /// [`CryptoFailed`].
    pub fn new(store: Store, secret: &Secret) -> Result<Self, CryptoFailed> {
        Ok(Self { store, seal: SealKey::new(secret)? })
    }

    /// What a user signs in with, and the version of that; `None` where there is no such user.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn secrets(&self, user: &str) -> Result<Option<(Secrets, u32)>, AccountError> {
        let Some(record) = self.store.record(CREDENTIAL, user).await? else { return Ok(None) };
        let tampered = || AccountError::Tampered(user.to_owned());
        let Sealed { sealed } = serde_json::from_str(&record.body).map_err(|_| tampered())?;
        let sealed = BASE64_NOPAD.decode(sealed.as_bytes()).map_err(|_| tampered())?;
        let plain = self.seal.open(&place(user), &sealed).ok_or_else(tampered)?;
        let secrets = serde_json::from_slice(&plain).map_err(|_| tampered())?;
        Ok(Some((secrets, record.version)))
    }

    /// The change that stores what a user signs in with, in the place of this version (0 for none).
    ///
    /// # Errors
    /// [`AccountError::NoRandomness`].
    pub fn change(&self, user: &str, secrets: &Secrets, version: u32) -> Result<Change, AccountError> {
        let plain = Zeroizing::new(serde_json::to_vec(secrets).map_err(|_| AccountError::NoRandomness)?);
        let sealed = self.seal.seal(&place(user), &plain).map_err(|_| AccountError::NoRandomness)?;
        let body = serde_json::to_string(&Sealed { sealed: BASE64_NOPAD.encode(&sealed) });
        let body = body.map_err(|_| AccountError::NoRandomness)?;
        Ok(Change::set(CREDENTIAL, user, body).expecting(version))
    }

    /// The changes that make a new user in a role, with a set-up code.
    ///
    /// # Errors
    /// [`AccountError::Exists`], and others.
    pub async fn add(&self, user: &str, role: &str, now: i64) -> Result<SetUpCode, AccountError> {
        if self.store.record(KIND, user).await?.is_some() {
            return Err(AccountError::Exists(user.to_owned()));
        }
        let person = Person { role: role.to_owned(), disabled: false };
        let mut set_up = self.reset(user, now).await?;
        set_up.changes.insert(0, person_change(user, &person, 0));
        Ok(set_up)
    }

    /// The changes that take from a user all that is signed in with, and give a set-up code in its place.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn reset(&self, user: &str, now: i64) -> Result<SetUpCode, AccountError> {
        // What cannot be opened any more is replaced all the same.
        let version = self.store.record(CREDENTIAL, user).await?.map_or(0, |record| record.version);
        let digits = Zeroizing::new(data_encoding::BASE32_NOPAD.encode(random::bytes::<15>()?.as_ref()));
        let secrets = Secrets::to_be_set_up(&digits, now + SET_UP);
        Ok(SetUpCode { changes: vec![self.change(user, &secrets, version)?], code: digits })
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }
}

/// The change that gives a user's record this content, in the place of a version (0 for none).
pub fn person_change(user: &str, person: &Person, version: u32) -> Change {
    let body = serde_json::to_string(person).expect("a record of two plain members is JSON");
    Change::set(KIND, user, body).expecting(version)
}

impl From<NoRandomness> for AccountError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    sealed: String,
}

/// What is sealed for one user opens for no other.
fn place(user: &str) -> Vec<u8> {
    [b"asepsis/credential/".as_slice(), user.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_608_010;
    const WORDS: &str = "copper kettle sings";

    async fn accounts(dir: &std::path::Path) -> Accounts {
        let store = Store::open(dir.join("store.db").as_path()).await.unwrap();
        Accounts::new(store, &Secret::from_slice(&[7; 32]).unwrap()).unwrap()
    }

    async fn put(accounts: &Accounts, changes: Vec<Change>) {
        accounts.store().change(changes, "admin", Some("test"), NOW * 1000).await.unwrap();
    }

    #[tokio::test]
    async fn c4_an_account_is_set_up_once_and_asks_for_both_factors_from_then_on() {
        let dir = tempfile::tempdir().unwrap();
        let accounts = accounts(dir.path()).await;
        let set_up = accounts.add("alice", "clinician", NOW).await.unwrap();
        put(&accounts, set_up.changes).await;
        assert!(matches!(accounts.add("alice", "clinician", NOW).await, Err(AccountError::Exists(_))));
        let (secrets, version) = accounts.secrets("alice").await.unwrap().unwrap();
        assert!(!secrets.is_set_up() && secrets.may_set_up(&set_up.code.to_lowercase(), NOW));
        assert!(!secrets.may_set_up("", NOW) && !secrets.may_set_up(&set_up.code, NOW + SET_UP));
        let (secrets, seed) = secrets.with_password(WORDS).unwrap();
        assert!(Secrets::check(Some(&secrets), WORDS, &seed.code_at(NOW), NOW).is_none(), "not confirmed yet");
        assert!(secrets.clone().confirmed("000000", NOW).unwrap().is_none() || *seed.code_at(NOW) == *"000000");
        let Confirmed { secrets, codes } = secrets.confirmed(&seed.code_at(NOW), NOW).unwrap().unwrap();
        put(&accounts, vec![accounts.change("alice", &secrets, version).unwrap()]).await;

        let (secrets, version) = accounts.secrets("alice").await.unwrap().unwrap();
        assert!(secrets.is_set_up() && !secrets.may_set_up(&set_up.code, NOW));
        let check = |password, code: &str, now| Secrets::check(Some(&secrets), password, code, now);
        assert!(check(WORDS, &seed.code_at(NOW), NOW).is_none(), "the code of the set-up was used");
        assert!(check("wrong words entirely", &seed.code_at(NOW + 60), NOW + 60).is_none());
        assert!(check(WORDS, "", NOW + 60).is_none());
        let right = check(WORDS, &seed.code_at(NOW + 60), NOW + 60).unwrap();
        assert_eq!((right.second, right.recovery_left), (Second::Totp, 10));
        // Two that show the same code at the same time: the second to store it conflicts.
        let other = check(WORDS, &seed.code_at(NOW + 60), NOW + 60).unwrap();
        put(&accounts, vec![accounts.change("alice", &right.secrets, version).unwrap()]).await;
        let late = accounts.change("alice", &other.secrets, version).unwrap();
        let conflict = accounts.store().change(vec![late], "alice", None, NOW).await.unwrap_err();
        assert!(matches!(conflict, StoreError::Conflict { .. }));
        // A recovery code serves once.
        let right = Secrets::check(Some(&right.secrets), WORDS, &codes[2], NOW + 60).unwrap();
        assert_eq!((right.second, right.recovery_left), (Second::Recovery, 9));
        assert!(Secrets::check(Some(&right.secrets), WORDS, &codes[2], NOW + 60).is_none());
        assert!(Secrets::check(None, WORDS, &codes[2], NOW).is_none());
    }

    #[tokio::test]
    async fn invariant_1_nothing_that_is_signed_in_with_is_in_the_store_in_the_clear_and_nothing_fits_another_user() {
        let dir = tempfile::tempdir().unwrap();
        let accounts = accounts(dir.path()).await;
        for user in ["alice", "bob"] {
            put(&accounts, accounts.add(user, "clinician", NOW).await.unwrap().changes).await;
        }
        let (secrets, version) = accounts.secrets("alice").await.unwrap().unwrap();
        let (secrets, seed) = secrets.with_password(WORDS).unwrap();
        put(&accounts, vec![accounts.change("alice", &secrets, version).unwrap()]).await;
        let record = accounts.store().record(CREDENTIAL, "alice").await.unwrap().unwrap();
        assert!(!record.body.contains("pbkdf2") && !record.body.contains(seed.text().as_str()));
        put(&accounts, vec![Change::set(CREDENTIAL, "bob", record.body.clone())]).await;
        assert!(matches!(accounts.secrets("bob").await, Err(AccountError::Tampered(_))));
        assert!(!format!("{secrets:?} {record:?}").contains("pbkdf2"));
        assert!(accounts.secrets("nobody").await.unwrap().is_none());
        // Who resets gets a new start, also from what does not open.
        put(&accounts, accounts.reset("bob", NOW).await.unwrap().changes).await;
        assert!(!accounts.secrets("bob").await.unwrap().unwrap().0.is_set_up());
    }
}
