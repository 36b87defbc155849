//! Numbers and dates of birth in one spelling.

use crate::role::plain;

/// A record number without what lies between its letters and digits; none where too little is left to tell people apart.
pub(crate) fn number(text: &str) -> Option<String> {
    let value = plain(text);
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    (digits >= 4 || digits >= 1 && value.len() >= 5).then_some(value)
}

/// All nine digits of a social security number; none where some are hidden.
pub(crate) fn social(text: &str) -> Option<String> {
    let digits: String = text.chars().filter_map(|c| c.to_digit(10)).filter_map(|d| char::from_digit(d, 10)).collect();
    (digits.len() == 9).then_some(digits)
}

/// A date as month, day and the last two digits of the year; none where it is not whole. The month comes first where both
/// orders are possible, as it does in the United States.
pub(crate) fn date(text: &str) -> Option<String> {
    let mut numbers: Vec<(u32, usize)> = Vec::new();
    let mut month = None;
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
        let digits = word.trim_end_matches(|c: char| c.is_alphabetic());
        if let Ok(n) = digits.parse::<u32>() {
            numbers.push((n, digits.len()));
        } else if month.is_none() {
            month = month_of(word);
        }
    }
    if let [(n, 8)] = numbers[..] {
        // 19510314
        numbers = vec![(n / 10_000, 4), (n / 100 % 100, 2), (n % 100, 2)];
    }
    let (year, month, day) = match (month, numbers.as_slice()) {
        (Some(month), &[(a, la), (b, lb), ..]) => {
            if la > 2 {
                (a, month, b)
            } else if lb >= 2 {
                (b, month, a)
            } else {
                return None;
            }
        }
        (None, &[(year, 4), (month, _), (day, _), ..]) => (year, month, day),
        (None, &[(a, _), (b, _), (year, _), ..]) if a > 12 => (year, b, a),
        (None, &[(a, _), (b, _), (year, _), ..]) => (year, a, b),
        _ => return None,
    };
    let whole = (1..=12).contains(&month) && (1..=31).contains(&day);
    whole.then(|| format!("{month:02}-{day:02}-{:02}", year % 100))
}

fn month_of(word: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let word = plain(word);
    let at = MONTHS.iter().position(|m| word.starts_with(m))?;
    u32::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_birth_is_the_same_however_it_is_written() {
        for text in
            ["03/14/1951", "3/14/51", "1951-03-14", "March 14, 1951", "14 Mar 1951", "Mar 14th, '51", "19510314"]
        {
            assert_eq!(date(text).as_deref(), Some("03-14-51"), "{text}");
        }
        assert_eq!(date("25.12.1980").as_deref(), Some("12-25-80"));
        for text in ["1951", "March 1951", "13/13/1951", "", "99"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_compared_without_what_lies_between() {
        assert_eq!(number("TB-447 1902"), number("tb4471902"));
        assert_eq!(number("12"), None);
        assert_eq!(social("219-09-8877"), social("219 09 8877"));
        assert_eq!(social("***-**-8877"), None);
    }
}
