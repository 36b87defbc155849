//! Answers that are held: each is decided once, given out once, and gone after that.
#![allow(clippy::unwrap_used)]

use asepsis_store::{Held, HeldState, MOST_SEALED, Store, StoreError};

use crate::backend::Folder;

const NOW: i64 = 1_800_000_000;

async fn place() -> Option<(Folder, Store)> {
    let dir = Folder::new(super::ON_SERVER)?;
    let store = Store::open(dir.place("store.db")).await.unwrap();
    Some((dir, store))
}

fn held(id: &str, user: &str) -> Held {
    Held {
        id: id.to_owned(),
        user: user.to_owned(),
        state: HeldState::New,
        made: NOW,
        lapses: NOW + 60,
        ended: None,
        body: "{}".to_owned(),
        decision: None,
        sealed: Some(vec![7; 1000]),
    }
}

#[tokio::test]
async fn r30_what_is_held_goes_one_way_once_and_is_erased_at_its_end() {
    use HeldState::{Approved, New, Refused, Used, Waiting};
    let Some((dir, store)) = place().await else { return };
    store.hold(held("a", "lee"), 9, 9).await.unwrap();
    assert!(store.held_list().await.unwrap().is_empty(), "nobody hears of it before it is in the log");
    assert!(store.move_held("a", (New, Waiting), None, NOW).await.unwrap());
    assert_eq!(store.held_waiting(NOW).await.unwrap(), 1);
    assert!(!store.move_held("a", (Approved, Used), None, NOW).await.unwrap(), "nobody has decided");
    assert!(store.move_held("a", (Waiting, Approved), Some("d".to_owned()), NOW).await.unwrap());
    assert!(!store.move_held("a", (Waiting, Refused), Some("e".to_owned()), NOW).await.unwrap(), "it is decided");
    drop(store);
    let store = Store::open(dir.place("store.db")).await.unwrap();
    let known = store.held("a").await.unwrap().unwrap();
    assert_eq!((known.state, known.decision.as_deref(), known.ended), (Approved, Some("d"), None));
    assert_eq!(known.sealed, held("a", "lee").sealed);
    // Sixteen at once: one gets it.
    let all = (0..16).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.move_held("a", (Approved, Used), None, NOW + 1).await.unwrap() })
    });
    let mut got = 0;
    for one in all.collect::<Vec<_>>() {
        got += usize::from(one.await.unwrap());
    }
    assert_eq!(got, 1);
    let known = store.held("a").await.unwrap().unwrap();
    assert_eq!((known.state, known.sealed, known.ended), (Used, None, Some(NOW + 1)));
    assert_eq!(known.decision.as_deref(), Some("d"), "who decided is kept");
    assert!(!format!("{:?}", held("a", "lee")).contains("lee"));
}

#[tokio::test]
async fn r30_what_lapsed_is_erased_and_later_forgotten() {
    use HeldState::{Approved, Lapsed, New, Waiting};
    let Some((_dir, store)) = place().await else { return };
    for id in ["a", "b", "c"] {
        store.hold(held(id, "lee"), 9, 9).await.unwrap();
    }
    for id in ["a", "b"] {
        store.move_held(id, (New, Waiting), None, NOW).await.unwrap();
    }
    store.move_held("b", (Waiting, Approved), None, NOW).await.unwrap();
    assert!(!store.move_held("a", (Waiting, Approved), None, NOW + 60).await.unwrap(), "too late");
    assert!(store.lapse_held(NOW + 59, NOW - 9).await.unwrap().is_empty());
    let lapsed = store.lapse_held(NOW + 60, NOW - 9).await.unwrap();
    let ids: Vec<&str> = lapsed.iter().map(|held| held.id.as_str()).collect();
    assert!(ids.len() == 2 && ids.contains(&"a") && ids.contains(&"b"), "nobody ever heard of c: {ids:?}");
    for id in ["a", "b", "c"] {
        let known = store.held(id).await.unwrap().unwrap();
        assert_eq!((known.state, known.sealed), (Lapsed, None));
    }
    store.lapse_held(NOW + 100, NOW + 61).await.unwrap();
    assert_eq!(store.held("a").await.unwrap(), None);
}

#[tokio::test]
async fn r30_how_much_is_held_is_bounded() {
    let Some((_dir, store)) = place().await else { return };
    store.hold(held("a", "lee"), 1, 2).await.unwrap();
    let own = store.hold(held("b", "lee"), 1, 2).await;
    assert!(matches!(own, Err(StoreError::TooManyHeld { most: 1, of_user: true })), "{own:?}");
    store.hold(held("c", "kim"), 1, 2).await.unwrap();
    let all = store.hold(held("d", "pat"), 1, 2).await;
    assert!(matches!(all, Err(StoreError::TooManyHeld { most: 2, of_user: false })), "{all:?}");
    // What has ended takes no room.
    store.move_held("a", (HeldState::New, HeldState::Lapsed), None, NOW).await.unwrap();
    store.hold(held("e", "lee"), 1, 2).await.unwrap();
    let long = Held { sealed: Some(vec![0; MOST_SEALED + 1]), ..held("f", "max") };
    assert!(matches!(store.hold(long, 1, 9).await, Err(StoreError::HeldTooLong { .. })));
}
