//! Canaries come back in no disguise, however an answer is split.

use asepsis_egress::{Canary, Secrets};
use proptest::prelude::*;

fn canaries() -> [Canary; 2] {
    [
        Canary::new("system", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        Canary::new("messages[1]", [200, 100, 50, 25, 12, 6, 3, 1, 255, 128]),
    ]
}

fn base64(bytes: &[u8]) -> String {
    const TABLE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let value = group.iter().fold(0u32, |value, byte| (value << 8) | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let letter = TABLE[(value >> (18 - 6 * at)) as usize & 63];
            out.push(if at <= group.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

fn disguised(word: &str) -> Vec<String> {
    let spaced = |mark: &str| word.chars().map(|c| c.to_string()).collect::<Vec<_>>().join(mark);
    let rot13 = |c: char| match c {
        'a'..='z' => char::from((c as u8 - b'a' + 13) % 26 + b'a'),
        other => other,
    };
    let mut all = vec![
        word.to_owned(),
        word.to_uppercase(),
        word.chars().rev().collect(),
        spaced(" "),
        spaced("-"),
        spaced("\u{200b}"),
        spaced("\n* "),
        word.chars().map(rot13).collect(),
        word.bytes().map(|b| format!("{b:02X}")).collect(),
        word.bytes().map(|b| format!("%{b:02x}")).collect(),
        word.bytes().map(|b| format!("\\x{b:02x}")).collect(),
        word.bytes().map(|b| format!("&#{b};")).collect(),
        word.bytes().map(|b| format!("&#x{b:x};")).collect(),
        word.bytes().map(|b| format!("{b} ")).collect(),
        format!("{}/{}", &word[..8], &word[8..]),
    ];
    for before in ["", "a", "ab", "the code is "] {
        all.push(base64(format!("{before}{word} and so on").as_bytes()));
    }
    all
}

#[test]
fn r28_a_canary_is_found_in_every_disguise_before_its_last_byte_whatever_the_pieces() {
    let canaries = canaries();
    let secrets = Secrets::new(&canaries);
    for (which, canary) in canaries.iter().enumerate() {
        for form in disguised(canary.word()) {
            let answer = format!("Here it is, as you asked: {form} - was that all?");
            for size in [1, 2, 3, 7, 1000] {
                let mut watcher = secrets.watcher();
                let mut out = String::new();
                let characters: Vec<char> = answer.chars().collect();
                let pieces = characters.chunks(size).map(|piece| piece.iter().collect::<String>());
                let found = pieces.map(|piece| watcher.push(&piece, &mut out)).last().flatten();
                watcher.finish(&mut out);
                let found = found.unwrap_or_else(|| panic!("{form} in pieces of {size}"));
                assert_eq!(found.which, which);
                assert!(!out.contains("was that all"), "{form}: nothing goes out after it");
                assert!(!out.contains(&form), "{form}: {out}");
            }
        }
    }
}

proptest! {
    #[test]
    fn text_without_a_secret_comes_out_as_it_was(text in "(?s).{0,400}", size in 1usize..40) {
        let canaries = canaries();
        let secrets = Secrets::new(&canaries);
        let mut watcher = secrets.watcher();
        let mut out = String::new();
        let characters: Vec<char> = text.chars().collect();
        for piece in characters.chunks(size) {
            prop_assert_eq!(watcher.push(&piece.iter().collect::<String>(), &mut out), None);
        }
        watcher.finish(&mut out);
        prop_assert_eq!(out, text);
    }

    #[test]
    fn what_begins_like_a_secret_and_goes_on_otherwise_comes_out_as_it_was(length in 1usize..16, rest in "[ -~]{0,60}", size in 1usize..9) {
        let canaries = canaries();
        let secrets = Secrets::new(&canaries);
        let text = format!("x {}~{rest}", &canaries[0].word()[..length]);
        prop_assume!(secrets.in_text(&text).is_none());
        let mut watcher = secrets.watcher();
        let mut out = String::new();
        let characters: Vec<char> = text.chars().collect();
        for piece in characters.chunks(size) {
            watcher.push(&piece.iter().collect::<String>(), &mut out);
        }
        watcher.finish(&mut out);
        prop_assert_eq!(out, text);
    }
}
