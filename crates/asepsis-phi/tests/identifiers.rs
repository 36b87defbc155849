//! One test for each identifier of 45 CFR 164.514(b)(2)(i), as a user of the crate would ask.

use asepsis_phi::{Engine, KnownPhi, Segment};
use asepsis_vocab::{Detail, IdentifierClass};

thread_local! {
    static ENGINE: Engine = Engine::builder().titles_apart().build().expect("shipped settings make an engine");
}

/// What was found, as `LABEL:text`.
fn found(text: &str) -> Vec<String> {
    ENGINE.with(|e| e.inspect_text(text).iter().map(|f| format!("{}:{}", f.class, &text[f.span.range()])).collect())
}

#[track_caller]
fn finds(text: &str, expected: &[&str]) {
    assert_eq!(found(text), expected, "in {text:?}");
}

#[track_caller]
fn details(text: &str) -> Vec<(String, Detail)> {
    ENGINE.with(|e| e.inspect_text(text).iter().map(|f| (text[f.span.range()].to_owned(), f.detail)).collect())
}

#[test]
fn r5_a_name_is_found_after_titles_cues_greetings_and_before_credentials() {
    finds("Seen by Dr. Mine today.", &["NAME:Mine"]);
    finds("Mrs. Delacroix-Hale tolerated it well.", &["NAME:Delacroix-Hale"]);
    finds("Patient: Reed, Anna M.", &["NAME:Reed, Anna M."]);
    finds("Her husband, Tom Reed, was present.", &["NAME:Tom Reed"]);
    finds("hi martha , how are you ?", &["NAME:martha"]);
    finds("dictating on donald clark . he is well", &["NAME:donald clark"]);
    finds("Electronically signed by Betty Ross, PA-C", &["NAME:Betty Ross"]);
    finds("Sincerely,\nJohn Alvarez", &["NAME:John Alvarez"]);
    finds("Martha Collins is a 50-year-old female.", &["NAME:Martha Collins"]);
    finds("PATIENT IDENTITY >> Haki >> care goals", &["NAME:Haki"]);
    finds("The patient is named Juan de la Cruz.", &["NAME:Juan de la Cruz"]);
}

#[test]
fn r5_a_place_below_the_state_is_found_in_its_parts() {
    let text = "Lives at 1260 Sunflower Avenue, Apt 4B, Silvergrove, MA 02139-1234.";
    let parts = details(text);
    let parts: Vec<_> = parts.iter().map(|(t, d)| (t.as_str(), *d)).collect();
    assert_eq!(
        parts,
        [
            ("1260 Sunflower Avenue, Apt 4B", Detail::Street),
            ("Silvergrove, MA", Detail::Town),
            ("02139-1234", Detail::PostalCode)
        ]
    );
    finds(
        "Mail to PO Box 508, Everfield, RI 12433",
        &["LOCATION:PO Box 508", "LOCATION:Everfield, RI", "LOCATION:12433"],
    );
    finds("She lives in Duko with a cousin.", &["LOCATION:Duko"]);
    finds("ZIP: 02139", &["LOCATION:02139"]);
    finds("found at 42.36012, -71.05893 by car", &["LOCATION:42.36012, -71.05893"]);
    finds("Home area: Zenith Bay.", &["LOCATION:Zenith Bay"]);
}

#[test]
fn r5_a_date_is_found_in_every_form_and_a_year_alone_is_kept() {
    for date in [
        "2024-01-15",
        "1/15/24",
        "15.01.2024",
        "13 Jul 2026",
        "18-Apr-1957",
        "March 3rd, 2024",
        "Jan. 5",
        "March 2024",
        "03/2021",
        "20240115",
        "2024-01-15T10:30:00Z",
        "5th of March",
        "january 15th , '21",
        "March 3-5, 2024",
    ] {
        let text = format!("It happened on {date} at home.");
        finds(&text, &[&format!("DATE:{date}")]);
    }
    finds("In 2019 she was well; two weeks ago, yesterday and today too.", &[]);
    let text = "DOB: 04/12/1950, admitted 01/02/2024";
    assert_eq!(details(text).iter().map(|d| d.1).collect::<Vec<_>>(), [Detail::Birth, Detail::Unspecified]);
}

#[test]
fn r5_an_age_over_89_is_found_in_digits_and_in_words() {
    finds("This 93-year-old man", &["AGE:93"]);
    finds("a 104 y/o woman", &["AGE:104"]);
    finds("aged 99 years", &["AGE:99"]);
    finds("She is a 94F with falls", &["AGE:94"]);
    finds("a woman in her nineties", &["AGE:nineties"]);
    finds("The centenarian walks daily.", &["AGE:centenarian"]);
    finds("a ninety-two-year-old man", &["AGE:ninety-two"]);
    finds("A 89-year-old; heart rate 95; weight 98 kg; for 90 days", &[]);
}

#[test]
fn r5_what_implies_an_age_over_89_is_found() {
    for (text, age) in [
        ("She is 93.", "93"),
        ("Her mother, 94, lives alone.", "94"),
        ("his father died at 92 of a stroke", "92"),
        ("grandmother lived to be 101 and was well", "101"),
        ("a man in his late 90s", "90s"),
        ("he is in his mid-90's", "90's"),
        ("an 91yo lady", "91"),
        ("91-yr-old man", "91"),
        ("94 y.o. male", "94"),
        ("a ninety two year old man", "ninety two"),
        ("one hundred and two years old", "hundred and two"),
        ("after her 95th birthday", "95"),
        ("her ninetieth birthday", "ninetieth"),
        ("he was ninety one.", "ninety one"),
        ("a ninety-something woman", "ninety-something"),
        ("born in 1931, seen in 2024", "1931"),
        ("Year of birth: 1929", "1929"),
        ("YOB: 1930", "1930"),
        ("ÂGE 97", "97"),
    ] {
        finds(text, &[&format!("AGE:{age}")]);
    }
    finds("born in 1950; YOB: 1941; born in 1931, seen in 1998", &[]);
    finds("she is 98% on 2 L; she is 95 kg; HR is 93 and regular; ninety percent; one hundred fifty mg", &[]);
    finds("(117 female, 18 male), 99mTc, 90 days, temperature of 101", &[]);
}

#[test]
fn r5_a_telephone_number_is_found_in_every_shape() {
    for phone in [
        "(401) 555-0131",
        "401.555.0154",
        "+1 (207) 555-0151",
        "1-617-555-0150",
        "2075550134",
        "+44 20 7946 0958",
        "(617)555-0199 ext. 23",
    ] {
        finds(&format!("Please call {phone} now."), &[&format!("PHONE:{phone}")]);
    }
    finds("Pager: 4471", &["PHONE:4471"]);
}

#[test]
fn r5_a_fax_number_is_told_from_a_telephone_number() {
    finds("Fax: 401-555-0131", &["FAX:401-555-0131"]);
}

#[test]
fn r5_an_electronic_mail_address_is_found_plain_and_spelled_out() {
    finds("write to a.reed+x@care.example.com.", &["EMAIL:a.reed+x@care.example.com"]);
    finds("write to anna.reed (at) example (dot) org", &["EMAIL:anna.reed (at) example (dot) org"]);
}

#[test]
fn r5_a_social_security_number_is_found_in_every_shape() {
    for ssn in ["123-45-6789", "000-11-0027", "666-12-3456", "978-10-7945", "123 45 6789", "123.45.6789", "XXX-XX-6789"]
    {
        finds(&format!("the number {ssn} was given"), &[&format!("SSN:{ssn}")]);
    }
    finds("SSN 978107945", &["SSN:978107945"]);
    finds("SSN ending in 6789", &["SSN:6789"]);
    finds("Use 000-11-0027 as the social-security entry", &["SSN:000-11-0027"]);
}

#[test]
fn r5_a_medical_record_number_is_found_by_its_cue_in_odd_shapes() {
    finds("MRN: 0048213", &["MRN:0048213"]);
    finds("mrn 3-8-4-9-2-0", &["MRN:3-8-4-9-2-0"]);
    finds("chart number AC-36863-001", &["MRN:AC-36863-001"]);
    finds("medical record no. 8584/620", &["MRN:8584/620"]);
    finds("she is mrnq27631 here", &["MRN:mrnq27631"]);
    finds("Jono Reed [6540054] was seen", &["NAME:Jono Reed", "ID:6540054"]);
}

#[test]
fn r5_a_health_plan_number_is_found() {
    finds("Medicare MBI 1EG4-TE5-MK73", &["HEALTH_PLAN:1EG4-TE5-MK73"]);
    finds("Member ID: H12388127", &["HEALTH_PLAN:H12388127"]);
    finds("policy number POL-8584620-93", &["HEALTH_PLAN:POL-8584620-93"]);
}

#[test]
fn r5_an_account_number_is_found_by_cue_and_by_check_digits() {
    finds("account 858/4620", &["ACCOUNT:858/4620"]);
    finds("paid with 4111 1111 1111 1111 today", &["ACCOUNT:4111 1111 1111 1111"]);
    finds("transfer to GB82WEST12345698765432", &["ACCOUNT:GB82WEST12345698765432"]);
}

#[test]
fn r5_a_certificate_or_license_number_is_found() {
    finds("NPI 1234567893", &["LICENSE:1234567893"]);
    finds("DEA# AB1234563", &["LICENSE:AB1234563"]);
    finds("driver's license D123-4567-8901", &["LICENSE:D123-4567-8901"]);
    finds("passport number 549021735", &["LICENSE:549021735"]);
}

#[test]
fn r5_a_vehicle_is_found_by_its_number_and_its_plate() {
    finds("The car, 1M8GDM9AXKP042788, was totalled.", &["VEHICLE:1M8GDM9AXKP042788"]);
    finds("license plate 7XKL392", &["VEHICLE:7XKL392"]);
}

#[test]
fn r5_a_device_is_found_by_serial_number_and_hardware_address() {
    finds("pacemaker serial number PXT-90817", &["DEVICE:PXT-90817"]);
    finds("IMEI 490154203237518", &["DEVICE:490154203237518"]);
    finds("sensor 00:1B:44:11:3A:B7 paired", &["DEVICE:00:1B:44:11:3A:B7"]);
}

#[test]
fn r5_a_web_address_is_found_with_and_without_a_scheme() {
    finds("see https://portal.example.org/p/17?x=1.", &["URL:https://portal.example.org/p/17?x=1"]);
    finds("see www.example.org for more", &["URL:www.example.org"]);
    finds("at mychart.example.org/anna now", &["URL:mychart.example.org/anna"]);
}

#[test]
fn r5_an_internet_protocol_address_is_found_and_a_version_is_not() {
    finds("from 198.51.100.223, at night", &["IP:198.51.100.223"]);
    finds("from 2001:db8::8a2e:370:7334 at night", &["IP:2001:db8::8a2e:370:7334"]);
    finds("running version 4.12.0.1 of the pump software", &[]);
}

#[test]
fn r5_a_biometric_identifier_is_found_by_its_cue() {
    finds("fingerprint template FP-99812-A", &["BIOMETRIC:FP-99812-A"]);
    finds("The fingerprints were not taken.", &[]);
}

#[test]
fn r5_a_photograph_is_found_where_a_reference_to_it_follows() {
    finds("photo file IMG_20931", &["PHOTO:IMG_20931"]);
    finds("A photograph of the wound was taken.", &[]);
}

#[test]
fn r5_any_other_unique_number_is_found() {
    finds("accession number 22-SP-01745", &["ID:22-SP-01745"]);
    finds("seen as 6fa459ea-ee8a-3ca4-894e-db77e160355e there", &["ID:6fa459ea-ee8a-3ca4-894e-db77e160355e"]);
    finds("series 1.2.840.113619.2.55.3.2831 there", &["ID:1.2.840.113619.2.55.3.2831"]);
}

#[test]
fn a_place_of_care_and_an_employer_are_found_as_organisations() {
    finds("admitted to Silvergrove Regional Hospital yesterday", &["ORG:Silvergrove Regional Hospital"]);
    finds("She works at Kestrel Freight.", &["ORG:Kestrel Freight"]);
    assert!(found("Seen at Linden Falls Women's Clinic.").iter().all(|f| f.starts_with("ORG")));
    assert!(ENGINE.with(|e| e.inspect_text("Silvergrove Hospice")[0].class == IdentifierClass::Org));
}

#[track_caller]
fn finds_in_field(field: &str, text: &str, expected: &[&str]) {
    let spans = ENGINE.with(|e| e.inspect(&[Segment { text, field: Some(field) }], &KnownPhi::default()).remove(0));
    let spans: Vec<_> = spans.iter().map(|f| format!("{}:{}", f.class, &text[f.span.range()])).collect();
    assert_eq!(spans, expected, "in {field:?} {text:?}");
}

#[test]
fn r5_an_age_over_89_is_found_in_a_field_that_is_for_an_age() {
    finds_in_field("Age", "92", &["AGE:92"]);
    finds_in_field("Age", "92 years", &["AGE:92"]);
    finds_in_field("age_years", "97", &["AGE:97"]);
    finds_in_field("patient_age", "97", &["AGE:97"]);
    finds_in_field("ageAtDeath", "101.5", &["AGE:101.5"]);
    for text in ["89", "41 years", "7.95", "999"] {
        finds_in_field("age", text, &[]);
    }
    finds_in_field("age", "96 weeks", &[]);
    finds_in_field("age_months", "96", &[]);
    finds(r#"{"age": 92, "sex": "F"}"#, &["AGE:92"]);
    finds(r#"{"age":"92","bpm":"95"}"#, &["AGE:92"]);
    finds(r#"{\"patient_age\": 97}"#, &["AGE:97"]);
    finds(r#"{"age": 89}"#, &[]);
}

#[test]
fn r5_a_nickname_in_quotes_or_parentheses_belongs_to_the_name_around_it() {
    for name in [
        "José \"Pepe\" Ibáñez",
        "José “Pepe” Ibáñez",
        "José 'Pepe' Ibáñez",
        "José ‘Pepe’ Ibáñez",
        r#"José \"Pepe\" Ibáñez"#,
        "Robert (Bob) Tran",
        "Tran, Robert \"Bob\"",
    ] {
        finds(&format!("Patient name: {name} was seen"), &[&format!("NAME:{name}")]);
    }
    finds("Robert (Bob) Tran is a 50-year-old man.", &["NAME:Robert (Bob) Tran"]);
}

#[test]
fn r5_letters_that_stand_apart_before_the_digits_of_a_code_belong_to_it() {
    finds("a car with plate GKR 4471 was seen", &["VEHICLE:GKR 4471"]);
    finds("license plate HXR 2290", &["VEHICLE:HXR 2290"]);
    finds("VIN 1HGCM82633A004352, sedan", &["VEHICLE:1HGCM82633A004352"]);
    finds("license plate AB12 CDE", &["VEHICLE:AB12 CDE"]);
    finds("Member ID: MBX 440-918-22", &["HEALTH_PLAN:MBX 440-918-22"]);
    finds("policy no. AB 123 456", &["HEALTH_PLAN:AB 123 456"]);
    finds("MEMBER ID IS 44091822 ON FILE", &["HEALTH_PLAN:44091822"]);
}

#[test]
fn r5_the_file_name_of_a_photograph_is_found_whole() {
    finds("Photo: ibanez_portrait.png", &["PHOTO:ibanez_portrait.png"]);
    finds("see file quennell_face_0041.jpg.", &["PHOTO:quennell_face_0041.jpg"]);
    finds("Mr. Quennell, photo quennell_face.jpeg", &["NAME:Quennell", "PHOTO:quennell_face.jpeg"]);
    finds(r#"{"photo":"tran-001.HEIC"}"#, &["PHOTO:tran-001.HEIC"]);
    finds_in_field("photo", "tran.jpg", &["PHOTO:tran.jpg"]);
    let known = KnownPhi::new().name("Quennell");
    let text = "photo quennell_a.png";
    let spans = ENGINE.with(|e| e.inspect(&[Segment { text, field: None }], &known).remove(0));
    assert_eq!(spans.iter().map(|f| &text[f.span.range()]).collect::<Vec<_>>(), ["quennell_a.png"]);
}
