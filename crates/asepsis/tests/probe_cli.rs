//! C15: what can be seen of a vendor's door, against real servers: rustls with good and bad certificates, and OpenSSL's own with
//! single versions of TLS.

#![allow(clippy::print_stderr, reason = "what is left out is said")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use support::{Ran, asepsis, run};
use time::{Duration, OffsetDateTime};

/// A practice that trusts an authority of its own, with one AI system of which everything is claimed.
struct Practice {
    dir: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
    key: KeyPair,
}

impl Practice {
    fn new() -> Self {
        let (dir, key) = (tempfile::tempdir().expect("a folder"), KeyPair::generate().expect("a key"));
        let mut params = CertificateParams::new(Vec::new()).expect("names");
        params.distinguished_name.push(DnType::CommonName, "An authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().expect("a key");
        let ca = params.self_signed(&ca_key).expect("an authority");
        std::fs::write(dir.path().join("ca.pem"), ca.pem()).expect("a file");
        std::fs::write(dir.path().join("key.pem"), key.serialize_pem()).expect("a file");
        let config = "[server]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"data\"\n\n[upstream]\nca_file = \"ca.pem\"\n\n\
                      [[role]]\nid = \"clinician\"\nrestore = true\n";
        std::fs::write(dir.path().join("asepsis.toml"), config).expect("a configuration");
        let practice = Self { dir, issuer: Issuer::new(params, ca_key), key };
        practice.good(&[
            "vendor",
            "add",
            "acme",
            "name=Acme",
            "encryption_transit=yes;grade=A",
            "tls_least=1.2",
            "--basis",
            "b",
        ]);
        practice.good(&[
            "system",
            "add",
            "chat",
            "vendor=acme",
            "protocol=openai",
            "base_url=https://localhost:1",
            "models=m",
            "roles=clinician",
            "purposes=TREAT",
            "--basis",
            "b",
        ]);
        practice
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        run(asepsis().arg("--config").arg(self.dir.path().join("asepsis.toml")).args(arguments), b"")
    }

    fn good(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        ran.stdout
    }

    fn probe(&self, port: u16) -> (i32, Value) {
        let ran = self.run(&["probe", "chat", "--address", &format!("localhost:{port}"), "--json"]);
        (ran.code, serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr)))
    }

    /// A certificate of the practice's authority for this name, good from and until so many days from now.
    fn certificate(&self, name: &str, from: i64, until: i64) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_before = OffsetDateTime::now_utc() + Duration::days(from);
        params.not_after = OffsetDateTime::now_utc() + Duration::days(until);
        params.signed_by(&self.key, &self.issuer).expect("a certificate").der().clone()
    }

    fn serve(
        &self,
        certificate: CertificateDer<'static>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> u16 {
        serve(certificate, self.key.serialize_der(), versions)
    }
}

/// A server that answers each connection with a head that has HSTS, until the test ends.
fn serve(
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> u16 {
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.into()))
        .expect("a certificate");
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let mut stream = StreamOwned::new(connection, stream);
            let (mut asked, mut some) = (Vec::new(), [0; 1024]);
            while !asked.ends_with(b"\r\n\r\n") {
                match stream.read(&mut some) {
                    Ok(read) if read > 0 => asked.extend_from_slice(&some[..read]),
                    _ => break,
                }
            }
            if !asked.is_empty() {
                let answer = "HTTP/1.1 404 Not Found\r\nStrict-Transport-Security: max-age=31536000\r\nContent-Length: 0\r\n\r\n";
                stream.write_all(answer.as_bytes()).ok();
            }
            stream.conn.send_close_notify();
            stream.flush().ok();
        }
    });
    port
}

const BOTH: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

fn spoken(found: &Value) -> [&str; 4] {
    ["1.0", "1.1", "1.2", "1.3"].map(|version| found["probe"]["tls"][version].as_str().unwrap_or("unseen"))
}

#[test]
fn c15_a_good_door_is_measured_and_lifts_no_claim() {
    let practice = Practice::new();
    let (code, found) = practice.probe(practice.serve(practice.certificate("localhost", -1, 90), BOTH));
    assert_eq!(code, 0, "{found}");
    assert_eq!(spoken(&found), ["no", "no", "yes", "yes"]);
    let chain = &found["probe"]["chain"];
    assert_eq!((&chain["fault"], &chain["names"][0]), (&Value::Null, &"localhost".into()), "{chain}");
    assert_eq!(found["probe"]["hsts_seconds"], 31_536_000);
    assert!(found["measured"].as_array().is_some_and(|all| all.iter().all(|one| one["grade"] == "measured")));
    let of_today = (OffsetDateTime::now_utc() + Duration::days(90)).date().to_string();
    assert_eq!(chain["last_day"], of_today);
    // One that speaks the newest only.
    let (_, found) =
        practice.probe(practice.serve(practice.certificate("localhost", -1, 90), &[&rustls::version::TLS13]));
    assert_eq!(spoken(&found), ["no", "no", "no", "yes"]);
    // What was measured well makes a statement no better.
    practice.good(&["assess", "answer", "acme", "--fact", "encryption_transit=yes", "--grade", "D", "--basis", "b"]);
    let port = practice.serve(practice.certificate("localhost", -1, 90), BOTH);
    let address = format!("localhost:{port}");
    practice.good(&["probe", "chat", "--address", &address, "--record", "--basis", "quarterly"]);
    let assessed = practice.run(&["assess", "chat", "--json"]).stdout;
    let assessed: Value = serde_json::from_str(&assessed).expect("JSON");
    let figures = assessed["assessment"]["figures"].as_array().cloned().unwrap_or_default();
    let encryption = figures.iter().find(|figure| figure["fact"] == "encryption_transit").cloned().unwrap_or_default();
    assert_eq!((&encryption["grade"], &encryption["answered"]), (&"D".into(), &true.into()));
}

#[test]
fn c15_a_bad_certificate_contradicts_the_claim_and_makes_it_unknown() {
    let practice = Practice::new();
    let other = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec!["localhost".to_owned()])
        .expect("a name")
        .self_signed(&other)
        .expect("a certificate");
    let ended = (OffsetDateTime::now_utc() - Duration::days(3)).date();
    for (port, says) in [
        (practice.serve(practice.certificate("localhost", -90, -3), BOTH), format!("it ended on {ended}")),
        (practice.serve(practice.certificate("localhost", 3, 90), BOTH), "it begins on ".to_owned()),
        (practice.serve(practice.certificate("vendor.example", -1, 90), BOTH), "it is not for localhost".to_owned()),
        (
            serve(own.der().clone(), other.serialize_der(), BOTH),
            "it is signed by itself; nobody trusted stands behind it".to_owned(),
        ),
    ] {
        let (code, found) = practice.probe(port);
        let fault = found["probe"]["chain"]["fault"].as_str().unwrap_or_default();
        assert!(code == 1 && fault.contains(&says), "{says}: {found}");
        let against = &found["contradictions"];
        assert_eq!((&against[0]["fact"], &against[0]["claimed"]), (&"encryption_transit".into(), &true.into()));
        assert!(against[0]["found"].as_str().is_some_and(|found| found.contains(&says)), "{against}");
    }
    let address = format!("localhost:{}", practice.serve(practice.certificate("localhost", -90, -3), BOTH));
    let ran = practice.run(&["probe", "chat", "--address", &address, "--record", "--basis", "quarterly"]);
    assert!(
        ran.code == 1 && ran.stdout.contains("CONTRADICTED  encryption_transit is claimed to be yes"),
        "{}",
        ran.stdout
    );
    let assessed = practice.run(&["assess", "chat"]).stdout;
    assert!(
        assessed.contains("encryption_transit (probe of 20") && assessed.contains(": the certificate of localhost:"),
        "{assessed}"
    );
    assert!(
        assessed.contains("PROBED      on ") && assessed.contains("gate      encryption is not passed"),
        "{assessed}"
    );
    assert!(practice.good(&["system", "show", "chat"]).contains("encryption_transit: unknown; "));
    // Put right and looked at again, it is no better for it, until somebody states it anew.
    let address = format!("localhost:{}", practice.serve(practice.certificate("localhost", -1, 90), BOTH));
    practice.good(&["probe", "chat", "--address", &address, "--record", "--basis", "put right"]);
    assert!(practice.run(&["assess", "chat"]).stdout.contains("encryption_transit (probe of 20"));
    practice.good(&["system", "set", "chat", "encryption_transit=", "--basis", "put right"]);
    assert!(!practice.run(&["assess", "chat"]).stdout.contains("encryption_transit (probe of 20"));
}

#[test]
fn c15_what_does_not_answer_or_is_no_tls_is_no_finding() {
    let practice = Practice::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = listener.local_addr().expect("an address").port();
    drop(listener);
    let ran = practice.run(&["probe", "chat", "--address", &format!("localhost:{closed}")]);
    assert!(ran.code == 2 && ran.stderr.contains("cannot be reached"), "{}", ran.stderr);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let plain = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            stream.write_all(b"SSH-2.0-something else\r\n").ok();
        }
    });
    let (code, found) = practice.probe(plain);
    assert_eq!((code, spoken(&found)[0]), (0, "unseen"), "{found}");
    assert!(found["probe"]["chain"].is_null() && found["contradictions"].as_array().is_some_and(Vec::is_empty));
}

/// OpenSSL's server with one version of TLS.
struct Openssl {
    child: Child,
    port: u16,
}

impl Openssl {
    /// `None` where there is no OpenSSL, or one that does not know the version any more.
    fn start(practice: &Practice, version: &str) -> Option<Self> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        params.not_after = OffsetDateTime::now_utc() + Duration::days(90);
        // Old versions want RSA, which no library here makes.
        let (key, certificate) = (practice.dir.path().join("rsa.pem"), practice.dir.path().join("rsa-cert.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
            .args(["-addext", "subjectAltName=DNS:localhost", "-keyout"])
            .args([key.as_os_str(), "-out".as_ref(), certificate.as_os_str()])
            .stderr(Stdio::null())
            .status();
        if !made.is_ok_and(|status| status.success()) {
            eprintln!("left out: there is no openssl to speak TLS {version} with");
            return None;
        }
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-www", version, "-cipher", "ALL:@SECLEVEL=0", "-key"])
            .args([key.as_os_str(), "-cert".as_ref(), certificate.as_os_str()])
            // What the system's settings forbid is what is to be seen.
            .env("OPENSSL_CONF", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl starts");
        let lines = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
        let address =
            lines.map_while(Result::ok).find_map(|line| line.strip_prefix("ACCEPT ")?.parse::<SocketAddr>().ok());
        let Some(address) = address else {
            child.kill().ok();
            child.wait().ok();
            eprintln!("left out: this openssl does not know {version}");
            return None;
        };
        Some(Self { child, port: address.port() })
    }
}

impl Drop for Openssl {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn c15_versions_are_told_apart_as_openssl_speaks_them() {
    let practice = Practice::new();
    for (version, expected) in [
        ("-tls1_3", ["no", "no", "no", "yes"]),
        ("-tls1_2", ["no", "no", "yes", "no"]),
        ("-tls1_1", ["no", "yes", "no", "no"]),
        ("-tls1", ["yes", "no", "no", "no"]),
    ] {
        let Some(server) = Openssl::start(&practice, version) else { continue };
        let (code, found) = practice.probe(server.port);
        assert_eq!(spoken(&found), expected, "{version}: {found}");
        // An old version alone is a finding against both claims; the certificate that nobody trusts is one against the first.
        assert_eq!(code, 1);
        let facts: Vec<_> =
            found["contradictions"].as_array().into_iter().flatten().map(|one| one["fact"].clone()).collect();
        let old = ["-tls1_1", "-tls1"].contains(&version);
        assert_eq!(facts.contains(&"tls_least".into()), old, "{version}: {found}");
        assert!(facts.contains(&"encryption_transit".into()));
    }
}
