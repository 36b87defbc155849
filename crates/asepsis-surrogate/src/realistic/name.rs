use super::Random;
use crate::pool;

/// The most words of a name that is replaced word by word.
const MAX_WORDS: usize = 10;

/// Forms of address, degrees and generations: not identifying, and wrong if they changed.
const KEPT: [&str; 22] = [
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "sr", "jr", "ii", "iii", "iv", "md", "do", "rn", "np", "pa",
    "phd", "dds", "esq", "dnp",
];

/// A name of as many words in the same letter case and with the same punctuation; initials become other initials.
pub(super) fn realistic(original: &str, random: &mut Random) -> Option<String> {
    let words = words(original);
    if words.len() > MAX_WORDS || !words.iter().any(|w| is_replaced(w) && !is_initial(w)) {
        return None;
    }
    let family_first = original.contains(',');
    let last = words.iter().rposition(|w| is_replaced(w) && !is_initial(w));
    let first = words.iter().position(|w| is_replaced(w) && !is_initial(w));
    let family = if family_first { first } else { last };

    let mut out = String::with_capacity(original.len() + 16);
    let mut rest = original;
    for (i, word) in words.iter().enumerate() {
        let at = rest.find(word).expect("the words come from the name, in order");
        out.push_str(&rest[..at]);
        rest = &rest[at + word.len()..];
        if !is_replaced(word) {
            out.push_str(word);
        } else if is_initial(word) {
            push_initial(&mut out, word, random);
        } else {
            let pool = if Some(i) == family { pool::family() } else { pool::given() };
            push_in_case(&mut out, word, random.choose(pool));
        }
    }
    out.push_str(rest);
    Some(out)
}

/// The parts of a realistic name, each with the part of the original that it stands for: `("Tenbrick", "Gomez")`.
///
/// They are what a writer shortens a name to, to be given to
/// [`IssuedBuilder::add_alias`](crate::IssuedBuilder::add_alias). Initials and forms of address are none, and a name of
/// one word has none. Empty if the two are not a name and the surrogate that [`realistic`](crate::realistic()) made.
pub fn realistic_parts(original: &str, surrogate: &str) -> Vec<(String, String)> {
    let (from, to) = (words(original), words(surrogate));
    if from.len() != to.len() || from.iter().zip(&to).any(|(o, s)| !is_replaced(o) && o != s) {
        return Vec::new();
    }
    let part = |w: &str| is_replaced(w) && !is_initial(w);
    let mut parts: Vec<(String, String)> = Vec::new();
    for (o, s) in from.iter().zip(&to).filter(|(o, s)| part(o) && is_from_pool(s)) {
        parts.push(((*s).to_owned(), (*o).to_owned()));
    }
    if from.len() == 1 { Vec::new() } else { parts }
}

/// What belongs together as a word of a name; an apostrophe is part of it, a hyphen is not.
fn words(name: &str) -> Vec<&str> {
    let apart = |c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’'));
    name.split(apart).filter(|w| w.chars().any(char::is_alphanumeric)).collect()
}

fn is_replaced(word: &str) -> bool {
    !KEPT.iter().any(|k| k.eq_ignore_ascii_case(word))
}

fn is_initial(word: &str) -> bool {
    word.chars().count() == 1
}

fn is_from_pool(word: &str) -> bool {
    pool::given().iter().chain(pool::family()).any(|n| n.eq_ignore_ascii_case(word))
}

fn push_initial(out: &mut String, word: &str, random: &mut Random) {
    let original = word.bytes().next().map(|b| b.to_ascii_uppercase());
    let mut letter = b'A' + random.below(26) as u8;
    if Some(letter) == original {
        letter = if letter == b'Z' { b'A' } else { letter + 1 };
    }
    let lower = word.chars().all(char::is_lowercase);
    out.push(if lower { letter.to_ascii_lowercase() } else { letter } as char);
}

fn push_in_case(out: &mut String, like: &str, name: &str) {
    let letters = || like.chars().filter(|c| c.is_alphabetic());
    if letters().all(char::is_uppercase) {
        out.push_str(&name.to_ascii_uppercase());
    } else if letters().all(char::is_lowercase) {
        out.push_str(&name.to_ascii_lowercase());
    } else {
        out.push_str(name);
    }
}
