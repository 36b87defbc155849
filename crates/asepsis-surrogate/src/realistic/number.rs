use super::Random;

/// Fewer letters and digits than this are found by chance in any text.
const SHORTEST: usize = 5;

/// A number for fiction in the format of the original: 555-0100 to 555-0199 behind a random area code, of the North
/// American plan; `None` for other plans, of which not enough is kept free.
pub(super) fn phone(original: &str, random: &mut Random) -> Option<String> {
    if original.contains(|c: char| c.is_alphabetic()) {
        return None;
    }
    let count = original.bytes().filter(u8::is_ascii_digit).count();
    let first = original.bytes().find(u8::is_ascii_digit);
    let long = original.trim_start().starts_with('+');
    let line = random.below(100);
    let area = format!("{}{}{}", 2 + random.below(8), random.below(9), random.below(10));
    let digits = match count {
        7 if !long => format!("55501{line:02}"),
        10 if !long => format!("{area}55501{line:02}"),
        11 if first == Some(b'1') => format!("1{area}55501{line:02}"),
        _ => return None,
    };
    Some(fill(original, digits.bytes()))
}

/// A number that is neither a social security number (none begins with 9) nor a taxpayer number (none has 01 to 49 in
/// the middle).
pub(super) fn ssn(original: &str, random: &mut Random) -> Option<String> {
    let count = original.bytes().filter(u8::is_ascii_digit).count();
    if count != 9 || original.contains(|c: char| c.is_alphabetic()) {
        return None;
    }
    let digits = format!("9{:02}{:02}{:04}", random.below(100), 1 + random.below(49), 1 + random.below(9999));
    Some(fill(original, digits.bytes()))
}

/// Other letters for letters and other digits for digits, in the same case.
pub(super) fn same_format(original: &str, random: &mut Random) -> Option<String> {
    let count = original.bytes().filter(u8::is_ascii_alphanumeric).count();
    if count < SHORTEST || !original.is_ascii() || !original.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut made: Vec<u8> = original
        .bytes()
        .map(|b| match b {
            b'0'..=b'9' => b'0' + random.below(10) as u8,
            b'A'..=b'Z' => b'A' + random.below(26) as u8,
            b'a'..=b'z' => b'a' + random.below(26) as u8,
            _ => b,
        })
        .collect();
    let digits: Vec<usize> = (0..made.len()).filter(|&i| made[i].is_ascii_digit()).collect();
    let &last = digits.last()?;
    // A step of the last digit changes what it is; a third is needed at most, for each check passes one digit in ten.
    while made == original.as_bytes() || passes_a_check(&digits, &made) {
        made[last] = b'0' + (made[last] - b'0' + 1) % 10;
    }
    String::from_utf8(made).ok()
}

/// Whether the digits are a payment card number or a National Provider Identifier by their check digit: Luhn, the
/// latter with the prefix 80840, which adds 24.
fn passes_a_check(at: &[usize], text: &[u8]) -> bool {
    let sum = at.iter().rev().enumerate().map(|(i, &pos)| {
        let digit = u32::from(text[pos] - b'0') * (1 + i as u32 % 2);
        digit / 10 + digit % 10
    });
    let sum: u32 = sum.sum();
    (at.len() >= 12 && sum.is_multiple_of(10)) || (at.len() == 10 && (sum + 24).is_multiple_of(10))
}

fn fill(format: &str, mut digits: impl Iterator<Item = u8>) -> String {
    format.chars().map(|c| if c.is_ascii_digit() { digits.next().map_or(c, char::from) } else { c }).collect()
}
