//! What every kind of root has to do.
#![allow(dead_code, reason = "each test file is a program of its own and uses its own part of this")]

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use asepsis_keys::root::EpochPlace;
use asepsis_keys::{KeyError, Keys, Record, RecordId, Root, RootError, Roots, Secret, Tenant};
use asepsis_vocab::SubjectId;

/// Whether who runs the tests asked for those with programs and packages of others to be left out. It is said then.
pub(crate) fn left_out(what: &str) -> bool {
    let asked = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    let left_out = asked.split(',').any(|what| what.trim() == "keys");
    if left_out {
        // Straight to the stream: what a test that holds prints by macro is not shown.
        writeln!(std::io::stderr(), "left out, as ASEPSIS_LEAVE_OUT asks: {what}").ok();
    }
    left_out
}

/// What to do where a peer is not there.
pub(crate) const SET_UP: &str = "it is not installed; `cargo xtask setup` installs it, `cargo xtask test` does so before all tests, and \
                                 with ASEPSIS_LEAVE_OUT=keys in the environment it is left out";

/// The Python with the packages that are peers here.
pub(crate) fn python() -> PathBuf {
    // Cargo marks its target folder with a tag.
    let program = std::env::current_exe().unwrap();
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists()).unwrap();
    let python = target.join("sdk/keys/bin/python");
    assert!(python.exists(), "{}: {SET_UP}", python.display());
    python
}

fn place(epoch: u32) -> EpochPlace {
    EpochPlace { tenant: Tenant::default(), epoch, id: [u8::try_from(epoch).unwrap(); 16] }
}

/// A root seals, opens the same and nothing else, and destroys for good.
pub(crate) async fn is_a_root(root: Arc<dyn Root>) {
    let (one, two) = (root.create(&place(1)).await.unwrap(), root.create(&place(2)).await.unwrap());
    assert_ne!(one, two);
    assert!(root.holds(&one) && root.holds(&two));
    let secret = Secret::random().unwrap();
    let wrapped = root.wrap(&one, &place(1), &secret).await.unwrap();
    assert_ne!(wrapped, root.wrap(&one, &place(1), &secret).await.unwrap(), "each time otherwise");
    assert!(!wrapped.windows(32).any(|w| w == secret.as_bytes()));
    assert_eq!(root.unwrap(&one, &place(1), &wrapped).await.unwrap().as_bytes(), secret.as_bytes());

    // As another epoch, of another tenant, under another key, or changed, it does not open.
    let tenant = EpochPlace { tenant: Tenant::new("another").unwrap(), ..place(1) };
    let id = EpochPlace { id: [9; 16], ..place(1) };
    let moved = [(&one, place(2)), (&one, tenant), (&one, id), (&two, place(1)), (&two, place(2))];
    for (key, place) in moved {
        let refused = root.unwrap(key, &place, &wrapped).await.unwrap_err();
        // A service may also say that what was sealed under another key is not this one's to open.
        let told = matches!(refused, RootError::Tampered(_) | RootError::Refused { .. });
        assert!(told && (key == &two || matches!(refused, RootError::Tampered(_))), "{place:?}: {refused}");
    }
    for at in [0, wrapped.len() / 2, wrapped.len() - 1] {
        let mut changed = wrapped.clone();
        changed[at] ^= 1;
        let refused = root.unwrap(&one, &place(1), &changed).await.unwrap_err();
        // The first byte of a service's ciphertext may be part of the name of its key.
        let told =
            matches!(refused, RootError::Tampered(1)) || (at == 0 && matches!(refused, RootError::Refused { .. }));
        assert!(told, "byte {at}: {refused}");
    }
    for short in [&wrapped[..0], &wrapped[..wrapped.len() / 2]] {
        assert!(root.unwrap(&one, &place(1), short).await.is_err());
    }

    root.destroy(&one).await.unwrap();
    let refused = root.unwrap(&one, &place(1), &wrapped).await.unwrap_err();
    assert!(matches!(refused, RootError::Gone(_)), "{refused}");
    assert!(root.wrap(&one, &place(1), &secret).await.is_err());
    root.destroy(&one).await.unwrap();
    let kept = root.wrap(&two, &place(2), &secret).await.unwrap();
    assert_eq!(root.unwrap(&two, &place(2), &kept).await.unwrap().as_bytes(), secret.as_bytes(), "the other is whole");
    root.destroy(&two).await.unwrap();
}

/// Keys live on such a root through restart, rotation and the destruction of an epoch; a copy of before then stays
/// closed.
pub(crate) async fn is_a_root_under_keys(root: Arc<dyn Root>) {
    let dir = tempfile::tempdir().unwrap();
    let (db, copy) = (dir.path().join("keys.db"), dir.path().join("copy.db"));
    let open = async |path: &std::path::Path| Keys::open(path, Roots::new(root.clone()), Tenant::default()).await;
    let record = Record { origin: "example.org/log", id: RecordId::Index(0), schema: 1 };
    let subject = SubjectId::from_random([1; 16]);
    let keys = open(&db).await.unwrap();
    let sealed = keys.subject_key(subject).await.unwrap().seal(&record, b"a diagnosis").unwrap();
    drop(keys);
    let sql = asepsis_db::rusqlite::Connection::open(&db).unwrap();
    sql.execute_batch(&format!("VACUUM INTO '{}'", copy.display())).unwrap();
    drop(sql);
    assert!(open(&copy).await.is_ok());

    let keys = open(&db).await.unwrap();
    keys.rotate().await.unwrap();
    keys.rewrap().await.unwrap();
    keys.destroy_epoch(1).await.unwrap();
    drop(keys);
    let keys = open(&db).await.unwrap();
    let key = keys.subject_key(subject).await.unwrap();
    assert_eq!(key.open(&record, &sealed).unwrap().as_slice(), b"a diagnosis");
    let refused = open(&copy).await.unwrap_err();
    assert!(matches!(refused, KeyError::Root(RootError::Gone(_))), "{refused}");
}
