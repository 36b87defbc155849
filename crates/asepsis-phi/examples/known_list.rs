//! Builds a list of invented people (100,000, or as many as the first argument says) and prints what it costs: time, memory, and
//! how fast text from standard input is inspected with it and without.

use std::io::{Read, Write};
use std::time::Instant;

use asepsis_phi::{Engine, KnownPerson, KnownPhi, Segment};
use asepsis_vocab::IdentifierClass;

fn words(list: &'static str) -> Vec<&'static str> {
    list.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(100_000), |n| n.parse())?;
    let (first, last) = (words(include_str!("../data/first-names.txt")), words(include_str!("../data/surnames.txt")));
    let mut state = 42_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    let start = Instant::now();
    let mut known = KnownPhi::new();
    for _ in 0..count {
        let (given, middle, family) =
            (first[random(first.len())], first[random(first.len())], last[random(last.len())]);
        known.add(
            &KnownPerson::new()
                .name_parts(&[given, middle], family)
                .birth(&format!("{}-{:02}-{:02}", 1930 + random(90), 1 + random(12), 1 + random(28)))
                .phone(&format!("{}-555-{:04}", 201 + random(700), random(10_000)))
                .email(&format!("{given}.{family}{}@example.org", random(1_000)))
                .address(&format!(
                    "{} {} Street, {}, MA {:05}",
                    1 + random(9_999),
                    last[random(last.len())],
                    "Everfield",
                    random(100_000)
                ))
                .id(IdentifierClass::Mrn, &format!("{:08}", random(100_000_000)))
                .id(IdentifierClass::Ssn, &format!("{:09}", random(1_000_000_000))),
        );
    }
    let built = start.elapsed();
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let engine = Engine::new();
    let rate = |known: &KnownPhi| {
        let (mut best, mut found) = (f64::INFINITY, 0);
        for _ in 0..5 {
            let start = Instant::now();
            let documents = text.split_inclusive("\n\n\n").map(|text| Segment { text, field: None });
            found = documents.map(|d| engine.inspect(&[d], known)[0].len()).sum();
            best = best.min(start.elapsed().as_secs_f64());
        }
        #[expect(clippy::cast_precision_loss, reason = "a few digits are shown")]
        let rate = text.len() as f64 / best / 1e6;
        (rate, found)
    };
    let (without, with) = (rate(&KnownPhi::new()), rate(&known));
    let (people, size) = (known.people(), known.size() >> 20);
    writeln!(
        std::io::stdout(),
        "{people} people: built in {built:.1?}, {size} MiB; {:.1} MB/s ({} findings) with it, {:.1} MB/s ({}) without",
        with.0,
        with.1,
        without.0,
        without.1
    )?;
    Ok(())
}
