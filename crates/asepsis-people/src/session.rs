//! Sessions of people at the console (NIST SP 800-63B-4, section 5).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness, sha256};
use crate::registered::Snapshot;

/// Sessions at the same time; beyond, the one that was idle longest ends.
const MOST: usize = 10_000;

/// How long sessions last, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Without a request.
    pub idle: i64,
    /// At most.
    pub absolute: i64,
}

impl Default for Lifetime {
    /// A quarter of an hour without a request (45 CFR 164.312(a)(2)(iii), automatic logoff), and a working day.
    fn default() -> Self {
        Self { idle: 15 * 60, absolute: 12 * 3600 }
    }
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The user.
    pub user: String,
    /// The role.
    pub role: String,
    /// How: `password+totp`, `passkey`, `oidc/<provider>`, ...
    pub method: String,
    /// The version of the local user's record; `None` for users of an identity provider.
    pub version: Option<u32>,
    /// The end of the session at the latest, in seconds since 1970 UTC; an identity provider may have set an earlier one.
    pub until: i64,
}

struct Session {
    who: SignedIn,
    csrf: Zeroizing<String>,
    seen: i64,
}

/// What a browser is given at the start of a session.
pub struct NewSession {
    /// The cookie's value.
    pub token: Zeroizing<String>,
}

/// A session that a browser showed.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Who it is.
    pub who: SignedIn,
    /// What forms of this session carry.
    pub csrf: Zeroizing<String>,
}

/// The sessions of this process, by the hashes of what browsers hold.
pub struct Sessions {
    lifetime: Lifetime,
    by_hash: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    /// No sessions yet.
    pub fn new(lifetime: Lifetime) -> Self {
        Self { lifetime, by_hash: Mutex::default() }
    }

    /// Begins a session at `now`, in seconds since 1970 UTC. It has a name that nobody could know before, so that none can be
    /// planted.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn begin(&self, mut who: SignedIn, now: i64) -> Result<NewSession, NoRandomness> {
        let (token, csrf) = (random::token("")?, random::token("")?);
        who.until = who.until.min(now.saturating_add(self.lifetime.absolute));
        let mut sessions = self.lock();
        if sessions.len() >= MOST {
            sessions.retain(|_, session| now - session.seen < self.lifetime.idle && now < session.who.until);
        }
        if sessions.len() >= MOST
            && let Some(idle) = sessions.iter().min_by_key(|(_, session)| session.seen).map(|(hash, _)| *hash)
        {
            sessions.remove(&idle);
        }
        sessions.insert(sha256(token.as_bytes()), Session { who, csrf, seen: now });
        Ok(NewSession { token })
    }

    /// Who shows this cookie, if that session still counts: not idle or too old, and of a user who may still sign in, in the
    /// same role, as the register says it. A session that does not is forgotten.
    pub fn show(&self, token: &str, registered: &Snapshot, now: i64) -> Option<Shown> {
        let hash = sha256(token.as_bytes());
        let mut sessions = self.lock();
        let session = sessions.get_mut(&hash)?;
        let who = &session.who;
        let person = registered.person(&who.user);
        let same = match (who.version, person) {
            (Some(version), Some((person, now))) => version == now && !person.disabled,
            // A user of an identity provider whom a record of the same name disables is out as well.
            (None, person) => person.is_none_or(|(person, _)| !person.disabled),
            (Some(_), None) => false,
        };
        if !same || now - session.seen >= self.lifetime.idle || now >= who.until {
            sessions.remove(&hash);
            return None;
        }
        session.seen = session.seen.max(now);
        Some(Shown { who: session.who.clone(), csrf: session.csrf.clone() })
    }

    /// Ends a session.
    pub fn end(&self, token: &str) {
        self.lock().remove(&sha256(token.as_bytes()));
    }

    /// Ends all sessions of a user.
    pub fn end_all_of(&self, user: &str) {
        self.lock().retain(|_, session| session.who.user != user);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        // No step under this lock can panic midway.
        self.by_hash.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    /// Whether a form carries what forms of this session carry.
    pub fn is_its_form(&self, csrf: &str) -> bool {
        verify_slices_are_equal(self.csrf.as_bytes(), csrf.as_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(user: &str) -> SignedIn {
        let method = "oidc/x".to_owned();
        SignedIn { user: user.to_owned(), role: "clinician".to_owned(), method, version: None, until: i64::MAX }
    }

    #[test]
    fn c4_a_session_ends_when_it_is_idle_or_old_or_ended() {
        let sessions = Sessions::new(Lifetime { idle: 100, absolute: 1000 });
        let registered = Snapshot::default();
        let token = sessions.begin(who("a"), 5000).unwrap().token;
        let shown = sessions.show(&token, &registered, 5099).unwrap();
        assert!(shown.is_its_form(&shown.csrf) && !shown.is_its_form("") && !shown.is_its_form(&token));
        for second in (5099..5999).step_by(90) {
            assert!(sessions.show(&token, &registered, second).is_some(), "{second}");
        }
        assert!(sessions.show(&token, &registered, 6000).is_none(), "too old");
        let token = sessions.begin(who("a"), 5000).unwrap().token;
        assert!(sessions.show(&token, &registered, 5100).is_none(), "idle");
        assert!(sessions.show(&token, &registered, 5000).is_none(), "and forgotten");
        let (one, other) = (sessions.begin(who("a"), 1).unwrap().token, sessions.begin(who("a"), 1).unwrap().token);
        assert_ne!(*one, *other);
        sessions.end(&one);
        assert!(sessions.show(&one, &registered, 1).is_none() && sessions.show(&other, &registered, 1).is_some());
        sessions.end_all_of("a");
        assert!(sessions.show(&other, &registered, 1).is_none());
        assert!(sessions.show("", &registered, 1).is_none());
    }

    #[test]
    fn c4_a_session_of_a_user_whose_record_changed_is_over() {
        let sessions = Sessions::new(Lifetime::default());
        // A local user who is not in the register any more.
        let token = sessions.begin(SignedIn { version: Some(1), ..who("a") }, 1).unwrap().token;
        assert!(sessions.show(&token, &Snapshot::default(), 1).is_none());
    }
}
