//! The root in a Transit engine. Neither HashiCorp Vault nor OpenBao is to be had from a package registry, so the
//! server here is written after their documentation: what it answers, and with which status, is what
//! <https://developer.hashicorp.com/vault/api-docs/secret/transit> says. It makes a key that is not there when
//! something is to be sealed under it, as the real one does for a token that may.
//!
//! So that it is not only our own reading of that, PyPI's `hvac`, a client that others wrote, talks to the same server:
//! each opens what the other sealed.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "transit")]

mod support;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use asepsis_keys::root::{EpochPlace, Root, Transit, TransitOptions, TransitToken};
use asepsis_keys::{RootError, SealKey, Secret};
use data_encoding::BASE64;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// The keys of an engine: whether each may be deleted.
#[derive(Default)]
struct Engine {
    keys: Mutex<HashMap<String, (SealKey, bool)>>,
    sealed: std::sync::atomic::AtomicBool,
}

impl Engine {
    fn answer(&self, method: &Method, path: &str, token: &str, body: &Value) -> (StatusCode, Value) {
        let error = |status, text: &str| (status, json!({"errors": [text]}));
        if self.sealed.load(std::sync::atomic::Ordering::Relaxed) {
            return error(StatusCode::SERVICE_UNAVAILABLE, "Vault is sealed");
        }
        if token != "s.good" {
            return error(StatusCode::FORBIDDEN, "permission denied");
        }
        let mut keys = self.keys.lock().unwrap();
        let bytes = |name: &str| BASE64.decode(body[name].as_str().unwrap_or_default().as_bytes()).unwrap();
        let new = || (SealKey::new(&Secret::random().unwrap()).unwrap(), false);
        let parts: Vec<&str> = path.strip_prefix("/v1/transit/").unwrap_or_default().split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("POST", ["keys", name]) => {
                assert_eq!(body["type"], "aes256-gcm96");
                keys.entry((*name).to_owned()).or_insert_with(new);
                (StatusCode::OK, json!({"data": {"name": name}}))
            }
            ("GET", ["keys", name]) => match keys.get(*name) {
                Some(_) => (StatusCode::OK, json!({"data": {"name": name}})),
                None => (StatusCode::NOT_FOUND, json!({"errors": []})),
            },
            ("POST", ["keys", name, "config"]) => match keys.get_mut(*name) {
                Some(key) => {
                    key.1 = body["deletion_allowed"] == true;
                    (StatusCode::OK, json!({}))
                }
                None => error(StatusCode::BAD_REQUEST, "no existing key named that could be found"),
            },
            ("DELETE", ["keys", name]) => match keys.get(*name) {
                Some((_, true)) => {
                    keys.remove(*name);
                    (StatusCode::NO_CONTENT, Value::Null)
                }
                Some(_) => error(StatusCode::BAD_REQUEST, "deletion is not allowed for this key"),
                None => error(StatusCode::BAD_REQUEST, "could not delete key; not found"),
            },
            ("POST", ["encrypt", name]) => {
                let (key, _) = keys.entry((*name).to_owned()).or_insert_with(new);
                let sealed = key.seal(&bytes("associated_data"), &bytes("plaintext")).unwrap();
                (StatusCode::OK, json!({"data": {"ciphertext": format!("vault:v1:{}", BASE64.encode(&sealed))}}))
            }
            ("POST", ["decrypt", name]) => {
                let Some((key, _)) = keys.get(*name) else {
                    return error(StatusCode::BAD_REQUEST, "encryption key not found");
                };
                let sealed = body["ciphertext"].as_str().and_then(|text| text.strip_prefix("vault:v1:"));
                let sealed = sealed.and_then(|text| BASE64.decode(text.as_bytes()).ok());
                match sealed.and_then(|sealed| key.open(&bytes("associated_data"), &sealed)) {
                    Some(plain) => (StatusCode::OK, json!({"data": {"plaintext": BASE64.encode(&plain)}})),
                    None => error(StatusCode::BAD_REQUEST, "cipher: message authentication failed"),
                }
            }
            _ => error(StatusCode::NOT_FOUND, "no handler for route"),
        }
    }
}

async fn serve(engine: Arc<Engine>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let engine = engine.clone();
            let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                let engine = engine.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let body = serde_json::from_slice(&body).unwrap_or_default();
                    let token = head.headers.get("x-vault-token").map_or("", |t| t.to_str().unwrap());
                    assert_eq!(
                        head.headers.get("x-vault-request").map(hyper::http::HeaderValue::as_bytes),
                        Some(&b"true"[..])
                    );
                    let (status, body) = engine.answer(&head.method, head.uri.path(), token, &body);
                    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
                    *response.status_mut() = status;
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

fn options(address: &str, token: TransitToken) -> TransitOptions {
    TransitOptions { address: address.to_owned(), mount: "transit".to_owned(), namespace: None, token, ca_file: None }
}

fn fixed(token: &str) -> TransitToken {
    TransitToken::Fixed(Zeroizing::new(token.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_a_transit_engine_seals_epochs_and_destroys_them() {
    let engine = Arc::new(Engine::default());
    let address = serve(engine.clone()).await;
    let root = Arc::new(Transit::new(options(&address, fixed("s.good"))).unwrap());
    support::is_a_root(root.clone()).await;
    assert!(engine.keys.lock().unwrap().is_empty(), "sealing under a key that is gone makes none anew");
    support::is_a_root_under_keys(root).await;
}

/// What `hvac` does with a key that was made here, and with what was sealed under it.
const HVAC: &str = "
import base64, sys, hvac
address, name, place, wrapped, secret = sys.argv[1:]
transit = hvac.Client(url=address, token='s.good').secrets.transit
assert transit.read_key(name)['data']['name'] == name
opened = transit.decrypt_data(name, ciphertext=wrapped, associated_data=place)['data']['plaintext']
assert opened == secret, 'what is sealed here is another secret there'
try:
    transit.decrypt_data(name, ciphertext=wrapped, associated_data=base64.b64encode(b'elsewhere').decode())
    sys.exit('it opened in another place')
except hvac.exceptions.InvalidRequest:
    pass
print(transit.encrypt_data(name, plaintext=secret, associated_data=place)['data']['ciphertext'])
";

#[tokio::test(flavor = "multi_thread")]
async fn c2_another_client_of_transit_opens_what_is_sealed_here_and_the_other_way_about() {
    if support::left_out("hvac") {
        return;
    }
    let address = serve(Arc::new(Engine::default())).await;
    let root = Transit::new(options(&address, fixed("s.good"))).unwrap();
    let place = EpochPlace { tenant: Default::default(), epoch: 1, id: [7; 16] };
    let key = root.create(&place).await.unwrap();
    let secret = Secret::random().unwrap();
    let wrapped = root.wrap(&key, &place, &secret).await.unwrap();
    // The associated data: the place and the key's name, each with its length before it.
    let mut bound = Vec::new();
    for part in [&place.to_bytes()[..], key.to_string().as_bytes()] {
        bound.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
        bound.extend_from_slice(part);
    }
    let ran = tokio::process::Command::new(support::python())
        .args(["-c", HVAC, &address])
        .arg(key.to_string().rsplit_once(':').unwrap().1)
        .arg(BASE64.encode(&bound))
        .arg(String::from_utf8(wrapped).unwrap())
        .arg(BASE64.encode(secret.as_bytes()))
        .output()
        .await
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let theirs = ran.stdout.trim_ascii();
    assert_eq!(root.unwrap(&key, &place, theirs).await.unwrap().as_bytes(), secret.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_a_transit_engine_that_refuses_is_sealed_or_not_safe_is_named() {
    let engine = Arc::new(Engine::default());
    let address = serve(engine.clone()).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    asepsis_db::files::create_secret(&file, b"s.bad\n").unwrap();
    let place = EpochPlace { tenant: Default::default(), epoch: 1, id: [0; 16] };
    let root = Transit::new(options(&address, TransitToken::File(file.clone()))).unwrap();
    let refused = root.create(&place).await.unwrap_err();
    assert!(matches!(refused, RootError::Refused { .. }) && refused.to_string().contains("token may not"), "{refused}");
    assert!(!refused.to_string().contains("s.bad"));
    // An agent has renewed it.
    std::fs::write(&file, "s.good\n").unwrap();
    root.create(&place).await.unwrap();
    engine.sealed.store(true, std::sync::atomic::Ordering::Relaxed);
    let refused = root.create(&place).await.unwrap_err();
    assert!(matches!(refused, RootError::Unreachable { .. }) && refused.to_string().contains("unseal it"), "{refused}");
    let refused = Transit::new(options("http://vault.example.org:8200", fixed("x"))).unwrap_err().to_string();
    assert!(refused.contains("plain text"), "{refused}");
    assert!(!format!("{:?}{:?}", root, options("x", fixed("s.good"))).contains("s.good"));
}
