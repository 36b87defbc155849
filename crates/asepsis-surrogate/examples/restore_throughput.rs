//! How fast a stream is restored: `cargo run --release -p asepsis-surrogate --example restore_throughput`.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use asepsis_surrogate::{Code, Context, Issued, Restorer};

fn main() {
    let words =
        "The patient was seen in the clinic today for follow-up of her blood pressure, which is well controlled. ";
    for surrogates in [0_u64, 10, 1_000, 100_000] {
        let mut builder = Issued::builder();
        for n in 0..surrogates {
            builder.insert(&format!("[NAME_{}]", code(n)), "Maria Gomez");
        }
        let issued = Arc::new(builder.build());
        let mut text = String::new();
        while text.len() < 8 << 20 {
            text.push_str(words);
            if surrogates > 0 {
                text.push_str(&format!("It was [NAME_{}] who called. ", code(text.len() as u64 % surrogates)));
            }
        }
        for (name, size) in [("tokens of 4 bytes", 4), ("pieces of 1 KiB", 1024), ("whole", text.len())] {
            let mut out = String::with_capacity(text.len());
            let start = Instant::now();
            let mut restorer = Restorer::new(Arc::clone(&issued), Context::Text);
            let mut at = 0;
            while at < text.len() {
                let end = (at + size).min(text.len());
                restorer.push(&text[at..end], &mut out);
                at = end;
            }
            restorer.finish(&mut out);
            let rate = text.len() as f64 / start.elapsed().as_secs_f64() / 1e6;
            println!("{surrogates:>6} issued, {name:<17} {rate:>6.0} MB/s, {} restored", restorer.tally().restored);
            black_box(out);
        }
    }
}

fn code(n: u64) -> Code {
    Code::from_bytes(n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes())
}
