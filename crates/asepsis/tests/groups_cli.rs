//! Groups of people: stated with a request, kept in the log, counted by `asepsis audit groups`.

mod support;

use serde_json::{Value, json};
use support::{Reply, Setup, Site, user};

const GROUPS: &str = "\n[groups]\nage = \"ready\"\nsex = \"ready\"\nlanguage = [\"en\", \"es\", \"other\"]\npayer = \"ready\"\nrace = \"ready\"\n";

fn ask(site: &Site, groups: &str, path: &str) -> Reply {
    let model = if path == "/v1/messages" { "standin-messages-echo" } else { "standin-echo" };
    let body = json!({"model": model, "max_tokens": 500, "messages": [user("Is 5 mg of lisinopril a usual dose?")]});
    site.request(
        "POST",
        path,
        &[("x-api-key", site.clinician()), ("x-asepsis-groups", groups)],
        body.to_string().as_bytes(),
    )
}

fn entries(site: &Site, reply: &Reply) -> Vec<Value> {
    site.audit(&[]).into_iter().filter(|entry| entry["exchange"] == reply.exchange()).collect()
}

#[test]
fn r23_groups_stand_in_both_entries_as_codes_and_never_go_to_the_vendor() {
    let site = Setup::new().extra(GROUPS).start();
    for path in ["/v1/chat/completions", "/v1/messages"] {
        let reply = ask(&site, "language=es, age=65+, SEX=f, payer=medicaid", path);
        assert_eq!(reply.status, 200, "{}", reply.text());
        let entries = entries(&site, &reply);
        assert_eq!(entries.len(), 2);
        for entry in entries {
            let groups = json!({"age": "65+", "language": "es", "payer": "medicaid", "sex": "F"});
            assert_eq!(entry["groups"], groups, "{entry}");
        }
    }
    assert_eq!(site.seen().len(), 2);
    assert!(!site.saw("medicaid") && !site.saw("65+") && !site.saw("x-asepsis-groups"));
}

#[test]
fn r23_what_was_not_set_up_is_refused_with_the_nearest_word_and_kept_nowhere() {
    let site = Setup::new().extra(GROUPS).start();
    let slip = ask(&site, "langauge=es", "/v1/chat/completions");
    assert!(slip.status == 400 && slip.text().contains("the nearest is `language`"), "{}", slip.text());
    let name = ask(&site, "sex=F,payer=Zebulon Quist", "/v1/messages");
    assert!(name.status == 400 && name.text().contains("medicaid"), "{}", name.text());
    assert!(!name.text().contains("Zebulon"), "{}", name.text());
    let five = ask(&site, "sex=F,age=65+,language=en,payer=private,race=white", "/v1/messages");
    assert!(five.status == 400 && five.text().contains("more than 4"), "{}", five.text());
    assert!(site.seen().is_empty());
    assert!(
        site.audit(&[]).iter().all(|entry| entry.get("groups").is_none() && !entry.to_string().contains("Zebulon"))
    );

    let off = Setup::new().start();
    let reply = ask(&off, "sex=F", "/v1/chat/completions");
    assert!(reply.status == 400 && reply.text().contains("[groups]"), "{}", reply.text());
}

#[test]
fn r23_a_dimension_that_could_hold_a_persons_number_cannot_be_set_up() {
    let site = Setup::new().without_serving();
    let config = std::fs::read_to_string(site.config()).expect("a configuration");
    std::fs::write(site.config(), config + "\n[groups]\nzip = [\"97201\", \"97202\"]\n").expect("written");
    let checked = site.run(["check"]);
    assert!(checked.code == 2 && checked.stderr.contains("no more than three digits"), "{}", checked.stderr);
}

const MARKED: &str = "LOINC 4548-5 is the code.";
const HELD: &str = "You can stop taking your warfarin today.";
const CLEAN: &str = "Your next visit is in June.";

/// Exchanges of one language: marked, held, refused and clean ones, of the sexes in turn.
fn week(site: &Site, language: &str, (marked, held, refused, clean): (usize, usize, usize, usize)) -> String {
    let kinds = [(MARKED, "TREAT", marked), (HELD, "TREAT", held), (CLEAN, "HRESCH", refused), (CLEAN, "TREAT", clean)];
    let all = kinds.iter().flat_map(|(said, purpose, times)| std::iter::repeat_n((*said, *purpose), *times));
    let mut last = String::new();
    for (at, (said, purpose)) in all.enumerate() {
        let groups = format!("language={language}, sex={}", if at % 2 == 0 { "F" } else { "M" });
        // Patients read what is to be held before anybody else does.
        let mut headers = vec![
            ("x-api-key", site.clinician()),
            ("x-asepsis-groups", groups.as_str()),
            ("x-asepsis-purpose", purpose),
        ];
        if said == HELD {
            headers.push(("x-asepsis-use", "patient-communication"));
        }
        let body = json!({"model": "standin-echo-f4", "messages": [user(said)]});
        let reply = site.request("POST", "/v1/chat/completions", &headers, body.to_string().as_bytes());
        let expected = if said == CLEAN && purpose == "TREAT" || said == MARKED { 200 } else { 403 };
        assert_eq!(reply.status, expected, "{said} {purpose}: {}", reply.text());
        last = reply.exchange().to_owned();
    }
    last
}

fn cell<'a>(table: &'a Value, group: (&str, &str), measure: &str) -> &'a Value {
    let cells = table["cells"].as_array().expect("cells");
    let found = |cell: &&Value| cell["dimension"] == group.0 && cell["value"] == group.1 && cell["measure"] == measure;
    cells.iter().find(found).expect("the cell")
}

#[test]
fn r23_the_table_by_subgroup_says_what_differs_what_cannot_be_seen_and_withholds_small_numbers() {
    let site = Setup::new().extra(&format!("{GROUPS}\n[patients]\ncontact = \"call 555-0100\"\n")).start();
    week(&site, "en", (12, 12, 12, 31));
    let exchange = week(&site, "es", (30, 12, 12, 13));
    for _ in 0..3 {
        site.chat(&json!({"model": "standin-echo", "messages": [user(CLEAN)]}));
    }
    let reported = site.run(["concern", "report", &exchange, "--kind", "biased"]);
    assert_eq!(reported.code, 0, "{}", reported.stderr);

    let ran = site.run(["audit", "groups", "--json"]);
    assert_eq!(ran.code, 1, "a cell differs: {}", ran.stderr);
    let table: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let marked = cell(&table, ("language", "es"), "marked");
    assert_eq!(
        (&marked["exchanges"], &marked["hits"], &marked["verdict"]),
        (&json!(67), &json!(42), &json!("differs"))
    );
    assert_eq!(marked["others"], json!({"hits": 24, "exchanges": 67}));
    assert!(marked["q"].as_f64() <= Some(0.05) && marked["q"].as_f64() > marked["p"].as_f64(), "{marked}");
    for measure in ["held", "refused"] {
        let cell = cell(&table, ("language", "es"), measure);
        assert_eq!((&cell["hits"], &cell["verdict"]), (&json!(12), &json!("no-difference-seen")), "{cell}");
        assert!(cell["detectable"].as_f64() > Some(0.2), "12 of 67 hide much: {cell}");
    }
    assert_eq!(cell(&table, ("language", "es"), "taken-out")["verdict"], "too-few");
    assert_eq!(cell(&table, ("sex", "F"), "marked")["verdict"], "no-difference-seen");
    // One concern would tell who it is.
    for group in [("language", "en"), ("language", "es"), ("sex", "F"), ("sex", "M")] {
        let cell = cell(&table, group, "concern");
        assert!(cell["hits"].is_null() && cell["rate"].is_null() && cell["verdict"] == "withheld", "{cell}");
    }
    assert_eq!(table["left_out"]["without_groups"], "fewer than 11");
    assert_eq!((&table["tests"], &table["systems"]["standin-chat"]), (&json!(12), &json!(134)));

    let text = site.run(["audit", "groups"]);
    assert!(text.code == 1 && text.stdout.contains("n too small to see one below"), "{}", text.stdout);
    assert!(text.stdout.contains("left out: fewer than 11 exchanges without groups"), "{}", text.stdout);
    assert!(text.stdout.contains("from its beginning until its end"), "{}", text.stdout);
    let markdown = site.run(["audit", "groups", "--markdown"]);
    assert!(markdown.stdout.contains("|---|") && markdown.stdout.contains("| language=es | marked | 67 | 42 |"));
    let csv = site.run(["audit", "groups", "--csv"]);
    assert!(csv.stdout.lines().count() == 1 + 20 && csv.stdout.contains("standin-chat,language,es,marked,67,42,0.62"));
    assert!(csv.stderr.contains("left out:"), "{}", csv.stderr);

    for nothing in [["--since", "2999-01-01"], ["--system", "standin-messages"]] {
        let ran = site.run(["audit", "groups"].iter().chain(&nothing));
        assert!(ran.code == 0 && ran.stdout.contains("nothing to compare"), "{}{}", ran.stdout, ran.stderr);
    }
    let wrong = site.run(["audit", "groups", "--since", "last week"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("2026-11-22"), "{}", wrong.stderr);
    assert_eq!(site.run(["audit", "verify"]).code, 0);
}
