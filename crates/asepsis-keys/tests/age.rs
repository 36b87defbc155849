//! The root key sealed with age: written and read here, and by the `age` that others wrote, where it is installed.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "age")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use asepsis_keys::root::{AgeIdentity, seal_to};
use asepsis_keys::{Keys, LocalRoot, RootError, RootKey, Roots, Tenant};
use asepsis_vocab::SubjectId;

/// Made with `age-keygen` 1.1.1 for these tests and used for nothing else.
const IDENTITY: &str = "AGE-SECRET-KEY-1M5YTQZ840KCNESFH2NX72ZTL9CJ8L9L456TV50ET8WNWHFFE694SQ77H5H";
const RECIPIENT: &str = "age1lcvu6q8ljfdyws8wuaukyxtstgntzngm22h2e8fwtx4l4nynl3dqjdl2hq";
/// A root key of 32 times 0x5a, sealed by `age -a -r RECIPIENT` 1.1.1.
const SEALED_BY_AGE: &str = "\
-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBEeFJjeXpkQzZQNk0rY25R
Z2FIZUtnMGxtUXZFaGw3ekMvRmFCdFV3Z1VRCmVxSUZLWFB6T0piaGRuSFJ4RFkr
cW5ZVVhLZCtnbDhjaVNPeHdJaEJBMEkKLS0tIFU5U21GdDBUb2pRYmswK2FWem1Q
KzZmY3hqLzZkKzl5cnFJOFloT3o5TkkKHxGn1K5fdbZRFy1MaG49tfM/IM6VmDrc
Y9osb9FPvap1Hcs4amhGAJMFgO2YZiZ24f4RvaJArFAuNlmB9CyMPelEQVMlaA7+
uy+YID2u+XnqfILZivmYyrjaPcN4pDBNza3AKundbLJebyW/M6qgJGFvu84=
-----END AGE ENCRYPTED FILE-----
";

fn private(path: PathBuf, content: &str) -> PathBuf {
    asepsis_db::files::create_secret(&path, content.as_bytes()).unwrap();
    path
}

fn identity(dir: &Path) -> AgeIdentity {
    let content = format!("# created: 2026-11-25\n# public key: {RECIPIENT}\n{IDENTITY}\n");
    AgeIdentity::load(&private(dir.join("identity"), &content)).unwrap()
}

/// Opens keys under a root key and seals with them, so that two root keys can be told to be the same.
async fn opens(dir: &Path, key: RootKey) -> bool {
    let root = Arc::new(LocalRoot::new(key, dir).unwrap());
    let keys = Keys::open(&dir.join("keys.db"), Roots::new(root), Tenant::default()).await;
    match keys {
        Ok(keys) => keys.subject_key(SubjectId::from_random([1; 16])).await.is_ok(),
        Err(_) => false,
    }
}

#[tokio::test]
async fn c2_a_root_key_sealed_to_a_recipient_or_with_a_passphrase_opens_and_is_the_same_key() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, to_recipient, with_passphrase) =
        (dir.path().join("root.key"), dir.path().join("r.age"), dir.path().join("p.age"));
    let key = RootKey::generate().unwrap();
    key.save(&plain).unwrap();
    seal_to(&key, &to_recipient, &[RECIPIENT.to_owned()], None).unwrap();
    seal_to(&key, &with_passphrase, &[], Some("correct horse")).unwrap();
    assert!(opens(dir.path(), key).await);
    let identity = identity(dir.path());
    assert!(opens(dir.path(), RootKey::load_sealed(&to_recipient, &identity).unwrap()).await);
    let passphrase = AgeIdentity::passphrase("correct horse");
    assert!(opens(dir.path(), RootKey::load_sealed(&with_passphrase, &passphrase).unwrap()).await);
    assert!(!opens(dir.path(), RootKey::generate().unwrap()).await, "the check tells keys apart");

    let text = std::fs::read_to_string(&plain).unwrap();
    let digits = text.trim().rsplit_once(':').unwrap().1.to_owned();
    for file in [&to_recipient, &with_passphrase] {
        assert!(!std::fs::read_to_string(file).unwrap().contains(&digits));
    }
    let why = |path: &Path, with: &AgeIdentity| RootKey::load_sealed(path, with).unwrap_err().to_string();
    assert!(why(&with_passphrase, &AgeIdentity::passphrase("wrong")).contains("passphrase is wrong"));
    assert!(why(&with_passphrase, &identity).contains("sealed with a passphrase"));
    assert!(why(&to_recipient, &passphrase).contains("name an identity file"));
    assert!(why(&plain, &identity).contains("not what age writes"));
    assert!(!format!("{passphrase:?}{identity:?}").contains("horse"));
}

#[tokio::test]
async fn c2_bad_recipients_identities_and_damaged_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.age");
    let key = RootKey::generate().unwrap();
    for (recipients, passphrase) in [
        (vec!["age1nonsense".to_owned()], None),
        (vec![], None),
        (vec![], Some("")),
        (vec![RECIPIENT.to_owned()], Some("both")),
    ] {
        let refused = seal_to(&key, &path, &recipients, passphrase).unwrap_err();
        assert!(matches!(refused, RootError::Sealed { .. }), "{refused}");
        assert!(!path.exists());
    }
    seal_to(&key, &path, &[RECIPIENT.to_owned()], None).unwrap();
    assert!(seal_to(&key, &path, &[RECIPIENT.to_owned()], None).is_err(), "nothing is overwritten");
    let whole = std::fs::read(&path).unwrap();
    let identity = identity(dir.path());
    for at in (30..whole.len() - 40).step_by(7) {
        let mut changed = whole.clone();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        std::fs::write(&path, &changed).unwrap();
        assert!(RootKey::load_sealed(&path, &identity).is_err(), "byte {at}");
    }
    let not_it = private(dir.path().join("none"), "no identity here");
    assert!(matches!(AgeIdentity::load(&not_it), Err(RootError::Sealed { .. })));
}

#[test]
fn c2_what_age_itself_sealed_opens() {
    let dir = tempfile::tempdir().unwrap();
    let path = private(dir.path().join("root.key.age"), SEALED_BY_AGE);
    let key = RootKey::load_sealed(&path, &identity(dir.path())).unwrap();
    let again = dir.path().join("root.key");
    key.save(&again).unwrap();
    assert_eq!(std::fs::read_to_string(again).unwrap(), format!("asepsis-root-key-1:{}\n", "5a".repeat(32)));
}

#[test]
fn c2_age_itself_opens_what_is_sealed_here() {
    if support::left_out("the program `age`") {
        return;
    }
    let there = Command::new("age").arg("--version").output().is_ok_and(|o| o.status.success());
    assert!(there, "age: {}", support::SET_UP);
    let dir = tempfile::tempdir().unwrap();
    let (plain, sealed) = (dir.path().join("root.key"), dir.path().join("root.key.age"));
    let key = RootKey::generate().unwrap();
    key.save(&plain).unwrap();
    seal_to(&key, &sealed, &[RECIPIENT.to_owned()], None).unwrap();
    let identity = private(dir.path().join("identity"), &format!("{IDENTITY}\n"));
    let Output { status, stdout, .. } =
        Command::new("age").args(["-d", "-i"]).args([&identity, &sealed]).stdin(Stdio::null()).output().unwrap();
    assert!(status.success());
    assert_eq!(stdout, std::fs::read(&plain).unwrap());
}
