//! The grammar of lessons: what the classifier learns from beside the corpora.

use std::path::Path;

use anyhow::Context;

use crate::chance::Chance;
use crate::grammar::Grammar;
use crate::text::Sample;
use crate::wrap::wrap;

/// The benign rules, and the share of each.
const BENIGN: [(&str, usize); 6] =
    [("notes", 30), ("manual", 14), ("tasks", 24), ("commands", 12), ("portal", 12), ("plain_foreign", 8)];
/// Of a hundred attacks, this many are in another language than English.
const FOREIGN: usize = 16;

/// The grammars of lessons.
pub struct Lesson {
    attacks: Grammar,
    benign: Grammar,
}

impl Lesson {
    /// Reads the grammars in a folder.
    ///
    /// # Errors
    /// If a file cannot be read or is no grammar.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            Grammar::read(&text).with_context(|| path.display().to_string())
        };
        Ok(Self { attacks: read("attacks.txt")?, benign: read("benign.txt")? })
    }

    /// As many attacks and as many benign texts, half of them between other sentences.
    #[must_use]
    pub fn texts(&self, count: usize, fillers: &[&str], seed: u64) -> Vec<Sample> {
        let mut chance = Chance::new(seed);
        let mut out = Vec::with_capacity(2 * count);
        for _ in 0..count {
            let rule = if chance.below(100) < FOREIGN { "foreign" } else { "attack" };
            let said = vary(&self.attacks.say(rule, &mut chance), &mut chance);
            out.push(sample(rule, true, among(&said, fillers, &mut chance)));
            let mut at = chance.below(100);
            let found = BENIGN.iter().find(|(_, share)| {
                let here = at < *share;
                at = at.wrapping_sub(*share);
                here
            });
            let rule = found.map_or("notes", |(rule, _)| *rule);
            let mut said = self.benign.say(rule, &mut chance);
            while chance.is(0.3) {
                said = format!("{said} {}", self.benign.say(rule, &mut chance));
            }
            let said = vary(&said, &mut chance);
            out.push(sample(rule, false, among(&said, fillers, &mut chance)));
            if !fillers.is_empty() && chance.is(0.4) {
                let texts: Vec<&str> = (0..=chance.below(3)).map(|_| *chance.pick(fillers)).collect();
                out.push(sample("forms", false, wrap(&texts, &mut chance)));
            }
        }
        out
    }
}

fn sample(set: &str, attack: bool, text: String) -> Sample {
    Sample { source: "lesson".to_owned(), set: set.to_owned(), disguise: None, carrier: None, attack, text }
}

/// Case and end marks as people write them.
fn vary(said: &str, chance: &mut Chance) -> String {
    match chance.below(12) {
        0 => said.to_uppercase(),
        1 | 2 => said.to_lowercase(),
        3 => said.trim_end_matches('.').to_owned(),
        _ => said.to_owned(),
    }
}

/// Between other sentences, as text goes, or in some form.
fn among(said: &str, fillers: &[&str], chance: &mut Chance) -> String {
    if fillers.is_empty() || chance.is(0.3) {
        return said.to_owned();
    }
    let mut texts = vec![said];
    if chance.is(0.75) {
        texts.insert(0, *chance.pick(fillers));
    }
    if chance.is(0.75) {
        texts.push(*chance.pick(fillers));
    }
    if chance.is(0.4) {
        return wrap(&texts, chance);
    }
    texts.join(*chance.pick(&[" ", " ", "\n", " - ", "\n\n"]))
}
