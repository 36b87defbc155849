/// Which three letters or digits, or fewer with the end of the word, something that was issued begins with: one look tells most words
/// from a surrogate.
///
/// A set of bits over three characters of six bits each. Few keys have few bits, which several such beginnings share: an exchange
/// that issued little touches half a kilobyte of memory, not the 32 KiB of all beginnings.
pub(crate) struct Heads {
    bits: Box<[u64]>,
    /// How many bits of a mixed beginning are left out.
    shift: u32,
}

/// Bits of a beginning.
const BITS: u32 = 18;
/// The fewest bits that there are, as a power of two, and how many a key has at least.
const FEWEST: u32 = 12;
const EACH: usize = 64;

impl Heads {
    /// The heads of these keys, of which there are at most so many. A key that has something beyond ASCII among its first three bytes
    /// needs none, because a text with that there is always looked at.
    pub(crate) fn new<'k>(most: usize, keys: impl Iterator<Item = &'k [u8]>) -> Self {
        let wanted = most.saturating_mul(EACH).checked_next_power_of_two().map_or(BITS, usize::trailing_zeros);
        let size = wanted.clamp(FEWEST, BITS);
        let mut heads = Self { bits: vec![0; 1 << (size - 6)].into_boxed_slice(), shift: BITS - size };
        for key in keys {
            let mut head = [b' '; 3];
            head.iter_mut().zip(key).for_each(|(head, byte)| *head = *byte);
            if let Some((word, bit)) = heads.place(&head) {
                heads.bits[word] |= bit;
            }
        }
        heads
    }

    /// Whether `text` surely begins with nothing that was issued.
    pub(crate) fn rule_out(&self, text: &[u8]) -> bool {
        self.place(text).is_some_and(|(word, bit)| self.bits[word] & bit == 0)
    }

    /// Where the beginning of a text stands; none where it cannot be told.
    fn place(&self, text: &[u8]) -> Option<(usize, u64)> {
        // An odd factor: no two beginnings are the same before some of the lower bits are left out.
        let mixed = index(text)?.wrapping_mul(0x2_9E35) & ((1 << BITS) - 1);
        let at = mixed >> self.shift;
        Some((at / 64, 1 << (at % 64)))
    }
}

/// What stands for the end of a word among the digits of a beginning.
const END: usize = 36;

/// The number of a beginning: three letters or digits, or fewer and the end of the word. None where that cannot be told: the text
/// ends, or goes on with what may mean a letter, or it begins with neither.
fn index(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for place in 0..3 {
        let digit = match *text.get(place)? {
            b @ b'0'..=b'9' => b - b'0',
            b @ b'a'..=b'z' => b - b'a' + 10,
            b @ b'A'..=b'Z' => b - b'A' + 10,
            b'\\' | 0x80.. => return None,
            _ if place == 0 => return None,
            _ => return Some((place..3).fold(at, |at, _| at << 6 | END)),
        };
        at = at << 6 | usize::from(digit);
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_heads_that_nothing_has_are_ruled_out() {
        let heads = Heads::new(4, [&b"7F3K"[..], b"tenbrick", b"o'hara", b"ip"].into_iter());
        for text in ["7f3", "TENNIS", "o'h", "O'", "ip ", "ip_7F", "IP-"] {
            assert!(!heads.rule_out(text.as_bytes()), "{text}");
        }
        // What follows is not known yet, or may mean a letter, or there is none at all.
        for text in ["te", "i", "", "é", "o\u{2019}h", "tö", "o\\u0027", "\\u0074en", "[NAME", " ip"] {
            assert!(!heads.rule_out(text.as_bytes()), "{text}");
        }
        for text in ["the", "7f4", "ipa", "000", "i ", "te,", "on a"] {
            assert!(heads.rule_out(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn however_many_there_are_each_is_found_and_most_others_are_ruled_out() {
        let head = |n: usize| [n / 1296 % 36, n / 36 % 36, n % 36].map(|d| b"0123456789abcdefghijklmnopqrstuvwxyz"[d]);
        for count in [1, 20, 300, 5_000, 36 * 36 * 36] {
            let keys: Vec<[u8; 3]> = (0..count).map(head).collect();
            let heads = Heads::new(count, keys.iter().map(|key| &key[..]));
            assert!(keys.iter().all(|key| !heads.rule_out(key) && !heads.rule_out(&key.to_ascii_uppercase())));
            let others = 36 * 36 * 36 - count;
            let passed = (count..36 * 36 * 36).filter(|n| !heads.rule_out(&head(*n))).count();
            assert!(passed * 20 <= others, "{passed} of {others} beside {count}");
        }
    }
}
