//! Numbers are found however people announce them, and clinical numbers are left alone.

use asepsis_phi::Engine;

thread_local! {
    static ENGINE: Engine = Engine::builder().titles_apart().build().expect("shipped settings make an engine");
}

fn lines(data: &'static str) -> impl Iterator<Item = &'static str> {
    data.lines().filter(|l| !l.starts_with('#') && !l.is_empty())
}

fn found(text: &str) -> Vec<String> {
    ENGINE.with(|e| e.inspect_text(text).iter().map(|f| format!("{}:{}", f.class, &text[f.span.range()])).collect())
}

#[test]
fn r5_a_number_is_found_however_it_is_announced() {
    let mut wrong = Vec::new();
    for line in lines(include_str!("data/phrasings.tsv")) {
        let (class, marked) = line.split_once('\t').unwrap();
        let text = marked.replace(['«', '»'], "");
        let value = marked.split('«').nth(1).and_then(|v| v.split('»').next()).unwrap();
        let at = text.find(value).unwrap();
        let out = ENGINE.with(|e| e.inspect_text(&text));
        // A prefix that stands apart may be taken along or left.
        let good = out.iter().any(|f| {
            f.class.label() == class
                && f.span.start <= at + 4
                && at <= f.span.start + 8
                && f.span.end == at + value.len()
        });
        if !good {
            wrong.push(format!("{marked}: {:?}", found(&text)));
        }
    }
    assert!(wrong.is_empty(), "{}\n{} wrong", wrong.join("\n"), wrong.len());
}

#[test]
fn r5_clinical_numbers_are_left_alone() {
    let texts = lines(include_str!("data/benign.txt"));
    let wrong: Vec<_> = texts.filter_map(|t| Some((t, found(t))).filter(|(_, f)| !f.is_empty())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
