//! Agreements, approvals and facts end at the organisation's midnight: the first request after it carries no identifier, the
//! user sees why, and the log proves it. The clock of the real binary is set; what is measured goes on as ever.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "support/clock.rs"]
mod clock;

use clock::Clock;
use serde_json::{Value, json};
use support::acme::{add_agreement, add_system, add_vendor};
use support::{Reply, Setup, Site, user, wait_until};
use time::OffsetDateTime;
use time::macros::datetime;

const NOTE: &str = "Call Anna Lind about the results.";

/// A practice under the rules for providers in the United States, with an AI system in the store of which everything is known.
struct Practice {
    site: Site,
    clock: Clock,
    marked: std::cell::Cell<u32>,
}

/// The practice at noon of 2026-12-01; `None` where tests with a clock are left out.
fn practice(what: &str, server_lines: &str) -> Option<Practice> {
    let clock = Clock::start(what)?;
    clock.set(datetime!(2026-12-01 12:00 UTC));
    let mut setup = Setup::new().server_lines(server_lines).extra(
        "\n[inspect]\naccept_first_layer = true\n[policy]\npack = \"us-provider\"\n[policy.settings]\nregions = [\"us\"]\n\
         [[person]]\nuser = \"dr-test\"\nstanding = { attestation = true, training = true, managed_device = true }\n",
    );
    for (name, value) in clock.environment() {
        setup = setup.env(&name, &value);
    }
    let site = setup.start();
    let practice = Practice { site, clock, marked: 0.into() };
    add_vendor(&practice.site, &["status=approved", "mfa=yes"]);
    for (id, forms) in [("acme-chat", "forms=identified,deidentified"), ("acme-strict", "forms=identified")] {
        let models = format!("models={id}*");
        let known = ["status=approved", "retention_days=0", "trains_on_data=no", "regions=us", "patient_facing=no"];
        add_system(&practice.site, id, &[&[models.as_str(), forms], known.as_slice()].concat());
    }
    add_agreement(&practice.site, "acme-chat,acme-strict", &[]);
    wait_until("the systems are served", || practice.form().as_deref() == Some("identified"));
    Some(practice)
}

impl Practice {
    fn ok(&self, arguments: &[&str]) {
        let ran = self.site.run(arguments.iter().chain(&["--basis", "ticket 4711"]));
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    }

    fn ask(&self, model: &str) -> Reply {
        self.site.chat(&json!({"model": model, "messages": [user(NOTE)]}))
    }

    fn form(&self) -> Option<String> {
        self.ask("acme-chat-echo").header("x-asepsis-form").map(str::to_owned)
    }

    /// Waits until what was changed by command counts: a change behind it, which can be seen, is taken with it or later.
    fn settle(&self) {
        let marker = format!("marker-{}", self.marked.replace(self.marked.get() + 1));
        self.ok(&["stop", "tool", &marker]);
        let tools = json!([{"type": "function", "function": {"name": marker, "parameters": {"type": "object"}}}]);
        let body = json!({"model": "acme-chat-echo", "tools": tools, "messages": [user("Hello")]});
        wait_until("the change counts", || self.site.chat(&body).json()["error"]["code"] == "stopped");
    }

    /// Waits until what was changed by command counts, and looks at what it comes to.
    fn settled(&self, form: &str) {
        self.settle();
        assert_eq!(self.form().as_deref(), Some(form));
    }

    /// Whether the request that the vendor got last names the patient.
    fn last_names_her(&self) -> bool {
        self.site.seen().last().unwrap().body.contains("Anna Lind")
    }

    /// At `before` the patient's name goes out; from `after` on it does not, the user who asks for nothing else is told why in
    /// these words, and the log says which form went and by which rule the other did not.
    fn ends(&self, (before, after): (OffsetDateTime, OffsetDateTime), told: &str) {
        self.clock.set(before);
        let reply = self.ask("acme-chat-echo");
        assert_eq!(reply.header("x-asepsis-form"), Some("identified"), "{before}: {}", reply.text());
        assert!(self.last_names_her());

        self.clock.set(after);
        let reply = self.ask("acme-chat-echo");
        assert_eq!(reply.header("x-asepsis-form"), Some("deidentified"), "{after}: {}", reply.text());
        assert!(!self.last_names_her());
        let refused = self.ask("acme-strict-echo");
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert!(refused.text().contains(told), "{}", refused.text());
        let entries = self.site.audit(&[]);
        let of = |reply: &Reply| -> Vec<Value> {
            entries.iter().filter(|entry| entry["exchange"] == reply.exchange()).cloned().collect()
        };
        assert!(of(&reply).iter().any(|entry| entry["decision"]["form"] == "deidentified"), "{:?}", of(&reply));
        let outcome = of(&refused);
        assert_eq!(outcome.len(), 1, "a refused exchange has one entry: {outcome:?}");
        assert_eq!(outcome[0]["outcome"]["status"], "refused");
        assert!(outcome[0]["time"].as_str().unwrap().starts_with(&after.date().to_string()), "{:?}", outcome[0]);
    }
}

#[test]
fn c18_after_the_midnight_at_which_an_agreement_ends_no_identifier_leaves() {
    let Some(practice) = practice("the end of an agreement", "") else { return };
    practice.ok(&["agreement", "set", "acme-baa", "open_ended=", "last_day=2026-12-31"]);
    practice.settled("identified");
    let midnight = (datetime!(2026-12-31 23:59:50 UTC), datetime!(2027-01-01 00:00:00 UTC));
    practice.ends(midnight, "contract");
    // A clock that jumps back finds the agreement in force again, and one that jumps on does not.
    practice.clock.set(datetime!(2026-12-30 12:00 UTC));
    assert_eq!(practice.form().as_deref(), Some("identified"));
    practice.clock.set(datetime!(2027-06-01 12:00 UTC));
    assert_eq!(practice.form().as_deref(), Some("deidentified"));
    let mut site = practice.site;
    assert_eq!(site.stop(), Some(0));
    let verified = site.run(["audit", "verify"]);
    assert!(verified.code == 0, "{}{}", verified.stdout, verified.stderr);
}

#[test]
fn c18_midnight_is_the_organisations_also_across_a_change_of_its_offset() {
    let Some(practice) = practice("midnight where the organisation is", "utc_offset = \"-05:00\"") else { return };
    practice.ok(&["agreement", "set", "acme-baa", "open_ended=", "last_day=2026-12-31"]);
    practice.settled("identified");
    practice.ends((datetime!(2027-01-01 04:59:50 UTC), datetime!(2027-01-01 05:00:00 UTC)), "contract");
    // In March the organisation puts its clocks on an hour: midnight comes an hour earlier.
    practice.ok(&["agreement", "set", "acme-baa", "last_day=2027-03-14"]);
    practice.clock.set(datetime!(2027-03-15 04:30 UTC));
    practice.settled("identified");
    let config = std::fs::read_to_string(practice.site.config()).unwrap();
    std::fs::write(practice.site.config(), config.replace("\"-05:00\"", "\"-04:00\"")).unwrap();
    let id = practice.site.gateway().id().to_string();
    std::process::Command::new("sh").args(["-c", "kill -HUP \"$1\"", "sh", &id]).status().unwrap();
    wait_until("the other offset counts", || practice.form().as_deref() == Some("deidentified"));
    practice.ends((datetime!(2027-03-15 03:59:50 UTC), datetime!(2027-03-15 04:00:00 UTC)), "contract");
}

#[test]
fn c17_c14_c28_r25_facts_that_end_make_the_form_poorer_at_midnight() {
    let Some(practice) = practice("facts that end", "") else { return };
    let midnight = (datetime!(2026-12-31 23:59:50 UTC), datetime!(2027-01-01 00:00:00 UTC));
    let each = |fact: &str, told: &str| {
        for system in ["acme-chat", "acme-strict"] {
            practice.ok(&["system", "set", system, &format!("{fact};grade=B;expires=2026-12-31")]);
        }
        practice.clock.set(midnight.0);
        practice.settled("identified");
        practice.ends(midnight, told);
        practice.clock.set(midnight.0);
        for system in ["acme-chat", "acme-strict"] {
            practice.ok(&["system", "set", system, fact]);
        }
    };
    each("retention_days=0", "keep");
    each("trains_on_data=no", "train");
    each("regions=us", "in a place that we do not allow");
    // A region that changes counts at once.
    practice.ok(&["system", "set", "acme-chat", "regions=us,eu"]);
    practice.settled("deidentified");
}

#[test]
fn c28_an_approval_lapses_with_the_fact_that_it_rests_on() {
    let Some(practice) = practice("an approval that lapses", "") else { return };
    let refused = practice.site.run(["system", "approve", "acme-chat", "--basis", "board of 1 December"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    for fact in ["access", "encryption", "logging", "storage"] {
        assert!(refused.stderr.contains(&format!("not approved: {fact} is not known")), "{}", refused.stderr);
    }
    assert!(!refused.stderr.contains("not approved: contract"), "{}", refused.stderr);
    for system in ["acme-chat", "acme-strict"] {
        practice.ok(&[
            "system",
            "set",
            system,
            "access=yes;grade=B",
            "encryption=yes;grade=A;expires=2026-12-31",
            "logging=yes",
            "storage=yes",
        ]);
        practice.ok(&["system", "approve", system]);
    }
    practice.settled("identified");
    practice.ends(
        (datetime!(2026-12-31 23:59:50 UTC), datetime!(2027-01-01 00:00:00 UTC)),
        "A check of this AI tool has run out",
    );
    let shown = practice.site.run(["system", "show", "acme-chat"]).stdout;
    assert!(shown.contains("lapsed: encryption is not known"), "{shown}");
    practice.ok(&["system", "set", "acme-chat", "encryption=yes;grade=A;expires=2027-12-31"]);
    practice.settled("identified");
    // Removing a fact, or its turning out otherwise, lapses it just so.
    practice.ok(&["system", "set", "acme-chat", "logging="]);
    practice.settled("deidentified");
    practice.ok(&["system", "set", "acme-chat", "logging=yes"]);
    practice.settled("identified");
    practice.ok(&["system", "set", "acme-chat", "access=no;grade=A"]);
    practice.settled("deidentified");
    // Without an approval nothing goes at all.
    practice.ok(&["system", "suspend", "acme-chat"]);
    wait_until("it is suspended", || practice.ask("acme-chat-echo").status == 403);
    assert!(practice.ask("acme-chat-echo").text().contains("Nobody has approved this AI tool yet"));
}

#[test]
fn c28_an_approval_has_a_last_day_itself() {
    let Some(practice) = practice("the last day of an approval", "") else { return };
    for system in ["acme-chat", "acme-strict"] {
        practice.ok(&["system", "approve", system, "--rests-on", "contract", "--expires", "2026-12-31"]);
    }
    practice.clock.set(datetime!(2026-12-31 23:59:50 UTC));
    practice.settled("identified");
    practice.clock.set(datetime!(2027-01-01 00:00:00 UTC));
    let before = practice.site.seen().len();
    let refused = practice.ask("acme-chat-echo");
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(refused.text().contains("Nobody has approved this AI tool yet"), "{}", refused.text());
    assert_eq!(practice.site.seen().len(), before, "nothing went");
}

#[test]
fn c20_training_that_lapses_makes_the_form_poorer_at_midnight() {
    let Some(practice) = practice("training that lapses", "") else { return };
    // As the training itself records it: for the user, until a day.
    let place = practice.site.data_dir().join("store.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = asepsis_store::Store::open(place).await.unwrap();
        let body = json!({"training": {"value": true, "as_of": "2026-01-01", "expires": "2026-12-31"}}).to_string();
        let change = asepsis_store::Change::set("standing", "dr-test", body);
        store.change(vec![change], "training", None, 1_795_000_000_000).await.unwrap();
    });
    practice.settled("identified");
    practice.ends((datetime!(2026-12-31 23:59:50 UTC), datetime!(2027-01-01 00:00:00 UTC)), "raining");
}

#[test]
fn c18_notices_are_given_once_through_restarts_and_jumps_of_the_clock() {
    let Some(practice) = practice("notices before an end", "") else { return };
    practice.ok(&["agreement", "set", "acme-baa", "open_ended=", "last_day=2027-03-31"]);
    let Practice { mut site, clock, .. } = practice;
    let given = |site: &Site| -> Vec<u64> {
        let entries = site.audit(&[]);
        let acts = entries.iter().map(|entry| &entry["act"]).filter(|act| act["target"] == "agreement/acme-baa");
        acts.filter_map(|act| act["figures"]["notice"].as_u64()).collect()
    };
    let gauge = |site: &Site| -> String {
        let metrics = site.get("/metrics", "").text();
        metrics
            .lines()
            .find(|line| line.contains("agreement_days_left{agreement=\"acme-baa\"}"))
            .unwrap_or_default()
            .to_owned()
    };
    clock.set(datetime!(2027-02-28 12:00 UTC));
    wait_until("the days are counted", || gauge(&site).ends_with(" 31"));
    for (now, left, expected) in [
        (datetime!(2027-03-01 00:00 UTC), "30", vec![30]),
        // Days on which nothing is due, and one on which the clock jumps back and on again.
        (datetime!(2027-03-10 12:00 UTC), "21", vec![30]),
        (datetime!(2027-02-20 12:00 UTC), "39", vec![30]),
        // The gateway was not looked at for a while: the notice that is due is given, those that were missed are not.
        (datetime!(2027-03-26 12:00 UTC), "5", vec![30, 7]),
        (datetime!(2027-03-01 12:00 UTC), "30", vec![30, 7]),
        (datetime!(2027-03-30 12:00 UTC), "1", vec![30, 7, 1]),
        (datetime!(2027-03-31 23:59 UTC), "0", vec![30, 7, 1]),
        (datetime!(2027-04-02 12:00 UTC), "-2", vec![30, 7, 1, 0]),
    ] {
        clock.set(now);
        wait_until("the notices are given", || given(&site).len() >= expected.len());
        wait_until("the gauge follows", || gauge(&site).ends_with(&format!(" {left}")));
        assert_eq!(given(&site), expected, "{now}");
    }
    let said = site.gateway().said();
    assert!(said.contains("agreement acme-baa ends in 30 days, after 2027-03-31"), "{said}");
    assert_eq!(said.matches("agreement acme-baa ended on 2027-03-31").count(), 1, "{said}");
    let doctor = site.run(["doctor"]).stdout;
    assert!(doctor.contains("WARNING  agreement acme-baa ended on 2027-03-31"), "{doctor}");
    // A restart gives none again; a new last day has notices of its own.
    assert_eq!(site.stop(), Some(0));
    site.start_again();
    assert_eq!(given(&site), [30, 7, 1, 0]);
    clock.set(datetime!(2027-04-02 12:00 UTC));
    let ran = site.run(["agreement", "set", "acme-baa", "last_day=2027-04-20", "--basis", "prolonged"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    wait_until("the prolonged agreement has notices", || given(&site).len() == 5);
    assert_eq!(given(&site), [30, 7, 1, 0, 30]);
}
