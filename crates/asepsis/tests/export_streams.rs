//! `asepsis serve` with `[export]`: what goes through the gateway arrives at rsyslog and at an OTLP collector, and nothing that
//! identifies a patient does.

mod support;

#[path = "../../asepsis-export/tests/support/receivers.rs"]
mod receivers;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use receivers::{Rotel, Rsyslog, certificates, event_id, left_out};
use serde_json::json;
use support::{Setup, Site, contains, request, user, wait_until};

/// What identifies a patient, and what a user says besides.
const PLANTED: [&str; 6] =
    ["Wilhelmina Osterhagen", "Osterhagen", "517-83-2964", "mrn 00418273", "wilma.oster@example.org", "sarcoidosis"];

fn installed() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_asepsis"));
    let target =
        binary.ancestors().find(|a| a.join("CACHEDIR.TAG").exists()).expect("the binary is in a target folder");
    target.join("sdk/audit")
}

fn ask(site: &Site) {
    let text = format!(
        "Patient {}, SSN {}, {}, {}: does {} explain the cough?",
        PLANTED[0], PLANTED[2], PLANTED[3], PLANTED[4], PLANTED[5]
    );
    let answer = site.chat(&json!({"model": "standin-echo", "messages": [user(&text)]}));
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains(PLANTED[1]), "the answer is given back with what the surrogates stand for");
}

/// The names of all entries that the log has.
fn logged(site: &Site) -> BTreeSet<String> {
    let name = |entry: &serde_json::Value| {
        let text = |name: &str| entry[name].as_str().expect("a string").to_owned();
        format!("{}-{}", text("exchange"), text("phase"))
    };
    site.audit(&[]).iter().map(name).collect()
}

fn arrived(rsyslog: &Rsyslog) -> BTreeSet<String> {
    rsyslog.received().iter().filter_map(|message| event_id(message).map(str::to_owned)).collect()
}

fn metrics(site: &Site) -> String {
    request(site.address(), "GET", "/metrics", &[], b"").text()
}

#[test]
fn c6_what_the_gateway_records_arrives_though_receivers_and_gateway_die_and_holds_no_identifier() {
    if left_out() {
        return;
    }
    let folders: [tempfile::TempDir; 3] = std::array::from_fn(|_| tempfile::tempdir().expect("a temporary folder"));
    let [cef_at, atna_at, otlp_at] = folders.each_ref().map(tempfile::TempDir::path);
    for folder in [cef_at, atna_at] {
        certificates(folder);
    }
    let mut cef = Rsyslog::start(cef_at, None);
    let mut atna = Rsyslog::start(atna_at, Some("gateway.example.org"));
    let mut rotel = Rotel::start(&installed(), otlp_at);
    let extra = format!(
        "\n[[export.syslog]]\nname = \"siem\"\naddress = \"127.0.0.1:{}\"\nformat = \"cef\"\nca_file = {:?}\nwindow = 3\n\
         \n[[export.syslog]]\nname = \"arr\"\naddress = \"localhost:{}\"\nformat = \"atna\"\nca_file = {:?}\n\
         certificate = {:?}\nkey = {:?}\n\
         \n[[export.otlp]]\nname = \"otel\"\nurl = \"http://127.0.0.1:{}/v1/logs\"\nheader = \"x-token\"\nheader_env = \"TEST_OTLP\"\n",
        cef.port,
        cef_at.join("ca.pem"),
        atna.port,
        atna_at.join("ca.pem"),
        atna_at.join("client.pem"),
        atna_at.join("client.key"),
        rotel.port,
    );
    let mut site = Setup::new().extra(&extra).env("TEST_OTLP", "s3cr3t-t0ken").start();
    for _ in 0..4 {
        ask(&site);
    }
    wait_until("all arrive", || [&cef, &atna].iter().all(|rsyslog| arrived(rsyslog) == logged(&site)));
    wait_until("all are confirmed", || {
        let metrics = metrics(&site);
        ["siem", "arr", "otel"]
            .iter()
            .all(|s| metrics.contains(&format!("asepsis_export_lag_entries{{stream=\"{s}\"}} 0")))
    });

    // Without receivers care goes on; what is recorded waits, and is seen to wait.
    cef.kill();
    atna.kill();
    rotel.stop();
    for _ in 0..4 {
        ask(&site);
    }
    wait_until("the streams fail", || {
        let metrics = metrics(&site);
        ["siem", "arr", "otel"].iter().all(|s| {
            metrics.contains(&format!("asepsis_export_unsent_entries{{stream=\"{s}\"}} 8"))
                && metrics.contains(&format!("asepsis_export_failures_total{{stream=\"{s}\",kind=\"unreachable\"}}"))
                && metrics.contains(&format!("asepsis_export_failing{{stream=\"{s}\"}} 1"))
        })
    });
    let shown = metrics(&site);
    let said = site.gateway().said();
    assert!(said.contains("kind=\"unreachable\"") && said.contains("stream=\"siem\""), "{said}");
    site.kill();
    cef.start_again();
    atna.start_again();
    rotel.start_again();
    site.start_again();
    ask(&site);
    let all = logged(&site);
    assert_eq!(all.len(), 18);
    wait_until("all arrive", || [&cef, &atna].iter().all(|rsyslog| arrived(rsyslog) == all));
    wait_until("all are taken", || metrics(&site).contains("asepsis_export_lag_entries{stream=\"otel\"} 0"));
    let said = said + &site.gateway().said();
    assert_eq!(site.stop(), Some(0));
    rotel.stop();
    for name in &all {
        assert!(rotel.received().contains(&format!("asepsis.event.id: Str({name})")), "{name}");
    }

    let everything = [
        cef.received().join("\n"),
        atna.received().join("\n"),
        cef.said() + &atna.said(),
        rotel.received(),
        shown,
        said,
        ["siem", "arr", "otel"].map(|s| read(&site.data_dir().join(format!("export/{s}.json")))).concat(),
    ];
    assert!(everything.iter().take(4).step_by(3).all(|text| text.contains("NAME")), "classes are told");
    for text in &everything {
        for planted in PLANTED.iter().chain(&["s3cr3t-t0ken"]) {
            assert!(!contains(text.as_bytes(), planted), "{planted} stands in what was sent or said");
        }
    }
    assert_eq!(site.run(["audit", "verify"]).code, 0);
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

#[test]
fn c6_what_is_wrong_in_the_section_export_is_named() {
    let syslog = "[[export.syslog]]\nname = \"siem\"\naddress = \"siem.example.org:6514\"\nformat = \"cef\"\n";
    let otlp = "[[export.otlp]]\nname = \"otel\"\nurl = \"https://otel.example.org/v1/logs\"\n";
    let with = |table: &str, from: &str, to: &str| table.replace(from, to);
    for (table, part) in [
        (with(syslog, "\"siem\"", "\"Our SIEM\""), "the name `Our SIEM` must be 1 to 40 of a-z, 0-9 and -"),
        (format!("{syslog}{}", with(otlp, "\"otel\"", "\"siem\"")), "two streams are named `siem`"),
        (with(syslog, ":6514", ""), "address must look like siem.example.org:6514"),
        (with(syslog, "\"cef\"", "\"leef\""), "the formats are atna, cef and ocsf"),
        (format!("{syslog}window = 0\n"), "window = 0 must be from 1 to 100000"),
        (format!("{syslog}certificate = \"c.pem\"\n"), "a certificate and its key come together"),
        (format!("{syslog}ca_file = \"nowhere.pem\"\n"), "[export] `siem`: cannot read certificates from"),
        (format!("{syslog}confirm = \"never\"\n"), "unknown variant `never`, expected `close` or `written`"),
        (format!("{syslog}colour = \"red\"\n"), "unknown field `colour`"),
        (with(otlp, "https://", "http://"), "plain HTTP is for this machine alone"),
        (format!("{otlp}header = \"authorization\"\n"), "a header needs header_env or header_file"),
        (
            format!("{otlp}header = \"x\"\nheader_env = \"NO_SUCH_VARIABLE\"\n"),
            "NO_SUCH_VARIABLE (header_env) is not set",
        ),
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("asepsis.toml");
        let text = format!("[server]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"data\"\n{table}");
        std::fs::write(&config, text).expect("write the configuration");
        let ran = support::run(support::asepsis().arg("serve").arg("--config").arg(&config), b"");
        assert!(ran.code == 2 && ran.stderr.contains(part), "{table}\n{}", ran.stderr);
    }
}
