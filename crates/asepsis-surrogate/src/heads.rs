/// Which three letters or digits something that was issued begins with: one look tells most words from a surrogate.
///
/// A set of bits over three characters of six bits each, 32 KiB.
pub(crate) struct Heads {
    bits: Box<[u64]>,
}

impl Heads {
    /// The heads of these keys. A key that has something else among its first three bytes needs none, because a text
    /// with something else there is always looked at.
    pub(crate) fn new<'k>(keys: impl Iterator<Item = &'k [u8]>) -> Self {
        let mut bits = vec![0_u64; 1 << 12].into_boxed_slice();
        for at in keys.filter_map(index) {
            bits[at / 64] |= 1 << (at % 64);
        }
        Self { bits }
    }

    /// Whether `text` surely begins with nothing that was issued.
    pub(crate) fn rule_out(&self, text: &[u8]) -> bool {
        index(text).is_some_and(|at| self.bits[at / 64] & (1 << (at % 64)) == 0)
    }
}

fn index(text: &[u8]) -> Option<usize> {
    text.get(..3)?.iter().try_fold(0, |at, b| {
        let digit = match b {
            b'0'..=b'9' => b - b'0',
            b'a'..=b'z' => b - b'a' + 10,
            b'A'..=b'Z' => b - b'A' + 10,
            _ => return None,
        };
        Some(at << 6 | usize::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_heads_that_nothing_has_are_ruled_out() {
        let heads = Heads::new([&b"7F3K"[..], b"tenbrick", b"o'hara", b"ip"].into_iter());
        for text in ["7f3", "TENNIS", "o'h", "ip", "ip ", "te", "é"] {
            assert!(!heads.rule_out(text.as_bytes()), "{text}");
        }
        for text in ["the", "7f4", "ipa", "000"] {
            assert!(heads.rule_out(text.as_bytes()), "{text}");
        }
    }
}
