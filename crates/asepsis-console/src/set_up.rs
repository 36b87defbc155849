//! Setting an account up with the code that an administrator gave out.

use asepsis_people::account::{Confirmed, Secrets};
use asepsis_people::{ledger, password, person};
use asepsis_vocab::Actor;
use http::StatusCode;
use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::console::{Asked, Console, INTERFACE};
use crate::form::Form;
use crate::html::Html;

const WRONG: &str =
    "The name or the set-up code is wrong, or the code is older than 72 hours. Ask the administrator for a new one.";

/// An account that is being set up.
struct SettingUp {
    user: String,
    role: String,
    secrets: Secrets,
    version: u32,
}

impl Console {
    pub(crate) fn set_up_page(&self, wrong: Option<&str>, status: StatusCode) -> Answer {
        let mut html = Html::new();
        if let Some(wrong) = wrong {
            html = html.raw("<p class=\"bad\" role=\"alert\">").text(wrong).raw("</p>");
        }
        html = html
            .raw("<p>Choose a password of at least 12 characters: a few words that only you would put together.</p>")
            .raw("<form method=\"post\" action=\"/asepsis/set-up\">")
            .field("user", "User name", "text", "username")
            .field("set_up", "Set-up code", "text", "off")
            .field("password", "New password", "password", "new-password")
            .field("again", "New password again", "password", "new-password")
            .raw("<p><button type=\"submit\">Go on</button></p></form>");
        self.page(status, "Set up your account", &html)
    }

    pub(crate) async fn set_up(&self, asked: &Asked, form: &Form) -> Answer {
        let account = match self.setting_up(asked, form).await {
            Ok(account) => account,
            Err(answer) => return answer,
        };
        if form.get("password") != form.get("again") {
            return self.set_up_page(Some("The two passwords differ."), StatusCode::BAD_REQUEST);
        }
        let organisation = self.parts.settings.organisation.as_str();
        let screened = match password::screened(form.get("password"), &account.user, &[organisation]) {
            Ok(screened) => screened,
            Err(weak) => return self.set_up_page(Some(&weak.to_string()), StatusCode::BAD_REQUEST),
        };
        let secrets = account.secrets.clone();
        let Some(_turn) = self.turn().await else {
            return self.set_up_page(Some(WRONG), StatusCode::UNAUTHORIZED);
        };
        let made = tokio::task::spawn_blocking(move || secrets.with_password(&screened)).await;
        let Ok(Ok((secrets, seed))) = made else {
            return self.fault(StatusCode::SERVICE_UNAVAILABLE, "The password could not be stored.");
        };
        if let Err(answer) = self.store(&account, &secrets, asked.now).await {
            return answer;
        }
        let issuer = if organisation.is_empty() { "Asepsis" } else { organisation };
        let (text, address) = (seed.text(), seed.address(issuer, &account.user));
        self.confirm_page(&account.user, form.get("set_up"), &text, &address, None)
    }

    pub(crate) async fn confirm_set_up(&self, asked: &Asked, form: &Form) -> Answer {
        let account = match self.setting_up(asked, form).await {
            Ok(account) => account,
            Err(answer) => return answer,
        };
        let confirmed = account.secrets.clone().confirmed(form.get("code"), asked.now);
        let Ok(Some(Confirmed { secrets, codes })) = confirmed else {
            let Some(seed) = account.secrets.waiting_seed() else {
                return self.set_up_page(Some(WRONG), StatusCode::UNAUTHORIZED);
            };
            let organisation = self.parts.settings.organisation.as_str();
            let issuer = if organisation.is_empty() { "Asepsis" } else { organisation };
            let (text, address) = (seed.text(), seed.address(issuer, &account.user));
            let wrong =
                Some("The code is wrong. Compare the clock of your phone, and enter the code that is shown now.");
            return self.confirm_page(&account.user, form.get("set_up"), &text, &address, wrong);
        };
        if let Err(answer) = self.store(&account, &secrets, asked.now).await {
            return answer;
        }
        let mut html = Html::new()
            .raw("<p class=\"good\" role=\"status\">Your account is set up.</p><p>Keep these recovery codes where you keep what is ")
            .raw("precious. Each lets you in once if you lose the authenticator; they are shown this once.</p><ul>");
        for code in &codes {
            html = html.raw("<li class=\"secret\">").text(code).raw("</li>");
        }
        html = html.raw(
            "</ul><p><a href=\"/asepsis/sign-in\">Sign in</a> with the next code that your authenticator shows.</p>",
        );
        self.page(StatusCode::OK, "Recovery codes", &html)
    }

    fn confirm_page(
        &self,
        user: &str,
        code: &str,
        seed: &Zeroizing<String>,
        address: &Zeroizing<String>,
        wrong: Option<&str>,
    ) -> Answer {
        let mut html = Html::new();
        if let Some(wrong) = wrong {
            html = html.raw("<p class=\"bad\" role=\"alert\">").text(wrong).raw("</p>");
        }
        html = html
            .raw("<p>Scan this with an authenticator app:</p>")
            .with(&crate::qr::code(address, "The account as a QR code, for an authenticator app"))
            .raw("<p>Or enter this key there (by time, six digits):</p><p class=\"secret\" id=\"seed\">")
            .text(seed)
            .raw("</p><p><a href=\"")
            .text(address)
            .raw("\">Open in an authenticator on this device</a></p><p>Then enter the code that it shows.</p>")
            .raw("<form method=\"post\" action=\"/asepsis/set-up/confirm\">")
            .hidden("user", user)
            .hidden("set_up", code)
            .field("code", "Code", "text", "one-time-code")
            .raw("<p><button type=\"submit\">Finish</button></p></form>");
        let status = if wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        self.page(status, "Second factor", &html)
    }

    /// The account that this code sets up.
    async fn setting_up(&self, asked: &Asked, form: &Form) -> Result<SettingUp, Answer> {
        let user = person::name(form.get("user")).unwrap_or_default();
        let registered = self.parts.entrance.registered().now();
        let person = registered.person(&user).map(|(person, version)| (person.clone(), version));
        let counted = format!("{user}@{}", person.as_ref().map_or(0, |(_, version)| *version));
        let known = person.as_ref().map(|_| user.as_str());
        let lock = self.attempt(asked, &counted, known).await?;
        let stored = self.parts.accounts.secrets(&user).await.ok().flatten();
        if let (Some((secrets, version)), Some((person, _))) = (stored, &person)
            && !person.disabled
            && secrets.may_set_up(form.get("set_up"), asked.now)
        {
            self.throttle().succeeded(&counted, self.address(asked));
            return Ok(SettingUp { role: person.role.clone(), user, secrets, version });
        }
        self.failed(asked, known, lock).await;
        Err(self.set_up_page(Some(WRONG), StatusCode::UNAUTHORIZED))
    }

    async fn store(&self, account: &SettingUp, secrets: &Secrets, now: i64) -> Result<(), Answer> {
        let failed = |words: String| self.fault(StatusCode::CONFLICT, &words);
        let change = self.parts.accounts.change(&account.user, secrets, account.version);
        let change = change.map_err(|error| failed(error.to_string()))?;
        let by = Actor {
            user: account.user.clone(),
            role: account.role.clone(),
            method: "set-up".to_owned(),
            credential: None,
            device: None,
        };
        let changed =
            ledger::change(&self.parts.log, self.parts.accounts.store(), vec![change], &by, INTERFACE, now).await;
        changed.map_err(|error| failed(error.to_string()))
    }
}
