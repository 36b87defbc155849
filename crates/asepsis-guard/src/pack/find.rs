//! Looking for a pack's rules in the views of a text.

use asepsis_vocab::{Channel, Flag};

use super::file::{Sequence, Use, is_worded};
use super::{Folded, Pack};

/// The most flags of one rule in one view.
const MOST_FLAGS: usize = 16;
/// So far beside a sequence a word is looked for that makes it ordinary, in bytes of the same sentence.
const BESIDE: usize = 64;
/// The longest word, in bytes, as far as distances are counted.
const WORD: usize = 24;

impl Pack {
    /// Adds a flag for each place at which a rule of this channel fires in a view.
    pub(crate) fn find(&self, view: &Folded<'_>, channel: Channel, flags: &mut Vec<Flag>) {
        let mut finding = Finding { pack: self, view, channel, counts: vec![0; self.rules.len()], flags };
        finding.phrases();
        finding.regexes();
    }
}

struct Finding<'f> {
    pack: &'f Pack,
    view: &'f Folded<'f>,
    channel: Channel,
    counts: Vec<usize>,
    flags: &'f mut Vec<Flag>,
}

impl Finding<'_> {
    fn phrases(&mut self) {
        let (text, compiled) = (self.view.text(), &self.pack.compiled);
        let parts = compiled.parts;
        // How far each sequence has got: where it began, and where its last part ended. Few texts have a part of one.
        let mut reached: Vec<Option<(usize, usize)>> = Vec::new();
        // Nowhere else begins a phrase that has no letter or digit before it where it begins with one.
        for found in compiled.phrases.all_at(text.as_bytes(), self.view.starts()) {
            let (start, end) = (found.start, found.end);
            let phrase = &compiled.uses[found.phrase];
            if phrase.begins_word && text[..start].chars().next_back().is_some_and(is_worded)
                || phrase.ends_word && text[end..].chars().next().is_some_and(is_worded)
            {
                continue;
            }
            // A later part first, so that one word is not two parts.
            for used in phrase.uses.iter().rev() {
                match *used {
                    Use::Whole { rule } => self.flag(rule, start, end),
                    Use::Part { sequence: number, part } => {
                        if reached.is_empty() {
                            reached.resize(compiled.sequences.len() * parts, None);
                        }
                        let sequence = &compiled.sequences[number as usize];
                        let row = &mut reached[number as usize * parts..][..parts];
                        let begun = match part {
                            0 => Some(start),
                            _ => {
                                row[part as usize - 1].filter(|(_, e)| is_near(text, *e, start, sequence)).map(|r| r.0)
                            }
                        };
                        let Some(begun) = begun else { continue };
                        if part + 1 < sequence.parts {
                            row[part as usize] = Some((begun, end));
                        } else if !is_ordinary(sequence, text, begun, end) {
                            self.flag(sequence.rule, begun, end);
                        }
                    }
                }
            }
        }
    }

    fn regexes(&mut self) {
        for (rule, regex) in &self.pack.compiled.regexes {
            for found in regex.find_iter(self.view.text()).filter(|m| !m.is_empty()).take(MOST_FLAGS) {
                self.flag(*rule, found.start(), found.end());
            }
        }
    }

    fn flag(&mut self, rule: u32, start: usize, end: usize) {
        let told = &self.pack.rules[rule as usize];
        let count = &mut self.counts[rule as usize];
        if *count >= MOST_FLAGS || !told.channels.contains(&self.channel) {
            return;
        }
        *count += 1;
        let span = self.view.span(start, end);
        self.flags.push(Flag { span, rule: told.id.clone(), verdict: told.verdict });
    }
}

/// Whether not more words than a sequence allows stand between two places, of the same sentence or at least paragraph.
fn is_near(text: &str, end: usize, start: usize, sequence: &Sequence) -> bool {
    if start < end || start - end > (sequence.within + 1) * WORD {
        return false;
    }
    let between = &text[end..start];
    let parted = if sequence.across { between.contains('\n') } else { ends(between) };
    let words = between.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric)).count();
    words <= sequence.within && !parted
}

/// Whether a sentence or paragraph ends in a piece of text.
fn ends(between: &str) -> bool {
    let bytes = between.as_bytes();
    bytes.iter().enumerate().any(|(i, b)| match b {
        b'\n' => true,
        b'.' | b'!' | b'?' | b';' => bytes.get(i + 1).is_none_or(u8::is_ascii_whitespace),
        _ => false,
    })
}

/// Whether a clinical word stands beside a sequence in the same sentence.
fn is_ordinary(sequence: &Sequence, text: &str, start: usize, end: usize) -> bool {
    let Some(unless) = &sequence.unless else { return false };
    let from = (start.saturating_sub(BESIDE)..=start).find(|i| text.is_char_boundary(*i)).unwrap_or(start);
    let to = (end..=(end + BESIDE).min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(end);
    let stop = |c: char| matches!(c, '.' | '!' | '?' | ';' | '\n');
    let from = text[from..start].rfind(stop).map_or(from, |i| from + i + 1);
    let to = text[end..to].find(stop).map_or(to, |i| end + i);
    let beside = &text[from..to];
    unless.any(beside.as_bytes(), |m| {
        !beside[..m.start].chars().next_back().is_some_and(is_worded)
            && !beside[m.end..].chars().next().is_some_and(is_worded)
    })
}

#[cfg(test)]
mod unit {
    use proptest::prelude::*;

    use super::super::file::is_worded;
    use super::{Folded, Pack};
    use crate::views::Views;

    proptest! {
        #[test]
        fn no_phrase_that_counts_begins_elsewhere(
            parts in prop::collection::vec(prop::sample::select(vec![
                "ignore", "all ", "previous", "instructions", "a", "9", " ", "\n", "\t", "  ", "é", "忽略", "<|im_start|>", "[INST]", "system:", "you are", "'", ".", "IGNORE",
            ]), 0..24)
        ) {
            let text = parts.concat();
            let views = Views::of(&text);
            let view = Folded::of(views.clean());
            for pack in Pack::shipped() {
                let (text, compiled) = (view.text(), &pack.compiled);
                let counts = |start: usize, phrase: usize| {
                    !(compiled.uses[phrase].begins_word && text[..start].chars().next_back().is_some_and(is_worded))
                };
                let mut all = compiled.phrases.all(text.as_bytes());
                let mut begun = compiled.phrases.all_at(text.as_bytes(), view.starts());
                all.retain(|found| counts(found.start, found.phrase));
                begun.retain(|found| counts(found.start, found.phrase));
                prop_assert_eq!(begun, all);
            }
        }
    }
}
