use std::fmt;
use std::str::FromStr;

/// The length of a code in characters: 64 bits at five bits each.
pub(crate) const CODE_LEN: usize = 13;

/// Douglas Crockford's base 32: no I, L, O or U, so that no code spells a word or is misread.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The 64 random bits that tell one surrogate from every other.
///
/// Written as exactly 13 upper-case characters of Crockford's base 32; the first character carries four bits. The bits
/// must come from a cryptographic random generator and must not be computed from the identifier, 45 CFR 164.514(c).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code([u8; 8]);

impl Code {
    /// The code of these bits.
    pub fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The bits.
    pub fn to_bytes(self) -> [u8; 8] {
        self.0
    }

    pub(crate) fn ascii(self) -> [u8; CODE_LEN] {
        let mut bits = u64::from_be_bytes(self.0);
        let mut out = [0; CODE_LEN];
        for slot in out.iter_mut().rev() {
            *slot = ALPHABET[(bits & 31) as usize];
            bits >>= 5;
        }
        out
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ascii().iter().try_for_each(|&b| fmt::Write::write_char(f, b as char))
    }
}

/// A text that is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a surrogate code; one is 13 characters of Crockford's base 32, the first of them 0 to F")]
pub struct InvalidCode;

impl FromStr for Code {
    type Err = InvalidCode;

    /// Reads a code in either case.
    fn from_str(s: &str) -> Result<Self, InvalidCode> {
        if s.len() != CODE_LEN {
            return Err(InvalidCode);
        }
        let bits = s.bytes().try_fold(0_u64, |bits, b| {
            let value = ALPHABET.iter().position(|&a| a == b.to_ascii_uppercase())? as u64;
            Some(bits.checked_mul(32)? | value)
        });
        bits.map(|b| Self(b.to_be_bytes())).ok_or(InvalidCode)
    }
}

/// Whether a character, already in upper case, may stand in a code.
pub(crate) fn is_code_byte(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'A'..=b'H' | b'J' | b'K' | b'M' | b'N' | b'P'..=b'T' | b'V'..=b'Z')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_thirteen_characters_and_reads_back_in_either_case() {
        for bits in [0, 1, 0x7F3A_9C00_1234_5678, u64::MAX] {
            let code = Code::from_bytes(bits.to_be_bytes());
            let text = code.to_string();
            assert_eq!(text.len(), CODE_LEN);
            assert_eq!(text.parse(), Ok(code));
            assert_eq!(text.to_lowercase().parse(), Ok(code));
        }
        assert_eq!(Code::from_bytes([0xFF; 8]).to_string(), "FZZZZZZZZZZZZ");
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in ["", "7F3K9QXA2BCD", "7F3K9QXA2BCDEE", "7F3K9QXA2BCDI", "G000000000000", "7F3K9QXA2BCé"] {
            assert_eq!(text.parse::<Code>(), Err(InvalidCode), "{text}");
        }
    }

    #[test]
    fn the_predicate_and_the_alphabet_agree() {
        for b in 0..=255_u8 {
            assert_eq!(is_code_byte(b), ALPHABET.contains(&b));
        }
    }
}
