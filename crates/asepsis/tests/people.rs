//! Who asks, from which device and from where in the network, through the real binary: what is not permitted is refused or goes in a
//! poorer form, and is in the log.

mod support;

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use support::{Reply, Running, Setup, Site, asepsis, user, wait_until};

const CHAT: &str = "/v1/chat/completions";
const NAME: &str = "Martha Collins";

/// A practice under the rules of a provider, with these lines in its configuration.
fn provider(extra: &str) -> Site {
    let known = "retention_days = 0\ntrains_on_data = false\nstatus = \"approved\"\npatient_facing = false\nzones = [\"clinic\"]";
    let extra = format!(
        "\n[inspect]\naccept_first_layer = true\n[policy]\npack = \"us-provider\"\n\
         [[zone]]\nname = \"clinic\"\nnetworks = [\"10.20.0.0/16\", \"127.0.0.0/8\"]\n\
         [[zone]]\nname = \"guest\"\nnetworks = [\"203.0.113.0/24\"]\n{extra}"
    );
    let mut site = Setup::new()
        .allowed(&["clinician", "analyst"])
        .forms(&["pseudonymised", "deidentified"])
        .system_lines(known)
        .extra(&extra)
        .start();
    site.stop();
    let standing = "standing = { training = true, attestation = true, managed_device = true }";
    let config = std::fs::read_to_string(site.config()).expect("a configuration");
    let config = config
        .replace("name = \"Stand-in vendor\"", "name = \"Stand-in vendor\"\nstatus = \"approved\"")
        .replace("restore = true", &format!("restore = true\n{standing}"))
        .replace("restore = false", &format!("restore = false\n{standing}"));
    std::fs::write(site.config(), config).expect("written");
    site.start_again();
    site
}

fn ask(site: &Site, headers: &[(&str, &str)]) -> Reply {
    let body = json!({"model": "standin-echo", "messages": [user(&format!("Write to {NAME}, MRN 4471902"))]});
    let all: Vec<_> = [("x-asepsis-labels", "none")].into_iter().chain(headers.iter().copied()).collect();
    site.request("POST", CHAT, &all, body.to_string().as_bytes())
}

fn form(reply: &Reply) -> &str {
    reply.header("x-asepsis-form").unwrap_or("none")
}

/// The alerts in the log: what happened, and about what.
fn alerts(site: &Site) -> Vec<(String, String)> {
    let text = |act: &Value, name: &str| act[name].as_str().unwrap_or_default().to_owned();
    let acts = site.audit(&[]).into_iter().filter(|entry| entry["act"]["kind"] == "access_alert");
    acts.map(|entry| (text(&entry["act"], "basis"), text(&entry["act"], "target"))).collect()
}

fn raised(site: &Site, what: &str, about: &str) -> bool {
    alerts(site).iter().any(|(found, of)| found == what && of == about)
}

fn device(site: &Site, arguments: &[&str]) -> String {
    let ran = site.run(["device", "add"].iter().chain(arguments));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout.trim().to_owned()
}

/// Every combination of credential, role, device and network: what is not permitted is refused or poorer, and is in the log.
#[test]
fn r2_r7_r17_c3_c5_every_combination_of_credential_role_device_and_zone_is_as_permitted() {
    let site = provider("[network]\ntrusted_proxies = [\"127.0.0.1\"]\n[devices]\nregistered_only = true\n");
    let good = device(&site, &["frontdesk-1", "--name", "Front desk"]);
    let lost = device(&site, &["laptop-7", "--name", "A laptop"]);
    assert_eq!(site.run(["device", "revoke", "laptop-7", "--basis", "ticket 12"]).code, 0);
    let keys = [
        ("clinician", site.key("dr-lind", "clinician"), true, true),
        ("analyst", site.key("ana", "analyst"), true, false),
        ("front-desk", site.key("desk", "front-desk"), false, true),
    ];
    let revoked = site.key("gone", "clinician");
    assert_eq!(site.run(["key", "revoke", &revoked[5..13]]).code, 0);
    wait_until("the key is revoked", || site.get("/v1/models", &revoked).status == 401);
    wait_until("the device is known", || {
        let headers =
            [("x-api-key", keys[0].1.as_str()), ("x-asepsis-device", &good), ("x-forwarded-for", "10.20.1.1")];
        form(&ask(&site, &headers)) == "pseudonymised"
    });
    let before = site.audit(&["--status", "refused"]).len();
    let mut refusals = 0;
    for (role, key, may_use, may_see) in &keys {
        for (device, managed) in [(Some(&good), true), (Some(&lost), false), (None, false)] {
            for (from, inside) in
                [("10.20.1.1", true), ("203.0.113.9", false), ("198.51.100.1", false), ("nonsense", false)]
            {
                let mut headers = vec![("x-api-key", key.as_str()), ("x-forwarded-for", from)];
                headers.extend(device.map(|device| ("x-asepsis-device", device.as_str())));
                let cell = format!("{role}, managed {managed}, from {from}");
                let reply = ask(&site, &headers);
                if *may_use && inside {
                    assert_eq!(reply.status, 200, "{cell}: {}", reply.text());
                    assert_eq!(form(&reply), if managed { "pseudonymised" } else { "deidentified" }, "{cell}");
                    // R17: no device of one's own ever gets an original back.
                    assert_eq!(reply.text().contains(NAME), managed && *may_see, "{cell}: {}", reply.text());
                } else {
                    assert_eq!(reply.status, 403, "{cell}: {}", reply.text());
                    refusals += 1;
                }
            }
        }
    }
    // A credential that does not count is refused from the best place and device.
    for key in [revoked.as_str(), "sk-none", &keys[0].1[..60]] {
        let headers = [("x-api-key", key), ("x-asepsis-device", good.as_str()), ("x-forwarded-for", "10.20.1.1")];
        assert_eq!(ask(&site, &headers).status, 401);
        refusals += 1;
    }
    assert_eq!(site.audit(&["--status", "refused"]).len() - before, refusals, "each refusal is in the log");
    assert!(!site.saw(NAME), "nothing left as it was");
    for (what, about) in [
        ("unregistered_device", "user/dr-lind"),
        ("revoked_device", "device/laptop-7"),
        ("revoked_key", &format!("api_key/{}", &revoked[5..13])),
    ] {
        assert!(raised(&site, what, about), "{what} {about}: {:?}", alerts(&site));
    }
    // The entry of an exchange names the device.
    let headers = [("x-api-key", keys[0].1.as_str()), ("x-asepsis-device", &good), ("x-forwarded-for", "10.20.1.1")];
    let exchange = ask(&site, &headers).exchange().to_owned();
    let entry = site.audit(&[]).into_iter().find(|entry| entry["exchange"] == exchange.as_str()).expect("an entry");
    assert_eq!(entry["actor"]["device"], "frontdesk-1", "{entry}");
}

#[test]
fn r7_a_device_of_one_user_does_not_serve_another_and_its_key_is_nowhere_in_files() {
    let site = provider("[devices]\nregistered_only = true\n");
    let mine = device(&site, &["tablet-3", "--name", "Tablet", "--user", "dr-lind"]);
    let (lind, other) = (site.key("dr-lind", "clinician"), site.key("dr-weber", "clinician"));
    let with = |key: &str, device: &str| ask(&site, &[("x-api-key", key), ("x-asepsis-device", device)]);
    wait_until("the device is known", || form(&with(&lind, &mine)) == "pseudonymised");
    assert_eq!(form(&with(&other, &mine)), "deidentified");
    assert!(raised(&site, "device_of_another", "device/tablet-3"));
    assert_eq!(form(&with(&lind, "asepd_made-up")), "deidentified");
    assert!(raised(&site, "unknown_device", "user/dr-lind"));
    for file in std::fs::read_dir(site.data_dir()).expect("a folder").flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        assert!(!support::contains(&bytes, &mine[6..]), "{:?}", file.path());
    }
    assert!(!site.gateway().said().contains(&mine[6..]));
    let listed = site.run(["device", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    assert_eq!((&listed[0]["id"], &listed[0]["state"]), (&json!("tablet-3"), &json!("managed")));
    assert_eq!(site.run(["device", "add", "tablet-3", "--name", "Again"]).code, 2);
    assert_eq!(site.run(["device", "revoke", "nobody"]).code, 2);
}

#[test]
fn c4_a_key_is_rotated_with_an_overlap_and_using_the_old_one_later_raises_an_alert() {
    let site = Setup::new().start();
    let old = site.key("nightly", "clinician");
    let ran = site.run(["key", "rotate", &old[5..13], "--overlap-hours", "0", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let new: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let new = new["key"].as_str().expect("a key");
    wait_until("the new key counts", || site.get("/v1/models", new).status == 200);
    wait_until("the old key does not", || site.get("/v1/models", &old).status == 401);
    let told = site.get("/v1/models", &old).text();
    assert!(told.contains("the key is not valid") && !told.contains("replaced"), "{told}");
    assert!(raised(&site, "replaced_key", &format!("api_key/{}", &old[5..13])));
    let listed = site.run(["key", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let of_old = listed.as_array().expect("a list").iter().find(|key| key["id"] == old[5..13]).expect("the old one");
    assert_eq!((&of_old["state"], &of_old["replaced_by"]), (&json!("replaced"), &json!(&new[5..13])));
    assert_eq!(site.run(["key", "list", "--expiring", "400"]).code, 1, "some end within 400 days");
    assert_eq!(site.run(["key", "list", "--expiring", "1"]).code, 0, "none ends tomorrow");
    assert_eq!(site.run(["key", "list", "--unused", "90"]).code, 0, "all are new");
}

#[test]
fn c4_a_disabled_user_is_let_in_with_no_key() {
    let site = Setup::new().start();
    let key = site.key("Alice", "clinician");
    let ran = site.run(["user", "add", "alice", "--role", "clinician", "--basis", "ticket 9"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(site.get("/v1/models", &key).status, 200);
    assert_eq!(site.run(["user", "disable", "alice"]).code, 0);
    wait_until("alice is out", || site.get("/v1/models", &key).status == 401);
    assert!(raised(&site, "disabled_user", "user/Alice"), "{:?}", alerts(&site));
    assert_eq!(site.run(["user", "enable", "alice"]).code, 0);
    wait_until("alice is in again", || site.get("/v1/models", &key).status == 200);
    // Another role takes the keys of the old one away.
    assert_eq!(site.run(["user", "set-role", "alice", "--role", "analyst"]).code, 0);
    wait_until("the key is revoked", || site.get("/v1/models", &key).status == 401);
    for (arguments, code) in [
        (&["user", "add", "alice", "--role", "clinician"][..], 2),
        (&["user", "add", "bob", "--role", "nobody"], 2),
        (&["user", "add", "a b", "--role", "clinician"], 2),
        (&["user", "disable", "nobody"], 2),
        (&["user", "add", "bob", "--role", "clinician", "--basis", "for Martha Collins, MRN 4471902"], 2),
    ] {
        let ran = site.run(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    }
    let changed =
        |entry: &Value| entry["act"]["kind"] == "register_changed" && entry["act"]["target"] == "person/alice@2";
    let all: Vec<Value> = ["log", "log-cli"]
        .iter()
        .flat_map(|log| {
            let folder = site.data_dir().join(log);
            let ran =
                site.run(["audit", "search", "--json", "--last", "1000", "--folder", &folder.display().to_string()]);
            ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<Value>>()
        })
        .collect();
    assert!(all.iter().any(changed), "{all:?}");
    assert!(site.run(["user", "list"]).stdout.contains("alice  analyst  waits for set-up"));
}

/// An authority of client certificates, and a certificate of it with its key.
struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
        let key = rcgen::KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: rcgen::Issuer::new(params, key), pem }
    }

    /// A list that revokes the certificate with this serial number.
    fn revoke(&self, serial: u8) -> String {
        let now = time::OffsetDateTime::now_utc();
        let list = rcgen::CertificateRevocationListParams {
            this_update: now - time::Duration::HOUR,
            next_update: now + time::Duration::DAY,
            crl_number: 1_u64.into(),
            issuing_distribution_point: None,
            revoked_certs: vec![rcgen::RevokedCertParams {
                serial_number: vec![serial].into(),
                revocation_time: now - time::Duration::HOUR,
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).expect("a list").pem().expect("PEM")
    }

    fn issue(&self, name: &str, serial: u8) -> (String, Vec<u8>, Vec<u8>) {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        params.serial_number = Some(vec![serial].into());
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), certificate.der().to_vec(), key.serialize_der())
    }
}

/// One request over TLS, with a client certificate or without; `None` where the server broke off.
fn over_tls(
    address: SocketAddr,
    server: &rustls::pki_types::CertificateDer<'static>,
    shown: Option<&(String, Vec<u8>, Vec<u8>)>,
    headers: &[(&str, &str)],
) -> Option<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(server.clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let tls = match shown {
        None => builder.with_no_client_auth(),
        Some((_, certificate, key)) => {
            let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.clone()).into();
            builder.with_client_auth_cert(vec![certificate.clone().into()], key).expect("a certificate and its key")
        }
    };
    let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
    let session = rustls::ClientConnection::new(Arc::new(tls), name).expect("a session");
    let socket = std::net::TcpStream::connect(address).expect("a connection");
    socket.set_read_timeout(Some(support::PATIENCE)).expect("a time-out");
    let mut stream = rustls::StreamOwned::new(session, socket);
    let body = json!({"model": "standin-echo", "messages": [user(&format!("Write to {NAME}"))]}).to_string();
    let mut head =
        format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-asepsis-labels: none\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => answer.extend_from_slice(&piece[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Err(_) => return None,
        }
    }
    Some(String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn c1_c4_a_system_is_known_by_its_client_certificate_and_a_revoked_one_is_not() {
    let authority = Authority::new();
    let stranger = Authority::new().issue("pacs.example.org", 9);
    let (pacs, other, gone) = (
        authority.issue("pacs.example.org", 10),
        authority.issue("other.example.org", 11),
        authority.issue("pacs.example.org", 12),
    );
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let (certificate, key) = (write("cert.pem", &made.cert.pem()), write("key.pem", &made.signing_key.serialize_pem()));
    let ca = write("clients.pem", &authority.pem);
    let tablet = write("tablet.pem", &other.0);
    let listed = authority.issue("pacs.example.org", 13);
    let crl = write("revoked.pem", &authority.revoke(13));
    let mut site = provider("[devices]\nregistered_only = true\n");
    site.stop();
    let config = std::fs::read_to_string(site.config()).expect("a configuration");
    let tables = format!(
        "\n[client_certificates]\nca_file = {ca:?}\ncrl_files = [{crl:?}]\nrevoked = [\"0C\"]\n\
         [[client_certificate]]\nname = \"dns:pacs.example.org\"\nuser = \"pacs\"\nrole = \"clinician\"\n\
         [server.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n"
    );
    std::fs::write(site.config(), config + &tables).expect("written");
    let gateway = Running::start(asepsis().arg("serve").env("ASEPSIS_CONFIG", site.config()));
    let address = gateway.address;
    let server = made.cert.der();
    let answered = over_tls(address, server, Some(&pacs), &[]).expect("an answer");
    assert!(answered.starts_with("HTTP/1.1 200") && answered.contains("x-asepsis-form: deidentified"), "{answered}");
    // A certificate that is a device's own makes it a managed one; who asks is told by the key.
    device(&site, &["tablet-1", "--name", "Tablet", "--certificate", &tablet.display().to_string()]);
    let keyed = [("x-api-key", site.clinician())];
    wait_until("the device is known", || {
        over_tls(address, server, Some(&other), &keyed)
            .is_some_and(|text| text.contains("x-asepsis-form: pseudonymised"))
    });
    let without = over_tls(address, server, Some(&other), &[]).expect("an answer");
    assert!(without.starts_with("HTTP/1.1 401") && without.contains("speaks for nobody here"), "{without}");
    let none = over_tls(address, server, None, &[]).expect("an answer");
    assert!(none.starts_with("HTTP/1.1 401"), "{none}");
    let revoked = over_tls(address, server, Some(&gone), &keyed).expect("an answer");
    assert!(revoked.starts_with("HTTP/1.1 401") && revoked.contains("not valid"), "{revoked}");
    assert_eq!(over_tls(address, server, Some(&stranger), &[]), None, "another authority's certificate");
    assert_eq!(over_tls(address, server, Some(&listed), &[]), None, "on the list of revoked ones");
}
