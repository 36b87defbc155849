//! Policies as an officer uses them: checked, simulated, proved, applied to a gateway that runs, and taken back.

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::{Setup, Site, user, wait_until};

const TEXT: &str = "Patient: Martha Collins, SSN 536-90-4399, was seen.";

fn chat(site: &Site) -> support::Reply {
    site.chat(&json!({"model": "standin-echo", "messages": [user(TEXT)]}))
}

/// Adds lines to the configuration.
fn configure(site: &Site, lines: &str) {
    let before = std::fs::read_to_string(site.config()).expect("a configuration");
    std::fs::write(site.config(), format!("{before}\n{lines}\n")).expect("written");
}

/// The entries of an exchange.
fn of(site: &Site, exchange: &str) -> Vec<Value> {
    site.audit(&[]).into_iter().filter(|entry| entry["exchange"] == exchange).collect()
}

fn acts(site: &Site) -> Vec<String> {
    site.audit(&[])
        .iter()
        .filter_map(|e| e["act"]["kind"].as_str())
        .filter(|k| k.starts_with("policy_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn c10_a_typo_is_refused_with_its_place_and_a_suggestion_and_what_decides_goes_on() {
    let site = Setup::new().start();
    std::fs::write(
        site.folder().join("site.cedar"),
        "// Ours.\n@id(\"mine\") @reason(\"mine\") @staff(\"No. Sorry.\") @fix(\"Ask.\")\n\
         forbid (principal, action, resource is Asepsis::System)\nwhen { resource has retention_days && resource.retenton_days > 3 };\n\n\
         @id(\"other\") @reason(\"other\") @staff(\"No. Sorry.\") @fix(\"Ask.\") @obliges(\"AUDTI\")\n\
         forbid (principal, action == Asepsis::Action::\"limited\", resource) when { context.purpose == \"TREET\" };\n",
    )
    .expect("written");
    configure(&site, "[policy]\nfiles = [\"site.cedar\"]");
    let checked = site.run(["policy", "check"]);
    assert_eq!(checked.code, 1, "{}{}", checked.stdout, checked.stderr);
    assert!(
        checked.stdout.contains("site.cedar:4:") && checked.stdout.contains("did you mean `retention_days`?"),
        "{}",
        checked.stdout
    );
    assert!(checked.stdout.contains("`AUDTI`") && checked.stdout.contains("`TREAT`"), "{}", checked.stdout);
    let applied = site.run(["policy", "apply", "--basis", "ticket 1"]);
    assert_eq!(applied.code, 1, "{}", applied.stderr);
    assert_eq!(chat(&site).status, 200);
    assert_eq!(site.run(["policy", "versions"]).stdout.lines().count(), 0);
    assert_eq!(acts(&site), [] as [&str; 0]);
}

#[test]
fn c18_policies_are_simulated_applied_to_a_running_gateway_and_rolled_back() {
    let site = Setup::new().start();
    let first = site.run(["policy", "apply", "--basis", "ticket 1"]);
    assert_eq!(first.code, 0, "{}{}", first.stdout, first.stderr);
    wait_until("the first version is taken", || acts(&site).contains(&"policy_applied".to_owned()));
    let before = chat(&site);
    assert_eq!(before.header("x-asepsis-form"), Some("pseudonymised"), "{}", before.text());

    // What was recorded has the facts, once, and nothing of the text.
    let entries = of(&site, before.exchange());
    let with_facts: Vec<&Value> = entries.iter().filter(|e| e["facts"].is_object()).collect();
    assert_eq!(with_facts.len(), 1, "{entries:?}");
    assert_eq!(with_facts[0]["phase"], "intent");
    assert!(!entries.iter().any(|e| e.to_string().contains("Collins")));

    // A draft asks for approved vendors, which nobody entered: the simulation says so, before anything changes.
    configure(&site, "[policy]\npack = \"us-provider\"");
    let simulated = site.run(["policy", "simulate"]);
    assert_eq!(simulated.code, 1, "{}{}", simulated.stdout, simulated.stderr);
    assert!(
        simulated.stdout.contains("pseudonymised -> nothing (poorer), because system-not-approved"),
        "{}",
        simulated.stdout
    );
    assert!(simulated.stdout.contains(before.exchange()), "{}", simulated.stdout);
    assert_eq!(chat(&site).status, 200);

    let applied = site.run(["policy", "apply", "--basis", "ticket 2"]);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    wait_until("the second version decides", || chat(&site).status == 403);
    let refused = chat(&site).text();
    for part in [
        "Nobody has approved this AI tool yet.",
        "Assess the system",
        "privacy officer",
        "system-not-approved",
        "45 CFR",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    let named = site.audit(&["--status", "refused"]);
    let versions = named.last().expect("it was refused")["versions"].to_string();
    assert!(versions.contains("us-provider@"), "{versions}");

    let back = site.run(["policy", "rollback", "--basis", "ticket 3"]);
    assert_eq!(back.code, 0, "{}{}", back.stdout, back.stderr);
    wait_until("the first version decides again", || chat(&site).status == 200);
    wait_until("it is recorded", || acts(&site).contains(&"policy_rolled_back".to_owned()));
    assert!(site.run(["policy", "versions"]).stdout.starts_with("*    1 "));
    assert_eq!(site.run(["policy", "rollback", "--basis", "ticket 4"]).code, 2, "there is nothing before the first");
}

/// The kill switch, without a restart: the configuration is read again on SIGHUP, and one that cannot be used changes nothing.
#[test]
fn r12_the_kill_switch_takes_effect_on_sighup_and_a_broken_file_changes_nothing() {
    let site = Setup::new().start();
    assert_eq!(chat(&site).status, 200);
    let good = std::fs::read_to_string(site.config()).expect("a configuration");
    let hang_up = || {
        let id = site.gateway().id().to_string();
        Command::new("sh").args(["-c", "kill -HUP \"$1\"", "sh", &id]).status().expect("sh runs");
    };
    std::fs::write(site.config(), good.replace("models = [\"standin*\"]", "models = [\"standin*\"]\nstoped = true"))
        .expect("written");
    hang_up();
    wait_until("it is refused", || site.gateway().said().contains("what decides goes on deciding"));
    assert_eq!(chat(&site).status, 200);
    std::fs::write(site.config(), good.replace("models = [\"standin*\"]", "models = [\"standin*\"]\nstopped = true"))
        .expect("written");
    hang_up();
    wait_until("the switch is off", || chat(&site).status == 403);
    assert!(chat(&site).text().contains("switched-off"));
    assert_eq!(acts(&site), ["policy_refused", "policy_applied"]);
}

#[test]
fn c11_c12_labels_purposes_and_the_minimum_necessary_decide_on_the_wire() {
    let known = "retention_days = 0\ntrains_on_data = false\nstatus = \"approved\"\npatient_facing = false";
    let site = Setup::new()
        .forms(&["identified", "deidentified"])
        .system_lines(known)
        .extra("\n[inspect]\naccept_first_layer = true\n")
        .start();
    let config = std::fs::read_to_string(site.config()).expect("a configuration");
    let standing = "standing = { training = true, attestation = true, managed_device = true }";
    let config = config
        .replace("name = \"Stand-in vendor\"", "name = \"Stand-in vendor\"\nstatus = \"approved\"")
        .replace("restore = true", &format!("restore = true\n{standing}"));
    std::fs::write(site.config(), config + "\n[policy]\npack = \"us-provider\"\n").expect("written");
    let applied = site.run(["policy", "apply", "--basis", "ticket 1"]);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    Command::new("sh")
        .args(["-c", "kill -HUP \"$1\"", "sh", &site.gateway().id().to_string()])
        .status()
        .expect("sh runs");
    let body =
        json!({"model": "standin-echo", "messages": [user("Martha Collins, MRN 4471902, martha.collins@example.org")]});
    let ask = |purpose: &str, labels: &str| {
        let headers = [("x-api-key", site.clinician()), ("x-asepsis-purpose", purpose), ("x-asepsis-labels", labels)];
        site.request("POST", "/v1/chat/completions", &headers, body.to_string().as_bytes())
    };
    let form = |reply: &support::Reply| reply.header("x-asepsis-form").unwrap_or_default().to_owned();
    wait_until("the pack decides", || form(&ask("TREAT", "none")) == "identified");
    let last = |site: &Site| site.seen().last().expect("something was sent").body.clone();
    assert!(last(&site).contains("Martha Collins") && last(&site).contains("martha.collins@example.org"));

    // For payment the name and number stay, what payment does not need gets surrogates, and the record says so.
    let paid = ask("HPAYMT", "none");
    assert_eq!(form(&paid), "identified", "{}", paid.text());
    assert!(
        last(&site).contains("Martha Collins") && !last(&site).contains("martha.collins@example.org"),
        "{}",
        last(&site)
    );
    let recorded = of(&site, paid.exchange());
    assert!(recorded[0]["decision"]["rules"].to_string().contains("obliges:MINEC"), "{recorded:?}");

    assert_eq!(form(&ask("TREAT", "psythpn")), "deidentified");
    assert!(!last(&site).contains("Collins"), "{}", last(&site));

    // Records of treatment for substance use go only with their notice, and only under an agreement of their own.
    let notice = "42 CFR part 2 prohibits unauthorized use or disclosure of these records.";
    assert_eq!(form(&ask("TREAT", "SUD")), "deidentified");
    assert!(!last(&site).contains(notice), "de-identified text is no record of anybody");
    let config = std::fs::read_to_string(site.config()).expect("a configuration");
    let qsoa = "[[vendor.agreement]]\nid = \"qsoa-1\"\nkind = \"qsoa\"\nstate = \"signed\"\nfirst_day = \"2020-01-01\"\n\
                open_ended = true\nsystems = [\"standin-chat\"]\n\n[[vendor.agreement]]";
    std::fs::write(site.config(), config.replacen("[[vendor.agreement]]", qsoa, 1)).expect("written");
    Command::new("sh")
        .args(["-c", "kill -HUP \"$1\"", "sh", &site.gateway().id().to_string()])
        .status()
        .expect("sh runs");
    wait_until("the agreement is known", || form(&ask("TREAT", "SUD")) == "identified");
    let sent: serde_json::Value = serde_json::from_str(&last(&site)).expect("it is JSON");
    let text = sent["messages"][0]["content"].as_str().expect("a text");
    assert!(text.starts_with(&format!("{notice}\n\nMartha Collins")), "{text}");
    let recorded = of(&site, ask("TREAT", "SUD").exchange());
    assert!(recorded[0]["decision"]["rules"].to_string().contains("obliges:PRIVMARK"), "{recorded:?}");
    let unread = json!({"model": "standin-echo", "messages": [user("{\"note\": \"Martha Collins\"}")]});
    let headers = [("x-api-key", site.clinician()), ("x-asepsis-purpose", "TREAT"), ("x-asepsis-labels", "SUD")];
    let refused = site.request("POST", "/v1/chat/completions", &headers, unread.to_string().as_bytes());
    assert!(refused.status == 422 && refused.text().contains("notice_needs_text"), "{}", refused.text());

    let wrong = ask("TREAT", "SECRET-LABEL");
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    assert!(wrong.text().contains("PSYTHPN") && !wrong.text().contains("SECRET-LABEL"));
}

#[test]
fn r31_every_outcome_of_explain_names_form_rule_reason_fix_exception_and_the_sheet_is_written() {
    let site = Setup::new().no_agreement().start();
    let explained =
        site.run(["policy", "explain", "--role", "clinician", "--system", "standin-chat", "--classes", "NAME,SSN"]);
    assert_eq!(explained.code, 3, "{}", explained.stderr);
    for part in [
        "decision: nothing (baa-missing)",
        "rule baa-missing (D2, 45 CFR 164.502(e)(1), 164.504(e), as of",
        "what helps:",
        "exception:",
        "for the privacy officer:",
    ] {
        assert!(explained.stdout.contains(part), "{part}: {}", explained.stdout);
    }
    let tested = site.run(["policy", "test"]);
    assert_eq!(tested.code, 0, "{}", tested.stdout);
    let sheet = site.run(["policy", "sheet"]);
    assert!(sheet.code == 0 && sheet.stdout.contains("## standin-chat for"), "{}", sheet.stderr);
    assert!(site.run(["policy", "sheet", "--html"]).stdout.contains("<table>"));
    let codes = site.run(["policy", "codes", "obligation"]);
    assert!(codes.stdout.contains("PSEUD") && codes.stdout.contains("nobody carries it out"), "{}", codes.stdout);
    assert_eq!(site.run(["policy", "codes", "colours"]).code, 2);
}

/// A site's own rule that opens a hole is found out before it is applied.
#[test]
fn a_hole_is_shown_by_diff_with_the_request_that_goes_through_it() {
    let left_out = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    if left_out.split(',').any(|word| word.trim() == "proof") {
        return;
    }
    let site = Setup::new().start();
    std::fs::write(
        site.folder().join("site.cedar"),
        "@id(\"chief\") @reason(\"chief\") @staff(\"Sent. The chief may.\")\n\
         permit (principal, action == Asepsis::Action::\"identified\", resource) when { principal.role == Asepsis::Role::\"chief\" };\n",
    )
    .expect("written");
    configure(&site, "[policy]\nfiles = [\"site.cedar\"]");
    let diff = site.run(["policy", "diff"]);
    assert_eq!(diff.code, 1, "{}{}", diff.stdout, diff.stderr);
    assert!(diff.stdout.contains("+ chief (Permit)"), "{}", diff.stdout);
    assert!(diff.stdout.contains("REFUTED  phi-needs-an-agreement-in-force"), "{}", diff.stdout);
    assert!(diff.stdout.contains("proved   no-false-label") && diff.stdout.contains("chief"), "{}", diff.stdout);
    assert!(diff.stdout.contains("identified: something is permitted that was not before"), "{}", diff.stdout);
}

#[test]
fn r24_a_refused_or_poorer_exchange_teaches_in_the_clients_own_protocol() {
    let known = "retention_days = 0\ntrains_on_data = false\nstatus = \"approved\"\npatient_facing = false";
    let mut site = Setup::new()
        .system_lines(known)
        .allowed(&["clinician"])
        .extra("\n[inspect]\naccept_first_layer = true\n\n[coaching]\nin_answers = true\n\n[policy]\npack = \"us-provider\"\n")
        .start();
    site.stop();
    let config = std::fs::read_to_string(site.config()).expect("a configuration");
    let standing = "standing = { training = false, attestation = true, managed_device = true }";
    let config = config
        .replace("name = \"Stand-in vendor\"", "name = \"Stand-in vendor\"\nstatus = \"approved\"")
        .replace("restore = true", &format!("restore = true\n{standing}"));
    std::fs::write(site.config(), config).expect("written");
    site.start_again();
    let ask = |path: &str, model: &str, stream: bool, text: &str| {
        let mut body = json!({"model": model, "stream": stream, "messages": [user(text)]});
        if path == "/v1/messages" {
            body["max_tokens"] = json!(500);
        }
        let headers = [("x-api-key", site.clinician()), ("x-asepsis-labels", "none"), ("x-asepsis-purpose", "TREAT")];
        site.request("POST", path, &headers, body.to_string().as_bytes())
    };
    let taught = "[Asepsis] Found: 1 name. It went without anything that names people. Your AI training is missing or out of date. \
                  Until you finish it, only text without names may go. Finish the short training at /asepsis/training. \
                  It counts from the next question on.";
    let calls = [
        ("/v1/chat/completions", "standin-echo", false),
        ("/v1/chat/completions", "standin-echo", true),
        ("/v1/messages", "standin-messages", false),
        ("/v1/messages", "standin-messages", true),
    ];
    for (path, model, stream) in calls {
        let reply = ask(path, model, stream, "Write to Martha Collins.");
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.text().matches(taught).count(), 1, "{path} {stream}: {}", reply.text());
        assert_eq!(reply.header("x-asepsis-found"), Some("NAME=1"));
        assert!(reply.header("x-asepsis-coaching").is_some_and(|said| said.contains("AI training is missing")));
    }
    // What a program reads is left alone.
    let data = ask("/v1/chat/completions", "standin-echo", false, "{\"for\": \"Martha Collins\"}");
    assert!(!data.text().contains("[Asepsis]"), "{}", data.text());
    // Refused: what was found is said as well.
    let stranger = site.key("bob", "front-desk");
    let refused = site.request(
        "POST",
        "/v1/chat/completions",
        &[("x-api-key", &stranger), ("x-asepsis-labels", "none"), ("x-asepsis-purpose", "TREAT")],
        json!({"model": "standin-echo", "messages": [user("Martha Collins, SSN 219-09-9999")]}).to_string().as_bytes(),
    );
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(refused.text().contains("Found: 1 name, 1 social security number."), "{}", refused.text());
}
