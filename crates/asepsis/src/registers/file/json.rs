//! An array of objects, each with `register`, `id` and the fields.

use std::io::BufReader;

use serde::Deserializer as _;
use serde::de::{SeqAccess, Visitor};
use serde_json::Value;

use super::{Bounded, Give, Stop, row};

/// Reads entry by entry.
pub(super) fn read(source: &mut Bounded, give: &Give) -> Result<(), Stop> {
    let fresh = source.fresh();
    let mut reader = serde_json::Deserializer::from_reader(BufReader::new(source));
    let mut entries = Entries { give, fresh: &fresh, stopped: false, count: 0 };
    let read = reader.deserialize_seq(&mut entries).and_then(|()| reader.end());
    match read {
        _ if entries.stopped => Err(Stop),
        Ok(()) => Ok(()),
        Err(error) => {
            let place = format!("line {}", error.line());
            give.wrong(place, "", format!("this is no array of entries in JSON: {error}"))?;
            Err(Stop)
        }
    }
}

struct Entries<'a, F> {
    give: &'a Give,
    fresh: &'a F,
    stopped: bool,
    count: usize,
}

impl<'de, F: Fn()> Visitor<'de> for &mut Entries<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        (self.fresh)();
        while let Some(entry) = entries.next_element::<Value>()? {
            self.count += 1;
            let place = format!("entry {}", self.count);
            let given = match entry {
                Value::Object(mut body) => {
                    let register = match body.remove("register") {
                        Some(Value::String(register)) => register,
                        _ => "?".to_owned(),
                    };
                    self.give.row(row(place, register, body))
                }
                _ => self.give.wrong(place, "", "an entry is an object"),
            };
            if given.is_err() {
                self.stopped = true;
                return Err(serde::de::Error::custom("nobody reads on"));
            }
            (self.fresh)();
        }
        Ok(())
    }
}
