//! Keys and the vault through the command line: rotation, destroying, erasure, revealing, and what is refused.

mod support;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use asepsis_db::rusqlite::Connection;
use asepsis_keys::{Keys, LocalRoot, PatientId, Record, RecordId, RootKey, Roots, Tenant};
use asepsis_vocab::SubjectId;
use serde_json::{Value, json};
use support::{Ran, Setup, Site, asepsis, run, user};

const NOTE: &str = "Patient: Zebediah Quackenbush, MRN: 12345678, phone 555-867-5309.";

fn command(args: &[&str]) -> Command {
    let mut command = asepsis();
    command.args(args);
    command
}

fn cli(data: &Path, args: &[&str], input: &str) -> Ran {
    run(command(args).arg("--data").arg(data), input.as_bytes())
}

/// The entries of acts in a log of a data directory.
fn acts_in(folder: &Path) -> Vec<Value> {
    let ran = run(command(&["audit", "search", "--json", "--folder"]).arg(folder), b"");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let all = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    // That the practice's own keys were made stands there as well.
    all.filter(|entry| find(entry, "act").is_some_and(|act| act["kind"] != "register_changed")).collect()
}

/// Those in the log of the command line.
fn acts(data: &Path) -> Vec<Value> {
    acts_in(&data.join("log-cli"))
}

/// A member of this name, at any depth.
fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => members.get(name).or_else(|| members.values().find_map(|v| find(v, name))),
        _ => None,
    }
}

fn keys_of(data: &Path, work: impl AsyncFnOnce(Keys)) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let root = RootKey::load(&data.join("keys/root.key")).expect("the root key");
        let root = Arc::new(LocalRoot::new(root, &data.join("keys")).expect("a root"));
        work(Keys::open(&data.join("keys.db"), Roots::new(root), Tenant::default()).await.expect("the keys")).await;
    });
}

#[test]
fn c2_files_turn_back_after_a_rotation_and_the_old_epoch_is_destroyed() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let masked = cli(&data, &["deid"], NOTE);
    assert!(masked.code == 0 && !masked.stdout.contains("Zebediah"), "{}", masked.stderr);
    let copy = dir.path().join("vault-copy.db");
    let db = Connection::open(data.join("vault.db")).expect("the vault");
    db.execute_batch(&format!("VACUUM INTO '{}'", copy.display())).expect("a copy");
    drop(db);

    let refused = cli(&data, &["keys", "destroy-epoch", "1", "--basis", "ticket 1"], "");
    assert!(refused.code == 2 && refused.stderr.contains("not an old one"), "{}", refused.stderr);
    let rotated = cli(&data, &["keys", "rotate"], "");
    assert!(
        rotated.code == 0 && rotated.stdout.contains("epoch 2 is current"),
        "{} {}",
        rotated.stdout,
        rotated.stderr
    );
    assert!(rotated.stdout.contains("1 scopes"), "{}", rotated.stdout);
    let status = cli(&data, &["keys", "status"], "");
    assert!(status.stdout.contains("epoch 1  old") && status.stdout.contains("epoch 2  current"), "{}", status.stdout);
    let destroyed = cli(&data, &["keys", "destroy-epoch", "1", "--basis", "ticket 1"], "");
    assert!(destroyed.code == 0 && destroyed.stdout.contains("epoch 1 is destroyed"), "{}", destroyed.stderr);

    let back = cli(&data, &["reid"], &masked.stdout);
    assert_eq!((back.code, back.stdout.as_str()), (0, NOTE), "{}", back.stderr);
    let kinds: Vec<_> = acts(&data).iter().map(|e| find(e, "act").expect("an act")["kind"].clone()).collect();
    assert_eq!(kinds, [json!("rotate"), json!("destroy_epoch")]);

    // The copy of before does not turn anything back.
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("vault.db{suffix}")));
    }
    std::fs::copy(&copy, data.join("vault.db")).expect("restored");
    let back = cli(&data, &["reid"], &masked.stdout);
    assert!(back.code == 2 && back.stderr.contains("epoch 1 was destroyed"), "{} {}", back.stdout, back.stderr);
    assert!(!back.stdout.contains("Zebediah"));
}

#[test]
fn r27_shredding_a_patient_is_recorded_first_and_done_again_after_a_restore() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    assert_eq!(cli(&data, &["deid"], NOTE).code, 0);
    let record = Record { origin: "example.org/log", id: RecordId::Index(0), schema: 1 };
    let mut sealed = Vec::new();
    let mut subject: Option<SubjectId> = None;
    keys_of(&data, async |keys| {
        let patient = PatientId::new("urn:oid:1.2.3", "QK-4711").expect("a patient");
        subject = Some(keys.subject(&patient).await.expect("a subject"));
        let key = keys.subject_key(subject.expect("set")).await.expect("a key");
        sealed = key.seal(&record, b"a diagnosis").expect("sealed");
    });
    let subject = subject.expect("set");
    let backup = dir.path().join("keys-backup.db");
    let db = Connection::open(data.join("keys.db")).expect("the keys");
    db.execute_batch(&format!("VACUUM INTO '{}'", backup.display())).expect("a copy");
    drop(db);

    for (basis, why) in [("", "one line"), ("call 555-867-5309", "looks like"), ("a\nb", "one line")] {
        let refused = cli(&data, &["keys", "shred", "--patient", "-", "--basis", basis], "urn:oid:1.2.3|QK4711");
        assert!(refused.code == 2 && refused.stderr.contains(why), "{basis}: {}", refused.stderr);
    }
    assert!(acts(&data).is_empty(), "what was refused is no act");
    let ran = cli(
        &data,
        &["keys", "shred", "--patient", "-", "--basis", "GDPR Art. 17, ticket 9"],
        "urn:oid:1.2.3|qk 4711\n",
    );
    assert!(ran.code == 0 && ran.stdout.contains(&subject.to_string()), "{} {}", ran.stdout, ran.stderr);
    let again = cli(&data, &["keys", "shred", "--patient", "urn:oid:1.2.3|QK4711", "--basis", "ticket 9"], "");
    assert_eq!(again.code, 1, "nobody is found any more");
    let all = acts(&data);
    assert_eq!(all.len(), 1);
    let act = find(&all[0], "act").expect("an act");
    assert_eq!((&act["kind"], &act["basis"]), (&json!("shred"), &json!("GDPR Art. 17, ticket 9")));
    assert!(act["target"].as_str().is_some_and(|key| key.starts_with("sk_")));
    assert_eq!(find(&all[0], "subject"), Some(&json!(subject.to_string())));
    let list = cli(&data, &["keys", "shredded"], "");
    let kept = dir.path().join("shredded.tsv");
    std::fs::write(&kept, &list.stdout).expect("the list");
    assert!(list.stdout.contains(&subject.to_string()) && !list.stdout.contains("4711"), "{}", list.stdout);

    // Restored from the copy of before, it opens again, until what was shredded is shredded again.
    for how in ["--from-log", "--list"] {
        std::fs::copy(&backup, data.join("keys.db")).expect("restored");
        keys_of(&data, async |keys| {
            let key = keys.subject_key(subject).await.expect("the copy has it");
            assert_eq!(key.open(&record, &sealed).expect("opens").as_slice(), b"a diagnosis");
        });
        let mut args = vec!["keys", "shred", how];
        args.extend((how == "--list").then(|| kept.to_str().expect("UTF-8")));
        let ran = cli(&data, &args, "");
        assert!(ran.stdout.contains("shredded again: 1 keys, 1 links"), "{} {}", ran.stdout, ran.stderr);
        let ran = cli(&data, &args, "");
        assert!(ran.stdout.contains("shredded again: 0 keys, 0 links"), "{} {}", ran.stdout, ran.stderr);
        keys_of(&data, async |keys| assert!(keys.subject_key(subject).await.is_err()));
    }
    let verified = run(command(&["audit", "verify"]).arg(data.join("log-cli")), b"");
    assert_eq!(verified.code, 0, "{}", verified.stdout);
}

#[test]
fn c2_revealing_needs_a_purpose_and_a_basis_and_stands_in_the_log_before_it_is_shown() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let masked = cli(&data, &["deid"], NOTE).stdout;
    let name = &masked[masked.find("[NAME_").expect("a name")..];
    let name = &name[..=name.find(']').expect("its end")];
    for args in
        [&["vault", "reveal", name, "--purpose", "TREAT"][..], &["vault", "reveal", name, "--basis", "ticket 3"]]
    {
        let refused = cli(&data, args, "");
        assert!(refused.code == 2 && !refused.stdout.contains("Zebediah"), "{}", refused.stderr);
    }
    let args = ["vault", "reveal", name, "--purpose", "TREAT", "--basis", "ticket 3"];
    let shown = cli(&data, &args, "");
    assert_eq!((shown.code, shown.stdout.as_str()), (0, format!("{name}\tZebediah Quackenbush\n").as_str()));
    let all = acts(&data);
    let act = find(&all[0], "act").expect("an act");
    assert_eq!((all.len(), &act["kind"], &act["target"]), (1, &json!("reveal"), &json!(name)));
    assert_eq!(find(&all[0], "purpose"), Some(&json!("TREAT")));
    assert!(!all[0].to_string().contains("Zebediah"));
    let unknown = cli(&data, &["vault", "reveal", "[NAME_0000000000000]", "--purpose", "TREAT", "--basis", "t"], "");
    assert_eq!((unknown.code, unknown.stdout.as_str()), (1, ""));
    assert_eq!(acts(&data).len(), 2, "asking is recorded too");

    // Where the log cannot be written, nothing is shown.
    let db = Connection::open(data.join("log-cli/entries.db")).expect("the log");
    db.execute_batch("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(FAIL, 'disk full'); END")
        .expect("a full disk");
    drop(db);
    let refused = cli(&data, &args, "");
    assert!(refused.code == 2 && !refused.stdout.contains("Zebediah"), "{}", refused.stdout);
    assert!(refused.stderr.contains("log cannot be written"), "{}", refused.stderr);
}

#[test]
fn c2_where_the_configuration_asks_for_a_second_person_one_is_needed_and_is_somebody_else() {
    let mut site = Setup::new().extra("\n[keys]\nsecond_person = true\n").start();
    let body = json!({"model": "standin-echo", "messages": [user("Patient: Martha Collins")]});
    assert_eq!(site.chat(&body).status, 200);
    let (boss, analyst) = (site.key("dr-boss", "clinician"), site.key("carl", "analyst"));
    assert_eq!(site.stop(), Some(0));
    let seen = String::from_utf8(site.seen_bytes()).expect("UTF-8");
    let name = &seen[seen.find("[NAME_").expect("a name")..];
    let name = name[..=name.find(']').expect("its end")].to_owned();

    let reveal = |key: Option<&str>, user: &str| {
        let mut command = command(&["vault", "reveal", &name, "--purpose", "TREAT", "--basis", "ticket 3", "--config"]);
        command.arg(site.folder().join("asepsis.toml")).env("USER", user);
        if let Some(key) = key {
            command.args(["--second-person-key-env", "SECOND"]).env("SECOND", key);
        }
        run(&mut command, b"")
    };
    for (key, user, why) in [
        (None, "dr-test", "a second person puts their API key"),
        (Some("nonsense"), "dr-test", "no Asepsis API key"),
        (Some(boss.as_str()), "dr-boss", "must be somebody else"),
        (Some(analyst.as_str()), "dr-test", "may not see"),
    ] {
        let refused = reveal(key, user);
        assert!(refused.code == 2 && refused.stderr.contains(why), "{why}: {}", refused.stderr);
        assert!(!refused.stdout.contains("Martha"));
    }
    let shown = reveal(Some(&boss), "dr-test");
    assert_eq!(
        (shown.code, shown.stdout.as_str()),
        (0, format!("{name}\tMartha Collins\n").as_str()),
        "{}",
        shown.stderr
    );
    // The gateway has ended, so it stands in its log, among the exchanges that the surrogate is of.
    let all = acts_in(&site.data_dir().join("log"));
    assert_eq!(all.len(), 1);
    assert_eq!(acts(&site.data_dir()), [] as [Value; 0]);
    let basis = find(&all[0], "act").expect("an act")["basis"].as_str().expect("a basis").to_owned();
    assert!(basis.starts_with("ticket 3; second person: dr-boss (key "), "{basis}");
}

#[test]
fn c2_a_conversation_goes_on_through_a_rotation_beside_it_and_the_end_of_its_epoch() {
    let mut site = Setup::new().start();
    let body = json!({"model": "standin-echo", "messages": [user("Patient: Martha Collins, MRN: 12345678")]});
    let sent = |site: &Site| site.seen().last().expect("a request").body.clone();
    assert_eq!(site.chat(&body).status, 200);
    let first = sent(&site);
    let rotated = site.run(["keys", "rotate"]);
    assert!(rotated.code == 0 && rotated.stderr.contains("Another process has the keys open"), "{}", rotated.stderr);
    assert_eq!(acts(&site.data_dir()).len(), 1, "the gateway is writing its own log");
    let reply = site.chat(&body);
    assert!(reply.status == 200 && reply.text().contains("Martha Collins"), "{}", reply.text());
    assert_eq!(sent(&site), first, "the same surrogates");
    // A conversation that begins after the rotation, in a gateway that had no reason to look.
    let other = json!({"model": "standin-echo", "messages": [user("Patient: Zebediah Quackenbush")]});
    assert!(site.chat(&other).text().contains("Zebediah"));
    let refused = site.run(["keys", "destroy-epoch", "1", "--basis", "ticket 1"]);
    assert!(refused.code == 2 && refused.stderr.contains("stop the gateway"), "{}", refused.stderr);
    assert_eq!(site.stop(), Some(0));
    let destroyed = site.run(["keys", "destroy-epoch", "1", "--basis", "ticket 1"]);
    assert_eq!(destroyed.code, 0, "{}", destroyed.stderr);
    assert_eq!(acts_in(&site.data_dir().join("log")).len(), 1);
    assert_eq!(site.run(["audit", "verify"]).code, 0);
    site.start_again();
    for conversation in [&body, &other] {
        assert_eq!(site.chat(conversation).status, 200);
    }
    assert!(site.seen().iter().any(|seen| seen.body == first) && site.chat(&body).text().contains("Martha Collins"));
    assert_eq!(site.seen().iter().filter(|seen| seen.body == first).count(), 4, "the same surrogates after it all");
}

#[test]
fn c2_a_root_key_sealed_with_age_opens_with_its_passphrase_only() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    let masked = cli(&data, &["deid"], NOTE).stdout;
    let plain = data.join("keys/root.key");
    let key = RootKey::load(&plain).expect("the root key");
    asepsis_keys::root::seal_to(&key, &data.join("keys/root.key.age"), &[], Some("correct horse")).expect("sealed");
    std::fs::remove_file(&plain).expect("removed");
    let reid = |passphrase: Option<&str>| {
        let mut command = command(&["reid", "--data"]);
        command.arg(&data).env_remove("ASEPSIS_ROOT_PASSPHRASE");
        if let Some(passphrase) = passphrase {
            command.env("ASEPSIS_ROOT_PASSPHRASE", passphrase);
        }
        run(&mut command, masked.as_bytes())
    };
    let refused = reid(None);
    assert!(refused.code == 2 && refused.stderr.contains("ASEPSIS_ROOT_PASSPHRASE"), "{}", refused.stderr);
    let refused = reid(Some("wrong"));
    assert!(refused.code == 2 && refused.stderr.contains("passphrase is wrong"), "{}", refused.stderr);
    assert_eq!(reid(Some("correct horse")).stdout, NOTE);
    std::fs::remove_file(data.join("keys/root.key.age")).expect("removed");
    let refused = reid(None);
    assert!(refused.code == 2 && refused.stderr.contains("put the key back from its copy"), "{}", refused.stderr);
}

/// `deid` and `reid` take a directory; where the configuration is about it, what that says of the keys holds for them too.
#[test]
fn c2_files_are_rewritten_under_the_root_that_the_configuration_names() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, path) = (dir.path().join("data"), dir.path().join("asepsis.toml"));
    let masked = cli(&data, &["deid"], NOTE).stdout;
    let plain = data.join("keys/root.key");
    let key = RootKey::load(&plain).expect("the root key");
    asepsis_keys::root::seal_to(&key, &data.join("keys/root.key.age"), &[], Some("correct horse")).expect("sealed");
    std::fs::remove_file(&plain).expect("removed");
    let root = "\n[keys.root]\nkind = \"age\"\npassphrase_env = \"SITES_OWN\"\n";
    std::fs::write(&path, Setup::new().extra(root).toml("http://127.0.0.1:9")).expect("the configuration");
    let with = |what: &str, data: &Path, text: &str| {
        let mut command = command(&[what, "--config"]);
        command
            .arg(&path)
            .arg("--data")
            .arg(data)
            .env_remove("ASEPSIS_ROOT_PASSPHRASE")
            .env("SITES_OWN", "correct horse");
        run(&mut command, text.as_bytes())
    };
    let back = with("reid", &data, &masked);
    assert_eq!(back.stdout, NOTE, "{}", back.stderr);
    let again = with("deid", &data, NOTE);
    assert!(again.code == 0 && again.stdout != NOTE, "{}", again.stderr);
    assert_eq!(with("reid", &data, &again.stdout).stdout, NOTE);
    // Another directory has keys of its own.
    let other = dir.path().join("other");
    let masked = with("deid", &other, NOTE);
    assert_eq!((masked.code, with("reid", &other, &masked.stdout).stdout.as_str()), (0, NOTE), "{}", masked.stderr);
    assert!(other.join("keys/root.key").exists());
}

#[test]
fn c2_a_root_that_is_not_there_stops_what_needs_it_and_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("asepsis.toml");
    for (root, why) in [
        (
            "kind = \"transit\"\naddress = \"http://127.0.0.1:9\"\ntoken_env = \"ROOT_TOKEN\"",
            "Transit at 127.0.0.1 cannot be reached",
        ),
        ("kind = \"transit\"\naddress = \"http://vault.example.org\"\ntoken_env = \"ROOT_TOKEN\"", "plain text"),
        ("kind = \"transit\"\naddress = \"http://127.0.0.1:9\"\ntoken_env = \"NOT_SET\"", "NOT_SET"),
        (
            "kind = \"aws-kms\"\nregion = \"us-east-1\"\nendpoint = \"http://127.0.0.1:9\"",
            "AWS KMS at 127.0.0.1 cannot be reached",
        ),
        ("kind = \"age\"\npassphrase_env = \"ROOT_TOKEN\"", "root.key.age"),
        ("kind = \"sesame\"", "unknown variant `sesame`"),
    ] {
        let toml = Setup::new().extra(&format!("\n[keys.root]\n{root}\n")).toml("http://127.0.0.1:9");
        std::fs::write(&path, toml).expect("the configuration");
        let mut command = command(&["keys", "status", "--config"]);
        command
            .arg(&path)
            .env("ROOT_TOKEN", "s.secret")
            .env("AWS_ACCESS_KEY_ID", "A")
            .env("AWS_SECRET_ACCESS_KEY", "s.secret");
        let refused = run(&mut command, b"");
        assert!(refused.code == 2 && refused.stderr.contains(why), "{root}: {}", refused.stderr);
        assert!(!refused.stderr.contains("s.secret"));
    }
    assert!(!dir.path().join("data/keys/root.key").exists(), "no other root is made in its place");
}

#[test]
fn c2_derived_surrogates_and_shifted_dates_are_refused_with_the_section_of_the_law() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("asepsis.toml");
    let check = |setup: Setup| {
        std::fs::write(&path, setup.toml("http://127.0.0.1:9")).expect("the configuration");
        run(command(&["check", "--config"]).arg(&path), b"")
    };
    let derived = check(Setup::new().surrogates("derived"));
    assert!(derived.code == 2 && derived.stderr.contains("164.514(c)"), "{}", derived.stderr);
    let shifted = check(Setup::new().system_lines("dates = \"shifted\""));
    assert!(shifted.code == 2 && shifted.stderr.contains("164.514(b)(2)(i)(C)"), "{}", shifted.stderr);
    assert_eq!(check(Setup::new()).code, 0);
}

#[cfg(target_os = "linux")]
#[test]
fn c2_a_process_that_holds_keys_dumps_no_core() {
    /// The first limit of `/proc/PID/limits` on the size of core files.
    fn core_limit(pid: u32) -> String {
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("the limits");
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the line");
        line["Max core file size".len()..].split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }
    /// Starts a command that waits for its standard input, with core dumps as far as they may go.
    fn limit_of(args: &[&str], data: &Path) -> String {
        let binary = env!("CARGO_BIN_EXE_asepsis");
        let mut child = Command::new("sh")
            .args(["-c", "ulimit -S -c $(ulimit -H -c); exec \"$0\" \"$@\"", binary])
            .args(args)
            .env("ASEPSIS_DATA", data)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("sh");
        // Until it is the binary and has come so far, or, where it never gets there, to the end of patience.
        let began = std::time::Instant::now();
        let mut limit = core_limit(child.id());
        while limit != "0 0" && began.elapsed() < std::time::Duration::from_secs(3) {
            std::thread::sleep(std::time::Duration::from_millis(20));
            limit = core_limit(child.id());
        }
        child.kill().expect("ended");
        child.wait().expect("ended");
        limit
    }
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    assert_eq!(cli(&data, &["deid"], NOTE).code, 0);
    for args in [&["deid"][..], &["reid"], &["keys", "shred", "--patient", "-", "--basis", "t", "--data"]] {
        let mut args = args.to_vec();
        args.extend(args.contains(&"--data").then(|| data.to_str().expect("UTF-8")));
        assert_eq!(limit_of(&args, &data), "0 0", "{args:?}");
    }
    let hard = std::fs::read_to_string("/proc/self/limits").expect("the limits");
    if !hard.lines().any(|l| l.starts_with("Max core file size") && l.split_whitespace().nth(5) == Some("0")) {
        assert_ne!(limit_of(&["scan"], &data), "0 0", "what holds no keys shows that the test can tell");
    }

    let site = Setup::new().start();
    assert_eq!(core_limit(site.gateway().id()), "0 0");
}
