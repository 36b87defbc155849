//! SMART Backend Services (SMART App Launch 2.2): tokens for programs that show a signed assertion.

use asepsis_people::ledger;
use asepsis_people::token::{Assertion, AssertionRules, TokenFault, TokenHolder};
use asepsis_vocab::{ActKind, Actor};
use http::{HeaderValue, StatusCode, header};
use hyper::body::Incoming;
use serde_json::json;

use crate::answer::{self, Answer};
use crate::console::{Asked, BackendService, Console, INTERFACE};
use crate::form::{self, Form};

const TOKEN: &str = "/asepsis/token";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An error of RFC 6749, section 5.2.
struct Wrong(StatusCode, &'static str, String);

impl Console {
    pub(crate) fn smart_configuration(&self, asked: &Asked) -> Answer {
        let Some(origin) = asked.origin.as_ref().filter(|_| !self.parts.services.is_empty()) else {
            return answer::json(StatusCode::NOT_FOUND, &json!({"error": "not offered here"}));
        };
        let mut scopes: Vec<&String> = self.parts.services.iter().flat_map(|service| &service.scopes).collect();
        scopes.sort();
        scopes.dedup();
        answer::json(
            StatusCode::OK,
            &json!({
                "token_endpoint": format!("{origin}{TOKEN}"),
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
                "grant_types_supported": ["client_credentials"],
                "code_challenge_methods_supported": ["S256"],
                "scopes_supported": scopes,
                "capabilities": ["client-confidential-asymmetric"],
            }),
        )
    }

    pub(crate) async fn token(&self, asked: &Asked, body: Incoming) -> Answer {
        let is_form = asked.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_form = is_form.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let form = form::body(body).await.filter(|_| is_form).map(|bytes| Form::parse(&bytes));
        let given = match &form {
            Some(form) => self.give(asked, form).await,
            None => Err(invalid("the request is no form, too long, or did not come in time")),
        };
        let mut answer = match given {
            Ok(token) => answer::json(StatusCode::OK, &token),
            Err(Wrong(status, error, words)) => {
                answer::json(status, &json!({"error": error, "error_description": words}))
            }
        };
        answer.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        answer
    }

    async fn give(&self, asked: &Asked, form: &Form) -> Result<serde_json::Value, Wrong> {
        for name in ["grant_type", "client_assertion_type", "client_assertion", "scope"] {
            // A member that stands twice is read differently by different readers (RFC 6749, section 3.2).
            if form.count(name) > 1 {
                return Err(invalid("a parameter stands twice"));
            }
        }
        if form.get("grant_type") != "client_credentials" {
            let words = "grant_type must be client_credentials".to_owned();
            return Err(Wrong(StatusCode::BAD_REQUEST, "unsupported_grant_type", words));
        }
        if form.get("client_assertion_type") != ASSERTION {
            return Err(client("client_assertion_type must be the one of RFC 7523"));
        }
        let origin = asked.origin.as_deref().ok_or_else(|| invalid("set origin under [sign_in]"))?;
        let service = self.client(asked, form, &format!("{origin}{TOKEN}")).await?;
        let wanted: Vec<&str> = form.get("scope").split_whitespace().collect();
        let scopes: Vec<String> =
            service.scopes.iter().filter(|scope| wanted.contains(&scope.as_str())).cloned().collect();
        if scopes.is_empty() || scopes.len() != wanted.len() {
            let words =
                format!("a scope is asked for that this client may not have; it may have {}", service.scopes.join(" "));
            return Err(Wrong(StatusCode::BAD_REQUEST, "invalid_scope", words));
        }
        let unavailable =
            || Wrong(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "try again later".to_owned());
        let actor = Actor {
            user: service.user.clone(),
            role: service.role.clone(),
            method: "smart_backend".to_owned(),
            credential: Some(service.client_id.clone()),
            device: None,
        };
        let recorded =
            ledger::record(&self.parts.log, ActKind::SignedIn, Some("token".to_owned()), None, &actor, INTERFACE);
        recorded.await.map_err(|_| unavailable())?;
        let holder = TokenHolder {
            client_id: service.client_id.clone(),
            user: service.user.clone(),
            role: service.role.clone(),
            scopes: scopes.clone(),
        };
        let issued =
            self.parts.issued.lock().unwrap_or_else(std::sync::PoisonError::into_inner).issue(holder, asked.now);
        let issued = issued.map_err(|_| unavailable())?;
        Ok(json!({
            "access_token": issued.text.as_str(), "token_type": "bearer", "expires_in": issued.expires_in,
            "scope": scopes.join(" "),
        }))
    }

    /// The client that the assertion is of.
    async fn client(&self, asked: &Asked, form: &Form, audience: &str) -> Result<&BackendService, Wrong> {
        let token = form.get("client_assertion");
        let named = Assertion::named_client(token).unwrap_or_default();
        let service = self.parts.services.iter().find(|service| service.client_id == named);
        let service = service.ok_or_else(|| client("the client is not known here, or its assertion is no JWT"))?;
        let rules = AssertionRules { client_id: &service.client_id, audience };
        let fetch = self.parts.fetch.as_ref();
        let no_keys = || client("the client's keys cannot be had");
        let keys = service.keys.keys(fetch, asked.now).await.ok_or_else(no_keys)?;
        let checked = match rules.check(token, &keys, asked.now) {
            Err(TokenFault::UnknownKey) => {
                let keys = service.keys.newer(fetch, asked.now).await.ok_or_else(no_keys)?;
                rules.check(token, &keys, asked.now)
            }
            checked => checked,
        };
        let admitted = checked.and_then(|assertion| {
            let mut replay = self.replay.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            replay.admit(&service.client_id, &assertion, asked.now)
        });
        if let Err(fault) = admitted {
            if fault == TokenFault::Replayed {
                self.raise("replayed_assertion", format!("client/{}", service.client_id), asked.now).await;
            }
            self.refused(None, "client_assertion", asked.now).await;
            return Err(client(&format!("the assertion is not valid: {fault}")));
        }
        if self.parts.entrance.registered().now().is_disabled(&service.user) {
            return Err(client("the client is not known here, or its assertion is no JWT"));
        }
        Ok(service)
    }
}

fn invalid(words: &str) -> Wrong {
    Wrong(StatusCode::BAD_REQUEST, "invalid_request", words.to_owned())
}

fn client(words: &str) -> Wrong {
    Wrong(StatusCode::UNAUTHORIZED, "invalid_client", words.to_owned())
}
