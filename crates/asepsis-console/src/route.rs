//! Which request goes to which page.

use std::sync::Arc;

use asepsis_gateway::{Caller, PageAnswer, Pages};
use asepsis_people::entrance::Identity;
use asepsis_people::role;
use asepsis_people::session::Shown;
use http::{HeaderMap, Method, Request, StatusCode, header};
use hyper::body::Incoming;

use crate::answer::{self, Answer, SESSION};
use crate::console::{Asked, Console};
use crate::form::{self, Form};
use crate::page::{After, Page, PageError, Visit};

/// The console as pages of the gateway.
#[derive(Clone)]
pub struct ConsolePages(Arc<Console>);

impl ConsolePages {
    /// The pages of a console.
    pub fn new(console: Arc<Console>) -> Self {
        Self(console)
    }
}

impl Pages for ConsolePages {
    fn answers(&self, path: &str) -> bool {
        path.starts_with("/asepsis/") || path == "/asepsis" || path == "/.well-known/smart-configuration"
    }

    fn answer(&self, request: Request<Incoming>, caller: Arc<Caller>) -> PageAnswer {
        let console = Arc::clone(&self.0);
        Box::pin(async move {
            let tls = caller.tls;
            let mut answer = console.handle(request, caller).await;
            if tls {
                let value = http::HeaderValue::from_static("max-age=31536000");
                answer.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, value);
            }
            answer
        })
    }
}

impl Console {
    async fn handle(&self, request: Request<Incoming>, caller: Arc<Caller>) -> Answer {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let asked = Asked {
            query: Form::parse(parts.uri.query().unwrap_or_default().as_bytes()),
            now: time::OffsetDateTime::now_utc().unix_timestamp(),
            origin: self.origin(&parts.headers, parts.uri.authority().map(http::uri::Authority::as_str), &caller),
            headers: parts.headers,
            caller,
        };
        if asked.caller.certificate.as_ref().is_some_and(|shown| self.parts.entrance.is_revoked(shown)) {
            return self.fault(StatusCode::FORBIDDEN, "The client's certificate was revoked.");
        }
        match (&parts.method, path.as_str()) {
            (&Method::GET, "/asepsis/style.css") => {
                answer::content(StatusCode::OK, "text/css; charset=utf-8", &include_bytes!("../assets/style.css")[..])
            }
            (&Method::GET, "/asepsis/passkey.js") => answer::content(
                StatusCode::OK,
                "text/javascript; charset=utf-8",
                &include_bytes!("../assets/passkey.js")[..],
            ),
            (&Method::GET, "/.well-known/smart-configuration" | "/asepsis/.well-known/smart-configuration") => {
                self.smart_configuration(&asked)
            }
            (&Method::POST, "/asepsis/token") => self.token(&asked, body).await,
            (&Method::GET, "/asepsis") => answer::go("/asepsis/"),
            (&Method::GET, "/asepsis/sign-in") => self.sign_in_page(&asked, None, StatusCode::OK),
            (&Method::GET, "/asepsis/set-up") => self.set_up_page(None, StatusCode::OK),
            (&Method::GET, "/asepsis/sign-in/provider") => self.to_provider(&asked).await,
            (&Method::GET, "/asepsis/sign-in/back") => self.back_from_provider(&asked).await,
            (&Method::GET, _) => self.show(&path, &asked).await,
            (&Method::POST, _) => {
                if !is_own(&asked) {
                    return self.fault(
                        StatusCode::FORBIDDEN,
                        "This form came from another site, or the address of this one is not the configured origin.",
                    );
                }
                let Some(bytes) = form::body(body).await else {
                    return self.fault(StatusCode::BAD_REQUEST, "The form is too long, or did not come in time.");
                };
                self.submit(&path, &asked, &bytes).await
            }
            _ => self.fault(StatusCode::METHOD_NOT_ALLOWED, "Pages are asked for by GET and POST."),
        }
    }

    async fn submit(&self, path: &str, asked: &Asked, bytes: &[u8]) -> Answer {
        match path {
            "/asepsis/passkey/question" => return self.passkey_question(asked),
            "/asepsis/passkey/answer" => return self.passkey_answer(asked, bytes).await,
            "/asepsis/passkey/new-question" => return self.new_passkey_question(asked, bytes).await,
            "/asepsis/passkey/new-answer" => return self.new_passkey_answer(asked, bytes).await,
            _ => {}
        }
        let form = Form::parse(bytes);
        match path {
            "/asepsis/sign-in" => return self.sign_in(asked, &form).await,
            "/asepsis/set-up" => return self.set_up(asked, &form).await,
            "/asepsis/set-up/confirm" => return self.confirm_set_up(asked, &form).await,
            _ => {}
        }
        let Some(shown) = self.shown(asked) else { return answer::go("/asepsis/sign-in") };
        if !shown.is_its_form(form.get("csrf")) {
            return self.fault(StatusCode::FORBIDDEN, "This form is of another session; open the page again.");
        }
        if path == "/asepsis/sign-out" {
            if let Some(token) = answer::cookie(&asked.headers, SESSION) {
                self.sessions.end(token);
            }
            return answer::with_cookie(answer::go("/asepsis/sign-in"), SESSION, None, "Strict");
        }
        let visitor = self.visitor(&shown.who, asked);
        let visit = visit(&shown, &visitor, asked);
        let Some(page) = self.found(path, &visit) else { return self.nothing() };
        if !role::may_change(&shown.who.role) && !page.is_about_sign_in() {
            return self.fault(StatusCode::FORBIDDEN, "An assessor looks and changes nothing.");
        }
        match page.submit(&visit, &form).await {
            Ok(After::Go(place)) => answer::go(&place),
            Ok(After::Show(html)) => self.framed(StatusCode::OK, page, &shown, &visit, &html),
            Err(PageError(words)) => self.fault(StatusCode::BAD_REQUEST, &words),
        }
    }

    async fn show(&self, path: &str, asked: &Asked) -> Answer {
        let Some(shown) = self.shown(asked) else { return answer::go("/asepsis/sign-in") };
        let visitor = self.visitor(&shown.who, asked);
        let visit = visit(&shown, &visitor, asked);
        let Some(page) = self.found(path, &visit) else { return self.nothing() };
        match page.show(&visit).await {
            Ok(html) => self.framed(StatusCode::OK, page, &shown, &visit, &html),
            Err(PageError(words)) => self.fault(StatusCode::BAD_REQUEST, &words),
        }
    }

    fn found(&self, path: &str, visit: &Visit<'_>) -> Option<&dyn Page> {
        self.pages.iter().find(|page| page.path() == path && page.is_for(visit)).map(AsRef::as_ref)
    }

    fn framed(
        &self,
        status: StatusCode,
        page: &dyn Page,
        shown: &Shown,
        visit: &Visit<'_>,
        html: &crate::Html,
    ) -> Answer {
        let links: Vec<_> =
            self.pages.iter().filter(|page| page.is_for(visit)).map(|p| (p.path(), p.title())).collect();
        let who = Some((&shown.who, shown.csrf.as_str()));
        answer::page(status, &self.parts.settings.organisation, page.title(), who, &links, html)
    }

    fn nothing(&self) -> Answer {
        self.fault(StatusCode::NOT_FOUND, "There is no such page, or not for you.")
    }

    /// The origin that is configured, or, where none is and this is asked for on this machine, the one that it is asked under.
    fn origin(&self, headers: &HeaderMap, authority: Option<&str>, caller: &Caller) -> Option<String> {
        if let Some(origin) = &self.parts.settings.origin {
            return Some(origin.clone());
        }
        let host = authority.or_else(|| headers.get(header::HOST)?.to_str().ok())?;
        let name = host
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
            .map_or(host, |(name, _)| name);
        let here = ["localhost", "127.0.0.1", "[::1]"].contains(&name) && caller.peer.ip().is_loopback();
        let scheme = if caller.tls { "https" } else { "http" };
        here.then(|| format!("{scheme}://{host}"))
    }
}

fn visit<'a>(shown: &'a Shown, visitor: &'a Identity, asked: &'a Asked) -> Visit<'a> {
    Visit { who: &shown.who, visitor, query: &asked.query, csrf: &shown.csrf, now: asked.now }
}

/// Whether a form was sent by a page of ours. Every browser of today says where a form comes from; one that does not is not let in.
fn is_own(asked: &Asked) -> bool {
    let said = asked.headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    match (said, &asked.origin) {
        (Some(said), Some(origin)) => said == origin,
        _ => false,
    }
}
