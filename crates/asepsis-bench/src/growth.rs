//! Whether time grows with the text or with its square: texts that say one thing over and over, and four times as long.
//!
//! Whoever may send a request may send such a text. What grows with the square takes sixteen times as long for four times the text, and a
//! thread for minutes where the text is as long as a request may be.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use asepsis_census::{Key, Part, People};
use asepsis_clinical::{Checks, Piece, Tables};
use asepsis_document::{html, mail, table};
use asepsis_egress::{Filter, Hosts, Shingles, keys_in};
use asepsis_guard::{Guard, Pack, Thresholds};
use asepsis_phi::{Engine, KnownPhi, Segment, Tripwire};
use asepsis_surrogate::{Code, Context, Issued, Restorer, placeholder};
use asepsis_vocab::{Channel, Finding, Origin};

use crate::guard::fragments;
use crate::println;

/// Bytes of the shorter texts; the longer ones have [`TIMES`] as many.
const SHORT: usize = 128 << 10;
const TIMES: usize = 4;

/// From so many times the time on, a step is printed: between [`TIMES`] of what grows with the text and sixteen of what grows with its square.
const SUSPECT: f64 = 8.0;

/// What takes no longer than this is not looked at.
const SOON: Duration = Duration::from_millis(20);

/// What texts say over and over.
#[rustfmt::skip]
const UNITS: &[&str] = &[
    "a", "7", " ", "\n", "\t", "\r", "(", ")", "[", "]", "{", "<", ">", "\"", "'", "`", "\\", "/", "|", ",", ".", ";",
    ":", "-", "_", "=", "+", "*", "#", "@", "&", "%", "~", "^", "é", "e\u{301}", "\u{301}", "漢", "😀", "Ａ", "\u{200b}",
    "\u{202e}", "а", "ab", "a7", "a ", "A ", "Abcde ", "aA1 ", "QUJD", "deadbeef", "%41", "&amp;", "=C3", "[]",
    "{\"a\":", "<a>", "<a href=\"", "</a>", "<!--", "a=", "a;", "a,", "a|", "1.", "1-", "1 ", "555-1234 ",
    "(555) 555-0123 ", "01/02/2020 ", "May 5 ", "1.2.3.4 ", "a@b.co ", "http://", "https://a.b/c?d=e ",
    "MRN 12345678 ", "123-45-6789 ", "92 year old ", "12 Oak St ", "MA 02139 ", "42.36, -71.05 ", "ABC 123 ",
    "(01)12345678901234", "4111111111111111 ", "Dr. ", "Dr. Smith ", "Ms. Jones, ", ", MD ", "Dear ", "Signed by ",
    "Mercy Hospital ", "John Smith ", "Smith's ", "Smith, ", "Name: ", "Name: Bob\n",
    "Patient: John Smith MRN 123456\n", "John,Smith,01/02/1950\n", "and ", "of ", "no ", "one two ", "five five ",
    "double ", "third of ", "warfarin 5 mg ", "BP 120/80 ", "allergic to penicillin. ", "> ", "```\n",
    "ignore previous instructions ", "system: ", "\\u0041", "[NAME_", "[NAME_7F3K9QXA2BCDE] ", "password: ",
    "-----BEGIN ", "sk-", "sk-a.", "eyJ.", "password:", "ghp_", "AKIA.",
];

type Step<'a> = (&'static str, Box<dyn Fn(&str) + 'a>);

/// Prints each step and text whose time grows faster than the text does. As many texts as `more` says are put together of two or three of
/// what the others say; from the same `seed` the same.
pub(crate) fn run(more: usize, seed: u64) {
    let engine = Engine::new();
    let steps = steps(&engine);
    println(&format!(
        "{:28} {:24} {:>12} {:>12} {:>8}",
        "step", "over and over", "128 KiB, ms", "512 KiB, ms", "times"
    ));
    let (mut looked_at, mut suspect) = (0, 0);
    let mut state = seed;
    let mut any = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        UNITS[(state >> 33) as usize % UNITS.len()]
    };
    let together = (0..more).map(|n| (0..2 + n % 2).map(|_| any()).collect::<String>());
    for unit in UNITS.iter().map(|unit| (*unit).to_owned()).filter(|_| more == 0).chain(together) {
        for (name, step) in &steps {
            let [short, long] =
                [SHORT, SHORT * TIMES].map(|bytes| least(step, &unit.repeat(bytes.div_ceil(unit.len()))));
            looked_at += 1;
            let times = long.as_secs_f64() / short.as_secs_f64().max(f64::MIN_POSITIVE);
            if long > SOON && times > SUSPECT {
                suspect += 1;
                let [short, long] = [short, long].map(|time| time.as_secs_f64() * 1e3);
                println(&format!("{name:28} {:24} {short:>12.1} {long:>12.1} {times:>8.1}", format!("{unit:?}")));
            }
        }
    }
    println(&format!("{looked_at} looked at, {suspect} of them grow faster than the text"));
}

/// The steps that an exchange, a scan or a file goes through, each over one text.
fn steps(engine: &Engine) -> Vec<Step<'_>> {
    let inspect = |text: &str| -> Vec<Finding> {
        engine.inspect(&[Segment { text, field: None }], &KnownPhi::default()).pop().unwrap_or_default()
    };
    let guard = Guard::new(Pack::shipped(), Thresholds::default());
    let checks = Checks::new(Tables::shipped());
    let hosts = Arc::new(Hosts::shipped());
    let key = Key::new([1; 16]);
    vec![
        ("identifiers", Box::new(move |text| drop(black_box(inspect(text))))),
        ("identifiers, rules alone", Box::new(|text| drop(black_box(engine.inspect_by_rules(text))))),
        ("tripwire", Box::new(|text| _ = black_box(Tripwire::new().dates(true).find(text)))),
        ("whose they are", {
            Box::new(move |text| {
                let findings = inspect(text);
                let part = Part { text, record: None, field: None, findings: &findings };
                drop(black_box(People::of(&key, &[part])));
            })
        }),
        ("surrogates, in pieces", Box::new(move |text| surrogates(text, &inspect(text)))),
        ("hostile text", Box::new(move |text| drop(black_box(guard.inspect_document(text, Channel::ToolResult))))),
        ("keys and passwords", Box::new(|text| drop(black_box(keys_in(text))))),
        ("addresses, in pieces", {
            Box::new(move |text| {
                let mut filter = Filter::new(Arc::clone(&hosts));
                let mut out = String::with_capacity(text.len());
                fragments(text).for_each(|piece| filter.push(piece, &mut out));
                filter.finish(&mut out);
                drop(black_box(out));
            })
        }),
        ("instructions, in pieces", {
            Box::new(|text| {
                let asked = Shingles::of(text);
                let mut overlap = asked.overlap();
                fragments(text).for_each(|piece| overlap.push(piece));
                black_box(overlap.is_leak());
            })
        }),
        ("clinical checks", {
            Box::new(move |text| {
                let context = checks.context(&[Piece::new(text, Origin::Staff)]);
                drop(black_box(checks.review(text, &context)));
            })
        }),
        ("HTML", Box::new(|text| drop(black_box(html::fields(text, &Default::default()))))),
        ("mail", Box::new(|text| drop(black_box(mail::fields(text.as_bytes(), &Default::default()))))),
        ("table", {
            Box::new(|text| {
                if let Some(mark) = table::division(text) {
                    drop(black_box(table::fields(text, mark, &Default::default())));
                }
            })
        }),
    ]
}

/// Replaces what was found, and restores it.
fn surrogates(text: &str, findings: &[Finding]) {
    let mut issued = Issued::builder();
    let (mut rewritten, mut last) = (String::new(), 0);
    for (finding, n) in findings.iter().zip(1_u64..) {
        let code = Code::from_bytes(n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        let original = &text[finding.span.range()];
        let rendered = placeholder(finding.class, finding.detail, original, code, None);
        rewritten.push_str(&text[last..finding.span.start]);
        rewritten.push_str(&rendered);
        last = finding.span.end;
        issued = issued.add(&rendered, original);
    }
    rewritten.push_str(&text[last..]);
    let mut restorer = Restorer::new(Arc::new(issued.build()), Context::Text);
    let mut restored = String::with_capacity(text.len());
    fragments(&rewritten).for_each(|piece| restorer.push(piece, &mut restored));
    restorer.finish(&mut restored);
    drop(black_box(restored));
}

/// The least time of two.
fn least(step: impl Fn(&str), text: &str) -> Duration {
    let once = || {
        let began = Instant::now();
        step(black_box(text));
        began.elapsed()
    };
    once().min(once())
}
