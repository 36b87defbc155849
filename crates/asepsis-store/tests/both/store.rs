//! The registers, also as two processes see them.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use crate::backend::Folder;
use asepsis_store::{AuthFailure, Store, StoreError};

const NOW: i64 = 1_795_000_000;

/// What another process changed must be seen within this time.
const SOON: Duration = Duration::from_millis(2500);

/// Nothing where there is no server.
async fn place() -> Option<(Folder, Store)> {
    let dir = Folder::new(super::ON_SERVER)?;
    let store = Store::open(dir.place("store.db")).await.unwrap();
    Some((dir, store))
}

#[tokio::test]
async fn c4_a_key_speaks_for_its_user_and_only_its_hash_is_stored() {
    let Some((dir, store)) = place().await else { return };
    let (key, record) = store.add_key("dr.a@example.org", "clinician", None, NOW).await.unwrap();
    let principal = store.authenticate(key.reveal(), NOW).await.unwrap();
    assert_eq!((principal.user.as_str(), principal.role.as_str()), ("dr.a@example.org", "clinician"));
    assert_eq!((principal.key_id.as_str(), record.id.as_str()), (key.id(), key.id()));
    let secret = &key.reveal()[14..57];
    if let Some(server) = dir.server() {
        let rows = crate::postgres::shared().unwrap().sql(server.schema(), "SELECT api_keys::text FROM api_keys");
        assert!(rows.contains(record.id.as_str()) && !rows.contains(secret), "{rows}");
    }
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!content.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    assert!(!format!("{key:?} {record:?} {store:?}").contains(secret));
}

#[tokio::test]
async fn c4_wrong_expired_and_revoked_keys_are_told_apart() {
    let Some((_dir, store)) = place().await else { return };
    let (key, _) = store.add_key("a", "r", Some(NOW + 10), NOW).await.unwrap();
    assert!(store.authenticate(key.reveal(), NOW + 9).await.is_ok());
    assert_eq!(store.authenticate(key.reveal(), NOW + 10).await, Err(AuthFailure::Expired));
    assert_eq!(store.authenticate("asep_nonsense", NOW).await, Err(AuthFailure::Malformed));
    let stranger = asepsis_store::ApiKey::generate().unwrap();
    assert_eq!(store.authenticate(stranger.reveal(), NOW).await, Err(AuthFailure::Unknown));
    store.revoke_key(key.id(), NOW).await.unwrap();
    assert_eq!(store.authenticate(key.reveal(), NOW).await, Err(AuthFailure::Revoked));
    assert!(matches!(store.revoke_key("nobody", NOW).await, Err(StoreError::UnknownKey)));
    assert_eq!(store.list_keys().await.unwrap()[0].revoked, Some(NOW));
}

#[tokio::test]
async fn c4_users_and_roles_are_plain_names() {
    let Some((_dir, store)) = place().await else { return };
    for name in ["", "a b", "a\n", "\u{e4}", &"x".repeat(65)] {
        assert!(matches!(store.add_key(name, "r", None, NOW).await, Err(StoreError::InvalidName { what: "a user" })));
        assert!(matches!(store.add_key("a", name, None, NOW).await, Err(StoreError::InvalidName { what: "a role" })));
    }
}

#[tokio::test]
async fn c4_a_key_of_another_process_is_seen_soon_and_so_is_its_end() {
    let Some((dir, server)) = place().await else { return };
    let tool = Store::open(dir.place("store.db")).await.unwrap();
    let (key, _) = tool.add_key("a", "r", None, NOW).await.unwrap();
    soon(async || server.authenticate(key.reveal(), NOW).await.is_ok()).await;
    tool.revoke_key(key.id(), NOW).await.unwrap();
    soon(async || server.authenticate(key.reveal(), NOW).await == Err(AuthFailure::Revoked)).await;
}

#[tokio::test]
async fn c4_the_last_use_is_kept_to_the_minute() {
    let Some((dir, store)) = place().await else { return };
    let (key, _) = store.add_key("a", "r", None, NOW).await.unwrap();
    assert_eq!(store.list_keys().await.unwrap()[0].last_used, None);
    for second in 0..59 {
        store.authenticate(key.reveal(), NOW + second).await.unwrap();
    }
    assert_eq!(store.list_keys().await.unwrap()[0].last_used, Some(NOW));
    store.authenticate(key.reveal(), NOW + 60).await.unwrap();
    store.close().await.unwrap();
    let store = Store::open(dir.place("store.db")).await.unwrap();
    assert_eq!(store.list_keys().await.unwrap()[0].last_used, Some(NOW + 60));
}

#[tokio::test]
async fn r26_refused_destinations_are_counted_and_listed() {
    let Some((dir, store)) = place().await else { return };
    for (destination, time) in [("api.example.com:443", 5), ("other.example", 7), ("api.example.com:443", 9)] {
        store.note_unlisted(destination, NOW + time).unwrap();
    }
    let listed = store.list_unlisted().await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!((listed[0].destination.as_str(), listed[0].count), ("api.example.com:443", 2));
    assert_eq!((listed[0].first_seen, listed[0].last_seen), (NOW + 5, NOW + 9));
    store.note_unlisted("api.example.com:443", NOW + 20).unwrap();
    store.close().await.unwrap();
    let store = Store::open(dir.place("store.db")).await.unwrap();
    assert_eq!(store.list_unlisted().await.unwrap()[0].count, 3);
    for text in ["", "two words", "a\u{7}", &"x".repeat(256)] {
        assert!(matches!(store.note_unlisted(text, NOW), Err(StoreError::InvalidDestination)));
    }
}

#[tokio::test]
async fn r26_a_flood_of_destinations_keeps_the_newest_ten_thousand() {
    let Some((_dir, store)) = place().await else { return };
    for block in 0..11 {
        for n in 0..1000 {
            store.note_unlisted(&format!("h{block}-{n}.example"), NOW + block).unwrap();
        }
        store.list_unlisted().await.unwrap();
    }
    let listed = store.list_unlisted().await.unwrap();
    assert_eq!(listed.len(), 10_000);
    assert!(listed.iter().all(|seen| !seen.destination.starts_with("h0-")));
}

async fn soon(mut holds: impl AsyncFnMut() -> bool) {
    let begin = std::time::Instant::now();
    while !holds().await {
        assert!(begin.elapsed() < SOON);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn c4_a_rotated_key_counts_until_the_overlap_is_over_and_is_known_again_when_it_is_used_later() {
    let Some((_dir, store)) = place().await else { return };
    let (old, _) = store.add_key("a", "r", Some(NOW + 1000), NOW).await.unwrap();
    let (new, record) = store.rotate_key(old.id(), Some(NOW + 5000), NOW + 100, NOW).await.unwrap();
    assert_eq!((record.user.as_str(), record.role.as_str()), ("a", "r"));
    assert!(store.authenticate(old.reveal(), NOW + 99).await.is_ok());
    assert!(store.authenticate(new.reveal(), NOW + 99).await.is_ok());
    assert_eq!(store.authenticate(old.reveal(), NOW + 100).await, Err(AuthFailure::Replaced));
    assert!(store.authenticate(new.reveal(), NOW + 100).await.is_ok());
    let listed = store.list_keys().await.unwrap();
    let of_old = listed.iter().find(|listed| listed.id == old.id()).unwrap();
    assert_eq!((of_old.replaced_by.as_deref(), of_old.expires), (Some(new.id()), Some(NOW + 100)));
    // A key gives way once, and one that is over not at all; nothing is made then.
    for id in [old.id(), "nobody00"] {
        let refused = store.rotate_key(id, None, NOW + 200, NOW).await.unwrap_err();
        assert!(matches!(refused, StoreError::KeyEnded | StoreError::UnknownKey), "{refused}");
    }
    store.revoke_key(new.id(), NOW).await.unwrap();
    assert!(matches!(store.rotate_key(new.id(), None, NOW + 200, NOW).await, Err(StoreError::KeyEnded)));
    assert_eq!(store.list_keys().await.unwrap().len(), 2);
    // The overlap does not make the old key's life longer.
    let (short, _) = store.add_key("a", "r", Some(NOW + 10), NOW).await.unwrap();
    store.rotate_key(short.id(), None, NOW + 100, NOW).await.unwrap();
    assert_eq!(store.authenticate(short.reveal(), NOW + 10).await, Err(AuthFailure::Replaced));
}
