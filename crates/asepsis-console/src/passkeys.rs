//! Passkeys: signing in with one, and my own.

use std::sync::Arc;

use asepsis_log::Log;
use asepsis_people::account::Accounts;
use asepsis_people::ledger;
use asepsis_people::login::new_browser;
use asepsis_people::passkey::{AssertionAnswer, PasskeyFault, RegistrationAnswer};
use asepsis_people::session::SignedIn;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::answer::{self, Answer, BEFORE, SESSION};
use crate::console::{Asked, Console, INTERFACE};
use crate::form::Form;
use crate::html::Html;
use crate::keys::date;
use crate::page::{After, Page, PageError, Shown, Submitted, Visit, actor};

const PATH: &str = "/asepsis/passkeys";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewQuestion {
    csrf: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAnswer {
    csrf: String,
    name: String,
    answer: RegistrationAnswer,
}

impl Console {
    pub(crate) fn passkey_question(&self, asked: &Asked) -> Answer {
        let Some(party) = self.party(asked) else { return failed(StatusCode::BAD_REQUEST, NO_ORIGIN) };
        let made = new_browser().and_then(|browser| Ok((self.challenges.ask(browser.as_bytes(), asked.now)?, browser)));
        let Ok((challenge, browser)) = made else {
            return failed(StatusCode::SERVICE_UNAVAILABLE, "no random numbers");
        };
        let answer = answer::json(StatusCode::OK, &party.assertion(&challenge));
        answer::with_cookie(answer, BEFORE, Some(&browser), "Strict")
    }

    pub(crate) async fn passkey_answer(&self, asked: &Asked, bytes: &[u8]) -> Answer {
        let Some(party) = self.party(asked) else { return failed(StatusCode::BAD_REQUEST, NO_ORIGIN) };
        let Ok(given) = serde_json::from_slice::<AssertionAnswer>(bytes) else {
            return failed(StatusCode::BAD_REQUEST, "the browser's answer has another form");
        };
        let browser = answer::cookie(&asked.headers, BEFORE).unwrap_or_default();
        let registered = self.parts.entrance.registered().now();
        let user = given.user_handle.as_deref().and_then(|handle| registered.by_handle(handle)).map(str::to_owned);
        // Nobody guesses a signature, and whoever knows a name could lock it: what an address tries is counted.
        let counted = format!("passkey from {}", self.address(asked));
        let lock = match self.attempt(asked, &counted, user.as_deref()).await {
            Ok(lock) => lock,
            Err(_) => return failed(StatusCode::TOO_MANY_REQUESTS, "too many attempts failed; try again later"),
        };
        let name = user.clone().unwrap_or_default();
        let person = registered.person(&name).filter(|(person, _)| !person.disabled);
        let stored = self.parts.accounts.secrets(&name).await.ok().flatten().filter(|_| person.is_some());
        let there = stored.as_ref().map(|(secrets, _)| secrets.passkeys()).unwrap_or_default();
        let judged = party.assert(&given, &self.challenges, browser.as_bytes(), &name, there, asked.now);
        let fault = match (judged, stored, person) {
            (Ok((at, passkey)), Some((mut secrets, version)), Some((person, of_person))) => {
                let who = SignedIn {
                    user: name.clone(),
                    role: person.role.clone(),
                    method: "passkey".to_owned(),
                    version: Some(of_person),
                    until: i64::MAX,
                };
                // The count is stored before anybody is let in; a passkey that does not count changes nothing.
                let counts = secrets.passkeys()[at] != passkey;
                secrets.passkeys_mut()[at] = passkey;
                let stored = !counts || {
                    let (log, store) = (&self.parts.log, self.parts.accounts.store());
                    match self.parts.accounts.change(&name, &secrets, version) {
                        Ok(change) => {
                            ledger::change(log, store, vec![change], &actor(&who), INTERFACE, asked.now).await.is_ok()
                        }
                        Err(_) => false,
                    }
                };
                if stored {
                    self.throttle().succeeded(&counted, self.address(asked));
                    let let_in = self.let_in(who, None, asked.now).await;
                    // A script asks, which wants JSON; the cookie is the same.
                    let mut answer = answer::json(StatusCode::OK, &json!({"signed_in": true}));
                    if let_in.status() != StatusCode::SEE_OTHER {
                        return failed(StatusCode::SERVICE_UNAVAILABLE, "the audit log cannot be written");
                    }
                    for cookie in let_in.headers().get_all(http::header::SET_COOKIE) {
                        answer.headers_mut().append(http::header::SET_COOKIE, cookie.clone());
                    }
                    return answer::with_cookie(answer, BEFORE, None, "Strict");
                }
                PasskeyFault::Challenge
            }
            (Err(fault), ..) => fault,
            _ => PasskeyFault::Unknown,
        };
        if fault == PasskeyFault::Cloned {
            self.raise("cloned_passkey", format!("user/{name}"), asked.now).await;
        }
        self.failed(asked, user.as_deref(), lock).await;
        // Whether a passkey is known is not told; what the user can mend is.
        let words = match fault {
            PasskeyFault::Unknown | PasskeyFault::Signature => "the passkey is not valid here".to_owned(),
            fault => fault.to_string(),
        };
        failed(StatusCode::UNAUTHORIZED, &words)
    }

    pub(crate) async fn new_passkey_question(&self, asked: &Asked, bytes: &[u8]) -> Answer {
        let (Some(shown), Some(party)) = (self.shown(asked), self.party(asked)) else {
            return failed(StatusCode::UNAUTHORIZED, "sign in again");
        };
        match serde_json::from_slice::<NewQuestion>(bytes) {
            Ok(question) if shown.is_its_form(&question.csrf) => {}
            _ => return failed(StatusCode::FORBIDDEN, "this form is of another session; open the page again"),
        }
        let user = &shown.who.user;
        let Some((secrets, _)) = self.parts.accounts.secrets(user).await.ok().flatten() else {
            return failed(StatusCode::BAD_REQUEST, NOT_LOCAL);
        };
        let Ok(challenge) = self.challenges.ask(bound(asked), asked.now) else {
            return failed(StatusCode::SERVICE_UNAVAILABLE, "no random numbers");
        };
        answer::json(StatusCode::OK, &party.registration(&challenge, user, secrets.passkeys()))
    }

    pub(crate) async fn new_passkey_answer(&self, asked: &Asked, bytes: &[u8]) -> Answer {
        let (Some(shown), Some(party)) = (self.shown(asked), self.party(asked)) else {
            return failed(StatusCode::UNAUTHORIZED, "sign in again");
        };
        let Ok(given) = serde_json::from_slice::<NewAnswer>(bytes) else {
            return failed(StatusCode::BAD_REQUEST, "the browser's answer has another form");
        };
        if !shown.is_its_form(&given.csrf) {
            return failed(StatusCode::FORBIDDEN, "this form is of another session; open the page again");
        }
        let who = &shown.who;
        let Some((mut secrets, version)) = self.parts.accounts.secrets(&who.user).await.ok().flatten() else {
            return failed(StatusCode::BAD_REQUEST, NOT_LOCAL);
        };
        let registered =
            party.register(&given.answer, &self.challenges, bound(asked), secrets.passkeys(), &given.name, asked.now);
        let passkey = match registered {
            Ok(passkey) => passkey,
            Err(fault) => return failed(StatusCode::BAD_REQUEST, &fault.to_string()),
        };
        secrets.passkeys_mut().push(passkey);
        let change = match self.parts.accounts.change(&who.user, &secrets, version) {
            Ok(change) => change,
            Err(error) => return failed(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        };
        let (log, store) = (&self.parts.log, self.parts.accounts.store());
        match ledger::change(log, store, vec![change], &actor(who), INTERFACE, asked.now).await {
            Ok(()) => answer::json(StatusCode::OK, &json!({"registered": true})),
            Err(error) => failed(StatusCode::CONFLICT, &error.to_string()),
        }
    }
}

const NO_ORIGIN: &str = "set origin under [sign_in]: passkeys belong to one address";
const NOT_LOCAL: &str = "passkeys are for local users; yours are at your identity provider";

/// What a question for a new passkey is bound to: the session.
fn bound(asked: &Asked) -> &[u8] {
    answer::cookie(&asked.headers, SESSION).unwrap_or_default().as_bytes()
}

fn failed(status: StatusCode, words: &str) -> Answer {
    answer::json(status, &json!({"error": words}))
}

/// My own passkeys.
pub(crate) struct Passkeys {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) log: Log,
}

impl Page for Passkeys {
    fn path(&self) -> &'static str {
        PATH
    }

    fn title(&self) -> &'static str {
        "My passkeys"
    }

    fn is_for(&self, visit: &Visit<'_>) -> bool {
        visit.who.version.is_some()
    }

    fn is_about_sign_in(&self) -> bool {
        true
    }

    fn show<'a>(&'a self, visit: &'a Visit<'a>) -> Shown<'a> {
        Box::pin(async move {
            let stored = self.accounts.secrets(&visit.who.user).await?;
            let (secrets, _) = stored.ok_or_else(|| PageError(NOT_LOCAL.to_owned()))?;
            let mut html = Html::new()
                .raw("<p>A passkey signs you in with a fingerprint, a face or a PIN, and no password.</p><ul>");
            for passkey in secrets.passkeys() {
                html = html
                    .raw("<li><strong>")
                    .text(&passkey.name)
                    .raw("</strong>, registered ")
                    .text(&date(passkey.created))
                    .with(&visit.form(PATH))
                    .hidden("remove", &passkey.id)
                    .raw("<button type=\"submit\">Remove</button></form></li>");
            }
            Ok(html
                .raw("</ul><h2>A new passkey</h2><p><label for=\"passkey-name\">What you call it</label>")
                .raw("<input id=\"passkey-name\" type=\"text\" maxlength=\"64\" autocomplete=\"off\"></p>")
                .raw("<p><button type=\"button\" id=\"passkey-add\" data-csrf=\"")
                .text(visit.csrf)
                .raw("\">Add a passkey</button></p><p id=\"passkey-says\" class=\"bad\" role=\"status\"></p>")
                .raw("<script src=\"/asepsis/passkey.js\" defer></script>")
                .raw("<h2>Recovery codes</h2><p>Left: ")
                .text(&secrets.recovery_left().to_string())
                .raw("</p>"))
        })
    }

    fn submit<'a>(&'a self, visit: &'a Visit<'a>, form: &'a Form) -> Submitted<'a> {
        Box::pin(async move {
            let user = &visit.who.user;
            let stored = self.accounts.secrets(user).await?;
            let (mut secrets, version) = stored.ok_or_else(|| PageError(NOT_LOCAL.to_owned()))?;
            let before = secrets.passkeys().len();
            secrets.passkeys_mut().retain(|passkey| passkey.id != form.get("remove"));
            if secrets.passkeys().len() == before {
                return Err(PageError("You have no such passkey.".to_owned()));
            }
            if !secrets.is_set_up() {
                return Err(PageError("This is all that you can sign in with; register another first.".to_owned()));
            }
            let change = self.accounts.change(user, &secrets, version)?;
            ledger::change(&self.log, self.accounts.store(), vec![change], &visit.actor(), INTERFACE, visit.now)
                .await?;
            Ok(After::Go(PATH.to_owned()))
        })
    }
}
