//! What stands apart and is read together: words and numbers broken at the end of a line, letters and digits with
//! spaces between them, digits read aloud.

use crate::layer::{Editor, Layer};
use crate::spoken;

/// The most characters of a spelled word or number.
const LONGEST: usize = 64;

pub(crate) fn layer(text: &str) -> Option<Layer> {
    let bytes = text.as_bytes();
    let mut edit = Editor::new(text);
    let mut i = 0;
    while i < bytes.len() {
        let b = bytes[i];
        if !is_word(b) {
            let broken = b == b'-' && bytes.get(i + 1) == Some(&b'\n');
            let next = if broken { line_end(text, i, &mut edit) } else { None };
            i = next.unwrap_or(i + 1);
            continue;
        }
        let next = match bytes.get(i + 1) {
            Some(b' ' | b'-') => spelled(text, i, &mut edit),
            _ => None,
        };
        let next = next.or_else(|| if spoken::may_begin(bytes, i) { spoken::digits(text, i, &mut edit) } else { None });
        i = next.unwrap_or(i + 1);
        while i < bytes.len() && is_word(bytes[i]) {
            i += 1;
        }
    }
    edit.finish()
}

/// Whether a byte is of a word.
fn is_word(byte: u8) -> bool {
    WORD[byte as usize]
}

static WORD: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0);
    while byte < 256 {
        table[byte] = byte >= 0x80 || (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'\'';
        byte += 1;
    }
    table
};

/// A hyphen at the end of a line: it goes where it divides a word, and stays in a number and in a double name.
fn line_end(text: &str, at: usize, edit: &mut Editor<'_>) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.get(at + 1) != Some(&b'\n') || at == 0 {
        return None;
    }
    let before = bytes[at - 1];
    let indent = bytes[at + 2..].iter().take(16).take_while(|b| matches!(b, b' ' | b'\t')).count();
    let end = at + 2 + indent;
    let after = *bytes.get(end)?;
    let divided = (before.is_ascii_lowercase() || before >= 0x80) && (after.is_ascii_lowercase() || after >= 0x80);
    let joined = before.is_ascii_digit() && after.is_ascii_alphanumeric()
        || before.is_ascii_alphabetic() && (after.is_ascii_uppercase() || after.is_ascii_digit());
    if divided {
        edit.replace(at, end - at, "");
    } else if joined {
        edit.replace(at + 1, end - at - 1, "");
    } else {
        return None;
    }
    Some(end)
}

/// Single letters or digits with spaces or hyphens between them: `1 2 3 - 4 5 - 6 7 8 9`, `J o h n`, `S-M-I-T-H`.
fn spelled(text: &str, at: usize, edit: &mut Editor<'_>) -> Option<usize> {
    let bytes = text.as_bytes();
    let single = |k: usize| {
        bytes.get(k).is_some_and(u8::is_ascii_alphanumeric)
            && !bytes.get(k + 1).is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80 || *b == b'\'')
    };
    // Three in a row begin a spelled word or number; most places fail at the second byte.
    let step = |k: usize| matches!(bytes.get(k), Some(b' ' | b'-'));
    if !(step(at + 1) && single(at) && step(at + 3) && single(at + 2) && single(at + 4)) {
        return None;
    }
    let digits = bytes[at].is_ascii_digit();
    let same = |k: usize| single(k) && bytes[k].is_ascii_digit() == digits;
    let mut places = Vec::with_capacity(16);
    let mut marks = Vec::new();
    let mut k = at;
    let hyphens = bytes[at + 1] == b'-';
    while same(k) && places.len() < LONGEST {
        places.push(k);
        let from = k + 1;
        let mut j = from;
        while j - from < 3 && bytes.get(j).is_some_and(|b| b" -.".contains(b)) {
            j += 1;
        }
        let gap = &bytes[from..j];
        let good = if digits {
            matches!(gap, b" " | b" - " | b"-" | b" . " | b"  " | b" -" | b"- ")
        } else if hyphens {
            gap == b"-"
        } else {
            matches!(gap, b" " | b"  ")
        };
        if !good || !same(j) {
            break;
        }
        if digits && gap.len() > 1 && gap.contains(&b'-') || !digits && gap == b"  " {
            marks.push(j);
        }
        k = j;
    }
    let read: Vec<u8> = places.iter().map(|&p| bytes[p]).collect();
    if bytes.get(at + 1) == Some(&b'-') && digits || !believed(text, at, &read, &marks, digits) {
        // The whole run is none, so that it is not read again from its second character.
        return places.last().map(|p| p + 1);
    }
    for pair in places.windows(2) {
        let gap = if marks.contains(&pair[1]) {
            if digits { "-" } else { " " }
        } else if !digits && !hyphens && bytes[pair[1]].is_ascii_uppercase() && bytes[pair[0]].is_ascii_lowercase() {
            // "J o h n S m i t h": a capital begins the next word.
            " "
        } else {
            ""
        };
        edit.replace(pair[0] + 1, pair[1] - pair[0] - 1, gap);
    }
    places.last().map(|p| p + 1)
}

/// Whether a run of single characters is a word or a number, and not a list of scores or of answers.
fn believed(text: &str, at: usize, read: &[u8], marks: &[usize], digits: bool) -> bool {
    let in_order = read.windows(2).filter(|w| w[1] == w[0] + 1).count() * 2 > read.len();
    if !digits {
        let vowel = read.iter().any(|b| b"aeiouyAEIOUY".contains(b));
        let capital = read[0].is_ascii_uppercase() && read[1..].iter().filter(|b| b.is_ascii_uppercase()).count() <= 2;
        let one_case = read.iter().all(u8::is_ascii_uppercase) || read.iter().all(u8::is_ascii_lowercase);
        // "vitamins A C D E K" is a list.
        let listed = read.windows(2).all(|w| w[0] < w[1]);
        return read.len() >= 4 && !listed && vowel && (capital || one_case);
    }
    if read.len() >= 4 && spoken::announced(text, at) {
        return true;
    }
    // Scores of a questionnaire are small; a telephone or card number has some large digit.
    let large = read.iter().any(|b| *b > b'5');
    !in_order && (!marks.is_empty() && read.len() >= 7 || read.len() >= 10 && large)
}
