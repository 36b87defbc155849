//! What is kept comes back as it was, and nothing of it can be read or changed by who has the database.
#![allow(clippy::unwrap_used)]

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

use asepsis_evidence::{CHUNK, Documents, EvidenceError, MOST_BYTES, copy};
use asepsis_keys::{Keys, LocalRoot, RootKey, Roots, Tenant};

use crate::backend::Folder;

const CANARY: &[u8] = b"Zebediah Quackenbush signed here";

/// A sink that several can look at.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A source that gives little at a time, and fails in the end where it is to.
struct Slow {
    rest: Vec<u8>,
    fails: bool,
}

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && self.fails {
            return Err(io::Error::other("the stick was pulled out"));
        }
        let length = self.rest.len().min(buffer.len()).min(70_001);
        buffer[..length].copy_from_slice(&self.rest[..length]);
        self.rest.drain(..length);
        Ok(length)
    }
}

async fn keys(dir: &Folder) -> Keys {
    let path = dir.path().join("root.key");
    if !path.exists() {
        RootKey::generate().unwrap().save(&path).unwrap();
    }
    let root = LocalRoot::new(RootKey::load(&path).unwrap(), dir.path()).unwrap();
    Keys::open(dir.place("keys.db"), Roots::new(Arc::new(root)), Tenant::default()).await.unwrap()
}

async fn open() -> Option<(Folder, Documents)> {
    let dir = Folder::new(super::ON_SERVER)?;
    let documents = Documents::open(dir.place("evidence.db"), &keys(&dir).await).await.unwrap();
    Some((dir, documents))
}

/// So many bytes in which a piece that stands elsewhere would be noticed, with the canary in the middle.
fn text(length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..length).map(|at| (at as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    if length > 2 * CANARY.len() {
        let middle = length / 2;
        bytes[middle..middle + CANARY.len()].copy_from_slice(CANARY);
    }
    bytes
}

async fn out(documents: &Documents, id: &str) -> Result<Vec<u8>, EvidenceError> {
    let sink = Sink::default();
    documents.export(id, sink.clone()).await?;
    let bytes = sink.0.lock().unwrap().clone();
    Ok(bytes)
}

#[tokio::test]
async fn p16_a_document_comes_back_byte_for_byte_at_every_length() {
    let Some((dir, documents)) = open().await else { return };
    for (at, length) in [1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17].into_iter().enumerate() {
        let id = format!("doc-{at}");
        let header = documents.add(&id, "SOC 2.pdf", Slow { rest: text(length), fails: false }, 7).await.unwrap();
        assert_eq!((header.bytes, header.name.as_str()), (length as u64, "SOC 2.pdf"));
        assert_eq!(out(&documents, &id).await.unwrap(), text(length));
        let (shown, stored) = documents.show(&id).await.unwrap();
        assert_eq!((&shown, stored.bytes, stored.added), (&header, length as u64, 7));
    }
    // Others open it with the same keys.
    let again = Documents::open(dir.place("evidence.db"), &keys(&dir).await).await.unwrap();
    assert_eq!(again.list().await.unwrap().len(), 6);
    assert_eq!(out(&again, "doc-5").await.unwrap(), text(3 * CHUNK + 17));
    let printed = format!("{:?} {:?}", documents.show("doc-0").await.unwrap(), documents);
    assert!(!printed.contains("SOC 2"), "{printed}");
}

#[tokio::test]
async fn p16_what_cannot_be_kept_leaves_nothing_behind() {
    let Some((_dir, documents)) = open().await else { return };
    let add = |id: &'static str, name: &'static str, rest: Vec<u8>, fails: bool| {
        let documents = documents.clone();
        async move { documents.add(id, name, Slow { rest, fails }, 7).await.map(|_| ()).unwrap_err().to_string() }
    };
    assert!(add("broken", "a", text(2 * CHUNK), true).await.contains("the stick was pulled out"));
    assert!(add("empty", "a", Vec::new(), false).await.contains("is empty"));
    for id in ["", "a b", "-a", "\u{e4}", "../x"] {
        assert!(add(id, "a", text(1), false).await.contains("1 to 64"), "{id}");
    }
    assert!(add("name", "a\nb", text(1), false).await.contains("one line"));
    assert!(documents.list().await.unwrap().is_empty());
    documents.add("one", "a", io::Cursor::new(text(9)), 7).await.unwrap();
    assert!(add("one", "b", text(9), false).await.contains("already"));
    assert_eq!(out(&documents, "one").await.unwrap(), text(9));
    for id in ["two", "one' OR 'a' = 'a"] {
        assert!(matches!(documents.show(id).await, Err(EvidenceError::Unknown(_))));
        assert!(matches!(out(&documents, id).await, Err(EvidenceError::Unknown(_))));
        assert!(!documents.remove(id).await.unwrap());
    }
}

#[tokio::test]
async fn p16_the_limit_is_exact() {
    let Some((_dir, documents)) = open().await else { return };
    let header = documents.add("most", "a", io::repeat(7).take(MOST_BYTES), 7).await.unwrap();
    assert_eq!(header.bytes, MOST_BYTES);
    let more = documents.add("more", "a", io::repeat(7).take(MOST_BYTES + 1), 7).await.unwrap_err();
    assert!(more.to_string().contains("at most 64 MiB"));
    assert_eq!(documents.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn p16_what_was_changed_or_moved_is_noticed_before_it_is_given_out() {
    let Some((dir, documents)) = open().await else { return };
    for id in ["a", "b"] {
        documents.add(id, "name", io::Cursor::new(text(2 * CHUNK + 5)), 7).await.unwrap();
    }
    let attack = async |statements: &str| {
        let whole = out(&documents, "a").await.unwrap();
        let keep = if super::ON_SERVER { "AS TABLE" } else { "AS SELECT * FROM" };
        for table in ["evidence_documents", "evidence_chunks"] {
            dir.sql("evidence.db", &format!("CREATE TABLE keep_{table} {keep} {table}"));
        }
        dir.sql("evidence.db", statements);
        let sink = Sink::default();
        let error = documents.export("a", sink.clone()).await.unwrap_err();
        assert!(matches!(error, EvidenceError::Tampered { .. }), "{statements}: {error}");
        assert!(whole.starts_with(&sink.0.lock().unwrap()), "{statements}");
        for table in ["evidence_documents", "evidence_chunks"] {
            let back =
                format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM keep_{table}; DROP TABLE keep_{table}");
            dir.sql("evidence.db", &back);
        }
    };
    attack("UPDATE evidence_chunks SET sealed = x'00' WHERE document = 'a' AND place = 1").await;
    attack("DELETE FROM evidence_chunks WHERE document = 'a' AND place = 2").await;
    attack("DELETE FROM evidence_chunks WHERE document = 'a'").await;
    attack("UPDATE evidence_chunks SET sealed = (SELECT c.sealed FROM evidence_chunks c WHERE c.document = 'b' AND c.place = 0) WHERE document = 'a' AND place = 0").await;
    attack("UPDATE evidence_chunks SET sealed = (SELECT c.sealed FROM evidence_chunks c WHERE c.document = 'a' AND c.place = 0) WHERE document = 'a' AND place = 1").await;
    attack("UPDATE evidence_documents SET header = (SELECT d.header FROM evidence_documents d WHERE d.id = 'b') WHERE id = 'a'").await;
    attack("UPDATE evidence_documents SET salt = (SELECT d.salt FROM evidence_documents d WHERE d.id = 'b') WHERE id = 'a'").await;
    // A whole document under another's name.
    attack(
        "DELETE FROM evidence_chunks WHERE document = 'a'; DELETE FROM evidence_documents WHERE id = 'a'; \
         UPDATE evidence_chunks SET document = 'a' WHERE document = 'b'; UPDATE evidence_documents SET id = 'a' WHERE id = 'b'",
    )
    .await;
    assert_eq!(out(&documents, "a").await.unwrap(), text(2 * CHUNK + 5));
}

#[tokio::test]
async fn p16_nothing_of_it_is_readable_on_disk_and_nothing_is_left_when_it_is_removed() {
    let Some((dir, documents)) = open().await else { return };
    documents.add("a", "very-secret-name.pdf", io::Cursor::new(text(CHUNK)), 7).await.unwrap();
    let all = || {
        let files = std::fs::read_dir(dir.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.flatten().collect::<Vec<u8>>()
    };
    let holds = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    for what in [CANARY, b"very-secret-name"] {
        assert!(!holds(&all(), what));
    }
    if !super::ON_SERVER {
        let sealed = asepsis_db::rusqlite::Connection::open(dir.path().join("evidence.db")).unwrap();
        let piece: Vec<u8> = sealed.query_row("SELECT sealed FROM evidence_chunks", [], |row| row.get(0)).unwrap();
        drop(sealed);
        assert!(holds(&all(), &piece[..64]));
        assert!(documents.remove("a").await.unwrap());
        assert!(!holds(&all(), &piece[..64]));
    }
}

#[tokio::test]
async fn p16_documents_are_copied_whole_into_what_is_empty() {
    let Some((dir, documents)) = open().await else { return };
    documents.add("a", "name", io::Cursor::new(text(CHUNK + 5)), 7).await.unwrap();
    let files = tempfile::tempdir().unwrap();
    let to = files.path().join("evidence.db");
    assert_eq!(copy(dir.place("evidence.db"), &to).await.unwrap(), 3);
    let copied = Documents::open(&to, &keys(&dir).await).await.unwrap();
    assert_eq!(out(&copied, "a").await.unwrap(), text(CHUNK + 5));
    assert!(copy(dir.place("evidence.db"), &to).await.unwrap_err().to_string().contains("rows already"));
    // Where there never were any, there is nothing to copy, and nothing is made.
    let none = files.path().join("none.db");
    assert_eq!(copy(&files.path().join("missing.db"), &none).await.unwrap(), 0);
    assert!(!none.exists());
}
