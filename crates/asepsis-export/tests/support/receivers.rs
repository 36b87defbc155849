//! Receivers as a site has them: rsyslog with TLS, and an OTLP collector.
#![allow(dead_code, reason = "each test file is a program of its own and uses its own part of this")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

/// The longest that anything is waited for. No outcome depends on it: what takes longer is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Whether these, and validators, are left out on purpose.
pub(crate) fn left_out() -> bool {
    let asked = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    let left_out = asked.split(',').any(|what| what.trim() == "audit");
    if left_out {
        // Straight to the stream: what a test that holds prints by macro is not shown.
        writeln!(std::io::stderr(), "left out, as ASEPSIS_LEAVE_OUT asks: validators and receivers of exports").ok();
    }
    left_out
}

/// Waits until `ready` holds.
pub(crate) fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < PATIENCE, "waited {} s in vain: {what}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A port that nobody has now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port()
}

/// Certificates of a site, as files: `ca.pem`, `server.pem` and `server.key` for 127.0.0.1 and localhost, `client.pem` and
/// `client.key` for a gateway; and `other-ca.pem`, which has signed nothing.
pub(crate) fn certificates(folder: &Path) {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("write a certificate");
    let authority = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        (params.self_signed(&key).expect("a certificate").pem(), Issuer::new(params, key))
    };
    let (pem, issuer) = authority("Test authority");
    write("ca.pem", &pem);
    write("other-ca.pem", &authority("Another authority").0);
    for (name, names, usage) in [
        ("server", vec!["127.0.0.1".to_owned(), "localhost".to_owned()], ExtendedKeyUsagePurpose::ServerAuth),
        ("client", vec!["gateway.example.org".to_owned()], ExtendedKeyUsagePurpose::ClientAuth),
    ] {
        let mut params = CertificateParams::new(names.clone()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, names[0].clone());
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().expect("a key");
        write(&format!("{name}.pem"), &params.signed_by(&key, &issuer).expect("a certificate").pem());
        write(&format!("{name}.key"), &key.serialize_pem());
    }
}

/// rsyslog in a folder that has [`certificates`].
pub(crate) struct Rsyslog {
    folder: PathBuf,
    pub(crate) port: u16,
    child: Option<Child>,
}

impl Rsyslog {
    /// Starts it. `client` asks senders for a certificate of that name.
    pub(crate) fn start(folder: &Path, client: Option<&str>) -> Self {
        let mut rsyslog = Self { folder: folder.to_owned(), port: free_port(), child: None };
        let (port, at) = (rsyslog.port, folder.display());
        let (mode, permitted) = match client {
            None => ("anon", String::new()),
            Some(name) => ("x509/name", format!("permittedPeer=[\"{name}\"]")),
        };
        // Without a queue a message is in the file before the next is read, so that what was read cannot be lost with the process.
        let config = format!(
            "global(workDirectory=\"{at}\" maxMessageSize=\"128k\" parser.escapeControlCharactersOnReceive=\"off\"\n\
             \x20      defaultNetstreamDriver=\"ossl\" defaultNetstreamDriverCAFile=\"{at}/ca.pem\"\n\
             \x20      defaultNetstreamDriverCertFile=\"{at}/server.pem\" defaultNetstreamDriverKeyFile=\"{at}/server.key\")\n\
             main_queue(queue.type=\"Direct\")\n\
             module(load=\"imtcp\" streamDriver.name=\"ossl\" streamDriver.mode=\"1\" streamDriver.authMode=\"{mode}\" {permitted})\n\
             input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\")\n\
             template(name=\"raw\" type=\"string\" string=\"%rawmsg%\\n\")\n\
             action(type=\"omfile\" file=\"{at}/received\" template=\"raw\")\n"
        );
        std::fs::write(folder.join("rsyslog.conf"), config).expect("write the configuration");
        rsyslog.start_again();
        rsyslog
    }

    /// Starts it over the same folder, on the same port.
    pub(crate) fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs");
        std::fs::remove_file(self.folder.join("pid")).ok();
        let log = std::fs::File::create(self.folder.join("rsyslog.log")).expect("a file");
        let mut command = Command::new("rsyslogd");
        command.arg("-n").arg("-f").arg(self.folder.join("rsyslog.conf")).arg("-i").arg(self.folder.join("pid"));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log);
        let child =
            command.spawn().unwrap_or_else(|error| panic!("cannot start rsyslogd: {error}; `cargo xtask setup`"));
        self.child = Some(child);
        let port = self.port;
        wait_until("rsyslog listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().ok();
        child.wait().ok();
    }

    /// What it got, a message each, without its frame.
    pub(crate) fn received(&self) -> Vec<String> {
        let mut bytes = Vec::new();
        if let Ok(mut file) = std::fs::File::open(self.folder.join("received")) {
            file.read_to_end(&mut bytes).expect("read what was received");
        }
        String::from_utf8(bytes).expect("UTF-8").lines().map(str::to_owned).collect()
    }

    /// What it said.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.folder.join("rsyslog.log")).unwrap_or_default()
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}

/// The value of `id="..."` in the structured data of a syslog message of ours.
pub(crate) fn event_id(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once(" [event@32473 id=\"")?;
    rest.split('"').next()
}

/// Rotel, an OTLP collector, that writes down what it gets.
pub(crate) struct Rotel {
    program: PathBuf,
    folder: PathBuf,
    pub(crate) port: u16,
    child: Option<Child>,
    starts: u32,
}

impl Rotel {
    /// Starts it; `installed` is where `cargo xtask setup` has put it.
    pub(crate) fn start(installed: &Path, folder: &Path) -> Self {
        let libraries = std::fs::read_dir(installed.join("lib")).expect("an environment of Python");
        let program = libraries
            .filter_map(|entry| Some(entry.ok()?.path().join("site-packages/rotel/rotel-agent")))
            .find(|path| path.exists())
            .expect("Rotel is installed");
        let mut rotel = Self { program, folder: folder.to_owned(), port: free_port(), child: None, starts: 0 };
        rotel.start_again();
        rotel
    }

    /// Starts it on the same port.
    pub(crate) fn start_again(&mut self) {
        self.starts += 1;
        let log = std::fs::File::create(self.folder.join(format!("rotel-{}.log", self.starts))).expect("a file");
        let mut command = Command::new(&self.program);
        command.args(["start", "--debug-log", "logs", "--debug-log-verbosity", "detailed", "--exporter", "blackhole"]);
        command.arg("--otlp-http-endpoint").arg(format!("127.0.0.1:{}", self.port));
        command.arg("--otlp-grpc-endpoint").arg(format!("127.0.0.1:{}", free_port()));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log);
        self.child = Some(command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")));
        let port = self.port;
        wait_until("Rotel listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    }

    /// Asks it to end, and waits: what it has acknowledged it writes down before.
    pub(crate) fn stop(&mut self) {
        let mut child = self.child.take().expect("it runs");
        Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &child.id().to_string()]).status().ok();
        child.wait().ok();
    }

    /// Everything that it wrote down, of all its starts.
    pub(crate) fn received(&self) -> String {
        let logs = (1..=self.starts).map(|n| self.folder.join(format!("rotel-{n}.log")));
        logs.map(|log| std::fs::read_to_string(log).unwrap_or_default()).collect()
    }
}

impl Drop for Rotel {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
