//! Names, dates and addresses as people write them, in their parts.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::person::{Address, Name};

/// Words beside a name that are no part of it.
const BESIDE: [&str; 34] = [
    "dr",
    "mr",
    "mrs",
    "ms",
    "miss",
    "prof",
    "professor",
    "doctor",
    "rev",
    "sir",
    "dame",
    "hon",
    "mx",
    "md",
    "do",
    "rn",
    "np",
    "pa",
    "phd",
    "dds",
    "dmd",
    "dpm",
    "lpn",
    "cna",
    "pharmd",
    "facs",
    "facp",
    "mph",
    "esq",
    "jr",
    "sr",
    "ii",
    "iii",
    "iv",
];
/// Words that begin a family name of several words.
pub(super) const PARTICLES: [&str; 22] = [
    "de", "la", "las", "los", "del", "van", "von", "der", "den", "di", "da", "dos", "das", "du", "el", "al", "bin",
    "ibn", "abu", "ter", "ten", "st",
];

/// Lower case without accents or strokes, as words are compared.
pub(super) fn fold(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'ı' => out.push('i'),
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'þ' => out.push_str("th"),
            '’' | '\'' => {}
            c => out.push(c),
        }
    }
    out
}

/// The other spelling of a name with umlauts: `mueller` for Müller.
pub(super) fn spelled_out(word: &str) -> Option<String> {
    word.contains(['ä', 'ö', 'ü', 'Ä', 'Ö', 'Ü']).then(|| {
        let lower = word.to_lowercase().replace('ä', "ae").replace('ö', "oe").replace('ü', "ue");
        fold(&lower)
    })
}

/// A name; `None` where nothing in it is one.
pub(super) fn name(text: &str) -> Option<Name> {
    let clean = |part: &str| -> Vec<String> {
        let words =
            part.split(|c: char| c.is_whitespace() || matches!(c, '"' | '“' | '”' | '(' | ')' | '.' | ';' | '_'));
        words
            .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()))
            .filter(|w| w.chars().any(char::is_alphabetic) && !BESIDE.contains(&fold(w).as_str()))
            .map(str::to_owned)
            .collect()
    };
    if let Some((family, given)) = text.split_once(',') {
        let (family, given) = (clean(family), clean(given));
        // "Anna Reed, MD" has nothing after the comma.
        if !given.is_empty() && !family.is_empty() {
            return Some(Name { given, family: family.join(" ") });
        }
    }
    let mut words = clean(text.split(',').next().unwrap_or_default());
    let last = words.pop()?;
    let mut family = vec![last];
    while words.len() > 1 && words.last().is_some_and(|w| PARTICLES.contains(&fold(w).as_str())) {
        family.insert(0, words.pop().unwrap_or_default());
    }
    Some(Name { given: words, family: family.join(" ") })
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Year, month and day.
pub(super) type Day = (u32, u32, u32);

/// The number of a month by its name or its first three letters.
pub(super) fn month(word: &str) -> Option<u32> {
    let lower = word.to_ascii_lowercase();
    let at = MONTHS.iter().position(|m| lower.get(..3) == Some(m))?;
    u32::try_from(at + 1).ok()
}

/// Whether there is such a day in the years that people now living were born in.
pub(super) fn is_day((y, m, d): Day) -> bool {
    (1890..=2100).contains(&y) && (1..=12).contains(&m) && (1..=31).contains(&d)
}

/// A date with a year of four digits, in the first reading that is one.
pub(super) fn date(text: &str) -> Option<Day> {
    let parts: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty()).collect();
    let number = |p: &str| p.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<u32>().ok();
    let read = match parts.as_slice() {
        [stamp, ..] if stamp.len() >= 8 && stamp.bytes().take(8).all(|b| b.is_ascii_digit()) => {
            (number(&stamp[..4])?, number(&stamp[4..6])?, number(&stamp[6..8])?)
        }
        [a, b, c, ..] => match (month(a), month(b)) {
            _ if a.len() == 4 => (number(a)?, month(b).or_else(|| number(b))?, number(c.get(..2).unwrap_or(c))?),
            (Some(m), _) if !a.starts_with(|c: char| c.is_ascii_digit()) => (number(c)?, m, number(b)?),
            (_, Some(m)) if !b.starts_with(|c: char| c.is_ascii_digit()) => (number(c)?, m, number(a)?),
            _ => {
                let (first, second) = (number(a)?, number(b)?);
                if first > 12 { (number(c)?, second, first) } else { (number(c)?, first, second) }
            }
        },
        _ => return None,
    };
    is_day(read).then_some(read)
}

/// An address in one line.
pub(super) fn address(text: &str) -> Option<Address> {
    let mut parts: Vec<&str> = text.split([',', '\n', ';']).map(str::trim).filter(|p| !p.is_empty()).collect();
    let mut out = Address::default();
    // The last part that ends in a ZIP code, or is the code of a state.
    if let Some(at) = parts.iter().rposition(|p| p.split([' ', '-']).any(is_zip)) {
        let zip = parts[at].split([' ', '-']).find(|w| is_zip(w)).unwrap_or_default();
        out.postal_code = zip.to_owned();
        let rest = parts[at].split(zip).next().unwrap_or_default().trim();
        let words = rest.split(' ').count();
        let state = rest.len() == 2 || rest.is_empty();
        if !state && at > 0 && words > 1 {
            // "Everfield RI 12433"
            let town = rest.rsplit_once(' ').filter(|(_, s)| s.len() == 2).map_or(rest, |(t, _)| t);
            out.town = town.to_owned();
            parts.truncate(at);
        } else {
            parts.truncate(at);
        }
    }
    if parts.last().is_some_and(|p| p.len() == 2) {
        parts.pop();
    }
    if out.town.is_empty() && parts.len() > 1 && !parts[parts.len() - 1].bytes().any(|b| b.is_ascii_digit()) {
        out.town = parts.pop().unwrap_or_default().to_owned();
    }
    out.lines = parts.iter().map(|p| (*p).to_owned()).collect();
    (!out.lines.is_empty() || !out.town.is_empty()).then_some(out)
}

fn is_zip(word: &str) -> bool {
    word.len() == 5 && word.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_dates_and_addresses_are_read_in_their_parts() {
        let parts = |text| name(text).map(|n| (n.given.join("|"), n.family));
        let expect = |given: &str, family: &str| Some((given.to_owned(), family.to_owned()));
        assert_eq!(parts("Dr. Anna Maria Reed-Jones, MD"), expect("Anna|Maria", "Reed-Jones"));
        assert_eq!(parts("Reed, Anna M."), expect("Anna|M", "Reed"));
        assert_eq!(parts("Juan de la Cruz Jr."), expect("Juan", "de la Cruz"));
        assert_eq!(parts("Cher"), expect("", "Cher"));
        assert_eq!(parts(" . "), None);
        for text in [
            "1950-04-12",
            "04/12/1950",
            "4.12.1950",
            "19500412",
            "April 12, 1950",
            "12-Apr-1950",
            "1950-04-12T00:00:00Z",
        ] {
            assert_eq!(date(text), Some((1950, 4, 12)), "{text}");
        }
        assert_eq!(date("31/12/1950"), Some((1950, 12, 31)));
        assert_eq!(date("1950"), None);
        let a = address("12 Rose Street, Apt 4, Everfield, RI 12433-1234").unwrap_or_default();
        assert_eq!(
            (a.lines, a.town, a.postal_code),
            (vec!["12 Rose Street".into(), "Apt 4".into()], "Everfield".into(), "12433".into())
        );
        let a = address("12 Rose Street\nEverfield RI 12433").unwrap_or_default();
        assert_eq!((a.town, a.postal_code), ("Everfield".to_owned(), "12433".to_owned()));
    }
}
