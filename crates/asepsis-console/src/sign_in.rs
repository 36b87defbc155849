//! Signing in with a password and a code.

use std::time::Duration;

use asepsis_people::account::{Right, Second, Secrets};
use asepsis_people::ledger;
use asepsis_people::person;
use asepsis_people::session::SignedIn;
use asepsis_people::throttle::{Locked, NewLock};
use http::StatusCode;
use tokio::sync::SemaphorePermit;
use zeroize::Zeroizing;

use crate::answer::{self, Answer};
use crate::console::{Asked, Console, INTERFACE};
use crate::form::Form;
use crate::html::Html;
use crate::page::actor;

/// What is said whatever was wrong, so that nobody learns which users there are.
const WRONG: &str =
    "The name, the password or the code is wrong. After five attempts the account is locked for a while.";
/// How long a sign-in waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
const LOCKED: &str = "Too many attempts failed. Try again later, or ask the administrator.";

impl Console {
    pub(crate) fn sign_in_page(&self, asked: &Asked, wrong: Option<&str>, status: StatusCode) -> Answer {
        if wrong.is_none() && self.shown(asked).is_some() {
            return answer::go("/asepsis/");
        }
        let mut html = Html::new();
        if let Some(wrong) = wrong {
            html = html.raw("<p class=\"bad\" role=\"alert\">").text(wrong).raw("</p>");
        }
        html = html
            .raw("<form method=\"post\" action=\"/asepsis/sign-in\">")
            .field("user", "User name", "text", "username")
            .field("password", "Password", "password", "current-password")
            .field("code", "Code of your authenticator, or a recovery code", "text", "one-time-code")
            .raw("<p><button type=\"submit\">Sign in</button></p></form>");
        if self.party(asked).is_some() {
            html = html
                .raw("<h2>With a passkey</h2><p><button type=\"button\" id=\"passkey-sign-in\">Use a passkey</button></p>")
                .raw("<p id=\"passkey-says\" class=\"bad\" role=\"status\"></p><script src=\"/asepsis/passkey.js\" defer></script>");
        }
        if !self.parts.providers.is_empty() {
            html = html.raw("<h2>With your organisation's account</h2><ul>");
            for provider in &self.parts.providers {
                let settings = provider.provider.settings();
                html = html
                    .raw("<li><a href=\"/asepsis/sign-in/provider?id=")
                    .text(&settings.id)
                    .raw("\">")
                    .text(&settings.name)
                    .raw("</a></li>");
            }
            html = html.raw("</ul>");
        }
        html = html.raw("<p><a href=\"/asepsis/set-up\">I have a set-up code</a></p>");
        self.page(status, "Sign in", &html)
    }

    pub(crate) async fn sign_in(&self, asked: &Asked, form: &Form) -> Answer {
        let user = person::name(form.get("user")).unwrap_or_default();
        let registered = self.parts.entrance.registered().now();
        let person = registered.person(&user).map(|(person, version)| (person.clone(), version));
        // A reset changes the version, and lifts a lock.
        let counted = format!("{user}@{}", person.as_ref().map_or(0, |(_, version)| *version));
        let known = person.as_ref().map(|_| user.as_str());
        let lock = match self.attempt(asked, &counted, known).await {
            Ok(lock) => lock,
            Err(locked) => return locked,
        };
        let stored = match self.parts.accounts.secrets(&user).await {
            Ok(stored) => stored.filter(|_| person.as_ref().is_some_and(|(person, _)| !person.disabled)),
            Err(error) => {
                tracing::error!(%error, "a sign-in cannot be checked");
                None
            }
        };
        let (secrets, version) = stored.map_or((None, 0), |(secrets, version)| (Some(secrets), version));
        let right = self.check(secrets, form.get("password"), form.get("code"), asked.now).await;
        if let (Some(right), Some((person, of_person))) = (right, person) {
            let who = SignedIn {
                method: if right.second == Second::Totp { "password+totp" } else { "password+recovery" }.to_owned(),
                user: user.clone(),
                role: person.role,
                version: Some(of_person),
                until: i64::MAX,
            };
            // The code is used up before anybody is let in; of two that show the same one, the second conflicts here.
            let stored = match self.parts.accounts.change(&user, &right.secrets, version) {
                Ok(change) => {
                    let (log, store) = (&self.parts.log, self.parts.accounts.store());
                    ledger::change(log, store, vec![change], &actor(&who), INTERFACE, asked.now).await.is_ok()
                }
                Err(_) => false,
            };
            if stored {
                self.throttle().succeeded(&counted, self.address(asked));
                let left =
                    (right.second == Second::Recovery).then(|| format!("recovery codes left: {}", right.recovery_left));
                return self.let_in(who, left.as_deref(), asked.now).await;
            }
        }
        self.failed(asked, known, lock).await;
        self.sign_in_page(asked, Some(WRONG), StatusCode::UNAUTHORIZED)
    }

    /// Counts an attempt, or says that there may be none.
    pub(crate) async fn attempt(
        &self,
        asked: &Asked,
        counted: &str,
        known: Option<&str>,
    ) -> Result<Option<NewLock>, Answer> {
        let attempted = self.throttle().attempt(counted, self.address(asked), asked.now);
        match attempted {
            Ok(lock) => Ok(lock),
            Err(Locked { until }) => {
                self.refused(known, "locked", asked.now).await;
                let mut answer = self.sign_in_page(asked, Some(LOCKED), StatusCode::TOO_MANY_REQUESTS);
                let seconds = until.saturating_sub(asked.now).clamp(1, 3600);
                answer.headers_mut().insert(http::header::RETRY_AFTER, http::HeaderValue::from(seconds));
                Err(answer)
            }
        }
    }

    /// Records that an attempt failed, and what it has locked.
    pub(crate) async fn failed(&self, asked: &Asked, known: Option<&str>, lock: Option<NewLock>) {
        self.refused(known, "wrong_credentials", asked.now).await;
        match lock {
            Some(NewLock::User(_)) => {
                self.raise("locked_user", format!("user/{}", known.unwrap_or("(unknown)")), asked.now).await;
            }
            Some(NewLock::Address(_)) => {
                self.raise("locked_address", format!("address/{}", self.address(asked)), asked.now).await;
            }
            None => {}
        }
    }

    /// A turn to work on a password; `None` where others have all of them for too long.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        tokio::time::timeout(PATIENCE, self.hashing.acquire()).await.ok()?.ok()
    }

    /// Looks at a password on a thread of its own, a few at a time.
    async fn check(&self, secrets: Option<Secrets>, password: &str, code: &str, now: i64) -> Option<Right> {
        let _turn = self.turn().await?;
        let (password, code) = (Zeroizing::new(password.to_owned()), Zeroizing::new(code.to_owned()));
        tokio::task::spawn_blocking(move || Secrets::check(secrets.as_ref(), &password, &code, now)).await.ok()?
    }
}
