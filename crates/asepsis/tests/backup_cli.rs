//! Backups through the real binary, beside a running gateway: made, checked, tried, damaged, and of a log that was put back.

mod support;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Ran, Setup, Site, copy, user};

/// The identity that age's own documentation shows; it guards nothing.
const IDENTITY: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
const RECIPIENT: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

const PATIENT: &str = "urn:oid:2.16.840.1.113883.19.5|QX-5550147";

struct Practice {
    site: Site,
    elsewhere: tempfile::TempDir,
}

impl Practice {
    fn start() -> Self {
        let practice = Self {
            site: Setup::new().extra("\n[record]\nkeep = \"texts\"\n").start(),
            elsewhere: tempfile::tempdir().expect("a folder"),
        };
        std::fs::write(practice.identity(), format!("{IDENTITY}\n")).expect("an identity");
        #[cfg(unix)]
        std::fs::set_permissions(practice.identity(), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("its mode");
        practice
    }

    fn identity(&self) -> PathBuf {
        self.elsewhere.path().join("identity.txt")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.elsewhere.path().join(name)
    }

    fn ask(&self, patient: &str, text: &str) {
        let key = self.site.clinician().to_owned();
        let headers =
            [("x-api-key", key.as_str()), ("content-type", "application/json"), ("x-asepsis-patient", patient)];
        let body = json!({"model": "standin-echo", "messages": [user(text)]}).to_string();
        let reply = self.site.request("POST", "/v1/chat/completions", &headers, body.as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    fn backup(&self, action: &str, file: &Path, more: &[&str]) -> Ran {
        let file = file.to_str().expect("a path in UTF-8");
        let identity = self.identity();
        let identity = identity.to_str().expect("a path in UTF-8");
        let of_action: &[&str] =
            if action == "create" { &["--recipient", RECIPIENT] } else { &["--identity", identity] };
        self.site.run([&["backup", action, file], of_action, more].concat())
    }

    fn acts(&self) -> Vec<Value> {
        let folder = self.site.data_dir().join("log-cli");
        let ran = self.site.run(["audit", "search", "--json", "--folder", folder.to_str().expect("a path")]);
        let all = ran.stdout.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON"));
        // That the practice's own key was made stands there as well.
        all.filter(|entry| entry["act"]["kind"] != "register_changed").collect()
    }
}

#[test]
fn r27_a_backup_beside_the_gateway_is_whole_restores_and_keeps_the_erased_dead() {
    let practice = Practice::start();
    for n in 0..4 {
        practice.ask(PATIENT, &format!("Patient: Anna Lind, visit {n}"));
        practice.ask("urn:x|2", &format!("Patient: Bert Moss, visit {n}"));
    }
    // A checkpoint covers them within a second; a backup holds what it covers and proves no more.
    support::wait_until("a checkpoint covers the entries", || {
        let verified = practice.site.run(["audit", "verify"]);
        assert_eq!(verified.code, 0, "{}", verified.stdout);
        !verified.stdout.contains("UNSIGNED")
    });
    let file = practice.file("monday.age");
    let made = practice.backup("create", &file, &[]);
    assert_eq!(made.code, 0, "{}{}", made.stdout, made.stderr);
    let checked = practice.backup("verify", &file, &[]);
    assert!(checked.code == 0 && checked.stdout.starts_with("WHOLE"), "{}{}", checked.stdout, checked.stderr);

    practice.ask(PATIENT, "Patient: Anna Lind, after the backup");
    let shredded = practice
        .site
        .run_with_input(["keys", "shred", "--patient", "-", "--basis", "GDPR Art. 17, ticket 9"], PATIENT.as_bytes());
    assert_eq!(shredded.code, 0, "{}{}", shredded.stdout, shredded.stderr);
    let drilled = practice.backup("drill", &file, &[]);
    assert_eq!(drilled.code, 0, "{}{}", drilled.stdout, drilled.stderr);
    // Two of each of the eight exchanges, and that a key was made.
    assert!(drilled.stdout.contains("PREFIX   its logs (17 entries)"), "{}", drilled.stdout);
    assert!(drilled.stdout.contains("SHREDDED 1 people stay erased"), "{}", drilled.stdout);

    // A real restore: the folder is its owner's alone, and with the keys it is a practice again.
    let restored = practice.file("restored");
    let to = restored.to_str().expect("a path in UTF-8");
    let ran = practice.backup("restore", &file, &["--to", to]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(practice.backup("restore", &file, &["--to", to]).code, 2, "nothing is written over");
    copy(&practice.site.data_dir().join("keys"), &restored.join("keys"));
    let folder = restored.join("log");
    let verified = practice.site.run(["audit", "search", "--json", "--folder", folder.to_str().expect("a path")]);
    assert_eq!(verified.stdout.lines().count(), 16, "{}", verified.stderr);
    #[cfg(unix)]
    for path in [&restored, &folder] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(path.metadata().expect("a folder").permissions().mode() & 0o077, 0, "{}", path.display());
    }

    let acts = practice.acts();
    let kinds: Vec<&str> = acts.iter().filter_map(|e| e["act"]["kind"].as_str()).collect();
    assert_eq!(kinds, ["backup_created", "shred", "backup_verified"]);
    assert!(acts[2]["act"]["figures"]["restored_ms"].as_u64().is_some_and(|ms| ms > 0));
    // The scratch folder is gone, and the gateway has not noticed.
    let left: Vec<_> =
        std::fs::read_dir(practice.site.data_dir()).expect("the folder").flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");
    practice.ask("urn:x|2", "Patient: Bert Moss, later");
}

#[test]
fn r27_a_backup_holds_the_policies_that_decide() {
    let practice = Practice::start();
    let applied = practice.site.run(["policy", "apply", "--basis", "ticket 4711"]);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    let (file, restored) = (practice.file("monday.age"), practice.file("restored"));
    let made = practice.backup("create", &file, &[]);
    assert_eq!(made.code, 0, "{}{}", made.stdout, made.stderr);
    let ran = practice.backup("restore", &file, &["--to", restored.to_str().expect("a path in UTF-8")]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    for name in ["policy/current", "policy/0001.json"] {
        let read = |folder: &std::path::Path| std::fs::read(folder.join(name)).expect("a file");
        assert_eq!(read(&restored), read(&practice.site.data_dir()), "{name}");
    }
}

#[test]
fn r27_a_damaged_backup_and_a_log_that_was_put_back_fail_the_drill_and_are_recorded() {
    let mut practice = Practice::start();
    practice.ask(PATIENT, "Patient: Anna Lind");
    assert_eq!(practice.site.stop(), Some(0));
    let (old, new) = (practice.file("old.age"), practice.file("new.age"));
    let log = practice.site.data_dir().join("log");
    let aside = practice.file("log-of-before");
    copy(&log, &aside);
    assert_eq!(practice.backup("create", &old, &[]).code, 0);
    practice.site.start_again();
    practice.ask(PATIENT, "Patient: Anna Lind, later");
    assert_eq!(practice.site.stop(), Some(0));
    assert_eq!(practice.backup("create", &new, &[]).code, 0);

    let mut bytes = std::fs::read(&new).expect("the backup");
    let middle = bytes.len() * 2 / 3;
    bytes[middle] ^= 1;
    let damaged = practice.file("damaged.age");
    std::fs::write(&damaged, bytes).expect("written");
    for action in ["verify", "drill"] {
        let ran = practice.backup(action, &damaged, &[]);
        assert!(ran.code != 0, "{}", ran.stdout);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(".db: it was changed or cut off"), "the file within it is named: {said}");
    }

    // Somebody puts the log of before back in the place of the live one: with the log's key it verifies, and the newer
    // backup tells.
    std::fs::remove_dir_all(&log).expect("removed");
    copy(&aside, &log);
    assert_eq!(practice.site.run(["audit", "verify"]).code, 0);
    assert_eq!(practice.backup("drill", &old, &[]).code, 0);
    let ran = practice.backup("drill", &new, &[]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(
        ran.stdout.contains("does not go on from the backup's") && ran.stdout.contains("the log shrank"),
        "{}",
        ran.stdout
    );
    let kinds: Vec<String> = practice
        .site
        .audit(&[])
        .into_iter()
        .chain(practice.acts())
        .filter_map(|e| e["act"]["kind"].as_str().map(str::to_owned))
        .collect();
    assert!(kinds.iter().any(|kind| kind == "backup_fault"), "{kinds:?}");
}
