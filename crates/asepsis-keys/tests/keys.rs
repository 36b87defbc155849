//! The keys in files, as somebody sees them who has copies of these.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use asepsis_db::rusqlite::Connection;
use asepsis_keys::{KeyError, Keys, LocalRoot, PatientId, Record, RecordId, RootError, RootKey, Roots, Tenant};
use asepsis_vocab::SubjectId;

/// A directory with a root key and the keys of its epochs, and one for the database.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(place.root_folder()).unwrap();
        RootKey::generate().unwrap().save(&place.root_folder().join("root.key")).unwrap();
        place
    }

    fn root_folder(&self) -> PathBuf {
        self.0.path().join("keys")
    }

    fn db(&self) -> PathBuf {
        self.0.path().join("state/keys.db")
    }

    fn roots(&self) -> Roots {
        let key = RootKey::load(&self.root_folder().join("root.key")).unwrap();
        Roots::new(Arc::new(LocalRoot::new(key, &self.root_folder()).unwrap()))
    }

    async fn open(&self) -> Keys {
        self.try_open(&self.db()).await.unwrap()
    }

    async fn try_open(&self, db: &Path) -> Result<Keys, KeyError> {
        Keys::open(db, self.roots(), Tenant::default()).await
    }

    fn sql(&self, statement: &str) {
        let db = Connection::open(self.db()).unwrap();
        db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        db.execute_batch(statement).unwrap();
    }

    /// A consistent copy of the database, as a backup has it.
    fn backup(&self, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        self.sql(&format!("VACUUM INTO '{}'", path.display()));
        path
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

#[cfg(unix)]
#[tokio::test]
async fn c2_a_patient_has_one_pseudonym_and_the_files_say_nothing_of_either() {
    let place = Place::new();
    let keys = place.open().await;
    let subject = keys.subject(&patient("QUACK-4711")).await.unwrap();
    assert_eq!(keys.subject(&patient("quack 4711")).await.unwrap(), subject);
    assert_ne!(keys.subject(&patient("QUACK4712")).await.unwrap(), subject);
    assert_eq!(keys.find_subject(&patient("nobody")).await.unwrap(), None);
    // The same person in the laboratory's system.
    let other = PatientId::new("urn:oid:9.9", "L1").unwrap();
    keys.link(&other, subject).await.unwrap();
    assert_eq!(keys.find_subject(&other).await.unwrap(), Some(subject));
    assert!(matches!(keys.link(&other, someone(1)).await, Err(KeyError::Contended)));
    // Only the link, no key yet: so the pseudonym stands nowhere but within a seal.
    for entry in std::fs::read_dir(place.db().parent().unwrap()).unwrap() {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        for needle in [&b"QUACK4711"[..], b"urn:oid", subject.as_bytes()] {
            assert!(!content.windows(needle.len()).any(|w| w == needle));
        }
    }
    drop(keys);
    assert_eq!(place.open().await.subject(&patient("QUACK4711")).await.unwrap(), subject);
}

#[tokio::test]
async fn r27_a_shredded_subject_is_gone_from_the_database_its_log_and_memory() {
    let place = Place::new();
    let keys = place.open().await;
    let subject = keys.subject(&patient("1")).await.unwrap();
    keys.link(&patient("2"), subject).await.unwrap();
    let survivor = keys.subject(&patient("3")).await.unwrap();
    let (key, kept) = (keys.subject_key(subject).await.unwrap(), keys.subject_key(survivor).await.unwrap());
    let db = Connection::open(place.db()).unwrap();
    let wrapped: Vec<u8> =
        db.query_row("SELECT wrapped FROM subjects WHERE subject = ?", (subject.as_bytes(),), |r| r.get(0)).unwrap();
    drop(db);
    let in_files = |needle: &[u8]| {
        std::fs::read_dir(place.db().parent().unwrap())
            .unwrap()
            .any(|e| std::fs::read(e.unwrap().path()).unwrap().windows(needle.len()).any(|w| w == needle))
    };
    assert!(in_files(&wrapped), "the search finds what is there");

    let erased = keys.shred(subject, "GDPR Art. 17, ticket 12").await.unwrap();
    assert_eq!((erased.keys, erased.links, erased.log_emptied), (1, 2, true));
    assert!(!in_files(&wrapped));
    let refused = keys.key(key.id()).await.unwrap_err();
    assert!(matches!(refused, KeyError::Shredded { key: k } if k == key.id()), "{refused}");
    assert!(matches!(keys.subject_key(subject).await, Err(KeyError::Shredded { key: k }) if k == key.id()));
    assert!(matches!(keys.link(&patient("4"), subject).await, Err(KeyError::Shredded { .. })));
    for number in ["1", "2"] {
        assert_eq!(keys.find_subject(&patient(number)).await.unwrap(), None);
    }
    assert_ne!(keys.subject(&patient("1")).await.unwrap(), subject, "who comes back is somebody new");
    assert_eq!(keys.key(kept.id()).await.unwrap().subject(), survivor);
    let list = keys.shredded().await.unwrap();
    assert_eq!((list.len(), list[0].key, list[0].basis.as_str()), (1, Some(key.id()), "GDPR Art. 17, ticket 12"));
    // Again is no error and keeps the first date and basis.
    let again = keys.shred(subject, "other").await.unwrap();
    assert_eq!((again.keys, again.links), (0, 0));
    assert_eq!(keys.shredded().await.unwrap(), list);
}

#[tokio::test]
async fn r27_destroying_an_epoch_makes_older_backups_unreadable_for_who_was_shredded() {
    let place = Place::new();
    let keys = place.open().await;
    let (shredded, survivor) = (keys.subject(&patient("1")).await.unwrap(), keys.subject(&patient("2")).await.unwrap());
    let mut sealed = Vec::new();
    for subject in [shredded, survivor] {
        sealed.push(keys.subject_key(subject).await.unwrap().seal(&record(0), b"a diagnosis").unwrap());
    }
    let backup = place.backup("backup.db");
    keys.shred(shredded, "ticket 1").await.unwrap();

    // Deleting in the live database alone leaves the backup as it is: with the root it opens.
    let old = place.try_open(&backup).await.unwrap();
    let key = old.subject_key(shredded).await.unwrap();
    assert_eq!(key.open(&record(0), &sealed[0]).unwrap().as_slice(), b"a diagnosis");
    assert_eq!(old.find_subject(&patient("1")).await.unwrap(), Some(shredded));
    drop((old, key));

    keys.rotate().await.unwrap();
    keys.rewrap().await.unwrap();
    keys.destroy_epoch(1).await.unwrap();
    let key = keys.subject_key(survivor).await.unwrap();
    assert_eq!(key.open(&record(0), &sealed[1]).unwrap().as_slice(), b"a diagnosis");
    drop(keys);

    // The whole backup is closed now, whatever is done with the root that is left.
    let refused = place.try_open(&backup).await.unwrap_err();
    assert!(matches!(refused, KeyError::Root(RootError::Gone(_))), "{refused}");
    // Nor do its rows open put into the live database, where the index of persons and all epochs are at hand.
    place.sql(&format!(
        "ATTACH '{}' AS old;
         DELETE FROM shredded;
         INSERT INTO subjects SELECT * FROM old.subjects WHERE subject NOT IN (SELECT subject FROM main.subjects);
         INSERT INTO links SELECT * FROM old.links WHERE blind NOT IN (SELECT blind FROM main.links);",
        backup.display()
    ));
    let keys = place.open().await;
    assert!(matches!(keys.subject_key(shredded).await, Err(KeyError::EpochDestroyed(1))));
    assert!(matches!(keys.find_subject(&patient("1")).await, Err(KeyError::EpochDestroyed(1))));
    assert!(keys.subject_key(survivor).await.is_ok());
}

#[tokio::test]
async fn r27_after_a_restore_the_list_shreds_again_and_twice_is_as_once() {
    let place = Place::new();
    let keys = place.open().await;
    let subjects: Vec<_> =
        [keys.subject(&patient("1")).await.unwrap(), keys.subject(&patient("2")).await.unwrap()].into();
    for subject in &subjects {
        keys.subject_key(*subject).await.unwrap();
    }
    let backup = place.backup("backup.db");
    keys.shred(subjects[0], "ticket 1").await.unwrap();
    let list = keys.shredded().await.unwrap();
    drop(keys);

    let restored = place.try_open(&backup).await.unwrap();
    assert!(restored.subject_key(subjects[0]).await.is_ok(), "the backup knows nothing of it");
    let first = restored.shred_again(&list).await.unwrap();
    assert_eq!((first.keys, first.links), (1, 1));
    let second = restored.shred_again(&list).await.unwrap();
    assert_eq!((second.keys, second.links), (0, 0));
    assert_eq!(restored.shredded().await.unwrap(), list);
    assert!(restored.subject_key(subjects[0]).await.is_err() && restored.subject_key(subjects[1]).await.is_ok());
}

#[tokio::test]
async fn r27_keys_that_cannot_be_written_are_not_given_out() {
    let place = Place::new();
    let keys = place.open().await;
    keys.subject_key(someone(1)).await.unwrap();
    place.sql("CREATE TRIGGER full BEFORE INSERT ON subjects BEGIN SELECT RAISE(FAIL, 'disk full'); END");
    assert!(matches!(keys.subject_key(someone(2)).await, Err(KeyError::Stopped(_))));
    assert!(!keys.is_healthy());
    place.sql("DROP TRIGGER full");
    assert!(keys.subject_key(someone(2)).await.is_err());
    assert!(keys.subject_key(someone(1)).await.is_ok(), "what is known can still be used");
}

#[tokio::test]
async fn c2_all_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let keys = place.open().await;
    keys.subject_key(someone(1)).await.unwrap();
    for folder in [place.root_folder(), place.db().parent().unwrap().to_owned()] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        }
    }
}

#[tokio::test]
async fn c2_files_are_a_root() {
    let place = Place::new();
    let key = RootKey::load(&place.root_folder().join("root.key")).unwrap();
    let root = Arc::new(LocalRoot::new(key, &place.root_folder()).unwrap());
    support::is_a_root(root.clone()).await;
    support::is_a_root_under_keys(root).await;
}
