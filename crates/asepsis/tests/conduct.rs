//! Training, the rules, emergencies and concerns through the real binary: what people pass, accept and declare decides the very
//! next exchange, and what they report about one is kept sealed and answered.

mod support;

use asepsis_store::{Change, Store};
use serde_json::{Value, json};
use support::browser::{Browser, signed_in, within};
use support::{Reply, Setup, Site, user, wait_until};

/// A practice in which nothing stands in the way but what people have to show.
fn practice() -> Site {
    practice_with(&["pseudonymised", "deidentified"])
}

/// The same with AI systems that take these forms. Officers look after Asepsis; at the command line it is pat.
fn practice_with(forms: &[&str]) -> Site {
    let mut site = Setup::new()
        .forms(forms)
        .env("USER", "pat")
        .system_lines("retention_days = 0\ntrains_on_data = false\nstatus = \"approved\"\npatient_facing = false")
        .extra(
            "\n[inspect]\naccept_first_layer = true\n\n[policy]\npack = \"us-provider\"\n\n[sign_in]\n\
             organisation = \"Northside\"\n\n[[role]]\nid = \"officer\"\nadminister = true\nrestore = false\n",
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

/// As [`form`], of any text and with these labels, and without a stated purpose.
fn unstated(site: &Site, key: &str, text: &str, labels: &str) -> String {
    let body = json!({"model": "standin-echo", "messages": [user(text)]});
    let headers = [("x-api-key", key), ("x-asepsis-labels", labels)];
    let reply = site.request("POST", "/v1/chat/completions", &headers, body.to_string().as_bytes());
    reply.header("x-asepsis-form").unwrap_or_default().to_owned()
}

const PLAIN: &str = "Martha Collins has no pain.";

fn declare(browser: &mut Browser<'_>, reason: &str, minutes: &str) -> Reply {
    let csrf = browser.csrf();
    browser.post("/asepsis/emergency", &[("csrf", &csrf), ("reason", reason), ("minutes", minutes)])
}

fn review(browser: &mut Browser<'_>, id: &str, verdict: &str) -> Reply {
    let csrf = browser.csrf();
    browser.post("/asepsis/reviews", &[("csrf", &csrf), ("id", id), ("verdict", verdict)])
}

/// Writes a record as a gateway or the command line does.
fn write(site: &Site, kind: &str, id: &str, body: &Value) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(site.data_dir().join("store.db").as_path()).await.expect("the store");
        store.change(vec![Change::set(kind, id, body.to_string())], "test", None, 0).await.expect("changed");
        store.close().await.expect("closed");
    });
}

fn seconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("seconds")
}

#[test]
fn c3_p10_an_emergency_lifts_what_people_have_to_show_for_who_declared_it_and_somebody_else_reviews_it() {
    let site = practice();
    let (of_lee, of_kim) = (site.key("lee", "clinician"), site.key("kim", "clinician"));
    assert_eq!(unstated(&site, &of_lee, PLAIN, "none"), "deidentified");
    let mut lee = signed_in(&site, "lee", "clinician");
    assert!(lee.get("/asepsis/emergency").text().contains("reviews it within three days"));
    assert!(declare(&mut lee, "curiosity", "30").text().contains("one of the reasons"));
    assert!(declare(&mut lee, "emergency-care", "61").text().contains("5 to 60 minutes"));
    assert!(acts(&site, "emergency_declared").is_empty());
    assert_eq!(declare(&mut lee, "emergency-care", "30").status, 303);
    wait_until("names go", || unstated(&site, &of_lee, PLAIN, "none") == "pseudonymised");
    assert_eq!(unstated(&site, &of_kim, PLAIN, "none"), "deidentified", "nobody else");
    assert_eq!(form(&site, &of_lee), "deidentified", "who says that it is usual treatment has no emergency");
    assert!(!site.saw("Collins"));
    assert!(declare(&mut lee, "transfer", "30").text().contains("lasts already"));
    assert!(lee.get("/asepsis/emergency").text().contains("lasts until"));
    let act = acts(&site, "emergency_declared").remove(0);
    let id = act["target"].as_str().expect("an id").to_owned();
    assert_eq!((&act["basis"], &act["figures"]["minutes"]), (&json!("emergency-care"), &json!(30)));
    let intents: Vec<Value> = site.audit(&["--user", "lee"]).into_iter().filter(|e| e["phase"] == "intent").collect();
    let under: Vec<_> = intents.iter().filter(|entry| entry["facts"]["break_glass"] == true).collect();
    assert!(under.iter().any(|entry| entry["purpose"] == "ETREAT"), "{intents:?}");

    wait_until("the gateway warns", || site.gateway().said().contains("an emergency is declared"));

    // Reviews are for those who look after Asepsis, and nobody reviews an own emergency.
    assert_eq!(lee.get("/asepsis/reviews").status, 404);
    assert_eq!(review(&mut lee, &id, "justified").status, 404);
    let mut olga = signed_in(&site, "olga", "officer");
    assert_eq!(declare(&mut olga, "system-down", "5").status, 303);
    let own = acts(&site, "emergency_declared")[1]["target"].as_str().expect("an id").to_owned();
    let page = olga.get("/asepsis/reviews").text();
    assert!(
        page.contains(&format!("left under it: {}.", under.len())) && page.contains("Somebody else reviews"),
        "{page}"
    );
    assert!(review(&mut olga, &own, "justified").text().contains("nobody approves an own request"));
    assert!(acts(&site, "emergency_reviewed").is_empty());
    assert_eq!(review(&mut olga, &id, "not-justified").status, 303);
    wait_until("it has ended", || unstated(&site, &of_lee, PLAIN, "none") == "deidentified");
    let act = acts(&site, "emergency_reviewed").remove(0);
    assert_eq!((&act["target"], &act["basis"]), (&json!(id), &json!("not-justified")));
    assert!(review(&mut olga, &id, "justified").text().contains("reviewed before"));

    // At the command line.
    let args = ["emergency", "review", &own, "--verdict", "justified", "--basis", "ticket 8"];
    let reviewed = site.run(args);
    assert_eq!(reviewed.code, 0, "{}", reviewed.stderr);
    let declared = site.run([
        "emergency",
        "declare",
        "--user",
        "kim",
        "--reason",
        "transfer",
        "--minutes",
        "10",
        "--basis",
        "call 3",
        "--json",
    ]);
    assert_eq!(declared.code, 0, "{}", declared.stderr);
    let declared: Value = serde_json::from_str(&declared.stdout).expect("JSON");
    wait_until("names go for kim", || unstated(&site, &of_kim, PLAIN, "none") == "pseudonymised");
    let id = declared["id"].as_str().expect("an id");
    let refused = site.run(["emergency", "review", id, "--verdict", "justified", "--basis", "ticket 9"]);
    assert!(refused.code == 3 && refused.stderr.contains("nobody approves"), "{}", refused.stderr);
    let list = site.run(["emergency", "list"]);
    assert!(
        list.code == 0 && list.stdout.contains("not-justified") && list.stdout.contains("lasts"),
        "{}",
        list.stdout
    );
    assert_eq!(site.run(["audit", "verify"]).code, 0);
}

#[test]
fn c3_an_emergency_ends_by_itself_and_lifts_neither_numbers_nor_psychotherapy_notes() {
    let site = practice_with(&["identified", "pseudonymised", "deidentified"]);
    let key = site.key("kim", "clinician");
    assert_eq!(unstated(&site, &key, PLAIN, "none"), "deidentified");
    let body = |from: i64, until: i64| json!({"user": "kim", "by": "kim", "reason": "emergency-care", "from": from, "until": until});
    // One that is over lifts nothing.
    write(&site, "emergency", "over", &body(seconds() - 600, seconds() - 1));
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(unstated(&site, &key, PLAIN, "none"), "deidentified");
    // One that ends while it is looked; again where the machine slept through it.
    for round in 0.. {
        let until = seconds() + 6;
        write(&site, "emergency", &format!("short{round}"), &body(until - 600, until));
        let mut lifted = false;
        while seconds() < until {
            lifted |= unstated(&site, &key, PLAIN, "none") == "identified";
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        if lifted {
            break;
        }
    }
    assert_eq!(unstated(&site, &key, PLAIN, "none"), "deidentified", "to the second");

    let now = seconds();
    write(&site, "emergency", "long", &body(now, now + 3600));
    wait_until("names go as they are", || unstated(&site, &key, PLAIN, "none") == "identified");
    assert!(site.saw("Collins"));
    let numbered = unstated(&site, &key, "Peter Lowell has the SSN 536-90-4399.", "none");
    assert_eq!(numbered, "pseudonymised");
    assert!(!site.saw("536-90-4399") && !site.saw("Lowell"));
    assert_eq!(unstated(&site, &key, "Agnes Farrow spoke of her mother.", "PSYTHPN"), "deidentified");
    assert!(!site.saw("Farrow"));
}

#[test]
fn c3_a_review_that_nobody_made_is_a_fault() {
    let mut site = practice();
    let from = seconds() - 73 * 3600;
    let body = json!({"user": "kim", "by": "kim", "reason": "transfer", "from": from, "until": from + 600});
    write(&site, "emergency", "forgotten", &body);
    wait_until("it is recorded", || !acts(&site, "review_overdue").is_empty());
    let list = site.run(["emergency", "list"]);
    assert!(list.code == 1 && list.stdout.contains("review overdue"), "{}", list.stdout);
    let doctor = site.run(["doctor"]).stdout;
    assert!(doctor.contains("FAULT    nobody reviewed the emergency forgotten of kim"), "{doctor}");
    wait_until("the gateway warns", || site.gateway().said().contains("nobody reviewed this emergency"));
    site.stop();
    site.start_again();
    let mut olga = signed_in(&site, "olga", "officer");
    assert!(olga.get("/asepsis/reviews").text().contains("overdue"));
    assert_eq!(review(&mut olga, "forgotten", "justified").status, 303);
    assert_eq!(site.run(["emergency", "list"]).code, 0);
    assert!(!site.run(["doctor"]).stdout.contains("nobody reviewed"));
    let act = acts(&site, "review_overdue");
    assert!(act.len() == 1 && act[0]["target"] == "forgotten", "once, also after a restart: {act:?}");
}

/// Whether a text stands in any file below a folder.
fn stands_in(folder: &std::path::Path, text: &str) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => stands_in(&path, text),
            false => support::contains(&std::fs::read(&path).unwrap_or_default(), text),
        }
    })
}

fn report(browser: &mut Browser<'_>, exchange: &str, kind: &str, note: &str, more: &[(&str, &str)]) -> Reply {
    let csrf = browser.csrf();
    let mut fields = vec![("csrf", csrf.as_str()), ("exchange", exchange), ("kind", kind), ("note", note)];
    fields.extend(more);
    browser.post("/asepsis/concern", &fields)
}

#[test]
fn p2_a_concern_is_read_with_its_evidence_kept_sealed_and_answered() {
    let site = practice();
    let key = site.key("lee", "clinician");
    let reply = ask(&site, &key);
    let exchange = reply.header("x-asepsis-exchange").expect("its name").to_owned();
    let page = reply.header("x-asepsis-concern").expect("where to report").to_owned();
    assert_eq!(page, format!("/asepsis/concern?exchange={exchange}"));
    let refused = site.chat(&json!({"model": "no-such-model", "messages": [user("Hello")]}));
    assert!(refused.status == 404 && refused.header("x-asepsis-concern").is_some(), "refusals have it as well");
    assert!(site.get("/v1/models", &key).header("x-asepsis-concern").is_none(), "no exchange, no concern");

    let mut lee = signed_in(&site, "lee", "clinician");
    let mut olga = signed_in(&site, "olga", "officer");
    assert!(lee.get(&page).text().contains(&format!("value=\"{exchange}\"")));
    let (note, answer) = ("The grey parrot of Martha Collins was named", "The parrot is covered from today on");
    assert!(report(&mut lee, &exchange, "fine", note, &[]).text().contains("choose one of the kinds"));
    let nowhere = format!("ex_{}", "0".repeat(32));
    assert!(report(&mut lee, &nowhere, "strange", note, &[]).text().contains("no such exchange"));
    assert!(report(&mut lee, "4711", "strange", note, &[]).text().contains("not an exchange id"));
    assert!(report(&mut lee, &exchange, "strange", &"x".repeat(1001), &[]).text().contains("1 to 1000 characters"));
    assert!(acts(&site, "concern_reported").is_empty());
    assert!(report(&mut lee, &exchange, "name-came-through", note, &[]).text().contains("Thank you"));
    let act = acts(&site, "concern_reported").remove(0);
    assert_eq!(act["basis"], format!("name-came-through; {exchange}"));
    let id = act["target"].as_str().expect("an id").to_owned();
    assert!(lee.get("/asepsis/concern").text().contains("not answered yet"));

    // The queue is for those who look after Asepsis; opening the note is recorded.
    assert_eq!(lee.get("/asepsis/concerns").status, 404);
    assert!(olga.get("/asepsis/concerns").text().contains(&id));
    let one = olga.get(&format!("/asepsis/concerns?id={id}")).text();
    for expected in [exchange.as_str(), "deidentified", "1 NAME", "completed", "standin-chat", "clinician"] {
        assert!(one.contains(expected), "{expected} in {one}");
    }
    assert!(!one.contains("parrot") && acts(&site, "reveal").is_empty());
    let csrf = olga.csrf();
    let opened = olga.post("/asepsis/concerns", &[("csrf", &csrf), ("id", &id), ("open", "1")]);
    assert!(opened.text().contains(note), "{}", opened.text());
    assert_eq!(acts(&site, "reveal")[0]["target"], format!("concern/{id}"));
    let answered = olga.post("/asepsis/concerns", &[("csrf", &csrf), ("id", &id), ("text", answer)]);
    assert_eq!(answered.status, 303, "{}", answered.text());
    assert_eq!(acts(&site, "concern_answered")[0]["target"], json!(id));
    assert!(lee.get("/asepsis/concern").text().contains(answer));

    // Somebody unnamed, who is answered at the command line.
    let mut kim = signed_in(&site, "kim", "clinician");
    assert!(!kim.get("/asepsis/concern").text().contains(answer));
    let thanks = report(&mut kim, &exchange, "too-strict", "", &[("unnamed", "1")]).text();
    let link = within(&thanks, "href=\"/asepsis/concern?concern=", "\"").to_owned();
    let link = format!("/asepsis/concern?concern={link}");
    let entries = site.audit(&[]);
    let of = entries.iter().filter(|e| e["act"]["kind"] == "concern_reported").nth(1).expect("an entry");
    assert_eq!(of["actor"]["user"], "unnamed");
    assert!(!entries.iter().any(|e| e["act"]["kind"] == "register_changed"
        && e["actor"]["user"] == "kim"
        && e["act"]["target"].as_str().is_some_and(|target| target.starts_with("concern/"))));
    let list = site.run(["concern", "list"]);
    assert!(
        list.code == 1 && list.stdout.contains("too-strict") && list.stdout.contains("by unnamed"),
        "{}",
        list.stdout
    );
    let second = of["act"]["target"].as_str().expect("an id");
    let shown = site.run(["concern", "show", second, "--json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    assert_eq!(
        (&shown["evidence"]["form"], &shown["evidence"]["outcome"]),
        (&json!("deidentified"), &json!("completed"))
    );
    let ran = site.run(["concern", "answer", second, "--text", "Pass the course, and names go"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(kim.get(&link).text().contains("Pass the course, and names go"));
    assert_eq!(site.run(["concern", "list"]).code, 0);

    // Reported, and its note opened, at the command line.
    let arguments = ["concern", "report", &exchange, "--kind", "biased", "--note-file", "-"];
    let third = site.run_with_input(arguments, b"A heron stood by the bed");
    assert_eq!(third.code, 0, "{}", third.stderr);
    let third = third.stdout.trim();
    assert!(!site.run(["concern", "show", third]).stdout.contains("heron"));
    assert_ne!(site.run(["concern", "show", third, "--note"]).code, 0, "not without a reason");
    let opened = site.run(["concern", "show", third, "--note", "--basis", "ticket 12"]);
    assert!(opened.stdout.contains("A heron stood by the bed"), "{}", opened.stderr);

    for text in ["grey parrot", "is covered from", "heron", "names go"] {
        assert!(!stands_in(&site.data_dir(), text), "{text} stands in the clear");
    }
    assert!(stands_in(&site.data_dir(), "too-strict"), "the look would find it");
    assert_eq!(site.run(["audit", "verify"]).code, 0);
}
