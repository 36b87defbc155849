//! B6: model cards of CHAI's schema v0.2 are read and written with all that they hold, and hostile ones are refused.

use asepsis_govern::card::{Card, CardError, LIMITS};
use asepsis_govern::{Dossier, Grade, Value, catalogue};
use proptest::prelude::*;
use time::macros::date;

const FULL: &str = include_str!("cards/full.xml");
const LEAST: &str = include_str!("cards/least.xml");

fn read(text: &str) -> Result<Card, CardError> {
    Card::read(text.as_bytes())
}

fn refused(text: &str) -> String {
    read(text).expect_err(&text.chars().take(300).collect::<String>()).to_string()
}

#[test]
fn b6_every_element_of_the_schema_is_read_and_written_again() {
    for (text, fields, signed) in [(FULL, 64, true), (LEAST, 51, false)] {
        let card = read(text).unwrap();
        assert_eq!((card.fields().len(), card.has_signature()), (fields, signed));
        let written = card.write();
        assert_eq!(read(&written).unwrap(), card);
        assert_eq!(read(&written).unwrap().write(), written);
        let sections = card.fields().iter().map(|field| field.path.split('/').next().unwrap());
        assert_eq!(sections.collect::<std::collections::BTreeSet<_>>().len(), 9);
    }
    let card = read(FULL).unwrap();
    assert_eq!(card.name(), "Example Wound Measurer & Sorter");
    assert_eq!(card.text("ReleaseInfo/EHRCompatibility/EHR[2]"), Some("Second"));
    assert_eq!(card.text("ModelSummary/Keywords/Keyword[3]"), Some("nursing"));
    assert!(card.text("ModelSummary/Summary").unwrap().contains("length < 20 cm"));
    let metric = "KeyMetrics/UsefulnessUsabilityEfficacy/Results/MetricResult[2]/ValueJson";
    assert_eq!(card.text(metric), Some(r#"{"kind":"single","value":31,"unit":"%"}"#));
    assert!(card.write().contains("<ds:SignatureValue>AAAA</ds:SignatureValue>"));
    // Beginnings that other programs write.
    assert_eq!(read(&format!("\u{feff}{LEAST}")).unwrap(), read(LEAST).unwrap());
    assert_eq!(read(LEAST.split_once("?>").unwrap().1.trim_start()).unwrap(), read(LEAST).unwrap());
    assert_eq!(read(&LEAST.replace('\n', "\r\n")).unwrap(), read(LEAST).unwrap());
    let prefixed = LEAST.replace("xmlns=", "xmlns:mc=").replace("</", "</mc:");
    let prefixed = regexless_prefix(&prefixed);
    assert_eq!(read(&prefixed).unwrap(), read(LEAST).unwrap());
}

/// `<Name` becomes `<mc:Name`.
fn regexless_prefix(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        if c == '<' && chars.peek().is_some_and(char::is_ascii_alphabetic) {
            out.push_str("mc:");
        }
    }
    out
}

#[test]
fn b6_hostile_documents_are_refused_with_the_line() {
    let with = |declarations: &str, text: &str| {
        let declared = FULL.replacen("<!-- A made-up card with every element. -->", declarations, 1);
        declared.replacen("Example Developer", text, 1)
    };
    let bomb = r#"<!DOCTYPE AppliedModelCard [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>"#;
    assert!(refused(&with(bomb, "&b;")).contains("line 2: a document type (DTD)"));
    let external = r#"<!DOCTYPE AppliedModelCard [<!ENTITY x SYSTEM "file:///etc/passwd">]>"#;
    assert!(refused(&with(external, "&x;")).contains("a document type (DTD)"));
    assert!(refused(&with(r#"<!DOCTYPE AppliedModelCard SYSTEM "http://127.0.0.1/x.dtd">"#, "")).contains("(DTD)"));
    assert!(refused(&with("<!doctype html>", "")).contains("line 2"));
    assert!(refused(&with("", "&x;")).contains("line 6: an entity"));
    assert!(refused(&with("", "&#0;")).contains("a number of a character"));
    assert!(refused(&with("", "&#xFFFE;")).contains("a number of a character"));
    assert!(refused(&with("<?xml-stylesheet href='http://127.0.0.1/'?>", "")).contains("processing instruction"));
    assert!(refused(&with("", "a\u{1}b")).contains("line 6: a control character"));
    assert!(refused(&with("", "<script>alert(1)</script>")).contains("ModelDeveloper holds text, and no elements"));
    assert!(
        refused(&with("", "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd'/>"))
            .contains("line 6")
    );
}

#[test]
fn b6_no_document_is_too_large_too_deep_or_too_wide() {
    let long = FULL.replacen("Example Developer", &"x".repeat(LIMITS.bytes), 1);
    assert!(refused(&long).contains("at most 1048576 bytes"));
    let deep = FULL.replacen("<ds:SignedInfo>", &format!("<ds:SignedInfo>{}", "<ds:a>".repeat(100_000)), 1);
    assert!(refused(&deep).contains("at most 16 elements within one another"));
    let wide = FULL.replacen("<Keyword>wound</Keyword>", &"<Keyword>a</Keyword>".repeat(LIMITS.elements), 1);
    assert!(refused(&wide).contains("at most 10000 elements"));
    let tag = FULL.replacen("<Summary>", &format!("<Summary xmlns:a=\"{}\">", "x".repeat(LIMITS.tag)), 1);
    assert!(refused(&tag).contains("at most 4096 bytes in a tag"));
    let many: String = (0..5_000).map(|n| format!(" xmlns:a{n}=\"b\"")).collect();
    assert!(refused(&FULL.replacen("<Summary>", &format!("<Summary{many}>"), 1)).contains("so many declarations"));
    assert!(refused(&FULL.replacen("<Summary>", "<Summary onload=\"x\">", 1)).contains("no attributes"));
    assert!(refused(&FULL.replacen("<Summary>", "<Summary xmlns:a=\"b\" xmlns:a=\"b\">", 1)).contains("line 21"));
}

#[test]
fn b6_other_encodings_and_bytes_that_are_no_text_are_refused_with_the_remedy() {
    let latin = FULL.replace("Example Developer", "Soci\u{e9}t\u{e9}");
    let bytes: Vec<_> = latin.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert!(Card::read(&bytes).unwrap_err().to_string().contains("iconv -t utf-8"));
    assert!(refused(&FULL.replace("UTF-8", "ISO-8859-1")).contains("this says that it is something else"));
    assert!(refused(&FULL.replace("UTF-8", "UTF-7")).contains("something else"));
    for little in [true, false] {
        let word = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        let mark = word(0xFEFF).into_iter();
        let wide: Vec<_> = mark.chain(FULL.encode_utf16().flat_map(word)).collect();
        assert!(Card::read(&wide).unwrap_err().to_string().contains("UTF-16"));
    }
    assert!(refused(&FULL.replace("version=\"1.0\"", "version=\"1.1\"")).contains("another version of XML"));
}

#[test]
fn b6_what_is_not_the_schema_is_named() {
    for (from, to, says) in [
        (
            "v0.2/schema.xsd\" xmlns:xsi",
            "v0.1/schema.xsd\" xmlns:xsi",
            "the namespace https://mc.chai.org/v0.2/schema.xsd",
        ),
        (
            "<ModelName>Example Wound Measurer &amp; Sorter</ModelName>",
            "",
            "BasicInfo has no ModelName before ModelDeveloper",
        ),
        (
            "\t<Bibliography>@misc{example, title={An example}}</Bibliography>\n",
            "",
            "has no Bibliography before its signature",
        ),
        ("<ReleaseDate>March 2026</ReleaseDate>", "<ReleaseDay>March 2026</ReleaseDay>", "has no element ReleaseDay"),
        (
            "<ModelType>Segmentation</ModelType>",
            "<ModelType>a</ModelType><ModelType>b</ModelType>",
            "ModelType stands twice",
        ),
        ("</AppliedModelCard>\n", "</AppliedModelCard><a/>", "behind the last element"),
        ("</AppliedModelCard>\n", "", "AppliedModelCard is not closed"),
        ("</Warnings>", "</Warning>", "line 40"),
        ("<Warnings>", "<Warnings>text", "Warnings holds elements, and no text"),
        ("<AppliedModelCard ", "<ModelCard ", "the first element of a card is AppliedModelCard"),
    ] {
        let changed = FULL.replacen(from, to, 1);
        assert_ne!(changed, FULL, "{from}");
        assert!(refused(&changed).contains(says), "{}: {}", says, refused(&changed));
    }
    assert!(refused("%PDF-1.7\n...").contains("the card is the XML within it"));
    assert!(refused("").contains("there is no element"));
    assert!(refused("{\"card\": 1}").contains("text before the first element"));
    let outside = FULL.replacen("<Summary>", "<Summary xmlns=\"urn:other\">", 1);
    assert!(refused(&outside).contains("not in the namespace of cards"));
}

#[test]
fn c19_what_a_card_says_is_a_statement_and_its_source_is_its_hash() {
    let today = date!(2026 - 11 - 26);
    let facts = read(FULL).unwrap().facts("ab12", today);
    let mut dossier = Dossier::of_system("wounds", "example");
    dossier.facts.clone_from(&facts);
    for (name, fact) in &facts {
        assert_eq!((fact.grade, fact.source.as_deref(), fact.as_of), (Grade::D, Some("card:sha256:ab12"), Some(today)));
        assert!(dossier.known(catalogue(), name, today).value.is_some(), "{name}");
    }
    let said = |name: &str| facts[name].value.clone().unwrap();
    assert_eq!(said("base_model"), Value::Text("Example Vision 2".to_owned()));
    assert_eq!(said("model_card"), Value::Text("ab12".to_owned()));
    assert_eq!(facts.len(), 9);
    // What says nothing is no fact, and what says too much is cut.
    let empty = FULL.replace("Example Vision 2", "N/A").replace("Burns; children", &"long ".repeat(400));
    let facts = read(&empty).unwrap().facts("ab12", today);
    assert!(!facts.contains_key("base_model"));
    assert!(facts["out_of_scope"].value.as_ref().unwrap().to_string().len() < 1_010);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn b6_texts_come_back_as_they_were(text in "\\PC*|[ \t\r\n<>&;\"']*|(]]>|&amp;|<!\\[CDATA\\[)*") {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;");
        let document = LEAST.replacen("Example Developer", &escaped, 1);
        if let Ok(card) = read(&document) {
            prop_assert_eq!(card.developer(), text);
            prop_assert_eq!(read(&card.write()).unwrap(), card);
        } else {
            let none = text.chars().any(|c| u32::from(c) & 0xFFFE == 0xFFFE);
            prop_assert!(none);
        }
    }

    #[test]
    fn b6_a_changed_document_is_read_or_refused_and_never_more_than_that(at in 0..LEAST.len(), with in "[<>&/\"=?!a \\[\\]-]{0,4}", cut in 0_usize..40) {
        let (mut from, mut to) = (at, (at + cut).min(LEAST.len()));
        while !LEAST.is_char_boundary(from) { from -= 1; }
        while !LEAST.is_char_boundary(to) { to += 1; }
        let changed = format!("{}{with}{}", &LEAST[..from], &LEAST[to..]);
        if let Ok(card) = read(&changed) {
            prop_assert_eq!(read(&card.write()).unwrap(), card);
        }
    }
}
