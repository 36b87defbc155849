//! What the caller knows of people and places, and where it stands in a text.
//!
//! A list is worked out once, into tables of words and hashes; what a text costs does not grow with the list. In a list of
//! few people, as comes with a request, each part of a name counts by itself. In a register of many, where every
//! ordinary name is somebody's, two parts must meet.

mod fhir;
mod find;
mod find_name;
mod find_number;
mod hl7;
mod meet;
mod nickname;
mod parse;
mod person;
mod table;
mod words;

use std::fmt;
use std::sync::Arc;

use asepsis_vocab::{Detail, IdentifierClass};
use zeroize::Zeroizing;

pub use fhir::FhirError;
pub use hl7::Hl7Error;
pub use person::KnownPerson;

use parse::{Day, fold};
use person::{Address, Name};
use table::{Hash, Table};
use words::{FAMILY, GIVEN, PHRASE, SHORT, Words};

/// The most people that a list has whose parts of names are looked for by themselves.
const FEW: usize = 200;
/// Fewest letters and digits of a number or code.
const SHORTEST_CODE: usize = 4;
/// Fewest letters and digits of one that is believed wherever it stands.
const LONG_CODE: usize = 6;
/// Digits at the end of a number that are used in place of it.
const LAST: usize = 4;
/// The most words of a phrase.
const LONGEST_PHRASE: usize = 12;

/// Kinds of hashes.
const PAIR: u8 = 16;
const CODE: u8 = 17;
const ENDING: u8 = 18;
const SEQUENCE: u8 = 19;
const INITIALS: u8 = 20;

/// What the caller knows of the people a document is about, of clinicians and of facilities: names and numbers of a
/// patient list, an admission message, a roster. They are found wherever they stand, in every form that they are written in.
///
/// Make a long list once and share it by [`Arc`]; [`and`](Self::and) joins it with what is known of one document. It
/// keeps hashes of numbers and no text but the words of names; it is wiped from memory when dropped and never printed.
#[derive(Default)]
pub struct KnownPhi {
    words: Words,
    /// Given and family names of one person.
    pairs: Table,
    /// Numbers and codes of any spelling, with their class.
    codes: Table,
    /// Such as are too short to be sure of, with their class.
    short_codes: Table,
    /// Last digits of numbers.
    endings: Table,
    phrases: Table,
    initials: Table,
    /// Dates of birth, as year * 10000 + month * 100 + day.
    births: Table,
    people: usize,
    entries: usize,
    others: Vec<Arc<Self>>,
}

impl KnownPhi {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the name of a person, in any order of its parts; its parts alone are found too.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.identifier(IdentifierClass::Name, name)
    }

    /// Adds an identifier of a class.
    #[must_use]
    pub fn identifier(mut self, class: IdentifierClass, value: &str) -> Self {
        use IdentifierClass as Class;
        let value = Zeroizing::new(asepsis_normal::Normal::of(value).text().to_owned());
        if !value.chars().any(char::is_alphanumeric) {
            return self;
        }
        self.entries += 1;
        match class {
            Class::Name => {
                if let Some(name) = parse::name(&value) {
                    self.add_name(&name);
                }
                self.people += 1;
            }
            Class::Date => self.add_birth(&value),
            Class::Phone | Class::Fax => self.add_phone(class, &value),
            Class::Location => {
                if let Some(address) = parse::address(&value) {
                    self.add_address(&address);
                }
                self.add_phrase(class, Detail::Unspecified, &value);
            }
            Class::Org | Class::Profession | Class::Age => self.add_phrase(class, Detail::Unspecified, &value),
            Class::Email => self.add_email(&value),
            _ => self.add_code(class, &value),
        }
        self
    }

    /// Adds a person.
    #[must_use]
    pub fn person(mut self, person: &KnownPerson) -> Self {
        self.add(person);
        self
    }

    /// Adds a person to a list that is being made.
    pub fn add(&mut self, person: &KnownPerson) {
        self.people += 1;
        self.entries += 1;
        for name in &person.names {
            self.add_name(name);
        }
        for birth in &person.births {
            self.add_birth(birth);
        }
        for phone in &person.phones {
            self.add_phone(IdentifierClass::Phone, phone);
        }
        for email in &person.emails {
            self.add_email(email);
        }
        for address in &person.addresses {
            self.add_address(address);
        }
        for (class, value) in &person.ids {
            self.add_code(*class, value);
        }
    }

    /// Looks for what another list knows as well, for example a register that all requests share.
    #[must_use]
    pub fn and(mut self, other: Arc<Self>) -> Self {
        self.others.push(other);
        self
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.entries == 0 && self.others.iter().all(|o| o.is_empty())
    }

    /// How many people are known.
    pub fn people(&self) -> usize {
        self.people + self.others.iter().map(|o| o.people()).sum::<usize>()
    }

    /// Bytes of memory that it holds, without other lists that it shares.
    pub fn size(&self) -> usize {
        let tables =
            [&self.pairs, &self.codes, &self.short_codes, &self.endings, &self.phrases, &self.initials, &self.births];
        self.words.size() + tables.into_iter().map(Table::size).sum::<usize>()
    }

    fn is_few(&self) -> bool {
        self.people <= FEW
    }

    fn add_name(&mut self, name: &Name) {
        let family = variants(&name.family, true);
        let mut given: Vec<(String, u8)> = Vec::new();
        for (place, part) in name.given.iter().enumerate() {
            for word in variants(part, false) {
                if place == 0 {
                    given.extend(nickname::of(&word).map(|short| (short.to_owned(), SHORT)));
                    given.extend(word.chars().next().map(|c| (c.to_string(), SHORT)));
                }
                given.push((word, GIVEN));
            }
        }
        let ids = |words: &mut Words, list: &[(String, u8)]| -> Vec<u32> {
            list.iter().filter_map(|(word, roles)| words.add(word, *roles, 0)).collect()
        };
        let given_ids = ids(&mut self.words, &given);
        for word in &family {
            let Some(id) = self.words.add(word, FAMILY, 0) else { continue };
            for given in &given_ids {
                self.pairs.insert(pair(*given, id), 0);
            }
        }
        let first = |w: &String| w.chars().next();
        let letters: Vec<char> =
            name.given.iter().chain([&name.family]).map(|w| fold(w)).filter_map(|w| first(&w)).collect();
        if letters.len() > 1 {
            let (all, ends) = (letters.iter().collect::<String>(), [letters[0], letters[letters.len() - 1]]);
            self.initials.insert(Hash::of(INITIALS).text(&all).end(), 0);
            self.initials.insert(Hash::of(INITIALS).text(&ends.iter().collect::<String>()).end(), 0);
        }
        for (word, _) in given {
            crate::known::wipe(word);
        }
    }

    fn add_birth(&mut self, text: &str) {
        if let Some(day) = parse::date(text) {
            self.births.insert(birth(day), 0);
        }
    }

    fn add_phone(&mut self, class: IdentifierClass, text: &str) {
        let digits = Zeroizing::new(text.chars().filter(char::is_ascii_digit).collect::<String>());
        let national = if digits.len() == 11 { digits.strip_prefix('1').unwrap_or(&digits) } else { &digits };
        self.insert_code(class, national);
        if national.len() == 10 {
            self.insert_code(class, &format!("1{national}"));
            self.short_codes.insert(code(&national[3..]), number_of(class));
        }
        self.add_ending(class, national);
    }

    fn add_email(&mut self, text: &str) {
        let local = text.split('@').next().unwrap_or_default();
        if local.chars().filter(|c| c.is_alphanumeric()).count() > SHORTEST_CODE
            && local.bytes().any(|b| b.is_ascii_digit())
        {
            self.add_code(IdentifierClass::Email, local);
        } else {
            self.add_phrase(IdentifierClass::Email, Detail::Unspecified, local);
        }
    }

    fn add_code(&mut self, class: IdentifierClass, text: &str) {
        if text.bytes().any(|b| b.is_ascii_digit()) {
            let compact = Zeroizing::new(compact(text));
            self.insert_code(class, &compact);
            self.add_ending(class, &compact);
        } else {
            self.add_phrase(class, Detail::Unspecified, text);
        }
    }

    fn insert_code(&mut self, class: IdentifierClass, compact: &str) {
        let table = if compact.len() < LONG_CODE { &mut self.short_codes } else { &mut self.codes };
        if compact.len() >= SHORTEST_CODE {
            table.insert(code(compact), number_of(class));
        }
    }

    fn add_ending(&mut self, class: IdentifierClass, compact: &str) {
        if compact.len() >= 2 * LAST && compact.is_ascii() {
            let last = &compact[compact.len() - LAST..];
            if last.bytes().all(|b| b.is_ascii_digit()) {
                self.endings.insert(Hash::of(ENDING).text(last).end(), number_of(class));
            }
        }
    }

    fn add_address(&mut self, address: &Address) {
        for line in &address.lines {
            self.add_phrase(IdentifierClass::Location, Detail::Street, line);
            // The number and the first word of the street, however the rest is shortened.
            let mut words = line.split_whitespace();
            if let (Some(number), Some(street)) = (words.next(), words.next())
                && number.bytes().all(|b| b.is_ascii_digit())
                && street.chars().count() > 2
            {
                self.add_phrase(IdentifierClass::Location, Detail::Street, &format!("{number} {street}"));
            }
        }
        self.add_phrase(IdentifierClass::Location, Detail::Town, &address.town);
        if address.postal_code.len() >= SHORTEST_CODE {
            let number = number_of(IdentifierClass::Location) | POSTAL;
            self.short_codes.insert(code(&compact(&address.postal_code)), number);
        }
    }

    fn add_phrase(&mut self, class: IdentifierClass, detail: Detail, text: &str) {
        let words: Vec<String> = phrase_words(text).take(LONGEST_PHRASE).collect();
        let letters: usize = words.iter().map(String::len).sum();
        let Some(first) = words.first().filter(|_| letters >= 3) else { return };
        let length = u8::try_from(words.len()).unwrap_or(u8::MAX);
        self.words.add(first, PHRASE, length);
        let mut hash = Hash::of(SEQUENCE);
        for word in &words {
            hash = sequence(hash, word);
        }
        let detail = match detail {
            Detail::Street => STREET,
            Detail::Town => TOWN,
            _ => 0,
        };
        self.phrases.insert(hash.end(), number_of(class) | detail);
        words.into_iter().for_each(wipe);
    }
}

impl fmt::Debug for KnownPhi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries + self.others.iter().map(|o| o.entries).sum::<usize>();
        write!(f, "KnownPhi({entries} entries)")
    }
}

fn wipe(word: String) {
    drop(Zeroizing::new(word));
}

/// The words of a phrase as the tokens of a text are: letters or digits.
fn phrase_words(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(char::is_alphanumeric)?;
        rest = &rest[start..];
        let digits = rest.starts_with(|c: char| c.is_ascii_digit());
        let part = |c: char| if digits { c.is_ascii_digit() } else { c.is_alphabetic() || c == '\'' || c == '’' };
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len()).max(rest.chars().next().map_or(1, char::len_utf8));
        let word = fold(&rest[..end]);
        rest = &rest[end..];
        Some(word)
    })
}

fn sequence(hash: Hash, word: &str) -> Hash {
    let mut hash = hash.text(word);
    hash.push(b' ');
    hash
}

/// The forms of a name's part: its words by themselves where a hyphen or a space joins them, and all together.
fn variants(part: &str, family: bool) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let all: Vec<&str> = part
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '.' | '‐' | '–'))
        .filter(|w| !w.is_empty())
        .collect();
    for word in &all {
        let folded = fold(word);
        if all.len() > 1 && (family && parse::PARTICLES.contains(&folded.as_str()) || folded.chars().count() < 2) {
            continue;
        }
        out.push(folded);
        out.extend(parse::spelled_out(word));
    }
    if all.len() > 1 {
        out.push(all.iter().map(|w| fold(w)).collect());
    }
    out.retain(|w| !w.is_empty());
    out
}

fn pair(given: u32, family: u32) -> u64 {
    let mut hash = Hash::of(PAIR);
    given.to_le_bytes().into_iter().chain(family.to_le_bytes()).for_each(|b| hash.push(b));
    hash.end()
}

fn birth((y, m, d): Day) -> u64 {
    u64::from(y * 10_000 + m * 100 + d).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn compact(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn code(compact: &str) -> u64 {
    Hash::of(CODE).text(compact).end()
}

/// What a value stands for, in a number: the class by its place, and bits for the part of an address.
const STREET: u32 = 1 << 8;
const TOWN: u32 = 1 << 9;
const POSTAL: u32 = 1 << 10;

fn number_of(class: IdentifierClass) -> u32 {
    let at = IdentifierClass::ALL.iter().position(|c| *c == class).unwrap_or(0);
    u32::try_from(at).unwrap_or(0)
}

fn class_of(number: u32) -> (IdentifierClass, Detail) {
    let class = IdentifierClass::ALL.get((number & 0xFF) as usize).copied().unwrap_or(IdentifierClass::Id);
    let detail = match number & !0xFF {
        STREET => Detail::Street,
        TOWN => Detail::Town,
        POSTAL => Detail::PostalCode,
        _ => Detail::Unspecified,
    };
    (class, detail)
}
