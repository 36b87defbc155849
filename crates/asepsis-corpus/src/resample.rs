//! Labelled texts with other people in them: the same carrier, new names, places and numbers.

use std::collections::HashMap;

use asepsis_phi::training::{Example, Mark};
use asepsis_vocab::{IdentifierClass, Span};

use crate::chance::Chance;
use crate::template::World;

/// The text with most identifiers replaced; the same value is replaced by the same.
pub(crate) fn resample(example: &Example, world: &World, chance: &mut Chance) -> Example {
    let mut out = Example { text: String::with_capacity(example.text.len()), marks: Vec::new() };
    let mut renamed: HashMap<&str, String> = HashMap::new();
    let mut at = 0;
    let keep = chance.is(0.12);
    for &(span, mark) in &example.marks {
        let value = &example.text[span.range()];
        out.text.push_str(&example.text[at..span.start]);
        let new = match mark {
            Mark::Identifier(class) if !keep => {
                renamed.entry(value).or_insert_with(|| another(value, class, world, chance)).clone()
            }
            _ => value.to_owned(),
        };
        let start = out.text.len();
        out.text.push_str(&new);
        out.marks.push((Span::new(start, out.text.len()), mark));
        at = span.end;
    }
    out.text.push_str(&example.text[at..]);
    out
}

fn another(value: &str, class: IdentifierClass, world: &World, chance: &mut Chance) -> String {
    let words = value.split_whitespace().count();
    let upper = value.chars().any(char::is_alphabetic) && !value.chars().any(char::is_lowercase);
    let new = match class {
        IdentifierClass::Name if words == 1 && chance.is(0.9) => {
            if chance.is(0.5) {
                world.names.first(chance)
            } else {
                world.names.last(chance)
            }
        }
        IdentifierClass::Name => world.names.full(chance),
        IdentifierClass::Location if value.bytes().any(|b| b.is_ascii_digit()) => {
            world.places.address(&world.names, &world.values, chance)
        }
        IdentifierClass::Location => world.places.town(&world.names, &world.values, chance),
        IdentifierClass::Org => world.places.facility(&world.names, &world.values, chance),
        IdentifierClass::Date if chance.is(0.4) => crate::value::date((1930, 2026), chance),
        IdentifierClass::Phone if chance.is(0.5) => crate::value::phone(chance),
        IdentifierClass::Email | IdentifierClass::Url | IdentifierClass::Ip => value.to_owned(),
        IdentifierClass::Mrn | IdentifierClass::Account | IdentifierClass::Id | IdentifierClass::HealthPlan
            if chance.is(0.5) =>
        {
            crate::value::code(chance)
        }
        _ => value
            .chars()
            .map(
                |c| if c.is_ascii_digit() { char::from(b'0' + u8::try_from(chance.below(10)).unwrap_or(0)) } else { c },
            )
            .collect(),
    };
    if upper && class != IdentifierClass::Date { new.to_uppercase() } else { new }
}
