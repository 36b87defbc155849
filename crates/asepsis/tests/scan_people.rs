//! `asepsis scan` for people: counts, individuals, the verdict, the terminal, and the report.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use support::{Ran, asepsis};

fn scan(arguments: &[&str], input: &str) -> Ran {
    support::run(asepsis().arg("scan").args(arguments), input.as_bytes())
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().expect("UTF-8").to_owned()
}

/// The lines of `--json`: one for each file, and the last for all.
fn json_lines(ran: &Ran) -> (Vec<Value>, Value) {
    let mut lines: Vec<Value> = ran.stdout.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let total = lines.pop().expect("a line for all")["total"].clone();
    assert!(total.is_object(), "the last line is of all files: {}", ran.stdout);
    (lines, total)
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

// === A corpus of which everything is known ===

const GIVEN: [&str; 20] = [
    "Martha", "John", "Linda", "Robert", "Susan", "David", "Karen", "Michael", "Nancy", "James", "Carol", "Thomas",
    "Sandra", "Daniel", "Donna", "Kevin", "Angela", "Brian", "Laura", "Steven",
];
const FAMILY: [&str; 19] = [
    "Collins",
    "Peterson",
    "Ramirez",
    "Sullivan",
    "Henderson",
    "Patel",
    "Nguyen",
    "Gallagher",
    "Kowalski",
    "Bennett",
    "Murphy",
    "Castillo",
    "Hoffman",
    "Schmidt",
    "Fernandez",
    "Whitaker",
    "Jennings",
    "Morrison",
    "Delgado",
];
const DOCTORS: [&str; 5] = ["Amy Reed", "Paul Osei", "Ruth Lindqvist", "Omar Haddad", "Grace Tanaka"];

struct Patient {
    given: &'static str,
    family: &'static str,
    born: (u32, u32, u32),
    mrn: String,
}

/// Patients with names of their own, but for the last four, who are namesakes of the first four.
fn patients(n: usize) -> Vec<Patient> {
    (0..n)
        .map(|i| {
            let who = if i + 4 >= n { i + 4 - n } else { i };
            let number = u32::try_from(i).expect("few");
            Patient {
                given: GIVEN[who % GIVEN.len()],
                family: FAMILY[who * 7 % FAMILY.len()],
                born: (1 + number % 12, 1 + number * 5 % 28, 1930 + number * 3 % 70),
                mrn: format!("{}", 4_470_000 + i * 37),
            }
        })
        .collect()
}

/// Four documents of each patient: a note, a letter without a number, a record in JSON, a row of a table.
fn write_corpus(folder: &Path, patients: &[Patient]) -> BTreeMap<&'static str, u64> {
    let mut truth: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut table = "Patient name\tDate of birth\tMRN\n".to_owned();
    let mut lines = String::new();
    for (i, p) in patients.iter().enumerate() {
        let (month, day, year) = p.born;
        let doctor = DOCTORS[i % DOCTORS.len()];
        let note = format!(
            "Patient: {}, {}\nDate of birth: {month:02}/{day:02}/{year}\nMRN: {}\n\nMs. {} was seen in clinic. No fever, no \
             cough.\nAttending: Dr. {doctor}\n",
            p.family.to_uppercase(),
            p.given.to_uppercase(),
            p.mrn,
            p.family
        );
        let letter = format!(
            "RE: {} {}, DOB: {year}-{month:02}-{day:02}\n\nDear Dr. {doctor},\nthank you for referring {} {}.\n",
            p.given, p.family, p.given, p.family
        );
        std::fs::write(folder.join(format!("{i:03}-note.txt")), note).expect("written");
        std::fs::write(folder.join(format!("{i:03}-letter.txt")), letter).expect("written");
        let record =
            json!({"patient_name": format!("{} {}", p.given, p.family), "mrn": p.mrn, "note": "Well, no complaints."});
        lines += &format!("{record}\n");
        table += &format!("{} {}\t{month}/{day}/{year}\t{}\n", p.given, p.family, p.mrn);
        for (class, n) in [("NAME", 8), ("DATE", 3), ("MRN", 3)] {
            *truth.entry(class).or_default() += n;
        }
    }
    std::fs::write(folder.join("records.jsonl"), lines).expect("written");
    std::fs::write(folder.join("table.tsv"), table).expect("written");
    truth
}

#[test]
#[expect(clippy::print_stderr, reason = "the figures are for who reads the log")]
fn r4_p14_individuals_and_counts_of_a_generated_data_set_equal_the_truth_within_the_stated_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let patients = patients(120);
    let truth = write_corpus(folder.path(), &patients);
    let ran = scan(&["--json", &path(folder.path(), "")], "");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let (files, total) = json_lines(&ran);
    assert_eq!(files.len(), 242);
    let names: Vec<&str> = files.iter().map(|f| f["file"].as_str().expect("a name")).collect();
    assert!(names.is_sorted());

    let individuals = &total["individuals"];
    let n = patients.len() as u64;
    let of = |what: &str| number(&individuals[what]);
    eprintln!("truth {n} patients, {} clinicians; counted {individuals}; counts {}", DOCTORS.len(), total["counts"]);
    assert!(of("at_least") <= n && n <= of("at_most"), "the truth lies within the bounds: {individuals}");
    assert!(of("estimate").abs_diff(n) * 50 <= n, "the estimate is within two in a hundred of {n}: {individuals}");
    assert!(of("with_record").abs_diff(n) * 50 <= n, "all have a record: {individuals}");
    assert!(of("professionals").abs_diff(DOCTORS.len() as u64) <= 1, "{individuals}");
    for (class, wanted) in truth {
        let mut counted = number(&total["counts"][class]);
        if class == "MRN" {
            // In a table the number stands far below the word that says what it is.
            counted += total["counts"]["ID"].as_u64().unwrap_or(0);
        }
        assert!(counted.abs_diff(wanted) * 20 <= wanted, "{class}: {counted} of {wanted}");
    }
    // What the files say adds up to what is said of all.
    let sum: u64 = files.iter().map(|f| f["findings"].as_array().expect("findings").len() as u64).sum();
    assert_eq!(sum, number(&total["identifiers"]));
}

#[test]
fn r4_individuals_do_not_grow_with_more_documents_of_the_same_patients() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut counted = Vec::new();
    for copies in 1..=3 {
        let own = folder.path().join(format!("{copies}"));
        std::fs::create_dir(&own).expect("a folder");
        write_corpus(&own, &patients(20));
        let (_, total) = json_lines(&scan(&["--json", &path(folder.path(), "")], ""));
        counted.push(total["individuals"]["with_record"].clone());
    }
    assert!(counted.iter().all(|n| n == &counted[0]), "{counted:?}");
}

// === The terminal ===

const LETTER: &str = "Patient: Martha Collins\nMRN: 4471902\nSSN: 219-09-8877\nSeen on 03/14/2024.\n";
const VALUES: [&str; 4] = ["Collins", "4471902", "219-09-8877", "03/14/2024"];

#[test]
fn p14_without_show_no_identifier_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.txt"), LETTER).expect("written");
    std::fs::write(folder.path().join("b.txt"), LETTER).expect("written");
    let (a, all) = (path(folder.path(), "a.txt"), path(folder.path(), ""));
    for arguments in [vec![a.as_str()], vec!["--explain", &a], vec!["--json", &a], vec![&all], vec!["--explain", &all]]
    {
        let ran = scan(&arguments, "");
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        for value in VALUES {
            assert!(
                !ran.stdout.contains(value) && !ran.stderr.contains(value),
                "{arguments:?} printed {value}: {}",
                ran.stdout
            );
        }
        assert!(ran.stdout.contains("SSN"), "{}", ran.stdout);
    }
    let table = scan(&[&all], "").stdout;
    assert!(table.starts_with("identifiers  people  file"), "{table}");
    let shown = scan(&["--show", &a], "").stdout;
    for value in VALUES {
        assert!(shown.contains(value), "--show shows {value}: {shown}");
    }
}

#[test]
fn p14_explain_gives_place_confidence_rule_reason_and_paragraph() {
    let ran = scan(&["--explain", "-"], "Seen.\nSSN: 219-09-8877\n");
    let line = ran.stdout.lines().next().expect("a line");
    assert!(line.starts_with("-:2:6  SSN  0."), "{line}");
    assert!(line.contains('(') && line.ends_with("45 CFR 164.514(b)(2)(i)(G)"), "{line}");
}

#[test]
fn p14_explain_says_what_words_that_look_like_names_are_taken_for() {
    let text = "A Foley catheter was placed by Dr. Foley.\nHodgkin lymphoma; Zoloft 50 mg; Glasgow Coma Scale 15.\n";
    let ran = scan(&["--explain"], text);
    for line in [
        "-:1:3  passed over: an instrument or device",
        "-:2:1  passed over: a disease, sign or operation that bears a name",
        "-:2:19  passed over: a drug or substance",
        "-:2:33  passed over: a test, scale or score",
    ] {
        assert!(ran.stdout.lines().any(|l| l == line), "{line}: {}", ran.stdout);
    }
    assert_eq!(ran.stdout.matches("passed over").count(), 4, "Dr. Foley is a name: {}", ran.stdout);
    assert!(!["Foley", "Hodgkin", "Zoloft", "Glasgow"].iter().any(|word| ran.stdout.contains(word)), "{}", ran.stdout);
    assert!(scan(&["--explain", "--show"], text).stdout.contains("passed over: a drug or substance  \"Zoloft\""));
    assert!(!scan(&[], text).stdout.contains("passed over"));

    // A long text does not fill the screen with them.
    let long = scan(&["--explain"], &"A Foley catheter was placed.\n".repeat(50));
    assert_eq!(long.stdout.matches("passed over: ").count(), 20, "{}", long.stdout);
    assert!(long.stdout.contains("-  30 more passed over"), "{}", long.stdout);
}

#[test]
fn p14_colours_are_used_where_asked_for_and_never_alone() {
    let colours = |ran: &Ran| ran.stdout.contains("\u{1b}[");
    let shown = scan(&["--show", "--color", "always"], LETTER);
    assert!(colours(&shown) && shown.stdout.contains("\u{2039}NAME\u{203a}"), "{}", shown.stdout);
    // Not a terminal.
    let plain = scan(&["--show"], LETTER);
    assert!(!colours(&plain) && plain.stdout.contains("[NAME: Martha Collins]"), "{}", plain.stdout);
    assert!(!colours(&scan(&["--show", "--color", "never"], LETTER)));
}

#[test]
fn p14_a_text_cannot_steer_the_terminal() {
    let hostile =
        "Patient: Martha Collins \u{1b}[2J\u{1b}]0;owned\u{7} \u{202e}desrever\u{9b}31m\r\nMRN: 44719\u{1b}02\n";
    let ran = scan(&["--show", "--explain"], hostile);
    for steering in ['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}', '\r'] {
        assert!(!ran.stdout.contains(steering), "{:?}", ran.stdout);
    }
    assert!(ran.stdout.contains("\\u{1b}[2J"), "{}", ran.stdout);
}

#[test]
fn r3_a_profile_is_taken_in_every_mode_and_an_unknown_one_is_wrong_use() {
    for profile in ["strict", "balanced", "utility"] {
        let ran = scan(&["--profile", profile, "--json"], LETTER);
        assert_eq!(json_lines(&ran).1["profile"], profile);
        let ran = scan(&["--profile", profile, "--jsonl"], "{\"id\":1,\"text\":\"SSN 219-09-8877\"}\n");
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("\"label\":\"SSN\""), "{}", ran.stdout);
    }
    let ran = scan(&["--profile", "reckless"], "");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("strict, balanced and utility"), "{}", ran.stderr);
}

// === The verdict ===

#[test]
fn p14_the_verdict_follows_from_what_was_found_and_never_says_deidentified() {
    let cases = [
        (LETTER, "direct_identifiers", "do not send it to an AI system as it is"),
        ("Seen on 03/14/2024 in clinic.", "limited_data_set_at_most", "data use agreement"),
        ("All is well.", "nothing_found", "No identifier was found."),
        ("", "nothing_found", "No identifier was found."),
    ];
    for (text, name, words) in cases {
        let (_, total) = json_lines(&scan(&["--json"], text));
        assert_eq!(total["verdict"], name, "{text}");
        let said = scan(&[], text).stdout;
        assert!(said.contains(words), "{said}");
        assert!(said.contains("no statement that anything is de-identified"), "{said}");
    }
    assert!(scan(&[], LETTER).stdout.contains("identity theft (SSN 1)"));
}

#[test]
fn p14_what_could_not_be_inspected_is_said_and_nothing_is_claimed_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.txt"), "All is well.").expect("written");
    std::fs::write(folder.path().join("b.bin"), b"\0\x01").expect("written");
    let ran = scan(&["--json", &path(folder.path(), "")], "");
    assert_eq!(ran.code, 2);
    let (files, total) = json_lines(&ran);
    assert_eq!((files.len(), &total["unreadable"], &total["incomplete"]), (2, &json!(1), &json!(true)));
    assert!(files[1]["error"].as_str().is_some_and(|e| e.contains("UTF-8")), "{}", files[1]);
    let said = scan(&[&path(folder.path(), "")], "").stdout;
    assert!(said.contains("1 file could not be inspected"), "{said}");
}

// === The report ===

#[test]
fn p14_the_report_is_made_for_its_owner_alone_and_writes_over_nothing_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = path(folder.path(), "report.html");
    let made = scan(&["--report", &report], LETTER);
    assert_eq!(made.code, 1, "{}", made.stderr);
    assert!(made.stderr.contains("It holds patient data"), "{}", made.stderr);
    let html = std::fs::read_to_string(&report).expect("a report");
    for value in VALUES {
        assert!(html.contains(value), "the report shows {value}");
    }
    assert!(html.contains("This file holds patient data."));
    let again = scan(&["--report", &report], "All is well.");
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(&report).expect("a report"), html, "it was left as it was");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &str| std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode(&report), 0o600);
        // A file that all may read, behind a link: neither is written to.
        let (open, link) = (path(folder.path(), "open.txt"), path(folder.path(), "link.html"));
        std::fs::write(&open, "mine").expect("written");
        std::os::unix::fs::symlink(&open, &link).expect("a link");
        assert_eq!(scan(&["--report", &link], LETTER).code, 2);
        assert_eq!(scan(&["--report", &link, "--force"], LETTER).code, 1);
        assert_eq!(std::fs::read_to_string(&open).expect("the file"), "mine");
        assert_eq!(mode(&link), 0o600);
        assert!(!std::fs::symlink_metadata(&link).expect("a file").is_symlink());
    }
}

#[test]
fn p14_hostile_text_and_names_stay_text_in_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let notes = folder.path().join("notes");
    std::fs::create_dir(&notes).expect("a folder");
    let hostile = "</pre></mark><script>alert(1)</script><img src=x onerror=alert(1)> \" onmouseover=\"alert(1) ' <!-- ]]> &lt;b&gt;\n\
        Patient: Martha \"><svg/onload=alert(1)> Collins\nMRN: <b>4471902</b>\u{0}\u{202e}\n<style>*{display:none}</style>\n\
        <meta http-equiv=refresh content=0;url=http://evil.example>\n";
    let hostile = hostile.replace('\0', "");
    std::fs::write(notes.join("a\"><script>x<.txt"), &hostile).expect("written");
    std::fs::write(
        notes.join("b.json"),
        json!({"<script>k</script>": hostile, "patient_name": "<i>Ana Ruiz</i>"}).to_string(),
    )
    .expect("written");
    std::fs::write(notes.join("<c>.bin"), b"\0").expect("written");
    let report = path(folder.path(), "report.html");
    let ran = scan(&["--report", &report, notes.to_str().expect("UTF-8")], "");
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let html = std::fs::read_to_string(&report).expect("a report");

    let (head, body) = html.split_once("</head>").expect("a head");
    assert_eq!(head.matches("<meta http-equiv").count(), 1);
    assert!(head.contains("default-src 'none'; style-src 'sha256-"), "{head}");
    for word in ["http:", "https:", "url(", "@import", "<link", "<script", "unsafe"] {
        assert!(!head.contains(word), "{word} in the head");
    }
    // Every tag is one that the report itself makes, with attributes that it makes.
    let allowed = [
        "body", "p", "strong", "main", "h1", "h2", "h3", "div", "dl", "dt", "dd", "table", "thead", "tbody", "tr",
        "th", "td", "mark", "small", "meter", "section", "pre", "details", "summary", "a", "html",
    ];
    let mut tags = 0;
    for piece in body.split('<').skip(1) {
        let tag = piece.split('>').next().expect("a tag ends");
        let mut words = tag.trim_start_matches('/').split([' ', '\n']);
        let name = words.next().expect("a tag has a name");
        assert!(allowed.contains(&name), "<{tag}>");
        let outside: String = tag.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        for attribute in outside.split_whitespace().filter(|a| a.ends_with('=')) {
            let known = [
                "class=",
                "title=",
                "id=",
                "href=",
                "scope=",
                "role=",
                "aria-labelledby=",
                "aria-hidden=",
                "colspan=",
                "min=",
                "max=",
                "value=",
            ];
            assert!(known.contains(&attribute), "{attribute} in <{tag}>");
        }
        tags += 1;
    }
    assert!(tags > 50, "{tags} tags");
    assert!(!body.contains("href=\"http") && !body.contains('\u{202e}'));
    assert!(body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the text is there, as text");
    // The hash of the policy is that of the style sheet, or a browser would show none.
    let style = head.split_once("<style>").and_then(|(_, s)| s.split_once("</style>")).expect("a style sheet").0;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    assert!(head.contains(&format!("'sha256-{}'", data_encoding::BASE64.encode(hash.as_ref()))));
}
