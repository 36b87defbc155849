//! The vault as its users see it.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use asepsis_keys::{KeyError, Keys, LocalRoot, RootKey, Roots, Tenant};
use asepsis_vault::{Space, Vault, VaultError, Wanted};
use asepsis_vocab::IdentifierClass::{self, Mrn, Name};

use super::ON_SERVER;
use crate::backend::Folder;

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

/// A directory with a root key, and keys and a vault beside it or on a server.
struct Place(Folder);

impl Place {
    /// Nothing where there is no server.
    fn new() -> Option<Self> {
        let place = Self(Folder::new(ON_SERVER)?);
        std::fs::create_dir(place.0.path().join("keys")).unwrap();
        RootKey::generate().unwrap().save(&place.0.path().join("keys/root.key")).unwrap();
        Some(place)
    }

    fn db(&self) -> asepsis_db::Place {
        self.0.place("state/vault.db")
    }

    async fn keys(&self) -> Keys {
        let root = RootKey::load(&self.0.path().join("keys/root.key")).unwrap();
        let root = LocalRoot::new(root, &self.0.path().join("keys")).unwrap();
        Keys::open(self.0.place("state/keys.db"), Roots::new(Arc::new(root)), Tenant::default()).await.unwrap()
    }

    async fn open(&self) -> Vault {
        Vault::open(&self.db(), &self.keys().await).await.unwrap()
    }

    async fn sql(&self, statement: &str) {
        self.0.sql("state/vault.db", statement);
    }
}

#[tokio::test]
async fn invariant_1_no_error_of_the_vault_shows_a_value_or_a_surrogate() {
    let Some(place) = Place::new() else { return };
    let vault = place.open().await;
    let scope = vault.scope(Space::Gateway, "dr.a", CANARY.as_bytes());
    let found = vault.resolve(&scope, &[wanted(Name, CANARY)], &render).await.unwrap();
    let nothing = |_: &Wanted<'_>, _: [u8; 8], _: &[u8; 32]| None;
    let taken = vault.resolve(&scope, &[wanted(Mrn, CANARY)], &nothing).await.unwrap_err();
    let long = CANARY.repeat(4000);
    let long = vault.resolve(&scope, &[wanted(Name, &long)], &render).await.unwrap_err();
    drop(vault);
    place.sql("UPDATE surrogates SET sealed = zeroblob(100)").await;
    let tampered = place.open().await.surrogates(&scope).await.unwrap_err();
    let other = Place::new().unwrap().keys().await;
    let wrong = Vault::open(&place.db(), &other).await.unwrap_err();
    for error in [taken, long, tampered, wrong, VaultError::Keys(KeyError::BadPatient), VaultError::Old] {
        for shown in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
            assert!(!shown.contains("Zebediah") && !shown.contains(&found[0].rendered), "{shown}");
        }
    }
}

#[tokio::test]
async fn r27_the_same_identifier_has_the_same_surrogate_also_after_a_restart() {
    let Some(place) = Place::new() else { return };
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
async fn r27_what_is_issued_is_the_same_as_what_is_resolved_and_gets_to_the_disk_by_itself() {
    let Some(place) = Place::new() else { return };
    let mut first = Vec::new();
    for round in 0..3 {
        let vault = place.open().await;
        // Both with a disk of which nothing is known and with one that is known to be quick.
        for n in 0..40_u8 {
            let scope = vault.scope(Space::Gateway, "dr.a", &[n]);
            let (one, two) = ([wanted(Name, CANARY)], [wanted(Mrn, "12345678"), wanted(Name, CANARY)]);
            let (a, b) = tokio::join!(vault.issue(&scope, &one, &render), vault.issue(&scope, &two, &render));
            let (a, b) = (a.unwrap(), b.unwrap());
            assert_eq!(a.asked[0].rendered, b.asked[1].rendered, "one scope, one surrogate");
            assert_eq!(b.all.len(), 2);
            match first.get(usize::from(n)) {
                None => first.push(a.asked[0].rendered.clone()),
                Some(rendered) => {
                    assert_eq!(&a.asked[0].rendered, rendered, "round {round}: a restart changes nothing");
                }
            }
            // Nobody waits for half of them.
            if n % 2 == 0 {
                a.stored.durable().await.unwrap();
                b.stored.durable().await.unwrap();
            }
            assert_eq!(vault.surrogates(&scope).await.unwrap().len(), 2, "it waits for what is on its way");
        }
    }
}

#[tokio::test]
async fn c2_two_scopes_have_nothing_in_common() {
    let Some(place) = Place::new() else { return };
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
    let other = Place::new().unwrap();
    assert_ne!(other.open().await.scope(Space::Gateway, "dr.a", b"1"), scopes[0]);
}

#[tokio::test]
async fn invariant_7_a_surrogate_of_another_scope_or_space_is_not_given_back() {
    let Some(place) = Place::new() else { return };
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
        let Some(place) = Place::new() else { return };
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
    let Some(place) = Place::new() else { return };
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
    let Some(place) = Place::new() else { return };
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

#[tokio::test]
async fn c2_a_process_that_is_behind_keeps_the_epoch_that_it_wraps_under() {
    let Some(place) = Place::new() else { return };
    let (behind, keys) = (place.keys().await, place.keys().await);
    let gateway = Vault::open(&place.db(), &behind).await.unwrap();
    let command = Vault::open(&place.db(), &keys).await.unwrap();
    keys.rotate().await.unwrap();
    keys.rewrap().await.unwrap();
    assert!(matches!(command.rewrap().await, Err(VaultError::Keys(KeyError::InUse))));
    let scope = gateway.scope(Space::Gateway, "dr.a", b"late");
    let first = gateway.resolve(&scope, &[wanted(Name, CANARY)], &render).await.unwrap().remove(0).rendered;
    assert_eq!(behind.current_epoch(), 1, "it had no reason to look");
    assert!(keys.destroy_epoch(1).await.is_err());
    drop((gateway, behind));
    assert_eq!(command.rewrap().await.unwrap(), 1);
    keys.destroy_epoch(1).await.unwrap();
    assert_eq!(command.resolve(&scope, &[wanted(Name, CANARY)], &render).await.unwrap()[0].rendered, first);
}

#[tokio::test]
async fn r27_other_keys_are_told_at_once() {
    let Some(place) = Place::new() else { return };
    drop(place.open().await);
    let other = Place::new().unwrap().keys().await;
    assert!(matches!(Vault::open(&place.db(), &other).await, Err(VaultError::WrongKey)));
    place.open().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_many_who_ask_for_the_same_new_identifier_get_one_surrogate() {
    let Some(place) = Place::new() else { return };
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
    let Some(place) = Place::new() else { return };
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
    let Some(place) = Place::new() else { return };
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
    let Some(place) = Place::new() else { return };
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
    let Some(place) = Place::new() else { return };
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
async fn r27_who_goes_away_while_a_surrogate_is_stored_leaves_no_second_one() {
    let Some(place) = Place::new() else { return };
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
