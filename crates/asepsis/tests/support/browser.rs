//! A browser at the console: cookies, forms, accounts.

use asepsis_people::totp::Seed;

use super::{Reply, Site, wait_until};

/// The password of every account here.
pub(crate) const PASSWORD: &str = "copper kettle sings";

/// A browser with its cookies.
pub(crate) struct Browser<'s> {
    pub(crate) site: &'s Site,
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) origin: String,
}

impl<'s> Browser<'s> {
    pub(crate) fn new(site: &'s Site) -> Self {
        Self { site, cookies: Vec::new(), origin: format!("http://{}", site.address()) }
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, kind: &str, body: &str) -> Reply {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers = vec![("content-type", kind), ("cookie", cookies.as_str())];
        if method == "POST" {
            headers.push(("origin", &self.origin));
        }
        let reply = self.site.request(method, path, &headers, body.as_bytes());
        for (_, cookie) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (pair, attributes) = cookie.split_once(';').expect("attributes");
            for attribute in ["Secure", "HttpOnly", "Path=/", "SameSite="] {
                assert!(attributes.contains(attribute), "{cookie}");
            }
            let (name, value) = pair.split_once('=').expect("a pair");
            assert!(name.starts_with("__Host-"), "{cookie}");
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        reply
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, "", "")
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let percent = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        self.send("POST", path, "application/x-www-form-urlencoded", &body.join("&"))
    }

    pub(crate) fn csrf(&mut self) -> String {
        within(&self.get("/asepsis/keys").text(), "name=\"csrf\" value=\"", "\"").to_owned()
    }

    pub(crate) fn is_in(&mut self) -> bool {
        self.get("/asepsis/").status == 200
    }
}

pub(crate) fn within<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let start = text.find(before).unwrap_or_else(|| panic!("{before} in {text}")) + before.len();
    &text[start..start + text[start..].find(after).expect("an end")]
}

/// The present moment, early enough in a step of one-time codes that what is shown now is still the code when it arrives.
pub(crate) fn now() -> i64 {
    loop {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        if since.as_secs() % 30 < 20 {
            return i64::try_from(since.as_secs()).expect("seconds");
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Adds a local user; gives the set-up code.
pub(crate) fn add(site: &Site, name: &str) -> String {
    let ran = site.run(["user", "add", name, "--role", "clinician", "--basis", "ticket 1"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout.trim().to_owned()
}

/// Sets an account up; gives its seed and recovery codes. The code of the step before the present one is used, so that the
/// present one is left for the sign-in.
pub(crate) fn set_up(browser: &mut Browser<'_>, name: &str, code: &str) -> (Seed, Vec<String>) {
    let fields = [("user", name), ("set_up", code), ("password", PASSWORD), ("again", PASSWORD)];
    wait_until("the gateway knows the user", || browser.post("/asepsis/set-up", &fields).status == 200);
    let page = browser.post("/asepsis/set-up", &fields);
    let seed = Seed::from_text(within(&page.text(), "id=\"seed\">", "<")).expect("a seed");
    let shown = seed.code_at(now() - 30);
    let done = browser.post("/asepsis/set-up/confirm", &[("user", name), ("set_up", code), ("code", &shown)]);
    assert_eq!(done.status, 200, "{}", done.text());
    let text = done.text();
    let codes = text.split("<li class=\"secret\">").skip(1).map(|rest| rest[..29].to_owned()).collect();
    (seed, codes)
}

/// Signs a new user of this role in.
pub(crate) fn signed_in<'s>(site: &'s Site, name: &str, role: &str) -> Browser<'s> {
    let ran = site.run(["user", "add", name, "--role", role, "--basis", "ticket 1"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut browser = Browser::new(site);
    let (seed, _) = set_up(&mut browser, name, ran.stdout.trim());
    let code = seed.code_at(now());
    let reply = browser.post("/asepsis/sign-in", &[("user", name), ("password", PASSWORD), ("code", &code)]);
    assert!(browser.is_in(), "{} {}", reply.status, reply.text());
    browser
}
