//! Answers: their headers, cookies, and the frame of every page.

use asepsis_people::session::SignedIn;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use crate::html::Html;

/// What a browser holds of a session.
pub(crate) const SESSION: &str = "__Host-asepsis";
/// What it holds while somebody signs in.
pub(crate) const BEFORE: &str = "__Host-asepsis-before";

/// Nothing from elsewhere, no script that is not a file of ours, no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

pub(crate) type Answer = Response<Full<Bytes>>;

/// A page. `links` are those to other pages of who is signed in.
pub(crate) fn page(
    status: StatusCode,
    organisation: &str,
    title: &str,
    who: Option<(&SignedIn, &str)>,
    links: &[(&'static str, &'static str)],
    body: &Html,
) -> Answer {
    let mut html = Html::new()
        .raw("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">")
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>")
        .text(title)
        .raw(" \u{2013} Asepsis</title><link rel=\"stylesheet\" href=\"/asepsis/style.css\"></head><body>")
        .raw("<a class=\"skip\" href=\"#main\">Skip to the content</a><header><p class=\"site\">Asepsis");
    if !organisation.is_empty() {
        html = html.raw(" \u{2013} ").text(organisation);
    }
    html = html.raw("</p>");
    if let Some((who, csrf)) = who {
        html = html.raw("<nav aria-label=\"Pages\"><ul>");
        for (path, title) in links {
            html = html.raw("<li><a href=\"").raw(path).raw("\">").raw(title).raw("</a></li>");
        }
        html = html
            .raw("</ul></nav><form method=\"post\" action=\"/asepsis/sign-out\"><p>Signed in as <strong>")
            .text(&who.user)
            .raw("</strong> (")
            .text(&who.role)
            .raw(")</p>")
            .hidden("csrf", csrf)
            .raw("<button type=\"submit\">Sign out</button></form>");
    }
    html = html.raw("</header><main id=\"main\"><h1>").text(title).raw("</h1>").with(body).raw("</main></body></html>");
    content(status, "text/html; charset=utf-8", html.into_string())
}

/// An answer with the headers that all have.
pub(crate) fn content(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    for (name, value) in [
        ("content-type", kind),
        ("cache-control", "no-store"),
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        // With `no-referrer` browsers would send forms of ours with the origin `null`.
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Answer {
    content(status, "application/json", body.to_string())
}

/// Sends the browser on.
pub(crate) fn go(place: &str) -> Answer {
    let mut answer = content(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "");
    if let Ok(place) = HeaderValue::from_str(place) {
        answer.headers_mut().insert(header::LOCATION, place);
    }
    answer
}

/// Gives the browser a cookie, or takes it away. `__Host-` binds it to this host and to TLS.
pub(crate) fn with_cookie(mut answer: Answer, name: &str, value: Option<&str>, same_site: &str) -> Answer {
    let (value, age) = match value {
        Some(value) => (value, ""),
        None => ("", "; Max-Age=0"),
    };
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}{age}");
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

/// A cookie of a request.
pub(crate) fn cookie<'h>(headers: &'h http::HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name && (1..=128).contains(&value.len())).then_some(value)
    })
}
