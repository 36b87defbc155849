//! Check digits and fixed forms of the identifiers and codes of health care.
//!
//! They screen, and decide nothing: of ten random numbers one has the right check digit, so only a table says whether a
//! code exists. Every function takes the characters as they stand, with nothing before or after them.

/// Luhn's formula (ISO/IEC 7812-1) over the digits of a text.
#[must_use]
pub fn luhn(text: &str) -> bool {
    luhn_sum(text, 0).is_some_and(|sum| sum % 10 == 0)
}

/// The check of a National Provider Identifier: Luhn's with the prefix 80840 (45 CFR 162.406).
#[must_use]
pub fn npi(text: &str) -> bool {
    text.len() == 10 && luhn_sum(text, 24).is_some_and(|sum| sum % 10 == 0)
}

fn luhn_sum(text: &str, start: u32) -> Option<u32> {
    let mut sum = start;
    let digits = text.bytes().filter(u8::is_ascii_digit).rev();
    let mut count = 0;
    for (place, digit) in digits.enumerate() {
        let value = u32::from(digit - b'0');
        sum += if place % 2 == 0 { value } else { value * 2 % 10 + value / 5 };
        count += 1;
    }
    (count > 1).then_some(sum)
}

/// The check of an IBAN (ISO 13616), modulo 97.
#[must_use]
pub fn iban(text: &str) -> bool {
    let compact: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_uppercase()).collect();
    if !(15..=34).contains(&compact.len()) || !compact[..2].iter().all(u8::is_ascii_uppercase) {
        return false;
    }
    let mut rest = 0u32;
    for &b in compact[4..].iter().chain(&compact[..4]) {
        let value = if b.is_ascii_digit() { u32::from(b - b'0') } else { u32::from(b - b'A') + 10 };
        rest = (rest * if value > 9 { 100 } else { 10 } + value) % 97;
    }
    rest == 1
}

/// The check digit of a vehicle identification number (49 CFR 565.15).
#[must_use]
pub fn vin(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    const VALUES: [u32; 26] = [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9];
    if text.len() != 17 {
        return false;
    }
    let mut sum = 0;
    for (b, weight) in text.bytes().map(|b| b.to_ascii_uppercase()).zip(WEIGHTS) {
        sum += weight
            * match b {
                b'I' | b'O' | b'Q' => return false,
                b'0'..=b'9' => u32::from(b - b'0'),
                b'A'..=b'Z' => VALUES[usize::from(b - b'A')],
                _ => return false,
            };
    }
    let check = if sum % 11 == 10 { 'X' } else { char::from_digit(sum % 11, 10).unwrap_or('0') };
    text.as_bytes()[8].eq_ignore_ascii_case(&(check as u8))
}

/// The check of a registration to prescribe controlled substances (21 CFR 1301): two letters, or a letter and a nine, then
/// seven digits, of which the last is that of the first, third and fifth with twice the second, fourth and sixth.
#[must_use]
pub fn dea(text: &str) -> bool {
    let b = text.as_bytes();
    if b.len() != 9 || !b[0].is_ascii_uppercase() || !(b[1].is_ascii_uppercase() || b[1] == b'9') {
        return false;
    }
    let digit = |k: usize| b[k].is_ascii_digit().then(|| u32::from(b[k] - b'0'));
    let Some(d) = (2..9).map(digit).collect::<Option<Vec<u32>>>() else { return false };
    (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]
}

/// The positions of a Medicare beneficiary identifier (CMS, MBI format): eleven, without the letters S, L, O, I, B, Z,
/// with hyphens or spaces after the fourth and seventh or without.
#[must_use]
pub fn is_mbi(text: &str) -> bool {
    let compact: Vec<u8> = match text.len() {
        11 => text.bytes().collect(),
        13 if [4, 8].iter().all(|&k| matches!(text.as_bytes()[k], b'-' | b' ')) => {
            text.bytes().filter(u8::is_ascii_alphanumeric).collect()
        }
        _ => return false,
    };
    let letter = |b: u8| b.is_ascii_alphabetic() && !b"SLOIBZ".contains(&b.to_ascii_uppercase());
    compact.len() == 11
        && compact.iter().zip(b"CAXNAXNAANN").all(|(&b, place)| match place {
            b'C' => (b'1'..=b'9').contains(&b),
            b'A' => letter(b),
            b'N' => b.is_ascii_digit(),
            _ => b.is_ascii_digit() || letter(b),
        })
}

/// The check digit of a GS1 article number (GS1 General Specifications, 7.9).
#[must_use]
pub fn gtin(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, b)| u32::from(b.wrapping_sub(b'0')) * if place % 2 == 0 { 1 } else { 3 })
        .sum();
    sum.is_multiple_of(10) && !digits.is_empty()
}

/// The check digit of a LOINC code (LOINC Users' Guide, appendix on the mod 10 algorithm): one to seven digits, a hyphen, and
/// Luhn's digit.
#[must_use]
pub fn loinc(code: &str) -> bool {
    let Some((number, check)) = code.split_once('-') else { return false };
    (1..=7).contains(&number.len())
        && check.len() == 1
        && number.bytes().chain(check.bytes()).all(|b| b.is_ascii_digit())
        && luhn_sum(code, 0).is_some_and(|sum| sum % 10 == 0)
}

/// Which component a SNOMED CT identifier names (SNOMED CT Technical Implementation Guide, 5.1: the partition identifier).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnomedPartition {
    /// A concept (00, 10).
    Concept,
    /// A description (01, 11).
    Description,
    /// A relationship (02, 12).
    Relationship,
    /// A reference set, or a component kept for other uses.
    Other,
}

/// The component that a SNOMED CT identifier names, where its length (6 to 18 digits), first digit, partition and Verhoeff
/// check digit are right.
#[must_use]
pub fn snomed(code: &str) -> Option<SnomedPartition> {
    let b = code.as_bytes();
    if !(6..=18).contains(&b.len()) || !b.iter().all(u8::is_ascii_digit) || b[0] == b'0' || !verhoeff(code) {
        return None;
    }
    let long = match b[b.len() - 3] {
        b'0' => false,
        b'1' => true,
        _ => return None,
    };
    // An extension's identifier holds seven digits of namespace.
    if long && b.len() < 11 {
        return None;
    }
    match b[b.len() - 2] {
        b'0' => Some(SnomedPartition::Concept),
        b'1' => Some(SnomedPartition::Description),
        b'2' => Some(SnomedPartition::Relationship),
        _ => Some(SnomedPartition::Other),
    }
}

/// Verhoeff's check over the digits of a text, by the dihedral group of order ten.
#[must_use]
pub fn verhoeff(digits: &str) -> bool {
    const PERMUTE: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    let mut sum = 0u8;
    for (place, b) in digits.bytes().rev().enumerate() {
        if !b.is_ascii_digit() {
            return false;
        }
        sum = dihedral(sum, PERMUTE[place % 8][usize::from(b - b'0')]);
    }
    sum == 0 && digits.len() > 1
}

/// The product of two elements of the dihedral group of order ten: 0 to 4 are turns, 5 to 9 reflections.
fn dihedral(a: u8, b: u8) -> u8 {
    match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a - 5 + 5 - (b - 5)) % 5,
    }
}

/// The check character of an ISSN (ISO 3297): eight characters, of which the last may be X, with a hyphen in the middle or without.
#[must_use]
pub fn issn(text: &str) -> bool {
    weighted(text, 8)
}

/// The check digit of an ISBN of ten or thirteen characters (ISO 2108), with hyphens or spaces or without.
#[must_use]
pub fn isbn(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    match digits.len() {
        10 => weighted(&digits, 10),
        13 => {
            digits.bytes().all(|b| b.is_ascii_digit())
                && (digits.starts_with("978") || digits.starts_with("979"))
                && gtin(&digits)
        }
        _ => false,
    }
}

/// Weights that fall to one, modulo eleven.
fn weighted(text: &str, len: usize) -> bool {
    let mut sum = 0;
    let mut count = 0;
    for b in text.bytes().filter(|b| *b != b'-') {
        let value = match b {
            b'0'..=b'9' => usize::from(b - b'0'),
            b'X' | b'x' if count + 1 == len => 10,
            _ => return false,
        };
        sum += value * (len.saturating_sub(count));
        count += 1;
    }
    count == len && sum % 11 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_terminologies_hold() {
        assert!(loinc("2345-7") && loinc("718-7") && loinc("4548-4") && loinc("85354-9"));
        // HL7's C-CDA examples hold 57113-1, which fails.
        assert!(!loinc("57113-1") && !loinc("2345-8") && !loinc("2345") && !loinc("2345-7 ") && !loinc("-0"));
        // Of the SNOMED CT Technical Implementation Guide: a concept, a description, an extension's concept.
        assert_eq!(snomed("22298006"), Some(SnomedPartition::Concept));
        assert_eq!(snomed("73211009"), Some(SnomedPartition::Concept));
        assert_eq!(snomed("100022"), Some(SnomedPartition::Relationship));
        assert_eq!(snomed("100014"), Some(SnomedPartition::Description));
        assert_eq!(snomed("22298007"), None);
        assert_eq!(snomed("22289006"), None);
        assert!(isbn("978-0-306-40615-7") && isbn("0-306-40615-2") && isbn("080442957X") && !isbn("978-0-306-40615-8"));
        assert!(issn("0378-5955") && issn("2434-561X") && !issn("0378-5956"));
    }

    #[test]
    fn a_changed_or_swapped_digit_is_caught_by_verhoeff() {
        let good = "22298006";
        for place in 0..good.len() {
            for digit in b'0'..=b'9' {
                let mut other = good.as_bytes().to_vec();
                other[place] = digit;
                let other = String::from_utf8(other).expect("digits");
                assert_eq!(verhoeff(&other), other == good, "{other}");
            }
        }
    }

    #[test]
    fn published_examples_hold() {
        assert!(luhn("4111 1111 1111 1111") && !luhn("4111 1111 1111 1112"));
        assert!(npi("1234567893") && !npi("1234567890"));
        assert!(iban("GB82 WEST 1234 5698 7654 32") && !iban("GB82 WEST 1234 5698 7654 33"));
        assert!(dea("AB1234563") && !dea("AB1234564") && !dea("A"));
        assert!(is_mbi("1EG4-TE5-MK73") && is_mbi("1EG4TE5MK73") && !is_mbi("1SG4TE5MK73") && !is_mbi("0EG4TE5MK73"));
        assert!(gtin("00844588003288") && !gtin("00844588003289"));
        assert!(vin("1M8GDM9AXKP042788") && !vin("1M8GDM9AXKP042789"));
    }
}
