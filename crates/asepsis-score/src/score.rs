use std::collections::BTreeMap;
use std::ops::Range;

use asepsis_vocab::Finding;

use crate::labelled::Labelled;

/// A piece of a text that a detector covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Covered<'a> {
    /// The first code point.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// What the detector says it is.
    pub label: &'a str,
    /// Which rule or part of it says so.
    pub detector: &'a str,
}

/// Findings, whose offsets are bytes of `text`, in code points.
pub fn covered(text: &str, findings: &[Finding]) -> Vec<Covered<'static>> {
    let starts: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
    let point = |byte: usize| starts.partition_point(|&start| start < byte);
    findings
        .iter()
        .map(|f| Covered {
            start: point(f.span.start),
            end: point(f.span.end),
            label: f.class.label(),
            detector: f.detector,
        })
        .collect()
}

/// Counts over texts.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// How many texts.
    pub texts: usize,
    /// Letters and digits of required marks.
    pub required: usize,
    /// Those of them that are visible.
    pub visible: usize,
    /// Required marks, those wholly covered, and those touched.
    pub entities: [usize; 3],
    /// Required marks, findings that touch no optional mark, and those of them with the very span and class.
    pub strict: [usize; 3],
    /// Findings without the very span and class, by detector, with how often.
    pub other: BTreeMap<(String, String), usize>,
    /// Words outside all marks, and those of them that are covered.
    pub outside: [usize; 2],
    /// Letters and digits required and visible, by label.
    pub by_label: BTreeMap<String, [usize; 2]>,
    /// Values that no finding touches, by label, with how often.
    pub missed: BTreeMap<(String, String), usize>,
    /// Words covered for nothing, by detector, with how often.
    pub wrong: BTreeMap<(String, String), usize>,
}

impl Score {
    /// Adds a text of which these pieces are covered.
    pub fn add(&mut self, gold: &Labelled, found: &[Covered<'_>]) {
        let chars: Vec<char> = gold.text.chars().collect();
        let mut by: Vec<Option<&str>> = vec![None; chars.len()];
        for f in found {
            by[within(f.start, f.end, &chars)].fill(Some(f.detector));
        }
        self.texts += 1;
        self.add_strict(gold, found, &chars);
        self.add_marks(gold, &by, &chars);
        self.add_words(gold, &by, &chars);
    }

    fn add_strict(&mut self, gold: &Labelled, found: &[Covered<'_>], chars: &[char]) {
        self.strict[0] += gold.spans.iter().filter(|s| s.req).count();
        for f in found {
            let mut touched = gold.spans.iter().filter(|s| s.start < f.end && s.end > f.start);
            if touched.clone().any(|s| !s.req) {
                continue;
            }
            self.strict[1] += 1;
            if touched.any(|s| s.start == f.start && s.end == f.end && s.label == f.label) {
                self.strict[2] += 1;
            } else {
                let value: String = chars[within(f.start, f.end, chars)].iter().collect();
                *self.other.entry((f.detector.to_owned(), format!("{} {value}", f.label))).or_default() += 1;
            }
        }
    }

    fn add_marks(&mut self, gold: &Labelled, by: &[Option<&str>], chars: &[char]) {
        let mut required = vec![false; chars.len()];
        for span in gold.spans.iter().filter(|s| s.req) {
            let range = within(span.start, span.end, chars);
            required[range.clone()].fill(true);
            let (mut all, mut seen) = (0, 0);
            for i in range.clone().filter(|&i| chars[i].is_alphanumeric()) {
                all += 1;
                seen += usize::from(by[i].is_none());
            }
            let row = self.by_label.entry(span.label.clone()).or_default();
            row[0] += all;
            row[1] += seen;
            self.entities[0] += 1;
            self.entities[1] += usize::from(seen == 0);
            if by[range.clone()].iter().any(Option::is_some) {
                self.entities[2] += 1;
            } else {
                let value = chars[range].iter().collect();
                *self.missed.entry((span.label.clone(), value)).or_default() += 1;
            }
        }
        for i in (0..chars.len()).filter(|&i| required[i] && chars[i].is_alphanumeric()) {
            self.required += 1;
            self.visible += usize::from(by[i].is_none());
        }
    }

    fn add_words(&mut self, gold: &Labelled, by: &[Option<&str>], chars: &[char]) {
        let mut marked = vec![false; chars.len()];
        for span in &gold.spans {
            marked[within(span.start, span.end, chars)].fill(true);
        }
        let mut i = 0;
        while i < chars.len() {
            let from = i;
            while i < chars.len() && chars[i].is_alphanumeric() {
                i += 1;
            }
            if i > from && !marked[from..i].contains(&true) {
                self.outside[0] += 1;
                if let Some(detector) = by[from..i].iter().flatten().next() {
                    self.outside[1] += 1;
                    let word = chars[from..i].iter().collect();
                    *self.wrong.entry(((*detector).to_owned(), word)).or_default() += 1;
                }
            }
            i = i.max(from + 1);
        }
    }

    /// The share of required letters and digits that is visible.
    pub fn leak(&self) -> f64 {
        share(self.visible, self.required)
    }

    /// The share of required marks that is wholly covered.
    pub fn whole(&self) -> f64 {
        share(self.entities[1], self.entities[0])
    }

    /// Words covered for nothing in a thousand.
    pub fn false_words(&self) -> f64 {
        1000.0 * share(self.outside[1], self.outside[0])
    }

    /// Precision, recall and F1 of findings with the very span and class.
    pub fn strict_f1(&self) -> (f64, f64, f64) {
        let [gold, found, right] = self.strict;
        (share(right, found), share(right, gold), share(2 * right, gold + found))
    }
}

/// The code points from `start` to `end`, as far as the text goes.
fn within(start: usize, end: usize, chars: &[char]) -> Range<usize> {
    let end = end.min(chars.len());
    start.min(end)..end
}

#[allow(clippy::cast_precision_loss, reason = "counts")]
fn share(part: usize, all: usize) -> f64 {
    part as f64 / all.max(1) as f64
}

#[cfg(test)]
mod unit {
    use super::{Covered, Score};
    use crate::labelled::{Labelled, LabelledSpan};

    fn mark(start: usize, end: usize, label: &str, req: bool) -> LabelledSpan {
        LabelledSpan { start, end, label: label.to_owned(), req }
    }

    fn cover(start: usize, end: usize, label: &'static str) -> Covered<'static> {
        Covered { start, end, label, detector: "test" }
    }

    #[test]
    fn what_policy_decides_is_neither_missed_nor_wrong() {
        // Zoë is 41, not 93, said Dr. Quill on 3 May.
        let gold = Labelled {
            id: "1".to_owned(),
            text: "Zoë is 41, not 93, said Dr. Quill on 3 May.".to_owned(),
            spans: vec![
                mark(0, 3, "NAME", true),
                mark(7, 9, "AGE", false),
                mark(15, 17, "AGE", true),
                mark(24, 27, "TITLE", false),
                mark(28, 33, "NAME", true),
                mark(37, 42, "DATE", true),
            ],
        };
        let mut score = Score::default();
        // Zoë; 41; Dr. Qui; said; and May without its 3.
        score.add(
            &gold,
            &[
                cover(0, 3, "NAME"),
                cover(7, 9, "AGE"),
                cover(19, 23, "NAME"),
                cover(24, 31, "NAME"),
                cover(39, 42, "DATE"),
            ],
        );
        // Zoë, 93, Quill, 3 May; visible are 93, ll and 3.
        assert_eq!((score.required, score.visible), (14, 5));
        assert_eq!(score.entities, [4, 1, 3]);
        // is, not, said, on.
        assert_eq!(score.outside, [4, 1]);
        // Of the findings that touch nothing optional only Zoë is exact.
        assert_eq!(score.strict, [4, 3, 1]);
        assert_eq!(score.missed.keys().next(), Some(&("AGE".to_owned(), "93".to_owned())));
    }
}
