use asepsis_vocab::{EvidenceKind, IdentifierClass};
use regex::{Regex, RegexBuilder};

use crate::doc::{Doc, Rule};

static SITE: Rule = Rule { name: "site", kind: EvidenceKind::Pattern, note: "a format that the site configured" };

/// The format of a site's own numbers, for example of its medical records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitePattern {
    /// What such a number is.
    pub class: IdentifierClass,
    /// A regular expression in the syntax of the `regex` crate, matched in linear time.
    pub pattern: String,
}

/// Examples that no format can be learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LearnError {
    /// There are none.
    #[error("no examples were given; give some numbers of the site, one is enough where all are alike")]
    NoExamples,
    /// The example with this number, counted from 0, is empty, longer than 64 characters or has white space within.
    #[error("example {0} is empty, longer than 64 characters or has white space in it")]
    BadExample(usize),
    /// What the examples have in common is as common as the numbers of any note.
    #[error(
        "the examples have fewer than five letters and digits in common form; what is found so would be doses and values"
    )]
    TooCommon,
}

impl SitePattern {
    /// Learns the format from examples: what all have in common stands as it is, letters and digits become any such in the
    /// numbers of places that were seen, in either case. Examples of other build each add an alternative.
    ///
    /// ```
    /// use asepsis_phi::SitePattern;
    /// use asepsis_vocab::IdentifierClass;
    ///
    /// let pattern = SitePattern::learn(IdentifierClass::Mrn, &["QX-123456", "QX-88213A"]).unwrap();
    /// assert_eq!(pattern.pattern, r"(?i)(?-u:\b)(?:QX\-[0-9]{5}A|QX\-[0-9]{6})(?-u:\b)");
    /// ```
    ///
    /// # Errors
    /// Where there are no examples, one is no number, or what they have in common is too common.
    pub fn learn(class: IdentifierClass, examples: &[&str]) -> Result<Self, LearnError> {
        let mut builds: Vec<Build> = Vec::new();
        for (index, example) in examples.iter().enumerate() {
            let parts = parts(example.trim()).ok_or(LearnError::BadExample(index))?;
            match builds.iter_mut().find(|b| b.is_alike(&parts)) {
                Some(build) => build.widen(&parts),
                None => builds.push(Build(parts.into_iter().map(Place::of).collect())),
            }
        }
        // The first that fits is taken, up to the end of a word: one that goes on behind the end of another has more marks.
        builds.sort_by_key(|build| (std::cmp::Reverse(build.marks()), build.pattern()));
        let mut alternatives: Vec<String> = builds.iter().map(Build::pattern).collect();
        let places = builds.iter().map(Build::places).min().ok_or(LearnError::NoExamples)?;
        if places < FEWEST_PLACES {
            return Err(LearnError::TooCommon);
        }
        alternatives.dedup();
        let joined = alternatives.join("|");
        Ok(Self { class, pattern: format!(r"(?i)(?-u:\b)(?:{joined})(?-u:\b)") })
    }
}

/// Fewest letters and digits of a format that is believed without a cue.
const FEWEST_PLACES: usize = 5;
/// The longest example.
const LONGEST: usize = 64;

/// The marks that one site writes in place of another. Any other mark is part of the format as it stands.
const SEPARATORS: &[u8] = b"-./_#";

/// What the characters of a part of an example are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chars {
    Digits,
    Upper,
    Lower,
    Mark,
}

/// Characters of one kind in a row.
type Part<'e> = (Chars, &'e str);

/// The parts of an example; `None` where it is no number or code.
fn parts(example: &str) -> Option<Vec<Part<'_>>> {
    let bytes = example.as_bytes();
    let sound = !example.is_empty() && example.len() <= LONGEST && bytes.iter().all(u8::is_ascii_graphic);
    if !sound || !bytes[0].is_ascii_alphanumeric() || !bytes[bytes.len() - 1].is_ascii_alphanumeric() {
        return None;
    }
    let kind = |b: u8| match b {
        b'0'..=b'9' => Chars::Digits,
        b'A'..=b'Z' => Chars::Upper,
        b'a'..=b'z' => Chars::Lower,
        _ => Chars::Mark,
    };
    let (mut out, mut from) = (Vec::new(), 0);
    for i in 1..=bytes.len() {
        if i == bytes.len() || kind(bytes[i]) != kind(bytes[from]) {
            out.push((kind(bytes[from]), &example[from..i]));
            from = i;
        }
    }
    Some(out)
}

/// Examples with the same kinds of parts in the same order.
struct Build(Vec<Place>);

struct Place {
    chars: Chars,
    /// What stands there in all of them, while it is the same.
    text: Option<String>,
    shortest: usize,
    longest: usize,
}

impl Place {
    fn of((chars, text): Part<'_>) -> Self {
        // Digits are taken for a count even where there is only one example.
        let kept = (chars != Chars::Digits).then(|| text.to_owned());
        Self { chars, text: kept, shortest: text.len(), longest: text.len() }
    }

    fn pattern(&self) -> String {
        if let Some(text) = &self.text {
            return regex::escape(text);
        }
        let class = match self.chars {
            Chars::Digits => "[0-9]",
            Chars::Upper => "[A-Z]",
            Chars::Lower => "[a-z]",
            // Of SEPARATORS.
            Chars::Mark => "[-./_#]",
        };
        match (self.shortest, self.longest) {
            (1, 1) => class.to_owned(),
            (a, b) if a == b => format!("{class}{{{a}}}"),
            (a, b) => format!("{class}{{{a},{b}}}"),
        }
    }
}

impl Build {
    fn is_alike(&self, parts: &[Part<'_>]) -> bool {
        let separators = |text: &str| text.bytes().all(|b| SEPARATORS.contains(&b));
        let fits = |place: &Place, (chars, text): &Part<'_>| {
            place.chars == *chars
                && (*chars != Chars::Mark
                    || place.text.as_deref() == Some(*text)
                    || separators(text) && place.text.as_deref().is_none_or(separators))
        };
        self.0.len() == parts.len() && self.0.iter().zip(parts).all(|(place, part)| fits(place, part))
    }

    fn widen(&mut self, parts: &[Part<'_>]) {
        for (place, (_, text)) in self.0.iter_mut().zip(parts) {
            place.shortest = place.shortest.min(text.len());
            place.longest = place.longest.max(text.len());
            if place.text.as_deref().is_some_and(|t| t != *text) {
                place.text = None;
            }
        }
    }

    fn pattern(&self) -> String {
        self.0.iter().map(Place::pattern).collect()
    }

    fn marks(&self) -> usize {
        self.0.iter().filter(|p| p.chars == Chars::Mark).count()
    }

    /// Letters and digits of the shortest such number.
    fn places(&self) -> usize {
        self.0.iter().filter(|p| p.chars != Chars::Mark).map(|p| p.shortest).sum()
    }
}

/// A site pattern that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "site pattern {index} is not usable; write it in the syntax of the regex crate, without look-around, and shorter"
)]
pub struct SitePatternError {
    /// Which pattern, counted from 0.
    pub index: usize,
    source: regex::Error,
}

#[derive(Default)]
pub(crate) struct Site(Vec<(IdentifierClass, Regex)>);

impl Site {
    pub(crate) fn new(patterns: &[SitePattern]) -> Result<Self, SitePatternError> {
        let compile = |(index, p): (usize, &SitePattern)| {
            let regex = RegexBuilder::new(&p.pattern).size_limit(1 << 20).build();
            regex.map(|r| (p.class, r)).map_err(|source| SitePatternError { index, source })
        };
        patterns.iter().enumerate().map(compile).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a whole value is of a format.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn is_found(&self, value: &str) -> bool {
        self.0.iter().any(|(_, regex)| regex.find(value).is_some_and(|m| m.len() == value.len()))
    }

    pub(crate) fn find(&self, doc: &mut Doc<'_>) {
        for (class, regex) in &self.0 {
            let text = doc.text;
            for m in regex.find_iter(text).filter(|m| !m.is_empty()) {
                doc.add_bytes(m.start(), m.end(), *class, 0.95, &SITE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(examples: &[&str]) -> Result<String, LearnError> {
        SitePattern::learn(IdentifierClass::Mrn, examples)
            .map(|p| p.pattern.replace("(?i)", "").replace(r"(?-u:\b)", ""))
    }

    #[test]
    fn what_examples_have_in_common_stands_and_the_rest_is_counted() {
        assert_eq!(learn(&["AB-1234567"]).unwrap(), "(?:AB\\-[0-9]{7})");
        assert_eq!(learn(&["AB.123456", "AB/123456"]).unwrap(), "(?:AB[-./_#][0-9]{6})");
        assert_eq!(learn(&["AB'123456", "AB-123456"]).unwrap(), "(?:AB'[0-9]{6}|AB\\-[0-9]{6})");
        assert_eq!(learn(&["AB-123456", "AB-123456-X"]).unwrap(), "(?:AB\\-[0-9]{6}\\-X|AB\\-[0-9]{6})");
        // One that goes on behind the end of another, also where the other has more parts.
        let both = ["AbCdEfG", "ABCDEFG#HIJ"];
        let pattern = SitePattern::learn(IdentifierClass::Mrn, &both).unwrap();
        assert!(both.iter().all(|example| Site::new(std::slice::from_ref(&pattern)).unwrap().is_found(example)));
        assert_eq!(learn(&["AB-1234567", "CD-123456"]).unwrap(), "(?:[A-Z]{2}\\-[0-9]{6,7})");
        assert_eq!(learn(&["M00012x", "M441"]).unwrap_err(), LearnError::TooCommon);
        assert_eq!(learn(&["a.b/0001", "ac.b/0002"]).unwrap(), r"(?:[a-z]{1,2}\.b/[0-9]{4})");
    }

    proptest::proptest! {
        #[test]
        fn what_is_learned_compiles_and_finds_its_examples(examples in proptest::collection::vec("[A-Za-z0-9./_#+*()-]{1,14}", 1..4)) {
            let examples: Vec<&str> = examples.iter().map(String::as_str).collect();
            if let Ok(pattern) = SitePattern::learn(IdentifierClass::Mrn, &examples) {
                proptest::prop_assert!(crate::fuzz::site_pattern(pattern, &examples));
            }
        }
    }

    #[test]
    fn what_is_no_example_is_named_by_its_number() {
        assert_eq!(learn(&[]), Err(LearnError::NoExamples));
        assert_eq!(learn(&["AB-1234567", " "]), Err(LearnError::BadExample(1)));
        assert_eq!(learn(&["12 3456"]), Err(LearnError::BadExample(0)));
        assert_eq!(learn(&["123"]), Err(LearnError::TooCommon));
        assert_eq!(learn(&["é12345"]), Err(LearnError::BadExample(0)));
    }
}
