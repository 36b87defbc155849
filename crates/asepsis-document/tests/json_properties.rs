//! The view over JSON against another parser, on values and bytes made at random.

use asepsis_document::json::{Json, JsonErrorKind, Kind, Limits, Node};
use proptest::prelude::*;
use serde_json::{Map, Value};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e15..1e15).prop_map(|n: f64| Value::from(n)),
        any::<String>().prop_map(Value::from),
        "[\"\\\\\u{0}-\u{1f}é😀/a]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let key = prop_oneof!["[a-c]{0,2}", any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..12).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

fn source(value: &Value, pretty: bool) -> String {
    if pretty { serde_json::to_string_pretty(value).expect("a value is printable") } else { value.to_string() }
}

/// The same value as the other parser would have it.
fn to_value(node: Node<'_>) -> Value {
    match node.kind() {
        Kind::Object => Value::Object(node.members().map(|(k, v)| (k.into_owned(), to_value(v))).collect()),
        Kind::Array => node.items().map(to_value).collect(),
        Kind::String => Value::from(node.as_str().expect("a string").into_owned()),
        Kind::Number => serde_json::from_slice(node.raw()).expect("a number"),
        Kind::Bool => Value::from(node.as_bool().expect("a truth value")),
        Kind::Null => Value::Null,
    }
}

/// Replaces each string and each key by what `new` makes of its number; the same order as the leaves.
fn edited(value: &Value, at: &mut usize, new: &impl Fn(usize, &str) -> Option<String>) -> Value {
    let mut change = |s: &str| {
        let n = *at;
        *at += 1;
        new(n, s).unwrap_or_else(|| s.to_owned())
    };
    match value {
        Value::String(s) => Value::from(change(s)),
        Value::Array(items) => items.iter().map(|v| edited(v, at, new)).collect(),
        Value::Object(members) => {
            let mut out = Map::new();
            for (k, v) in members {
                let n = *at;
                *at += 1;
                out.insert(new(n, k).unwrap_or_else(|| k.clone()), edited(v, at, new));
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

/// Byte strings near to JSON.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(b"{}[]\",:\\u0019eE+-. \ntfn\0\x7f".to_vec()),
        1 => any::<u8>(),
    ];
    let change = (any::<prop::sample::Index>(), byte, 0..3_u8);
    (value(), any::<bool>(), prop::collection::vec(change, 0..4)).prop_map(|(value, pretty, changes)| {
        let mut bytes = source(&value, pretty).into_bytes();
        for (index, byte, how) in changes {
            let at = index.index(bytes.len().max(1));
            match how {
                0 if at < bytes.len() => bytes[at] = byte,
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

/// Whether the other parser takes `bytes`, with numbers and depth left aside.
fn agrees(bytes: &[u8]) -> Result<(), TestCaseError> {
    let ours = Json::parse(bytes, &Limits::default()).map(|j| to_value_or_none(j.root()));
    let theirs = serde_json::from_slice::<Value>(bytes);
    match (ours, theirs) {
        (Ok(Some(ours)), Ok(theirs)) => prop_assert_eq!(ours, theirs),
        (Err(e), Ok(_)) => prop_assert_eq!(e.kind, JsonErrorKind::DuplicateKey),
        (Ok(_), Err(e)) => prop_assert!(e.to_string().contains("number out of range"), "{}", e),
        _ => {}
    }
    Ok(())
}

fn to_value_or_none(node: Node<'_>) -> Option<Value> {
    serde_json::from_slice::<Value>(node.raw()).ok().map(|_| to_value(node))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_value_is_read_and_kept(value in value(), pretty in any::<bool>()) {
        let text = source(&value, pretty);
        let json = Json::parse(text.as_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(json.edits().apply(), text.as_bytes());
        prop_assert_eq!(to_value(json.root()), serde_json::from_str::<Value>(&text).unwrap());
    }

    #[test]
    fn an_edited_document_is_the_edited_value(value in value(), pretty in any::<bool>(), word in any::<String>(), every in 1..4_usize) {
        let new = |n: usize, _: &str| n.is_multiple_of(every).then(|| format!("{word}{n}"));
        let text = source(&value, pretty);
        let json = Json::parse(text.as_bytes(), &Limits::default()).unwrap();
        let mut edits = json.edits();
        for (n, leaf) in json.leaves().filter(|l| l.node.kind() == Kind::String).enumerate() {
            if let Some(new) = new(n, "") {
                if leaf.node.is_key() { edits.set_key(leaf.node.id(), &new) } else { edits.set_string(leaf.node.id(), &new) }
            }
        }
        let expect = edited(&serde_json::from_str(&text).unwrap(), &mut 0, &new);
        prop_assert_eq!(serde_json::from_slice::<Value>(&edits.apply()).unwrap(), expect);
    }

    #[test]
    fn bytes_near_to_json_are_taken_or_refused_as_another_parser_does(bytes in mutated()) {
        agrees(&bytes)?;
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        agrees(&bytes)?;
    }

    #[test]
    fn no_text_of_json_characters_makes_it_panic(text in "[\\[\\]{}\",:\\\\u0-9a-ftrueEnl+. -]{0,24}") {
        agrees(text.as_bytes())?;
    }
}
