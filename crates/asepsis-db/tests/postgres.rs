//! A PostgreSQL server behind the database: as durable as a file, as private, and stopped when it cannot keep its word.
#![allow(clippy::unwrap_used)]

#[path = "../../../tests/support/backend.rs"]
mod backend;
#[path = "../../../tests/support/postgres.rs"]
mod postgres;

use std::path::PathBuf;
use std::time::Duration;

use asepsis_db::{
    Batch, Connection, Database, DbError, Error, GroupCommit, NotStored, Schema, Server, ServerError, ServerSettings,
    Value, values,
};
use backend::server;
use postgres::{PASSWORD, Postgres, USER};

const FIRST: Schema = Schema { name: "test", sqlite: &[], postgres: &[TABLE], tables: &[] };
const SECOND: Schema = Schema { name: "test", sqlite: &[], postgres: &[TABLE, MORE], tables: &[] };
const BAD: Schema = Schema {
    name: "test",
    sqlite: &[],
    postgres: &[TABLE, MORE, "CREATE TABLE u (n BIGINT); CREATE TABLE t ()"],
    tables: &[],
};
const OTHER: Schema =
    Schema { name: "other", sqlite: &[], postgres: &["CREATE TABLE o (n BIGINT PRIMARY KEY)"], tables: &[] };
const KINDS: Schema = Schema {
    name: "kinds",
    sqlite: &[],
    postgres: &["CREATE TABLE k (big BIGINT, small INTEGER, truth BOOLEAN, text TEXT, bytes BYTEA)"],
    tables: &[],
};

const TABLE: &str = "CREATE TABLE t (n BIGINT PRIMARY KEY, text TEXT NOT NULL)";
const MORE: &str = "ALTER TABLE t ADD COLUMN more TEXT";

/// A server's settings, without a schema that any other test has.
fn settings(postgres: &Postgres) -> ServerSettings {
    ServerSettings {
        url: postgres.url(),
        password: Some(PASSWORD.to_owned().into()),
        schema: postgres::schema(),
        ..ServerSettings::default()
    }
}

async fn count(db: &Database) -> i64 {
    db.read(|db| db.one("SELECT count(*) FROM t", &[], |row| row.get(0))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_many_who_make_the_same_new_schema_at_once_all_get_it() {
    for _ in 0..3 {
        let Some(server) = server(&postgres::schema()) else { return };
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..12 {
            let server = server.clone();
            tasks.spawn(async move {
                let db = Database::open(&server, if n % 2 == 0 { &FIRST } else { &OTHER }).await.unwrap();
                db.connection().await.map(drop).unwrap();
            });
        }
        tasks.join_all().await;
    }
}

#[tokio::test]
async fn r27_layouts_are_brought_up_to_date_and_newer_ones_refused() {
    let Some(server) = server(&postgres::schema()) else { return };
    let missing = Database::open_read_only(&server, &FIRST).await.unwrap_err();
    assert!(matches!(missing, DbError::Older { found: 0, known: 1, .. }), "{missing}");
    Database::open(&server, &FIRST).await.unwrap();
    let older = Database::open_read_only(&server, &SECOND).await.unwrap_err();
    assert!(matches!(older, DbError::Older { found: 1, known: 2, .. }));
    let db = Database::open(&server, &SECOND).await.unwrap();
    db.read(|db| db.batch("SELECT more FROM t")).await.unwrap();
    let newer = Database::open(&server, &FIRST).await.unwrap_err();
    assert!(matches!(newer, DbError::Newer { found: 2, known: 1, .. }));
    assert!(newer.to_string().contains(server.schema()) && newer.to_string().contains("newer version"), "{newer}");
    // A layout that fails leaves what was there.
    assert!(Database::open(&server, &BAD).await.is_err());
    let db = Database::open(&server, &SECOND).await.unwrap();
    assert!(db.read(|db| db.batch("SELECT n FROM u")).await.is_err());
    // Parts of one schema have layouts of their own.
    Database::open(&server, &OTHER).await.unwrap();
    Database::open_read_only(&server, &SECOND).await.unwrap();
}

#[tokio::test]
async fn r27_values_come_back_as_they_went_and_of_no_other_kind() {
    let Some(server) = server(&postgres::schema()) else { return };
    let db = Database::open(&server, &KINDS).await.unwrap();
    let session = db.session().await.unwrap();
    // One row, and so many that they go in one statement.
    for rows in [1_usize, 3, 4, 1000] {
        let found = session
            .run(move |db| {
                let insert = "INSERT INTO k (big, small, truth, text, bytes) VALUES (?, ?, ?, ?, ?)";
                let row = |at: usize| {
                    let text = if at.is_multiple_of(3) { Value::Null } else { Value::Text("{\"a,\\b}") };
                    [
                        Value::Int(at as i64),
                        Value::Int(-1),
                        Value::from(at.is_multiple_of(2)),
                        text,
                        Value::Blob(b"\\x00"),
                    ]
                };
                assert_eq!(db.execute_each(insert, (0..rows).map(row))?, rows);
                let same = "SELECT count(*) FROM k WHERE small = -1 AND truth = (big % 2 = 0) AND bytes = ?
                            AND (text IS NULL) = (big % 3 = 0) AND coalesce(text, ?) = ?";
                let value = Value::Text("{\"a,\\b}");
                let found: i64 = db.one(same, &[Value::Blob(b"\\x00"), value, value], |row| row.get(0))?;
                db.execute("DELETE FROM k", &[])?;
                Ok(found)
            })
            .await
            .unwrap();
        assert_eq!(found, rows as i64);
    }
    let found = session
        .run(|db| {
            let insert = "INSERT INTO k (big, small, truth, text, bytes) VALUES (?, ?, ?, ?, ?)";
            let blob: &[u8] = &[0, 255, b'?'];
            db.execute(insert, values![i64::MIN, -7_i64, true, "d\u{e9}j\u{e0} '?$1", blob])?;
            db.execute(insert, values![None::<i64>, None::<i64>, None::<i64>, None::<&str>, None::<&[u8]>])?;
            db.query("SELECT big, small, truth, text, bytes FROM k ORDER BY big", &[], |row| {
                let numbers: (Option<i64>, Option<i64>, Option<bool>) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((numbers, row.get::<Option<String>>(3)?, row.get::<Option<Vec<u8>>>(4)?))
            })
        })
        .await
        .unwrap();
    let first =
        ((Some(i64::MIN), Some(-7), Some(true)), Some("d\u{e9}j\u{e0} '?$1".to_owned()), Some(vec![0, 255, 63]));
    assert_eq!(found, [first, ((None, None, None), None, None)]);
    let wrong: [(&'static str, Value<'static>); 4] = [
        ("INSERT INTO k (small) VALUES (?)", Value::Int(i64::MAX)),
        ("INSERT INTO k (big) VALUES (?)", Value::Text("secret-value")),
        ("INSERT INTO k (text) VALUES (?)", Value::Blob(b"secret-value")),
        ("SELECT ?::text::bigint", Value::Text("secret-value")),
    ];
    for (statement, value) in wrong {
        let refused =
            session.run(move |db| db.optional(statement, &[value], |row| row.get::<i64>(0))).await.unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("secret-value"), "{refused:?}");
    }
    let read = "SELECT text FROM k WHERE text IS NOT NULL";
    let refused = session.run(move |db| db.one(read, &[], |row| row.get::<i64>(0))).await.unwrap_err();
    assert!(refused.to_string().contains("column 0"), "{refused}");
}

/// Stores numbers with a text.
struct Numbers;

impl Batch for Numbers {
    type Job = (i64, String);
    type Done = usize;

    fn write(&mut self, db: &Connection, jobs: &[(i64, String)]) -> Result<Vec<usize>, Error> {
        let rows = jobs.iter().map(|job| [Value::Int(job.0), Value::Text(&job.1)]);
        db.execute_each("INSERT INTO t VALUES (?, ?)", rows)?;
        Ok(vec![jobs.len(); jobs.len()])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_who_waits_together_is_stored_together_and_a_contradiction_harms_nobody_else() {
    let Some(server) = server(&postgres::schema()) else { return };
    let db = Database::open(&server, &FIRST).await.unwrap();
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
async fn r27_another_process_that_writes_holds_up_who_stores_and_nobody_else() {
    let Some(server) = server(&postgres::schema()) else { return };
    let db = Database::open(&server, &FIRST).await.unwrap();
    let (writer, _) = GroupCommit::start(db.connection().await.unwrap(), Numbers, 64).unwrap();
    for n in 0..50 {
        writer.store((n, "a".to_owned())).await.unwrap();
    }
    let other = db.session().await.unwrap();
    let (held, hold) = std::sync::mpsc::channel();
    let (done, end) = std::sync::mpsc::channel::<()>();
    let holding = tokio::spawn(async move {
        other
            .run(move |db| {
                db.transaction(|db| {
                    db.execute("INSERT INTO t VALUES (-1, 'other')", &[])?;
                    held.send(()).unwrap();
                    end.recv().unwrap();
                    Ok(())
                })
            })
            .await
    });
    tokio::task::spawn_blocking(move || hold.recv().unwrap()).await.unwrap();
    // This test has one thread: if the task itself waited for the other process, the lines below would not be reached.
    let storing = tokio::spawn({
        let writer = writer.clone();
        async move { writer.store((1000, "a".to_owned())).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!storing.is_finished());
    done.send(()).unwrap();
    holding.await.unwrap().unwrap();
    assert_eq!(storing.await.unwrap(), Ok(1));
    assert_eq!(count(&db).await, 52);
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_readers_and_sessions_come_back_with_the_server_and_a_writer_does_not() {
    let Some(mut postgres) = Postgres::start() else { return };
    let db = Database::open(&Server::new(settings(&postgres)).unwrap(), &FIRST).await.unwrap();
    let session = db.session().await.unwrap();
    let (writer, _) = GroupCommit::start(db.connection().await.unwrap(), Numbers, 64).unwrap();
    writer.store((1, "a".to_owned())).await.unwrap();
    assert_eq!(count(&db).await, 1);
    assert!(db.read(|db| db.execute("DELETE FROM t", &[])).await.is_err(), "readers cannot write");
    postgres.kill();
    for _ in 0..200 {
        if !writer.is_healthy() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!writer.is_healthy(), "what is cut is noticed without a job");
    let gone = db.read(|db| db.one("SELECT 1", &[], |row| row.get::<i64>(0))).await.unwrap_err();
    // A reader that was connected is told that it was cut, a new one that nobody is there.
    assert!(gone.to_string().contains("be reached"), "{gone}");
    assert!(!gone.to_string().contains(PASSWORD) && !gone.to_string().contains(&format!("{USER}@")), "{gone}");
    assert!(matches!(writer.store((2, "a".to_owned())).await, Err(NotStored::Stopped(_))));
    postgres.run();
    assert_eq!(count(&db).await, 1);
    session.run(|db| db.execute("INSERT INTO t VALUES (3, 'a')", &[])).await.unwrap();
    assert!(matches!(writer.store((4, "a".to_owned())).await, Err(NotStored::Stopped(_))), "it is over");
    assert_eq!(count(&db).await, 2);
}

/// A server that hangs is not waited for without end: its writer stops, and who waits is told.
#[tokio::test(flavor = "multi_thread")]
async fn r10_a_server_that_does_not_answer_is_as_one_that_is_gone() {
    let Some(postgres) = Postgres::start() else { return };
    let settings = ServerSettings { patience: Some(Duration::from_secs(2)), ..settings(&postgres) };
    let db = Database::open(&Server::new(settings).unwrap(), &FIRST).await.unwrap();
    let (writer, _) = GroupCommit::start(db.connection().await.unwrap(), Numbers, 64).unwrap();
    writer.store((1, "a".to_owned())).await.unwrap();
    postgres.freeze(true);
    let refused = writer.store((2, "a".to_owned())).await.unwrap_err();
    assert!(refused.to_string().contains("did not answer within 2s"), "{refused}");
    assert!(!writer.is_healthy());
    postgres.freeze(false);
    assert!(matches!(writer.store((3, "a".to_owned())).await, Err(NotStored::Stopped(_))), "it is over");
    assert_eq!(count(&db).await, 1, "what was begun is undone with its connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_server_that_could_lose_what_it_acknowledged_is_refused() {
    let Some(postgres) = Postgres::start() else { return };
    let server = Server::new(settings(&postgres)).unwrap();
    Database::open(&server, &FIRST).await.unwrap();
    // What a role says of commits is overruled, and read back.
    postgres.psql("asepsis", &format!("ALTER ROLE {USER} SET synchronous_commit = off"));
    let db = Database::open(&server, &FIRST).await.unwrap();
    let found: String =
        db.read(|db| db.one("SELECT current_setting('synchronous_commit')", &[], |row| row.get(0))).await.unwrap();
    assert_eq!(found, "on");
    for setting in ["fsync", "full_page_writes"] {
        let set = |value: &str| {
            postgres.psql("asepsis", &format!("ALTER SYSTEM SET {setting} = {value}"));
            postgres.psql("asepsis", "SELECT pg_reload_conf()");
        };
        set("off");
        let mut refused = Ok(());
        for _ in 0..100 {
            refused = Database::open(&server, &FIRST).await.map(drop);
            if refused.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let refused = refused.unwrap_err();
        assert!(matches!(refused, DbError::NotSafe { .. }), "{refused}");
        assert!(refused.to_string().contains(&format!("{setting}=off")), "{refused}");
        set("on");
        for _ in 0..100 {
            if Database::open(&server, &FIRST).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Database::open(&server, &FIRST).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_a_wrong_password_a_missing_database_and_a_missing_right_are_told_without_secrets() {
    let Some(postgres) = postgres::shared() else { return };
    let wrong = ServerSettings { password: Some("another-password".to_owned().into()), ..settings(postgres) };
    let server = Server::new(wrong).unwrap();
    let refused = Database::open(&server, &FIRST).await.unwrap_err().to_string();
    assert!(refused.contains("28P01") && refused.contains("pg_hba.conf"), "{refused}");
    let shown = format!("{refused} {server:?} {server}");
    assert!(!shown.contains("another-password") && !shown.contains(&format!("{USER}@")), "{shown}");

    let without = ServerSettings { password: None, ..settings(postgres) };
    let refused = Database::open(&Server::new(without).unwrap(), &FIRST).await.unwrap_err().to_string();
    assert!(refused.contains("28000") && refused.contains("the password"), "{refused}");

    let none = ServerSettings { url: postgres.url() + "_not_there", ..settings(postgres) };
    let refused = Database::open(&Server::new(none).unwrap(), &FIRST).await.unwrap_err().to_string();
    assert!(refused.contains("3D000") && refused.contains("createdb"), "{refused}");

    let made = format!("CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'; REVOKE CREATE ON DATABASE asepsis FROM PUBLIC");
    assert!(postgres.psql("asepsis", &made).status.success());
    let guest = ServerSettings { url: postgres.url().replace(&format!("{USER}@"), "guest@"), ..settings(postgres) };
    let (schema, guest) = (guest.schema.clone(), Server::new(guest).unwrap());
    let refused = Database::open(&guest, &FIRST).await.unwrap_err().to_string();
    assert!(refused.contains("42501") && refused.contains("owner of the schema"), "{refused}");
    // A schema that was made for him is enough.
    assert!(postgres.psql("asepsis", &format!("CREATE SCHEMA {schema} AUTHORIZATION guest")).status.success());
    Database::open(&guest, &FIRST).await.unwrap();
}

#[test]
fn c2_addresses_that_would_show_a_password_or_plain_text_are_refused() {
    let with = |url: &str| {
        Server::new(ServerSettings { url: url.to_owned(), schema: "asepsis".to_owned(), ..ServerSettings::default() })
    };
    for url in ["postgres://u:p-secret@localhost/d", "postgres://u@localhost/d?password=p-secret"] {
        let refused = with(url).unwrap_err();
        assert_eq!(refused, ServerError::Password);
        assert!(!refused.to_string().contains("p-secret"));
    }
    for url in [
        "postgres://u@db.example/d?sslmode=disable",
        "postgres://u@10.0.0.7/d?sslmode=disable",
        "postgres://u@localhost,db.example/d?sslmode=disable",
    ] {
        let refused = with(url).unwrap_err();
        assert!(matches!(refused, ServerError::Plain(_)) && refused.to_string().contains("164.312(e)(1)"), "{refused}");
    }
    for mode in ["prefer", "require", "verify-ca", "allow", "on"] {
        let refused = with(&format!("postgres://u@db.example/d?sslmode={mode}")).unwrap_err();
        assert!(matches!(refused, ServerError::SslMode(_)) && refused.to_string().contains(mode), "{refused}");
    }
    for url in [
        "",
        "mysql://u@h/d",
        "postgres://",
        "postgres://localhost/d",
        "postgres://u@localhost",
        "host=localhost user=u dbname=d",
        "postgres://u@localhost/d?nonsense=1",
    ] {
        assert!(matches!(with(url), Err(ServerError::Address(_))), "{url}");
    }
    for schema in ["", "A", "a b", "a\"b", "1a", "pg_x", "a-b", &"a".repeat(64)] {
        let settings = ServerSettings {
            url: "postgres://u@localhost/d".to_owned(),
            schema: schema.to_owned(),
            ..ServerSettings::default()
        };
        assert!(matches!(Server::new(settings), Err(ServerError::Schema(_))), "{schema}");
    }
    assert!(
        with("postgres://u@db.example/d").unwrap().is_by_tls(),
        "beyond this machine it is TLS unless meant otherwise"
    );
    assert!(!with("postgres://u@127.0.0.1/d").unwrap().is_by_tls());
    assert!(!with("postgres://u@%2Fvar%2Frun%2Fpostgresql/d").unwrap().is_by_tls());
    assert!(with("postgres://u@[::1]:5433/d?sslmode=verify-full&application_name=x").unwrap().is_by_tls());
}

/// A certificate authority, and what it signed for names: certificates and their keys.
fn certificates<const N: usize>(names: [&str; N]) -> (String, [(String, String); N]) {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = authority.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(authority, key);
    let signed = names.map(|name| {
        let own = KeyPair::generate().unwrap();
        let mut certificate = CertificateParams::new(vec![name.to_owned()]).unwrap();
        certificate.distinguished_name.push(DnType::CommonName, name);
        (certificate.signed_by(&own, &issuer).unwrap().pem(), own.serialize_pem())
    });
    (ca, signed)
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_tls_takes_the_servers_name_and_authority_and_nothing_less() {
    let Some(mut postgres) = Postgres::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| -> PathBuf {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (authority, [(certificate, key), (shown, shown_key)]) = certificates(["localhost", USER]);
    let ca = write("ca.pem", &authority);
    let other = write("other.pem", &certificates([]).0);
    let by_tls = |host: &str, ca: &PathBuf| {
        let url = postgres.url().replace("127.0.0.1", host) + "?sslmode=verify-full";
        Server::new(ServerSettings { url, ca_file: Some(ca.clone()), ..settings(&postgres) }).unwrap()
    };
    let (good, stranger, misnamed) = (by_tls("localhost", &ca), by_tls("localhost", &other), by_tls("127.0.0.1", &ca));
    // A server without TLS is not spoken to in plain text instead.
    let refused = Database::open(&good, &FIRST).await.unwrap_err().to_string();
    assert!(refused.contains("cannot be reached"), "{refused}");

    for (name, text) in [("server.crt", &certificate), ("server.key", &key), ("root.crt", &authority)] {
        let path = postgres.data().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        postgres.give(&path);
    }
    postgres.psql("asepsis", "ALTER SYSTEM SET ssl = on");
    postgres.stop();
    postgres.run();
    let db = Database::open(&good, &FIRST).await.unwrap();
    let statement = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
    let version: String = db.read(|db| db.one(statement, &[], |row| row.get(0))).await.unwrap();
    assert_eq!(version, "TLSv1.3");
    for server in [&stranger, &misnamed] {
        let refused = Database::open(server, &FIRST).await.unwrap_err().to_string();
        assert!(refused.contains("certificate"), "{refused}");
    }

    // A server that asks for the client's certificate in place of a password.
    let rules = postgres.data().join("pg_hba.conf");
    let before = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, format!("hostssl all {USER} all cert\n{before}")).unwrap();
    postgres.psql("asepsis", "ALTER SYSTEM SET ssl_ca_file = 'root.crt'");
    postgres.stop();
    postgres.run();
    let without = Database::open(&good, &FIRST).await.unwrap_err().to_string();
    assert!(without.contains("28000"), "{without}");
    let client = Some((write("client.pem", &shown), write("client.key", &shown_key)));
    let by_certificate = ServerSettings {
        url: postgres.url().replace("127.0.0.1", "localhost") + "?sslmode=verify-full",
        schema: postgres::schema(),
        ca_file: Some(ca),
        client,
        ..ServerSettings::default()
    };
    Database::open(&Server::new(by_certificate).unwrap(), &FIRST).await.unwrap();

    let missing = ServerSettings { ca_file: Some(dir.path().join("none.pem")), ..settings(&postgres) };
    let missing = ServerSettings { url: missing.url.clone() + "?sslmode=verify-full", ..missing };
    assert!(matches!(Server::new(missing), Err(ServerError::File { .. })));
}
