//! What Presidio calls what we find.
//!
//! A class may have several of Presidio's names: an account is a card, a bank account or neither. Where the value or the words
//! before it tell, the first name is the one that they tell; a request that asks for certain entities gets the finding under
//! the first name that it asks for, so that "mask driver's licences" also masks a licence of which nobody said which it is.

use asepsis_vocab::IdentifierClass as Class;

/// Every name that may be given out, sorted.
pub(crate) const SUPPORTED: [&str; 27] = [
    "AGE",
    "BIOMETRIC_IDENTIFIER",
    "CREDIT_CARD",
    "DATE_TIME",
    "DEVICE_IDENTIFIER",
    "EMAIL_ADDRESS",
    "HEALTH_PLAN_NUMBER",
    "IBAN_CODE",
    "ID",
    "IP_ADDRESS",
    "LICENSE_NUMBER",
    "LOCATION",
    "MAC_ADDRESS",
    "MEDICAL_LICENSE",
    "MEDICAL_RECORD_NUMBER",
    "ORGANIZATION",
    "PERSON",
    "PHONE_NUMBER",
    "PHOTO",
    "PROFESSION",
    "URL",
    "US_BANK_NUMBER",
    "US_DRIVER_LICENSE",
    "US_PASSPORT",
    "US_SSN",
    "UUID",
    "VEHICLE_IDENTIFIER",
];

/// Names that are given out only where a request asks for them.
pub(crate) const ON_REQUEST: [&str; 3] = ["US_ITIN", "US_MBI", "US_NPI"];

/// The names of a finding, the most telling first. `before` is what stands before it in its line.
pub(crate) fn names(class: Class, value: &str, before: &str) -> &'static [&'static str] {
    match class {
        Class::Name => &["PERSON"],
        Class::Location => &["LOCATION"],
        Class::Date => &["DATE_TIME"],
        Class::Age => &["AGE", "DATE_TIME"],
        Class::Phone | Class::Fax => &["PHONE_NUMBER"],
        Class::Email => &["EMAIL_ADDRESS"],
        Class::Ssn => &["US_SSN", "US_ITIN"],
        Class::Mrn => &["MEDICAL_RECORD_NUMBER", "ID"],
        Class::HealthPlan => &["HEALTH_PLAN_NUMBER", "US_MBI", "ID"],
        Class::Account => account(value),
        Class::License => license(value, before),
        Class::Vehicle => &["VEHICLE_IDENTIFIER", "ID"],
        Class::Device if is_mac(value) => &["MAC_ADDRESS", "DEVICE_IDENTIFIER", "ID"],
        Class::Device => &["DEVICE_IDENTIFIER", "ID"],
        Class::Url => &["URL"],
        Class::Ip => &["IP_ADDRESS"],
        Class::Biometric => &["BIOMETRIC_IDENTIFIER", "ID"],
        Class::Photo => &["PHOTO"],
        Class::Id => other(value, before),
        Class::Org => &["ORGANIZATION"],
        Class::Profession => &["PROFESSION"],
    }
}

fn account(value: &str) -> &'static [&'static str] {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().filter(char::is_ascii_alphabetic).count();
    let iban = digits >= 10 && value.len() >= 15 && value.as_bytes()[..2].iter().all(u8::is_ascii_alphabetic);
    match (iban, digits, letters) {
        (true, ..) => &["IBAN_CODE", "US_BANK_NUMBER", "ID"],
        // A card whose check digit is mistyped is a card.
        (false, 13..=19, 0) => &["CREDIT_CARD", "US_BANK_NUMBER", "ID"],
        _ => &["US_BANK_NUMBER", "ID"],
    }
}

fn license(value: &str, before: &str) -> &'static [&'static str] {
    let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    let dea = plain.len() == 9
        && plain.bytes().take(2).all(|b| b.is_ascii_alphabetic())
        && plain.bytes().skip(2).all(|b| b.is_ascii_digit());
    if says(before, &["driver", "drivers", "driving", "dl", "cdl"]) {
        &["US_DRIVER_LICENSE", "LICENSE_NUMBER", "ID"]
    } else if dea || says(before, &["dea", "medical"]) {
        &["MEDICAL_LICENSE", "LICENSE_NUMBER", "ID"]
    } else if says(before, &["npi"]) {
        &["MEDICAL_LICENSE", "US_NPI", "LICENSE_NUMBER", "ID"]
    } else if says(before, &["passport"]) {
        &["US_PASSPORT", "LICENSE_NUMBER", "ID"]
    } else {
        &["LICENSE_NUMBER", "US_DRIVER_LICENSE", "MEDICAL_LICENSE", "ID"]
    }
}

fn other(value: &str, before: &str) -> &'static [&'static str] {
    let uuid = value.len() == 36 && value.matches('-').count() == 4;
    if says(before, &["passport"]) {
        &["US_PASSPORT", "ID"]
    } else if uuid {
        &["UUID", "ID"]
    } else if says(before, &["npi"]) {
        &["ID", "US_NPI", "MEDICAL_LICENSE"]
    } else {
        &["ID", "MEDICAL_RECORD_NUMBER"]
    }
}

fn is_mac(value: &str) -> bool {
    let groups: Vec<&str> = value.split([':', '-']).collect();
    groups.len() == 6 && groups.iter().all(|g| g.len() == 2 && g.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether one of the last words before a value is one of these.
fn says(before: &str, words: &[&str]) -> bool {
    let last = before.rsplit(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| !w.is_empty()).take(5);
    last.into_iter().any(|word| {
        let word = word.to_ascii_lowercase();
        let word = word.strip_suffix("'s").unwrap_or(&word);
        words.contains(&word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_listed() {
        let values = ["4111111111111111", "GB33BUKB20201555555555", "12", "AB1234563", "0c:1d:2e:3f:4a:5b"];
        let values = values.into_iter().chain(["0190a5f2-7b1c-7d20-8f21-5a9b3c4d5e6f"]);
        for value in values {
            for before in ["", "driver's license ", "DEA #", "NPI ", "passport "] {
                for class in Class::ALL {
                    for name in names(class, value, before) {
                        assert!(SUPPORTED.contains(name) || ON_REQUEST.contains(name), "{name}");
                    }
                    assert!(SUPPORTED.contains(&names(class, value, before)[0]));
                }
            }
        }
        assert!(SUPPORTED.is_sorted());
    }

    #[test]
    fn the_value_and_the_words_before_it_choose_the_name() {
        assert_eq!(names(Class::Account, "4111 1111 1111 1111", "")[0], "CREDIT_CARD");
        assert_eq!(names(Class::Account, "GB33BUKB20201555555555", "")[0], "IBAN_CODE");
        assert_eq!(names(Class::Account, "7700412398", "")[0], "US_BANK_NUMBER");
        assert_eq!(names(Class::License, "V8841207", "Driver's license: ")[0], "US_DRIVER_LICENSE");
        assert_eq!(names(Class::License, "AB1234563", "DEA ")[0], "MEDICAL_LICENSE");
        assert_eq!(names(Class::Id, "Z1234567", "Passport no. ")[0], "US_PASSPORT");
        assert_eq!(names(Class::Device, "0c:1d:2e:3f:4a:5b", "")[0], "MAC_ADDRESS");
    }
}
