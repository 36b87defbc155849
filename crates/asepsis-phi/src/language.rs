use std::fmt;
use std::str::FromStr;

use crate::ascii;

/// A language that there are rules and a model for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, as written in the United States.
    #[default]
    English,
    /// Spanish, as written in Spain.
    Spanish,
}

/// How much of a document is looked at to tell its language.
const LOOK: usize = 8 * 1024;

/// Short function words that the other language does not have.
const ENGLISH: [&str; 21] = [
    "the", "of", "and", "to", "is", "was", "with", "for", "on", "at", "by", "she", "her", "his", "my", "you", "in",
    "has", "i", "this", "from",
];
const SPANISH: [&str; 18] = [
    "de", "la", "el", "los", "las", "del", "y", "en", "con", "por", "para", "una", "un", "se", "al", "que", "su", "sin",
];

/// The function words by their hash, each with how much it counts for either language.
static WORDS: [(u32, [u8; 2]); SLOTS] = {
    let mut table = [(0, [0, 0]); SLOTS];
    let mut n = 0;
    while n < ENGLISH.len() + SPANISH.len() {
        let english = n < ENGLISH.len();
        let bytes = if english { ENGLISH[n].as_bytes() } else { SPANISH[n - ENGLISH.len()].as_bytes() };
        let (mut word, mut k) = (0, bytes.len());
        while k > 0 {
            k -= 1;
            word = word << 8 | bytes[k] as u32;
        }
        let mut slot = slot(word);
        while table[slot].0 != 0 {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = (word, [english as u8, !english as u8]);
        n += 1;
    }
    table
};
const SLOTS: usize = 128;

const fn slot(word: u32) -> usize {
    (word.wrapping_mul(0x9E37_79B1) >> 25) as usize % SLOTS
}

/// The function words of a text: English ones, Spanish ones.
fn count(text: &str) -> (usize, usize) {
    let bytes = text.as_bytes();
    let (mut english, mut spanish, mut i) = (0, 0, 0);
    while let Some(first) = bytes.get(i) {
        if *first < 0x80 && !first.is_ascii_alphabetic() {
            i += 1;
            continue;
        }
        let (len, word) = ascii::letters_at(bytes, i);
        let end =
            if len == 8 || bytes.get(i + len).is_some_and(|b| *b >= 0x80) { word_end(text, i + len) } else { i + len };
        // What goes on outside ASCII is a longer word, or ends there.
        if end == i + len && (1..=4).contains(&len) {
            #[allow(clippy::cast_possible_truncation, reason = "four letters")]
            let [first, second] = counts(word as u32);
            (english, spanish) = (english + usize::from(first), spanish + usize::from(second));
        }
        i = end + bytes.get(end).map_or(1, |b| utf8_len(*b));
    }
    (english, spanish)
}

/// How much a word of at most four letters counts for either language.
#[inline]
fn counts(word: u32) -> [u8; 2] {
    let mut slot = slot(word);
    while WORDS[slot].0 != 0 {
        if WORDS[slot].0 == word {
            return WORDS[slot].1;
        }
        slot = (slot + 1) % SLOTS;
    }
    [0, 0]
}

/// Where a word that goes on at a byte ends.
fn word_end(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = from;
    loop {
        let (len, _) = ascii::letters_at(bytes, end);
        end += len;
        match bytes.get(end) {
            Some(0x80..) => match text[end..].chars().next().filter(|c| c.is_alphabetic()) {
                Some(c) => end += c.len_utf8(),
                None => return end,
            },
            _ if len == 8 => {}
            _ => return end,
        }
    }
}

/// The bytes of a character, by its first.
fn utf8_len(first: u8) -> usize {
    match first {
        0..0xC0 => 1,
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// The code of ISO 639-1.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// The language of a text, by its function words; English where nothing speaks for another.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut english, mut spanish, mut left) = (0usize, 0usize, LOOK);
        for text in texts {
            let mut end = text.len().min(left);
            left -= end;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let (first, second) = count(&text[..end]);
            (english, spanish) = (english + first, spanish + second);
            if left == 0 {
                break;
            }
        }
        // "de la" and "el" stand in English names too, so that a few do not count.
        if spanish >= 4 && spanish > 2 * english { Self::Spanish } else { Self::English }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(s: &str) -> Result<Self, UnknownLanguage> {
        Self::ALL.into_iter().find(|l| l.code() == s).ok_or(UnknownLanguage)
    }
}

/// A code that is none of [`Language::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown language; the languages are en and es, and without one each document's own is told by its words")]
pub struct UnknownLanguage;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The words of a list that stand in a text, counted as plainly as can be.
    fn slow(text: &str, list: &[&str]) -> usize {
        text.split(|c: char| !c.is_alphabetic()).filter(|w| list.iter().any(|l| w.eq_ignore_ascii_case(l))).count()
    }

    proptest! {
        #[test]
        fn any_words_are_counted_so(text in "((the|LA|Que|is|i|ñ|é|therapeutic|[a-z]{7,17}|€|[0-9]|'|\u{301})[ ,;\n]?){0,12}") {
            prop_assert_eq!(count(&text), (slow(&text, &ENGLISH), slow(&text, &SPANISH)));
        }
    }

    #[test]
    fn words_are_counted_as_they_stand_between_what_is_no_letter() {
        for text in [
            "The patient IS in the clinic; \"she\" has it—from him",
            "de la él éL yÑ Y y ñy, su€sin su1sin al_al QUE",
            "therapeutic theé éthe the\u{301} of",
            "",
            "i",
        ] {
            assert_eq!(count(text), (slow(text, &ENGLISH), slow(text, &SPANISH)), "{text}");
        }
    }

    #[test]
    fn function_words_tell_the_language() {
        assert_eq!(Language::of(["The patient was seen in the clinic by Dr. de la Cruz."]), Language::English);
        assert_eq!(
            Language::of(["Paciente de 53 años que ingresa en la sala con dolor y fiebre por la noche."]),
            Language::Spanish
        );
        assert_eq!(Language::of(["", "MRN 123"]), Language::English);
        assert_eq!(Language::of(["ñ".repeat(9_000).as_str()]), Language::English);
    }
}
