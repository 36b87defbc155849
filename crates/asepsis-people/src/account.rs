//! What local users sign in with: kept sealed in the store, and checked in constant work.

use asepsis_keys::{CryptoFailed, SealKey, Secret};
use asepsis_store::{Change, Store, StoreError};
use data_encoding::{BASE64_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::passkey::Passkey;
use crate::person::{CREDENTIAL, KIND, Person};
use crate::random::{self, NoRandomness};
use crate::totp::Seed;
use crate::{password, recovery};

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

/// What a user signs in with. All of it is sealed before it is stored.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    /// The hash of the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// The seed of one-time codes, in base 32.
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<Zeroizing<String>>,
    /// Whether a code of it was shown once.
    seed_confirmed: bool,
    /// The step of the last code that was used.
    last_step: i64,
    /// The hashes of recovery codes that were not used.
    recovery: Vec<String>,
    /// Passkeys.
    pub(crate) passkeys: Vec<Passkey>,
    /// The hash of the code with which the account is set up, and its end in seconds since 1970 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_up: Option<(String, i64)>,
}

/// A set-up code, to be given to the user over a safe channel.
pub struct SetUpCode {
    /// The code.
    pub code: Zeroizing<String>,
    /// The changes that make it count.
    pub changes: Vec<Change>,
}

/// What a user showed beside the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Second {
    /// A one-time code.
    Totp,
    /// A recovery code.
    Recovery,
}

/// A password and code that are right: the change that uses the code up, and what kind it was.
pub struct Right {
    /// What must be stored before the user is let in; where that conflicts, somebody else was faster with the same code.
    pub secrets: Secrets,
    /// The kind of code.
    pub second: Second,
    /// Recovery codes that are left.
    pub recovery_left: usize,
}

/// An account whose set-up is done.
pub struct Confirmed {
    /// What is to be stored.
    pub secrets: Secrets,
    /// Recovery codes, to be shown once.
    pub codes: Vec<Zeroizing<String>>,
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
        let secrets = Secrets { set_up: Some((set_up_hash(&digits), now + SET_UP)), ..Secrets::default() };
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

impl Secrets {
    /// Whether the password and the code are right at `now`, in seconds since 1970 UTC. A tenth of a second of work, whatever
    /// is wrong; `None` stands for a user that does not exist.
    pub fn check(this: Option<&Self>, password: &str, code: &str, now: i64) -> Option<Right> {
        let stored = this.and_then(|secrets| secrets.password.as_deref());
        let right = password::is_right(password, stored);
        let mut secrets = this.filter(|_| right)?.clone();
        if !secrets.seed_confirmed {
            return None;
        }
        let seed = Seed::from_text(secrets.seed.as_ref()?)?;
        let second = if let Some(step) = seed.step_of(code, now, secrets.last_step) {
            secrets.last_step = step;
            Second::Totp
        } else {
            secrets.recovery.remove(recovery::find(code, &secrets.recovery)?);
            Second::Recovery
        };
        if secrets.password.as_deref().is_some_and(password::is_old) {
            secrets.password = Some(password::hashed(password).ok()?);
        }
        let recovery_left = secrets.recovery.len();
        Some(Right { secrets, second, recovery_left })
    }

    /// Whether this is the code with which the account is set up, and still counts.
    pub fn may_set_up(&self, code: &str, now: i64) -> bool {
        let digits: String =
            code.chars().filter(char::is_ascii_alphanumeric).take(64).map(|c| c.to_ascii_uppercase()).collect();
        self.set_up.as_ref().is_some_and(|(hash, until)| now < *until && *hash == set_up_hash(&digits))
    }

    /// Whether the account was set up.
    pub fn is_set_up(&self) -> bool {
        (self.password.is_some() && self.seed_confirmed) || !self.passkeys.is_empty()
    }

    /// The same with a password, which was screened, and a new seed whose first code is to be shown next.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn with_password(mut self, password: &str) -> Result<(Self, Seed), NoRandomness> {
        let seed = Seed::generate()?;
        self.password = Some(password::hashed(password)?);
        self.seed = Some(seed.text());
        self.seed_confirmed = false;
        self.last_step = 0;
        Ok((self, seed))
    }

    /// The same with the seed confirmed by its first code, without the set-up code, and with recovery codes to be shown once;
    /// `None` where the code is wrong.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn confirmed(mut self, code: &str, now: i64) -> Result<Option<Confirmed>, NoRandomness> {
        let seed = self.seed.as_ref().and_then(|seed| Seed::from_text(seed));
        let Some(step) = seed.and_then(|seed| seed.step_of(code, now, self.last_step)) else { return Ok(None) };
        let (codes, stored) = recovery::generate()?.into_iter().unzip();
        self.last_step = step;
        self.seed_confirmed = true;
        self.recovery = stored;
        self.set_up = None;
        Ok(Some(Confirmed { secrets: self, codes }))
    }

    /// The seed that waits for its first code, for another look at it.
    pub fn waiting_seed(&self) -> Option<Seed> {
        self.seed.as_ref().filter(|_| !self.seed_confirmed).and_then(|seed| Seed::from_text(seed))
    }

    /// How many recovery codes are left.
    pub fn recovery_left(&self) -> usize {
        self.recovery.len()
    }

    /// The passkeys.
    pub fn passkeys(&self) -> &[Passkey] {
        &self.passkeys
    }

    /// The passkeys, to be changed.
    pub fn passkeys_mut(&mut self) -> &mut Vec<Passkey> {
        &mut self.passkeys
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(..)")
    }
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

fn set_up_hash(digits: &str) -> String {
    HEXLOWER.encode(&random::sha256(digits.as_bytes()))
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
