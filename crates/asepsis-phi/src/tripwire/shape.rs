//! Shapes of identifiers, read byte by byte.

use asepsis_vocab::IdentifierClass as Class;

use super::cue;

/// Letters and digits in a row with single marks between.
pub(super) struct Chunk {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The longest chunk that is looked at.
const LONGEST: usize = 96;

fn digit(bytes: &[u8], i: usize) -> bool {
    bytes.get(i).is_some_and(u8::is_ascii_digit)
}

fn alnum(bytes: &[u8], i: usize) -> bool {
    bytes.get(i).is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80)
}

impl Chunk {
    /// The chunk that the digit at `i` is of.
    pub(super) fn around(bytes: &[u8], i: usize) -> Self {
        let joins = |k: usize| matches!(bytes.get(k), Some(b'-' | b'.' | b'/' | b'_'));
        let mut start = i;
        while start > 0
            && i - start < LONGEST
            && (alnum(bytes, start - 1) || joins(start - 1) && start > 1 && alnum(bytes, start - 2))
        {
            start -= 1;
        }
        let mut end = i + 1;
        while end - i < LONGEST && (alnum(bytes, end) || joins(end) && alnum(bytes, end + 1)) {
            end += 1;
        }
        Self { start, end }
    }

    /// The class and place of the identifier that the chunk, with what goes on after it, is.
    pub(super) fn identifier(&self, bytes: &[u8]) -> Option<(Class, usize, usize)> {
        let text = &bytes[self.start..self.end];
        if let Some(end) = social_security(bytes, self.start, self.end) {
            return Some((Class::Ssn, self.start, end));
        }
        if let Some((start, end)) = telephone(bytes, self.start, self.end) {
            return Some((Class::Phone, start, end));
        }
        if let Some(end) = card(bytes, self.start) {
            return Some((Class::Account, self.start, end));
        }
        let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
        if digits < 4 || text.iter().any(|b| *b >= 0x80) {
            return None;
        }
        if is_vehicle(text) {
            return Some((Class::Vehicle, self.start, self.end));
        }
        if is_medicare(text) {
            return Some((Class::HealthPlan, self.start, self.end));
        }
        if is_bank_account(text) {
            return Some((Class::Account, self.start, self.end));
        }
        if is_internet_address(text) {
            return addressed(bytes, self.start).then_some((Class::Ip, self.start, self.end));
        }
        if digits < FEWEST || !is_number(text) || is_measured(bytes, self.end) {
            return None;
        }
        cue::before(bytes, self.start).map(|class| (class, self.start, self.end))
    }

    /// The place of the date that the chunk, with the name of a month beside it, is.
    pub(super) fn date(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let text = &bytes[self.start..self.end];
        if is_date(text) {
            return Some((self.start, self.end));
        }
        // "3 March 2024" and "March 3, 2024": a month of which at least three letters are written, and a year.
        let number = |t: &[u8]| t.len() <= 2 && t.iter().all(u8::is_ascii_digit);
        let day = text
            .strip_suffix(b"th")
            .or(text.strip_suffix(b"st"))
            .or(text.strip_suffix(b"nd"))
            .or(text.strip_suffix(b"rd"));
        if !number(day.unwrap_or(text)) {
            return None;
        }
        let after = bytes.get(self.end) == Some(&b' ') && is_month(word_at(bytes, self.end + 1));
        let before = self.start > 1 && bytes[self.start - 1] == b' ' && is_month(word_before(bytes, self.start - 1));
        let year_at = if after { self.end + 1 + word_at(bytes, self.end + 1).len() } else { self.end };
        let gap = bytes[year_at.min(bytes.len())..].iter().take(2).take_while(|b| matches!(b, b' ' | b',')).count();
        let year = (year_at + gap..year_at + gap + 4).all(|k| digit(bytes, k)) && !alnum(bytes, year_at + gap + 4);
        ((after || before) && year && gap > 0).then(|| (self.start, year_at + gap + 4))
    }
}

/// Fewest digits of a number after a word that says whose it is.
const FEWEST: usize = 5;

/// `123-45-6789`, `123 45 6789`.
fn social_security(bytes: &[u8], start: usize, end: usize) -> Option<usize> {
    let run = |from: usize, n: usize| (from..from + n).all(|k| digit(bytes, k));
    let sign = *bytes.get(start + 3)?;
    let shape = matches!(sign, b'-' | b' ')
        && run(start, 3)
        && run(start + 4, 2)
        && bytes.get(start + 6) == Some(&sign)
        && run(start + 7, 4);
    if !shape || alnum(bytes, start + 11) || sign == b'-' && end != start + 11 {
        return None;
    }
    // In a row of numbers with spaces, three such are no number.
    let goes_on = matches!(bytes.get(start + 11), Some(b' ' | b'.')) && digit(bytes, start + 12);
    let alone = sign == b'-' || !goes_on;
    alone.then_some(start + 11)
}

/// `(401) 555-0131`, `401-555-0131`, `+1 401 555 0131`, `+44 20 7946 0958`.
fn telephone(bytes: &[u8], start: usize, chunk_end: usize) -> Option<(usize, usize)> {
    let mut from = start;
    let bracket = from > 0 && bytes[from - 1] == b'(';
    if bracket {
        from -= 1;
    }
    let plus = from > 0 && bytes[from - 1] == b'+' && !(from > 1 && alnum(bytes, from - 2));
    if plus {
        from -= 1;
    }
    let (mut k, mut groups, mut digits) = (start, [0usize; 6], Vec::with_capacity(16));
    let mut count = 0;
    let mut signs = [0u8; 6];
    while count < 6 {
        let at = k;
        while digit(bytes, k) && k - at < 15 {
            digits.push(bytes[k] - b'0');
            k += 1;
        }
        if k == at || alnum(bytes, k) {
            return None;
        }
        groups[count] = k - at;
        count += 1;
        let gap = bytes[k..].iter().take(3).take_while(|b| matches!(b, b' ' | b'-' | b'.' | b')' | b'(')).count();
        if gap == 0 || gap > 2 || !digit(bytes, k + gap) || digits.len() >= 10 && !plus || digits.len() > 15 {
            break;
        }
        signs[count - 1] = bytes[k + gap - 1];
        k += gap;
    }
    if plus && (10..=15).contains(&digits.len()) && count > 1 {
        return Some((from, k));
    }
    let (groups, digits, signs) = match (groups[0], digits.first()) {
        (1, Some(1)) => (&groups[1..count], &digits[1..], &signs[1..]),
        _ => (&groups[..count], &digits[..], &signs[..]),
    };
    let shape = groups == [3, 3, 4] && digits[0] >= 2 && digits[3] >= 2;
    // "401 555 0131" with spaces alone could be three values.
    let divided = bracket || plus || matches!(signs[0], b'-' | b'.') && signs[1] != b' ' || signs[1] == b'-';
    let alone = !(matches!(bytes.get(k), Some(b'-' | b'/' | b'.')) && digit(bytes, k + 1)) && k >= chunk_end.min(k);
    (shape && divided && alone).then_some((from, k))
}

/// A payment card of fifteen or sixteen digits, alone or in groups of four, with its check digit.
fn card(bytes: &[u8], start: usize) -> Option<usize> {
    if !matches!(bytes[start], b'3'..=b'6') || start > 0 && matches!(bytes[start - 1], b'-' | b'.' | b'_') {
        return None;
    }
    let (mut k, mut digits) = (start, Vec::with_capacity(19));
    while digits.len() < 17 {
        if digit(bytes, k) {
            digits.push(bytes[k] - b'0');
            k += 1;
        } else if matches!(bytes.get(k), Some(b' ' | b'-'))
            && digit(bytes, k + 1)
            && digits.len() % 4 == 0
            && !digits.is_empty()
        {
            k += 1;
        } else {
            break;
        }
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, d)| u32::from(*d) * if place % 2 == 0 { 1 } else { 2 })
        .zip(0..)
        .map(|(v, _): (u32, u32)| v / 10 + v % 10)
        .sum();
    (matches!(digits.len(), 15 | 16) && sum.is_multiple_of(10) && !alnum(bytes, k)).then_some(k)
}

/// Seventeen capitals and digits with the check digit of a vehicle in the ninth place.
fn is_vehicle(text: &[u8]) -> bool {
    let value = |b: u8| -> Option<u32> {
        Some(match b {
            b'0'..=b'9' => u32::from(b - b'0'),
            b'A'..=b'H' => u32::from(b - b'A') + 1,
            b'J'..=b'N' => u32::from(b - b'J') + 1,
            b'P' => 7,
            b'R' => 9,
            b'S'..=b'Z' => u32::from(b - b'S') + 2,
            _ => return None,
        })
    };
    let weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    if text.len() != 17 || !text.iter().any(u8::is_ascii_uppercase) {
        return false;
    }
    let sum = text.iter().zip(weights).try_fold(0, |sum, (b, w)| value(*b).map(|v| sum + v * w));
    sum.is_some_and(|s| text[8] == if s % 11 == 10 { b'X' } else { b'0' + u8::try_from(s % 11).unwrap_or(0) })
}

/// The places of digits and letters of a Medicare number.
fn is_medicare(text: &[u8]) -> bool {
    let compact: Vec<u8> = text.iter().copied().filter(|b| *b != b'-').collect();
    let letter = |b: u8| b.is_ascii_uppercase() && !b"SLOIBZ".contains(&b);
    compact.len() == 11
        && matches!(text.len(), 11 | 13)
        && compact[0] != b'0'
        && compact.iter().enumerate().all(|(place, &b)| match place {
            0 | 3 | 6 | 9 | 10 => b.is_ascii_digit(),
            1 | 4 | 7 | 8 => letter(b),
            _ => b.is_ascii_digit() || letter(b),
        })
}

/// Two capitals, two digits and up to thirty more that leave 1 by 97.
fn is_bank_account(text: &[u8]) -> bool {
    let head = (15..=34).contains(&text.len())
        && text[..2].iter().all(u8::is_ascii_uppercase)
        && text[2..4].iter().all(u8::is_ascii_digit);
    if !head || !text.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
        return false;
    }
    let rest = text[4..].iter().chain(&text[..4]).fold(0u32, |rest, b| match b {
        b'0'..=b'9' => (rest * 10 + u32::from(b - b'0')) % 97,
        b => (rest * 100 + u32::from(b - b'A') + 10) % 97,
    });
    rest == 1
}

/// Four numbers under 256 with points between.
fn is_internet_address(text: &[u8]) -> bool {
    let parts: Vec<&[u8]> = text.split(|b| *b == b'.').collect();
    let octet = |p: &&[u8]| {
        (1..=3).contains(&p.len())
            && p.iter().all(u8::is_ascii_digit)
            && p.iter().fold(0u32, |n, b| n * 10 + u32::from(b - b'0')) < 256
    };
    parts.len() == 4 && parts.iter().all(octet)
}

/// Whether a word before says that this is an address of the internet and no version.
fn addressed(bytes: &[u8], start: usize) -> bool {
    let near = bytes[start.saturating_sub(24)..start].to_ascii_lowercase();
    near.split(|b| !b.is_ascii_alphanumeric()).any(|w| matches!(w, b"ip" | b"ipv4" | b"host" | b"client"))
}

/// A number: digits with hyphens, with at most four letters before them or one behind.
fn is_number(text: &[u8]) -> bool {
    let letters = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let rest = &text[letters..];
    let rest = rest.strip_suffix(b"-").unwrap_or(rest);
    let tail = rest.iter().rev().take_while(|b| b.is_ascii_alphabetic()).count();
    letters <= 4 && tail <= 1 && rest[..rest.len() - tail].iter().all(|b| b.is_ascii_digit() || *b == b'-')
}

/// Whether a unit follows.
fn is_measured(bytes: &[u8], end: usize) -> bool {
    const UNITS: [&[u8]; 22] = [
        b"mg",
        b"mcg",
        b"g",
        b"kg",
        b"ml",
        b"l",
        b"units",
        b"unit",
        b"iu",
        b"meq",
        b"mm",
        b"cm",
        b"cells",
        b"copies",
        b"steps",
        b"ng",
        b"pg",
        b"u",
        b"kcal",
        b"patients",
        b"participants",
        b"women",
    ];
    if bytes.get(end) == Some(&b'%') {
        return true;
    }
    let at = if bytes.get(end) == Some(&b' ') { end + 1 } else { end };
    let word = word_at(bytes, at).to_ascii_lowercase();
    UNITS.contains(&word.as_slice())
}

/// `2024-01-15`, `1/15/24`, `15.01.2024`.
fn is_date(text: &[u8]) -> bool {
    let Some(sign) = text.iter().copied().find(|b| !b.is_ascii_digit()) else { return false };
    if !matches!(sign, b'-' | b'/' | b'.') {
        return false;
    }
    let parts: Vec<&[u8]> = text.split(|b| *b == sign).collect();
    let [a, b, c] = parts.as_slice() else { return false };
    let number = |p: &[u8]| {
        let good = (1..=4).contains(&p.len()) && p.iter().all(u8::is_ascii_digit);
        good.then(|| p.iter().fold(0u32, |n, d| n * 10 + u32::from(d - b'0')))
    };
    let (Some(x), Some(y), Some(z)) = (number(a), number(b), number(c)) else { return false };
    let day = |n: u32| (1..=31).contains(&n);
    let month_and_day = |m: u32, d: u32| day(m) && day(d) && (m <= 12 || d <= 12);
    let year = |p: &[u8], n: u32| p.len() == 4 && (1880..=2100).contains(&n);
    year(a, x) && month_and_day(y, z)
        || year(c, z) && month_and_day(x, y)
        || sign == b'/' && c.len() == 2 && month_and_day(x, y) && a.len() <= 2
}

fn is_month(word: &[u8]) -> bool {
    const MONTHS: [&[u8]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    const NAMES: [&[u8]; 8] = [b"uary", b"ruary", b"ch", b"il", b"e", b"y", b"ust", b"ember"];
    let lower = word.to_ascii_lowercase();
    let Some((head, tail)) = lower.split_at_checked(3) else { return false };
    MONTHS.contains(&head)
        && (tail.is_empty() || tail == b"t" || tail == b"tember" || tail == b"ober" || NAMES.contains(&tail))
}

fn word_at(bytes: &[u8], at: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    &rest[..rest.iter().take(12).take_while(|b| b.is_ascii_alphabetic()).count()]
}

fn word_before(bytes: &[u8], end: usize) -> &[u8] {
    let n = bytes[..end].iter().rev().take(12).take_while(|b| b.is_ascii_alphabetic()).count();
    &bytes[end - n..end]
}

/// An address of electronic mail around its sign.
pub(super) fn email(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let local = |b: &u8| b.is_ascii_alphanumeric() || b"._%+-".contains(b);
    let before = bytes[..at].iter().rev().take(64).take_while(|b| local(b)).count();
    let host =
        bytes[at + 1..].iter().take(253).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')).count();
    let name = &bytes[at + 1..at + 1 + host];
    let name = &name[..name.iter().rposition(u8::is_ascii_alphanumeric)? + 1];
    let top = name.len() - name.iter().rposition(|b| *b == b'.')? - 1;
    let letters = name[name.len() - top..].iter().all(u8::is_ascii_alphabetic);
    let first = bytes[at - before..at].iter().any(u8::is_ascii_alphanumeric);
    (first && top >= 2 && letters && name.len() > top + 1).then_some((at - before, at + 1 + name.len()))
}

/// A web address with a long number in its path: of a record, a message, a person.
pub(super) fn url(bytes: &[u8], colon: usize) -> Option<(usize, usize)> {
    if bytes.get(colon + 1..colon + 3)? != b"//" {
        return None;
    }
    let scheme = bytes[..colon].iter().rev().take(5).take_while(|b| b.is_ascii_alphabetic()).count();
    if !matches!(bytes[colon - scheme..colon].to_ascii_lowercase().as_slice(), b"http" | b"https") {
        return None;
    }
    let rest = &bytes[colon + 3..];
    let length = rest.iter().take(2048).take_while(|b| !b.is_ascii_whitespace()).count();
    let path = rest[..length].iter().position(|b| *b == b'/')?;
    let long = rest[path..length].split(|b| !b.is_ascii_digit()).any(|run| run.len() >= 5);
    long.then_some((colon - scheme, colon + 3 + length))
}

/// `00:1B:44:11:3A:B7` around its first colon.
pub(super) fn hardware_address(bytes: &[u8], colon: usize) -> Option<(usize, usize)> {
    let start = colon.checked_sub(2)?;
    let pair = |k: usize| (k..k + 2).all(|i| bytes.get(i).is_some_and(u8::is_ascii_hexdigit));
    let whole = (0..6).all(|n| pair(start + 3 * n) && (n == 5 || bytes.get(start + 3 * n + 2) == Some(&b':')));
    let end = start + 17;
    let edges = (start == 0 || !alnum(bytes, start - 1) && bytes[start - 1] != b':')
        && !alnum(bytes, end)
        && bytes.get(end) != Some(&b':');
    (whole && edges).then_some((start, end))
}
