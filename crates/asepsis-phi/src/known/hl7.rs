//! People from HL7 v2 messages: the segment PID, and next of kin in NK1.

use asepsis_vocab::IdentifierClass;
use zeroize::Zeroizing;

use super::KnownPerson;

/// A message that no person can be read from. It never holds a value of the message.
#[derive(Debug, thiserror::Error)]
pub enum Hl7Error {
    /// There is no segment PID.
    #[error("the message has no segment PID; segments are divided by carriage returns or line feeds")]
    NoPid,
    /// The segment MSH does not say how fields are divided.
    #[error("the segment MSH is too short to say how fields are divided (HL7 v2.5.1, 2.5.4)")]
    Separators,
}

/// How a message divides its parts.
#[derive(Clone, Copy)]
struct Separators {
    field: char,
    component: char,
    repetition: char,
    escape: char,
    subcomponent: char,
}

impl KnownPerson {
    /// Reads the segment PID of an HL7 v2 message, or one that stands alone (HL7 v2.5.1, 3.4.2): identifiers (PID-2, 3, 4, 18,
    /// 19, 20), names (PID-5, 6, 9), date of birth (PID-7), addresses (PID-11) and telephones (PID-13, 14); of next of kin
    /// names, addresses and telephones (NK1-2, 4, 5, 6).
    ///
    /// # Errors
    /// Where there is no PID, or the header does not say how fields are divided.
    pub fn from_hl7_pid(message: &str) -> Result<Self, Hl7Error> {
        let mut marks = Separators { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' };
        let mut person = Self::new();
        let mut found = false;
        for segment in message.split(['\r', '\n']).map(|s| s.trim_start_matches('\u{b}')) {
            match segment.get(..3) {
                Some("MSH") => marks = separators(segment).ok_or(Hl7Error::Separators)?,
                Some("PID") => {
                    found = true;
                    person = pid(person, segment, marks);
                }
                Some("NK1") => person = next_of_kin(person, segment, marks),
                _ => {}
            }
        }
        if found { Ok(person) } else { Err(Hl7Error::NoPid) }
    }
}

fn separators(header: &str) -> Option<Separators> {
    let mut chars = header.chars().skip(3);
    let mut next = || chars.next();
    Some(Separators { field: next()?, component: next()?, repetition: next()?, escape: next()?, subcomponent: next()? })
}

fn pid(mut person: KnownPerson, segment: &str, marks: Separators) -> KnownPerson {
    let fields: Vec<&str> = segment.split(marks.field).collect();
    let field = |n: usize| repetitions(&fields, n, marks);
    for n in [2, 3, 4, 18] {
        for id in field(n) {
            let fallback = if n == 18 { IdentifierClass::Account } else { IdentifierClass::Mrn };
            let class = class(component(id, 5, marks)).unwrap_or(fallback);
            person = person.id(class, &plain(component(id, 1, marks), marks));
        }
    }
    for (n, class) in [(19, IdentifierClass::Ssn), (20, IdentifierClass::License)] {
        for id in field(n) {
            person = person.id(class, &plain(component(id, 1, marks), marks));
        }
    }
    for n in [5, 6, 9] {
        person = names(person, field(n), marks);
    }
    for birth in field(7) {
        person = person.birth(component(birth, 1, marks));
    }
    person = addresses(person, field(11), marks);
    for n in [13, 14] {
        person = telephones(person, field(n), marks);
    }
    person
}

fn next_of_kin(person: KnownPerson, segment: &str, marks: Separators) -> KnownPerson {
    let fields: Vec<&str> = segment.split(marks.field).collect();
    let field = |n: usize| repetitions(&fields, n, marks);
    let person = addresses(names(person, field(2), marks), field(4), marks);
    telephones(telephones(person, field(5), marks), field(6), marks)
}

/// Names of the type XPN: family, given, further given names.
fn names<'f>(mut person: KnownPerson, list: impl Iterator<Item = &'f str>, marks: Separators) -> KnownPerson {
    for name in list {
        let family = component(name, 1, marks);
        let family = plain(family.split(marks.subcomponent).next().unwrap_or_default(), marks);
        let given = [2, 3].map(|n| plain(component(name, n, marks), marks));
        let given: Vec<&str> = given.iter().map(|g| g.as_str()).filter(|g| !g.is_empty()).collect();
        if !family.is_empty() || !given.is_empty() {
            person = person.name_parts(&given, &family);
        }
    }
    person
}

/// Addresses of the type XAD: street, further line, town, state, postal code.
fn addresses<'f>(mut person: KnownPerson, list: impl Iterator<Item = &'f str>, marks: Separators) -> KnownPerson {
    for address in list {
        let street = component(address, 1, marks);
        let street = street.split(marks.subcomponent).next().unwrap_or_default();
        let parts = [street, component(address, 2, marks), component(address, 3, marks), component(address, 5, marks)];
        let [street, line, town, code] = parts.map(|p| plain(p, marks));
        person = person.address_parts(&[&street, &line], &town, code.get(..5).unwrap_or(&code));
    }
    person
}

/// Telephones of the type XTN: the number whole, or in parts; an electronic mail address.
fn telephones<'f>(mut person: KnownPerson, list: impl Iterator<Item = &'f str>, marks: Separators) -> KnownPerson {
    for telephone in list {
        let part = |n| component(telephone, n, marks);
        if part(4).contains('@') {
            person = person.email(&plain(part(4), marks));
        }
        let whole = if part(1).is_empty() { format!("{}{}", part(6), part(7)) } else { part(1).to_owned() };
        let whole = Zeroizing::new(if whole.is_empty() { part(12).to_owned() } else { whole });
        if whole.bytes().any(|b| b.is_ascii_digit()) {
            person = person.phone(&whole);
        }
    }
    person
}

fn repetitions<'f>(fields: &[&'f str], n: usize, marks: Separators) -> impl Iterator<Item = &'f str> + use<'f> {
    let field = fields.get(n).copied().unwrap_or_default();
    // Two quotes say that the field is to be emptied.
    field.split(marks.repetition).filter(|r| !r.is_empty() && *r != "\"\"")
}

fn component(text: &str, n: usize, marks: Separators) -> &str {
    text.split(marks.component).nth(n - 1).unwrap_or_default()
}

/// The text of a component, with the marks that were escaped in it (HL7 v2.5.1, 2.7).
fn plain(text: &str, marks: Separators) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut parts = text.split(marks.escape);
    out.push_str(parts.next().unwrap_or_default());
    let mut escaped = true;
    for part in parts {
        let mark = match part {
            "F" => Some(marks.field),
            "S" => Some(marks.component),
            "T" => Some(marks.subcomponent),
            "R" => Some(marks.repetition),
            "E" => Some(marks.escape),
            _ => None,
        };
        match mark {
            Some(mark) if escaped => {
                out.push(mark);
                escaped = false;
            }
            _ => {
                out.push_str(part);
                escaped = true;
            }
        }
    }
    out
}

/// The class of an identifier by its type (HL7 table 0203).
pub(super) fn class(code: &str) -> Option<IdentifierClass> {
    use IdentifierClass as Class;
    Some(match code {
        "MR" | "MRT" | "PI" | "PT" | "U" | "PE" => Class::Mrn,
        "SS" | "SB" | "TAX" => Class::Ssn,
        "MB" | "MA" | "MC" | "MS" | "NI" | "NIIP" | "HC" | "JHN" | "SN" | "WC" | "XX" => Class::HealthPlan,
        "AN" | "BA" | "CC" | "DR" | "DS" | "BR" | "GN" => Class::Account,
        "DL" | "PPN" | "NPI" | "DEA" | "LN" | "MD" | "RN" | "PRN" | "SL" | "UPIN" => Class::License,
        "VIN" | "VN" => Class::Vehicle,
        "UDI" => Class::Device,
        _ => return None,
    })
}
