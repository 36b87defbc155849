//! The view over JSON: what it reads, what it refuses, and that it changes nothing but what it was told to.

use asepsis_document::json::{Json, JsonErrorKind as E, Kind, LeafKind, Limits};

fn parse(text: &str) -> Json<'_> {
    Json::parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

#[track_caller]
fn refuses(bytes: impl AsRef<[u8]>, offset: usize, kind: E) {
    let error = Json::parse(bytes.as_ref(), &Limits::default()).expect_err("it is no strict JSON");
    assert_eq!((error.offset, error.kind), (offset, kind), "{error}");
}

#[test]
fn values_are_read_where_they_stand() {
    let json = parse(r#" {"a": [1, -2.5e3, "x\n\u00e9\ud83d\ude00"], "b": {"c": true, "d": null}, "": "plain"} "#);
    let root = json.root();
    assert_eq!(root.kind(), Kind::Object);
    let items: Vec<_> = root.get("a").unwrap().items().collect();
    assert_eq!((items[0].as_u64(), items[1].as_f64(), items[1].as_i64()), (Some(1), Some(-2500.0), None));
    assert_eq!(items[2].as_str().unwrap(), "x\né😀");
    assert_eq!(items[2].index(), Some(2));
    let b = root.get("b").unwrap();
    assert_eq!(b.get("c").unwrap().as_bool(), Some(true));
    assert_eq!(b.get("d").unwrap().kind(), Kind::Null);
    assert_eq!(b.get("d").unwrap().parent().unwrap().id(), b.id());
    assert_eq!(b.key().unwrap(), "b");
    assert!(matches!(root.get("").unwrap().as_str(), Some(std::borrow::Cow::Borrowed("plain"))));
    assert!(root.get("zzz").is_none() && root.parent().is_none() && root.key().is_none());
    assert_eq!(root.members().map(|(k, _)| k.into_owned()).collect::<Vec<_>>(), ["a", "b", ""]);
    assert_eq!(b.raw(), br#"{"c": true, "d": null}"#);
}

#[test]
fn leaves_are_keys_strings_and_numbers_in_document_order() {
    let json = parse(r#"{"a":["x",1,true],"b":null}"#);
    let leaves: Vec<_> = json.leaves().map(|l| (l.kind, l.text().into_owned())).collect();
    let expect = [(LeafKind::Key, "a"), (LeafKind::String, "x"), (LeafKind::Number, "1"), (LeafKind::Key, "b")];
    assert_eq!(leaves, expect.map(|(k, t)| (k, t.to_owned())));
}

#[test]
fn a_path_shows_plain_names_and_hides_data_used_as_names() {
    let json = parse(r#"{"messages":[0,1,{"content":[{"text":"x"}],"Maria Gomez":{"y":1},"Gómez":2}]}"#);
    let paths: Vec<String> = json.leaves().map(|l| l.node.path().to_string()).collect();
    assert!(paths.contains(&"messages[2].content[0].text".to_owned()));
    assert!(paths.contains(&"messages[2].?.y".to_owned()));
    assert!(paths.contains(&"messages[2].?".to_owned()));
    assert!(paths.iter().all(|p| !p.contains("Maria") && !p.contains("mez")));
    assert_eq!(json.root().path().to_string(), "$");
}

#[test]
fn what_is_not_changed_is_byte_for_byte_what_came_in() {
    let text = " {\"z\" :1.0e+2,\t\"a\": \"\\u0041\\/\" , \"keep\":[ 1 ,2]\r\n} ";
    let json = parse(text);
    assert_eq!(json.edits().apply(), text.as_bytes());
    let mut edits = json.edits();
    assert!(edits.is_empty());
    edits.set_string(json.root().get("a").unwrap().id(), "q\"\\\n\u{1}é");
    edits.set_raw(json.root().get("keep").unwrap().items().next().unwrap().id(), b"[]");
    edits.set_key(json.root().get("z").unwrap().id(), "name");
    let expect = " {\"name\" :1.0e+2,\t\"a\": \"q\\\"\\\\\\n\\u0001é\" , \"keep\":[ [] ,2]\r\n} ";
    assert_eq!(String::from_utf8(edits.apply()).unwrap(), expect);
}

#[test]
fn an_edit_within_a_replaced_value_is_lost_with_it() {
    let json = parse(r#"{"a":{"b":1},"c":2}"#);
    let mut edits = json.edits();
    edits.set_raw(json.root().get("a").unwrap().get("b").unwrap().id(), b"9");
    edits.set_raw(json.root().get("a").unwrap().id(), b"null");
    edits.set_raw(json.root().get("c").unwrap().id(), b"3");
    assert_eq!(edits.apply(), br#"{"a":null,"c":3}"#);
}

#[test]
fn a_renamed_key_keeps_an_edited_value() {
    let json = parse(r#"{"a":1}"#);
    let mut edits = json.edits();
    let key = json.leaves().next().unwrap().node;
    assert!(key.is_key());
    edits.set_key(key.id(), "b");
    edits.set_raw(json.root().get("a").unwrap().id(), b"2");
    edits.set_key(json.root().id(), "ignored");
    assert_eq!(edits.apply(), br#"{"b":2}"#);
}

#[test]
fn each_fault_has_its_kind_and_its_place() {
    refuses("", 0, E::UnexpectedEnd);
    refuses("  ", 2, E::UnexpectedEnd);
    refuses("[1,", 3, E::UnexpectedEnd);
    refuses("\"abc", 4, E::UnexpectedEnd);
    refuses("tru", 3, E::UnexpectedEnd);
    refuses("trux", 3, E::UnexpectedByte);
    refuses("[1 2]", 3, E::UnexpectedByte);
    refuses("[1,]", 3, E::UnexpectedByte);
    refuses("{\"a\":1,}", 7, E::UnexpectedByte);
    refuses("{a:1}", 1, E::UnexpectedByte);
    refuses("[1}", 2, E::UnexpectedByte);
    refuses("\u{FEFF}{}", 0, E::ByteOrderMark);
    refuses("[\0]", 1, E::Nul);
    refuses("\"a\0\"", 2, E::Nul);
    refuses(r#""\x""#, 1, E::BadEscape);
    refuses(r#""\u12g4""#, 5, E::BadEscape);
    refuses(r#""\ud800""#, 1, E::LoneSurrogate);
    refuses(r#""\ud800\u0041""#, 1, E::LoneSurrogate);
    refuses(r#""\udc00""#, 1, E::LoneSurrogate);
    refuses("\"a\nb\"", 2, E::ControlCharacter);
    refuses(b"\"a\xFFb\"", 2, E::InvalidUtf8);
    refuses(b"[] \xFF", 3, E::InvalidUtf8);
    refuses(b"[}\xFF", 1, E::UnexpectedByte);
    refuses("01", 1, E::BadNumber);
    refuses("1.", 2, E::UnexpectedEnd);
    refuses("[-]", 2, E::BadNumber);
    refuses("1e+x", 3, E::BadNumber);
    refuses("{} {}", 3, E::TrailingData);
    refuses(r#"{"a":1,"\u0061":2}"#, 7, E::DuplicateKey);
    refuses(r#"{"a":1,"b":{"a":2},"c":{"x":1,"x":1}}"#, 30, E::DuplicateKey);
}

#[test]
fn an_error_names_line_and_column_and_never_quotes_the_text() {
    let error = Json::parse(b"{\n  \"Maria Gomez\": tru\n}", &Limits::default()).unwrap_err();
    assert_eq!((error.line, error.column), (2, 21));
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("line 2, column 21") && !shown.contains("Gomez"), "{shown}");
    let json = parse(r#"{"Maria":"Gomez"}"#);
    let shown = format!("{json:?} {:?} {:?} {:?}", json.root(), json.edits(), json.leaves().last());
    assert!(!shown.contains("Maria") && !shown.contains("Gomez"), "{shown}");
}

#[test]
fn nesting_of_any_depth_is_an_error_and_no_crash() {
    for depth in [129, 10_000, 10_000_000] {
        refuses("[".repeat(depth), 128, E::TooDeep);
        refuses("{\"a\":".repeat(depth), 5 * 128, E::TooDeep);
    }
    parse(&("[".repeat(128) + &"]".repeat(128)));
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let limits = Limits { max_depth: 100_000, ..Limits::default() };
    assert!(Json::parse(deep.as_bytes(), &limits).is_ok());
}

#[test]
fn the_number_of_nodes_is_bounded() {
    let limits = Limits { max_nodes: 4, ..Limits::default() };
    assert!(Json::parse(b"[1,2,3]", &limits).is_ok());
    let error = Json::parse(b"[1,2,3,4]", &limits).unwrap_err();
    assert_eq!((error.kind, error.offset), (E::TooManyNodes, 7));
    assert_eq!(Json::parse(b"{\"a\":1,\"b\":2}", &limits).unwrap_err().kind, E::TooManyNodes);
}

#[test]
fn one_object_with_very_many_members_is_read_in_linear_time() {
    let members: Vec<String> = (0..100_000).map(|i| format!("\"k{i}\":{i}")).collect();
    let start = std::time::Instant::now();
    parse(&format!("{{{}}}", members.join(",")));
    refuses(format!("{{{},\"k7\":0}}", members.join(",")), members.join(",").len() + 2, E::DuplicateKey);
    assert!(start.elapsed().as_secs() < 5, "took {:?}", start.elapsed());
}
