use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use data_encoding::BASE64URL_NOPAD;

use crate::random::{self, NoRandomness, sha256};

/// How long a question may wait for its answer, in seconds.
const LIFE: i64 = 300;
/// Questions at the same time; beyond, the oldest go.
const MOST: usize = 10_000;

/// A question for an authenticator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// 32 random bytes, base64url.
    pub text: String,
}

/// Questions that wait for an answer, each for one.
#[derive(Debug, Default)]
pub struct Challenges {
    waiting: Mutex<HashMap<String, (Vec<u8>, i64)>>,
}

impl Challenges {
    /// A new question. `bound` is what the answer must come with again: the session or the browser that it was put to.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn ask(&self, bound: &[u8], now: i64) -> Result<Challenge, NoRandomness> {
        let text = BASE64URL_NOPAD.encode(random::bytes::<32>()?.as_ref());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            waiting.retain(|_, (_, until)| now < *until);
        }
        if waiting.len() >= MOST
            && let Some(oldest) = waiting.iter().min_by_key(|(_, (_, until))| *until).map(|(text, _)| text.clone())
        {
            waiting.remove(&oldest);
        }
        waiting.insert(text.clone(), (sha256(bound).to_vec(), now + LIFE));
        Ok(Challenge { text })
    }

    /// Whether this question waits for an answer from there. It does no longer then, whatever the answer was.
    pub(super) fn take(&self, text: &str, bound: &[u8], now: i64) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(text).is_some_and(|(of, until)| of == sha256(bound) && now < until)
    }
}
