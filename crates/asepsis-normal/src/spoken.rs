//! Digits that are read aloud: `four oh one five five five double oh three one`.

use crate::layer::Editor;

/// A word of a number that is read aloud.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    /// A digit by itself, or digits that are written.
    Digits,
    /// The next digit twice or three times.
    Times(usize),
    /// A mark between digits.
    Dash,
    /// Ten to nineteen, in two digits.
    Teen,
    /// Twenty, thirty, ...: the next digit belongs to it.
    Tens,
}

/// The most words of one number.
const LONGEST: usize = 48;
/// Digits in a row that are a number of somebody without a word that says so.
const UNANNOUNCED: usize = 7;
/// The same where such a word stands before.
const ANNOUNCED: usize = 4;

/// Whether a word that begins here may be the first of a number, by its first letters; most are not. A hyphen never is.
#[inline]
pub(crate) fn may_begin(bytes: &[u8], at: usize) -> bool {
    bytes[at].is_ascii_digit() || may_be_said(bytes, at) && bytes[at] | 0x20 != b'h'
}

/// Whether a word that begins here may be one in letters, of a number or between digits.
#[inline]
fn may_be_said(bytes: &[u8], at: usize) -> bool {
    let Some(first) = bytes.get(at).filter(|first| first.is_ascii_alphabetic()) else { return false };
    let letter = |k: usize| match bytes.get(at + k) {
        Some(letter) if letter.is_ascii_alphabetic() => 1 << (letter & 31),
        // The word ends before.
        _ => 1,
    };
    let (second, third) = LETTERS[usize::from(first & 31)];
    second & letter(1) != 0 && (third & letter(2) != 0 || letter(1) == 1)
}

/// By a first letter, the second and the third ones of words that are read aloud, a bit for each; the lowest is that of no letter.
static LETTERS: [(u32, u32); 32] = {
    let mut table = [(0, 0); 32];
    let begins: [&[u8; 3]; 23] = [
        b"zer", b"o@@", b"oh@", b"one", b"two", b"twe", b"thr", b"thi", b"ten", b"tri", b"fou", b"for", b"fiv", b"fif",
        b"six", b"sev", b"eig", b"ele", b"nin", b"nou", b"dou", b"das", b"hyp",
    ];
    let mut at = 0;
    while at < begins.len() {
        let [first, second, third] = *begins[at];
        let letters = &mut table[(first & 31) as usize];
        letters.0 |= 1 << (second & 31);
        letters.1 |= 1 << (third & 31);
        at += 1;
    }
    table
};

/// Puts digits in place of the words for them from `at` on; gives back where that ends.
pub(crate) fn digits(text: &str, at: usize, edit: &mut Editor<'_>) -> Option<usize> {
    let bytes = text.as_bytes();
    let (first, end) = word(text, at)?;
    // Most numbers in words or digits stand alone, or with another in digits.
    let behind = next(text, end);
    if bytes[at].is_ascii_digit() && !may_be_said(bytes, behind) {
        return None;
    }
    word(text, behind)?;
    if !matches!(first, Said::Digits | Said::Times(_)) && !announced(text, at) {
        return None;
    }
    // Each step is the place that is replaced, and by what.
    let mut steps: Vec<(usize, usize, String)> = Vec::new();
    let (mut all, mut spoken, mut tens) = (Vec::new(), 0, false);
    let (mut from, mut k, mut times) = (at, at, 1);
    let mut ten: Option<u8> = None;
    for _ in 0..LONGEST {
        let Some((said, end)) = word(text, k) else { break };
        let value = text[k..end].to_ascii_lowercase();
        match said {
            Said::Digits => {
                let value = digit(value.as_bytes()).map_or(value, |d| d.to_string());
                spoken += usize::from(text.as_bytes()[k].is_ascii_alphabetic());
                let new = match ten.take() {
                    Some(tens) if value != "0" => format!("{}{value}", char::from(tens)),
                    Some(tens) => format!("{}0{value}", char::from(tens)),
                    None => value.repeat(times),
                };
                all.extend(new.bytes());
                steps.push((from, end, new));
                (from, times) = (end, 1);
            }
            Said::Times(n) => times = n,
            Said::Dash => {
                steps.push((from, end, "-".to_owned()));
                from = end;
            }
            Said::Teen | Said::Tens => {
                tens = true;
                let (full, begun) = number(&value);
                if said == Said::Tens && word(text, next(text, end)).is_some_and(|(s, _)| s == Said::Digits) {
                    ten = Some(begun);
                } else {
                    all.extend(full.bytes());
                    steps.push((from, end, full));
                    from = end;
                }
            }
        }
        k = next(text, end);
    }
    let read = k;
    // What hangs over at the end belongs to the sentence.
    while steps.last().is_some_and(|s| s.2 == "-") {
        steps.pop();
    }
    let Some(end) = steps.last().map(|s| s.1) else { return Some(read.min(text.len())) };
    let counting = all.windows(2).filter(|w| w[1] == w[0] + 1).count() + 2 > all.len();
    let said = all.len() >= ANNOUNCED && announced(text, at);
    if spoken == 0 {
        return None;
    }
    if spoken < 3 || !(said || all.len() >= UNANNOUNCED && !counting && !tens && spoken * 2 > all.len()) {
        // The whole run is none, so that it is not read again from its second word.
        return Some(end);
    }
    for (from, to, new) in steps {
        edit.replace(from, to - from, &new);
    }
    Some(end)
}

/// The place of the word after `end`, where no more than a space, a comma or a hyphen stands between.
fn next(text: &str, end: usize) -> usize {
    let bytes = text.as_bytes();
    let gap = bytes[end..].iter().take(3).take_while(|b| matches!(b, b' ' | b',' | b'-' | b'\n')).count();
    if gap == 0 { text.len() } else { end + gap }
}

/// What the word at `at` says, and where it ends.
fn word(text: &str, at: usize) -> Option<(Said, usize)> {
    let bytes = text.as_bytes();
    let first = *bytes.get(at)?;
    if first.is_ascii_digit() {
        let near = &bytes[at..bytes.len().min(at + 5)];
        let len = near.iter().position(|b| !b.is_ascii_digit()).unwrap_or(near.len());
        let whole = !bytes.get(at + len).is_some_and(|b| b.is_ascii_alphanumeric() || b"./:%".contains(b));
        return (len <= 4 && whole).then_some((Said::Digits, at + len));
    }
    if !may_be_said(bytes, at) {
        return None;
    }
    // "oh" is the shortest with a second letter, "seventeen" the longest; most words are not so short or go on after.
    let near = &bytes[at..bytes.len().min(at + 10)];
    let len = near.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(near.len());
    if !(1..=9).contains(&len) || bytes.get(at + len).is_some_and(|b| *b >= 0x80 || *b == b'\'' || b.is_ascii_digit()) {
        return None;
    }
    let mut buffer = [0; 9];
    let lower = &mut buffer[..len];
    lower.copy_from_slice(&bytes[at..at + len]);
    lower.make_ascii_lowercase();
    // By the first letter, so that few words are compared.
    let said = match (lower[0], &lower[1..]) {
        (b'd', b"ouble") => Said::Times(2),
        (b't', b"riple") => Said::Times(3),
        (b'd', b"ash") | (b'h', b"yphen") => Said::Dash,
        (b't', b"en" | b"welve" | b"hirteen")
        | (b'e', b"leven" | b"ighteen")
        | (b'f', b"ourteen" | b"ifteen")
        | (b's', b"ixteen" | b"eventeen")
        | (b'n', b"ineteen") => Said::Teen,
        (b't', b"wenty" | b"hirty")
        | (b'f', b"orty" | b"ifty")
        | (b's', b"ixty" | b"eventy")
        | (b'e', b"ighty")
        | (b'n', b"inety") => Said::Tens,
        _ => {
            digit(lower)?;
            Said::Digits
        }
    };
    Some((said, at + len))
}

fn digit(word: &[u8]) -> Option<char> {
    let (first, rest) = word.split_first()?;
    Some(match (*first, rest) {
        (b'z', b"ero") | (b'o', b"h" | b"") | (b'n', b"ought") => '0',
        (b'o', b"ne") => '1',
        (b't', b"wo") => '2',
        (b't', b"hree") => '3',
        (b'f', b"our") => '4',
        (b'f', b"ive") => '5',
        (b's', b"ix") => '6',
        (b's', b"even") => '7',
        (b'e', b"ight") => '8',
        (b'n', b"ine" | b"iner") => '9',
        _ => return None,
    })
}

/// The two digits of a ten or teen, and the first of them.
fn number(word: &str) -> (String, u8) {
    const TEENS: [&str; 10] =
        ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let place = |list: &[&str]| list.iter().position(|w| *w == word).and_then(|i| u8::try_from(i).ok());
    match (place(&TEENS), place(&TENS)) {
        (Some(n), _) => (format!("1{n}"), b'1'),
        (_, n) => {
            let n = n.unwrap_or(0) + 2;
            (format!("{n}0"), b'0' + n)
        }
    }
}

/// Whether a word that announces a number stands among the few words before `at`.
pub(crate) fn announced(text: &str, at: usize) -> bool {
    const CUES: [&str; 40] = [
        "number",
        "numbers",
        "no",
        "id",
        "mrn",
        "ssn",
        "social",
        "security",
        "account",
        "acct",
        "member",
        "phone",
        "telephone",
        "tel",
        "fax",
        "zip",
        "code",
        "ending",
        "ends",
        "digits",
        "policy",
        "license",
        "licence",
        "plate",
        "pager",
        "extension",
        "call",
        "reach",
        "cell",
        "mobile",
        "record",
        "chart",
        "pin",
        "serial",
        "medicare",
        "medicaid",
        "card",
        "npi",
        "passport",
        "reference",
    ];
    let from = floor(text, at.saturating_sub(48));
    let before = &text[from..at];
    let before = before.rfind(['.', '!', '?', ';']).map_or(before, |stop| &before[stop..]);
    before
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|w| !w.is_empty())
        .rev()
        .take(6)
        .any(|w| CUES.iter().any(|c| w.eq_ignore_ascii_case(c)))
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_number_may_begin_one() {
        let words = "zero oh o nought one two three four five six seven eight nine niner double triple dash hyphen ten eleven twelve thirteen \
                     fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety";
        for said in words.split_whitespace() {
            for said in [said.to_owned(), said.to_ascii_uppercase(), format!("{said} "), format!("{said},")] {
                assert!(may_be_said(said.as_bytes(), 0) && word(&said, 0).is_some(), "{said}");
            }
            for other in [&said[1..], &said[..said.len() - 1], &format!("{said}x")] {
                assert!(words.split_whitespace().any(|w| w == other) || word(other, 0).is_none(), "{other}");
            }
        }
        for text in ["blood", "on", "the", "os", "of", "f", "", "[", "{e", "Zé"] {
            assert!(word(text, 0).is_none(), "{text}");
        }
    }
}
