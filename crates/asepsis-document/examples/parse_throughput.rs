//! How fast JSON and event streams are read: `cargo run --release -p asepsis-document --example parse_throughput`.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use asepsis_document::json::{Json, Limits};
use asepsis_document::sse::{Parser, write_event};

fn main() {
    let content = "The patient was seen in the clinic today for follow-up of her blood pressure.\\n".repeat(20);
    let message = format!(r#"{{"role":"user","content":[{{"type":"text","text":"{content}","n":17}}]}}"#);
    let document = format!(r#"{{"model":"m","messages":[{}]}}"#, vec![message; 2_000].join(","));
    rate("json: long strings", document.len(), || {
        let json = Json::parse(document.as_bytes(), &Limits::default()).expect("valid");
        black_box(json.leaves().map(|l| l.text().len()).sum::<usize>());
        black_box(json.edits().apply());
    });

    let members: Vec<String> = (0..20_000).map(|i| format!(r#"{{"id":{i},"ok":true,"t":[1,2.5,null]}}"#)).collect();
    let dense = format!("[{}]", members.join(","));
    rate("json: short values", dense.len(), || {
        black_box(Json::parse(dense.as_bytes(), &Limits::default()).expect("valid").leaves().count());
    });

    let mut stream = Vec::new();
    for _ in 0..20_000 {
        write_event(&mut stream, Some("content_block_delta"), r#"{"type":"delta","delta":{"text":" word"}}"#);
    }
    rate("events: deltas", stream.len(), || {
        let mut parser = Parser::new(1 << 20);
        let mut events = Vec::new();
        for piece in stream.chunks(1_400) {
            parser.push(piece, &mut events).expect("valid");
            black_box(events.drain(..).count());
        }
    });
}

fn rate(name: &str, bytes: usize, work: impl Fn()) {
    const ROUNDS: u32 = 10;
    let start = Instant::now();
    for _ in 0..ROUNDS {
        work();
    }
    let seconds = start.elapsed().as_secs_f64() / f64::from(ROUNDS);
    println!("{name:<18} {:>6.0} MB/s of {bytes} bytes", bytes as f64 / seconds / 1e6);
}
