//! Backups of folders that hold what a data directory holds; the drill itself is tested through the real binary.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use asepsis_backup::{BackupError, Opener, Recipients, create, restore, verify};
use asepsis_db::rusqlite::Connection;

/// The identity that age's own documentation shows; it guards nothing.
const IDENTITY: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(place.data().join("log/tile/0")).unwrap();
        std::fs::create_dir_all(place.data().join("keys")).unwrap();
        for name in ["store.db", "vault.db", "keys.db", "log/entries.db"] {
            let db = Connection::open(place.data().join(name)).unwrap();
            db.execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA user_version = 7; CREATE TABLE t (x); INSERT INTO t VALUES ('{name}')"
            ))
            .unwrap();
        }
        let write = |name: &str, text: &str| std::fs::write(place.data().join(name), text).unwrap();
        write("log/checkpoint", "log.example\n3\nroot\n");
        write("log/checkpoint.cosigned", "log.example\n2\nroot\n");
        write("log/tile/0/000", "full");
        std::fs::create_dir(place.data().join("watch")).unwrap();
        for name in ["files.json", "files.canaries", "files.lock", ".tmp123"] {
            write(&format!("watch/{name}"), "what is known");
        }
        write("keys/root.key", "secret");
        asepsis_db::files::create_secret(&place.identity(), format!("{IDENTITY}\n").as_bytes()).unwrap();
        place
    }

    fn data(&self) -> std::path::PathBuf {
        self.0.path().join("data")
    }

    fn identity(&self) -> std::path::PathBuf {
        self.0.path().join("identity.txt")
    }

    fn file(&self) -> std::path::PathBuf {
        self.0.path().join("backup.age")
    }

    fn opener(&self) -> Opener {
        Opener::load(&self.identity()).unwrap()
    }
}

fn recipients() -> Recipients {
    let identity: age::x25519::Identity = IDENTITY.parse().unwrap();
    Recipients::parse([identity.to_public().to_string().as_str()]).unwrap()
}

fn rows(path: &Path) -> (String, i64) {
    let db = Connection::open(path).unwrap();
    (
        db.query_row("SELECT x FROM t", (), |row| row.get(0)).unwrap(),
        db.query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap(),
    )
}

#[test]
fn r27_what_goes_in_comes_out_and_the_keys_stay_where_they_are() {
    let place = Place::new();
    let created = create(&place.data(), &place.file(), &recipients(), "2026-11-25T20:00:00Z").unwrap();
    let paths: Vec<&str> = created.manifest.files.iter().map(|file| file.path.as_str()).collect();
    let of_log = ["log/checkpoint.cosigned", "log/checkpoint", "log/entries.db", "log/tile/0/000"];
    let others = ["watch/files.canaries", "watch/files.json", "store.db", "vault.db", "keys.db"];
    assert_eq!(paths, [&of_log[..], &others[..]].concat());
    assert_eq!(created.bytes, std::fs::metadata(place.file()).unwrap().len());
    assert_eq!(verify(&place.file(), &place.opener()).unwrap(), created.manifest);

    let into = place.0.path().join("restored");
    assert_eq!(restore(&place.file(), &place.opener(), &into).unwrap(), created.manifest);
    for name in ["store.db", "vault.db", "keys.db", "log/entries.db"] {
        assert_eq!(rows(&into.join(name)), (name.to_owned(), 7));
    }
    assert!(!into.join("keys").exists());
    // Nothing of it can be read without the identity, and the staging folder is gone.
    let bytes = std::fs::read(place.file()).unwrap();
    assert!(!bytes.windows(8).any(|w| w == b"vault.db") && !bytes.windows(6).any(|w| w == b"secret"));
    assert!(
        std::fs::read_dir(place.data()).unwrap().all(|e| !e.unwrap().file_name().to_string_lossy().starts_with('.'))
    );
    // Neither the backup nor what is in a folder is written over.
    assert!(matches!(create(&place.data(), &place.file(), &recipients(), "x"), Err(BackupError::Exists(_))));
    assert!(matches!(restore(&place.file(), &place.opener(), &into), Err(BackupError::Exists(_))));
}

#[test]
fn r27_one_flipped_byte_anywhere_or_a_lost_end_is_found_and_placed() {
    let place = Place::new();
    create(&place.data(), &place.file(), &recipients(), "2026-11-25T20:00:00Z").unwrap();
    let whole = std::fs::read(place.file()).unwrap();
    let damaged = place.0.path().join("damaged.age");
    let mut named = std::collections::BTreeSet::new();
    let step = whole.len() / 97;
    for at in (0..whole.len()).step_by(step).chain([whole.len() - 1]) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        std::fs::write(&damaged, &bytes).unwrap();
        match verify(&damaged, &place.opener()) {
            Err(BackupError::Damaged { place, .. }) => drop(named.insert(place)),
            Err(BackupError::Sealed { .. }) => {}
            other => panic!("byte {at}: {other:?}"),
        }
    }
    assert!(!named.is_empty());
    for kept in [0, 10, whole.len() / 3, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&damaged, &whole[..kept]).unwrap();
        assert!(verify(&damaged, &place.opener()).is_err(), "{kept} bytes");
    }
}

#[test]
fn r27_another_identity_and_what_is_no_recipient_are_told() {
    let place = Place::new();
    create(&place.data(), &place.file(), &recipients(), "2026-11-25T20:00:00Z").unwrap();
    let other = place.0.path().join("other.txt");
    let identity = age::x25519::Identity::generate().to_string();
    let text = format!("{}\n", age::secrecy::ExposeSecret::expose_secret(&identity));
    asepsis_db::files::create_secret(&other, text.as_bytes()).unwrap();
    let error = verify(&place.file(), &Opener::load(&other).unwrap()).unwrap_err();
    assert!(error.to_string().contains("not sealed to this identity"), "{error}");
    assert!(matches!(Recipients::parse(["age1nonsense"]), Err(BackupError::Key(_))));
    assert!(matches!(Recipients::parse([]), Err(BackupError::Key(_))));
}
