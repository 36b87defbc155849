//! How well identifiers are found: what is left visible, and what is covered for nothing.
//!
//! *Leak* is the share of the letters and digits of required identifiers that no finding covers; *false words* are tokens
//! of letters and digits that a finding touches outside every mark, in a thousand unmarked ones. A mark that is not
//! required (a year, an age up to 89, a state, where policy decides) neither counts as missed nor as wrong.

use std::collections::BTreeMap;

use asepsis_vocab::Finding;

use crate::sources::Labelled;

/// Counts over texts.
#[derive(Clone, Debug, Default)]
pub struct Score {
    /// Letters and digits of required identifiers.
    pub required: usize,
    /// Those of them that are visible.
    pub visible: usize,
    /// Required identifiers, those wholly covered, and those touched.
    pub entities: [usize; 3],
    /// Required identifiers, findings that touch no optional mark, and those of them with the very span and class.
    pub strict: [usize; 3],
    /// Findings without the very span and class, by detector, with how often.
    pub other: BTreeMap<(&'static str, String), usize>,
    /// Tokens outside all marks, and those of them that are covered.
    pub outside: [usize; 2],
    /// Letters and digits required and visible, by label.
    pub by_label: BTreeMap<String, [usize; 2]>,
    /// Values that no finding touches, by label, with how often.
    pub missed: BTreeMap<(String, String), usize>,
    /// Tokens covered for nothing, by detector, with how often.
    pub wrong: BTreeMap<(&'static str, String), usize>,
}

impl Score {
    /// Adds a text whose findings are these.
    pub fn add(&mut self, gold: &Labelled, findings: &[Finding]) {
        let chars: Vec<(usize, char)> = gold.text.char_indices().collect();
        let mut covered = vec![false; chars.len()];
        let mut by = vec![""; chars.len()];
        for found in findings {
            let from = chars.partition_point(|c| c.0 < found.span.start);
            let to = chars.partition_point(|c| c.0 < found.span.end);
            covered[from..to].fill(true);
            by[from..to].fill(found.detector);
        }
        let place = |byte: usize| chars.partition_point(|c| c.0 < byte);
        for found in findings {
            let (from, to) = (place(found.span.start), place(found.span.end));
            let mut touched = gold.spans.iter().filter(|s| s.start < to && s.end > from);
            if touched.clone().any(|s| !s.req) {
                continue;
            }
            self.strict[1] += 1;
            let right = touched.any(|s| s.start == from && s.end == to && s.label == found.class.label());
            self.strict[2] += usize::from(right);
            if !right {
                let value = &gold.text[found.span.range()];
                *self.other.entry((found.detector, format!("{} {value}", found.class))).or_default() += 1;
            }
        }
        let (mut required, mut marked) = (vec![false; chars.len()], vec![false; chars.len()]);
        for span in &gold.spans {
            let range = span.start.min(chars.len())..span.end.min(chars.len());
            marked[range.clone()].fill(true);
            if !span.req {
                continue;
            }
            required[range.clone()].fill(true);
            let row = self.by_label.entry(span.label.clone()).or_default();
            let (mut all, mut seen) = (0, 0);
            for i in range.clone().filter(|&i| chars[i].1.is_alphanumeric()) {
                all += 1;
                seen += usize::from(!covered[i]);
            }
            row[0] += all;
            row[1] += seen;
            self.strict[0] += 1;
            self.entities[0] += 1;
            self.entities[1] += usize::from(seen == 0);
            if range.clone().any(|i| covered[i]) {
                self.entities[2] += 1;
            } else {
                let value = range.map(|i| chars[i].1).collect();
                *self.missed.entry((span.label.clone(), value)).or_default() += 1;
            }
        }
        for i in 0..chars.len() {
            if required[i] && chars[i].1.is_alphanumeric() {
                self.required += 1;
                self.visible += usize::from(!covered[i]);
            }
        }
        let mut i = 0;
        while i < chars.len() {
            let from = i;
            while i < chars.len() && chars[i].1.is_alphanumeric() {
                i += 1;
            }
            if i > from && !marked[from..i].contains(&true) {
                self.outside[0] += 1;
                if covered[from..i].contains(&true) {
                    self.outside[1] += 1;
                    let detector = by[from..i].iter().find(|d| !d.is_empty()).copied().unwrap_or_default();
                    let word: String = chars[from..i].iter().map(|c| c.1).collect();
                    *self.wrong.entry((detector, word)).or_default() += 1;
                }
            }
            i = i.max(from + 1);
        }
    }

    /// The share of required letters and digits that is visible.
    #[allow(clippy::cast_precision_loss, reason = "counts")]
    pub fn leak(&self) -> f64 {
        self.visible as f64 / self.required.max(1) as f64
    }

    /// The share of required identifiers that is wholly covered.
    #[allow(clippy::cast_precision_loss, reason = "counts")]
    pub fn whole(&self) -> f64 {
        self.entities[1] as f64 / self.entities[0].max(1) as f64
    }

    /// Precision, recall and F1 of findings with the very span and class.
    #[allow(clippy::cast_precision_loss, reason = "counts")]
    pub fn strict_f1(&self) -> (f64, f64, f64) {
        let [gold, found, right] = self.strict.map(|n| n as f64);
        (right / found.max(1.0), right / gold.max(1.0), 2.0 * right / (gold + found).max(1.0))
    }

    /// Tokens covered for nothing in a thousand.
    #[allow(clippy::cast_precision_loss, reason = "counts")]
    pub fn false_words(&self) -> f64 {
        1000.0 * self.outside[1] as f64 / self.outside[0].max(1) as f64
    }
}
