//! Tables as the configuration has them: `[[vendor]]`, `[[system]]`, `[[agreement]]`.

use std::io::BufReader;

use serde_json::{Map, Value};

use super::{Bounded, Give, Stop, line, row};

/// The register that a line begins a table of: `[[vendor]]`.
fn begins(line: &str) -> Option<&str> {
    let name = line.trim_start().strip_prefix("[[")?.split("]]").next()?.trim();
    (!name.contains('.')).then_some(name)
}

/// Reads table by table. Each is a document of its own, so that one that is wrong is the only one.
pub(super) fn read(source: &mut Bounded, give: &Give) -> Result<(), Stop> {
    let fresh = source.fresh();
    let mut source = BufReader::new(source);
    let (mut text, mut began, mut number) = (String::new(), 0, 0);
    let mut next = String::new();
    loop {
        let more = match line(&mut source, &mut next) {
            Ok(more) => more,
            Err(error) => {
                give.wrong(format!("line {}", number + 1), "", error.to_string())?;
                return Err(Stop);
            }
        };
        number += 1;
        if !more || begins(&next).is_some() {
            table(&text, began, give)?;
            fresh();
            text.clear();
            began = number;
        }
        if !more {
            return Ok(());
        }
        text.push_str(&next);
    }
}

fn table(text: &str, began: usize, give: &Give) -> Result<(), Stop> {
    let place = |at: usize| format!("line {}", began.max(1) + at);
    let parsed: toml::Table = match toml::from_str(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let at = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count());
            return give.wrong(place(at), "", format!("this is no TOML: {}", error.message()));
        }
    };
    for (register, value) in parsed {
        let toml::Value::Array(tables) = value else {
            give.wrong(
                place(0),
                &*register,
                format!("`{register}` is no entry; begin each with [[vendor]], [[system]] or [[agreement]]"),
            )?;
            continue;
        };
        for table in tables {
            match serde_json::to_value(table) {
                Ok(Value::Object(body)) => give.row(row(place(0), register.clone(), body))?,
                _ => give.wrong(place(0), &*register, "an entry is a table")?,
            }
        }
    }
    Ok(())
}

/// An entry as a table. Every text is on one line: one that goes over several might have a line that looks like the beginning of
/// another entry.
pub(super) fn entry(register: &str, entry: &Map<String, Value>) -> String {
    let mut out = format!("[[{register}]]\n");
    for (name, said) in entry.iter().filter(|(name, _)| *name != "facts") {
        out.push_str(&format!("{} = {}\n", key(name), value(said)));
    }
    if let Some(facts) = entry.get("facts").and_then(Value::as_object) {
        out.push_str(&format!("\n[{register}.facts]\n"));
        for (name, fact) in facts {
            out.push_str(&format!("{} = {}\n", key(name), value(fact)));
        }
    }
    out
}

fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if bare { name.to_owned() } else { text(name) }
}

fn value(said: &Value) -> String {
    match said {
        Value::String(said) => text(said),
        Value::Array(items) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
        Value::Object(table) => {
            let members: Vec<_> = table.iter().map(|(name, said)| format!("{} = {}", key(name), value(said))).collect();
            if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
        }
        other => other.to_string(),
    }
}

/// A basic string. JSON's escapes are TOML's as well; it has one more character that may not stand by itself.
fn text(said: &str) -> String {
    Value::from(said).to_string().replace('\u{7f}', "\\u007F")
}
