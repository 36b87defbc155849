//! Words, numbers and marks, with what the lists know of each word.

use crate::ascii::Letters;
use crate::lexicon::{self, Lexicon};

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters, with inner apostrophes.
    Word,
    /// Decimal digits.
    Number,
    /// The `'s` after a word.
    Possessive,
    /// One character of anything else.
    Mark,
}

/// How a word is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Lower,
    Title,
    Upper,
    Mixed,
}

/// What stands before a token.
pub(crate) const GLUED: u8 = 0;
pub(crate) const SPACE: u8 = 1;
pub(crate) const LINE: u8 = 2;
pub(crate) const PARAGRAPH: u8 = 3;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) flags: u32,
    pub(crate) kind: Kind,
    pub(crate) case: Case,
    pub(crate) gap: u8,
    /// The byte of a mark (0 where it is not ASCII).
    pub(crate) mark: u8,
}

impl Token {
    pub(crate) fn is(&self, flags: u32) -> bool {
        self.flags & flags != 0
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    /// A word that starts with a capital letter.
    pub(crate) fn is_capital(&self) -> bool {
        self.kind == Kind::Word && self.case != Case::Lower
    }
}

/// A line that is at least this long and ends in the middle of a sentence was wrapped by a program.
const WRAPPED: usize = 50;
/// Longest word or number; what is longer is cut, so that no rule meets a token of unbounded size.
const LONGEST: usize = 256;

pub(crate) fn tokenize(text: &str, lexicon: &Lexicon) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len() / 4 + 4);
    let mut i = 0;
    let mut gap = PARAGRAPH;
    let mut line = 0;
    while i < bytes.len() {
        let b = bytes[i];
        match b {
            b' ' | b'\t' => {
                gap = gap.max(SPACE);
                i += 1;
            }
            b'\n' => {
                let wrapped = i - line >= WRAPPED && (bytes[i - 1].is_ascii_alphanumeric() || bytes[i - 1] == b',');
                gap = if gap >= LINE || i == line {
                    PARAGRAPH
                } else if wrapped {
                    SPACE
                } else {
                    LINE
                };
                i += 1;
                line = i;
            }
            b'0'..=b'9' => {
                let start = i;
                while i < bytes.len() && bytes[i].is_ascii_digit() && i - start < LONGEST {
                    i += 1;
                }
                out.push(Token { start, end: i, flags: 0, kind: Kind::Number, case: Case::Lower, gap, mark: 0 });
                gap = GLUED;
            }
            b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => {
                let start = i;
                // Where a byte outside ASCII begins it, there are no such letters.
                if b < 0x80
                    && let Some(word) = Letters::at(bytes, start)
                {
                    i += word.len;
                    let (flags, case) = (lexicon.flags_of(&word), case_of(word.first, word.upper, word.lower));
                    out.push(Token { start, end: i, flags, kind: Kind::Word, case, gap, mark: 0 });
                    gap = GLUED;
                    continue;
                }
                let end = word_end(text, i);
                if end == start {
                    let len = text[i..].chars().next().map_or(1, char::len_utf8);
                    i += len;
                    out.push(mark(start, i, 0, gap));
                } else {
                    i = end;
                    let word = &text[start..end];
                    let flags = lexicon.flags(word);
                    out.push(Token { start, end, flags, kind: Kind::Word, case: case(word), gap, mark: 0 });
                    if let Some(b's' | b'S') = bytes.get(i + 1)
                        && bytes[i] == b'\''
                        && !bytes.get(i + 2).is_some_and(u8::is_ascii_alphanumeric)
                    {
                        out.push(Token {
                            start: i,
                            end: i + 2,
                            flags: lexicon::STOP,
                            kind: Kind::Possessive,
                            case: Case::Lower,
                            gap: GLUED,
                            mark: 0,
                        });
                        i += 2;
                    }
                }
                gap = GLUED;
            }
            _ => {
                i += 1;
                out.push(mark(i - 1, i, b, gap));
                gap = GLUED;
            }
        }
    }
    out
}

/// Gives words the case that they would have, where a text is all in lower case (as speech recognition writes) or all in
/// capitals: ordinary words in lower case, all others as names.
pub(crate) fn restore_case(text: &str, tokens: &mut [Token]) {
    let (mut upper, mut lower) = (0usize, 0usize);
    // Few enough bytes at once for a vector of counts of eight bits.
    for bytes in text.as_bytes().chunks(128) {
        upper += usize::from(bytes.iter().map(|b| u8::from(b.is_ascii_uppercase())).sum::<u8>());
        lower += usize::from(bytes.iter().map(|b| u8::from(b.is_ascii_lowercase())).sum::<u8>());
    }
    let caseless = upper * 200 < lower || upper > 40 && lower * 8 < upper;
    if !caseless || is_speech(text, tokens) {
        return;
    }
    use lexicon::{
        COMMON, EPONYM_TAIL, FIELD_NOUN, LINK, MEASURE, ORG_HEAD, ORG_PART, PERSON_VERB, RELATION, STATE, STOP, STREET,
        TOWN_TAIL,
    };
    let plain = COMMON | STOP | LINK | FIELD_NOUN | MEASURE | PERSON_VERB | RELATION | EPONYM_TAIL;
    let proper = STREET | ORG_HEAD | ORG_PART | TOWN_TAIL;
    for i in 0..tokens.len() {
        let after_comma = i > 0 && tokens[i - 1].mark == b',';
        let before_comma = tokens.get(i + 1).is_some_and(|t| t.mark == b',');
        let token = &mut tokens[i];
        if token.kind != Kind::Word {
            continue;
        }
        token.case = if token.is(STATE) && token.len() == 2 && after_comma && !before_comma {
            Case::Upper
        } else if token.is(plain) && !token.is(proper) {
            Case::Lower
        } else {
            Case::Title
        };
    }
}

/// Whether people speak to each other: there unknown words are mostly noises, slips and drugs, and names stand by
/// greetings.
fn is_speech(text: &str, tokens: &[Token]) -> bool {
    let (mut words, mut said) = (0usize, 0usize);
    for token in tokens.iter().filter(|t| t.kind == Kind::Word) {
        words += 1;
        let word = &text[token.start..token.end];
        said += usize::from(
            ["i", "i'm", "you", "uh", "um", "okay", "yeah", "me", "my"].iter().any(|w| word.eq_ignore_ascii_case(w)),
        );
    }
    said * 40 > words
}

fn mark(start: usize, end: usize, byte: u8, gap: u8) -> Token {
    Token { start, end, flags: 0, kind: Kind::Mark, case: Case::Lower, gap, mark: byte }
}

/// The end of the word that starts at `start`; `start` itself where no letter stands there.
fn word_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut i = start;
    while i < bytes.len() && i - start < LONGEST {
        let b = bytes[i];
        if b.is_ascii_alphabetic() {
            i += 1;
        } else if b == b'\'' {
            // An apostrophe inside a word, but not the possessive one.
            let Some(next) = text[i + 1..].chars().next() else { break };
            let possessive =
                matches!(next, 's' | 'S') && !text[i + 2..].chars().next().is_some_and(char::is_alphabetic);
            if i == start || !next.is_alphabetic() || possessive {
                break;
            }
            i += 1;
        } else if b >= 0x80 {
            match text[i..].chars().next() {
                Some(c) if c.is_alphabetic() || unicode_normalization::char::is_combining_mark(c) => i += c.len_utf8(),
                _ => break,
            }
        } else {
            break;
        }
    }
    i
}

fn case(word: &str) -> Case {
    let mut chars = word.chars().filter(|c| c.is_alphabetic());
    let first = chars.next().is_some_and(char::is_uppercase);
    let (mut upper, mut lower) = (false, false);
    for c in chars {
        if c.is_uppercase() {
            upper = true;
        } else {
            lower = true;
        }
    }
    case_of(first, upper, lower)
}

/// How a word is written whose first letter is a capital or not, and of whose other letters some are or are not.
fn case_of(first: bool, upper: bool, lower: bool) -> Case {
    match (first, upper, lower) {
        (true, true, false) => Case::Upper,
        (true, false, false) => Case::Title,
        (true, false, true) => Case::Title,
        (true, true, true) => Case::Mixed,
        (false, true, _) => Case::Mixed,
        (false, false, _) => Case::Lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_numbers_and_marks_are_told_apart() {
        let lexicon = Lexicon::new();
        let text = "O'Neil's MR858-2\n\nÉlodie’s";
        let tokens = tokenize(text, &lexicon);
        let words: Vec<_> = tokens.iter().map(|t| &text[t.start..t.end]).collect();
        assert_eq!(words[..6], ["O'Neil", "'s", "MR", "858", "-", "2"]);
        assert_eq!(words[6], "Élodie");
        assert_eq!(tokens[6].gap, PARAGRAPH);
        assert_eq!(tokens[3].gap, GLUED);
    }
}
