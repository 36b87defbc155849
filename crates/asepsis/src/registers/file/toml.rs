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

/// An entry as a table.
pub(super) fn entry(register: &str, entry: Map<String, Value>) -> anyhow::Result<String> {
    let entry = toml::Value::try_from(entry)?;
    let document = toml::Table::from_iter([(register.to_owned(), toml::Value::Array(vec![entry]))]);
    Ok(toml::to_string(&document)?)
}
