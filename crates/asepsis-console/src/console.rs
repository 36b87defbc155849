use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use asepsis_gateway::Caller;
use asepsis_log::Log;
use asepsis_people::account::Accounts;
use asepsis_people::alert::{Alert, Alerts};
use asepsis_people::entrance::{Entrance, Identity, Presented};
use asepsis_people::login::Logins;
use asepsis_people::passkey::{Challenges, RelyingParty};
use asepsis_people::provider::Provider;
use asepsis_people::session::{Lifetime, Sessions, Shown, SignedIn};
use asepsis_people::throttle::Throttle;
use asepsis_people::token::{Fetch, IdTokenRules, IssuedTokens, KeySource, Replay};
use asepsis_vocab::{Act, ActKind};
use http::{HeaderMap, StatusCode};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::answer::{self, Answer};
use crate::form::Form;
use crate::html::Html;
use crate::page::{Page, actor};

/// Passwords that are looked at at the same time; each takes a core for a tenth of a second.
const HASHING: usize = 2;

/// The face in the log.
pub(crate) const INTERFACE: &str = "console";

/// What the configuration says of the console.
#[derive(Clone, Debug, Default)]
pub struct ConsoleSettings {
    /// The organisation's name, for people.
    pub organisation: String,
    /// Where its pages come from, `https://asepsis.example.org`; on this machine that is known where absent.
    pub origin: Option<String>,
    /// How long sessions last.
    pub lifetime: Lifetime,
}

/// An identity provider at which people sign in.
pub struct SignInProvider {
    /// The provider.
    pub provider: Arc<Provider>,
    /// What its ID tokens must be.
    pub rules: IdTokenRules,
    /// What our own requests show, if it gave us a secret.
    pub client_secret: Option<Zeroizing<String>>,
    /// The scopes that are asked for; `openid` is always among them.
    pub scopes: Vec<String>,
}

/// A program that is given tokens by SMART Backend Services.
pub struct BackendService {
    /// Its id.
    pub client_id: String,
    /// The user for whom it speaks.
    pub user: String,
    /// The role.
    pub role: String,
    /// What it may ask for.
    pub scopes: Vec<String>,
    /// Its public keys.
    pub keys: KeySource,
}

/// What somebody may do at present, and why not.
pub struct Right {
    /// What it is about: an AI system.
    pub what: String,
    /// Whether it is permitted in a form that shows who patients are.
    pub good: bool,
    /// In words: the form, the reason, what helps.
    pub says: String,
}

/// Knows what people may do.
pub trait Rights: Send + Sync {
    /// What somebody may do at present, from where the request comes.
    fn of(&self, visitor: &Identity) -> Vec<Right>;
}

/// What a console is made of.
pub struct ConsoleParts {
    /// Knows persons, devices and networks.
    pub entrance: Arc<Entrance>,
    /// What local users sign in with.
    pub accounts: Arc<Accounts>,
    /// Keeps the record.
    pub log: Log,
    /// Asks identity providers.
    pub fetch: Arc<dyn Fetch>,
    /// Tokens that were given out; the entrance knows the same.
    pub issued: Arc<Mutex<IssuedTokens>>,
    /// Knows what people may do.
    pub rights: Arc<dyn Rights>,
    /// Where people sign in beside this.
    pub providers: Vec<SignInProvider>,
    /// Programs that are given tokens.
    pub services: Vec<BackendService>,
    /// Pages of others.
    pub pages: Vec<Box<dyn Page>>,
    /// What the configuration says.
    pub settings: ConsoleSettings,
}

/// Pages for people.
pub struct Console {
    pub(crate) parts: ConsoleParts,
    pub(crate) pages: Vec<Box<dyn Page>>,
    pub(crate) sessions: Sessions,
    pub(crate) logins: Logins,
    pub(crate) challenges: Arc<Challenges>,
    pub(crate) alerts: Alerts,
    pub(crate) hashing: Arc<Semaphore>,
    pub(crate) replay: Mutex<Replay>,
    throttle: Mutex<Throttle>,
}

/// A request, with what every page needs of it.
pub(crate) struct Asked {
    pub(crate) headers: HeaderMap,
    pub(crate) query: Form,
    pub(crate) caller: Arc<Caller>,
    pub(crate) now: i64,
    /// The origin of this installation, where it is known.
    pub(crate) origin: Option<String>,
}

impl Console {
    /// A console of these parts, with its own pages and those of others.
    pub fn new(mut parts: ConsoleParts) -> Arc<Self> {
        let challenges = Arc::new(Challenges::default());
        let mut pages = crate::own_pages(&parts);
        pages.append(&mut parts.pages);
        Arc::new(Self {
            sessions: Sessions::new(parts.settings.lifetime),
            logins: Logins::default(),
            challenges,
            alerts: Alerts::default(),
            hashing: Arc::new(Semaphore::new(HASHING)),
            replay: Mutex::default(),
            throttle: Mutex::default(),
            pages,
            parts,
        })
    }

    /// Who is signed in with this request.
    pub(crate) fn shown(&self, asked: &Asked) -> Option<Shown> {
        let token = answer::cookie(&asked.headers, answer::SESSION)?;
        self.sessions.show(token, &self.parts.entrance.registered().now(), asked.now)
    }

    /// Begins a session, records it, and sends the browser on.
    pub(crate) async fn let_in(&self, who: SignedIn, basis: Option<&str>, now: i64) -> Answer {
        let entry = Act {
            kind: ActKind::SignedIn,
            target: Some("console".to_owned()),
            basis: basis.map(str::to_owned),
            figures: std::collections::BTreeMap::new(),
        };
        // Nobody is let in unrecorded.
        if self.parts.log.append(&asepsis_log::act_event(entry, INTERFACE, Some(actor(&who)))).await.is_err() {
            return self
                .fault(StatusCode::SERVICE_UNAVAILABLE, "The audit log cannot be written, so nobody can sign in.");
        }
        match self.sessions.begin(who, now) {
            Ok(new) => answer::with_cookie(answer::go("/asepsis/"), answer::SESSION, Some(&new.token), "Strict"),
            Err(error) => self.fault(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        }
    }

    /// Records that a sign-in failed. The name is told only where it is a local user's: people type passwords into the field for it.
    pub(crate) async fn refused(&self, user: Option<&str>, what: &'static str, now: i64) {
        let about = format!("user/{}", user.unwrap_or("(unknown)"));
        let alert = Alert { what, about, actor: None };
        self.alerts.note(&self.parts.log, INTERFACE, ActKind::SignInRefused, alert, now).await;
    }

    pub(crate) async fn raise(&self, what: &'static str, about: String, now: i64) {
        let alert = Alert { what, about, actor: None };
        self.alerts.raise(&self.parts.log, INTERFACE, alert, now).await;
    }

    /// The client's address; that of the connection where a proxy says nothing.
    pub(crate) fn address(&self, asked: &Asked) -> IpAddr {
        let peer = asked.caller.peer.ip();
        let forwarded =
            asked.headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
        self.parts.entrance.client(peer, forwarded).unwrap_or(peer)
    }

    /// Who visits, with what the request tells of the device and the network.
    pub(crate) fn visitor(&self, who: &SignedIn, asked: &Asked) -> Identity {
        let text = |name: &str| asked.headers.get_all(name).iter().next_back().and_then(|value| value.to_str().ok());
        let presented = Presented {
            token: None,
            device: text("x-asepsis-device"),
            peer: asked.caller.peer.ip(),
            forwarded: text("x-forwarded-for"),
            certificate: asked.caller.certificate.as_ref(),
        };
        self.parts.entrance.visitor(&who.user, &who.role, presented)
    }

    pub(crate) fn throttle(&self) -> MutexGuard<'_, Throttle> {
        // No step under this lock can panic midway.
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who asks for passkeys: this installation, where its origin is known.
    pub(crate) fn party(&self, asked: &Asked) -> Option<RelyingParty> {
        let origin = asked.origin.clone()?;
        let host = origin.split_once("://")?.1;
        let id = host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
        let name = match self.parts.settings.organisation.as_str() {
            "" => "Asepsis".to_owned(),
            name => name.to_owned(),
        };
        Some(RelyingParty { id, origin, name })
    }

    pub(crate) fn page(&self, status: StatusCode, title: &str, body: &Html) -> Answer {
        answer::page(status, &self.parts.settings.organisation, title, None, &[], body)
    }

    pub(crate) fn fault(&self, status: StatusCode, words: &str) -> Answer {
        let body = Html::new()
            .raw("<p class=\"bad\" role=\"alert\">")
            .text(words)
            .raw("</p><p><a href=\"/asepsis/\">Back</a></p>");
        self.page(status, "That did not work", &body)
    }
}
