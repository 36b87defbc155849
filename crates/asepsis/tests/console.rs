//! The console through the real binary: accounts, sessions, forms, and what brute force comes to.

mod support;

use std::io::Write as _;

use serde_json::Value;
use support::browser::{Browser, PASSWORD, add, now, set_up, within};
use support::{Setup, Site, wait_until};

fn practice() -> Site {
    Setup::new().extra("\n[sign_in]\norganisation = \"Northside Practice\"\n").start()
}

fn acts(site: &Site, kind: &str) -> Vec<Value> {
    site.audit(&[]).into_iter().filter(|entry| entry["act"]["kind"] == kind).collect()
}

#[test]
fn c4_r16_a_user_sets_an_account_up_signs_in_with_two_factors_and_makes_a_key() {
    let site = practice();
    let code = add(&site, "alice");
    let mut browser = Browser::new(&site);
    // Weak passwords are refused with the reason; the code still counts.
    wait_until("the gateway knows the user", || {
        let fields =
            [("user", "alice"), ("set_up", code.as_str()), ("password", "Password123!"), ("again", "Password123!")];
        browser.post("/asepsis/set-up", &fields).status == 400
    });
    for (password, says) in [
        ("Password123!", "attackers try first"),
        ("short", "at least 12 characters"),
        ("alice in northside", "holds the name"),
        ("abcdefghijklmnop", "neighbouring characters"),
    ] {
        let fields = [("user", "alice"), ("set_up", code.as_str()), ("password", password), ("again", password)];
        let reply = browser.post("/asepsis/set-up", &fields);
        assert!(reply.status == 400 && reply.text().contains(says), "{password}: {}", reply.text());
    }
    let (seed, recovery) = set_up(&mut browser, "alice", &code);
    assert_eq!(recovery.len(), 10);
    let again = [("user", "alice"), ("set_up", code.as_str()), ("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(browser.post("/asepsis/set-up", &again).status, 401, "the set-up code was used");

    // Signing in: one factor is not enough, a code counts once.
    let mut browser = Browser::new(&site);
    assert_eq!(browser.get("/asepsis/").header("location"), Some("/asepsis/sign-in"));
    let page = browser.get("/asepsis/sign-in");
    for (name, part) in [
        ("content-security-policy", "default-src 'none'"),
        ("content-security-policy", "frame-ancestors 'none'"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ] {
        assert!(page.header(name).is_some_and(|value| value.contains(part)), "{name}");
    }
    assert!(
        !page.text().contains("<script>") && !page.header("content-security-policy").unwrap_or("").contains("unsafe")
    );
    let shown = seed.code_at(now());
    let wrong = browser.post("/asepsis/sign-in", &[("user", "alice"), ("password", PASSWORD), ("code", "")]);
    assert_eq!(wrong.status, 401);
    let in_ = browser.post("/asepsis/sign-in", &[("user", "Alice"), ("password", PASSWORD), ("code", &shown)]);
    assert_eq!((in_.status, in_.header("location")), (303, Some("/asepsis/")), "{}", in_.text());
    let mut replaying = Browser::new(&site);
    let again = replaying.post("/asepsis/sign-in", &[("user", "alice"), ("password", PASSWORD), ("code", &shown)]);
    assert_eq!(again.status, 401, "replayed");
    let home = browser.get("/asepsis/").text();
    assert!(home.contains("<strong>alice</strong>") && home.contains("standin-chat"), "{home}");

    // A key of one's own, shown once, and revoked again.
    let csrf = browser.csrf();
    let made = browser.post("/asepsis/keys", &[("csrf", &csrf), ("days", "30")]).text();
    let key = within(&made, "id=\"key\">", "<").to_owned();
    wait_until("the key counts", || site.get("/v1/models", &key).status == 200);
    assert!(!browser.get("/asepsis/keys").text().contains(&key));
    let foreign = site.clinician()[5..13].to_owned();
    assert_eq!(browser.post("/asepsis/keys", &[("csrf", &csrf), ("revoke", &foreign)]).status, 400, "not one's own");
    assert_eq!(browser.post("/asepsis/keys", &[("csrf", &csrf), ("days", "4000")]).status, 400);
    assert_eq!(browser.post("/asepsis/keys", &[("csrf", &csrf), ("revoke", &key[5..13])]).status, 303);
    wait_until("the key is revoked", || site.get("/v1/models", &key).status == 401);
    assert_eq!(site.get("/v1/models", site.clinician()).status, 200);

    // A recovery code in the place of the authenticator, once.
    let mut other = Browser::new(&site);
    let fields = [("user", "alice"), ("password", PASSWORD), ("code", recovery[4].as_str())];
    assert_eq!(other.post("/asepsis/sign-in", &fields).status, 303);
    assert_eq!(Browser::new(&site).post("/asepsis/sign-in", &fields).status, 401);
    assert_eq!(acts(&site, "signed_in").len(), 2);
    assert_eq!(acts(&site, "signed_in")[1]["actor"]["method"], "password+recovery");

    // Nothing that one signs in with is in files or said.
    for secret in [PASSWORD, seed.text().as_str(), &key[14..57], &recovery[7], &code] {
        for file in ["store.db", "store.db-wal"] {
            let bytes = std::fs::read(site.data_dir().join(file)).unwrap_or_default();
            assert!(!support::contains(&bytes, secret), "{file}");
        }
        assert!(!site.gateway().said().contains(secret));
    }
}

#[test]
fn c4_a_session_ends_with_the_users_record_with_signing_out_and_takes_forms_of_its_own_only() {
    let site = practice();
    let code = add(&site, "bob");
    let mut browser = Browser::new(&site);
    let (seed, recovery) = set_up(&mut browser, "bob", &code);
    let shown = seed.code_at(now());
    let fields = [("user", "bob"), ("password", PASSWORD), ("code", shown.as_str())];
    // A form of another site, or of a client that does not say where it is from.
    let origin = std::mem::replace(&mut browser.origin, "https://evil.example".to_owned());
    assert_eq!(browser.post("/asepsis/sign-in", &fields).status, 403);
    browser.origin = "null".to_owned();
    assert_eq!(browser.post("/asepsis/sign-in", &fields).status, 403);
    browser.origin = origin;
    // Another name that somebody has made point to this machine.
    let rebound = "POST /asepsis/sign-in HTTP/1.1\r\nhost: evil.example\r\norigin: http://evil.example\r\n\
                   content-type: application/x-www-form-urlencoded\r\ncontent-length: 8\r\nconnection: close\r\n\r\nuser=bob";
    let mut stream = site.connect();
    stream.write_all(rebound.as_bytes()).expect("sent");
    assert_eq!(support::read_reply(stream).status, 403);
    assert_eq!(browser.post("/asepsis/sign-in", &fields).status, 303);
    assert!(browser.is_in());
    for csrf in ["", "made-up"] {
        assert_eq!(browser.post("/asepsis/keys", &[("csrf", csrf), ("days", "30")]).status, 403);
    }
    // A form of one session does not serve in another.
    let mut other = Browser::new(&site);
    let by_code =
        |code: &str| [("user", "bob".to_owned()), ("password", PASSWORD.to_owned()), ("code", code.to_owned())];
    let sign_in = |browser: &mut Browser<'_>, code: &str| {
        let fields = by_code(code);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post("/asepsis/sign-in", &fields).status
    };
    assert_eq!(sign_in(&mut other, &recovery[0]), 303);
    let of_other = other.csrf();
    assert_eq!(browser.post("/asepsis/keys", &[("csrf", &of_other), ("days", "30")]).status, 403);
    // A planted cookie is no session, and signing in gives another one.
    let mut planted = Browser::new(&site);
    planted.cookies = vec![("__Host-asepsis".to_owned(), "planted-by-somebody-else".to_owned())];
    assert!(!planted.is_in());
    assert_eq!(sign_in(&mut planted, &recovery[1]), 303);
    assert_ne!(planted.cookies[0].1, "planted-by-somebody-else");
    // Signing out ends one session and no other.
    let kept = browser.cookies.clone();
    let csrf = browser.csrf();
    assert_eq!(browser.post("/asepsis/sign-out", &[("csrf", &csrf)]).status, 303);
    browser.cookies = kept;
    assert!(!browser.is_in() && other.is_in());
    // Disabling ends the rest at once, and no credential lets in again.
    assert_eq!(site.run(["user", "disable", "bob"]).code, 0);
    wait_until("the session is over", || !other.is_in());
    assert_eq!(sign_in(&mut Browser::new(&site), &recovery[2]), 401);
}

#[test]
fn r16_brute_force_is_locked_and_alerted_and_says_nothing_of_who_there_is() {
    let site = practice();
    let code = add(&site, "carol");
    let mut browser = Browser::new(&site);
    let (seed, _) = set_up(&mut browser, "carol", &code);
    let guess = |user: &str| {
        let reply = Browser::new(&site)
            .post("/asepsis/sign-in", &[("user", user), ("password", "wrong words here"), ("code", "123456")]);
        (reply.status, reply.text())
    };
    let known: Vec<_> = (0..7).map(|_| guess("carol")).collect();
    let unknown: Vec<_> = (0..7).map(|_| guess("nobody-here")).collect();
    assert_eq!(known, unknown, "the same is said of a user that there is not");
    let statuses: Vec<u16> = known.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
    // Also the right password does not get in now.
    let shown = seed.code_at(now());
    let fields = [("user", "carol"), ("password", PASSWORD), ("code", shown.as_str())];
    let locked = Browser::new(&site).post("/asepsis/sign-in", &fields);
    assert_eq!(locked.status, 429);
    assert!(locked.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok_and(|s| s <= 60)));
    let alerts = acts(&site, "access_alert");
    let targets: Vec<&str> = alerts.iter().filter_map(|entry| entry["act"]["target"].as_str()).collect();
    assert!(targets.contains(&"user/carol") && targets.contains(&"user/(unknown)"), "{alerts:?}");
    assert!(
        !alerts.iter().any(|entry| entry.to_string().contains("nobody-here")),
        "a password may stand in the name's field"
    );
    assert!(acts(&site, "sign_in_refused").iter().any(|entry| entry["act"]["target"] == "user/carol"));
    // From one address no other user is tried for ever.
    let last: Vec<u16> = (0..25).map(|n| guess(&format!("user{n}")).0).collect();
    assert_eq!(last.last(), Some(&429), "{last:?}");
    let alerts = acts(&site, "access_alert");
    assert!(alerts.iter().any(|entry| entry["act"]["basis"] == "locked_address"), "{alerts:?}");
}

#[test]
fn c4_bad_requests_to_the_console_get_a_page_and_no_more() {
    let site = practice();
    let mut browser = Browser::new(&site);
    for (path, status) in [
        ("/asepsis/nothing", 303),
        ("/asepsis/sign-in/back?state=x&code=y", 401),
        ("/asepsis/sign-in/provider?id=none", 404),
        ("/.well-known/smart-configuration", 404),
        ("/asepsis/style.css", 200),
        ("/asepsis/passkey.js", 200),
    ] {
        assert_eq!(browser.get(path).status, status, "{path}");
    }
    assert_eq!(browser.send("PUT", "/asepsis/sign-in", "", "").status, 405);
    let long = "a".repeat(100_000);
    assert_eq!(browser.post("/asepsis/sign-in", &[("user", &long)]).status, 400);
    assert_eq!(browser.post("/asepsis/passkey/answer", &[("a", "b")]).status, 400);
    let hostile =
        browser.post("/asepsis/sign-in", &[("user", "<script>alert(1)</script>"), ("password", "x"), ("code", "y")]);
    assert!(hostile.status == 401 && !hostile.text().contains("<script>alert"));
    // Beyond this machine the console has to know its own address, and no form of another site is taken for one of its own.
    let config = std::fs::read_to_string(site.config()).expect("a configuration");
    for (lines, code, why) in [
        ("listen = \"0.0.0.0:0\"\nbehind_tls_proxy = true", 2, "[sign_in] needs origin"),
        ("listen = \"0.0.0.0:0\"", 2, "would speak plain HTTP beyond this machine"),
        ("listen = \"127.0.0.1:0\"", 0, ""),
    ] {
        std::fs::write(site.config(), config.replace("listen = \"127.0.0.1:0\"", lines)).expect("written");
        let checked = site.run(["check"]);
        assert!(checked.code == code && checked.stderr.contains(why), "{lines}: {}", checked.stderr);
    }
    // Without [sign_in] there are no pages.
    let without = Setup::new().start();
    assert_eq!(without.request("GET", "/asepsis/sign-in", &[], b"").status, 404);
}

#[test]
fn p12_an_assessor_looks_and_changes_nothing() {
    let roles = [("clinician", true), ("assessor", false)];
    let site = Setup::new().roles(&roles).extra("\n[sign_in]\n").start();
    let ran = site.run(["user", "add", "auditor", "--role", "assessor"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut browser = Browser::new(&site);
    let (seed, _) = set_up(&mut browser, "auditor", ran.stdout.trim());
    let shown = seed.code_at(now());
    let fields = [("user", "auditor"), ("password", PASSWORD), ("code", shown.as_str())];
    assert_eq!(browser.post("/asepsis/sign-in", &fields).status, 303);
    for path in ["/asepsis/", "/asepsis/keys", "/asepsis/passkeys"] {
        assert_eq!(browser.get(path).status, 200, "{path}");
    }
    let csrf = browser.csrf();
    let refused = browser.post("/asepsis/keys", &[("csrf", &csrf), ("days", "30")]);
    assert!(refused.status == 403 && refused.text().contains("changes nothing"), "{}", refused.text());
    // Also where a system names the role, nothing is sent in it; what may be looked at is.
    let key = site.key("auditor", "assessor");
    let body = r#"{"model": "standin-echo", "messages": [{"role": "user", "content": "Hello"}]}"#;
    let sent = site.post("/v1/chat/completions", &key, body.as_bytes());
    assert!(sent.status == 403 && sent.text().contains("read_only_role"), "{}", sent.text());
    assert_eq!(site.get("/v1/models", &key).status, 200);
    assert!(site.seen().is_empty());
    // A configuration that gives the role more is refused.
    let config = std::fs::read_to_string(site.config()).expect("a configuration");
    std::fs::write(
        site.config(),
        config.replace("id = \"assessor\"\nrestore = false", "id = \"assessor\"\nrestore = true"),
    )
    .expect("written");
    let checked = site.run(["check"]);
    assert!(checked.code == 2 && checked.stderr.contains("assessor"), "{}", checked.stderr);
}
