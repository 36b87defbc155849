//! AI within the organisation's own walls: a network namespace that has no way out.
#![cfg(target_os = "linux")]

mod support;

use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use serde_json::json;
use support::{Setup, user};

/// Set for the part of the test that runs inside.
const INSIDE: &str = "ASEPSIS_TEST_INSIDE";

#[test]
#[expect(clippy::print_stderr, reason = "who runs the tests has to see what was left out")]
fn c29_without_a_way_out_work_with_patient_data_goes_on_and_nothing_leaves() {
    const NAME: &str = "c29_without_a_way_out_work_with_patient_data_goes_on_and_nothing_leaves";
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let may = Command::new("unshare").args(["--net", "true"]).output();
    if !may.is_ok_and(|ran| ran.status.success()) {
        eprintln!("left out: c29 needs root and `unshare`, to make a network without a way out");
        return;
    }
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]).arg(program);
    let ran = command.args(["--exact", NAME, "--nocapture"]).env(INSIDE, "1").output().expect("unshare runs");
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}

/// With nothing but this machine's own loopback.
fn inside() {
    let beyond: SocketAddr = "192.0.2.1:443".parse().expect("an address for documentation, RFC 5737");
    assert!(TcpStream::connect_timeout(&beyond, Duration::from_secs(2)).is_err(), "there is a way out");

    // A model on this machine, and one that the same configuration has beyond it.
    let outside = "\n[[system]]\nid = \"outside\"\nvendor = \"standin\"\nprotocol = \"openai\"\n\
                   base_url = \"https://192.0.2.1\"\nmodels = [\"outside\"]\nroles = [\"clinician\"]\npurposes = [\"TREAT\"]\n\
                   default_purpose = \"TREAT\"\nforms = [\"deidentified\"]\n\n[inspect]\naccept_first_layer = true\n";
    // The model is the organisation's own, so there is nobody to have an agreement with.
    let own = "facts = { no_outside_party = { value = true, grade = \"C\", source = \"machine room\" } }";
    let site = Setup::new().no_agreement().system_lines(own).limits("connect_seconds = 2").extra(outside).start();
    let ask = |model: &str| {
        site.chat(&json!({"model": model, "messages": [user("Martha Collins, MRN 4471902, has no pain.")]}))
    };
    let reply = ask("standin-echo");
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.text().contains("Martha Collins, MRN 4471902"), "names are put back: {}", reply.text());
    assert!(!site.saw("Collins"));
    let refused = ask("outside");
    assert_eq!(refused.status, 502, "{}", refused.text());
    assert!(refused.text().contains("upstream_unreachable"), "{}", refused.text());
    let files = site.run_with_input(["scan", "--jsonl"], b"{\"id\": \"1\", \"text\": \"Martha Collins\"}\n");
    assert!(files.code == 0 && files.stdout.contains("NAME"), "{}{}", files.stdout, files.stderr);
    assert_eq!(site.run(["audit", "verify"]).code, 0);
}
