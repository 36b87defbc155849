//! Signing in at an identity provider: OpenID Connect Core 1.0, authorization code flow, with PKCE.

use asepsis_people::login::{Pending, new_browser};
use asepsis_people::session::SignedIn;
use asepsis_people::token::{Mapped, TokenFault};
use http::StatusCode;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::answer::{self, Answer, BEFORE};
use crate::console::{Asked, Console, SignInProvider};

/// Where the identity provider sends the browser back to.
pub const BACK: &str = "/asepsis/sign-in/back";

/// Why a sign-in at an identity provider failed.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("this sign-in is unknown, was used already, or is older than ten minutes; begin again")]
    State,
    #[error("the answer names another identity provider than was asked")]
    Issuer,
    #[error("the identity provider refused the sign-in")]
    Denied,
    #[error("the identity provider cannot be asked at present; try again later")]
    Provider,
    #[error("the identity provider's answer is not valid: {0}")]
    Token(#[from] TokenFault),
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: Option<Zeroizing<String>>,
}

impl Console {
    pub(crate) async fn to_provider(&self, asked: &Asked) -> Answer {
        let found = self.parts.providers.iter().find(|one| one.provider.id() == asked.query.get("id"));
        let (Some(provider), Some(origin)) = (found, &asked.origin) else {
            return self
                .fault(StatusCode::NOT_FOUND, "There is no such identity provider, or no origin under [sign_in].");
        };
        let Some(known) = provider.provider.discovered(self.parts.fetch.as_ref(), asked.now).await else {
            return self.fault(StatusCode::SERVICE_UNAVAILABLE, &Failed::Provider.to_string());
        };
        let begun = new_browser()
            .and_then(|browser| Ok((self.logins.begin(provider.provider.id(), &browser, asked.now)?, browser)));
        let Ok((begun, browser)) = begun else {
            return self.fault(StatusCode::SERVICE_UNAVAILABLE, "The system gives no random numbers.");
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.rules.client_id)
            .append_pair("redirect_uri", &format!("{origin}{BACK}"))
            .append_pair("scope", &provider.scopes.join(" "))
            .append_pair("state", &begun.state)
            .append_pair("nonce", &begun.nonce)
            .append_pair("code_challenge", &begun.challenge)
            .append_pair("code_challenge_method", "S256");
        let joint = if known.authorization.contains('?') { '&' } else { '?' };
        let answer = answer::go(&format!("{}{joint}{}", known.authorization, query.finish()));
        // Lax, because the browser comes back from another site.
        answer::with_cookie(answer, BEFORE, Some(&browser), "Lax")
    }

    pub(crate) async fn back_from_provider(&self, asked: &Asked) -> Answer {
        let answer = match self.signed_in_at_provider(asked).await {
            Ok(who) => {
                let let_in = self.let_in(who, None, asked.now).await;
                if let_in.status() != StatusCode::SEE_OTHER {
                    return let_in;
                }
                // A strict cookie does not go with a request that another site began, so that the next one begins here.
                let html = crate::Html::new().raw("<p>You are signed in. <a href=\"/asepsis/\">Go on</a></p>");
                let mut answer = self.page(StatusCode::OK, "Signed in", &html);
                let onward = http::HeaderValue::from_static("0; url=/asepsis/");
                answer.headers_mut().insert("refresh", onward);
                for cookie in let_in.headers().get_all(http::header::SET_COOKIE) {
                    answer.headers_mut().append(http::header::SET_COOKIE, cookie.clone());
                }
                answer
            }
            Err(failed) => {
                self.refused(None, "provider_sign_in", asked.now).await;
                self.fault(StatusCode::UNAUTHORIZED, &failed.to_string())
            }
        };
        answer::with_cookie(answer, BEFORE, None, "Lax")
    }

    async fn signed_in_at_provider(&self, asked: &Asked) -> Result<SignedIn, Failed> {
        let browser = answer::cookie(&asked.headers, BEFORE).unwrap_or_default();
        let pending = self.logins.take(asked.query.get("state"), browser, asked.now).ok_or(Failed::State)?;
        let found = self.parts.providers.iter().find(|one| one.provider.id() == pending.provider);
        let provider = found.ok_or(Failed::State)?;
        let fetch = self.parts.fetch.as_ref();
        let known = provider.provider.discovered(fetch, asked.now).await.ok_or(Failed::Provider)?;
        // RFC 9207: another provider must not slip its answer in.
        let named = asked.query.get("iss");
        if (known.names_issuer || !named.is_empty()) && named != provider.rules.issuer {
            return Err(Failed::Issuer);
        }
        if asked.query.count("error") > 0 || asked.query.get("code").is_empty() {
            return Err(Failed::Denied);
        }
        let mapped = self.redeem(asked, provider, &pending, &known).await?;
        let registered = self.parts.entrance.registered().now();
        if registered.person(&mapped.user).is_some() {
            // A local user of the same name is somebody else, as far as anybody knows.
            return Err(Failed::Token(TokenFault::Claim("of the user")));
        }
        Ok(SignedIn {
            user: mapped.user,
            role: mapped.role,
            method: format!("oidc/{}{}", pending.provider, if mapped.several_factors { "+mfa" } else { "" }),
            version: None,
            until: i64::MAX,
        })
    }

    async fn redeem(
        &self,
        asked: &Asked,
        provider: &SignInProvider,
        pending: &Pending,
        known: &asepsis_people::provider::Discovered,
    ) -> Result<Mapped, Failed> {
        let fetch = self.parts.fetch.as_ref();
        let origin = asked.origin.as_deref().ok_or(Failed::State)?;
        let client_id = &provider.rules.client_id;
        let basic = provider.client_secret.as_ref().map(|secret| asepsis_people::basic(client_id, secret));
        let form = {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("grant_type", "authorization_code")
                .append_pair("code", asked.query.get("code"))
                .append_pair("redirect_uri", &format!("{origin}{BACK}"))
                .append_pair("code_verifier", &pending.verifier);
            if basic.is_none() {
                form.append_pair("client_id", client_id);
            }
            form.finish()
        };
        let answered = fetch.post(&known.token, form, basic.as_ref().map(|basic| basic.as_str())).await;
        let answered = Zeroizing::new(answered.map_err(|_| Failed::Provider)?);
        let answered: TokenAnswer = serde_json::from_slice(&answered).map_err(|_| Failed::Denied)?;
        let token = answered.id_token.ok_or(Failed::Denied)?;
        let keys = known.keys.keys(fetch, asked.now).await.ok_or(Failed::Provider)?;
        match provider.rules.check(&token, &keys, &pending.nonce, asked.now) {
            Err(TokenFault::UnknownKey) => {
                let keys = known.keys.newer(fetch, asked.now).await.ok_or(Failed::Provider)?;
                Ok(provider.rules.check(&token, &keys, &pending.nonce, asked.now)?)
            }
            checked => Ok(checked?),
        }
    }
}
