//! The keys as the log and the vault use them.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use asepsis_keys::root::Destruction;
use asepsis_keys::{
    KeyError, KeyPlace, Keys, LocalRoot, PatientId, Record, RecordId, RootError, RootKey, Roots, Secret, SubjectKey,
    Tenant,
};
use asepsis_vocab::SubjectId;

use super::ON_SERVER;
use crate::backend::Folder;

/// A directory with a root key and the keys of its epochs, and the database in another, or on a server.
struct Place(Folder);

impl Place {
    /// Nothing where there is no server.
    fn new() -> Option<Self> {
        let place = Self(Folder::new(ON_SERVER)?);
        std::fs::create_dir(place.root_folder()).unwrap();
        RootKey::generate().unwrap().save(&place.root_folder().join("root.key")).unwrap();
        Some(place)
    }

    fn root_folder(&self) -> PathBuf {
        self.0.path().join("keys")
    }

    fn db(&self) -> asepsis_db::Place {
        self.0.place("state/keys.db")
    }

    fn roots(&self) -> Roots {
        let key = RootKey::load(&self.root_folder().join("root.key")).unwrap();
        Roots::new(Arc::new(LocalRoot::new(key, &self.root_folder()).unwrap()))
    }

    async fn open(&self) -> Keys {
        self.try_open(&self.db()).await.unwrap()
    }

    async fn try_open(&self, db: &asepsis_db::Place) -> Result<Keys, KeyError> {
        Keys::open(db, self.roots(), Tenant::default()).await
    }

    fn sql(&self, statement: &str) {
        self.0.sql("state/keys.db", statement);
    }
}

fn record(index: u64) -> Record<'static> {
    Record { origin: "example.org/log", id: RecordId::Index(index), schema: 1 }
}

fn someone(n: u8) -> SubjectId {
    SubjectId::from_random([n; 16])
}

fn patient(number: &str) -> PatientId {
    PatientId::new("urn:oid:1.2.3", number).unwrap()
}

#[tokio::test]
async fn c2_a_subjects_key_is_the_same_after_a_restart_and_is_found_by_its_id() {
    let Some(place) = Place::new() else { return };
    let keys = place.open().await;
    let key = keys.subject_key(someone(1)).await.unwrap();
    assert_eq!(key.subject(), someone(1));
    let sealed = key.seal(&record(7), b"blood pressure 120/80").unwrap();
    let commits = keys.commits();
    for _ in 0..100 {
        keys.subject_key(someone(1)).await.unwrap();
    }
    assert_eq!(keys.commits(), commits, "what is known costs no write");
    keys.subject_key(someone(2)).await.unwrap();
    assert_eq!(keys.commits(), commits + 1, "a new one is one insert");
    let id = key.id();
    drop(keys);

    let keys = place.open().await;
    for again in [keys.subject_key(someone(1)).await.unwrap(), keys.key(id).await.unwrap()] {
        assert_eq!(again.id(), id);
        assert_eq!(again.open(&record(7), &sealed).unwrap().as_slice(), b"blood pressure 120/80");
    }
    let unknown = "sk_00000000000000000000000000000000".parse().unwrap();
    assert!(matches!(keys.key(unknown).await, Err(KeyError::NoKey(key)) if key == unknown));
}

#[tokio::test]
async fn c2_a_record_opens_as_itself_and_under_its_own_key_only() {
    let Some(place) = Place::new() else { return };
    let keys = place.open().await;
    let (key, other) = (keys.subject_key(someone(1)).await.unwrap(), keys.subject_key(someone(2)).await.unwrap());
    let event = Record { origin: "example.org/log", id: RecordId::Event([3; 16], 0), schema: 1 };
    let sealed = key.seal(&event, b"x").unwrap();
    assert_eq!(sealed.len(), 1 + 29);
    assert_ne!(sealed, key.seal(&event, b"x").unwrap(), "each time with another nonce");
    assert_eq!(key.open(&event, &sealed).unwrap().as_slice(), b"x");
    let others = [
        Record { origin: "example.org/gol", ..event },
        Record { id: RecordId::Event([4; 16], 0), ..event },
        Record { id: RecordId::Event([3; 16], 1), ..event },
        Record { id: RecordId::Index(3), ..event },
        Record { schema: 2, ..event },
    ];
    for wrong in others {
        assert!(matches!(key.open(&wrong, &sealed), Err(KeyError::BadRecord)), "{wrong:?}");
    }
    assert!(matches!(other.open(&event, &sealed), Err(KeyError::BadRecord)));
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(key.open(&event, &changed).is_err() && key.open(&event, &sealed[..at]).is_err(), "byte {at}");
    }
    let long = vec![0; SubjectKey::MOST + 1];
    assert!(matches!(key.seal(&event, &long), Err(KeyError::TooLong { .. })));
}

#[tokio::test]
async fn c2_what_was_changed_or_moved_is_refused() {
    let changes = [
        "UPDATE subjects SET wrapped = randomblob(60)",
        "UPDATE subjects SET wrapped = (SELECT o.wrapped FROM subjects o WHERE o.subject <> subjects.subject)",
        "UPDATE subjects SET wrapped = x''",
        "UPDATE subjects SET key = randomblob(16)",
        "UPDATE links SET wrapped = (SELECT o.wrapped FROM links o WHERE o.blind <> links.blind)",
        "UPDATE links SET wrapped = randomblob(44)",
        "UPDATE epochs SET wrapped = randomblob(60)",
        "UPDATE epochs SET id = randomblob(16)",
        "UPDATE epochs SET root = replace(root, 'local', 'transit')",
        "UPDATE about SET value = 'another'",
        "UPDATE named SET wrapped = randomblob(60)",
    ];
    for change in changes {
        let Some(place) = Place::new() else { return };
        let keys = place.open().await;
        let mut subjects = Vec::new();
        for number in ["1", "2"] {
            let subject = keys.subject(&patient(number)).await.unwrap();
            keys.subject_key(subject).await.unwrap();
            subjects.push((number, subject));
        }
        drop(keys);
        place.sql(change);
        let read = async {
            let keys = place.try_open(&place.db()).await?;
            for (number, subject) in &subjects {
                keys.subject_key(*subject).await?;
                keys.find_subject(&patient(number)).await?;
            }
            Ok::<_, KeyError>(())
        };
        let refused = read.await.unwrap_err();
        assert!(
            matches!(
                refused,
                KeyError::Tampered { .. }
                    | KeyError::Root(RootError::Tampered(1))
                    | KeyError::UnknownRoot { epoch: 1, .. }
                    | KeyError::Different("tenant")
            ),
            "{change}: {refused}"
        );
    }
}

#[tokio::test]
async fn c2_another_root_key_or_a_missing_epoch_is_told_at_once() {
    let Some(place) = Place::new() else { return };
    drop(place.open().await);
    let other = Roots::new(Arc::new(LocalRoot::new(RootKey::generate().unwrap(), &place.root_folder()).unwrap()));
    let refused = Keys::open(&place.db(), other, Tenant::default()).await.unwrap_err();
    assert!(matches!(refused, KeyError::UnknownRoot { epoch: 1, .. }), "{refused}");
    let epoch = std::fs::read_dir(place.root_folder()).unwrap().map(|e| e.unwrap().path());
    let epoch = epoch.into_iter().find(|p| p.file_name().unwrap().to_str().unwrap().starts_with("epoch-")).unwrap();
    std::fs::rename(&epoch, place.root_folder().join("away")).unwrap();
    let refused = place.try_open(&place.db()).await.unwrap_err();
    assert!(matches!(refused, KeyError::Root(RootError::Gone(_))), "{refused}");
    std::fs::rename(place.root_folder().join("away"), &epoch).unwrap();
    place.open().await;
}

#[tokio::test]
async fn c2_rotation_wraps_anew_and_what_was_sealed_before_still_opens() {
    let Some(place) = Place::new() else { return };
    let keys = place.open().await;
    let subject = keys.subject(&patient("1")).await.unwrap();
    let key = keys.subject_key(subject).await.unwrap();
    let sealed = key.seal(&record(0), b"before").unwrap();
    let held = Secret::random().unwrap();
    let elsewhere = KeyPlace { kind: "test", id: b"1" };
    let (epoch, wrapped) = keys.wrap(elsewhere, &held).unwrap();
    keys.hold("a test", epoch).await.unwrap();
    let named = keys.named("a name").await.unwrap();
    keys.import("a name", &named).await.unwrap();
    assert!(matches!(keys.import("a name", &held).await, Err(KeyError::Different("a name"))));

    assert_eq!(keys.rotate().await.unwrap(), 2);
    let refused = keys.destroy_epoch(1).await.unwrap_err();
    assert!(matches!(refused, KeyError::EpochInUse { epoch: 1, .. }), "keys are still under it: {refused}");
    let done = keys.rewrap().await.unwrap();
    assert_eq!((done.subjects, done.links, done.named), (1, 1, 2));
    assert_eq!(keys.rewrap().await.unwrap(), Default::default(), "twice changes nothing");
    let refused = keys.destroy_epoch(1).await.unwrap_err();
    assert!(refused.to_string().contains("a test"), "the holder was not asked: {refused}");
    assert_eq!(keys.unwrap(epoch, elsewhere, &wrapped).await.unwrap().as_bytes(), held.as_bytes());
    assert!(matches!(keys.destroy_epoch(2).await, Err(KeyError::EpochInUse { epoch: 2, .. })), "the current one");
    keys.hold("a test", 2).await.unwrap();
    assert_eq!(keys.held("a test").await.unwrap(), Some(1), "who is not alone raises nothing");
    keys.alone().await.unwrap().raise("a test", 2).await.unwrap();
    assert_eq!(keys.destroy_epoch(1).await.unwrap(), Destruction::Done);
    assert!(matches!(keys.destroy_epoch(1).await, Err(KeyError::EpochDestroyed(1))));
    assert!(matches!(keys.unwrap(epoch, elsewhere, &wrapped).await, Err(KeyError::EpochDestroyed(1))));
    let status = keys.epochs().await.unwrap();
    assert!(status[0].destroyed.is_some() && status[1].destroyed.is_none() && status[1].keys == done);
    drop(keys);

    let keys = place.open().await;
    assert_eq!(keys.current_epoch(), 2);
    assert_eq!(keys.find_subject(&patient("1")).await.unwrap(), Some(subject));
    let again = keys.subject_key(subject).await.unwrap();
    assert_eq!(again.open(&record(0), &sealed).unwrap().as_slice(), b"before");
    assert_eq!(keys.named("a name").await.unwrap().as_bytes(), named.as_bytes());
}

/// Two handles with caches of their own, as two processes have.
#[tokio::test]
async fn r27_one_process_sees_what_another_rotates_and_shreds_and_is_in_the_way_of_destroying() {
    let Some(place) = Place::new() else { return };
    let (one, other) = (place.open().await, place.open().await);
    let key = one.subject_key(someone(1)).await.unwrap();
    assert_eq!(other.subject_key(someone(1)).await.unwrap().id(), key.id());
    assert_eq!(other.rotate().await.unwrap(), 2);
    other.rewrap().await.unwrap();
    let new = other.subject_key(someone(2)).await.unwrap();
    assert_eq!(one.current_epoch(), 1);
    assert_eq!(one.key(new.id()).await.unwrap().id(), new.id(), "wrapped under an epoch that it had not seen");
    assert_eq!(one.current_epoch(), 2);
    other.shred(someone(1), "ticket").await.unwrap();
    one.refresh().await.unwrap();
    assert!(matches!(one.subject_key(someone(1)).await, Err(KeyError::Shredded { .. })));

    assert!(matches!(other.destroy_epoch(1).await, Err(KeyError::InUse)));
    drop(one);
    other.destroy_epoch(1).await.unwrap();
    place.open().await.subject_key(someone(3)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_many_who_ask_for_the_same_new_key_or_pseudonym_get_one() {
    let Some(place) = Place::new() else { return };
    let handles = [place.open().await, place.open().await];
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..64 {
        let keys = handles[n % 2].clone();
        tasks.spawn(async move {
            let subject = keys.subject(&patient("1")).await.unwrap();
            (subject, keys.subject_key(subject).await.unwrap().id())
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().collect::<HashSet<_>>().len(), 1);
}

#[tokio::test]
async fn c2_keys_are_wrapped_anew_while_others_shred_and_none_comes_back() {
    let Some(place) = Place::new() else { return };
    let keys = place.open().await;
    let mut subjects = Vec::new();
    for n in 0..300_u32 {
        let subject = keys.subject(&patient(&n.to_string())).await.unwrap();
        keys.subject_key(subject).await.unwrap();
        subjects.push(subject);
    }
    keys.rotate().await.unwrap();
    let (shredding, rewrapping) = (keys.clone(), keys.clone());
    let doomed: Vec<_> = subjects.iter().copied().step_by(3).collect();
    let shred = async {
        for subject in &doomed {
            shredding.shred(*subject, "ticket").await.unwrap();
        }
    };
    let (_, rewrapped) = tokio::join!(shred, async { rewrapping.rewrap().await.unwrap() });
    assert!(rewrapped.subjects >= 200);
    keys.rewrap().await.unwrap();
    for (n, subject) in subjects.iter().enumerate() {
        let found = keys.find_subject(&patient(&n.to_string())).await.unwrap();
        assert_eq!(found.is_none(), n % 3 == 0);
        assert_eq!(keys.subject_key(*subject).await.is_err(), n % 3 == 0);
    }
    keys.destroy_epoch(1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_processes_that_start_at_once_make_one_first_epoch() {
    let Some(place) = Place::new().map(Arc::new) else { return };
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let place = place.clone();
        tasks.spawn(async move {
            let keys = place.open().await;
            (keys.subject(&patient("1")).await.unwrap(), keys.subject_key(someone(1)).await.unwrap().id())
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().collect::<HashSet<_>>().len(), 1);
    assert_eq!(place.open().await.epochs().await.unwrap().len(), 1);
    let epochs = std::fs::read_dir(place.root_folder()).unwrap();
    let names = epochs.map(|e| e.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.starts_with("epoch-")).count(), 1, "those of who came second are destroyed");
}

#[tokio::test]
async fn c2_the_root_is_changed_by_a_rotation_and_the_former_one_is_needed_until_its_epochs_are_destroyed() {
    let Some(place) = Place::new() else { return };
    let keys = place.open().await;
    let key = keys.subject_key(someone(1)).await.unwrap();
    let sealed = key.seal(&record(0), b"before").unwrap();
    drop((keys, key));
    let folder = place.0.path().join("other");
    let new: Arc<LocalRoot> = Arc::new(LocalRoot::new(RootKey::generate().unwrap(), &folder).unwrap());
    let old = RootKey::load(&place.root_folder().join("root.key")).unwrap();
    let old = Arc::new(LocalRoot::new(old, &place.root_folder()).unwrap());
    let open = async |roots: Roots| Keys::open(&place.db(), roots, Tenant::default()).await;
    let keys = open(Roots::new(new.clone()).former(old.clone())).await.unwrap();
    assert_eq!(keys.current_epoch(), 1, "opening alone changes nothing");
    keys.rotate().await.unwrap();
    drop(keys);
    // Interrupted here: the former root is still needed for what is under its epoch.
    let keys = open(Roots::new(new.clone())).await;
    assert!(matches!(keys, Err(KeyError::UnknownRoot { epoch: 1, .. })));
    let keys = open(Roots::new(new.clone()).former(old)).await.unwrap();
    keys.rewrap().await.unwrap();
    keys.destroy_epoch(1).await.unwrap();
    drop(keys);
    let keys = open(Roots::new(new)).await.unwrap();
    let key = keys.subject_key(someone(1)).await.unwrap();
    assert_eq!(key.open(&record(0), &sealed).unwrap().as_slice(), b"before");
}
