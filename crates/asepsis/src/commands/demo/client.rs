//! The clinician's side of the demo: real requests over a real socket.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use asepsis_document::sse;
use asepsis_vocab::ExchangeId;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// How a question is put.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    OpenAi,
    OpenAiStream,
    AnthropicStream,
}

pub(crate) struct Client {
    http: Hyper<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    key: String,
}

/// What the clinician got.
pub(crate) struct Answer {
    pub(crate) exchange: ExchangeId,
    pub(crate) text: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, key: &str) -> Self {
        Self { http: Hyper::builder(TokioExecutor::new()).build_http(), address, key: key.to_owned() }
    }

    /// Asks, for one of the uses of AI where `ai_use` names one.
    pub(crate) async fn ask(&self, way: Way, ai_use: Option<&str>, text: &str) -> anyhow::Result<Answer> {
        let messages = json!([{"role": "user", "content": text}]);
        let (path, body) = match way {
            Way::OpenAi => ("/v1/chat/completions", json!({"model": "standin", "messages": messages})),
            Way::OpenAiStream => {
                ("/v1/chat/completions", json!({"model": "standin-f5", "messages": messages, "stream": true}))
            }
            Way::AnthropicStream => (
                "/v1/messages",
                json!({"model": "standin-messages-f5", "max_tokens": 1024, "messages": messages, "stream": true}),
            ),
        };
        let mut request = Request::post(format!("http://{}{path}", self.address))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(ai_use) = ai_use {
            request = request.header("x-asepsis-use", ai_use);
        }
        let request = request.body(Full::new(Bytes::from(body.to_string())))?;
        let response = self.http.request(request).await.context("the gateway does not answer")?;
        let status = response.status();
        let exchange = response
            .headers()
            .get("x-asepsis-exchange")
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.parse().ok())
            .context("the answer names no exchange")?;
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status.is_success(), "the gateway answered {status}: {}", String::from_utf8_lossy(&body));
        let text = match way {
            Way::OpenAi => {
                let value: Value = serde_json::from_slice(&body)?;
                value["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned()
            }
            Way::OpenAiStream | Way::AnthropicStream => streamed(&body)?,
        };
        Ok(Answer { exchange, text })
    }
}

fn streamed(body: &[u8]) -> anyhow::Result<String> {
    let mut events = Vec::new();
    sse::Parser::new(1 << 20).push(body, &mut events)?;
    let mut text = String::new();
    for event in events.iter().filter(|e| e.has_data && e.data != "[DONE]") {
        let value: Value = serde_json::from_str(&event.data)?;
        let delta = value["choices"][0]["delta"]["content"].as_str().or(value["delta"]["text"].as_str());
        text.push_str(delta.unwrap_or_default());
    }
    Ok(text)
}

/// What the user said in a request, as the vendor received it.
pub(crate) fn user_text(body: &[u8]) -> anyhow::Result<String> {
    let value: Value = serde_json::from_slice(body)?;
    Ok(value["messages"][0]["content"].as_str().unwrap_or_default().to_owned())
}
