//! Tokens and sign-ins of others through the real binary: npm `oidc-provider` as identity provider, Authlib as one that errs or lies and as a
//! SMART backend service, Chromium with a virtual authenticator.

mod support;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use support::{Reply, Setup, Site, request, run, user, wait_until};

const ORIGIN: &str = "http://localhost:9";
const AUDIENCE: &str = "https://asepsis.test";

/// The folder of the peers, or `None` where they are left out on purpose.
fn peers() -> Option<PathBuf> {
    let asked = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    if asked.split(',').any(|word| word.trim() == "people") {
        use std::io::Write as _;
        writeln!(std::io::stderr(), "left out, as ASEPSIS_LEAVE_OUT asks: identity providers and a browser").ok();
        return None;
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_asepsis"));
    let target = binary.ancestors().find(|a| a.join("CACHEDIR.TAG").exists()).expect("it is in a target folder");
    let installed = target.join("sdk/people");
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let pins: String = ["requirements.txt", "package.json", "package-lock.json"]
        .iter()
        .map(|file| read(&sources().join(file)))
        .collect();
    assert!(
        read(&installed.with_extension("pins")) == pins,
        "the peers are not installed in {} in the pinned versions; `cargo xtask setup` installs them, `cargo xtask test` does so \
         before all tests, and with ASEPSIS_LEAVE_OUT=people in the environment they are left out",
        installed.display()
    );
    Some(installed)
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sdk/people")
}

/// A peer that says where it is, and ends with its standard input.
struct Peer {
    child: Child,
    issuer: String,
}

impl Peer {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let mut issuer = String::new();
        let mut said = BufReader::new(child.stdout.take().expect("piped"));
        // What it says besides must be read, or it breaks.
        while !issuer.starts_with("http") {
            issuer.clear();
            assert!(said.read_line(&mut issuer).expect("a line") > 0, "{command:?} said nothing");
        }
        std::thread::spawn(move || said.lines().map_while(Result::ok).for_each(drop));
        assert!(issuer.starts_with("http://127.0.0.1:"), "{command:?} said {issuer:?}");
        Self { child, issuer: issuer.trim().to_owned() }
    }

    fn oidc_provider(installed: &Path) -> Self {
        let back = format!("{ORIGIN}/asepsis/sign-in/back");
        let mut command = Command::new("node");
        command.arg(sources().join("provider.mjs")).args([back.as_str(), AUDIENCE]).env("NODE_PACKAGES", installed);
        Self::start(&mut command)
    }

    fn rogue(installed: &Path) -> Self {
        let mut command = Command::new(installed.join("bin/python"));
        command.arg(sources().join("rogue.py")).args(["asepsis", AUDIENCE]);
        Self::start(&mut command)
    }

    fn address(&self) -> SocketAddr {
        self.issuer["http://".len()..].parse().expect("an address")
    }

    fn get(&self, path: &str) -> Value {
        request(self.address(), "GET", path, &[], b"").json()
    }

    /// An access token of this kind.
    fn access(&self, kind: &str) -> String {
        self.get(&format!("/access?kind={kind}")).as_str().expect("a token").to_owned()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn practice(provider: &Peer, extra: &str) -> Site {
    let (issuer, extra) = (&provider.issuer, extra);
    Setup::new()
        .extra(&format!(
            "\n[sign_in]\norigin = \"{ORIGIN}\"\n\
             [[identity_provider]]\nid = \"hospital\"\nname = \"The hospital\"\nissuer = \"{issuer}\"\nclient_id = \"asepsis\"\n\
             client_secret_env = \"HOSPITAL_SECRET\"\naudience = \"{AUDIENCE}\"\nuser_claim = \"preferred_username\"\n\
             roles = [{{ group = \"clinicians\", role = \"clinician\" }}, {{ group = \"analysts\", role = \"analyst\" }}]\n{extra}"
        ))
        .env("HOSPITAL_SECRET", "a secret of the test: + and /")
        .start()
}

/// Cookies of one host.
#[derive(Default)]
struct Jar(Vec<(String, String)>);

impl Jar {
    fn get(&mut self, address: SocketAddr, path: &str) -> Reply {
        let all: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let reply = request(address, "GET", path, &[("cookie", &all.join("; "))], b"");
        for (_, cookie) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            self.0.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
        reply
    }
}

fn location(reply: &Reply) -> String {
    reply.header("location").unwrap_or_else(|| panic!("no location: {} {}", reply.status, reply.text())).to_owned()
}

fn parameter(address: &str, name: &str) -> String {
    let query = address.split_once('?').expect("a query").1;
    let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_else(|| panic!("no {name} in {address}")).to_owned()
}

/// Begins a sign-in; gives the address at the provider.
fn begin(site: &Site, jar: &mut Jar) -> String {
    location(&jar.get(site.address(), "/asepsis/sign-in/provider?id=hospital"))
}

#[test]
fn c4_people_sign_in_at_oidc_provider_and_what_is_shown_twice_or_elsewhere_counts_nothing() {
    let Some(installed) = peers() else { return };
    let provider = Peer::oidc_provider(&installed);
    let site = practice(&provider, "required_amr = [\"mfa\"]\n");
    let mut jar = Jar::default();
    assert!(jar.get(site.address(), "/asepsis/sign-in").text().contains("The hospital"));
    let sign_in = |jar: &mut Jar| {
        let mut there = begin(&site, jar);
        assert!(there.starts_with(&provider.issuer) && there.contains("code_challenge_method=S256"), "{there}");
        let mut at_provider = Jar::default();
        for _ in 0..6 {
            let path = there.strip_prefix(&provider.issuer).unwrap_or(&there).to_owned();
            there = location(&at_provider.get(provider.address(), &path));
            if let Some(path) = there.strip_prefix(ORIGIN) {
                return path.to_owned();
            }
        }
        panic!("the provider sends on and on: {there}");
    };
    let back = sign_in(&mut jar);
    // Another browser, and after it even the right one: a state counts once.
    let elsewhere = Jar::default().get(site.address(), &back);
    assert_eq!(elsewhere.status, 401, "{}", elsewhere.text());
    assert_eq!(jar.get(site.address(), &back).status, 401);
    let back = sign_in(&mut jar);
    for (wrong, why) in
        [(back.replace("state=", "state=x"), "another state"), (back.replace("iss=", "iss=x"), "another issuer")]
    {
        let mut other = Jar(jar.0.clone());
        assert_eq!(other.get(site.address(), &wrong).status, 401, "{why}");
    }
    let back = sign_in(&mut jar);
    let in_ = jar.get(site.address(), &back);
    assert_eq!(in_.status, 200, "{}", in_.text());
    let home = jar.get(site.address(), "/asepsis/");
    assert!(home.status == 200 && home.text().contains("<strong>dr-lind</strong>"), "{}", home.text());
    assert!(home.text().contains("oidc/hospital+mfa"));
    // The code of a sign-in that is over, with a state of its own.
    let mut second = Jar::default();
    let fresh = sign_in(&mut second);
    let replayed = fresh.replace(&parameter(&fresh, "code"), &parameter(&back, "code"));
    assert_eq!(second.get(site.address(), &replayed).status, 401, "a code counts once");
    let signed_in: Vec<Value> = site.audit(&[]).into_iter().filter(|e| e["act"]["kind"] == "signed_in").collect();
    assert_eq!(signed_in.len(), 1);
    assert_eq!(signed_in[0]["actor"]["user"], "dr-lind");

    // An access token of the same provider, as RFC 9068 has it, in the place of a key.
    let form = format!(
        "grant_type=client_credentials&client_id=nightly&client_secret=another-secret-of-the-test&resource={AUDIENCE}&scope=ask"
    );
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let given = request(provider.address(), "POST", "/token", &kind, form.as_bytes()).json();
    let token = given["access_token"].as_str().unwrap_or_else(|| panic!("{given}"));
    // It has no amr, which this practice asks for.
    let bearer = format!("Bearer {token}");
    let refused = site.request("GET", "/v1/models", &[("authorization", &bearer)], b"");
    assert!(refused.status == 401 && refused.text().contains("factors"), "{}", refused.text());
    let lax = practice(&provider, "");
    let taken = lax.request("GET", "/v1/models", &[("authorization", &bearer)], b"");
    assert_eq!(taken.status, 200, "{}", taken.text());
}

#[test]
fn c4_what_a_rogue_provider_signs_is_refused_at_the_sign_in() {
    let Some(installed) = peers() else { return };
    let rogue = Peer::rogue(&installed);
    let site = practice(&rogue, "");
    let attempt = |kind: &str| {
        let mut jar = Jar::default();
        let there = begin(&site, &mut jar);
        let (state, nonce) = (parameter(&there, "state"), parameter(&there, "nonce"));
        let reply = jar.get(site.address(), &format!("/asepsis/sign-in/back?state={state}&code={kind}.{nonce}"));
        let is_in = jar.get(site.address(), "/asepsis/").status == 200;
        assert_eq!(reply.status == 200, is_in, "{kind}: {}", reply.text());
        (is_in, reply.text())
    };
    for kind in ["good", "ec", "ps", "skewed"] {
        let (is_in, said) = attempt(kind);
        assert!(is_in, "{kind}: {said}");
    }
    for (kind, says) in [
        ("expired", "has expired"),
        ("future", "not valid yet"),
        ("future_iat", "not valid yet"),
        ("no_exp", "`exp`"),
        ("audience", "another audience"),
        ("issuer", "issuer is another"),
        ("nonce", "nonce is another"),
        ("no_nonce", "nonce is another"),
        ("azp", "another client"),
        ("several", "another client"),
        ("no_sub", "`sub`"),
        ("user", "of the user"),
        ("groups", "has a role here"),
        ("type", "type is not the one"),
        ("none", "algorithm is not allowed"),
        ("confused", "algorithm is not allowed"),
        ("kid", "publishes no such key"),
        ("embedded", "signature is wrong"),
        ("stranger", "signature is wrong"),
        ("tampered", "signature is wrong"),
        ("cut", "signature is wrong"),
    ] {
        let (is_in, said) = attempt(kind);
        assert!(!is_in && said.contains(says), "{kind}: {said}");
    }
    assert!(!site.gateway().said().contains("dr-weber"));
}

#[test]
fn c4_access_tokens_are_taken_only_where_all_of_them_is_right_and_keys_may_rotate() {
    let Some(installed) = peers() else { return };
    let rogue = Peer::rogue(&installed);
    let site = practice(&rogue, "");
    let ask = |token: &str| {
        let body = json!({"model": "standin-echo", "messages": [user("Call Anna Lind")]}).to_string();
        let bearer = format!("Bearer {token}");
        site.request("POST", "/v1/chat/completions", &[("authorization", &bearer)], body.as_bytes())
    };
    for kind in ["good", "ec", "ps", "skewed", "several"] {
        let reply = ask(&rogue.access(kind));
        assert_eq!(reply.status, 200, "{kind}: {}", reply.text());
    }
    for kind in [
        "expired",
        "future",
        "future_iat",
        "no_exp",
        "audience",
        "issuer",
        "no_sub",
        "user",
        "groups",
        "type",
        "none",
        "confused",
        "kid",
        "embedded",
        "stranger",
        "tampered",
        "cut",
    ] {
        let reply = ask(&rogue.access(kind));
        assert_eq!(reply.status, 401, "{kind}: {}", reply.text());
    }
    // A key that the provider adds is fetched when a token names it, but not more often than once a minute: the token with the
    // made-up key id above was the last to ask.
    assert_eq!(ask(&rogue.access("rotated")).status, 401);
    rogue.get("/rotate");
    let later = practice(&rogue, "");
    let bearer = format!("Bearer {}", rogue.access("rotated"));
    assert_eq!(later.request("GET", "/v1/models", &[("authorization", &bearer)], b"").status, 200);
    // Who asked is in the log, by name and provider; the token is not.
    let entry = site.audit(&[]).into_iter().find(|e| e["actor"]["method"] == "oidc").expect("an entry");
    assert_eq!((&entry["actor"]["user"], &entry["actor"]["credential"]), (&json!("dr-weber"), &json!("hospital")));
}

#[test]
fn c4_a_smart_backend_service_gets_a_token_for_an_assertion_that_counts_once() {
    let Some(installed) = peers() else { return };
    let python = installed.join("bin/python");
    let keys = tempfile::tempdir().expect("a folder");
    let script = sources().join("backend.py");
    let made = run(Command::new(&python).arg(&script).arg("keys").arg(keys.path()), b"");
    assert_eq!(made.code, 0, "{}", made.stderr);
    let jwks = keys.path().join("jwks.json");
    let site = Setup::new()
        .extra(&format!(
            "\n[sign_in]\n[[backend_service]]\nclient_id = \"nightly-summaries\"\nuser = \"nightly\"\nrole = \"clinician\"\n\
             scopes = [\"asepsis/exchange\", \"asepsis/models\"]\njwks_file = {jwks:?}\n"
        ))
        .start();
    let discovered = site.request("GET", "/.well-known/smart-configuration", &[], b"").json();
    let endpoint = discovered["token_endpoint"].as_str().expect("an endpoint");
    assert_eq!(discovered["token_endpoint_auth_signing_alg_values_supported"], json!(["RS384", "ES384"]));
    let token = |client: &str, key: &str, algorithm: &str, kind: &str, scope: &str| -> Value {
        let mut command = Command::new(&python);
        command
            .arg(&script)
            .args(["token", endpoint, client])
            .arg(keys.path().join(key))
            .args([algorithm, kind, scope]);
        let ran = run(&mut command, b"");
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        serde_json::from_str(&ran.stdout).expect("JSON")
    };
    let both = "asepsis/exchange asepsis/models";
    for (key, algorithm) in [("rsa.pem", "RS384"), ("ec.pem", "ES384")] {
        let given = token("nightly-summaries", key, algorithm, "good", both);
        assert_eq!((&given["status"], &given["cache"]), (&json!(200), &json!("no-store")), "{given}");
        assert_eq!((&given["body"]["expires_in"], &given["body"]["token_type"]), (&json!(300), &json!("bearer")));
        let bearer = format!("Bearer {}", given["body"]["access_token"].as_str().expect("a token"));
        let body = json!({"model": "standin-echo", "messages": [user("Call Anna Lind")]}).to_string();
        let asked = site.request("POST", "/v1/chat/completions", &[("authorization", &bearer)], body.as_bytes());
        assert_eq!(asked.status, 200, "{}", asked.text());
        assert_eq!(site.get("/v1/models", &bearer[7..bearer.len() - 1]).status, 401, "cut short");
    }
    // A token is good for its scopes only.
    let narrow = token("nightly-summaries", "ec.pem", "ES384", "signed", "asepsis/models");
    let bearer = format!("Bearer {}", narrow["body"]["access_token"].as_str().expect("a token"));
    assert_eq!(site.request("GET", "/v1/models", &[("authorization", &bearer)], b"").status, 200);
    let body = json!({"model": "standin-echo", "messages": [user("Hello")]}).to_string();
    let refused = site.request("POST", "/v1/chat/completions", &[("authorization", &bearer)], body.as_bytes());
    assert!(refused.status == 403 && refused.text().contains("asepsis/exchange"), "{}", refused.text());
    for (client, key, algorithm, kind, scope, error) in [
        ("nightly-summaries", "ec.pem", "ES384", "twice", both, "invalid_client"),
        ("nightly-summaries", "ec.pem", "ES384", "expired", both, "invalid_client"),
        ("nightly-summaries", "ec.pem", "ES384", "long", both, "invalid_client"),
        ("nightly-summaries", "ec.pem", "ES384", "audience", both, "invalid_client"),
        ("nightly-summaries", "ec.pem", "ES384", "several", both, "invalid_client"),
        ("nightly-summaries", "ec.pem", "ES384", "issuer", both, "invalid_client"),
        ("nightly-summaries", "ec.pem", "ES384", "subject", both, "invalid_client"),
        ("nightly-summaries", "ec.pem", "ES384", "no_jti", both, "invalid_client"),
        ("nightly-summaries", "stranger.pem", "ES384", "signed", both, "invalid_client"),
        ("nightly-summaries", "rsa.pem", "RS256", "signed", both, "invalid_client"),
        ("somebody-else", "ec.pem", "ES384", "signed", both, "invalid_client"),
        ("nightly-summaries", "ec.pem", "ES384", "signed", "system/*.cruds", "invalid_scope"),
        ("nightly-summaries", "ec.pem", "ES384", "signed", "asepsis/models system/*.cruds", "invalid_scope"),
    ] {
        let given = token(client, key, algorithm, kind, scope);
        assert_eq!(given["body"]["error"], error, "{kind} {scope}: {given}");
        assert!(given["body"].get("access_token").is_none());
    }
    let alerts: Vec<Value> = site.audit(&[]).into_iter().filter(|e| e["act"]["kind"] == "access_alert").collect();
    assert!(alerts.iter().any(|e| e["act"]["basis"] == "replayed_assertion"), "{alerts:?}");
    let given = site.audit(&[]).into_iter().filter(|e| e["act"]["kind"] == "signed_in").count();
    assert_eq!(given, 4, "each token that was given is in the log");
}

/// The console in Chromium with its virtual authenticator: an account is set up, a passkey registered, and with it signed in.
#[test]
fn r16_c4_a_browser_registers_a_passkey_and_signs_in_with_it() {
    let Some(_) = peers() else { return };
    let site = Setup::new().extra("\n[sign_in]\norganisation = \"Northside Practice\"\n").start();
    let added = site.run(["user", "add", "alice", "--role", "clinician"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    // Who is not known yet is told the same as who shows a wrong code; a password that is too weak is told once the code counts.
    let code = added.stdout.trim();
    let form = format!("user=alice&set_up={code}&password=Password123!&again=Password123!");
    wait_until("the gateway knows the user", || {
        let headers = [("origin", site.url()), ("content-type", "application/x-www-form-urlencoded".to_owned())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        site.request("POST", "/asepsis/set-up", &headers, form.as_bytes()).status == 400
    });
    let mut command = Command::new("node");
    let address = format!("http://localhost:{}", site.address().port());
    command.arg(sources().join("browser.mjs")).args([&address, "alice", code]);
    let ran = run(&mut command, b"");
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let methods: Vec<Value> = site
        .audit(&[])
        .into_iter()
        .filter(|e| e["act"]["kind"] == "signed_in")
        .map(|e| e["actor"]["method"].clone())
        .collect();
    assert_eq!(methods, ["password+totp", "passkey"], "{}", ran.stdout);
}
