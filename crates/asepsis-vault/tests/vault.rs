//! The vault as its users see it, and as somebody who stole its files does.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use asepsis_db::rusqlite::Connection;
use asepsis_vault::{RootKey, Space, Vault, VaultError, Wanted};
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

/// A directory with a root key.
struct Place(tempfile::TempDir, RootKey);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap(), RootKey::generate().unwrap())
    }

    fn db(&self) -> PathBuf {
        self.0.path().join("state/vault.db")
    }

    async fn open(&self) -> Vault {
        Vault::open(&self.db(), &self.1).await.unwrap()
    }

    async fn sql(&self, statement: &str) {
        let db = Connection::open(self.db()).unwrap();
        db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        db.execute_batch(statement).unwrap();
        db.close().unwrap();
    }
}

fn holds(dir: &Path, needle: &str) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        content.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
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
async fn r27_the_same_identifier_has_the_same_surrogate_also_after_a_restart() {
    let place = Place::new();
    let vault = place.open().await;
    let scope = vault.scope(Space::Gateway, "dr.a", b"talk");
    let asked = [wanted(Name, CANARY), wanted(Mrn, "12345678"), wanted(Name, CANARY), wanted(Mrn, CANARY)];
    let first: Vec<_> = vault.resolve(&scope, &asked, &render).await.unwrap().into_iter().map(|s| s.rendered).collect();
    assert_eq!(first[0], first[2]);
    assert_ne!(first[0], first[3], "another class is another identifier");
    let commits = vault.commits();
    vault.resolve(&scope, &asked, &render).await.unwrap();
    assert_eq!(vault.commits(), commits, "what is known costs no write");
    drop(vault);

    let vault = place.open().await;
    assert_eq!(vault.scope(Space::Gateway, "dr.a", b"talk"), scope);
    let again: Vec<_> = vault.resolve(&scope, &asked, &render).await.unwrap().into_iter().map(|s| s.rendered).collect();
    assert_eq!(again, first);
    assert_eq!(vault.surrogates(&scope).await.unwrap().len(), 3);
    assert_eq!(vault.commits(), 0);
}

#[tokio::test]
async fn c2_two_scopes_have_nothing_in_common() {
    let place = Place::new();
    let vault = place.open().await;
    let scopes = [
        vault.scope(Space::Gateway, "dr.a", b"1"),
        vault.scope(Space::Gateway, "dr.a", b"2"),
        vault.scope(Space::Gateway, "dr.b", b"1"),
        vault.scope(Space::CommandLine, "dr.a", b"1"),
        vault.scope(Space::Gateway, "dr.a1", b""),
        vault.random_scope(Space::Gateway).unwrap(),
    ];
    assert_eq!(scopes.iter().collect::<HashSet<_>>().len(), scopes.len());
    let mut texts = HashSet::new();
    for scope in &scopes {
        texts.insert(vault.resolve(scope, &[wanted(Name, CANARY)], &render).await.unwrap().remove(0).rendered);
    }
    assert_eq!(texts.len(), scopes.len());
    // Another vault names the same conversation otherwise.
    let other = Place::new();
    assert_ne!(other.open().await.scope(Space::Gateway, "dr.a", b"1"), scopes[0]);
}

#[tokio::test]
async fn invariant_7_a_surrogate_of_another_scope_or_space_is_not_given_back() {
    let place = Place::new();
    let vault = place.open().await;
    let (mine, other) = (vault.scope(Space::Gateway, "dr.a", b"1"), vault.scope(Space::Gateway, "dr.b", b"1"));
    let surrogate = vault.resolve(&mine, &[wanted(Name, CANARY)], &render).await.unwrap().remove(0);
    assert!(vault.surrogates(&other).await.unwrap().is_empty());
    vault.resolve(&other, &[wanted(Name, "Somebody Else")], &render).await.unwrap();
    assert!(vault.surrogates(&other).await.unwrap().iter().all(|s| s.rendered != surrogate.rendered));
    let codes = [code(&surrogate.rendered)];
    assert!(vault.find_by_code(Space::CommandLine, &codes).await.unwrap().is_empty());
    let found = vault.find_by_code(Space::Gateway, &[[0; 8], codes[0]]).await.unwrap();
    assert_eq!((found.len(), found[0].value.as_str(), found[0].class), (1, CANARY, Name));
}

#[tokio::test]
async fn c2_what_was_changed_or_moved_is_refused() {
    let changes = [
        "UPDATE surrogates SET sealed = randomblob(length(sealed))",
        "UPDATE surrogates SET sealed = (SELECT o.sealed FROM surrogates o WHERE o.blind != surrogates.blind)",
        "UPDATE surrogates SET code = x'0000000000000000'",
        "UPDATE surrogates SET blind = randomblob(16)",
        "UPDATE surrogates SET seen = randomblob(16)",
        "UPDATE surrogates SET sealed = x''",
        "UPDATE scopes SET wrapped = randomblob(length(wrapped))",
        "UPDATE scopes SET wrapped = x''",
    ];
    for change in changes {
        let place = Place::new();
        let vault = place.open().await;
        let scope = vault.scope(Space::Gateway, "dr.a", b"1");
        let asked = [wanted(Name, CANARY), wanted(Name, "Ada Byron")];
        vault.resolve(&scope, &asked, &render).await.unwrap();
        drop(vault);
        place.sql(change).await;
        let vault = place.open().await;
        let refused = vault.surrogates(&scope).await.unwrap_err();
        assert!(matches!(refused, VaultError::Tampered { .. }), "{change}: {refused}");
        assert!(vault.resolve(&scope, &asked, &render).await.is_err(), "{change}");
        assert!(!refused.to_string().contains("Zebediah"));
    }
    // A whole scope put in another's place.
    let place = Place::new();
    let vault = place.open().await;
    let (a, b) = (vault.scope(Space::Gateway, "dr.a", b"1"), vault.scope(Space::Gateway, "dr.b", b"1"));
    vault.resolve(&a, &[wanted(Name, CANARY)], &render).await.unwrap();
    drop(vault);
    place
        .sql(&format!(
            "PRAGMA foreign_keys = OFF; UPDATE scopes SET scope = x'{b}'; UPDATE surrogates SET scope = x'{b}'"
        ))
        .await;
    assert!(matches!(place.open().await.surrogates(&b).await, Err(VaultError::Tampered { .. })));
}

/// Two handles with caches of their own, as two processes have: each adds to a scope that it knows in part only.
#[tokio::test]
async fn r27_who_adds_to_a_scope_that_another_has_added_to_reads_it_first() {
    let place = Place::new();
    let (one, other) = (place.open().await, place.open().await);
    let scope = one.scope(Space::Gateway, "dr.a", b"1");
    one.resolve(&scope, &[wanted(Mrn, "1")], &render).await.unwrap();
    other.resolve(&scope, &[wanted(Mrn, "2")], &render).await.unwrap();
    let (ada, bea) = (wanted(Name, "Ada Byron"), wanted(Name, "Bea Potter"));
    let fixed = |text: &'static str| move |_: &Wanted<'_>, _: [u8; 8], _: &[u8; 32]| Some(text.to_owned());
    let first = one.resolve(&scope, &[ada], &fixed("Grace Park")).await.unwrap().remove(0).rendered;
    // The same name for another: the second does not know yet that it is taken.
    let taken = other.resolve(&scope, &[bea], &fixed("Grace Park")).await;
    assert!(matches!(taken, Err(VaultError::NoSurrogate { class: Name })));
    assert_eq!(other.resolve(&scope, &[ada], &render).await.unwrap().remove(0).rendered, first);
    other.resolve(&scope, &[bea], &render).await.unwrap();
    assert_eq!(place.open().await.surrogates(&scope).await.unwrap().len(), 4);
}

/// A vault of the first layout is brought up to date with all that it holds.
#[tokio::test]
async fn r27_a_vault_of_the_first_layout_reads_as_it_did() {
    let place = Place::new();
    let vault = place.open().await;
    let scopes = [vault.scope(Space::Gateway, "dr.a", b"1"), vault.scope(Space::CommandLine, "dr.a", b"1")];
    let mut before = Vec::new();
    for scope in &scopes {
        before.push(vault.resolve(scope, &[wanted(Name, CANARY), wanted(Mrn, "1")], &render).await.unwrap());
    }
    drop(vault);
    place
        .sql(
            "BEGIN; ALTER TABLE surrogates RENAME TO numbered;
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
            PRAGMA user_version = 1; COMMIT",
        )
        .await;
    let vault = place.open().await;
    for (scope, before) in scopes.iter().zip(before) {
        let again = vault.resolve(scope, &[wanted(Name, CANARY), wanted(Mrn, "1")], &render).await.unwrap();
        assert!(again.iter().zip(&before).all(|(a, b)| a.rendered == b.rendered && a.value == b.value));
        vault.resolve(scope, &[wanted(Name, "Ada Byron")], &render).await.unwrap();
        assert_eq!(vault.surrogates(scope).await.unwrap().len(), 3);
        let found = vault.find_by_code(scope.space(), &[code(&before[0].rendered)]).await.unwrap();
        assert_eq!((found.len(), found[0].value.as_str()), (1, CANARY));
    }
    // What refers to a table that was renamed must refer to the new one.
    vault.forget(&scopes[0]).await.unwrap();
    assert!(vault.surrogates(&scopes[0]).await.unwrap().is_empty());
    drop(vault);
    let db = Connection::open(place.db()).unwrap();
    let left: i64 = db.query_row("SELECT count(*) FROM surrogates", (), |row| row.get(0)).unwrap();
    assert_eq!(left, 3);
}

#[tokio::test]
async fn r27_another_root_key_is_told_at_once() {
    let place = Place::new();
    drop(place.open().await);
    let other = RootKey::generate().unwrap();
    assert!(matches!(Vault::open(&place.db(), &other).await, Err(VaultError::WrongKey)));
    place.open().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_many_who_ask_for_the_same_new_identifier_get_one_surrogate() {
    let place = Place::new();
    // Two handles with caches of their own, as two processes have.
    let vaults = [place.open().await, place.open().await];
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..64 {
        let vault = vaults[n % 2].clone();
        tasks.spawn(async move {
            let scope = vault.scope(Space::Gateway, "dr.a", b"1");
            vault.resolve(&scope, &[wanted(Name, CANARY)], &render).await.unwrap().remove(0).rendered
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().collect::<HashSet<_>>().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_conversations_share_commits() {
    let place = Place::new();
    let vault = place.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200_u32 {
        let vault = vault.clone();
        tasks.spawn(async move {
            let scope = vault.scope(Space::Gateway, "dr.a", &n.to_be_bytes());
            vault.resolve(&scope, &[wanted(Name, CANARY), wanted(Mrn, "1")], &render).await.unwrap();
        });
    }
    tasks.join_all().await;
    assert!(vault.commits() < 100, "{} commits", vault.commits());
}

#[tokio::test]
async fn c2_a_text_that_is_taken_or_real_is_not_used_and_who_finds_none_is_told() {
    let place = Place::new();
    let vault = place.open().await;
    let scope = vault.scope(Space::Gateway, "dr.a", b"1");
    let asked = AtomicUsize::new(0);
    let names = |_: &Wanted<'_>, _: [u8; 8], _: &[u8; 32]| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Some("Ada Byron".to_owned()),
        // What an answer cannot tell from it is as much hers.
        1 => Some("ADA\u{a0}BYRON".to_owned()),
        2 => None,
        3 => Some(String::new()),
        _ => Some("Grace Park".to_owned()),
    };
    // "Ada Byron" is somebody here: her name may not stand for another.
    let found = vault.resolve(&scope, &[wanted(Name, CANARY), wanted(Name, "Ada Byron")], &names).await;
    assert!(matches!(found, Err(VaultError::NoSurrogate { class: Name })), "the second finds only what is taken");
    let tries = asked.load(Ordering::Relaxed);
    assert_eq!(tries, 5 + 16);
    assert!(vault.surrogates(&scope).await.unwrap().is_empty(), "all or nothing");
    let found = vault.resolve(&scope, &[wanted(Name, CANARY)], &names).await.unwrap();
    assert_eq!(found[0].rendered, "Grace Park");
    let louder = |_: &Wanted<'_>, _: [u8; 8], _: &[u8; 32]| Some("GRACE PARK".to_owned());
    let found = vault.resolve(&scope, &[wanted(Name, "Ida")], &louder).await;
    assert!(matches!(found, Err(VaultError::NoSurrogate { class: Name })), "a reader takes it for the other's");
}

#[tokio::test]
async fn c2_no_part_of_an_invented_name_is_the_whole_of_another() {
    let place = Place::new();
    for part_first in [true, false] {
        let vault = place.open().await;
        let scope = vault.scope(Space::Gateway, "dr.a", &[u8::from(part_first)]);
        let invented = |seed: u8, like: &str| {
            asepsis_surrogate::realistic(Name, asepsis_vocab::Detail::Unspecified, like, &[seed; 32]).unwrap()
        };
        let whole = invented(7, "Martha Collins");
        let family = whole.split(' ').next_back().unwrap().to_uppercase();
        let names = |w: &Wanted<'_>, _: [u8; 8], _: &[u8; 32]| {
            Some(if w.value.contains(' ') { whole.clone() } else { family.clone() })
        };
        let mut both = [wanted(Name, "Martha Collins"), wanted(Name, "Ida")];
        if part_first {
            both.reverse();
        }
        let found = vault.resolve(&scope, &both, &names).await;
        assert!(matches!(found, Err(VaultError::NoSurrogate { class: Name })), "within one request");
        vault.resolve(&scope, &both[..1], &names).await.unwrap();
        let found = vault.resolve(&scope, &both[1..], &names).await;
        assert!(matches!(found, Err(VaultError::NoSurrogate { class: Name })), "in memory");
        drop(vault);
        let vault = place.open().await;
        assert_eq!(vault.surrogates(&scope).await.unwrap().len(), 1);
        let found = vault.resolve(&scope, &both[1..], &names).await;
        assert!(matches!(found, Err(VaultError::NoSurrogate { class: Name })), "read again");
    }
}

#[tokio::test]
async fn c2_what_is_forgotten_is_gone_from_memory_and_disk() {
    let place = Place::new();
    let vault = place.open().await;
    let (scope, kept) = (vault.scope(Space::Gateway, "dr.a", b"1"), vault.scope(Space::Gateway, "dr.a", b"2"));
    let before = vault.resolve(&scope, &[wanted(Name, CANARY)], &render).await.unwrap().remove(0).rendered;
    vault.resolve(&kept, &[wanted(Name, CANARY)], &render).await.unwrap();
    vault.forget(&scope).await.unwrap();
    assert!(vault.surrogates(&scope).await.unwrap().is_empty());
    assert!(vault.find_by_code(Space::Gateway, &[code(&before)]).await.unwrap().is_empty());
    assert_eq!(vault.surrogates(&kept).await.unwrap().len(), 1);
    let after = vault.resolve(&scope, &[wanted(Name, CANARY)], &render).await.unwrap().remove(0).rendered;
    assert_ne!(before, after);
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
async fn r27_who_goes_away_while_a_surrogate_is_stored_leaves_no_second_one() {
    let place = Place::new();
    let vault = place.open().await;
    for n in 0..20_u32 {
        let scope = vault.scope(Space::Gateway, "dr.a", &n.to_be_bytes());
        let asked = [wanted(Name, CANARY)];
        for wait in [0, 50, 200, 1000] {
            let patience = std::time::Duration::from_micros(wait * u64::from(n));
            let _ = tokio::time::timeout(patience, vault.resolve(&scope, &asked, &render)).await;
        }
        let first = vault.resolve(&scope, &asked, &render).await.unwrap().remove(0).rendered;
        assert_eq!(vault.resolve(&scope, &asked, &render).await.unwrap()[0].rendered, first);
        let all = vault.surrogates(&scope).await.unwrap();
        assert_eq!((all.len(), &all[0].rendered), (1, &first));
    }
}
