//! Training and the rules through the real binary: what people pass and accept decides the very next exchange.

mod support;

use asepsis_store::{Change, Store};
use serde_json::{Value, json};
use support::browser::{Browser, signed_in, within};
use support::{Reply, Setup, Site, user, wait_until};

/// A practice in which nothing stands in the way but what people have to show.
fn practice() -> Site {
    let mut site = Setup::new()
        .system_lines("retention_days = 0\ntrains_on_data = false\nstatus = \"approved\"\npatient_facing = false")
        .extra(
            "\n[inspect]\naccept_first_layer = true\n\n[policy]\npack = \"us-provider\"\n\n[sign_in]\n\
             organisation = \"Northside\"\n",
        )
        .without_serving();
    let config = std::fs::read_to_string(site.config()).expect("a configuration");
    let config = config
        .replace("name = \"Stand-in vendor\"", "name = \"Stand-in vendor\"\nstatus = \"approved\"")
        .replace("restore = true", "restore = true\nstanding = { managed_device = true }");
    let training = "\n[training]\nshipped = false\ncourses = [\"course.md\"]\n";
    std::fs::write(site.config(), config + training).expect("written");
    course(&site, 1, 365);
    site.start_again();
    site
}

/// The practice's own course, in a version.
fn course(site: &Site, version: u32, days: u32) {
    let question = |number: u32| {
        format!(
            "[[question]]\nask = \"Question {number}?\"\nanswers = [\"No\", \"Yes\", \"Both\"]\nright = [2]\n\
             why = \"Because of reason {number}.\"\n\n"
        )
    };
    let text = format!(
        "+++\nid = \"names\"\ntitle = \"What names are\"\nversion = {version}\nroles = [\"clinician\"]\nminutes = 1\n\
         pass = 80\nvalid_days = {days}\n\n[[source]]\ncite = \"45 CFR 164.308(a)(5)\"\nsays = \"training\"\n\
         as_of = \"2026-11-26\"\n\n{}{}{}+++\n\n# Names\n\nA **name** is <b>a name</b>.\n",
        question(1),
        question(2),
        question(3)
    );
    std::fs::write(site.folder().join("course.md"), text).expect("written");
}

fn ask(site: &Site, key: &str) -> Reply {
    let body = json!({"model": "standin-echo", "messages": [user("Martha Collins has no pain.")]});
    let headers = [("x-api-key", key), ("x-asepsis-purpose", "TREAT"), ("x-asepsis-labels", "none")];
    site.request("POST", "/v1/chat/completions", &headers, body.to_string().as_bytes())
}

fn form(site: &Site, key: &str) -> String {
    ask(site, key).header("x-asepsis-form").unwrap_or_default().to_owned()
}

fn acts(site: &Site, kind: &str) -> Vec<Value> {
    site.audit(&[]).into_iter().filter(|entry| entry["act"]["kind"] == kind).map(|entry| entry["act"].clone()).collect()
}

/// Sends the quiz in, with this answer to each question.
fn take(browser: &mut Browser<'_>, answer: u32) -> Reply {
    let page = browser.get("/asepsis/training?course=names").text();
    let csrf = within(&page, "name=\"csrf\" value=\"", "\"").to_owned();
    let names: Vec<String> = (1..=3).map(|question| format!("q{question}a{answer}")).collect();
    let mut fields = vec![("csrf", csrf.as_str()), ("course", "names")];
    fields.extend(names.iter().map(|name| (name.as_str(), "1")));
    browser.post("/asepsis/training", &fields)
}

fn accept(browser: &mut Browser<'_>) -> Reply {
    let page = browser.get("/asepsis/rules").text();
    let value = |name: &str| within(&page, &format!("name=\"{name}\" value=\""), "\"").to_owned();
    let (csrf, version, sha256) = (value("csrf"), value("version"), value("sha256"));
    browser.post("/asepsis/rules", &[("csrf", &csrf), ("version", &version), ("sha256", &sha256)])
}

#[test]
fn p1_r15_c13_who_passes_and_accepts_sends_names_from_the_next_question_on() {
    let mut site = practice();
    let key = site.key("lee", "clinician");
    assert_eq!(form(&site, &key), "deidentified");
    let mut lee = signed_in(&site, "lee", "clinician");
    let list = lee.get("/asepsis/training").text();
    assert!(list.contains("What names are") && list.contains("not passed yet"), "{list}");
    let lesson = lee.get("/asepsis/training?course=names").text();
    assert!(lesson.contains("<strong>name</strong> is &lt;b&gt;a name&lt;/b&gt;"), "{lesson}");

    // Failed: it says why, and changes nothing.
    let failed = take(&mut lee, 1);
    assert!(failed.text().contains("Not passed: 0 of 3") && failed.text().contains("Because of reason 2."));
    assert_eq!(acts(&site, "training_failed").len(), 1);
    assert!(lee.get("/asepsis/training?certificate=names").text().contains("You have not passed this course"));

    // Passed: the rules are still to be accepted.
    let passed = take(&mut lee, 2);
    assert!(passed.text().contains("Passed: 3 of 3"), "{}", passed.text());
    let act = acts(&site, "training_passed").remove(0);
    assert_eq!((&act["target"], &act["figures"]["right"]), (&json!("names@1"), &json!(3)));
    assert!(
        lee.get("/asepsis/training?certificate=names").text().contains("<strong>What names are</strong>, version 1")
    );
    wait_until("only the rules stand in the way", || {
        let said = ask(&site, &key).header("x-asepsis-coaching").unwrap_or_default().to_owned();
        said.contains("newest AI rules") && !said.contains("AI training")
    });
    assert_eq!(form(&site, &key), "deidentified");
    assert!(lee.get("/asepsis/rules").text().contains("How we use AI here"));
    assert_eq!(accept(&mut lee).status, 303);
    assert!(lee.get("/asepsis/rules").text().contains("You accepted these rules"));
    wait_until("names go", || form(&site, &key) == "pseudonymised");
    assert_eq!(acts(&site, "rules_accepted")[0]["target"], "usage@0");
    assert!(!site.saw("Collins"));

    // Other rules: everybody is asked again before the next text with names (C13).
    let text = site.folder().join("rules.md");
    std::fs::write(&text, "# Our rules\n\n- One patient at a time.\n").expect("written");
    let set = site.run(["rules", "set", text.to_str().expect("a path"), "--basis", "ticket 7"]);
    assert_eq!(set.code, 0, "{}", set.stderr);
    wait_until("the rules have changed", || form(&site, &key) == "deidentified");
    let status = site.run(["rules", "status"]);
    assert!(status.code == 1 && status.stdout.contains("lee  accepted older rules"), "{}", status.stdout);
    assert!(lee.get("/asepsis/rules").text().contains("have changed since you accepted"));
    assert_eq!(accept(&mut lee).status, 303);
    wait_until("names go again", || form(&site, &key) == "pseudonymised");
    assert_eq!(site.run(["rules", "status"]).code, 0);

    // There is something new in the course: what was passed is too old.
    drop(lee);
    site.stop();
    course(&site, 2, 365);
    site.start_again();
    assert_eq!(form(&site, &key), "deidentified");
    let status = site.run(["training", "status", "--user", "lee"]);
    assert!(status.code == 1 && status.stdout.contains("names: passed in an older version"), "{}", status.stdout);
    let entered = site.run(["training", "record", "lee", "names", "--basis", "sheet of 2026-11-26"]);
    assert_eq!(entered.code, 0, "{}", entered.stderr);
    wait_until("what was learned elsewhere counts", || form(&site, &key) == "pseudonymised");
    assert_eq!(site.run(["audit", "verify"]).code, 0);
}

#[test]
fn r15_training_that_has_ended_lets_only_text_without_names_go_and_nobody_guesses_through() {
    let site = practice();
    let key = site.key("kim", "clinician");
    let mut kim = signed_in(&site, "kim", "clinician");
    assert_eq!(accept(&mut kim).status, 303);
    for _ in 0..5 {
        assert!(take(&mut kim, 3).text().contains("Not passed"));
    }
    let refused = take(&mut kim, 2);
    assert!(refused.text().contains("tried 5 times"), "{}", refused.text());
    assert!(acts(&site, "training_passed").is_empty());

    // What was passed a year and a day ago does not count any more.
    let long_ago = support::browser::now() - 366 * 86_400;
    let body = json!({"passed": [{"course": "names", "version": 1, "at": long_ago}]});
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(site.data_dir().join("store.db").as_path()).await.expect("the store");
        store.change(vec![Change::set("training", "kim", body.to_string())], "test", None, 0).await.expect("changed");
        store.close().await.expect("closed");
    });
    let status = site.run(["training", "status", "--json"]);
    assert!(status.code == 1 && status.stdout.contains("\"counts\":false"), "{}", status.stdout);
    assert!(kim.get("/asepsis/training").text().contains("ended on"));
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(form(&site, &key), "deidentified");
    // A form of another session is not taken.
    let stranger = Browser::new(&site).post("/asepsis/training", &[("course", "names"), ("q1a2", "1")]);
    assert_ne!(stranger.status, 200);
}
