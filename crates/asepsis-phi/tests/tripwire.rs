//! What is left of an identifier trips the wire; placeholders and what clinicians write do not.

use asepsis_phi::{Engine, KnownPerson, KnownPhi, Tripwire, tripwire};
use asepsis_vocab::IdentifierClass as Class;

fn lines(data: &'static str) -> impl Iterator<Item = &'static str> {
    data.lines().filter(|l| !l.starts_with('#') && !l.is_empty())
}

#[test]
fn r5_what_is_left_of_an_identifier_trips_the_wire() {
    for (text, class, value) in [
        ("his number is 123-45-6789.", Class::Ssn, "123-45-6789"),
        ("123 45 6789 it is", Class::Ssn, "123 45 6789"),
        ("１２３-４５-６７８９ it is", Class::Ssn, "１２３-４５-６７８９"),
        ("12\u{200b}3\u{2011}45\u{2011}6789 it is", Class::Ssn, "12\u{200b}3\u{2011}45\u{2011}6789"),
        ("SSN: 123456789", Class::Ssn, "123456789"),
        ("write to a.b@example.org.", Class::Email, "a.b@example.org"),
        ("call (401) 555-0131 now", Class::Phone, "(401) 555-0131"),
        ("call 401.555.0131", Class::Phone, "401.555.0131"),
        ("call 1-401-555-0131", Class::Phone, "1-401-555-0131"),
        ("call +44 20 7946 0958 now", Class::Phone, "+44 20 7946 0958"),
        ("phone number is 4015550131", Class::Phone, "4015550131"),
        ("MRN: 0048213", Class::Mrn, "0048213"),
        ("mrn 0048213 and more", Class::Mrn, "0048213"),
        ("Medical Record No. 77-12034", Class::Mrn, "77-12034"),
        ("chart # A11934", Class::Mrn, "A11934"),
        ("her member id is W22314490", Class::HealthPlan, "W22314490"),
        ("policy #: 88213", Class::HealthPlan, "88213"),
        ("card 1EG4-TE5-MK73 shown", Class::HealthPlan, "1EG4-TE5-MK73"),
        ("account number 0091244", Class::Account, "0091244"),
        ("paid with 4111 1111 1111 1111.", Class::Account, "4111 1111 1111 1111"),
        ("paid with 4111111111111111.", Class::Account, "4111111111111111"),
        ("to GB82WEST12345698765432 now", Class::Account, "GB82WEST12345698765432"),
        ("NPI 1234567890", Class::License, "1234567890"),
        ("DEA AB1234563", Class::License, "AB1234563"),
        ("license no. 448812", Class::License, "448812"),
        ("car 1M8GDM9AXKP042788 seen", Class::Vehicle, "1M8GDM9AXKP042788"),
        ("serial number 908172", Class::Device, "908172"),
        ("paired 00:1B:44:11:3A:B7 today", Class::Device, "00:1B:44:11:3A:B7"),
        ("accession #: 24-11923", Class::Id, "24-11923"),
        ("client ip 198.51.100.223", Class::Ip, "198.51.100.223"),
        ("see https://portal.example.org/p/17234 now", Class::Url, "https://portal.example.org/p/17234"),
    ] {
        let trip = tripwire(text);
        assert_eq!(trip.map(|t| (t.class, &text[t.span.range()])), Some((class, value)), "in {text:?}");
    }
}

#[test]
fn r5_dates_trip_the_wire_only_where_they_may_not_stay() {
    for (text, date) in [
        ("on 2024-01-15.", "2024-01-15"),
        ("on 1/15/24", "1/15/24"),
        ("on 15.01.2024", "15.01.2024"),
        ("on March 3, 2024", "3, 2024"),
        ("on 3rd Mar 2024", "3rd Mar 2024"),
    ] {
        assert_eq!(tripwire(text), None);
        let trip = Tripwire::new().dates(true).find(text);
        assert_eq!(trip.map(|t| (t.class, &text[t.span.range()])), Some((Class::Date, date)), "in {text:?}");
    }
}

#[test]
fn r4_what_the_caller_knows_trips_the_wire() {
    let person = KnownPerson::new().name("Anna Vitifake").id(Class::Mrn, "QX77120").phone("401 555 0131");
    let known = KnownPhi::new().person(&person);
    let wire = Tripwire::new().known(&known);
    for (text, class) in [
        ("so Anna Vitifake came", Class::Name),
        ("Vitifake, Anna", Class::Name),
        ("code QX-77120", Class::Mrn),
        ("4015550131", Class::Phone),
    ] {
        assert_eq!(wire.find(text).map(|t| t.class), Some(class), "in {text:?}");
    }
    for text in ["anna vitifake", "[NAME_7F3K9QXA2BCDE] Vitifake", "QX771", "40155501312"] {
        assert_eq!(wire.find(text), None, "in {text:?}");
    }
}

#[test]
fn r5_placeholders_of_every_class_do_not() {
    let code = "7F3K9QXA2BCDE";
    for class in Class::ALL {
        for hint in ["", "_2024", "_90PLUS", "_021"] {
            let text =
                format!("MRN: [{class}{hint}_{code}], SSN [{class}{hint}_{code}] call [{class}{hint}_1234567890A23].");
            assert_eq!(Tripwire::new().dates(true).find(&text), None, "{text}");
        }
    }
}

#[test]
fn r5_what_clinicians_write_does_not_trip_the_wire() {
    let texts = lines(include_str!("data/benign.txt")).chain(lines(include_str!("data/sentences.txt")));
    for text in texts {
        assert_eq!(Tripwire::new().dates(true).find(text), None, "in {text:?}");
    }
    for text in [
        "",
        "gpt-4o-2024-08-06",
        "claude-sonnet-4-20250514",
        "call_abc123456789012345678901",
        "toolu_01A09q90qw90lq917835lq9",
        "chatcmpl-9Xk2mZ8",
        "application/json; charset=utf-8",
        "http://json-schema.org/draft-07/schema#",
        "2023-06-01",
        "msg_0123456789",
        "req_011CSHoEeqs5C35K2UUqR7Fy",
        "1732550000",
        "1732550000000",
    ] {
        assert_eq!(tripwire(text), None, "in {text:?}");
    }
}

#[test]
fn r5_what_the_engine_rewrote_does_not_trip_the_wire() {
    let engine = Engine::new();
    let phrasings = lines(include_str!("data/phrasings.tsv")).map(|l| l.split_once('\t').unwrap().1);
    for marked in phrasings.chain(lines(include_str!("data/dates.txt"))) {
        let text = marked.replace(['«', '»'], "");
        let (mut out, mut at) = (String::new(), 0);
        for finding in engine.inspect_text(&text) {
            out.push_str(&text[at..finding.span.start]);
            out.push_str("[]");
            at = finding.span.end;
        }
        out.push_str(&text[at..]);
        assert_eq!(Tripwire::new().dates(true).find(&out), None, "in {out:?} of {text:?}");
    }
}
