use std::collections::BTreeMap;

use time::Date;

use super::shape::{Shape, schema};
use super::{Card, Field};
use crate::{Fact, Value};

/// The longest text that a fact takes from a card, in characters. The card has the rest.
const MOST: usize = 1_000;

/// What stands where nobody had anything to say.
const NOTHING: [&str; 8] = ["", "n/a", "na", "none", "unknown", "tbd", "not applicable", "not available"];

impl Card {
    /// What the card says, as facts: grade D, because it is the developer's own statement; the source is the card's SHA-256.
    pub fn facts(&self, sha256: &str, today: Date) -> BTreeMap<String, Fact> {
        let source = format!("card:sha256:{sha256}");
        let fact = |value: String| Fact {
            source: Some(source.clone()),
            as_of: Some(today),
            ..Fact::stated(Value::Text(value))
        };
        let said = |field: &Field| {
            let text = field.text.split_whitespace().collect::<Vec<_>>().join(" ");
            let name = named(&schema().root, &field.path)?;
            let nothing = NOTHING.contains(&text.trim_end_matches('.').to_lowercase().as_str());
            (!nothing).then(|| (name.to_owned(), fact(cut(text))))
        };
        let mut facts: BTreeMap<_, _> = self.fields.iter().filter_map(said).collect();
        facts.insert("model_card".to_owned(), fact(sha256.to_owned()));
        facts
    }
}

/// The fact that the element at a path says.
fn named<'a>(shape: &'a Shape, path: &str) -> Option<&'a str> {
    let (step, rest) = path.split_once('/').unwrap_or((path, ""));
    let name = step.split('[').next().unwrap_or(step);
    let child = shape.children.iter().find(|child| child.name == name)?;
    if rest.is_empty() { child.fact.as_deref() } else { named(child, rest) }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{} ...", &text[..at]),
        None => text,
    }
}
