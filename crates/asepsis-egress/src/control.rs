//! Characters that command a terminal, an interface engine or a reader instead of being read.

/// Where within a control sequence of a terminal the text is (ECMA-48).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sequence {
    /// In none.
    #[default]
    None,
    /// Behind ESC.
    Escape,
    /// In a control sequence, which a byte of 0x40 to 0x7E ends.
    Control,
    /// In a string of the operating system, a device or an application, which BEL or ST ends. It is behind this many characters.
    Text(u16),
    /// In such a string, behind ESC.
    TextEscape(u16),
}

/// The longest string of a sequence that is waited out. What is longer was no sequence.
const LONGEST_TEXT: u16 = 2048;

/// What becomes of a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Becomes {
    /// It is text.
    Stays,
    /// It is taken out, for this reason.
    Goes(&'static str),
}

const TERMINAL: &str = "channel/terminal-sequence";
const CONTROL: &str = "channel/control-character";
const INVISIBLE: &str = "channel/invisible-text";

impl Sequence {
    /// Takes the next character.
    pub(crate) fn next(&mut self, character: char) -> Becomes {
        match (*self, character) {
            (Self::None, '\u{1b}') => *self = Self::Escape,
            (Self::None, '\u{9b}') => *self = Self::Control,
            // DCS, SOS, OSC, PM, APC in their one-character form.
            (Self::None, '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}') => *self = Self::Text(0),
            (Self::None, _) => return alone(character),
            (Self::Escape, '[') => *self = Self::Control,
            (Self::Escape, 'P' | 'X' | ']' | '^' | '_') => *self = Self::Text(0),
            (Self::Escape, '\u{1b}') => {}
            // One character behind ESC is a sequence by itself; intermediate ones go on.
            (Self::Escape, ' '..='/') => {}
            (Self::Escape, '0'..='~') => *self = Self::None,
            // Parameters and intermediates of a control sequence.
            (Self::Control, ' '..='?') => {}
            (Self::Control, '@'..='~') => *self = Self::None,
            (Self::Text(_) | Self::TextEscape(_), '\u{7}' | '\u{9c}') => *self = Self::None,
            (Self::TextEscape(_), '\\') => *self = Self::None,
            (Self::Text(length), '\u{1b}') => *self = Self::TextEscape(length),
            (Self::Text(length) | Self::TextEscape(length), _) if length < LONGEST_TEXT => {
                *self = Self::Text(length + 1);
            }
            // What does not go on as a sequence was none, and this is text again.
            _ => {
                *self = Self::None;
                return self.next(character);
            }
        }
        Becomes::Goes(TERMINAL)
    }
}

/// What becomes of a character outside of any sequence.
fn alone(character: char) -> Becomes {
    match character {
        '\t' | '\n' | '\r' => Becomes::Stays,
        // Also VT, FS and CR of MLLP, which frame messages of HL7 v2.
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Becomes::Goes(CONTROL),
        // Overrides of direction, tag characters, and code points that no text has.
        '\u{202d}' | '\u{202e}' | '\u{e0000}'..='\u{e007f}' | '\u{fff9}'..='\u{fffb}' => Becomes::Goes(INVISIBLE),
        // Variation selectors beyond those that characters in use take can hold a byte each.
        '\u{e0100}'..='\u{e01ef}' => Becomes::Goes(INVISIBLE),
        _ => Becomes::Stays,
    }
}

/// Whether a text holds anything that is taken out.
pub(crate) fn holds(text: &str) -> bool {
    may_hold(text) && text.chars().any(|character| character == '\u{1b}' || alone(character) != Becomes::Stays)
}

/// Whether a text may hold anything that [`Sequence::next`] takes out.
pub(crate) fn may_hold(text: &str) -> bool {
    let may = |b: &u8| {
        (*b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r')) || *b == 0x7f || *b == 0xc2 || *b == 0xe2 || *b >= 0xef
    };
    // In blocks without a branch for every byte: most texts are read to their end.
    text.as_bytes().chunks(32).any(|block| block.iter().fold(false, |any, byte| any | may(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        let mut sequence = Sequence::default();
        text.chars().filter(|c| sequence.next(*c) == Becomes::Stays).collect()
    }

    #[test]
    fn r28_sequences_of_terminals_are_taken_out_whole_and_text_stays() {
        for (text, left) in [
            ("a\u{1b}[31mred\u{1b}[0m b", "ared b"),
            ("\u{1b}]8;;https://evil.example/x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]52;c;c2VjcmV0\u{7}rest", "rest"),
            ("\u{9b}2Jx", "x"),
            ("\u{1b}Pq#0\u{1b}\\x", "x"),
            ("\u{1b}(Bx", "x"),
            ("\u{b}MSH|^~\\&|A\u{1c}\r", "MSH|^~\\&|A\r"),
            ("tab\tand\nline\r\n", "tab\tand\nline\r\n"),
            ("\u{1b}\u{1b}[1mx", "x"),
            ("a\u{e0041}\u{e0042}b\u{202e}c", "abc"),
            ("naïve – «ß» 漢字 👩‍⚕️", "naïve – «ß» 漢字 👩‍⚕️"),
        ] {
            assert_eq!(cleaned(text), left, "{text:?}");
            assert!(may_hold(text) || cleaned(text) == text);
        }
        // A string that never ends does not swallow the answer.
        let endless = format!("\u{1b}]{}end", "x".repeat(5000));
        assert!(cleaned(&endless).ends_with("end") && cleaned(&endless).len() < 5000);
    }
}
