use std::fmt;
use std::str::FromStr;

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
const ENGLISH: [&[u8]; 21] = [
    b"the", b"of", b"and", b"to", b"is", b"was", b"with", b"for", b"on", b"at", b"by", b"she", b"her", b"his", b"my",
    b"you", b"in", b"has", b"i", b"this", b"from",
];
const SPANISH: [&[u8]; 18] = [
    b"de", b"la", b"el", b"los", b"las", b"del", b"y", b"en", b"con", b"por", b"para", b"una", b"un", b"se", b"al",
    b"que", b"su", b"sin",
];

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
            for word in text[..end].split(|c: char| !c.is_alphabetic()).filter(|w| (1..=4).contains(&w.len())) {
                let mut buffer = [0u8; 4];
                let lower = &mut buffer[..word.len()];
                lower.copy_from_slice(word.as_bytes());
                lower.make_ascii_lowercase();
                english += usize::from(ENGLISH.contains(&&*lower));
                spanish += usize::from(SPANISH.contains(&&*lower));
            }
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
    use super::*;

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
