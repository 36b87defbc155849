//! A practice in a folder: the real binary as gateway and as vendor, real sockets, real files.
//!
//! [`Setup`] says what the practice is like and starts a [`Site`]; a [`Vendor`] alone is there for asking it directly.
//! What a test does with them reads like a session at a terminal:
//!
//! ```ignore
//! let site = Setup::new().surrogates("realistic").start();
//! let answer = site.chat(&json!({"model": "standin-echo", "messages": [user("Call Anna Lind")]}));
//! assert_eq!(answer.status, 200);
//! assert!(!site.saw("Anna Lind"));
//! assert_eq!(site.run(["audit", "verify"]).code, 0);
//! ```
#![allow(dead_code, reason = "each test file is a program of its own and uses its own part of this")]

pub(crate) mod acme;
pub(crate) mod browser;
mod http;
mod process;

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) use http::{Reply, request};
pub(crate) use process::{Ran, Running, asepsis};

/// The longest that anything is waited for. No outcome depends on it: what takes longer is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Instructions as an application gives them to its model, long enough to be recognised when they are repeated.
pub(crate) const SYSTEM: &str = "You are the assistant of Lakeside Clinic. Answer in four short parts, never mention billing codes, and refer \
                                 all questions on doses to the pharmacist on call. Keep the tone calm and the sentences short, and say what is missing.";

/// A user's message in the shape of both protocols.
pub(crate) fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

/// Runs a command to its end, with bytes on its standard input.
pub(crate) fn run(command: &mut std::process::Command, input: &[u8]) -> Ran {
    process::run(command, input)
}

/// Reads the answer on a connection to its end.
pub(crate) fn read_reply(stream: TcpStream) -> Reply {
    http::read_reply(stream)
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

/// Waits until `ready` holds.
///
/// # Panics
/// Where it does not within [`PATIENCE`]; `what` says what was waited for.
pub(crate) fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < PATIENCE, "waited {} s in vain: {what}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The stand-in AI vendor as a process of its own.
pub(crate) struct Vendor {
    process: Running,
}

/// A request as a vendor got it.
pub(crate) struct Seen {
    /// The request line and the headers.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
}

impl Seen {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("what the gateway sends is JSON")
    }
}

impl Vendor {
    /// Starts one on a free port.
    pub(crate) fn start() -> Self {
        Self { process: Running::start(asepsis().args(["standin", "--listen", "127.0.0.1:0"])) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.process.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Every request that it got, the oldest first.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let all = request(self.address(), "GET", "/__seen", &[], b"").json();
        let text = |v: &Value| v.as_str().expect("a string").to_owned();
        let all = all.as_array().expect("the stand-in lists what it got");
        all.iter().map(|s| Seen { head: text(&s["head"]), body: text(&s["body"]) }).collect()
    }

    /// Everything that it got, heads and bodies, with the escapes of JSON also resolved: an identifier must stand in none
    /// of it in any spelling that a vendor would read.
    pub(crate) fn seen_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for seen in self.seen() {
            bytes.extend_from_slice(seen.head.as_bytes());
            bytes.extend_from_slice(seen.body.as_bytes());
            bytes.push(b'\n');
            if let Ok(value) = serde_json::from_str(&seen.body) {
                strings(&value, &mut bytes);
            }
        }
        bytes
    }

    /// Whether `text` stands anywhere in what it got.
    pub(crate) fn saw(&self, text: &str) -> bool {
        contains(&self.seen_bytes(), text)
    }
}

/// Every string of a value, also of those strings that are themselves JSON.
fn strings(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            into.extend_from_slice(text.as_bytes());
            into.push(b'\n');
            if let Ok(inner @ (Value::Object(_) | Value::Array(_) | Value::String(_))) = serde_json::from_str(text) {
                strings(&inner, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|v| strings(v, into)),
        Value::Object(members) => {
            for (name, v) in members {
                into.extend_from_slice(name.as_bytes());
                into.push(b'\n');
                strings(v, into);
            }
        }
        _ => {}
    }
}

/// Whether `text` stands in `bytes`.
pub(crate) fn contains(bytes: &[u8], text: &str) -> bool {
    assert!(!text.is_empty(), "an empty text stands everywhere");
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}

/// What a practice is like. Each method changes one thing of a usual one: three roles, one vendor with a signed agreement
/// without end, and two AI systems at it, `standin-chat` (OpenAI; models `standin*`) and `standin-messages` (Anthropic;
/// models `standin-messages*`).
pub(crate) struct Setup {
    listen: String,
    base_url: Option<String>,
    roles: Vec<(String, bool)>,
    allowed: Vec<String>,
    purposes: Vec<String>,
    forms: Vec<String>,
    surrogates: String,
    agreement: Option<String>,
    system_lines: String,
    server_lines: String,
    limits: String,
    known: Option<String>,
    extra: String,
    env: Vec<(String, String)>,
    within: Option<PathBuf>,
    guard: String,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let owned = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        Self {
            listen: "127.0.0.1:0".to_owned(),
            base_url: None,
            roles: vec![("clinician".to_owned(), true), ("front-desk".to_owned(), true), ("analyst".to_owned(), false)],
            allowed: owned(&["clinician", "front-desk", "analyst"]),
            purposes: owned(&["TREAT", "HPAYMT", "HOPERAT"]),
            forms: owned(&["pseudonymised", "deidentified"]),
            surrogates: "placeholder".to_owned(),
            agreement: Some(agreement("signed", "2026-01-01", None)),
            system_lines: String::new(),
            server_lines: String::new(),
            limits: String::new(),
            known: None,
            guard: "unregistered_tools = \"read\"".to_owned(),
            extra: String::new(),
            env: Vec::new(),
            within: None,
        }
    }

    /// The roles that there are, and whether what surrogates stand for is given back to each.
    pub(crate) fn roles(mut self, roles: &[(&str, bool)]) -> Self {
        self.roles = roles.iter().map(|(id, restore)| ((*id).to_owned(), *restore)).collect();
        self.allowed = self.roles.iter().map(|(id, _)| id.clone()).collect();
        self
    }

    /// The roles that may use the AI systems; all where this is not said.
    pub(crate) fn allowed(mut self, roles: &[&str]) -> Self {
        self.allowed = roles.iter().map(|r| (*r).to_owned()).collect();
        self
    }

    /// The purposes of use that the systems are approved for. The first is the one assumed.
    pub(crate) fn purposes(mut self, purposes: &[&str]) -> Self {
        self.purposes = purposes.iter().map(|p| (*p).to_owned()).collect();
        self
    }

    /// The forms of disclosure, from the richest to the poorest.
    pub(crate) fn forms(mut self, forms: &[&str]) -> Self {
        self.forms = forms.iter().map(|f| (*f).to_owned()).collect();
        self
    }

    /// `placeholder` or `realistic`.
    pub(crate) fn surrogates(mut self, look: &str) -> Self {
        self.surrogates = look.to_owned();
        self
    }

    /// The agreement with the vendor: `requested`, `signed` or `terminated`, and its days; open-ended without a last one.
    pub(crate) fn agreement(mut self, state: &str, first_day: &str, last_day: Option<&str>) -> Self {
        self.agreement = Some(agreement(state, first_day, last_day));
        self
    }

    /// No agreement with the vendor at all.
    pub(crate) fn no_agreement(mut self) -> Self {
        self.agreement = None;
        self
    }

    /// Lines for `[limits]`, for example `request_bytes = 1000`.
    pub(crate) fn limits(mut self, lines: &str) -> Self {
        self.limits = lines.to_owned();
        self
    }

    /// Lines for each `[[system]]`, for example `trains_on_data = true`.
    pub(crate) fn system_lines(mut self, lines: &str) -> Self {
        self.system_lines = lines.to_owned();
        self
    }

    /// Lines for `[guard]`; without this, tools of which nothing is known count as ones that read.
    pub(crate) fn guard(mut self, lines: &str) -> Self {
        self.guard = lines.to_owned();
        self
    }

    /// Lines for `[server]`, for example `utc_offset = "-05:00"`.
    pub(crate) fn server_lines(mut self, lines: &str) -> Self {
        self.server_lines = lines.to_owned();
        self
    }

    /// What the practice knows of its patients: lines of a class, a tab and a value.
    pub(crate) fn known(mut self, lines: &str) -> Self {
        self.known = Some(lines.to_owned());
        self
    }

    /// Tables to put behind all others.
    pub(crate) fn extra(mut self, toml: &str) -> Self {
        self.extra = toml.to_owned();
        self
    }

    /// Sends to this address in place of the stand-in vendor's.
    pub(crate) fn base_url(mut self, url: &str) -> Self {
        self.base_url = Some(url.to_owned());
        self
    }

    /// A variable in the environment of the gateway.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts the practice's folder into this one, in place of the system's for temporary files.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.within = Some(folder.to_owned());
        self
    }

    /// The configuration file, with AI systems at `vendor`.
    pub(crate) fn toml(&self, vendor: &str) -> String {
        let base_url = self.base_url.as_deref().unwrap_or(vendor);
        let (listen, server_lines, limits) = (&self.listen, &self.server_lines, &self.limits);
        let mut toml = format!("[server]\nlisten = \"{listen}\"\ndata_dir = \"data\"\n{server_lines}\n");
        toml.push_str(&format!("\n[limits]\n{limits}\n"));
        if self.known.is_some() {
            toml.push_str("\n[inspect]\nknown_phi_file = \"known.tsv\"\n");
        }
        for (id, restore) in &self.roles {
            toml.push_str(&format!("\n[[role]]\nid = \"{id}\"\nrestore = {restore}\n"));
        }
        toml.push_str("\n[[vendor]]\nid = \"standin\"\nname = \"Stand-in vendor\"\n");
        toml.push_str(self.agreement.as_deref().unwrap_or_default());
        for (id, protocol, models) in
            [("standin-chat", "openai", "standin*"), ("standin-messages", "anthropic", "standin-messages*")]
        {
            toml.push_str(&format!(
                "\n[[system]]\nid = \"{id}\"\nvendor = \"standin\"\nprotocol = \"{protocol}\"\n\
                 base_url = \"{base_url}\"\nmodels = [\"{models}\"]\nroles = {:?}\npurposes = {:?}\n\
                 default_purpose = \"{}\"\nforms = {:?}\nsurrogates = \"{}\"\n{}\n",
                self.allowed,
                self.purposes,
                self.purposes.first().map_or("TREAT", String::as_str),
                self.forms,
                self.surrogates,
                self.system_lines,
            ));
        }
        toml.push_str(&format!("\n[guard]\n{}\n", self.guard));
        toml.push_str(&self.extra);
        toml
    }

    /// Writes the configuration, starts the vendor and the gateway, and waits until the gateway is ready.
    pub(crate) fn start(self) -> Site {
        let mut site = self.without_serving();
        site.start_again();
        site
    }

    /// Makes all of it, and starts the vendor only: for what a test changes before the gateway starts.
    pub(crate) fn without_serving(self) -> Site {
        let vendor = Vendor::start();
        let folder = match &self.within {
            Some(within) => tempfile::tempdir_in(within),
            None => tempfile::tempdir(),
        };
        let folder = folder.expect("a temporary folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("write a file");
        write("asepsis.toml", &self.toml(&vendor.url()));
        if let Some(known) = &self.known {
            write("known.tsv", known);
        }
        let role = self.roles.first().map_or("clinician", |(id, _)| id.as_str());
        let mut site = Site { gateway: None, vendor, folder, env: self.env, first_key: String::new() };
        site.first_key = site.add_key("dr-test", role);
        site
    }
}

fn agreement(state: &str, first_day: &str, last_day: Option<&str>) -> String {
    let end = last_day.map_or_else(|| "open_ended = true".to_owned(), |day| format!("last_day = \"{day}\""));
    format!(
        "\n[[vendor.agreement]]\nid = \"baa-standin\"\nkind = \"baa\"\nstate = \"{state}\"\nfirst_day = \"{first_day}\"\n\
         {end}\nsystems = [\"standin-chat\", \"standin-messages\"]\n"
    )
}

/// Starts the gateway over a practice's folder, and waits until it is ready.
pub(crate) fn serve(folder: &Path, env: &[(String, String)]) -> Running {
    let mut command = asepsis();
    command.arg("serve").arg("--config").arg(folder.join("asepsis.toml")).current_dir(folder);
    command.envs(env.iter().map(|(name, value)| (name, value)));
    let gateway = Running::start(&mut command);
    wait_until("the gateway is ready", || request(gateway.address, "GET", "/readyz", &[], b"").status == 200);
    gateway
}

/// A running practice. Everything of it ends and goes when this is dropped.
pub(crate) struct Site {
    gateway: Option<Running>,
    /// The vendor that the practice's AI systems are at.
    pub(crate) vendor: Vendor,
    folder: tempfile::TempDir,
    env: Vec<(String, String)>,
    first_key: String,
}

impl Site {
    /// The practice's folder, where commands run.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder().join("asepsis.toml")
    }

    /// Where keys, log, vault and registers are.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// The gateway's process.
    pub(crate) fn gateway(&self) -> &Running {
        self.gateway.as_ref().expect("the gateway runs")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway().address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// A connection to the gateway, to misbehave on.
    pub(crate) fn connect(&self) -> TcpStream {
        http::connect(self.address())
    }

    /// Stops the gateway as an operator does, and tells its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.gateway.take().expect("the gateway runs").stop()
    }

    /// Stops the gateway as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.gateway.take().expect("the gateway runs").kill();
    }

    /// Starts the gateway again over the same folder; on another port.
    pub(crate) fn start_again(&mut self) {
        assert!(self.gateway.is_none(), "stop or kill it first");
        self.gateway = Some(serve(self.folder(), &self.env));
    }

    /// Makes a key for a user, and waits until the running gateway knows it.
    pub(crate) fn key(&self, user: &str, role: &str) -> String {
        let key = self.add_key(user, role);
        if self.gateway.is_some() {
            wait_until("the gateway knows the key", || self.get("/v1/models", &key).status != 401);
        }
        key
    }

    fn add_key(&self, user: &str, role: &str) -> String {
        let ran = self.run(["key", "add", "--user", user, "--role", role]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout.trim().to_owned()
    }

    /// The key of `dr-test`, of the first role: a clinician, where a test has not said otherwise.
    pub(crate) fn clinician(&self) -> &str {
        &self.first_key
    }

    /// Runs `asepsis` in the practice's folder and with its configuration.
    pub(crate) fn run<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Ran {
        self.run_with_input(arguments, b"")
    }

    /// Runs `asepsis` in the practice's folder, with bytes on its standard input.
    pub(crate) fn run_with_input<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I, input: &[u8]) -> Ran {
        let mut command = asepsis();
        command.args(arguments).env("ASEPSIS_CONFIG", self.config()).env("ASEPSIS_DATA", self.data_dir());
        command.envs(self.env.iter().map(|(name, value)| (name, value))).current_dir(self.folder());
        process::run(&mut command, input)
    }

    /// A request of OpenAI's protocol as the clinician.
    pub(crate) fn chat(&self, body: &Value) -> Reply {
        self.post("/v1/chat/completions", self.clinician(), body.to_string().as_bytes())
    }

    /// A request of Anthropic's protocol as the clinician.
    pub(crate) fn messages(&self, body: &Value) -> Reply {
        self.post("/v1/messages", self.clinician(), body.to_string().as_bytes())
    }

    /// A POST of any bytes with a key.
    pub(crate) fn post(&self, path: &str, key: &str, body: &[u8]) -> Reply {
        self.request("POST", path, &[("x-api-key", key), ("content-type", "application/json")], body)
    }

    /// A GET with a key.
    pub(crate) fn get(&self, path: &str, key: &str) -> Reply {
        self.request("GET", path, &[("x-api-key", key)], b"")
    }

    /// Any request.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        request(self.address(), method, path, headers, body)
    }

    /// Sends bytes as they are, says no more, and reads what comes back.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Reply {
        http::raw(self.address(), bytes)
    }

    /// Every request that the vendor got, the oldest first.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.vendor.seen()
    }

    /// Everything that the vendor got; see [`Vendor::seen_bytes`].
    pub(crate) fn seen_bytes(&self) -> Vec<u8> {
        self.vendor.seen_bytes()
    }

    /// Whether `text` stands anywhere in what the vendor got.
    pub(crate) fn saw(&self, text: &str) -> bool {
        self.vendor.saw(text)
    }

    /// Entries of the audit log that the running gateway wrote, as `asepsis audit search --json` prints them. `search`
    /// are its arguments, for example `["--status", "refused"]`.
    pub(crate) fn audit(&self, search: &[&str]) -> Vec<Value> {
        let ran = self.run(["audit", "search", "--json", "--last", "100000"].iter().chain(search));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
    }
}
