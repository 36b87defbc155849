//! Every form of exfiltration that we know of, whole and split at every character: nothing of it is left.

use std::sync::Arc;

use asepsis_egress::{Filter, Hosts, LONGEST_WORD, REMOVED, Written};
use proptest::prelude::*;
use serde::Deserialize;

const CORPUS: &str = include_str!("../../../data/guard/exfiltration.jsonl");

#[derive(Deserialize)]
struct Form {
    id: String,
    form: String,
    gone: Vec<String>,
}

fn hosts() -> Arc<Hosts> {
    Arc::new(Hosts::shipped())
}

fn filtered(hosts: &Arc<Hosts>, pieces: &[&str]) -> (String, usize) {
    let mut filter = Filter::new(Arc::clone(hosts));
    let mut out = String::new();
    for piece in pieces {
        filter.push(piece, &mut out);
    }
    filter.finish(&mut out);
    let flags = filter.found().0.len();
    (out, flags)
}

fn is_gone(out: &str, gone: &str) -> bool {
    match gone.strip_prefix('^') {
        Some(beginning) => !out.lines().any(|line| line.starts_with(beginning)),
        None => !out.to_lowercase().contains(&gone.to_lowercase()),
    }
}

#[test]
fn r28_nothing_of_any_form_gets_through_whole_or_split_at_every_character() {
    let hosts = hosts();
    let (mut forms, mut through) = (0, Vec::new());
    for line in CORPUS.lines() {
        let form: Form = serde_json::from_str(line).expect("a form");
        forms += 1;
        let text = form.form.as_str();
        let (whole, flags) = filtered(&hosts, &[text]);
        if !form.gone.iter().all(|gone| is_gone(&whole, gone)) || flags == 0 {
            through.push(format!("{}: {whole:?} ({flags} flags)", form.id));
            continue;
        }
        for (at, _) in text.char_indices().skip(1) {
            let (split, flags_split) = filtered(&hosts, &[&text[..at], &text[at..]]);
            assert_eq!((&split, flags_split > 0), (&whole, true), "{} at {at}", form.id);
        }
        let single: Vec<String> = text.chars().map(String::from).collect();
        let single: Vec<&str> = single.iter().map(String::as_str).collect();
        assert_eq!(filtered(&hosts, &single).0, whole, "{} by the character", form.id);
        // Within other text it is the same.
        let around = format!("Take 5 mg daily.\n{text}\nSee you on 3/4.");
        let (within, _) = filtered(&hosts, &[&around]);
        assert!(form.gone.iter().all(|gone| is_gone(&within, gone)), "{}: {within:?}", form.id);
        assert!(
            within.starts_with("Take 5 mg daily.\n") && within.ends_with("\nSee you on 3/4."),
            "{}: {within:?}",
            form.id
        );
    }
    assert!(through.is_empty(), "{} of {forms} get through:\n{}", through.len(), through.join("\n"));
    assert!(forms >= 150, "{forms}");
}

#[test]
fn r28_what_clinicians_read_comes_out_byte_for_byte() {
    let hosts = hosts();
    for text in [
        "Start amoxicillin 875 mg p.o. b.i.d. x 10 days; BP 120/80, HbA1c <7 %, K+ >5.0 mmol/L, SpO2=96%.",
        "| Drug | Dose |\n|---|---|\n| metoprolol | 25 mg |\n\n- [ ] recheck\n* see [the guideline](https://www.cdc.gov/flu/index.html)\n",
        "Assessment/Plan:\n1) HTN - continue.\n2) Data:WBC 7.2. Ratio 1:1. q.d./p.r.n. w/o fever. C:\\temp \\u0041 \\frac{a}{b}",
        "https://pubmed.ncbi.nlm.nih.gov/31535829/ and <https://loinc.org/4548-4/>",
        "Write to front@clinic.example or call tel:555-0100. R&D at AT&T; \"a < b && c > d\"; x = f(y)",
        "- aspirin\n-aspirin(81 mg)\n+1\n=\n@bedside\n\tindented, tab\n\r\nnaïve «ß» 漢字 👩‍⚕️ 👨‍👩‍👧",
        "{\"resourceType\": \"Observation\", \"valueQuantity\": {\"value\": 7.2, \"system\": \"http\"}}",
        "<ClinicalDocument><text>BP <b>120</b></text></ClinicalDocument>",
        "Smith J, et al. N Engl J Med. 2019;381:1. doi:10.1056/NEJMoa1911303. PMID: 31535829.",
        "[NAME_7F3K9QXA2BCDE] and her sister [NAME_8F3K9QXA2BCDE], born [DATE_1958_2YSASNASZPH1A].",
    ] {
        let (out, flags) = filtered(&hosts, &[text]);
        assert_eq!(out, text);
        assert_eq!(flags, 0, "{text}");
    }
}

/// A word without end is looked at in parts, and an address that lies across two of them is found.
#[test]
fn r28_an_address_in_a_word_without_end_is_found_wherever_it_lies() {
    let hosts = hosts();
    for before in [
        0,
        10,
        LONGEST_WORD - 600,
        LONGEST_WORD - 30,
        LONGEST_WORD - 8,
        LONGEST_WORD,
        LONGEST_WORD + 300,
        3 * LONGEST_WORD - 5,
    ] {
        for after in [0, 100, 3 * LONGEST_WORD] {
            let text = format!("{}(https://evil.example/?d={}4471902) end", "x".repeat(before), "y".repeat(after));
            let pieces: Vec<&str> =
                text.as_bytes().chunks(1000).map(|c| std::str::from_utf8(c).expect("ASCII")).collect();
            for pieces in [&[text.as_str()][..], &pieces] {
                let (out, _) = filtered(&hosts, pieces);
                assert!(!out.contains("evil") && !out.contains("4471902"), "{before}, {after}");
                assert!(out.contains(REMOVED) && out.ends_with(" end"), "{before}, {after}: {out}");
            }
        }
    }
}

proptest! {
    #[test]
    fn how_a_text_is_split_changes_nothing(text in "(?s)[ -~\u{80}-\u{a0}\n\t\u{1b}\u{e0041}é漢]{0,200}", at in 0usize..200) {
        let hosts = hosts();
        let at = text.floor_char_boundary(at.min(text.len()));
        prop_assert_eq!(filtered(&hosts, &[&text[..at], &text[at..]]).0, filtered(&hosts, &[&text]).0);
    }

    /// What is given out at once where its letters tell that there is nothing in it is what comes out letter by letter.
    #[test]
    fn words_are_filtered_together_as_letter_by_letter(
        text in "(([a-zA-Z0-9]{1,25}|[\"'(,;]{0,2}[=+@-][A-Z]{1,9}\\(1\\)|=IMAGE\\(1\\)|https://evil\\.example/x|[\"';,(]{1,2}[a-z]{0,3}\
                 |AKIA[A-Z0-9]{16}|-----BEGIN|PRIVATE|KEY-----|<img|é)[ \n\t\r]{1,2}){0,20}",
    ) {
        let hosts = hosts();
        let single: Vec<String> = text.chars().map(String::from).collect();
        let single: Vec<&str> = single.iter().map(String::as_str).collect();
        prop_assert_eq!(filtered(&hosts, &[&text]), filtered(&hosts, &single));
    }

    #[test]
    fn any_text_is_filtered_without_a_fault_and_flags_lie_within_it(text in "(?s).{0,300}") {
        let hosts = hosts();
        let mut filter = Filter::new(hosts);
        let mut out = String::new();
        filter.push(&text, &mut out);
        filter.finish(&mut out);
        for flag in filter.found().0 {
            prop_assert!(flag.span.start <= flag.span.end && flag.span.end <= text.len());
        }
    }
}

/// What is taken out of the source of JSON leaves JSON behind, wherever it was and however it is split.
#[test]
fn r28_json_stays_json_and_nothing_of_any_form_gets_through_in_it() {
    let hosts = hosts();
    let run = |pieces: &[&str]| {
        let mut filter = Filter::new(Arc::clone(&hosts)).written(Written::Json);
        let mut out = String::new();
        for piece in pieces {
            filter.push(piece, &mut out);
        }
        filter.finish(&mut out);
        out
    };
    for line in CORPUS.lines() {
        let form: Form = serde_json::from_str(line).expect("a form");
        let inner =
            serde_json::json!({"to": "x", "body": form.form, "n": [1, "C:\\temp\\new \\u0041 \\frac{a}{b}", "a\\\"b\n\tc", "é漢😀"]})
                .to_string();
        // As other writers escape it: every slash, and what is no ASCII.
        let slashes = inner.replace('/', "\\/");
        let coded: String = inner
            .chars()
            .map(|c| {
                if c.is_ascii() {
                    c.to_string()
                } else {
                    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
                }
            })
            .collect();
        for source in [inner, slashes, coded] {
            let out = run(&[&source]);
            let read: serde_json::Value =
                serde_json::from_str(&out).unwrap_or_else(|error| panic!("{}: {error}: {out}", form.id));
            assert_eq!(
                read["n"],
                serde_json::json!([1, "C:\\temp\\new \\u0041 \\frac{a}{b}", "a\\\"b\n\tc", "é漢😀"]),
                "{}",
                form.id
            );
            let body = read["body"].as_str().expect("a text");
            assert!(form.gone.iter().all(|gone| is_gone(body, gone)), "{}: {body:?}", form.id);
            let single: Vec<String> = source.chars().map(String::from).collect();
            let single: Vec<&str> = single.iter().map(String::as_str).collect();
            assert_eq!(run(&single), out, "{} by the character", form.id);
        }
    }
}
