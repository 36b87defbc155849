//! What one user signs in with: whether it is right, and what it becomes by being used.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::passkey::Passkey;
use crate::random::{self, NoRandomness};
use crate::totp::Seed;
use crate::{password, recovery};

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

impl Secrets {
    /// Nothing but a code to set the account up with, good until then.
    pub(crate) fn to_be_set_up(code: &str, until: i64) -> Self {
        Self { set_up: Some((set_up_hash(code), until)), ..Self::default() }
    }

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

/// What is stored of a set-up code.
fn set_up_hash(digits: &str) -> String {
    HEXLOWER.encode(&random::sha256(digits.as_bytes()))
}
