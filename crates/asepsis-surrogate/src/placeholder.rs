use std::sync::LazyLock;

use asepsis_vocab::{Detail, IdentifierClass};

use crate::code::{CODE_LEN, Code};

/// ZIP prefixes that Safe Harbor shows as `000`. See the head of the file for source and date.
const RESTRICTED_ZIP: &str = include_str!("../data/restricted-zip3.txt");

/// Without a year to reckon from, years before this one are not shown. Nobody born in it is over 89 before 2070.
const OLDEST_YEAR_WITHOUT_REFERENCE: i32 = 1980;

/// The age in years from which 45 CFR 164.514(b)(2)(i)(C) allows only the one category of 90 and over.
const OLDEST_AGE_SHOWN: i32 = 89;

/// The typed placeholder for `original`: `[LABEL_CODE]`, or `[LABEL_HINT_CODE]` where 45 CFR 164.514(b)(2)(i) lets
/// something stand.
///
/// The hint is the year of a date, unless a birth in that year could mean an age over 89 in `reference_year` (45 CFR
/// 164.514(b)(2)(i)(C)); `90PLUS` for an age of 90 and over; the first three digits of a ZIP code, or `000` where they
/// stand for 20,000 people or fewer (45 CFR 164.514(b)(2)(i)(B)). Every date is held to the rule for births, because a
/// detector seldom knows that a date is none. Without `reference_year` no year before 1980 is shown.
pub fn placeholder(
    class: IdentifierClass,
    detail: Detail,
    original: &str,
    code: Code,
    reference_year: Option<i32>,
) -> String {
    bracketed(class.label(), hint(class, detail, original, reference_year).as_deref(), code)
}

pub(crate) fn bracketed(label: &str, hint: Option<&str>, code: Code) -> String {
    match hint {
        Some(hint) => format!("[{label}_{hint}_{code}]"),
        None => format!("[{label}_{code}]"),
    }
}

fn hint(class: IdentifierClass, detail: Detail, original: &str, reference_year: Option<i32>) -> Option<String> {
    match (class, detail) {
        (IdentifierClass::Date, _) => year_hint(original, reference_year),
        (IdentifierClass::Age, _) => age_hint(original),
        (IdentifierClass::Location, Detail::PostalCode) => zip_hint(original),
        _ => None,
    }
}

/// The runs of digits in a text.
fn digit_runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty())
}

fn year_hint(original: &str, reference_year: Option<i32>) -> Option<String> {
    let mut years = digit_runs(original)
        .filter(|run| run.len() == 4)
        .filter_map(|run| run.parse::<i32>().ok())
        .filter(|year| (1800..2200).contains(year));
    let year = years.next()?;
    if years.any(|other| other != year) {
        return None;
    }
    let oldest = reference_year.map_or(OLDEST_YEAR_WITHOUT_REFERENCE, |now| now.saturating_sub(OLDEST_AGE_SHOWN));
    (year >= oldest).then(|| year.to_string())
}

fn age_hint(original: &str) -> Option<String> {
    // An age in words is one that the detector found to be over 89: the class has no other.
    let over = digit_runs(original).next().is_none_or(|age| age.parse().is_ok_and(|age: i32| age > OLDEST_AGE_SHOWN));
    over.then(|| "90PLUS".to_owned())
}

fn zip_hint(original: &str) -> Option<String> {
    let text = original.trim();
    let (zip, plus4) = match text.split_once('-') {
        Some((zip, plus4)) => (zip, plus4),
        None if text.len() == 9 && text.is_ascii() => text.split_at(5),
        None => (text, "0000"),
    };
    let digits = |s: &str, n| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(zip, 5) || !digits(plus4, 4) {
        return None;
    }
    let prefix = &zip[..3];
    Some(if is_restricted(prefix) { "000" } else { prefix }.to_owned())
}

fn is_restricted(prefix: &str) -> bool {
    RESTRICTED_ZIP.lines().any(|line| line == prefix)
}

/// Every label, as a placeholder may begin with it.
pub(crate) static LABELS: LazyLock<crate::keys::Keys> =
    LazyLock::new(|| crate::issued::label_keys(IdentifierClass::ALL.into_iter().map(IdentifierClass::label)));

/// Reads a placeholder exactly as [`placeholder`] writes it: its label and its code.
pub(crate) fn read(rendered: &str) -> Option<(&'static str, Code)> {
    let inside = rendered.strip_prefix('[')?.strip_suffix(']')?;
    let (head, code) = inside.rsplit_once('_')?;
    if code.len() != CODE_LEN {
        return None;
    }
    let code = code.parse().ok()?;
    let is_label = |l: &&str| head.strip_prefix(l).is_some_and(|hint| hint.is_empty() || hint.starts_with('_'));
    let label = IdentifierClass::ALL.into_iter().map(IdentifierClass::label).find(is_label)?;
    Some((label, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint_of(class: IdentifierClass, detail: Detail, original: &str, year: Option<i32>) -> Option<String> {
        hint(class, detail, original, year)
    }

    #[test]
    fn the_label_and_the_code_are_always_there() {
        let code = Code::from_bytes([0; 8]);
        let text = placeholder(IdentifierClass::HealthPlan, Detail::Unspecified, "H123", code, None);
        assert_eq!(text, "[HEALTH_PLAN_0000000000000]");
        assert_eq!(read(&text), Some(("HEALTH_PLAN", code)));
        assert_eq!(read("[NAME_7F3K9QXA2BCD]"), None);
    }

    #[test]
    fn a_date_shows_its_year_unless_a_birth_in_it_means_an_age_over_89() {
        use Detail::{Birth, Unspecified};
        let date = |detail, text, year| hint_of(IdentifierClass::Date, detail, text, year);
        assert_eq!(date(Birth, "03/04/1984", Some(2026)).as_deref(), Some("1984"));
        assert_eq!(date(Birth, "03/04/1937", Some(2026)).as_deref(), Some("1937"));
        assert_eq!(date(Birth, "03/04/1936", Some(2026)), None);
        assert_eq!(date(Unspecified, "May 1931", Some(2026)), None);
        assert_eq!(date(Unspecified, "May 5", Some(2026)), None);
        assert_eq!(date(Unspecified, "2019-12-30 to 2020-01-02", Some(2026)), None);
        assert_eq!(date(Unspecified, "20191230", Some(2026)), None);
    }

    #[test]
    fn without_a_reference_year_only_recent_years_are_shown() {
        let date = |text| hint_of(IdentifierClass::Date, Detail::Unspecified, text, None);
        assert_eq!(date("2019-03-04").as_deref(), Some("2019"));
        assert_eq!(date("1979-03-04"), None);
    }

    #[test]
    fn an_age_of_ninety_and_over_is_one_category() {
        let age = |text| hint_of(IdentifierClass::Age, Detail::Unspecified, text, None);
        assert_eq!(age("93").as_deref(), Some("90PLUS"));
        assert_eq!(age("ninety-four").as_deref(), Some("90PLUS"));
        assert_eq!(age("89"), None);
    }

    #[test]
    fn a_zip_code_shows_three_digits_or_zeros_where_they_are_restricted() {
        let zip = |text| hint_of(IdentifierClass::Location, Detail::PostalCode, text, None);
        assert_eq!(zip("02139").as_deref(), Some("021"));
        assert_eq!(zip("02139-4307").as_deref(), Some("021"));
        assert_eq!(zip("021394307").as_deref(), Some("021"));
        assert_eq!(zip("03602").as_deref(), Some("000"));
        assert_eq!(zip("K1A 0B6"), None);
        assert_eq!(zip("123456"), None);
        assert_eq!(hint_of(IdentifierClass::Location, Detail::Street, "12345 Oak Street", None), None);
    }

    #[test]
    fn the_list_of_restricted_prefixes_has_its_twenty_three_entries() {
        let prefixes: Vec<&str> = RESTRICTED_ZIP.lines().filter(|l| !l.starts_with('#')).collect();
        assert_eq!(prefixes.len(), 23);
        assert!(prefixes.iter().all(|p| p.len() == 3) && prefixes.is_sorted());
    }
}
