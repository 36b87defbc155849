//! What must be left alone, what disguises must not hide, and what the document as a whole tells.

use asepsis_phi::{Assurance, Engine, KnownPhi, Profile, Segment, SitePattern};
use asepsis_vocab::{EvidenceKind, IdentifierClass};

thread_local! {
    static ENGINE: Engine = Engine::builder().titles_apart().build().expect("shipped settings make an engine");
}

fn found(text: &str) -> Vec<String> {
    ENGINE.with(|e| e.inspect_text(text).iter().map(|f| format!("{}:{}", f.class, &text[f.span.range()])).collect())
}

#[test]
fn r5_measures_codes_and_citations_are_left_alone() {
    for text in [
        "BP 128/76, HR 88, RR 18, SpO2 96 %, temperature 37.1 °C, BMI 27.4.",
        "Na 138 mmol/L, K 4.1 mmol/L, platelets 218 ×10⁹/L, WBC 7,400, glucose 146 mg/dL.",
        "Metformin 500 mg twice daily for 14 days; insulin 10 units at 08:30.",
        "Strength 5/5, murmur 2/6, vision 20/25, pain 3/10, Glasgow Coma Scale 15/15.",
        "Disc bulge at L4-L5 and C5/C6; stage IIIb, T2N1M0, Gleason 3+4.",
        "ICD-10 E11.9, CPT 99213, LOINC 4548-4, RxNorm 860975, NDC 00093-1048-01.",
        "PMID 32000047, NCT01234567, doi 10.1000/182, published 2017.",
        "Foley catheter, Cushing syndrome, Murphy sign, Parkinson disease, Glasgow Coma Scale.",
        "COVID-19 vaccine, HbA1c 6.1%, FEV1 80%, version 2.4.1, $92.40.",
        "Two weeks ago, on day 3, at 14:05, for 90 days, every 8 hours.",
        "CHIEF COMPLAINT\n\nHISTORY OF PRESENT ILLNESS\n\nPast Medical History:\nHypertension.",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "in {text:?}");
    }
}

#[test]
fn r24_disguised_identifiers_are_found_at_their_place() {
    for text in [
        "SSN 1\u{200b}23-45\u{ad}-6789",
        "SSN １２３-４５-６７８９",
        "SSN 123\u{2013}45\u{2011}6789",
        "SSN\u{a0}123\u{2009}45\u{a0}6789",
    ] {
        let spans = ENGINE.with(|e| e.inspect_text(text));
        assert_eq!(spans.len(), 1, "in {text:?}");
        assert_eq!(spans[0].class, IdentifierClass::Ssn);
        assert_eq!(spans[0].span.end, text.len());
    }
    assert_eq!(found("Mr. Сlаrk was seen"), ["NAME:Сlаrk"]);
    assert_eq!(found("Dr. Cla\u{200d}rk was seen"), ["NAME:Cla\u{200d}rk"]);
    assert_eq!(found(r#"{"t":"MRN: 0048213\nseen"}"#), ["MRN:0048213"]);
}

#[test]
fn r24_encoded_spelled_and_spoken_identifiers_are_found_at_their_place() {
    for (text, expected) in [
        ("write to a.reed%40care.example.com now", "EMAIL:a.reed%40care.example.com"),
        ("write to a.reed&#64;care.example.com now", "EMAIL:a.reed&#64;care.example.com"),
        ("dob=04%2F12%2F1950&x=1", "DATE:04%2F12%2F1950"),
        ("Mr. Garc=C3=ADa was seen", "NAME:Garc=C3=ADa"),
        ("Mr. Garc\\u00eda was seen", "NAME:Garc\\u00eda"),
        ("<td>MRN</td><td>0048213</td>", "MRN:0048213"),
        ("SSN&nbsp;123&#8211;45&ndash;6789", "SSN:123&#8211;45&ndash;6789"),
        ("phone 401-555-\n0131 today", "PHONE:401-555-\n0131"),
        ("SSN: 1 2 3 - 4 5 - 6 7 8 9.", "SSN:1 2 3 - 4 5 - 6 7 8 9"),
        ("call four oh one five five five oh one three one", "PHONE:four oh one five five five oh one three one"),
        ("mrn is three eight four nine two oh", "MRN:three eight four nine two oh"),
        ("SSN \u{661}\u{662}\u{663}-\u{664}\u{665}-\u{666}\u{667}\u{668}\u{669}", "SSN:١٢٣-٤٥-٦٧٨٩"),
    ] {
        assert_eq!(found(text), [expected], "in {text:?}");
    }
}

#[test]
fn r24_a_text_in_one_case_is_read_as_if_it_had_two() {
    let note =
        "patient: felix vitifake, seen at silvergrove hospice by dr. jono. he lives in duko. bp 128/76, no distress.";
    let expected = ["NAME:felix vitifake", "ORG:silvergrove hospice", "NAME:jono", "LOCATION:duko"];
    assert_eq!(found(note), expected);
    let upper = expected.map(str::to_uppercase);
    assert_eq!(found(&note.to_uppercase()), upper);
}

#[test]
fn r24_who_speaks_in_a_transcript_is_no_name() {
    assert_eq!(found("[doctor] hi , martha .\n[patient] uh , yes , i am"), ["NAME:martha"]);
}

#[test]
fn r24_a_found_name_marks_its_other_mentions_in_every_segment() {
    let texts = ["Patient: Anna Vitifake, MRN 0048213.", "vitifake's wound is clean; call Anna. See 0048213."];
    let segments = texts.map(|text| Segment { text, field: None });
    let out = ENGINE.with(|e| e.inspect(&segments, &KnownPhi::default()));
    let second: Vec<_> = out[1].iter().map(|f| &texts[1][f.span.range()]).collect();
    assert_eq!(second, ["vitifake", "Anna", "0048213"]);
}

#[test]
fn r24_an_ordinary_word_that_is_also_a_found_name_stays_where_it_is_ordinary() {
    assert_eq!(found("Dr. Price came. The price is high. I asked Price again."), ["NAME:Price", "NAME:Price"]);
    assert_eq!(found("Dr. Foley placed a Foley catheter."), ["NAME:Foley"]);
}

#[test]
fn r24_what_the_caller_knows_is_found_anywhere() {
    let known = KnownPhi::new().name("Wanda Price").identifier(IdentifierClass::Mrn, "77-1203-9");
    assert_eq!(format!("{known:?}"), "KnownPhi(2 entries)");
    let text = "price, wanda came; wanda said 7712039 or 77-1203-9.";
    let out = ENGINE.with(|e| e.inspect(&[Segment { text, field: None }], &known));
    let spans: Vec<_> = out[0].iter().map(|f| &text[f.span.range()]).collect();
    assert_eq!(spans, ["price, wanda", "wanda", "7712039", "77-1203-9"]);
    assert!(out[0].iter().all(|f| f.evidence.kind == EvidenceKind::KnownPhi));
}

#[test]
fn r5_the_name_of_a_field_decides_what_its_value_is() {
    for (field, text, class) in [
        ("patient_name", "hope price", IdentifierClass::Name),
        ("birthDate", "1950-04-12", IdentifierClass::Date),
        ("mrn", "A12", IdentifierClass::Mrn),
        ("homePhone", "555-0131", IdentifierClass::Phone),
        ("city", "Reading", IdentifierClass::Location),
        ("employer", "Blue Door", IdentifierClass::Org),
    ] {
        let out = ENGINE.with(|e| e.inspect(&[Segment { text, field: Some(field) }], &KnownPhi::default()));
        assert_eq!(out[0].len(), 1, "{field}");
        assert_eq!((out[0][0].class, out[0][0].span.len()), (class, text.len()), "{field}");
    }
}

#[test]
fn r5_keys_of_every_layout_announce_their_values() {
    for text in [
        "MRN: 48213",
        "MRN - 48213",
        "MRN = 48213",
        "MRN >> 48213",
        "MRN is 48213",
        "MRN | 48213",
        "MRN → 48213",
        "MRN\t48213",
    ] {
        assert_eq!(found(text), ["MRN:48213"], "in {text:?}");
    }
}

#[test]
fn r24_placeholders_are_left_alone() {
    let text =
        "Dr. [NAME_7F3K9QXA2BCDE] saw [NAME_7F3K9QXA2BCDF] on [DATE_2024_7F3K9QXA2BCDE], MRN [MRN_12345678901A3].";
    assert_eq!(found(text), Vec::<String>::new());
    assert_eq!(asepsis_phi::tripwire(text), None);
}

#[test]
fn r5_a_sites_own_format_is_found_without_a_cue() {
    let pattern = SitePattern { class: IdentifierClass::Mrn, pattern: r"\bQX-\d{3}\b".to_owned() };
    let engine = Engine::builder().site_patterns([pattern]).build().unwrap();
    assert_eq!(engine.inspect_text("see QX-123 there")[0].class, IdentifierClass::Mrn);
    let learned = SitePattern::learn(IdentifierClass::Mrn, &["QX-1234", "QX-9"]);
    assert!(learned.is_err(), "a letter or two and a digit are too common");
    let learned = SitePattern::learn(IdentifierClass::Mrn, &["QX-1234", "QY-9912"]).unwrap();
    let engine = Engine::builder().site_patterns([learned]).build().unwrap();
    let found = engine.inspect_text("it is qz-8831 or QX-88312 there");
    let learned: Vec<_> = found.iter().filter(|f| f.detector == "site").map(|f| f.span.start).collect();
    assert_eq!(learned, [6]);
    let bad = SitePattern { class: IdentifierClass::Mrn, pattern: "(".to_owned() };
    assert!(Engine::builder().site_patterns([bad]).build().is_err());
}

#[test]
fn the_engine_claims_no_more_than_it_is() {
    let engine = Engine::builder().profile(Profile::Strict).build().unwrap();
    assert_eq!(engine.assurance(), Assurance::Full);
    assert_eq!(Engine::rules_only().assurance(), Assurance::FirstLayer);
    for profile in [Profile::Balanced, Profile::Utility] {
        let engine = Engine::builder().profile(profile).build().unwrap();
        assert_eq!(engine.assurance(), Assurance::FirstLayer);
    }
    assert!(engine.version().starts_with("asepsis-phi/"));
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&engine);
}

#[test]
fn r5_pictures_asides_and_measures_that_look_like_identifiers_are_left_alone() {
    for text in [
        "The result is shown in figure1.png and in plot.png.",
        "Open the file loading.gif first.",
        "A plate 25 mm long was placed.",
        "The bone plate was removed in OR 4 today.",
    ] {
        assert_eq!(found(text), Vec::<String>::new(), "in {text:?}");
    }
    assert_eq!(found("Patient: Robert (Medicare) was seen"), ["NAME:Robert"]);
    assert_eq!(found("Mr. Tran (DNR) was seen"), ["NAME:Tran"]);
    assert_eq!(found("Mr. Tran (Cardiology) Monday"), ["NAME:Tran"]);
}
