//! Realistic surrogates: like the original, and nobody's.

use std::sync::Arc;

use asepsis_surrogate::{Context, Issued, Restorer, realistic, realistic_parts, restore};
use asepsis_vocab::{Detail, IdentifierClass as C};
use proptest::prelude::*;

fn make(class: C, original: &str, seed: u8) -> Option<String> {
    realistic(class, Detail::Unspecified, original, &[seed; 32])
}

/// The shape of a text: `a`, `A` and `0` for letters and digits, anything else as it is.
fn shape(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_digit() {
                '0'
            } else if c.is_uppercase() {
                'A'
            } else if c.is_lowercase() {
                'a'
            } else {
                c
            }
        })
        .collect()
}

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

#[test]
fn a_name_keeps_its_words_its_case_and_its_punctuation() {
    for (original, is_like) in [
        ("Maria Gomez", "A A"),
        ("GOMEZ, MARIA T.", "X, X X."),
        ("Dr. maria gomez-smith, MD", "Dr. a a-a, MD"),
        ("Gómez", "A"),
        ("O'Neil", "A"),
    ] {
        let made = make(C::Name, original, 7).unwrap();
        let words: Vec<&str> = made.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        let like: Vec<&str> = is_like.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        assert_eq!(words.len(), like.len(), "{original} became {made}");
        for (word, like) in words.iter().zip(like) {
            match like {
                "a" => assert!(word.chars().all(char::is_lowercase), "{made}"),
                "A" => assert!(shape(word).starts_with("Aa"), "{made}"),
                "X" => assert!(word.chars().all(char::is_uppercase), "{made}"),
                kept => assert_eq!(*word, kept),
            }
        }
    }
    assert!(make(C::Name, "Dr.", 1).is_none() && make(C::Name, "J. R.", 1).is_none() && make(C::Name, "", 1).is_none());
}

#[test]
fn p11_a_shortened_name_is_restored_by_its_parts() {
    let original = "Gomez, Maria T.";
    let made = make(C::Name, original, 9).unwrap();
    let parts = realistic_parts(original, &made);
    assert_eq!(parts.iter().map(|(_, o)| o.as_str()).collect::<Vec<_>>(), ["Gomez", "Maria"]);
    let mut builder = Issued::builder().add(&made, original);
    for (surrogate, original) in &parts {
        builder.insert_alias(surrogate, original);
    }
    let text = format!("Mr. {}'s chart; {} {}; {made}.", parts[0].0, parts[1].0, parts[0].0.to_uppercase());
    let (out, _) = restore(&Arc::new(builder.build()), Context::Text, &text);
    assert_eq!(out, "Mr. Gomez's chart; Maria Gomez; Gomez, Maria T..");
    assert!(realistic_parts("Gomez", &make(C::Name, "Gomez", 9).unwrap()).is_empty());
    assert!(realistic_parts("Maria Gomez", "something else entirely").is_empty());
}

#[test]
fn a_telephone_number_lies_in_what_is_kept_for_fiction() {
    for original in ["(617) 867-5309", "617.867.5309", "+1 617 867 5309", "867-5309", "6178675309"] {
        let made = make(C::Phone, original, 3).unwrap();
        assert_eq!(shape(&made), shape(original));
        let digits = digits(&made);
        assert_eq!(digits[digits.len() - 7..][..5], [5, 5, 5, 0, 1], "{made}");
    }
    for original in ["+44 20 7946 0958", "x1234", "12345", "617-867-5309 ext 12"] {
        assert_eq!(make(C::Phone, original, 3), None);
    }
}

#[test]
fn a_social_security_number_is_one_that_is_never_issued() {
    let made = make(C::Ssn, "123-45-6789", 3).unwrap();
    assert_eq!(shape(&made), "000-00-0000");
    let d = digits(&made);
    assert!(d[0] == 9 && (1..50).contains(&(d[3] * 10 + d[4])), "{made}");
    assert_eq!(make(C::Ssn, "6789", 3), None);
}

#[test]
fn what_can_mislead_or_has_no_safe_form_has_no_realistic_surrogate() {
    for class in [C::Date, C::Age, C::Ip, C::Url, C::Photo, C::Location, C::Biometric, C::Org, C::Profession] {
        assert_eq!(make(class, "1984-03-04", 3), None);
    }
    assert_eq!(realistic(C::Name, Detail::Birth, "Maria", &[1; 32]), None);
    assert_eq!(make(C::Mrn, "123", 3), None);
    assert_eq!(make(C::Mrn, "WORDS", 3), None);
}

fn luhn(digits: &[u32], sum: u32) -> bool {
    let double = |(i, d): (usize, &u32)| if i % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { *d };
    (sum + digits.iter().rev().enumerate().map(double).sum::<u32>()).is_multiple_of(10)
}

proptest! {
    #[test]
    fn a_number_keeps_its_format_differs_and_passes_no_check(
        original in "[A-Z]{0,3}-?[0-9]{5,16}[a-z]?", seed in any::<[u8; 32]>(),
    ) {
        let made = realistic(C::Mrn, Detail::Unspecified, &original, &seed).unwrap();
        prop_assert_eq!(shape(&made), shape(&original));
        prop_assert_ne!(&made, &original);
        let digits = digits(&made);
        prop_assert!(digits.len() < 12 || !luhn(&digits, 0));
        prop_assert!(digits.len() != 10 || !luhn(&digits, 24));
    }

    #[test]
    fn a_mail_address_is_at_a_domain_for_examples(seed in any::<[u8; 32]>()) {
        let made = realistic(C::Email, Detail::Unspecified, "maria.gomez@hospital.example", &seed).unwrap();
        let domain = made.split_once('@').map(|(_, domain)| domain);
        prop_assert!(matches!(domain, Some("example.org" | "example.net" | "example.com")));
    }

    #[test]
    fn p11_whatever_is_made_is_restored(
        original in "\\PC{0,40}|[A-Z][a-z]{2,8} [A-Z]\\. [A-Z][a-z]{2,8}|[0-9]{3}-[0-9]{3}-[0-9]{4}", seed in any::<[u8; 32]>(),
    ) {
        for class in C::ALL {
            let Some(made) = realistic(class, Detail::Unspecified, &original, &seed) else { continue };
            let issued = Arc::new(Issued::builder().add(&made, &original).build());
            let (out, tally) = restore(&issued, Context::Text, &format!("see {made}, now"));
            if tally.restored == 1 {
                prop_assert_eq!(out, format!("see {original}, now"));
            } else {
                prop_assert!(tally.withheld == 1 || made.starts_with(char::is_whitespace), "{}", made);
            }
            realistic_parts(&original, &made);
        }
    }
}

#[test]
fn what_is_shared_between_threads_may_be() {
    fn shared<T: Send + Sync>() {}
    shared::<Issued>();
    shared::<Restorer>();
}
