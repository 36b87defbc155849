//! Grammars of sentences, as text files.
//!
//! `== name` begins a rule, each line below it is one way to say it. In a line, `{name}` stands for what another rule says,
//! `(a|b)` for one of several words (a bracket without a bar is itself), `{{` and `}}` for braces. `<...>` is itself. Lines
//! that begin with `#` and a blank, and empty lines, say nothing. A rule may be drawn from in proportion to its lines only.

use std::collections::BTreeMap;

use anyhow::{Context, bail};

use crate::chance::Chance;

/// How deep rules may use rules.
const DEEPEST: usize = 12;

/// Rules and their ways to be said.
#[derive(Clone, Debug, Default)]
pub struct Grammar {
    rules: BTreeMap<String, Vec<Vec<Part>>>,
    /// The rules in the order of the file.
    names: Vec<String>,
}

/// What a line is made of.
#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Rule(String),
    OneOf(Vec<Vec<Part>>),
}

impl Grammar {
    /// Reads a grammar.
    ///
    /// # Errors
    /// If a line stands before the first rule, a brace stays open, or a rule is used that does not exist.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let mut grammar = Self::default();
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with("# ") {
                continue;
            }
            if let Some(name) = line.strip_prefix("== ") {
                grammar.names.push(name.to_owned());
                if grammar.rules.insert(name.to_owned(), Vec::new()).is_some() {
                    bail!("line {}: the rule {name} is there twice", number + 1);
                }
                continue;
            }
            let Some(rule) = grammar.names.last().and_then(|name| grammar.rules.get_mut(name)) else {
                bail!("line {}: no rule has begun; write `== name` above it", number + 1);
            };
            rule.push(parts(line).with_context(|| format!("line {}", number + 1))?);
        }
        for (name, ways) in &grammar.rules {
            if ways.is_empty() {
                bail!("the rule {name} says nothing");
            }
            for way in ways {
                grammar.check(way)?;
            }
        }
        Ok(grammar)
    }

    fn check(&self, parts: &[Part]) -> anyhow::Result<()> {
        for part in parts {
            match part {
                Part::Text(_) => {}
                Part::Rule(name) if self.rules.contains_key(name) => {}
                Part::Rule(name) => bail!("no rule is called {name}"),
                Part::OneOf(ways) => ways.iter().try_for_each(|way| self.check(way))?,
            }
        }
        Ok(())
    }

    /// The rules, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// How many ways a rule has.
    #[must_use]
    pub fn ways(&self, rule: &str) -> usize {
        self.rules.get(rule).map_or(0, Vec::len)
    }

    /// Says a rule in one of its ways.
    ///
    /// # Panics
    /// If there is no such rule.
    pub fn say(&self, rule: &str, chance: &mut Chance) -> String {
        let way = chance.below(self.ways(rule));
        self.say_way(rule, way, chance)
    }

    /// Says a rule in the way of this number.
    ///
    /// # Panics
    /// If there is no such rule or way.
    pub fn say_way(&self, rule: &str, way: usize, chance: &mut Chance) -> String {
        let mut out = String::new();
        self.write(&self.rules[rule][way], chance, 0, &mut out);
        out
    }

    fn write(&self, parts: &[Part], chance: &mut Chance, depth: usize, out: &mut String) {
        for part in parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::OneOf(ways) => self.write(chance.pick::<Vec<Part>>(ways), chance, depth, out),
                Part::Rule(name) if depth < DEEPEST => {
                    self.write(chance.pick::<Vec<Part>>(&self.rules[name]), chance, depth + 1, out);
                }
                Part::Rule(_) => {}
            }
        }
    }
}

fn parts(line: &str) -> anyhow::Result<Vec<Part>> {
    let (mut out, mut text, mut rest) = (Vec::new(), String::new(), line);
    while let Some(next) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("{{") {
            text.push('{');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("}}") {
            text.push('}');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let (name, after) = after.split_once('}').context("a brace stays open")?;
            out.push(Part::Text(std::mem::take(&mut text)));
            out.push(Part::Rule(name.to_owned()));
            rest = after;
        } else if let Some((inside, after)) =
            rest.strip_prefix('(').and_then(|after| after.split_once(')')).filter(|(inside, _)| inside.contains('|'))
        {
            out.push(Part::Text(std::mem::take(&mut text)));
            out.push(Part::OneOf(inside.split('|').map(parts).collect::<anyhow::Result<_>>()?));
            rest = after;
        } else {
            text.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out.push(Part::Text(text));
    Ok(out)
}

#[cfg(test)]
mod unit {
    use super::{Chance, Grammar};

    #[test]
    fn rules_choices_and_braces_are_said() {
        let grammar =
            Grammar::read("# a note\n== greet\n(Hello|Hello), {who} (sic) {{x}}\n== who\nworld\n").expect("reads");
        assert_eq!(grammar.say("greet", &mut Chance::new(1)), "Hello, world (sic) {x}");
    }

    #[test]
    fn what_is_wrong_in_a_grammar_is_named() {
        for (text, says) in
            [("a", "no rule has begun"), ("== a\n{b}", "called b"), ("== a\n{b", "stays open"), ("== a\n", "nothing")]
        {
            let error = format!("{:#}", Grammar::read(text).expect_err("is wrong"));
            assert!(error.contains(says), "{error}");
        }
    }
}
