//! The mirror of the log beside a running gateway, and by commands.

mod support;

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use support::{Setup, Site, copy, request, user, wait_until};

/// A server of moto, ended when it is dropped.
struct Moto(Child, String);

impl Drop for Moto {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Moto {
    fn start() -> Option<Self> {
        let asked = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
        if asked.split(',').any(|what| what.trim() == "keys") {
            writeln!(std::io::stderr(), "left out, as ASEPSIS_LEAVE_OUT asks: the mirror in moto's S3").ok();
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
        let server = ["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()].map(str::to_owned);
        let mut python = Command::new(python());
        let child = python.args(server).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("moto");
        let moto = Self(child, format!("http://127.0.0.1:{port}"));
        wait_until("moto listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        moto.boto("s3.create_bucket(Bucket='audit')");
        Some(moto)
    }

    /// Does something with AWS's own client for Python.
    fn boto(&self, what: &str) {
        let head = "import sys, boto3; s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='us-east-1', \
                    aws_access_key_id='a', aws_secret_access_key='b')\n";
        let mut command = Command::new(python());
        let ran = support::run(command.args(["-c", &format!("{head}{what}"), &self.1]), b"");
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
}

fn python() -> std::path::PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let target =
        program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists()).expect("cargo's target folder");
    let python = target.join("sdk/keys/bin/python");
    assert!(python.exists(), "{} is not there; `cargo xtask setup` installs it", python.display());
    python
}

fn ask(site: &Site) {
    assert_eq!(site.chat(&json!({"model": "standin-echo", "messages": [user("Patient: Anna Lind")]})).status, 200);
}

fn metric(site: &Site, name: &str) -> Option<u64> {
    let text = request(site.address(), "GET", "/metrics", &[], b"").text().to_owned();
    text.lines().find_map(|line| line.strip_prefix("asepsis_")?.strip_prefix(name)?.trim().parse().ok())
}

fn doctor(site: &Site) -> String {
    let looked = site.run(["doctor"]).stdout;
    looked.lines().find(|line| line.contains("the mirror")).unwrap_or_else(|| panic!("no mirror: {looked}")).to_owned()
}

fn has(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).expect("a folder").flatten().any(|entry| {
        match entry.file_type().expect("a type").is_dir() {
            true => has(&entry.path(), text),
            false => support::contains(&std::fs::read(entry.path()).expect("a file"), text),
        }
    })
}

#[test]
fn p6_the_gateway_keeps_a_folder_up_to_its_log_and_tells_how_far_it_is() {
    let there = tempfile::tempdir().expect("a folder");
    let mirror = there.path().join("mirror");
    let url = format!("file://{}", mirror.display());
    let mut site = Setup::new().extra(&format!("\n[record.mirror]\nurl = \"{url}\"\n")).start();
    for _ in 0..3 {
        ask(&site);
    }
    wait_until("all of it is published", || {
        metric(&site, "mirror_lag_entries") == Some(0) && mirror.join("checkpoint").exists()
    });
    assert_eq!((metric(&site, "mirror_failing"), metric(&site, "mirror_alarm")), (Some(0), Some(0)));
    assert!(doctor(&site).starts_with("OK"), "{}", doctor(&site));
    assert!(!has(&mirror, "Anna") && !has(&mirror, "Lind"), "an entry names no patient, and so does no tile");
    // What is new at the very end is published on the way out.
    ask(&site);
    assert_eq!(site.stop(), Some(0));
    let verified = site.run(["audit", "verify", &url]);
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
    assert!(verified.stdout.contains("INTACT   8 entries"), "{}", verified.stdout);
    assert!(verified.stdout.contains("only what is published was looked at"), "{}", verified.stdout);
    let again = site.run(["audit", "mirror"]);
    assert!(
        again.code == 0 && again.stdout.contains("MIRRORED 8 entries") && again.stdout.contains(" 0 files written"),
        "{}",
        again.stdout
    );

    // A byte of it is changed, and the checks say where.
    let bundle = mirror.join("tile/entries/000.p/8");
    let mut content = std::fs::read(&bundle).expect("the bundle");
    content[100] ^= 1;
    std::fs::write(&bundle, content).expect("written");
    let verified = site.run(["audit", "verify", &url]);
    assert_eq!(verified.code, 1, "{}", verified.stdout);
    assert!(
        verified.stdout.contains("CHANGED  tile/entries/000.p/8: entry 0 was changed in it"),
        "{}",
        verified.stdout
    );

    // The log is put back to nothing, with the same key: the mirror remembers. A second place has no memory of it.
    let log = site.data_dir().join("log");
    std::fs::remove_dir_all(&log).expect("removed");
    site.start_again();
    ask(&site);
    wait_until("the mirror is an alarm", || metric(&site, "mirror_alarm") == Some(1));
    assert!(doctor(&site).starts_with("FAULT"), "{}", doctor(&site));
    assert!(site.gateway().said().contains("ALARM: the mirror of the log"), "{}", site.gateway().said());
    ask(&site);
    assert_eq!(site.stop(), Some(0));
    let refused = site.run(["audit", "mirror"]);
    assert!(
        refused.code == 1 && refused.stdout.contains("8 entries are published, and this log has 4"),
        "{}",
        refused.stdout
    );
    let second = format!("file://{}", there.path().join("second").display());
    assert_eq!(site.run(["audit", "mirror", "--to", &second]).code, 0);
    let pin = mirror.join("checkpoint");
    let verified = site.run(["audit", "verify", &second, "--pin", pin.to_str().expect("a path")]);
    assert_eq!(verified.code, 1, "{}", verified.stdout);
    assert!(verified.stdout.contains("8 entries were pinned, and 4 are published"), "{}", verified.stdout);
}

#[test]
fn p6_the_gateway_keeps_an_object_store_up_to_its_log_and_goes_on_where_it_is_away() {
    let Some(moto) = Moto::start() else { return };
    let settings = format!("\n[record.mirror]\nurl = \"s3://audit/site-1\"\nendpoint = \"{}\"\n", moto.1);
    let site = Setup::new()
        .extra(&settings)
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
        .start();
    ask(&site);
    let verified = || site.run(["audit", "verify", "s3://audit/site-1"]);
    wait_until("it is published", || verified().stdout.contains("INTACT   2 entries"));
    assert!(doctor(&site).starts_with("OK"), "{}", doctor(&site));

    moto.boto("s3.put_object(Bucket='audit', Key='site-1/tile/0/000.p/2', Body=b'x' * 64)");
    let looked = verified();
    assert!(
        looked.code == 1 && looked.stdout.contains("tile/0/000.p/2: the hash of entry 0 was changed in it"),
        "{}",
        looked.stdout
    );
    assert_eq!(site.run(["audit", "verify", "s3://audit/nothing-there"]).code, 1);

    drop(moto);
    for _ in 0..3 {
        ask(&site);
    }
    wait_until("the mirror is told to be behind", || {
        metric(&site, "mirror_failing") == Some(1)
            && metric(&site, "mirror_lag_entries").is_some_and(|behind| behind > 0)
    });
    ask(&site);
    assert!(doctor(&site).starts_with("WARNING"), "{}", doctor(&site));
    let looked = verified();
    assert_eq!(looked.code, 2, "{}", looked.stdout);
    let said = format!("{}{}{}", looked.stderr, site.gateway().said(), doctor(&site));
    assert!(!said.contains("wJalr") && !said.contains("AKID"), "{said}");
    assert_eq!(site.run(["audit", "verify"]).code, 0, "the log itself is whole");
}

#[test]
fn p6_a_mirror_that_cannot_be_meant_is_refused_at_the_start() {
    let good = Setup::new().start();
    for (lines, why) in [
        ("url = \"/srv/mirror\"", "it looks like s3://bucket/prefix"),
        ("url = \"s3://audit\"\nendpoint = \"http://s3.example.org\"", "plain HTTP beyond this machine"),
        ("url = \"s3://audit\"\nendpoint = \"https://s3.example.org\"\ncredentials_file = \"none\"", "no access key"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        copy(good.folder(), folder.path());
        let toml =
            std::fs::read_to_string(good.config()).expect("the configuration") + "\n[record.mirror]\n" + lines + "\n";
        std::fs::write(folder.path().join("asepsis.toml"), toml).expect("written");
        let mut command = support::asepsis();
        command.args(["audit", "mirror"]).current_dir(folder.path());
        command.env("AWS_ACCESS_KEY_ID", "A").env("AWS_SECRET_ACCESS_KEY", "B");
        let ran = support::run(&mut command, b"");
        assert!(ran.code == 2 && ran.stderr.contains(why), "{why}: {}", ran.stderr);
    }
}
