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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_hold() {
        assert!(luhn("4111 1111 1111 1111") && !luhn("4111 1111 1111 1112"));
        assert!(npi("1234567893") && !npi("1234567890"));
        assert!(iban("GB82 WEST 1234 5698 7654 32") && !iban("GB82 WEST 1234 5698 7654 33"));
        assert!(vin("1M8GDM9AXKP042788") && !vin("1M8GDM9AXKP042789"));
    }
}
