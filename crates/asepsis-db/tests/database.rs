//! The database as it must be: durable, private, and stopped when it cannot keep its word.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use asepsis_db::{Batch, Database, DbError, GroupCommit, NotStored, Statements};

const FIRST: &str = "CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT";
const SECOND: &str = "ALTER TABLE t ADD COLUMN more TEXT";

fn file(dir: &tempfile::TempDir) -> std::path::PathBuf {
    dir.path().join("state/x.db")
}

#[tokio::test]
async fn r27_the_settings_that_keep_data_are_on_and_the_files_are_private() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(&file(&dir), &[FIRST]).await.unwrap();
    let mut connection = db.connection().await.unwrap();
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut connection).await.unwrap();
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
    assert_eq!((synchronous, journal.as_str()), (2, "wal"));
    sqlx::query("INSERT INTO t VALUES (1, 'a')").execute(&mut connection).await.unwrap();
    assert!(sqlx::query("DELETE FROM t").execute(db.reader()).await.is_err(), "readers cannot write");
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
        Database::open(&file(&dir), &[FIRST]).await.unwrap();
        assert_eq!(mode(&file(&dir)), 0o600);
    }
}

#[tokio::test]
async fn r27_layouts_are_brought_up_to_date_and_newer_ones_refused() {
    let dir = tempfile::tempdir().unwrap();
    Database::open(&file(&dir), &[FIRST]).await.unwrap();
    let older = Database::open_read_only(&file(&dir), 2).await.unwrap_err();
    assert!(matches!(older, DbError::Older { found: 1, known: 2, .. }));
    let db = Database::open(&file(&dir), &[FIRST, SECOND]).await.unwrap();
    sqlx::query("SELECT more FROM t").fetch_all(db.reader()).await.unwrap();
    let newer = Database::open(&file(&dir), &[FIRST]).await.unwrap_err();
    assert!(matches!(newer, DbError::Newer { found: 2, known: 1, .. }));
    assert!(newer.to_string().contains("x.db") && newer.to_string().contains("newer version"));
    // A layout that fails leaves what was there.
    assert!(Database::open(&file(&dir), &[FIRST, SECOND, "CREATE TABLE u (n); CREATE TABLE t (n)"]).await.is_err());
    Database::open(&file(&dir), &[FIRST, SECOND]).await.unwrap();
}

#[tokio::test]
async fn r27_a_file_that_is_no_database_is_refused_with_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.db");
    std::fs::write(&path, "this is not a database, it is a long text without meaning".repeat(100)).unwrap();
    for refused in
        [Database::open(&path, &[FIRST]).await.unwrap_err(), Database::open_read_only(&path, 1).await.unwrap_err()]
    {
        assert!(refused.to_string().contains("x.db") && refused.to_string().contains("backup"), "{refused}");
    }
    assert!(Database::open_read_only(&dir.path().join("none.db"), 1).await.is_err());
}

#[tokio::test]
async fn r27_a_reader_sees_what_a_writer_of_another_connection_committed() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(&file(&dir), &[FIRST]).await.unwrap();
    let mut connection = db.connection().await.unwrap();
    let other = Database::open_read_only(&file(&dir), 1).await.unwrap();
    sqlx::query("INSERT INTO t VALUES (1, 'a')").execute(&mut connection).await.unwrap();
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM t").fetch_one(other.reader()).await.unwrap();
    assert_eq!(count, 1);
    assert!(other.connection().await.is_err());
}

/// Stores numbers with a text.
struct Numbers;

impl Batch for Numbers {
    type Job = (i64, String);
    type Done = usize;

    fn statements(&mut self, jobs: &[(i64, String)], into: &mut Statements) -> Vec<usize> {
        into.insert("INSERT INTO t VALUES", "(?,?)", jobs, |into, (number, text)| {
            into.bind(*number);
            into.bind(text.as_str());
        });
        vec![jobs.len(); jobs.len()]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_who_waits_together_is_stored_together_and_a_contradiction_harms_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(&file(&dir), &[FIRST]).await.unwrap();
    let (writer, ended) = GroupCommit::start(db.connection().await.unwrap(), Numbers, 64);
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
    ended.await.unwrap();
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM t").fetch_one(db.reader()).await.unwrap();
    assert_eq!(count, 250);
}

#[tokio::test]
async fn r27_a_full_disk_stops_the_writer_for_good() {
    let dir = tempfile::tempdir().unwrap();
    let db = Database::open(&file(&dir), &[FIRST]).await.unwrap();
    let mut connection = db.connection().await.unwrap();
    // SQLite answers SQLITE_FULL beyond this size, as it does when the disk is full.
    sqlx::query("PRAGMA max_page_count = 8").fetch_one(&mut connection).await.unwrap();
    let (writer, _) = GroupCommit::start(connection, Numbers, 64);
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
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM t").fetch_one(db.reader()).await.unwrap();
    assert_eq!(count, stored, "what was acknowledged is there, what was not is not");
}
