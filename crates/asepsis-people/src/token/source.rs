use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use crate::token::KeySet;

/// How long keys are used before they are fetched again, in seconds.
const FRESH: i64 = 3600;
/// How long they are used where they cannot be fetched again, in seconds.
const STALE: i64 = 24 * 3600;
/// The least time between two fetches, in seconds: tokens with made-up key ids must not make us ask without end.
const PAUSE: i64 = 60;

/// An answer of an identity provider: its body, of at most 256 KiB.
pub type Fetched<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, FetchFailed>> + Send + 'a>>;

/// Asks identity providers. Sockets are for those above this crate.
pub trait Fetch: Send + Sync {
    /// The body of a document.
    fn get<'a>(&'a self, url: &'a str) -> Fetched<'a>;

    /// The body of the answer to a form, also where its status is not 200. `basic` is the value of a header `Authorization`.
    fn post<'a>(&'a self, url: &'a str, form: String, basic: Option<&'a str>) -> Fetched<'a>;
}

/// Asks nobody, for where there is no identity provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offline;

impl Fetch for Offline {
    fn get<'a>(&'a self, _: &'a str) -> Fetched<'a> {
        Box::pin(std::future::ready(Err(FetchFailed::Address)))
    }

    fn post<'a>(&'a self, _: &'a str, _: String, _: Option<&'a str>) -> Fetched<'a> {
        Box::pin(std::future::ready(Err(FetchFailed::Address)))
    }
}

/// Why an identity provider cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchFailed {
    /// No address that may be asked: `https`, or `http` on this machine.
    #[error("its address is none, or would be asked in plain text")]
    Address,
    /// No connection, or no trusted certificate.
    #[error("no connection, or no trusted certificate")]
    Connection,
    /// No answer within 10 seconds.
    #[error("no answer within 10 s")]
    Time,
    /// An answer that is too long, broke off, or has another status.
    #[error("its answer broke off, is over 256 KiB, or is an error")]
    Answer,
}

/// The keys of an issuer, fetched when they are needed and kept for a while.
pub struct KeySource {
    /// Where the key set is; `None` where it was given.
    url: Option<String>,
    kept: RwLock<Kept>,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Kept {
    keys: Option<Arc<KeySet>>,
    /// When they were fetched, and when it was last tried.
    at: i64,
    tried: i64,
}

impl KeySource {
    /// The key set at this address.
    pub fn at(url: String) -> Self {
        Self {
            url: Some(url),
            kept: RwLock::new(Kept { keys: None, at: 0, tried: i64::MIN / 2 }),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// A key set that was given, and does not change.
    pub fn of(keys: KeySet) -> Self {
        let kept = Kept { keys: Some(Arc::new(keys)), at: 0, tried: 0 };
        Self { url: None, kept: RwLock::new(kept), fetching: tokio::sync::Mutex::default() }
    }

    /// Whether both are at the same address.
    pub(crate) fn is_at(&self, other: &Self) -> bool {
        self.url == other.url
    }

    /// The keys, where they are in memory and fresh at `now`, in seconds since 1970 UTC.
    pub fn in_memory(&self, now: i64) -> Option<Arc<KeySet>> {
        let kept = self.kept();
        kept.keys.filter(|_| self.url.is_none() || now - kept.at < FRESH)
    }

    /// The keys: from memory while they are fresh, or fetched. Where that fails, those in memory serve for a day.
    pub async fn keys(&self, fetch: &dyn Fetch, now: i64) -> Option<Arc<KeySet>> {
        match self.in_memory(now) {
            Some(keys) => Some(keys),
            None => self.fetched(fetch, now).await,
        }
    }

    /// The keys, fetched again because a token names one that is not among them; at most once a minute.
    pub async fn newer(&self, fetch: &dyn Fetch, now: i64) -> Option<Arc<KeySet>> {
        self.fetched(fetch, now).await
    }

    async fn fetched(&self, fetch: &dyn Fetch, now: i64) -> Option<Arc<KeySet>> {
        // One asks, the others wait for what it finds.
        let _fetching = self.fetching.lock().await;
        let kept = self.kept();
        let usable = kept.keys.filter(|_| self.url.is_none() || now - kept.at < STALE);
        let Some(url) = self.url.as_deref().filter(|_| now - kept.tried >= PAUSE) else { return usable };
        self.set(|kept| kept.tried = now);
        let keys = fetch.get(url).await.ok().and_then(|text| KeySet::read(&text).ok()).map(Arc::new);
        if let Some(keys) = &keys {
            self.set(|kept| *kept = Kept { keys: Some(Arc::clone(keys)), at: now, tried: now });
        }
        keys.or(usable)
    }

    fn kept(&self) -> Kept {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, change: impl FnOnce(&mut Kept)) {
        change(&mut self.kept.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeySource").field("url", &self.url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A provider that is there or not, and counts how often it was asked.
    struct Counted {
        asked: AtomicU32,
        there: std::sync::atomic::AtomicBool,
    }

    impl Fetch for Counted {
        fn get<'a>(&'a self, _: &'a str) -> Fetched<'a> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let keys = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
            let there = self.there.load(Ordering::SeqCst);
            Box::pin(std::future::ready(if there { Ok(keys.to_vec()) } else { Err(FetchFailed::Connection) }))
        }

        fn post<'a>(&'a self, _: &'a str, _: String, _: Option<&'a str>) -> Fetched<'a> {
            Box::pin(std::future::ready(Err(FetchFailed::Address)))
        }
    }

    #[tokio::test]
    async fn c4_keys_are_kept_for_an_hour_asked_for_once_a_minute_and_used_for_a_day_without_the_provider() {
        let fetch = Counted { asked: AtomicU32::new(0), there: true.into() };
        let asked = || fetch.asked.load(Ordering::SeqCst);
        let source = KeySource::at("https://id.example.org/keys".to_owned());
        let now = 1_795_608_000;
        assert!(source.in_memory(now).is_none());
        for second in 0..100 {
            assert!(source.keys(&fetch, now + second).await.is_some());
        }
        assert_eq!(asked(), 1);
        // A flood of made-up key ids.
        for second in 100..160 {
            source.newer(&fetch, now + second).await;
        }
        assert!(asked() <= 2, "{}", asked());
        // The provider is away.
        fetch.there.store(false, Ordering::SeqCst);
        let late = now + 200 + FRESH;
        assert!(source.keys(&fetch, late).await.is_some(), "the old ones serve");
        let before = asked();
        assert!(source.keys(&fetch, late + 30).await.is_some());
        assert_eq!(asked(), before, "not asked again at once");
        assert!(source.keys(&fetch, now + 200 + STALE).await.is_none(), "a day later they do not");
        fetch.there.store(true, Ordering::SeqCst);
        assert!(source.keys(&fetch, now + 300 + STALE).await.is_some());
        // What was given is never asked for.
        let given = KeySource::of(
            KeySet::read(
                br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
            )
            .unwrap(),
        );
        let before = asked();
        assert!(given.keys(&fetch, i64::MAX / 2).await.is_some() && given.newer(&fetch, now).await.is_some());
        assert_eq!(asked(), before);
    }

    #[test]
    fn c4_a_key_set_is_bounded_and_holds_no_secrets() {
        let one = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let many = format!("{{\"keys\":[{}]}}", vec![one; 65].join(","));
        assert!(KeySet::read(many.as_bytes()).is_err());
        assert!(KeySet::read(format!("{{\"keys\":[{}]}}", vec![one; 64].join(",")).as_bytes()).is_ok());
        for none in
            ["", "{}", "{\"keys\":[]}", r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#, r#"{"keys":[{"kty":"new"}]}"#]
        {
            assert!(KeySet::read(none.as_bytes()).is_err(), "{none}");
        }
        assert!(KeySet::read(&vec![b' '; 300 * 1024]).is_err());
    }
}
