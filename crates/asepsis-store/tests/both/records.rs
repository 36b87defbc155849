//! Versioned records, also as two processes see them.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use crate::backend::Folder;
use asepsis_store::{Change, MOST_BODY, MOST_RECORDS, Record, Store, StoreError};

const NOW: i64 = 1_795_000_000_123;

async fn place() -> Option<(Folder, Store)> {
    let dir = Folder::new(super::ON_SERVER)?;
    let store = Store::open(dir.place("store.db")).await.unwrap();
    Some((dir, store))
}

async fn change(store: &Store, changes: Vec<Change>) -> Result<Vec<Record>, StoreError> {
    store.change(changes, "dr.a@example.org", Some("ticket 4711"), NOW).await
}

fn versions(records: &[Record]) -> Vec<(String, u32, bool)> {
    records.iter().map(|record| (record.id.clone(), record.version, record.removed)).collect()
}

#[tokio::test]
async fn r25_every_version_is_kept_and_the_newest_counts() {
    let Some((dir, store)) = place().await else { return };
    let made =
        change(&store, vec![Change::set("vendor", "acme", r#"{"a":"\u0000\u00e4"}"#).expecting(0)]).await.unwrap();
    assert_eq!((made[0].seq, made[0].version), (1, 1));
    change(&store, vec![Change::set("vendor", "acme", "2").expecting(1)]).await.unwrap();
    change(&store, vec![Change::remove("vendor", "acme").expecting(2)]).await.unwrap();
    assert_eq!(store.record("vendor", "acme").await.unwrap(), None);
    assert_eq!(store.last_version("vendor", "acme").await.unwrap(), 3);
    assert_eq!(store.last_version("vendor", "nobody").await.unwrap(), 0);
    assert!(store.records("vendor", None, 10).await.unwrap().is_empty());
    change(&store, vec![Change::set("vendor", "acme", "4").expecting(0)]).await.unwrap();
    drop(store);
    let store = Store::open(dir.place("store.db")).await.unwrap();
    let now = store.record("vendor", "acme").await.unwrap().unwrap();
    assert_eq!((now.version, now.body.as_str(), now.changed), (4, "4", NOW));
    assert_eq!((now.by.as_str(), now.basis.as_deref()), ("dr.a@example.org", Some("ticket 4711")));
    let history = store.history("vendor", "acme", 0).await.unwrap();
    let bodies: Vec<_> = history.iter().map(|record| record.body.as_str()).collect();
    assert_eq!(bodies, [r#"{"a":"\u0000\u00e4"}"#, "2", "null", "4"]);
    assert_eq!(versions(&history)[2], ("acme".to_owned(), 3, true));
    assert_eq!(history[0], made[0]);
    assert_eq!(store.history("vendor", "acme", 3).await.unwrap(), history[3..]);
    assert_eq!(store.changed_since(2).await.unwrap(), history[2..]);
    assert!(!format!("{now:?} {:?}", Change::set("vendor", "acme", "\"secret\"")).contains("dr.a"));
}

#[tokio::test]
async fn r25_changes_are_made_together_or_not_at_all() {
    let Some((_dir, store)) = place().await else { return };
    change(&store, vec![Change::set("vendor", "a", "1"), Change::set("system", "a", "1")]).await.unwrap();
    let conflict = change(&store, vec![Change::set("vendor", "b", "1"), Change::set("vendor", "a", "2").expecting(7)]);
    let error = conflict.await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { expected: 7, found: 1, .. }), "{error}");
    let unknown = change(&store, vec![Change::remove("vendor", "a"), Change::remove("vendor", "nobody")]).await;
    assert!(matches!(unknown, Err(StoreError::UnknownRecord { .. })));
    let there = change(&store, vec![Change::set("vendor", "a", "2").expecting(0)]).await;
    assert!(matches!(there, Err(StoreError::Conflict { expected: 0, found: 1, .. })));
    let stopped = [Ok(Change::set("vendor", "c", "1")), Err("line 2 is no good".to_owned())];
    let error = store.change_each(stopped, "a", None, NOW).await.unwrap_err();
    assert_eq!(error.to_string(), "line 2 is no good; nothing was changed");
    assert_eq!(versions(&store.records("vendor", None, 10).await.unwrap()), [("a".to_owned(), 1, false)]);
    assert_eq!(*store.last_change().borrow(), 2);
    // The writer goes on, and one that is changed twice in one go has two versions.
    let twice = change(&store, vec![Change::set("vendor", "a", "2"), Change::set("vendor", "a", "3")]).await.unwrap();
    assert_eq!(versions(&twice), [("a".to_owned(), 2, false), ("a".to_owned(), 3, false)]);
}

#[tokio::test]
async fn r25_what_cannot_be_kept_is_refused_with_the_reason() {
    let Some((_dir, store)) = place().await else { return };
    let body = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let refused = [
        (Change::set("Vendor", "a", "1"), "a to z and _"),
        (Change::set("", "a", "1"), "a to z and _"),
        (Change::set("vendor", "", "1"), "1 to 64 characters"),
        (Change::set("vendor", "-a", "1"), "1 to 64 characters"),
        (Change::set("vendor", "a/b", "1"), "1 to 64 characters"),
        (Change::set("vendor", "x".repeat(65), "1"), "1 to 64 characters"),
        (Change::set("vendor", "a", "{"), "is JSON"),
        (Change::set("vendor", "a", "\"\0\""), "is JSON"),
        (Change::set("vendor", "a", body(MOST_BODY + 1)), "65537 bytes as JSON, and a record has 65536"),
    ];
    for (refused, part) in refused {
        let error = change(&store, vec![Change::set("vendor", "b", "1"), refused]).await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    for (by, basis) in [("", None), ("a\nb", None), ("a", Some(" ")), ("a", Some(&*"x".repeat(201)))] {
        let error = store.change(vec![Change::set("vendor", "b", "1")], by, basis, NOW).await.unwrap_err();
        assert!(matches!(error, StoreError::InvalidLine { .. }));
    }
    assert!(store.changed_since(0).await.unwrap().is_empty());
    change(&store, vec![Change::set("standing", "dr.a@example.org", body(MOST_BODY))]).await.unwrap();
}

#[tokio::test]
async fn r25_a_hundred_thousand_of_a_kind_are_kept_and_read_by_page() {
    let Some((_dir, store)) = place().await else { return };
    let all = (0..MOST_RECORDS).map(|n| Ok(Change::set("vendor", format!("v{n:06}"), format!("{n}")).expecting(0)));
    assert_eq!(store.change_each(all.collect::<Vec<_>>(), "a", None, NOW).await.unwrap(), u64::from(MOST_RECORDS));
    let more = change(&store, vec![Change::set("vendor", "w", "1")]).await;
    assert!(matches!(more, Err(StoreError::TooMany { most: MOST_RECORDS, .. })));
    change(&store, vec![Change::remove("vendor", "v000000"), Change::set("vendor", "w", "1")]).await.unwrap();
    change(&store, vec![Change::set("system", "s", "1")]).await.unwrap();
    let (mut after, mut count) = (None::<String>, 0);
    loop {
        let page = store.records("vendor", after.as_deref(), u32::MAX).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 1000 && page.is_sorted_by(|a, b| a.id < b.id));
        after = Some(last.id.clone());
        count += page.len();
    }
    assert_eq!(count, MOST_RECORDS as usize);
    let (give, take) = std::sync::mpsc::channel();
    let last = store.each_record(&["vendor", "system"], move |record| give.send(record.id).unwrap()).await.unwrap();
    assert_eq!(last, i64::from(MOST_RECORDS) + 3);
    let ids: Vec<_> = take.iter().collect();
    assert_eq!((ids.len(), ids[0].as_str(), ids[1].as_str()), (MOST_RECORDS as usize + 1, "s", "v000001"));
    assert_eq!(store.each_record(&["agreement"], |_| unreachable!()).await.unwrap(), last);
}

#[tokio::test]
async fn r25_a_page_is_bounded_in_bytes_too() {
    let Some((_dir, store)) = place().await else { return };
    let body = format!("\"{}\"", "x".repeat(MOST_BODY - 2));
    let all = (0..300).map(move |n| Ok(Change::set("vendor", format!("v{n:03}"), body.clone())));
    store.change_each(all.collect::<Vec<_>>(), "a", None, NOW).await.unwrap();
    let page = store.records("vendor", None, 1000).await.unwrap();
    assert_eq!(page.len(), 128);
    assert_eq!(store.records("vendor", Some("v127"), 1000).await.unwrap()[0].id, "v128");
}

#[tokio::test]
async fn r25_a_change_of_another_process_is_told_within_seconds() {
    let Some((dir, server)) = place().await else { return };
    let mut last = server.last_change();
    let tool = Store::open(dir.place("store.db")).await.unwrap();
    change(&tool, vec![Change::set("stop", "gpt", "{}")]).await.unwrap();
    tokio::time::timeout(Duration::from_millis(2500), last.changed()).await.unwrap().unwrap();
    assert_eq!(*last.borrow_and_update(), 1);
    change(&server, vec![Change::remove("stop", "gpt")]).await.unwrap();
    assert!(last.has_changed().unwrap());
    assert_eq!(*last.borrow_and_update(), 2);
}

#[tokio::test]
async fn r25_of_two_who_change_the_same_version_one_is_told() {
    let Some((dir, one)) = place().await else { return };
    let two = Store::open(dir.place("store.db")).await.unwrap();
    change(&one, vec![Change::set("vendor", "a", "0")]).await.unwrap();
    let tries = |store: Store| async move {
        let mut won = 0;
        for _ in 0..20 {
            let version = store.record("vendor", "a").await.unwrap().unwrap().version;
            match change(&store, vec![Change::set("vendor", "a", "1").expecting(version)]).await {
                Ok(_) => won += 1,
                Err(StoreError::Conflict { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        won
    };
    let (first, second) = tokio::join!(tokio::spawn(tries(one.clone())), tokio::spawn(tries(two)));
    let won = first.unwrap() + second.unwrap();
    assert_eq!(one.record("vendor", "a").await.unwrap().unwrap().version, 1 + won);
    assert!(won >= 20, "{won}");
}

#[tokio::test]
async fn r25_a_copy_takes_the_whole_history_along() {
    let Some((dir, store)) = place().await else { return };
    change(&store, vec![Change::set("vendor", "a", "1"), Change::set("vendor", "b", "1")]).await.unwrap();
    change(&store, vec![Change::set("vendor", "a", "2"), Change::remove("vendor", "b")]).await.unwrap();
    let to = dir.path().join("copy.db");
    assert_eq!(asepsis_store::copy(dir.place("store.db"), &to).await.unwrap(), 6);
    let copied = Store::open(&to).await.unwrap();
    assert_eq!(copied.changed_since(0).await.unwrap(), store.changed_since(0).await.unwrap());
    assert_eq!(versions(&copied.records("vendor", None, 10).await.unwrap()), [("a".to_owned(), 2, false)]);
    change(&copied, vec![Change::set("vendor", "b", "3")]).await.unwrap();
    assert_eq!(copied.record("vendor", "b").await.unwrap().unwrap().version, 3);
}
