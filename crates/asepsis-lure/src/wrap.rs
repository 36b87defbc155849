//! Forms around the texts of lessons: made up by chance, so that the classifier learns no form.

use crate::chance::Chance;

const KEYS: [&str; 40] = [
    "note", "text", "comment", "value", "body", "content", "message", "remark", "reason", "description", "history", "plan", "finding",
    "result", "detail", "summary", "id", "code", "display", "status", "author", "date", "type", "name", "data", "item", "entry", "field",
    "section", "title", "subject", "source", "category", "reference", "unit", "flag", "line", "answer", "question", "impression",
];

/// A line, an element, a member or a cell with these texts in it.
pub(crate) fn wrap(texts: &[&str], chance: &mut Chance) -> String {
    let key = |chance: &mut Chance| {
        let key = *chance.pick(&KEYS);
        match chance.below(6) {
            0 => key.to_uppercase(),
            1 => format!("{key}_{}", chance.pick(&KEYS)),
            2 => format!("{key}{}", chance.below(20)),
            _ => key.to_owned(),
        }
    };
    let fill = |chance: &mut Chance| match chance.below(4) {
        0 => format!("{}", chance.below(100_000)),
        1 => format!("{}-{}", chance.below(999), chance.below(99)),
        2 => (*chance.pick(&["F", "final", "ok", "N", "true", "LN", "en-US", "L", "active", "2026-03-01T10:00:00Z"])).to_owned(),
        _ => key(chance),
    };
    let mut out = String::new();
    let form = chance.below(9);
    match form {
        0 => {
            let mut members: Vec<String> =
                texts.iter().map(|t| format!("\"{}\":{}", key(chance), serde_json::Value::from(*t))).collect();
            for _ in 0..chance.below(4) {
                let member = format!("\"{}\":\"{}\"", key(chance), fill(chance));
                members.insert(chance.below(members.len() + 1), member);
            }
            out = format!("{{{}}}", members.join(","));
            if chance.is(0.5) {
                out = format!("{{\"{}\":[{out}]}}", key(chance));
            }
        }
        1 | 2 => {
            for text in texts {
                let (tag, name) = (key(chance), key(chance));
                let attribute = if chance.is(0.4) { format!(" {name}=\"{}\"", fill(chance)) } else { String::new() };
                out += &format!("<{tag}{attribute}>{text}</{tag}>");
                if chance.is(0.3) {
                    out += &format!("<{}>{}</{0}>", key(chance), fill(chance));
                }
            }
        }
        3 => {
            let (tag, inner) = *chance.pick(&[("p", "div"), ("li", "ul"), ("td", "tr"), ("span", "body"), ("item", "list")]);
            out = format!("<{inner}>");
            for text in texts {
                out += &format!("<{tag}>{text}</{tag}>");
            }
            out += &format!("</{inner}>");
        }
        4 => {
            let bar = *chance.pick(&["|", "\t", ";", ",", "^", " | "]);
            for text in texts {
                for _ in 0..chance.below(5) {
                    out += &fill(chance);
                    out += bar;
                }
                out += text;
                for _ in 0..chance.below(4) {
                    out += bar;
                }
                out += *chance.pick(&["\n", "\r", "\n", bar]);
            }
        }
        5 | 6 => {
            for text in texts {
                if chance.is(0.5) {
                    out += &format!("{}: {}\n", key(chance), fill(chance));
                }
                out += &format!("{}{}{text}\n", key(chance), chance.pick(&[": ", " = ", ":\n", " - ", ":: "]));
            }
        }
        7 => {
            for text in texts {
                out += &format!(
                    "({:04x},{:04x}) {} [{text}] # {}, {} {}\n",
                    chance.below(65_536),
                    chance.below(65_536),
                    chance.pick(&["LO", "LT", "ST", "UT", "SH", "PN"]),
                    text.len(),
                    1,
                    key(chance)
                );
            }
        }
        _ => {
            for text in texts {
                out += &format!("{}{text}\n", chance.pick(&["* ", "- ", "1. ", "> ", "# ", "## ", "Re: ", "[x] ", "\u{2022} "]));
            }
        }
    }
    out
}
