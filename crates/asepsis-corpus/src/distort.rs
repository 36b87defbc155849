//! The ways in which text loses its form: case, punctuation, lines. The marks stay true.

use asepsis_phi::training::Example;
use asepsis_vocab::Span;

use crate::chance::Chance;

/// With some chance, the example as a machine, a hurried hand or a wrapped mail would leave it.
pub(crate) fn distort(example: Example, chance: &mut Chance) -> Example {
    match chance.unit() {
        x if x < 0.12 => map(&example, |c, _| lower(c)),
        x if x < 0.20 => map(&example, |c, _| upper(c)),
        x if x < 0.25 => map(&example, |c, next| if is_stop(c, next) { None } else { lower(c) }),
        x if x < 0.31 => map(&example, |c, next| if is_stop(c, next) { Some(' ') } else { Some(c) }),
        x if x < 0.36 => wrapped(&example),
        x if x < 0.38 => map(&example, |c, _| if c == '\n' { Some(' ') } else { Some(c) }),
        _ => example,
    }
}

fn is_stop(c: char, next: Option<char>) -> bool {
    matches!(c, '.' | ',' | ';' | ':') && next.is_none_or(char::is_whitespace)
}

fn lower(c: char) -> Option<char> {
    let mut l = c.to_lowercase();
    if l.len() == 1 { l.next() } else { Some(c) }
}

fn upper(c: char) -> Option<char> {
    let mut l = c.to_uppercase();
    if l.len() == 1 { l.next() } else { Some(c) }
}

/// Every character by `f`, which sees the next one too; `None` leaves it out.
fn map(example: &Example, f: impl Fn(char, Option<char>) -> Option<char>) -> Example {
    let mut text = String::with_capacity(example.text.len());
    let mut places = vec![0; example.text.len() + 1];
    let mut chars = example.text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        for place in &mut places[i..i + c.len_utf8()] {
            *place = text.len();
        }
        text.extend(f(c, chars.peek().map(|n| n.1)));
    }
    places[example.text.len()] = text.len();
    let marks = example
        .marks
        .iter()
        .map(|(span, mark)| (Span::new(places[span.start], places[span.end]), *mark))
        .filter(|(span, _)| !span.is_empty())
        .collect();
    Example { text, marks }
}

fn wrapped(example: &Example) -> Example {
    let mut last = 0;
    let mut bytes = example.text.clone().into_bytes();
    for (i, byte) in bytes.iter_mut().enumerate() {
        if *byte == b'\n' {
            last = i;
        } else if *byte == b' ' && i - last > 60 {
            *byte = b'\n';
            last = i;
        }
    }
    let text = String::from_utf8(bytes).unwrap_or_else(|_| example.text.clone());
    Example { text, marks: example.marks.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use asepsis_phi::training::Mark;

    #[test]
    fn marks_stay_on_what_they_marked() {
        let text = "Seen by Dr. Müller, M.D. in İzmir, today.".to_owned();
        let at = text.find("Müller").unwrap_or(0);
        let marks = vec![(Span::new(at, at + "Müller".len()), Mark::Drug)];
        let example = Example { text, marks };
        for seed in 0..200 {
            let out = distort(example.clone(), &mut Chance::new(seed));
            let found = &out.text[out.marks[0].0.range()];
            assert_eq!(found.to_lowercase(), "müller");
        }
    }
}
