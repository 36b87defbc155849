//! Check digits. A right one raises confidence; a wrong one takes nothing away after a cue.

/// Luhn's formula (ISO/IEC 7812-1) over the digits of a text.
pub(crate) fn luhn(text: &str) -> bool {
    luhn_sum(text, 0).is_some_and(|sum| sum % 10 == 0)
}

/// The check of a National Provider Identifier: Luhn's with the prefix 80840 (45 CFR 162.406).
pub(crate) fn npi(text: &str) -> bool {
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
pub(crate) fn iban(text: &str) -> bool {
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
pub(crate) fn vin(text: &str) -> bool {
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
pub(crate) fn dea(text: &str) -> bool {
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
pub(crate) fn is_mbi(text: &str) -> bool {
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
pub(crate) fn gtin(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, b)| u32::from(b.wrapping_sub(b'0')) * if place % 2 == 0 { 1 } else { 3 })
        .sum();
    sum.is_multiple_of(10) && !digits.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

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
