//! What lists know of a word: features, never decisions.
//!
//! Half of the capitalised ordinary words of a surgical note are also somebody's name, so no list decides alone.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::ascii::{Letters, SHORT, Short};
use crate::sorts;

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)*) => {
        flags!(@ 0, $($(#[$doc])* $name = $label,)*);
        /// The flag that a row of `words.tsv` names.
        fn flag(label: &str) -> Option<u32> {
            match label { $($label => Some($name),)* _ => None }
        }
    };
    (@ $n:expr, $(#[$doc:meta])* $name:ident = $label:literal, $($rest:tt)*) => {
        $(#[$doc])* pub(crate) const $name: u32 = 1 << ($n);
        flags!(@ $n + 1, $($rest)*);
    };
    (@ $n:expr,) => {};
}

flags! {
    /// A frequent first name.
    FIRST = "first",
    /// Among the thousand most frequent first names.
    FIRST_TOP = "first_top",
    /// A frequent surname.
    LAST = "last",
    /// An ordinary or clinical word.
    COMMON = "common",
    /// A function word, which is never part of a name.
    STOP = "stop",
    MONTH = "month",
    WEEKDAY = "weekday",
    /// Dr, Mr, Mrs, Nurse.
    TITLE = "title",
    /// MD, RN, PhD.
    CREDENTIAL = "credential",
    STREET = "street",
    /// Apt, Suite, Unit.
    UNIT = "unit",
    /// Hospital, Clinic: the last word of an organisation's name.
    ORG_HEAD = "org_head",
    /// Regional, Community: a word before the last one that makes no name by itself.
    ORG_PART = "org_part",
    /// Bare two-letter codes of the states.
    STATE = "state",
    STATE_NAME = "state_name",
    COUNTRY = "country",
    /// mg, mmHg, weeks: a number before it is a measure.
    MEASURE = "measure",
    /// Words that may stand between a cue and its value.
    LINK = "link",
    /// Names of diseases, signs and instruments.
    EPONYM = "eponym",
    /// disease, syndrome, sign, catheter: the word before it is an eponym.
    EPONYM_TAIL = "eponym_tail",
    /// mother, husband, son.
    RELATION = "relation",
    /// de, van, al.
    PARTICLE = "particle",
    /// A town of a list.
    TOWN = "town",
    /// Falls, Bay, Springs: the last word of a town's name.
    TOWN_TAIL = "town_tail",
    /// reported, denies, arrived: what a person does.
    PERSON_VERB = "person_verb",
    /// in, from, near.
    PLACE_PREPOSITION = "place_preposition",
    /// hi, hello, dear.
    SALUTATION = "salutation",
    /// A drug's or substance's ending was seen.
    DRUG = "drug",
    /// Generic words of fields: name, number, code.
    FIELD_NOUN = "field_noun",
    /// A word that a rule looks for by its letters: numbers in words, parts of a year, ages, boxes, addresses spelled out.
    SIGNAL = "signal",
}

/// The table is fixed, so that nobody can fill it.
type Table<K> = HashMap<K, u32, BuildHasherDefault<Mixer>>;

pub(crate) struct Lexicon {
    /// The words that are short, which lie in the table: nothing else is read to find one.
    short: Table<Short>,
    /// The others.
    long: Table<&'static str>,
}

impl Lexicon {
    pub(crate) fn new() -> Self {
        let mut lexicon = Self {
            short: HashMap::with_capacity_and_hasher(48_000, BuildHasherDefault::default()),
            long: Table::default(),
        };
        let mut add = |word: &'static str, flag: u32| *lexicon.entry(word) |= flag;
        for (rank, word) in lines(include_str!("../data/first-names.txt")).enumerate() {
            add(word, if rank < 1000 { FIRST | FIRST_TOP } else { FIRST });
        }
        for word in lines(include_str!("../data/surnames.txt")) {
            add(word, LAST);
        }
        for word in lines(include_str!("../data/common-words.txt")) {
            add(word, COMMON);
        }
        for word in lines(include_str!("../data/towns.txt")).filter(|w| !w.contains(' ')) {
            add(word, TOWN);
        }
        for row in lines(include_str!("../data/words.tsv")) {
            let (label, list) = row.split_once('\t').expect("rows of words.tsv have two columns");
            let flag = flag(label).expect("labels of words.tsv are flags");
            for word in list.split(' ').filter(|w| !w.is_empty()) {
                add(word, flag);
            }
        }
        for word in sorts::signals() {
            add(word, SIGNAL);
        }
        lexicon
    }

    fn entry(&mut self, word: &'static str) -> &mut u32 {
        match Short::of(word) {
            Some(short) => self.short.entry(short).or_default(),
            None => self.long.entry(word).or_default(),
        }
    }

    /// What is known of a word, whatever its case and accents.
    pub(crate) fn flags(&self, word: &str) -> u32 {
        if let Some(short) = Short::of(word) {
            return self.short_flags(short, word.len());
        }
        let lower = folded(word);
        let listed = match Short::of(&lower) {
            Some(short) => self.short.get(&short),
            None => self.long.get(lower.as_str()),
        };
        let drug = if word.len() <= LONGEST_DRUG && word.is_ascii() { drug_ending(lower.as_bytes()) } else { 0 };
        listed.copied().unwrap_or(0) | drug
    }

    /// The same for short words of letters.
    #[inline]
    pub(crate) fn flags_of(&self, word: &Letters) -> u32 {
        self.short_flags(word.short, word.len)
    }

    #[inline]
    fn short_flags(&self, short: Short, len: usize) -> u32 {
        const { assert!(SHORT <= LONGEST_DRUG) };
        let drug = if len < 7 { 0 } else { drug_ending(&short.bytes()[..len]) };
        self.short.get(&short).copied().unwrap_or(0) | drug
    }
}

/// Lower case without accents.
pub(crate) fn folded(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    if let Some(folded) = folded_latin(word) {
        return folded;
    }
    decomposed(word)
}

/// The letters from À to ÿ in lower case without accents; nought for those that are not made of one of ASCII.
static LATIN: [u8; 64] = *b"aaaaaa\0ceeeeiiii\0nooooo\0\0uuuuy\0\0aaaaaa\0ceeeeiiii\0nooooo\0\0uuuuy\0y";

/// The same for words of those letters and ASCII, of which most others are.
fn folded_latin(word: &str) -> Option<String> {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        let folded = match c {
            '\0'..='\x7F' => c.to_ascii_lowercase(),
            'À'..='ÿ' => match LATIN[c as usize - 'À' as usize] {
                0 => return None,
                base => char::from(base),
            },
            _ => return None,
        };
        out.push(folded);
    }
    Some(out)
}

fn decomposed(word: &str) -> String {
    word.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// The longest word whose ending tells a drug.
const LONGEST_DRUG: usize = 24;

/// How the names of drugs end.
const ENDINGS: [&str; 30] = [
    "mab",
    "pril",
    "olol",
    "statin",
    "azole",
    "cillin",
    "mycin",
    "dipine",
    "sartan",
    "tidine",
    "prazole",
    "oxacin",
    "cycline",
    "profen",
    "triptan",
    "lukast",
    "gliptin",
    "gliflozin",
    "glutide",
    "parin",
    "xaban",
    "vir",
    "tinib",
    "amide",
    "azepam",
    "zepam",
    "setron",
    "terol",
    "sone",
    "caine",
];

/// For each letter that an ending has last: the letters that it has before that one, a bit for each.
const LAST_TWO: [u32; 26] = {
    let (mut two, mut e) = ([0; 26], 0);
    while e < ENDINGS.len() {
        let ending = ENDINGS[e].as_bytes();
        two[(ending[ending.len() - 1] - b'a') as usize] |= 1 << (ending[ending.len() - 2] - b'a');
        e += 1;
    }
    two
};

fn drug_ending(lower: &[u8]) -> u32 {
    let [.., before, last] = lower else { return 0 };
    let may_end = LAST_TWO
        .get(last.wrapping_sub(b'a') as usize)
        .is_some_and(|two| two >> (before.wrapping_sub(b'a') & 31) & 1 != 0);
    if may_end && lower.len() >= 7 && ENDINGS.iter().any(|e| lower.ends_with(e.as_bytes())) { DRUG } else { 0 }
}

/// The entries of a list: lines that are neither empty nor comments.
pub(crate) fn lines(data: &'static str) -> impl Iterator<Item = &'static str> {
    let mut rest = data;
    std::iter::from_fn(move || {
        // The lines are shorter than what looks for their ends faster costs to begin.
        let end = rest.bytes().position(|b| b == b'\n').unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        let more = !rest.is_empty();
        rest = after.get(1..).unwrap_or_default();
        more.then(|| line.strip_suffix('\r').unwrap_or(line))
    })
    .filter(|l| !l.is_empty() && !l.starts_with('#'))
}

/// A fast hash for words of our own lists (FNV-like by eight bytes).
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_ends_like_a_drug_is_one() {
        let lexicon = Lexicon::new();
        for ending in ENDINGS {
            for word in [format!("zzfake{ending}"), format!("Zzfakefakefake{}", ending.to_uppercase())] {
                assert!(lexicon.flags(&word) & DRUG != 0, "{word}");
            }
        }
        for word in ["zzfakeprix", "pril", "zzfakeprilzzfakeprilzzfakepril", "zzfaképril"] {
            assert!(lexicon.flags(word) & DRUG == 0, "{word}");
        }
    }

    #[test]
    fn accents_are_taken_off_as_decomposition_does() {
        for c in '\0'..'\u{180}' {
            if let Some(folded) = folded_latin(&c.to_string()) {
                assert_eq!(folded, decomposed(&c.to_string()), "{c:?}");
            }
        }
        assert_eq!(folded_latin("José").as_deref(), Some("jose"));
        assert_eq!((folded_latin("Jose\u{301}"), folded_latin("Łódź"), folded_latin("ß")), (None, None, None));
    }

    #[test]
    fn a_word_is_known_whatever_its_case_and_accents() {
        let lexicon = Lexicon::new();
        assert!(lexicon.flags("MARY") & FIRST != 0);
        assert!(lexicon.flags("José") & FIRST != 0);
        assert!(lexicon.flags("catheter") & COMMON != 0);
        assert_eq!(lexicon.flags("Vitifake") & (FIRST | LAST | COMMON), 0);
    }
}
