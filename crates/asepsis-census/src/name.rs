//! A name, in the order given names first.

use crate::role::{plain, says};

/// A name as its words, in one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// Given names or initials, then the family name; a single word may be either.
    pub(crate) words: Vec<String>,
    /// Jr, Sr, II, ...
    pub(crate) generation: Option<String>,
    /// A title or credential says that its bearer is at work.
    pub(crate) at_work: bool,
}

impl Name {
    /// Reads a name; none where no word is left of it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut name = Self { words: Vec::new(), generation: None, at_work: false };
        let (left, right) = text.split_once(',').unwrap_or((text, ""));
        // In capitals alone nothing tells the surname Do from the credential DO.
        let shouted = right.is_empty() && !text.chars().any(char::is_lowercase);
        let mut family = Vec::new();
        for word in words(left) {
            name.take(word, Place { behind_comma: false, shouted }, &mut family);
        }
        for word in words(right) {
            let mut given = std::mem::take(&mut name.words);
            name.take(word, Place { behind_comma: true, shouted: false }, &mut given);
            name.words = given;
        }
        // "COLLINS, MARTHA J." Where only a credential stands behind the comma, nothing is left of it.
        name.words.extend(family);
        (!name.words.is_empty()).then_some(name)
    }

    fn take(&mut self, word: &str, place: Place, into: &mut Vec<String>) {
        let bare = word.trim_matches('.').trim_end_matches("'s").trim_end_matches("\u{2019}s");
        let plain = plain(bare);
        let says = says(&plain);
        let opens = into.is_empty() && !place.behind_comma;
        let capitals = bare.chars().filter(|c| c.is_uppercase()).count() >= 2;
        if plain.is_empty() || plain.bytes().all(|b| b.is_ascii_digit()) || (opens && says.honorific) {
            // It says nothing of who it is.
        } else if opens && says.title {
            self.at_work = true;
        } else if says.generation && !opens {
            self.generation = Some(plain);
        } else if says.credential && capitals && !opens && !(place.shouted && into.len() < 2) {
            self.at_work = true;
        } else if bare.contains('.') {
            for initial in bare.split('.').filter(|w| !w.is_empty()) {
                self.take(initial, place, into);
            }
        } else {
            into.push(plain);
        }
    }

    /// How much of a name it is: 2 a given and a family name, 1 an initial and a family name, 0 a single word.
    pub(crate) fn fullness(&self) -> u8 {
        match self.words.as_slice() {
            [] | [_] => 0,
            [given, ..] if given.chars().count() == 1 => 1,
            _ => 2,
        }
    }

    /// A given name, or an initial, and the family name.
    fn ends(&self) -> (&str, &str) {
        let first = self.words.first().map_or("", String::as_str);
        (first, self.words.last().map_or("", String::as_str))
    }

    pub(crate) fn family(&self) -> &str {
        self.ends().1
    }

    /// The words that tell people apart: no initials.
    pub(crate) fn telling(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str).filter(|w| w.chars().count() > 1)
    }

    /// Given and family name, the same for "Martha J. Collins" and "Collins Martha"; none where it is no full name.
    pub(crate) fn full(&self) -> Option<String> {
        if self.fullness() < 2 {
            return None;
        }
        let (given, family) = self.ends();
        Some(if given <= family { format!("{given} {family}") } else { format!("{family} {given}") })
    }

    /// Whether both can be names of one person.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        if self.generation.is_some() && other.generation.is_some() && self.generation != other.generation {
            return false;
        }
        let (short, long) = if self.words.len() <= other.words.len() { (self, other) } else { (other, self) };
        if let [word] = short.words.as_slice() {
            return long.words.contains(word) || is_initials(word, &long.words);
        }
        let ((given, family), (other_given, other_family)) = (short.ends(), long.ends());
        let straight = family == other_family && same_given(given, other_given);
        // "Collins Martha", without a comma.
        let turned = given == other_family && family == other_given;
        (straight || turned) && middles_agree(&short.words, &long.words)
    }
}

/// Where a word of a name stands.
#[derive(Clone, Copy)]
struct Place {
    behind_comma: bool,
    /// The whole name is in capitals and without a comma.
    shouted: bool,
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '(' | ')' | ';' | '_' | '|'))
        .filter(|w| !w.is_empty())
}

fn same_given(a: &str, b: &str) -> bool {
    let initial = |a: &str, b: &str| a.chars().count() == 1 && b.starts_with(a);
    a == b || initial(a, b) || initial(b, a)
}

/// Middle names that both have must agree; a full middle name that one has, the other may lack.
fn middles_agree(short: &[String], long: &[String]) -> bool {
    let middle = |words: &[String]| words[1..words.len() - 1].to_vec();
    let (a, b) = (middle(short), middle(long));
    a.is_empty() || b.is_empty() || a.iter().zip(&b).all(|(a, b)| same_given(a, b))
}

fn is_initials(word: &str, words: &[String]) -> bool {
    (2..=3).contains(&word.len())
        && words.len() == word.chars().count()
        && word.chars().zip(words).all(|(c, w)| w.starts_with(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::read(text).unwrap_or_else(|| panic!("no name in {text:?}"))
    }

    #[test]
    fn one_person_written_in_many_ways_agrees() {
        let full = name("Martha Jane Collins");
        for other in [
            "COLLINS, MARTHA J.",
            "Mrs. Collins",
            "M. Collins",
            "Martha",
            "martha collins's",
            "Collins Martha",
            "M. J. Collins",
            "Collins, M",
            "MARTHA COLLINS",
            "Ms Martha Collins",
            "Mártha Collins",
        ] {
            assert!(full.agrees(&name(other)) && name(other).agrees(&full), "{other}");
        }
        assert_eq!(full.full(), name("Collins, Martha").full());
    }

    #[test]
    fn names_of_others_do_not_agree() {
        let full = name("Martha Jane Collins");
        for other in ["Marta Collins", "John Collins", "J. Collins", "Martha Cole", "Martha B. Collins", "Mr. Cole"] {
            assert!(!full.agrees(&name(other)), "{other}");
        }
        assert!(!name("John Collins Sr.").agrees(&name("John Collins, Jr.")));
    }

    #[test]
    fn titles_and_credentials_tell_who_is_at_work() {
        for text in ["Dr. Amy Reed", "Amy Reed, MD", "Amy Reed, M.D., PhD", "Amy Reed RN", "Nurse Reed"] {
            assert!(name(text).at_work, "{text}");
        }
        for text in ["Amy Reed", "Mrs. Reed", "Van Do", "VAN DO", "Reed, Amy", "Do, Van", "PA Reed"] {
            assert!(!name(text).at_work, "{text}");
        }
        assert_eq!(name("Amy Reed, MD").words, ["amy", "reed"]);
    }
}
