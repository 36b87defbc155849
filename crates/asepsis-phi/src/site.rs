use asepsis_vocab::{EvidenceKind, IdentifierClass};
use regex::{Regex, RegexBuilder};

use crate::doc::{Doc, Rule};

static SITE: Rule = Rule { name: "site", kind: EvidenceKind::Pattern, note: "a format that the site configured" };

/// The format of a site's own numbers, for example of its medical records.
#[derive(Clone, Debug)]
pub struct SitePattern {
    /// What such a number is.
    pub class: IdentifierClass,
    /// A regular expression in the syntax of the `regex` crate, matched in linear time.
    pub pattern: String,
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

    pub(crate) fn find(&self, doc: &mut Doc<'_>) {
        for (class, regex) in &self.0 {
            let text = doc.text;
            for m in regex.find_iter(text).filter(|m| !m.is_empty()) {
                doc.add_bytes(m.start(), m.end(), *class, 0.95, &SITE);
            }
        }
    }
}
