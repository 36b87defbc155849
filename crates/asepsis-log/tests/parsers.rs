//! What comes from outside (proofs, growth, checkpoints, keys, policies) is read or refused, whatever it is: no panic, no endless
//! work, and what is read is written again as it was.
#![allow(clippy::unwrap_used)]

use asepsis_log::proof::{Consistency, TlogProof, consistent};
use asepsis_log::{ParsedCheckpoint, Policy, VerifierKey, WitnessKey};
use proptest::prelude::*;

const HASH: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn checkpoint(size: u64) -> String {
    format!("log.example/1\n{size}\n{HASH}\n\n\u{2014} log.example/1 AAAAAAAAAAA=\n")
}

/// Lines that such texts are made of, in any order, with anything between them.
fn lines() -> impl Strategy<Value = String> {
    let key = WitnessKey::generate("witness.example/w").unwrap().verifier_keys()[0].to_string();
    let known = prop::sample::select(vec![
        "c2sp.org/tlog-proof@v1".to_owned(),
        "extra AAAA".to_owned(),
        "index 7".to_owned(),
        "old 7".to_owned(),
        HASH.to_owned(),
        String::new(),
        "log.example/1".to_owned(),
        "18446744073709551615".to_owned(),
        "\u{2014} log.example/1 AAAAAAAAAAA=".to_owned(),
        format!("witness w {key}"),
        "group g any w".to_owned(),
        "quorum none".to_owned(),
        "quorum g".to_owned(),
    ]);
    let line = prop_oneof![4 => known, 1 => ".{0,40}".prop_map(String::from)];
    prop::collection::vec(line, 0..14).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn r27_anything_at_all_is_read_or_refused(text in prop_oneof![".{0,200}".prop_map(String::from), lines()]) {
        if let Ok(proof) = TlogProof::parse(&text) {
            let _ = proof.check(b"entry");
            prop_assert_eq!(TlogProof::parse(&proof.to_text()).unwrap(), proof);
        }
        if let Ok(growth) = Consistency::parse(&text) {
            let _ = growth.check(&[7; 32]);
            prop_assert_eq!(growth.to_text(), text.clone());
        }
        if let Ok(parsed) = ParsedCheckpoint::new(text.as_bytes()) {
            prop_assert!(text.as_bytes().starts_with(parsed.text()));
        }
        let _ = VerifierKey::list(&text);
        if let Ok(policy) = Policy::parse(&text) {
            let _ = policy.check(&text);
            let _ = policy.check(&checkpoint(3));
        }
    }

    #[test]
    fn r27_no_made_up_proof_holds_however_large_its_numbers(
        sizes in [any::<u64>(), any::<u64>()],
        index in any::<u64>(),
        hashes in prop::collection::vec(any::<[u8; 32]>(), 0..63),
        root in any::<[u8; 32]>(),
    ) {
        let proof = TlogProof { index, hashes: hashes.clone(), extra: None, checkpoint: checkpoint(sizes[0]) };
        prop_assert!(proof.check(b"entry").is_err());
        let [one, other] = sizes;
        if one != 0 && one != other {
            prop_assert!(consistent(one, root, other, [9; 32], &hashes).is_err());
        }
    }
}

#[test]
fn r27_the_largest_numbers_are_met_in_bounded_time() {
    for (old, size) in [(1, u64::MAX), (u64::MAX - 1, u64::MAX), (1 << 63, (1 << 63) + 1), (u64::MAX, u64::MAX)] {
        for count in [0, 1, 62, 63, 64] {
            assert!(consistent(old, [1; 32], size, [2; 32], &vec![[3; 32]; count]).is_err());
        }
    }
    // From nothing everything goes on, without a proof and not with one.
    assert!(consistent(0, [1; 32], 7, [2; 32], &[]).is_ok());
    assert!(consistent(0, [1; 32], 7, [2; 32], &[[3; 32]]).is_err());
    assert!(consistent(0, [1; 32], 0, [2; 32], &[]).is_err(), "the empty tree has one root");
}
