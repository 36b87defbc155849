//! A log that grows, and an object store that is not ours: the S3 of PyPI's `moto`, which `cargo xtask setup` installs.
#![allow(dead_code, reason = "each test file is a program of its own and uses its own part of this")]

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use asepsis_log::{Log, LogKey, LogOptions};
use asepsis_mirror::{Address, Mirror, Options, Store};
use asepsis_vocab::{AuditEvent, ExchangeId, Phase, SCHEMA_VERSION};

pub(crate) const ORIGIN: &str = "log.example/mirrored";

fn event(exchange: ExchangeId, phase: Phase, day: &str) -> AuditEvent {
    let mut event = serde_json::json!({
        "v": SCHEMA_VERSION, "exchange": exchange, "phase": phase, "time": format!("{day}T08:30:00.000Z"), "interface": "openai.chat",
        "actor": { "user": "dr.a", "role": "clinician", "method": "api_key", "credential": "k1" }, "purpose": "TREAT",
        "recipient": { "system": "gpt", "vendor": "v" },
        "decision": { "form": "pseudonymised", "rules": ["r1"], "reason": "baa-in-force" },
    });
    if phase == Phase::Outcome {
        event["outcome"] = serde_json::json!({ "status": "completed", "http": 200 });
    }
    serde_json::from_value(event).unwrap()
}

/// Opens the log of a folder. It signs when it is asked to.
pub(crate) async fn open(dir: &Path) -> Log {
    let key = dir.join("key");
    if !key.exists() {
        LogKey::generate(ORIGIN).unwrap().save(&key).unwrap();
    }
    let options = LogOptions { publish_every: Duration::from_secs(3600), ..LogOptions::new(ORIGIN) };
    Log::open(&dir.join("log"), LogKey::load(&key).unwrap(), options).await.unwrap().0
}

/// Grows the log to so many entries, and signs.
pub(crate) async fn grow(log: &Log, size: u64) {
    grow_of(log, size, "2024-11-22").await;
}

/// The same with entries of that day.
pub(crate) async fn grow_of(log: &Log, size: u64, day: &'static str) {
    let mut tasks = tokio::task::JoinSet::new();
    let more = size - log.size();
    for n in 0..more.div_ceil(2) {
        let log = log.clone();
        tasks.spawn(async move {
            let exchange = ExchangeId::now();
            log.append(&event(exchange, Phase::Intent, day)).await.unwrap();
            if 2 * n + 1 < more {
                log.append(&event(exchange, Phase::Outcome, day)).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(log.checkpoint().await.unwrap().size, size);
}

/// The place of a folder.
pub(crate) fn folder(path: &Path) -> Store {
    Store::open(&Address::Folder(path.to_owned()), &Options::default(), true).unwrap()
}

pub(crate) fn mirror(dir: &Path, store: &Store) -> Mirror {
    Mirror::new(&dir.join("log"), store.clone())
}

/// All files below a folder, by their paths in it.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, std::fs::read(entry.path()).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// Whether who runs the tests asked for those with other people's programs to be left out. It is said then.
pub(crate) fn left_out(word: &str, what: &str) -> bool {
    let asked = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    let left_out = asked.split(',').any(|asked| asked.trim() == word);
    if left_out {
        // Straight to the stream: what a test that holds prints by macro is not shown.
        writeln!(std::io::stderr(), "left out, as ASEPSIS_LEAVE_OUT asks: {what}").ok();
    }
    left_out
}

/// A file that `cargo xtask setup` installs.
pub(crate) fn installed(path: &str) -> PathBuf {
    // Cargo marks its target folder with a tag.
    let program = std::env::current_exe().unwrap();
    let path = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists()).unwrap().join(path);
    assert!(path.exists(), "{} is not there; `cargo xtask setup` installs it", path.display());
    path
}

/// A server of moto with the bucket `audit`, ended when it is dropped.
pub(crate) struct Moto {
    child: Child,
    dir: tempfile::TempDir,
    pub(crate) url: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Moto {
    pub(crate) fn start() -> Option<Self> {
        if left_out("keys", "the mirror in moto's S3") {
            return None;
        }
        // Free a moment ago; should it be taken since, the test fails loudly.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new(installed("sdk/keys/bin/python"))
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < Duration::from_secs(60), "moto does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        let dir = tempfile::tempdir().unwrap();
        let text = "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = wJalrXUtnFEMI\n";
        std::fs::write(dir.path().join("credentials"), text).unwrap();
        let moto = Self { child, dir, url: format!("http://127.0.0.1:{port}") };
        moto.boto("s3.create_bucket(Bucket='audit')", &[]);
        Some(moto)
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            endpoint: Some(self.url.clone()),
            credentials_file: Some(self.dir.path().join("credentials")),
            ..Options::default()
        }
    }

    pub(crate) fn store(&self, prefix: &str) -> Store {
        let address: Address = format!("s3://audit/{prefix}").parse().unwrap();
        Store::open(&address, &self.options(), true).unwrap()
    }

    /// Does something with AWS's own client for Python.
    pub(crate) fn boto(&self, what: &str, arguments: &[&str]) -> String {
        let head = "import sys, os, boto3; s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='us-east-1', \
                    aws_access_key_id='a', aws_secret_access_key='b')\n";
        let mut command = Command::new(installed("sdk/keys/bin/python"));
        let out = command.args(["-c", &format!("{head}{what}"), &self.url]).args(arguments).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// Takes all files of a prefix into a folder.
    pub(crate) fn download(&self, prefix: &str, to: &Path) {
        let program = "
for page in s3.get_paginator('list_objects_v2').paginate(Bucket='audit', Prefix=sys.argv[2] + '/'):
    for o in page.get('Contents', []):
        path = os.path.join(sys.argv[3], o['Key'][len(sys.argv[2]) + 1:])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        s3.download_file('audit', o['Key'], path)
";
        self.boto(program, &[prefix, to.to_str().unwrap()]);
    }

    /// Changes a byte of a file.
    pub(crate) fn flip(&self, path: &str) {
        let program = "
key = sys.argv[2]
body = bytearray(s3.get_object(Bucket='audit', Key=key)['Body'].read())
body[len(body) // 2] ^= 1
s3.put_object(Bucket='audit', Key=key, Body=bytes(body))
";
        self.boto(program, &[path]);
    }
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    for (name, _) in files(from) {
        let path = to.join(&name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(from.join(name), path).unwrap();
    }
}
