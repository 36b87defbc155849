//! `asepsis init --profile`: from an empty directory to the first protected prompt.

mod support;

use std::path::Path;

use serde_json::json;
use support::{Running, Vendor, asepsis, request, run, user};

/// A command of the session, in the practice's folder.
fn at(folder: &Path, arguments: &[&str], input: &str) -> support::Ran {
    run(asepsis().args(arguments).current_dir(folder), input.as_bytes())
}

#[test]
fn p13_from_an_empty_directory_to_the_first_protected_prompt_in_four_commands() {
    let empty = tempfile::tempdir().expect("a folder");
    let practice = empty.path().join("practice");

    // 1: asepsis init practice --profile dental --yes. It asks nothing; the key is all that goes to standard output.
    let init = at(empty.path(), &["init", "practice", "--profile", "dental", "--yes"], "");
    assert_eq!(init.code, 0, "{}", init.stderr);
    let key = init.stdout.trim();
    assert!(key.starts_with("asep_") && key.lines().count() == 1, "{}", init.stdout);
    assert!(!init.stderr.contains(key));

    // 2: asepsis standin &, 3: asepsis serve &. Here on free ports, so that tests do not get into each other's way.
    let vendor = Vendor::start();
    let path = practice.join("asepsis.toml");
    let text = std::fs::read_to_string(&path).expect("a configuration");
    let text = text.replace("http://127.0.0.1:8643", &vendor.url()).replace("127.0.0.1:8642\"", "127.0.0.1:0\"");
    std::fs::write(&path, text).expect("written");
    let gateway = Running::start(asepsis().arg("serve").current_dir(&practice));

    // 4: the prompt.
    let body = json!({"model": "standin-echo", "messages":
        [user("Recall letter for Martha Collins, born 03/04/1961, MRN 4471902, SSN 219-09-9999, martha@collins.example.")]});
    let reply = request(
        gateway.address,
        "POST",
        "/v1/chat/completions",
        &[("authorization", &format!("Bearer {key}"))],
        body.to_string().as_bytes(),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("x-asepsis-form"), Some("deidentified"));
    for name in ["Martha", "Collins", "03/04", "4471902", "219-09-9999"] {
        assert!(!vendor.saw(name), "{name} got to the vendor");
    }
    assert!(vendor.saw("Recall letter for"));
    assert!(reply.text().contains("[Asepsis] Found:"), "it says what stands in the way: {}", reply.text());

    // 5 and 6: what is missing, and what happened.
    let doctor = at(&practice, &["doctor"], "");
    assert_eq!(doctor.code, 0, "{}", doctor.stdout);
    for missing in ["baa-missing", "training-not-current", "attestation-not-current", "device-not-managed"] {
        assert!(doctor.stdout.contains(missing), "{missing}: {}", doctor.stdout);
    }
    let verified = at(&practice, &["audit", "verify"], "");
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
}

#[test]
fn p13_five_questions_at_most_each_with_a_safe_default_and_what_cannot_be_used_is_asked_again() {
    let empty = tempfile::tempdir().expect("a folder");
    let asked = at(
        empty.path(),
        &["init", "clinic", "--profile", "clinic"],
        "Riverside \"Group\"\nmidnight\n-05:00\nopen-ai\n2020-01-01\n2099-12-31\nsk-not-a-name\nRIVERSIDE_KEY\n",
    );
    assert_eq!(asked.code, 0, "{}", asked.stderr);
    for (question, times) in [
        ("organisation called", 1),
        ("offset from UTC", 2),
        ("do you begin with", 1),
        ("(BAA)", 2),
        ("hold your key", 2),
    ] {
        assert_eq!(asked.stderr.matches(question).count(), times, "{question}: {}", asked.stderr);
    }
    let text = std::fs::read_to_string(empty.path().join("clinic/asepsis.toml")).expect("a configuration");
    for line in [
        "organisation = 'Riverside \"Group\"'",
        "utc_offset = \"-05:00\"",
        "pack = \"clinic\"",
        "key_env = \"RIVERSIDE_KEY\"",
        "last_day = \"2099-12-31\"",
        "base_url = \"https://api.openai.com\"",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains("sk-not-a-name"));
    // A vendor that nobody has looked at gets nothing.
    let checked = at(&empty.path().join("clinic"), &["check"], "");
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    assert!(checked.stdout.contains("nothing goes"), "{}", checked.stdout);

    let again = at(empty.path(), &["init", "clinic", "--profile", "clinic", "--yes"], "");
    assert!(again.code == 2 && again.stderr.contains("is there already"), "{} {}", again.code, again.stderr);
    let unanswered = at(empty.path(), &["init", "other", "--profile", "clinic"], "");
    assert!(unanswered.code == 2 && unanswered.stderr.contains("--yes"), "{} {}", unanswered.code, unanswered.stderr);
    assert!(!empty.path().join("other").exists(), "nothing is written");
}

#[test]
fn p13_every_profile_is_valid_and_its_policies_stand_their_tests() {
    for (profile, vendor) in
        [("dental", "stand-in"), ("clinic", "local"), ("hospital", "anthropic"), ("research", "open-ai")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let init = at(folder.path(), &["init", "--profile", profile, "--vendor", vendor, "--yes"], "");
        assert_eq!(init.code, 0, "{profile}: {}", init.stderr);
        // The key is for what goes beyond this machine.
        let mut check = asepsis();
        check.arg("check").current_dir(folder.path()).env("OPENAI_API_KEY", "x").env("ANTHROPIC_API_KEY", "x");
        let checked = run(&mut check, b"");
        assert_eq!(checked.code, 0, "{profile}: {}{}", checked.stdout, checked.stderr);
        let tested = at(folder.path(), &["policy", "test"], "");
        assert_eq!(tested.code, 0, "{profile}: {}{}", tested.stdout, tested.stderr);
    }
}
