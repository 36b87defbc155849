#![no_main]
//! An answer comes out the same however it is split, what is JSON stays JSON, and no address beyond the list is left.

use std::sync::Arc;

use asepsis_egress::{Canary, Filter, Hosts, Secrets, Written};
use libfuzzer_sys::fuzz_target;

fn filtered(hosts: &Arc<Hosts>, written: Written, pieces: &[&str]) -> String {
    let mut filter = Filter::new(Arc::clone(hosts)).written(written);
    let mut out = String::new();
    for piece in pieces {
        filter.push(piece, &mut out);
    }
    filter.finish(&mut out);
    out
}

/// Whether an address of this host is left: behind a scheme, which has two letters or more. Nothing opens `://evil` alone, and one letter
/// is a drive.
fn names_a_host(text: &str) -> bool {
    text.match_indices("://evil").any(|(at, _)| {
        let in_scheme = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-');
        let scheme: Vec<char> = text[..at].chars().rev().take_while(in_scheme).collect();
        scheme.iter().rposition(char::is_ascii_alphabetic).is_some_and(|first| first >= 1)
    })
}

fuzz_target!(|input: (&str, u16)| {
    let (text, at) = input;
    let hosts = Arc::new(Hosts::shipped());
    let at = text.floor_char_boundary(usize::from(at).min(text.len()));
    for written in [Written::Plain, Written::Json] {
        let whole = filtered(&hosts, written, &[text]);
        assert_eq!(filtered(&hosts, written, &[&text[..at], &text[at..]]), whole);
        assert!(!names_a_host(&whole), "an address is left");
    }
    if serde_json::from_str::<serde_json::Value>(text).is_ok() {
        let out = filtered(&hosts, Written::Json, &[text]);
        assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok(), "it was JSON");
    }
    let canaries = [Canary::new("a", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])];
    let secrets = Secrets::new(&canaries);
    let mut watcher = secrets.watcher();
    let mut out = String::new();
    let found = watcher.push(&text[..at], &mut out).or(watcher.push(&text[at..], &mut out));
    watcher.finish(&mut out);
    assert!(found.is_some() || out == text);
});
