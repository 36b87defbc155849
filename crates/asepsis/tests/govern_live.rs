//! No approval, no traffic; a fact that an approval rests on is gone, and the next exchange is de-identified: in a gateway that runs.

mod support;

#[path = "support/clock.rs"]
mod clock;

use clock::Clock;
use serde_json::json;
use support::acme::{add_agreement, add_system, add_vendor, ok};
use support::{Ran, Setup, Site, asepsis, run, user, wait_until};
use time::macros::datetime;

const NOTE: &str = "Call Anna Lind, MRN 4711234, about the results.";

/// A site under the policies for providers, whose second AI system, vendor and agreement stand in the store, unassessed.
fn site(env: &[(String, String)]) -> Site {
    let extra = r#"
[policy]
pack = "us-provider"

[policy.settings]
unlabelled = "ordinary"
unscreened = "accept"

[inspect]
accept_first_layer = true

[[person]]
user = "dr-test"

[person.standing]
training = true
attestation = true
managed_device = true
"#;
    let setup = env.iter().fold(Setup::new(), |setup, (name, value)| setup.env(name, value));
    let site = setup.extra(extra).start();
    add_vendor(&site, &[]);
    let system = [
        "models=acme-*",
        "forms=pseudonymised,deidentified",
        "autonomy=1",
        "clinical_impact=none",
        "data_classes=limited",
    ];
    add_system(&site, "acme-chat", &system);
    let clauses = [
        "breach_notice_hours=72;grade=B",
        "deletion_on_end=yes;grade=B",
        "training_ban=yes;grade=B",
        "subcontractor_flowdown=yes;grade=B",
    ];
    add_agreement(&site, "acme-chat", &clauses);
    site
}

fn answer(site: &Site, of: &str, facts: &[&str], proof: &[&str]) {
    let facts: Vec<&str> = facts.iter().flat_map(|fact| ["--fact", fact]).collect();
    ok(site, &[&["assess", "answer", of], facts.as_slice(), proof, &["--basis", "intake 7"]].concat());
}

/// Keeps a report on the vendor that is good until this day, and states what it proves.
fn prove(site: &Site, id: &str, last_day: &str) {
    let soc2 = site.folder().join("soc2.pdf");
    std::fs::write(&soc2, "%PDF-1.7 what an auditor found").expect("a file");
    let soc2 = soc2.to_str().expect("a path");
    let about =
        ["--vendor", "acme", "--kind", "SOC2-II", "--issuer", "Auditor", "--valid-to", last_day, "--basis", "intake 7"];
    ok(site, &[&["evidence", "add", soc2, "--id", id], about.as_slice()].concat());
    let source = format!("evidence:{id}");
    let by_report = ["--grade", "A", "--source", &source];
    let questions = ["mfa=yes", "access=yes", "encryption_rest=yes", "encryption_transit=yes", "logging_available=yes"];
    answer(site, "acme", &questions, &by_report);
    let more = ["tenant_isolation=yes", "incident_plan=yes", "cert_soc2=yes", "tls_least=1.2", "change_notice_days=30"];
    answer(site, "acme", &more, &by_report);
}

/// States all that an approval needs.
fn answer_all(site: &Site, last_day: &str) {
    prove(site, "acme-soc2", last_day);
    answer(site, "acme-chat", &["trains_on_data=no", "retention_days=30", "regions=us"], &["--grade", "B"]);
    let rest = ["patient_facing=no", "intended_use=letters", "human_review_of_data=no", "no_outside_party=no"];
    answer(site, "acme-chat", &rest, &[]);
}

fn approve(site: &Site, env: &[(String, String)], of: &str, key: &str) -> Ran {
    let mut command = asepsis();
    command.envs(env.iter().cloned()).env("USER", "ann").env("KEY", key).arg("--config").arg(site.config());
    run(command.args(["assess", "approve", of, "--basis", "committee 4", "--second-person-key-env", "KEY"]), b"")
}

fn form(site: &Site) -> Option<String> {
    let reply = site.chat(&json!({ "model": "acme-echo", "messages": [user(NOTE)] }));
    reply.header("x-asepsis-form").filter(|_| reply.status == 200).map(str::to_owned)
}

#[test]
fn r30_c28_an_approval_opens_the_way_and_a_fact_that_goes_makes_it_poorer() {
    let site = site(&[]);
    let officer = site.key("officer.two", "analyst");
    assert_eq!(form(&site), None);
    answer_all(&site, "2099-03-31");

    // The vendor alone, or the system alone, is not enough.
    assert_eq!(form(&site), None);
    let approved = approve(&site, &[], "acme-chat", &officer);
    assert_eq!(approved.code, 0, "{}", approved.stderr);
    assert_eq!(form(&site), None);
    let approved = approve(&site, &[], "acme", &officer);
    assert_eq!(approved.code, 0, "{}", approved.stderr);
    wait_until("the approved system is served", || form(&site).is_some());
    assert_eq!(
        form(&site).as_deref(),
        Some("pseudonymised"),
        "{}{}",
        ok(&site, &["system", "show", "acme-chat"]),
        ok(&site, &["vendor", "show", "acme"])
    );
    assert!(!site.saw("Anna Lind"));

    // Each of these takes something away that the approval rests on, and gives it back.
    for (gone, back) in [
        (
            &["assess", "answer", "acme", "--fact", "mfa=unknown", "--basis", "b"][..],
            &["assess", "answer", "acme", "--fact", "mfa=yes", "--basis", "b"][..],
        ),
        (
            &["agreement", "set", "acme-baa", "deletion_on_end=", "--basis", "b"],
            &["agreement", "set", "acme-baa", "deletion_on_end=yes", "--basis", "b"],
        ),
        (
            &["agreement", "set", "acme-baa", "state=terminated", "--basis", "b"],
            &["agreement", "set", "acme-baa", "state=signed", "--basis", "b"],
        ),
        (
            &["system", "set", "acme-chat", "regions=", "--basis", "b"],
            &["system", "set", "acme-chat", "regions=us", "--basis", "b"],
        ),
    ] {
        ok(&site, gone);
        wait_until("the approval lapses", || form(&site).as_deref() == Some("deidentified"));
        ok(&site, back);
        wait_until("it stands again", || form(&site).as_deref() == Some("pseudonymised"));
    }
    assert!(!site.saw("4711234"));

    // The report is gone, and with it what rested on it.
    ok(&site, &["evidence", "remove", "acme-soc2", "--basis", "withdrawn"]);
    wait_until("the approval lapses with its document", || form(&site).as_deref() == Some("deidentified"));
    let shown = site.run(["assess", "acme-chat"]);
    assert!(shown.code == 1 && shown.stdout.contains("LAPSED      it rests on `encryption_rest`"), "{}", shown.stdout);
}

#[test]
fn c16_the_first_exchange_after_a_reports_last_day_is_de_identified() {
    let Some(clock) = Clock::start("a report that ends at midnight") else { return };
    clock.set(datetime!(2026-12-01 12:00 UTC));
    let site = site(&clock.environment());
    let officer = site.key("officer.two", "analyst");
    answer_all(&site, "2026-12-31");
    for of in ["acme-chat", "acme"] {
        let approved = approve(&site, &clock.environment(), of, &officer);
        assert!(
            approved.code == 0 && approved.stdout.contains("stands until 2026-12-31"),
            "{}{}",
            approved.stdout,
            approved.stderr
        );
    }
    wait_until("the approved system is served", || form(&site).as_deref() == Some("pseudonymised"));
    clock.set(datetime!(2026-12-31 23:59:30 UTC));
    assert_eq!(form(&site).as_deref(), Some("pseudonymised"));
    clock.set(datetime!(2027-01-01 00:00 UTC));
    assert_eq!(form(&site).as_deref(), Some("deidentified"));
    assert!(!site.saw("Anna Lind"));
    let shown = site.run(["assess", "acme-chat"]);
    assert!(shown.code == 1 && shown.stdout.contains("the document ended on 2026-12-31"), "{}", shown.stdout);
    assert_eq!(site.run(["evidence", "list"]).code, 1);
    // A new report, and the facts that it proves: the approval stands again, until its own review.
    prove(&site, "acme-soc2-2027", "2027-12-31");
    wait_until("the approval stands again", || form(&site).as_deref() == Some("pseudonymised"));
}
