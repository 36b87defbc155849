//! What keys cost: a subject's key from memory, from the database and anew, a record sealed, a person shredded, and a
//! rotation.
//!
//! `cargo run --release -p asepsis-keys --example cost [DIR]`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use asepsis_keys::{Keys, LocalRoot, PatientId, Record, RecordId, RootKey, Roots, Tenant};
use asepsis_vocab::SubjectId;

const NEW: u32 = 2_000;
const KNOWN: u32 = 1_000_000;
const MANY: u32 = 100_000;

fn show(what: &str, n: u32, took: Duration) {
    println!("{what}: {:.2} us", took.as_secs_f64() * 1e6 / f64::from(n));
}

#[tokio::main]
async fn main() {
    let place = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = tempfile::tempdir_in(place).unwrap();
    let root = Arc::new(LocalRoot::new(RootKey::generate().unwrap(), &dir.path().join("keys")).unwrap());
    let path = dir.path().join("keys.db");
    let open = async || Keys::open(&path, Roots::new(root.clone()), Tenant::default()).await.unwrap();
    let keys = open().await;
    let someone = |n: u32| SubjectId::from_random((u128::from(n) << 64).to_be_bytes());
    let began = Instant::now();
    for n in 0..NEW {
        keys.subject_key(someone(n)).await.unwrap();
    }
    show("a new subject's key, one after the other", NEW, began.elapsed());
    let began = Instant::now();
    for n in 0..KNOWN {
        black_box(keys.subject_key(someone(n % 1000)).await.unwrap());
    }
    show("a subject's key from memory", KNOWN, began.elapsed());
    let began = Instant::now();
    for n in 0..NEW {
        keys.subject(&PatientId::new("urn:oid:1.2", &n.to_string()).unwrap()).await.unwrap();
    }
    show("a new patient's pseudonym, one after the other", NEW, began.elapsed());
    let mut tasks = tokio::task::JoinSet::new();
    for n in NEW..MANY {
        let keys = keys.clone();
        tasks
            .spawn(async move { keys.subject(&PatientId::new("urn:oid:1.2", &n.to_string()).unwrap()).await.unwrap() });
    }
    let began = Instant::now();
    tasks.join_all().await;
    show("a new patient's pseudonym, many at once", MANY - NEW, began.elapsed());
    let subject = keys.subject(&PatientId::new("urn:oid:1.2", "1").unwrap()).await.unwrap();
    let began = Instant::now();
    assert_eq!(keys.shred(subject, "measured").await.unwrap().links, 1);
    println!("shredding one person among {MANY} links: {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    let key = keys.subject_key(someone(0)).await.unwrap();
    let began = Instant::now();
    for n in 0..KNOWN / 10 {
        let record = Record { origin: "example.org/log", id: RecordId::Index(n.into()), schema: 1 };
        black_box(key.seal(&record, &[0; 1024]).unwrap());
    }
    show("a record of 1 KiB sealed under its own key", KNOWN / 10, began.elapsed());
    let began = Instant::now();
    keys.rotate().await.unwrap();
    let done = keys.rewrap().await.unwrap();
    show("a key or link wrapped anew", u32::try_from(done.subjects + done.links).unwrap(), began.elapsed());
    drop(keys);
    let keys = open().await;
    let began = Instant::now();
    for n in 0..NEW {
        keys.subject_key(someone(n)).await.unwrap();
    }
    show("a subject's key from the database", NEW, began.elapsed());
}
