//! Nothing that is secret shows itself: every type of this crate in `Debug`, and every error.
#![allow(clippy::unwrap_used)]

use std::fmt::Debug;
use std::sync::Arc;

use asepsis_keys::root::EpochPlace;
use asepsis_keys::{
    BlindKey, KeyError, KeyPlace, Keys, LocalRoot, PatientId, Record, RecordId, Root, RootError, RootKey, Roots,
    SealKey, Secret, Tenant,
};
use asepsis_vocab::SubjectId;

/// Every secret of the test is 32 times this byte, or this text.
const BYTE: u8 = 0xc7;
const TEXT: &str = "quackenbush-4711";

/// The secret as `Debug` or an error could print it: decimal, hexadecimal in both cases, base 64, text.
fn shows_no_secret(shown: &str) {
    let list = vec![BYTE.to_string(); 4].join(", ");
    let hex = format!("{BYTE:02x}").repeat(4);
    for needle in [list.as_str(), &hex, &hex.to_uppercase(), "x8fHx8fH", TEXT, &TEXT.to_uppercase(), "QUACKENBUSH"] {
        assert!(!shown.contains(needle), "{needle} in {shown}");
    }
}

fn debug(value: &dyn Debug) {
    shows_no_secret(&format!("{value:?}"));
    shows_no_secret(&format!("{value:#?}"));
}

#[tokio::test]
async fn invariant_1_no_type_and_no_error_of_the_keys_shows_a_secret_or_a_patient() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("root.key");
    let digits = format!("{BYTE:02x}").repeat(32);
    asepsis_db::files::create_secret(&file, format!("asepsis-root-key-1:{digits}\n").as_bytes()).unwrap();
    let secret = Secret::from_slice(&[BYTE; 32]).unwrap();
    // The check finds what does show itself.
    assert!(std::panic::catch_unwind(|| debug(&[BYTE; 32])).is_err());
    debug(&secret);
    debug(&SealKey::new(&secret).unwrap());
    debug(&BlindKey::new(&secret));
    debug(&RootKey::load(&file).unwrap());
    let patient = PatientId::new("urn:x", TEXT).unwrap();
    debug(&patient);
    let root = Arc::new(LocalRoot::new(RootKey::load(&file).unwrap(), dir.path()).unwrap());
    debug(&root);
    let place = EpochPlace { tenant: Tenant::default(), epoch: 1, id: [1; 16] };
    debug(&place);
    let id = root.create(&place).await.unwrap();
    debug(&id);
    let roots = Roots::new(root.clone());
    debug(&roots);
    let keys = Keys::open(&dir.path().join("keys.db"), roots, Tenant::default()).await.unwrap();
    debug(&keys);
    let subject = keys.subject(&patient).await.unwrap();
    let key = keys.subject_key(subject).await.unwrap();
    debug(&key);
    debug(&keys.alone().await.unwrap());
    keys.import("a name", &secret).await.unwrap();
    debug(&keys.epochs().await.unwrap());
    debug(&KeyPlace { kind: "test", id: b"1" });

    let record = Record { origin: "example.org/log", id: RecordId::Index(1), schema: 1 };
    debug(&record);
    let sealed = key.seal(&record, TEXT.as_bytes()).unwrap();
    assert!(!sealed.windows(TEXT.len()).any(|w| w == TEXT.as_bytes()));
    let wrong = Record { schema: 2, ..record };
    let place_of_root = root.unwrap(&id, &place, &[BYTE; 60]).await.unwrap_err();
    let errors: Vec<KeyError> = vec![
        key.open(&wrong, &sealed).unwrap_err(),
        PatientId::new("", TEXT).unwrap_err(),
        PatientId::parse(TEXT).unwrap_err(),
        Tenant::new(TEXT.to_uppercase().as_str()).unwrap_err(),
        keys.unwrap(1, KeyPlace { kind: "test", id: b"1" }, &[BYTE; 60]).await.unwrap_err(),
        keys.import("a name", &Secret::from_slice(&[BYTE ^ 1; 32]).unwrap()).await.unwrap_err(),
        keys.link(&patient, SubjectId::from_random([9; 16])).await.unwrap_err(),
        place_of_root.into(),
        RootError::BadKeyFile { path: "root.key".to_owned() }.into(),
    ];
    for error in &errors {
        debug(error);
        shows_no_secret(&error.to_string());
    }
    keys.shred(subject, "ticket 1").await.unwrap();
    debug(&keys.shredded().await.unwrap());
    drop(keys);
    // Nor do the files, but the root key's own.
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path != file && path.is_file() {
            let content = std::fs::read(&path).unwrap_or_default();
            shows_no_secret(&String::from_utf8_lossy(&content));
            assert!(!content.windows(16).any(|w| w == [BYTE; 16]), "{}", path.display());
        }
    }
}
