//! The vault in files: as somebody who stole them sees it, of older layouts, and where they cannot be written.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use asepsis_db::rusqlite::Connection;
use asepsis_keys::{KeyError, Keys, LocalRoot, RootKey, Roots, Tenant};
use asepsis_vault::{Space, Vault, VaultError, Wanted};
use asepsis_vocab::IdentifierClass::{self, Mrn, Name};

const CANARY: &str = "Zebediah Quackenbush";

fn wanted(class: IdentifierClass, value: &str) -> Wanted<'_> {
    Wanted { class, value }
}

fn render(wanted: &Wanted<'_>, code: [u8; 8], _: &[u8; 32]) -> Option<String> {
    Some(format!("[{}_{:016X}]", wanted.class, u64::from_be_bytes(code)))
}

fn code(rendered: &str) -> [u8; 8] {
    let digits = rendered.rsplit_once('_').unwrap().1.trim_end_matches(']');
    u64::from_str_radix(digits, 16).unwrap().to_be_bytes()
}

/// A directory with a root key, keys and a vault.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.0.path().join("keys")).unwrap();
        RootKey::generate().unwrap().save(&place.0.path().join("keys/root.key")).unwrap();
        place
    }

    fn db(&self) -> PathBuf {
        self.0.path().join("state/vault.db")
    }

    fn root(&self) -> RootKey {
        RootKey::load(&self.0.path().join("keys/root.key")).unwrap()
    }

    async fn keys(&self) -> Keys {
        let root = LocalRoot::new(self.root(), &self.0.path().join("keys")).unwrap();
        Keys::open(&self.0.path().join("state/keys.db"), Roots::new(Arc::new(root)), Tenant::default()).await.unwrap()
    }

    async fn open(&self) -> Vault {
        Vault::open(&self.db(), &self.keys().await).await.unwrap()
    }

    async fn sql(&self, statement: &str) {
        let db = Connection::open(self.db()).unwrap();
        db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        db.execute_batch(statement).unwrap();
        db.close().unwrap();
    }
}

fn holds(dir: &Path, needle: &str) -> bool {
    holds_bytes(dir, needle.as_bytes())
}

fn holds_bytes(dir: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        content.windows(needle.len()).any(|window| window == needle)
    })
}

/// What stood in the vault that `data/vault-layout-2.sql` is.
const OLD: [(Space, &str, &str); 2] = [
    (Space::Gateway, "[NAME_B0FDB98C01D53D38]", "[MRN_30071A0B237B8857]"),
    (Space::CommandLine, "[NAME_D2F5B895E89387E0]", "[MRN_2C244A54773C20E1]"),
];

/// From the second layout back to the first, which no program makes any more.
const TO_FIRST: &str = "BEGIN; ALTER TABLE surrogates RENAME TO numbered;
    CREATE TABLE surrogates (
        space INTEGER NOT NULL, scope BLOB NOT NULL, blind BLOB NOT NULL, seen BLOB NOT NULL, code BLOB NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (space, scope, blind),
        UNIQUE (space, scope, seen),
        FOREIGN KEY (space, scope) REFERENCES scopes (space, scope) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    INSERT INTO surrogates SELECT space, scope, blind, seen, code, sealed FROM numbered;
    DROP TABLE numbered;
    CREATE INDEX surrogates_by_code ON surrogates (code, space);
    PRAGMA user_version = 1; COMMIT";

/// A vault of before there were epochs, with its root key's file.
async fn old(layout: u32) -> Place {
    let place = Place::new();
    let key = place.0.path().join("keys/root.key");
    std::fs::write(&key, format!("asepsis-root-key-1:{}\n", "a5".repeat(32))).unwrap();
    std::fs::create_dir(place.db().parent().unwrap()).unwrap();
    place.sql(include_str!("data/vault-layout-2.sql")).await;
    if layout == 1 {
        place.sql(TO_FIRST).await;
    }
    place
}

#[tokio::test]
async fn invariant_1_neither_values_nor_surrogates_nor_classes_stand_in_any_file() {
    let place = Place::new();
    let vault = place.open().await;
    let scope = vault.scope(Space::Gateway, "dr.a", CANARY.as_bytes());
    let realistic = |_: &Wanted<'_>, _: [u8; 8], _: &[u8; 32]| Some("Hortensia Plumbob".to_owned());
    let found = vault.resolve(&scope, &[wanted(Name, CANARY)], &realistic).await.unwrap();
    assert_eq!(found[0].value.as_str(), CANARY);
    let dir = place.db().parent().unwrap().to_owned();
    for file in ["vault.db", "vault.db-wal", "vault.db-shm"] {
        assert!(dir.join(file).exists(), "{file}");
    }
    for text in [CANARY, "Hortensia Plumbob", "NAME", "dr.a"] {
        assert!(!holds(&dir, text), "{text}");
    }
    for shown in
        [format!("{found:?}"), format!("{vault:?}"), format!("{scope:?}"), format!("{:?}", wanted(Name, CANARY))]
    {
        assert!(!shown.contains("Zebediah") && !shown.contains("Hortensia"), "{shown}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for entry in std::fs::read_dir(&dir).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}

#[tokio::test]
async fn r27_a_vault_of_an_older_layout_reads_as_it_did_and_is_under_an_epoch_then() {
    for layout in [1, 2] {
        let place = old(layout).await;
        let keys = place.keys().await;
        assert!(matches!(Vault::open(&place.db(), &keys).await, Err(VaultError::Old)));
        let wrong = RootKey::generate().unwrap();
        assert!(matches!(Vault::open_old(&place.db(), &keys, &wrong).await, Err(VaultError::WrongKey)));
        let wrapped = |place: &Place| -> Vec<(Vec<u8>, Option<u32>)> {
            let db = Connection::open(place.db()).unwrap();
            let mut all = db.prepare("SELECT wrapped, epoch FROM scopes").unwrap();
            all.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
        };
        let before = wrapped(&place);
        assert!(before.iter().all(|(_, epoch)| epoch.is_none()));
        let vault = Vault::open_old(&place.db(), &keys, &place.root()).await.unwrap();
        for (space, name, mrn) in OLD {
            let scope = vault.scope(space, "dr.a", b"1");
            let asked = [wanted(Name, CANARY), wanted(Mrn, "1"), wanted(Name, "Ada Byron")];
            let again = vault.resolve(&scope, &asked, &render).await.unwrap();
            assert_eq!((again[0].rendered.as_str(), again[1].rendered.as_str()), (name, mrn));
            assert_eq!((again[0].value.as_str(), vault.surrogates(&scope).await.unwrap().len()), (CANARY, 3));
            let found = vault.find_by_code(space, &[code(name)]).await.unwrap();
            assert_eq!((found.len(), found[0].value.as_str()), (1, CANARY));
        }
        // What refers to a table that was renamed must refer to the new one.
        let gone = vault.scope(Space::Gateway, "dr.a", b"1");
        vault.forget(&gone).await.unwrap();
        assert!(vault.surrogates(&gone).await.unwrap().is_empty());
        assert!(wrapped(&place).iter().all(|(_, epoch)| *epoch == Some(1)));
        let dir = place.db().parent().unwrap().to_owned();
        for (key, _) in &before {
            assert!(!holds_bytes(&dir, key), "the key under the root itself is gone from every file");
        }
        drop((vault, keys));

        // From now on it opens by itself, with the right keys only.
        let vault = place.open().await;
        assert_eq!(vault.surrogates(&vault.scope(Space::CommandLine, "dr.a", b"1")).await.unwrap().len(), 3);
        let other = Place::new().keys().await;
        assert!(matches!(Vault::open(&place.db(), &other).await, Err(VaultError::WrongKey)));
    }
}

#[tokio::test]
async fn r27_a_migration_that_was_interrupted_goes_on() {
    let place = old(2).await;
    let keys = place.keys().await;
    // The second scope does not open: the vault stays one of the older layout.
    place.sql("UPDATE scopes SET wrapped = CAST(wrapped || 'x' AS BLOB) WHERE space = 2").await;
    let refused = Vault::open_old(&place.db(), &keys, &place.root()).await.unwrap_err();
    assert!(matches!(refused, VaultError::Tampered { .. }), "{refused}");
    assert!(matches!(Vault::open(&place.db(), &keys).await, Err(VaultError::Old)));
    place.sql("UPDATE scopes SET wrapped = substr(wrapped, 1, 60) WHERE space = 2").await;
    let vault = Vault::open_old(&place.db(), &keys, &place.root()).await.unwrap();
    for (space, name, _) in OLD {
        let scope = vault.scope(space, "dr.a", b"1");
        assert_eq!(vault.resolve(&scope, &[wanted(Name, CANARY)], &render).await.unwrap()[0].rendered, name);
    }
    // Keys that name scopes otherwise are another vault's.
    let other = old(2).await;
    let keys = other.keys().await;
    keys.named("vault: name scopes").await.unwrap();
    assert!(matches!(Vault::open_old(&other.db(), &keys, &other.root()).await, Err(VaultError::WrongKey)));
}

#[tokio::test]
async fn c2_after_rotation_every_scope_reads_and_a_copy_of_before_does_not_once_the_epoch_is_destroyed() {
    let place = Place::new();
    let keys = place.keys().await;
    let vault = Vault::open(&place.db(), &keys).await.unwrap();
    let scope = |n: u32| vault.scope(Space::Gateway, "dr.a", &n.to_be_bytes());
    let mut before = Vec::new();
    for n in 0..50 {
        before.push(vault.resolve(&scope(n), &[wanted(Name, CANARY)], &render).await.unwrap().remove(0).rendered);
    }
    let copy = place.0.path().join("copy.db");
    place.sql(&format!("VACUUM INTO '{}'", copy.display())).await;
    keys.rotate().await.unwrap();
    let between = vault.resolve(&scope(50), &[wanted(Name, CANARY)], &render).await.unwrap().remove(0).rendered;
    keys.rewrap().await.unwrap();
    let refused = keys.destroy_epoch(1).await.unwrap_err().to_string();
    assert!(refused.contains("the vault"), "it still needs it: {refused}");
    assert_eq!(vault.rewrap().await.unwrap(), 50);
    assert_eq!(vault.rewrap().await.unwrap(), 0);

    // A restored copy needs its epoch, and says so when it is opened.
    drop(Vault::open(&copy, &keys).await.unwrap());
    assert!(keys.destroy_epoch(1).await.is_err());
    vault.rewrap().await.unwrap();
    keys.destroy_epoch(1).await.unwrap();
    drop((vault, keys));

    let keys = place.keys().await;
    let vault = Vault::open(&place.db(), &keys).await.unwrap();
    for (n, rendered) in before.iter().chain([&between]).enumerate() {
        let scope = vault.scope(Space::Gateway, "dr.a", &u32::try_from(n).unwrap().to_be_bytes());
        assert_eq!(&vault.resolve(&scope, &[wanted(Name, CANARY)], &render).await.unwrap()[0].rendered, rendered);
    }
    let old = Vault::open(&copy, &keys).await.unwrap();
    let refused = old.surrogates(&old.scope(Space::Gateway, "dr.a", &0_u32.to_be_bytes())).await.unwrap_err();
    assert!(matches!(refused, VaultError::Keys(KeyError::EpochDestroyed(1))), "{refused}");
}

#[tokio::test]
async fn what_is_made_ready_for_a_scope_is_used_once_and_not_under_an_old_epoch() {
    let place = Place::new();
    let keys = place.keys().await;
    let vault = Vault::open(&place.db(), &keys).await.unwrap();
    // A disk of which nothing is known counts as slow; after some commits it is known.
    for n in 0..40 {
        let scope = vault.scope(Space::Gateway, "warm", &[n]);
        vault.resolve(&scope, &[wanted(Name, "Ada Byron")], &render).await.unwrap();
    }
    let scope = |n: u8| vault.scope(Space::Gateway, "dr.a", &[n]);
    for n in 0..4 {
        vault.expect(&scope(n));
        vault.expect(&scope(n));
        assert!(vault.surrogates(&scope(n)).await.unwrap().is_empty(), "nothing is stored");
    }
    let mut issued = Vec::new();
    for n in 0..2 {
        let issuance = vault.issue(&scope(n), &[wanted(Name, CANARY)], &render).await.unwrap();
        issuance.stored.durable().await.unwrap();
        issued.push(issuance.asked[0].rendered.clone());
    }
    // What is known is left as it is.
    vault.expect(&scope(0));

    keys.rotate().await.unwrap();
    keys.rewrap().await.unwrap();
    vault.rewrap().await.unwrap();
    keys.destroy_epoch(1).await.unwrap();
    for n in 2..4 {
        issued.push(vault.resolve(&scope(n), &[wanted(Name, CANARY)], &render).await.unwrap().remove(0).rendered);
    }
    drop((vault, keys));
    let vault = place.open().await;
    for (n, rendered) in issued.iter().enumerate() {
        let known = vault.surrogates(&vault.scope(Space::Gateway, "dr.a", &[u8::try_from(n).unwrap()])).await.unwrap();
        assert_eq!((known.len(), &known[0].rendered), (1, rendered), "scope {n}");
    }
}

#[tokio::test]
async fn r27_a_vault_that_cannot_write_gives_out_nothing_new() {
    let place = Place::new();
    let vault = place.open().await;
    let scope = vault.scope(Space::Gateway, "dr.a", b"1");
    vault.resolve(&scope, &[wanted(Name, "Ada Byron")], &render).await.unwrap();
    place.sql("CREATE TRIGGER full BEFORE INSERT ON surrogates BEGIN SELECT RAISE(FAIL, 'disk full'); END").await;
    let refused = vault.resolve(&scope, &[wanted(Name, CANARY)], &render).await.unwrap_err();
    assert!(matches!(refused, VaultError::Stopped(_)));
    assert!(!vault.is_healthy());
    place.sql("DROP TRIGGER full").await;
    assert!(vault.resolve(&scope, &[wanted(Name, CANARY)], &render).await.is_err());
    assert_eq!(vault.surrogates(&scope).await.unwrap().len(), 1, "what is known can still be turned back");
}

#[tokio::test]
async fn r27_what_cannot_be_stored_behind_an_issue_is_said_and_not_kept() {
    let place = Place::new();
    let vault = place.open().await;
    let scope = vault.scope(Space::Gateway, "dr.a", b"1");
    // A disk of which nothing is known counts as slow; after some commits it is known.
    for n in 0..40 {
        let scope = vault.scope(Space::Gateway, "warm", &[n]);
        vault.resolve(&scope, &[wanted(Name, "Ada Byron")], &render).await.unwrap();
    }
    vault.issue(&scope, &[wanted(Name, "Ada Byron")], &render).await.unwrap().stored.durable().await.unwrap();
    place.sql("CREATE TRIGGER full BEFORE INSERT ON surrogates BEGIN SELECT RAISE(FAIL, 'disk full'); END").await;
    let issued = vault.issue(&scope, &[wanted(Name, CANARY)], &render).await.unwrap();
    assert_eq!((issued.asked.len(), issued.all.len()), (1, 2));
    assert!(matches!(issued.stored.durable().await, Err(VaultError::Stopped(_))));
    assert!(vault.issue(&scope, &[wanted(Name, CANARY)], &render).await.is_err(), "it is known before anything goes");
    assert_eq!(vault.surrogates(&scope).await.unwrap().len(), 1);
}
