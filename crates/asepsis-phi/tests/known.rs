//! What the caller knows is found in every form that people write it in.

use std::sync::Arc;

use asepsis_phi::{Engine, FhirError, Hl7Error, KnownPerson, KnownPhi, Segment};
use asepsis_vocab::{EvidenceKind, IdentifierClass};

thread_local! {
    static ENGINE: Engine = Engine::builder().titles_apart().build().expect("shipped settings make an engine");
}

/// What was found because the caller knows it.
fn found(known: &KnownPhi, text: &str) -> Vec<String> {
    ENGINE.with(|e| {
        let out = e.inspect(&[Segment { text, field: None }], known).remove(0);
        let known = out.iter().filter(|f| f.evidence.kind == EvidenceKind::KnownPhi);
        known.map(|f| format!("{}:{}", f.class, &text[f.span.range()])).collect()
    })
}

fn robert() -> KnownPerson {
    KnownPerson::new()
        .name_parts(&["Robert", "Quincy"], "Vitifake-Sørensen")
        .birth("1958-03-14")
        .phone("(401) 555-0131")
        .email("rvitifake58@example.org")
        .address("1260 Sunflower Avenue, Apt 4B, Silvergrove, MA 02139")
        .id(IdentifierClass::Mrn, "77-1203-9")
        .id(IdentifierClass::Ssn, "123-45-6789")
        .id(IdentifierClass::HealthPlan, "XQH-44091822")
}

/// Many people, among them Robert.
fn register() -> KnownPhi {
    let mut known = KnownPhi::new().person(&robert());
    for n in 0..1_000 {
        let name = format!("Given{} Family{}", letters(n), letters(n / 3));
        known.add(&KnownPerson::new().name(&name).id(IdentifierClass::Mrn, &format!("9{n:06}")).birth("1950-04-12"));
    }
    known
}

fn letters(n: usize) -> String {
    n.to_string().bytes().map(|b| char::from(b - b'0' + b'a')).collect()
}

#[test]
fn r4_a_name_is_found_in_every_order_and_short_form() {
    let (few, many) = (KnownPhi::new().person(&robert()), register());
    for (text, name) in [
        ("I saw Robert Vitifake today", "Robert Vitifake"),
        ("I saw robert vitifake today", "robert vitifake"),
        ("I saw Bob Vitifake-Sorensen today", "Bob Vitifake-Sorensen"),
        ("I saw R. Vitifake today", "R. Vitifake"),
        ("I saw Robert Q. Vitifake today", "Robert Q. Vitifake"),
        ("I saw VITIFAKE, ROBERT Q. today", "VITIFAKE, ROBERT Q."),
        ("I saw Vitifake, R. today", "Vitifake, R."),
        ("I saw Quincy Sørensen today", "Quincy Sørensen"),
        ("I saw Robbie Soerensen-Vitifake today", "Robbie Soerensen-Vitifake"),
        ("I saw Robert Vitfake today", "Robert Vitfake"),
        ("I saw Robetr Vitifake today", "Robetr Vitifake"),
        ("file vitifake_robert_scan", "vitifake_robert"),
    ] {
        let name = format!("NAME:{name}");
        if !text.contains("Soerensen") {
            assert_eq!(found(&few, text), [name.as_str()], "few, in {text:?}");
            assert_eq!(found(&many, text), [name.as_str()], "many, in {text:?}");
        }
    }
}

#[test]
fn r4_parts_of_a_name_are_found_by_themselves_in_a_list_of_few() {
    let few = KnownPhi::new().person(&robert());
    assert_eq!(found(&few, "then vitifake's wound; ask Bob or Quincy"), ["NAME:vitifake", "NAME:Bob", "NAME:Quincy"]);
    assert_eq!(found(&few, "the patient R.V. and pt RQV agreed"), ["NAME:R.V.", "NAME:RQV"]);
    assert_eq!(found(&few, "the bob of the tail; RV function, R. V. not seen"), Vec::<String>::new());
    assert_eq!(found(&few, "then Vitivake came"), ["NAME:Vitivake"]);
}

#[test]
fn r4_an_ordinary_word_is_no_name_because_somebody_of_a_register_bears_it() {
    let mut known = register();
    for name in ["Hope Price", "May Wood", "Grace Brown", "Will Young", "Anna Rash"] {
        known.add(&KnownPerson::new().name(name));
    }
    for text in [
        "I hope price is fine",
        "brown rash, will young people come",
        "Price and Wood are words",
        "may wood be used",
        "a price",
    ] {
        assert_eq!(found(&known, text), Vec::<String>::new(), "in {text:?}");
    }
    assert_eq!(found(&known, "I called Hope Price and Brown, Grace."), ["NAME:Hope Price", "NAME:Brown, Grace"]);
}

#[test]
fn r4_a_date_of_birth_is_found_in_every_form() {
    let few = KnownPhi::new().person(&robert());
    for date in [
        "1958-03-14",
        "03/14/1958",
        "3/14/58",
        "14.3.1958",
        "14/03/58",
        "March 14, 1958",
        "14 Mar 58",
        "14th of March 1958",
        "mar 14th 1958",
        "19580314",
        "03141958",
        "031458",
        "3 14 1958",
        "3-14-58",
    ] {
        let text = format!("it was {date} then");
        assert_eq!(found(&few, &text), [format!("DATE:{date}")], "in {text:?}");
    }
    assert_eq!(found(&few, "on 1958-03-15 and 3/14 and 14"), Vec::<String>::new());
}

#[test]
fn r4_numbers_are_found_with_any_division_and_by_their_last_four_after_a_cue() {
    let (few, many) = (KnownPhi::new().person(&robert()), register());
    for text in [
        "PHONE:401-555-0131",
        "PHONE:401.555.0131",
        "PHONE:4015550131",
        "PHONE:401 555 0131",
        "PHONE:1 401 555 0131",
        "MRN:7712039",
        "MRN:77 1203 9",
        "SSN:123 456789",
        "HEALTH_PLAN:xqh44091822",
        "HEALTH_PLAN:XQH 4409 1822",
    ] {
        let value = text.split_once(':').unwrap().1;
        for known in [&few, &many] {
            assert_eq!(found(known, &format!("so {value} it is")), [text]);
        }
    }
    assert_eq!(found(&few, "social ends in 6789; card 1822; 6789 mL"), ["SSN:6789", "HEALTH_PLAN:1822"]);
    assert_eq!(found(&few, "the 97712039 and 3.7712039 and 7712039.5"), Vec::<String>::new());
    assert_eq!(found(&few, "local 555-0131 here"), ["PHONE:555-0131"]);
}

#[test]
fn r4_an_address_is_found_in_its_parts() {
    let few = KnownPhi::new().person(&robert());
    let text = "at 1260 Sunflower Ave. in silvergrove, by 02139, user rvitifake58";
    assert_eq!(
        found(&few, text),
        ["LOCATION:1260 Sunflower", "LOCATION:silvergrove", "LOCATION:02139", "EMAIL:rvitifake58"]
    );
}

#[test]
fn r4_a_facility_is_found_by_its_name() {
    let known = KnownPhi::new().identifier(IdentifierClass::Org, "The Blue Door");
    assert_eq!(found(&known, "Admitted to The Blue Door today; the blue door was open."), ["ORG:The Blue Door"]);
}

#[test]
fn r4_a_register_is_shared_by_what_is_known_of_one_document() {
    let register = Arc::new(register());
    let known = KnownPhi::new().name("Tira Onoko").and(Arc::clone(&register));
    assert_eq!(
        found(&known, "Onoko met Robert Vitifake, 9000017"),
        ["NAME:Onoko", "NAME:Robert Vitifake", "MRN:9000017"]
    );
    assert_eq!(known.people(), 1_002);
    assert!(register.size() > 1_000);
    assert_eq!(format!("{known:?} {:?}", robert()), "KnownPhi(1002 entries) KnownPerson(..)");
}

#[test]
fn r4_people_are_read_from_fhir() {
    let patient = r#"{"resourceType":"Patient","name":[{"use":"official","family":"Vitifake","given":["Robert","Quincy"]},{"text":"Bobby V."}],
        "birthDate":"1958-03-14","telecom":[{"system":"phone","value":"+1 401 555 0131"},{"system":"email","value":"bobv1@example.org"}],
        "address":[{"line":["1260 Sunflower Avenue"],"city":"Silvergrove","postalCode":"02139"}],
        "identifier":[{"type":{"coding":[{"code":"MR"}]},"value":"77-1203-9"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"123-45-6789"}],
        "contact":[{"name":{"family":"Onoko","given":["Tira"]},"telecom":[{"system":"phone","value":"401 555 0199"}]}], "active": true}"#;
    let known = KnownPhi::new().person(&KnownPerson::from_fhir_patient(patient).unwrap());
    let text = "bob vitifake, 3/14/58, 77 1203 9, 123456789, Tira, 4015550199";
    assert_eq!(
        found(&known, text),
        ["NAME:bob vitifake", "DATE:3/14/58", "MRN:77 1203 9", "SSN:123456789", "NAME:Tira", "PHONE:4015550199"]
    );
    let error = KnownPerson::from_fhir_patient("{\"resourceType\":\"Patient\", \"secret").unwrap_err();
    assert!(matches!(error, FhirError::Json { line: 1, .. }) && !error.to_string().contains("secret"));
    assert!(matches!(KnownPerson::from_fhir_patient("{}"), Err(FhirError::NotAPerson)));
}

#[test]
fn r4_people_are_read_from_hl7_messages() {
    let message = "MSH|^~\\&|A|B\rPID|1||77-1203-9^^^H^MR~123-45-6789^^^^SS||VITIFAKE^ROBERT^QUINCY^JR||19580314|M|BOBBY^V||1260 Sunflower \\T\\ Rose^^Silvergrove^MA^02139-1234||(401)555-0131|||||44 09 18\rNK1|1|Onoko^Tira|SPO||401-555-0199";
    let known = KnownPhi::new().person(&KnownPerson::from_hl7_pid(message).unwrap());
    let text = "Robert Vitifake, 14-mar-1958, 7712039, 440918, Tira Onoko, 401.555.0199, silvergrove";
    assert_eq!(
        found(&known, text),
        [
            "NAME:Robert Vitifake",
            "DATE:14-mar-1958",
            "MRN:7712039",
            "ACCOUNT:440918",
            "NAME:Tira Onoko",
            "PHONE:401.555.0199",
            "LOCATION:silvergrove"
        ]
    );
    assert!(matches!(KnownPerson::from_hl7_pid("MSH|^~\\&|A"), Err(Hl7Error::NoPid)));
    assert!(matches!(KnownPerson::from_hl7_pid("MSH|\rPID|"), Err(Hl7Error::Separators)));
}
