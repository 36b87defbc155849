//! The database as it must be: durable, private, and stopped when it cannot keep its word.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use asepsis_db::{Batch, Connection, Database, DbError, Error, GroupCommit, NotStored, Schema, Value};

const FIRST: Schema = Schema { name: "test", sqlite: &[TABLE], postgres: &[] };
const SECOND: Schema = Schema { name: "test", sqlite: &[TABLE, MORE], postgres: &[] };
const BAD: Schema =
    Schema { name: "test", sqlite: &[TABLE, MORE, "CREATE TABLE u (n); CREATE TABLE t (n)"], postgres: &[] };

const TABLE: &str = "CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT";
const MORE: &str = "ALTER TABLE t ADD COLUMN more TEXT";

fn file(dir: &tempfile::TempDir) -> std::path::PathBuf {
    dir.path().join("state/x.db")
}

/// SQLite's own patience ends where two change a new file to the write-ahead log at once.
#[tokio::test(flavor = "multi_thread")]
async fn r27_many_who_make_the_same_new_database_at_once_all_get_it() {
    for _ in 0..20 {
        let dir = std::sync::Arc::new(tempfile::tempdir().unwrap());
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let dir = dir.clone();
            tasks.spawn(async move {
                let db = Database::open(file(&dir), &FIRST).await.unwrap();
                db.connection().await.map(drop).unwrap();
            });
        }
        tasks.join_all().await;
    }
}

#[tokio::test]
async fn r27_the_settings_that_keep_data_are_on_and_the_files_are_private() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(file(&dir), &FIRST).await.unwrap();
    let connection = db.connection().await.unwrap();
    let synchronous: i64 = connection.one("PRAGMA synchronous", &[], |row| row.get(0)).unwrap();
    let journal: String = connection.one("PRAGMA journal_mode", &[], |row| row.get(0)).unwrap();
    assert_eq!((synchronous, journal.as_str()), (2, "wal"));
    connection.execute("INSERT INTO t VALUES (1, 'a')", &[]).unwrap();
    assert!(db.read(|db| db.execute("DELETE FROM t", &[])).await.is_err(), "readers cannot write");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(file(&dir).parent().unwrap()), 0o700);
        for entry in std::fs::read_dir(file(&dir).parent().unwrap()).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600);
        }
        // One that was made wider is made private again.
        std::fs::set_permissions(file(&dir), std::fs::Permissions::from_mode(0o644)).unwrap();
        Database::open(file(&dir), &FIRST).await.unwrap();
        assert_eq!(mode(&file(&dir)), 0o600);
    }
}

#[tokio::test]
async fn r27_layouts_are_brought_up_to_date_and_newer_ones_refused() {
    let dir = tempfile::tempdir().unwrap();
    Database::open(file(&dir), &FIRST).await.unwrap();
    let older = Database::open_read_only(file(&dir), &SECOND).await.unwrap_err();
    assert!(matches!(older, DbError::Older { found: 1, known: 2, .. }));
    let db = Database::open(file(&dir), &SECOND).await.unwrap();
    db.read(|db| db.batch("SELECT more FROM t")).await.unwrap();
    let newer = Database::open(file(&dir), &FIRST).await.unwrap_err();
    assert!(matches!(newer, DbError::Newer { found: 2, known: 1, .. }));
    assert!(newer.to_string().contains("x.db") && newer.to_string().contains("newer version"));
    // A layout that fails leaves what was there.
    assert!(Database::open(file(&dir), &BAD).await.is_err());
    Database::open(file(&dir), &SECOND).await.unwrap();
}

#[tokio::test]
async fn r27_a_file_that_is_no_database_is_refused_with_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.db");
    std::fs::write(&path, "this is not a database, it is a long text without meaning".repeat(100)).unwrap();
    for refused in
        [Database::open(&path, &FIRST).await.unwrap_err(), Database::open_read_only(&path, &FIRST).await.unwrap_err()]
    {
        assert!(refused.to_string().contains("x.db") && refused.to_string().contains("backup"), "{refused}");
    }
    assert!(Database::open_read_only(dir.path().join("none.db"), &FIRST).await.is_err());
}

#[tokio::test]
async fn r27_a_reader_sees_what_a_writer_of_another_connection_committed() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(file(&dir), &FIRST).await.unwrap();
    let connection = db.connection().await.unwrap();
    let other = Database::open_read_only(file(&dir), &FIRST).await.unwrap();
    connection.execute("INSERT INTO t VALUES (1, 'a')", &[]).unwrap();
    assert_eq!(count(&other).await, 1);
    assert!(other.connection().await.is_err());
}

/// Stores numbers with a text.
struct Numbers;

impl Batch for Numbers {
    type Job = (i64, String);
    type Done = usize;

    fn write(&mut self, db: &Connection, jobs: &[(i64, String)]) -> Result<Vec<usize>, Error> {
        db.execute_each(
            "INSERT INTO t VALUES (?, ?)",
            jobs.iter().map(|job| [Value::Int(job.0), Value::Text(&job.1)]),
        )?;
        Ok(vec![jobs.len(); jobs.len()])
    }
}

async fn count(db: &Database) -> i64 {
    db.read(|db| db.one("SELECT count(*) FROM t", &[], |row| row.get(0))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_who_waits_together_is_stored_together_and_a_contradiction_harms_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(file(&dir), &FIRST).await.unwrap();
    let (writer, ended) = GroupCommit::start(db.connection().await.unwrap(), Numbers, 64).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..500 {
        let writer = writer.clone();
        // Every number below 250 comes twice.
        tasks.spawn(async move { writer.store((n % 250, "a".to_owned())).await });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 250);
    assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(NotStored::Conflict))));
    assert!(writer.is_healthy() && writer.stats().jobs == 250);
    drop(writer);
    ended.await;
    assert_eq!(count(&db).await, 250);
}

#[tokio::test]
async fn r27_a_full_disk_stops_the_writer_for_good() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(file(&dir), &FIRST).await.unwrap();
    let connection = db.connection().await.unwrap();
    // SQLite answers SQLITE_FULL beyond this size, as it does when the disk is full.
    connection.one("PRAGMA max_page_count = 8", &[], |_| Ok(())).unwrap();
    let (writer, _) = GroupCommit::start(connection, Numbers, 64).unwrap();
    let mut stored = 0;
    let refused = loop {
        match writer.store((stored, "x".repeat(1000))).await {
            Ok(_) => stored += 1,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, NotStored::Stopped(_)));
    assert!(refused.to_string().contains("the disk is full, make room"), "{refused}");
    assert!(stored > 0);
    assert!(matches!(writer.store((-1, String::new())).await, Err(NotStored::Stopped(_))), "small, but it is over");
    assert!(!writer.is_healthy());
    assert_eq!(count(&db).await, stored, "what was acknowledged is there, what was not is not");
}

/// Stores numbers from `first` on until tasks do it themselves where the disk is quick, one after the other.
async fn settle(writer: &GroupCommit<Numbers>, first: i64) {
    for n in 0..200 {
        writer.store((first + n, "a".to_owned())).await.unwrap();
    }
}

#[tokio::test]
async fn r27_another_process_that_writes_holds_up_who_stores_and_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(file(&dir), &FIRST).await.unwrap();
    let (writer, _) = GroupCommit::start(db.connection().await.unwrap(), Numbers, 64).unwrap();
    settle(&writer, 0).await;
    let other = db.connection().await.unwrap();
    other.batch("BEGIN IMMEDIATE; INSERT INTO t VALUES (-1, 'other')").unwrap();
    // This test has one thread: if the task itself waited for the other process, the lines below would not be reached
    // before the time-out, and the job would have failed.
    let storing = tokio::spawn({
        let writer = writer.clone();
        async move { writer.store((1000, "a".to_owned())).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(!storing.is_finished());
    other.batch("COMMIT").unwrap();
    assert_eq!(storing.await.unwrap(), Ok(1));
    assert_eq!(count(&db).await, 202);
}

#[tokio::test]
async fn r27_what_is_in_the_queue_is_stored_also_when_who_had_the_turn_goes_away() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(file(&dir), &FIRST).await.unwrap();
    let (writer, ended) = GroupCommit::start(db.connection().await.unwrap(), Numbers, 64).unwrap();
    settle(&writer, 0).await;
    for n in 0..100 {
        // Polled once, and so in the queue, or stored already where it did not wait for others; then dropped.
        let mut gone = Box::pin(writer.store((1000 + n, "a".to_owned())));
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(gone.as_mut().poll(context))).await;
        drop(gone);
        assert!(polled.is_pending() || polled == std::task::Poll::Ready(Ok(1)));
        writer.store((2000 + n, "a".to_owned())).await.unwrap();
    }
    drop(writer);
    ended.await;
    assert_eq!(count(&db).await, 400);
}

#[tokio::test]
async fn r27_the_write_ahead_log_is_written_back_and_does_not_grow_without_end() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(file(&dir), &FIRST).await.unwrap();
    let (writer, ended) = GroupCommit::start(db.connection().await.unwrap(), Numbers, 64).unwrap();
    // Some 20,000 pages, without a moment of rest.
    for n in 0..2000 {
        writer.store((n, "x".repeat(40_000))).await.unwrap();
    }
    let log = std::fs::metadata(file(&dir).with_file_name("x.db-wal")).unwrap().len();
    assert!(log < 32 << 20, "{log} bytes");
    drop(writer);
    ended.await;
    let left = std::fs::metadata(file(&dir).with_file_name("x.db-wal")).is_ok();
    assert!(!left, "the last to close writes all back");
    assert_eq!(count(&db).await, 2000);
}
