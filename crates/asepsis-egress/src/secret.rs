//! Secrets that must not come back: canaries of a request, in plain or disguised, found before their last byte is given out.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use zeroize::Zeroizing;

/// A random word that stands in one place of a request. Where it comes back, what stood there was repeated.
pub struct Canary {
    /// The place, which says whom to blame: `system`, `messages[2].content`.
    pub place: String,
    word: Zeroizing<String>,
}

/// The letters of canaries: what no case, quoting or encoding of addresses changes.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

impl Canary {
    /// Made of 80 random bits.
    #[must_use]
    pub fn new(place: impl Into<String>, random: [u8; 10]) -> Self {
        let mut word = Zeroizing::new(String::with_capacity(16));
        let mut bits = 0u32;
        let mut have = 0;
        for byte in random {
            bits = (bits << 8) | u32::from(byte);
            have += 8;
            while have >= 5 {
                have -= 5;
                word.push(char::from(LETTERS[((bits >> have) & 31) as usize]));
            }
        }
        Self { place: place.into(), word }
    }

    /// As it is written into a request.
    #[must_use]
    pub fn word(&self) -> &str {
        &self.word
    }
}

impl fmt::Debug for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Canary({})", self.place)
    }
}

/// A secret that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which: its number in the order they were given.
    pub which: usize,
    /// How it was written: `plain`, `reversed`, `hex`, `base64`, `base32`, `rot13`, `codes`.
    pub how: &'static str,
}

/// What is looked for in the answers to one request.
pub struct Secrets {
    forms: Vec<(Zeroizing<String>, Found)>,
    automaton: AhoCorasick,
}

/// Looks for secrets in one text as it comes.
pub struct Watcher {
    secrets: Arc<Secrets>,
    /// What is not given out yet.
    held: String,
    /// Letters and digits alone, in lower case, of what may belong to a secret, with where in `held` each begins; negative: given out.
    squeezed: Vec<u8>,
    starts: Vec<isize>,
    found: Option<Found>,
}

/// Fewer letters of a secret than this are not held back.
const LEAST_HELD: usize = 4;

/// The most that is held back, in bytes; what comes between the letters of a secret may be longer.
const MOST_HELD: usize = 4096;

impl Secrets {
    /// These canaries.
    ///
    /// # Panics
    /// Never: the automaton of so few short words can be built.
    #[must_use]
    pub fn new(canaries: &[Canary]) -> Arc<Self> {
        static NONE: OnceLock<Arc<Secrets>> = OnceLock::new();
        // Most requests have none, and an automaton takes its time to be built, also of nothing.
        if canaries.is_empty() { Arc::clone(NONE.get_or_init(|| Self::of(canaries))) } else { Self::of(canaries) }
    }

    fn of(canaries: &[Canary]) -> Arc<Self> {
        let mut forms = Vec::new();
        for (which, canary) in canaries.iter().enumerate() {
            for (how, form) in disguises(&canary.word) {
                forms.push((form, Found { which, how }));
            }
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(forms.iter().map(|(form, _)| form.as_bytes()))
            .expect("a few short words");
        Arc::new(Self { forms, automaton })
    }

    fn longest(&self) -> usize {
        self.forms.iter().map(|(form, _)| form.len()).max().unwrap_or(0)
    }

    /// The first secret in a whole text.
    #[must_use]
    pub fn in_text(self: &Arc<Self>, text: &str) -> Option<Found> {
        let mut watcher = self.watcher();
        watcher.push(text, &mut String::new())
    }

    /// A watcher of one text.
    #[must_use]
    pub fn watcher(self: &Arc<Self>) -> Watcher {
        Watcher {
            secrets: Arc::clone(self),
            held: String::new(),
            squeezed: Vec::new(),
            starts: Vec::new(),
            found: None,
        }
    }
}

impl Watcher {
    /// Takes the next piece and appends to `out` what is no secret by now. Where one came back nothing more is given out, ever.
    pub fn push(&mut self, piece: &str, out: &mut String) -> Option<Found> {
        if self.found.is_some() || self.secrets.forms.is_empty() {
            if self.found.is_none() {
                out.push_str(piece);
            }
            return self.found;
        }
        let offset = self.held.len();
        self.held.push_str(piece);
        for (at, byte) in piece.bytes().enumerate() {
            if byte.is_ascii_alphanumeric() {
                self.squeezed.push(byte.to_ascii_lowercase());
                self.starts.push(isize::try_from(offset + at).unwrap_or(isize::MAX));
            }
        }
        if let Some(found) = self.secrets.automaton.find(&self.squeezed) {
            self.found = Some(self.secrets.forms[found.pattern().as_usize()].1);
            self.held.clear();
            self.squeezed.clear();
            self.starts.clear();
            return self.found;
        }
        let kept = self.beginning();
        let from = self.squeezed.len() - kept;
        let mut give =
            if kept >= LEAST_HELD { usize::try_from(self.starts[from]).unwrap_or(0) } else { self.held.len() };
        if self.held.len() - give > MOST_HELD {
            give = self.held.len();
        }
        out.push_str(&self.held[..give]);
        self.held.drain(..give);
        // Enough letters stay for a secret that goes on, given out or not.
        let most = self.secrets.longest().saturating_sub(1);
        let drop = self.squeezed.len().saturating_sub(most);
        self.squeezed.drain(..drop);
        self.starts.drain(..drop);
        let give = isize::try_from(give).unwrap_or(isize::MAX);
        self.starts.iter_mut().for_each(|start| *start -= give);
        None
    }

    /// Ends the text.
    pub fn finish(&mut self, out: &mut String) {
        if self.found.is_none() {
            out.push_str(&self.held);
        }
        self.held.clear();
    }

    /// How many letters at the end are the beginning of a secret.
    fn beginning(&self) -> usize {
        let longest = self.secrets.longest().min(self.squeezed.len() + 1);
        (LEAST_HELD..longest)
            .rev()
            .find(|length| {
                let end = &self.squeezed[self.squeezed.len() - length..];
                self.secrets.forms.iter().any(|(form, _)| form.as_bytes().starts_with(end))
            })
            .unwrap_or(0)
    }
}

/// The word as it may come back: letters and digits alone, in lower case.
fn disguises(word: &str) -> Vec<(&'static str, Zeroizing<String>)> {
    let squeezed = |text: &str| -> Zeroizing<String> {
        Zeroizing::new(
            text.bytes().filter(u8::is_ascii_alphanumeric).map(|b| char::from(b.to_ascii_lowercase())).collect(),
        )
    };
    let mut forms = vec![("plain", squeezed(word)), ("reversed", squeezed(&word.chars().rev().collect::<String>()))];
    forms.push(("hex", Zeroizing::new(word.bytes().map(|b| format!("{b:02x}")).collect())));
    // `&#97;`, `\x61`, `%61`: a mark between, which squeezing takes away; an `x` before each stays.
    forms.push(("hex", Zeroizing::new(word.bytes().map(|b| format!("x{b:02x}")).collect())));
    forms.push(("codes", Zeroizing::new(word.bytes().map(|b| b.to_string()).collect())));
    let rot13 = |b: u8| if b.is_ascii_lowercase() { (b - b'a' + 13) % 26 + b'a' } else { b };
    forms.push(("rot13", Zeroizing::new(word.bytes().map(|b| char::from(rot13(b))).collect())));
    forms.push(("base32", squeezed(&bits(word.as_bytes(), 5, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))));
    // Where a word stands in what is encoded decides how it looks; the letters at the edges depend on the neighbours.
    const TABLE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (before, cut) in [(0usize, 0usize), (1, 2), (2, 3)] {
        let padded = [vec![0; before], word.as_bytes().to_vec()].concat();
        let encoded = bits(&padded, 6, TABLE);
        let whole = padded.len() * 8 / 6;
        // A `+` or `/` within is squeezed away, as it is in the answer.
        forms.push(("base64", squeezed(&encoded[cut..whole])));
    }
    forms
}

/// The bytes in groups of `size` bits, each written as a letter of the table.
fn bits(bytes: &[u8], size: u32, table: &[u8]) -> String {
    let (mut value, mut have, mut out) = (0u32, 0, String::new());
    for byte in bytes {
        value = (value << 8) | u32::from(*byte);
        have += 8;
        while have >= size {
            have -= size;
            out.push(char::from(table[((value >> have) as usize) & (table.len() - 1)]));
        }
        value &= (1 << have) - 1;
    }
    if have > 0 {
        out.push(char::from(table[((value << (size - have)) as usize) & (table.len() - 1)]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary() -> Canary {
        Canary::new("system", [7, 91, 200, 13, 55, 240, 9, 77, 128, 33])
    }

    #[test]
    fn a_canary_has_sixteen_letters_and_shows_itself_to_nobody() {
        assert_eq!(canary().word().len(), 16);
        assert!(!format!("{:?}", canary()).contains(canary().word()));
        assert_eq!(bits(b"Man", 6, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"), "TWFu");
        assert_eq!(bits(b"Ma", 6, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"), "TWE");
    }
}
