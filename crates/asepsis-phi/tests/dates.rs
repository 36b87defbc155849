//! Dates of every form are found whole.

use asepsis_phi::Engine;
use asepsis_vocab::IdentifierClass;

#[test]
fn r5_a_date_is_found_in_every_form_of_the_table() {
    let engine = Engine::builder().titles_apart().build().expect("shipped settings make an engine");
    let mut wrong = Vec::new();
    for marked in include_str!("data/dates.txt").lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        let text = marked.replace(['«', '»'], "");
        let out = engine.inspect_text(&text);
        let expected: Vec<&str> = marked.split('«').skip(1).filter_map(|v| v.split('»').next()).collect();
        let found: Vec<&str> =
            out.iter().filter(|f| f.class == IdentifierClass::Date).map(|f| &text[f.span.range()]).collect();
        if found != expected {
            wrong.push(format!("{marked}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{} wrong", wrong.join("\n"), wrong.len());
}
