//! Which field of an entry was changed, without telling what stood or stands in it.

use serde_json::Value;

/// The first field in which what is found is not what was signed. Names are those of the signed copy alone: what somebody
/// wrote into the other may be anything.
pub(crate) fn changed(signed: &[u8], found: &[u8]) -> Option<String> {
    let signed: Value = serde_json::from_slice(signed).ok()?;
    let Ok(found) = serde_json::from_slice::<Value>(found) else {
        return Some("it is no JSON any more".to_owned());
    };
    let mut path = String::new();
    Some(match differs(&signed, &found, &mut path)? {
        Difference::Changed => format!("`{}` was changed", path.trim_start_matches('.')),
        Difference::Added if path.is_empty() => "a field was added".to_owned(),
        Difference::Added => format!("something was added to `{}`", path.trim_start_matches('.')),
    })
}

enum Difference {
    Changed,
    Added,
}

/// The first difference, and the way to it.
fn differs(signed: &Value, found: &Value, path: &mut String) -> Option<Difference> {
    match (signed, found) {
        (Value::Object(signed), Value::Object(found)) => {
            for (name, value) in signed {
                let before = path.len();
                path.push('.');
                path.push_str(name);
                let difference = match found.get(name) {
                    Some(found) => differs(value, found, path),
                    None => Some(Difference::Changed),
                };
                if difference.is_some() {
                    return difference;
                }
                path.truncate(before);
            }
            (found.len() > signed.len()).then_some(Difference::Added)
        }
        (Value::Array(signed), Value::Array(found)) if signed.len() == found.len() => {
            signed.iter().zip(found).find_map(|(signed, found)| differs(signed, found, path))
        }
        _ => (signed != found).then_some(Difference::Changed),
    }
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn r27_the_field_is_named_and_nothing_that_stands_in_it() {
        let signed = br#"{"v":1,"actor":{"user":"a","role":"r"},"found":[{"places":1},{"places":2}]}"#;
        for (found, said) in [
            (
                r#"{"v":1,"actor":{"user":"b","role":"r"},"found":[{"places":1},{"places":2}]}"#,
                "`actor.user` was changed",
            ),
            (r#"{"v":1,"actor":{"role":"r"},"found":[{"places":1},{"places":2}]}"#, "`actor.user` was changed"),
            (
                r#"{"v":1,"actor":{"user":"a","role":"r"},"found":[{"places":1},{"places":3}]}"#,
                "`found.places` was changed",
            ),
            (r#"{"v":1,"actor":{"user":"a","role":"r"},"found":[]}"#, "`found` was changed"),
            (
                r#"{"v":1,"actor":{"user":"a","role":"r","Jo":1},"found":[{"places":1},{"places":2}]}"#,
                "something was added to `actor`",
            ),
            (
                r#"{"v":1,"actor":{"user":"a","role":"r"},"found":[{"places":1},{"places":2}],"Jo":2}"#,
                "a field was added",
            ),
            ("Jo", "it is no JSON any more"),
        ] {
            assert_eq!(changed(signed, found.as_bytes()).as_deref(), Some(said), "{found}");
        }
        // Another spelling of the same: there is no field to name.
        let spaced = br#"{"v": 1,"actor":{"user":"a","role":"r"},"found":[{"places":1},{"places":2}]}"#;
        assert_eq!(changed(signed, spaced), None);
    }
}
