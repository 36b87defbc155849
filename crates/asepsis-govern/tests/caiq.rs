//! Answers in tables as people and spreadsheets write them.

use asepsis_govern::caiq::{Answers, MOST_ROWS, Mapping, Said, TableError, read};
use asepsis_govern::{Dossier, Grade, Value, catalogue};
use proptest::prelude::*;
use time::macros::date;

const TODAY: time::Date = date!(2026 - 11 - 26);

fn apply(table: &str) -> Answers {
    Mapping::shipped().apply(read(table.as_bytes()).expect("a table"), "caiq", TODAY)
}

#[test]
fn c19_answers_become_statements_and_what_is_not_known_is_kept() {
    let found = apply(
        "Question ID,Answer,Notes\nIAM-14.1,YES,for all\nCEK-03.1,No,\nA&A-01.1,Yes,own\nLOG-08.1,PARTIAL,soon\nDSP-16.1,NA,\n",
    );
    let mfa = &found.facts["mfa"];
    assert_eq!((mfa.value.clone(), mfa.grade), (Some(Value::Truth(true)), Grade::D));
    assert_eq!(
        (mfa.source.as_deref(), mfa.note.as_deref(), mfa.as_of),
        (Some("caiq: IAM-14.1"), Some("for all"), Some(TODAY))
    );
    assert_eq!(found.facts["encryption_rest"].value, Some(Value::Truth(false)));
    assert_eq!(found.facts["encryption_transit"].value, Some(Value::Truth(false)));
    let ids = |answers: &[asepsis_govern::caiq::Answer]| {
        answers.iter().map(|a| (a.id.clone(), a.said, a.line)).collect::<Vec<_>>()
    };
    assert_eq!(ids(&found.unmapped), [("A&A-01.1".to_owned(), Said::Yes, 4)]);
    assert_eq!(
        ids(&found.unclear),
        [("LOG-08.1".to_owned(), Said::Partial, 5), ("DSP-16.1".to_owned(), Said::NotApplicable, 6)]
    );
    assert!(!found.facts.contains_key("logging_available") && !found.facts.contains_key("deletion_on_end"));
    let mut dossier = Dossier::of_vendor("acme");
    dossier.facts = found.facts;
    assert!(dossier.facts.keys().all(|name| dossier.known(catalogue(), name, TODAY).value.is_some()));
}

#[test]
fn c19_questions_that_answer_one_fact_must_agree() {
    assert_eq!(
        apply("id,answer\nIAM-13.1,yes\nIAM-05.1,yes\n").facts["access"].source.as_deref(),
        Some("caiq: IAM-05.1, IAM-13.1")
    );
    for other in ["no", "partial", "", "na"] {
        let found = apply(&format!("id,answer\nIAM-13.1,yes\nIAM-05.1,{other}\n"));
        assert!(!found.facts.contains_key("access") && found.unclear.len() == 2, "{other}");
    }
    // The same question twice, with two answers.
    let found = apply("id,answer\nIAM-14.1,yes\nIAM-14.1,no\n");
    assert!(found.facts.is_empty() && found.unclear.len() == 2);
}

#[test]
fn c19_tables_as_spreadsheets_write_them() {
    let same = apply("id,answer,notes\nIAM-14.1,yes,\"all, always\"\n");
    for table in [
        "\u{feff}id,answer,notes\r\nIAM-14.1,yes,\"all, always\"\r\n",
        "id;answer;notes\nIAM-14.1;YES;all, always\n",
        "id\tanswer\tnotes\nIAM-14.1\tY\tall, always",
        "\"ID\",\"Answer\",\"Notes\"\n\" iam 14.1 \",\" Yes \",\"all, always\"\n",
        "id,answer,notes\r\rIAM-14.1,yes,\"all, always\"\r",
        "Our answers,,\n\nid,answer,notes\nIdentity,,\nIAM-14.1,yes,\"all, always\"\n,,\n",
        "Control,Question ID,CSP CAIQ Answer,CSP Implementation Description (Optional/Recommended)\nIAM-14,IAM-14.1,Yes,\"all, always\"\n",
    ] {
        let found = apply(table);
        let mfa = &found.facts["mfa"];
        assert_eq!((&mfa.value, &mfa.note), (&same.facts["mfa"].value, &same.facts["mfa"].note), "{table:?}");
    }
    for table in
        ["id,answer\r\n\r\nX-1,yes\r\nX-2,no\r\n", "id,answer\n\nX-1,yes\nX-2,no", "id,answer\r\rX-1,yes\rX-2,no\r"]
    {
        let lines: Vec<_> = apply(table).unmapped.iter().map(|answer| answer.line).collect();
        assert_eq!(lines, [3, 4], "{table:?}");
    }
    // A line break in quotes is part of the note, and the line that is told is that of the row.
    let found = apply("id,answer,notes\nIAM-14.1,yes,\"one\ntwo\"\nX-1,yes,\n");
    assert_eq!((found.facts["mfa"].note.as_deref(), found.unmapped[0].line), (Some("one\ntwo"), 4));
}

#[test]
fn c19_tables_that_cannot_be_read_say_what_to_do() {
    let latin = read(b"id,answer,notes\nIAM-14.1,yes,Soci\xe9t\xe9\n").unwrap_err();
    assert!(latin.to_string().contains("CSV UTF-8") && latin.to_string().contains("windows-1252"));
    let wide: Vec<u8> = [0xFF, 0xFE].into_iter().chain("id,answer".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert!(read(&wide).unwrap_err().to_string().contains("utf-16"));
    for none in ["", "a,b,c\n1,2,3\n", "IAM-14.1,yes\n", "id\nIAM-14.1\n"] {
        assert_eq!(read(none.as_bytes()).unwrap_err(), TableError::NoColumns, "{none:?}");
    }
    let many = format!("id,answer\n{}", "X-1,yes\n".repeat(MOST_ROWS));
    assert_eq!(read(many.as_bytes()).unwrap_err(), TableError::TooMuch { what: "rows", most: MOST_ROWS });
    assert!(read(&vec![b'a'; 5 << 20]).unwrap_err().to_string().contains("bytes"));
    let unclosed = format!("id,answer\nIAM-14.1,yes\n\"X-1,{}\n", "no\nIAM,yes\n".repeat(20));
    assert!(read(unclosed.as_bytes()).unwrap_err().to_string().starts_with("line 3: "));
}

#[test]
fn c19_a_mapping_of_ones_own_is_checked() {
    let read =
        |text: &str| Mapping::read(&format!("as_of = \"2026-01-01\"\n[[map]]\nid = \"Q7\"\n{text}"), catalogue());
    let own = read("fact = \"trains_on_data\"\nyes = true\nno = false\n").unwrap();
    let answers = asepsis_govern::caiq::read(b"question;response\nQ7;No\n").unwrap();
    assert_eq!(own.apply(answers, "own", TODAY).facts["trains_on_data"].value, Some(Value::Truth(false)));
    assert!(read("fact = \"train_on_data\"\n").unwrap_err().to_string().contains("did you mean `trains_on_data`?"));
    assert!(read("fact = \"mfa\"\nyes = 7\n").unwrap_err().to_string().contains("yes or no"));
    for (id, fact) in Mapping::shipped().rows() {
        assert!(catalogue().fact(fact).is_some(), "{id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn c19_no_table_makes_more_than_statements(table in "(id,answer,notes\n)?([A-Z]{3}-[01][0-9]\\.1|[\"',;\t]|yes|no|\n|\\PC){0,60}") {
        if let Ok(answers) = read(table.as_bytes()) {
            for fact in Mapping::shipped().apply(answers, "caiq", TODAY).facts.values() {
                prop_assert_eq!(fact.grade, Grade::D);
            }
        }
    }
}
