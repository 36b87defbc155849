//! The tables of keys and the one writer of them.

use asepsis_db::{Batch, Connection, Database, DbError, Error, Schema, Value, values};

/// The layouts of the database, oldest first.
///
/// Nothing of a person stands here: a subject is a random pseudonym, a link is found by its blind index and says within
/// its seal to whom it leads. Each row that must be erasable is sealed right under the key of its epoch, none under a
/// key that lives longer: with such a key and an old copy of the row, what was shredded could be opened again.
pub(crate) const SCHEMA: Schema = Schema { name: "keys", sqlite: SQLITE, postgres: POSTGRES };

const SQLITE: &[&str] = &["
    CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE epochs (
        number INTEGER PRIMARY KEY, id BLOB NOT NULL, root TEXT NOT NULL, wrapped BLOB, made INTEGER NOT NULL,
        destroyed INTEGER
    ) STRICT;
    CREATE TABLE named (
        name TEXT PRIMARY KEY, epoch INTEGER NOT NULL REFERENCES epochs (number), wrapped BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE subjects (
        subject BLOB PRIMARY KEY, key BLOB NOT NULL UNIQUE, epoch INTEGER NOT NULL REFERENCES epochs (number),
        wrapped BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE links (
        blind BLOB PRIMARY KEY, epoch INTEGER NOT NULL REFERENCES epochs (number), wrapped BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE shredded (
        subject BLOB PRIMARY KEY, key BLOB, at INTEGER NOT NULL, basis TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX shredded_by_key ON shredded (key);
    CREATE TABLE holders (name TEXT PRIMARY KEY, lowest INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"];

/// The same for a server. Names are compared byte by byte, as a file does.
const POSTGRES: &[&str] = &["
    CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE epochs (
        number BIGINT PRIMARY KEY, id BYTEA NOT NULL, root TEXT NOT NULL, wrapped BYTEA, made BIGINT NOT NULL,
        destroyed BIGINT
    );
    CREATE TABLE named (
        name TEXT COLLATE \"C\" PRIMARY KEY, epoch BIGINT NOT NULL REFERENCES epochs (number), wrapped BYTEA NOT NULL
    );
    CREATE TABLE subjects (
        subject BYTEA PRIMARY KEY, key BYTEA NOT NULL UNIQUE, epoch BIGINT NOT NULL REFERENCES epochs (number),
        wrapped BYTEA NOT NULL
    );
    CREATE TABLE links (
        blind BYTEA PRIMARY KEY, epoch BIGINT NOT NULL REFERENCES epochs (number), wrapped BYTEA NOT NULL
    );
    CREATE TABLE shredded (subject BYTEA PRIMARY KEY, key BYTEA, at BIGINT NOT NULL, basis TEXT NOT NULL);
    CREATE INDEX shredded_by_key ON shredded (key);
    CREATE TABLE holders (name TEXT COLLATE \"C\" PRIMARY KEY, lowest BIGINT NOT NULL);
"];

/// What the writer does.
pub(crate) enum Change {
    Epoch { number: u32, id: [u8; 16], root: String, wrapped: Vec<u8>, made: i64 },
    Named { name: &'static str, epoch: u32, wrapped: Vec<u8> },
    Subject { subject: [u8; 16], key: [u8; 16], epoch: u32, wrapped: Vec<u8> },
    Link { blind: [u8; 16], subject: [u8; 16], epoch: u32, wrapped: Vec<u8> },
    Rewrap { table: Table, from: u32, to: u32, rows: Vec<(Vec<u8>, Vec<u8>)> },
    Shred { subject: [u8; 16], links: Vec<Vec<u8>>, key: Option<[u8; 16]>, at: i64, basis: String },
    Unlink { links: Vec<Vec<u8>> },
    Hold { name: &'static str, lowest: u32, raise: bool },
    Destroy { number: u32, at: i64 },
}

/// The tables of wrapped keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Named,
    Subjects,
    Links,
}

impl Table {
    pub(crate) const ALL: [Self; 3] = [Self::Named, Self::Subjects, Self::Links];

    fn name_and_key(self) -> (&'static str, &'static str) {
        match self {
            Self::Named => ("named", "name"),
            Self::Subjects => ("subjects", "subject"),
            Self::Links => ("links", "blind"),
        }
    }

    /// A key of this table: a name, or an id.
    fn key(self, key: &[u8]) -> Result<Value<'_>, Error> {
        Ok(match self {
            Self::Named => Value::Text(str::from_utf8(key).map_err(|_| Error::Column(0))?),
            Self::Subjects | Self::Links => Value::Blob(key),
        })
    }
}

/// Runs changes; answers how many rows each changed.
pub(crate) struct Changes;

impl Batch for Changes {
    type Job = Change;
    type Done = usize;

    fn write(&mut self, db: &Connection, jobs: &[Change]) -> Result<Vec<usize>, Error> {
        jobs.iter().map(|job| write(db, job)).collect()
    }
}

fn write(db: &Connection, job: &Change) -> Result<usize, Error> {
    match job {
        Change::Epoch { number, id, root, wrapped, made } => db.execute(
            "INSERT INTO epochs (number, id, root, wrapped, made) VALUES (?, ?, ?, ?, ?)",
            values![*number, id, root, wrapped, *made],
        ),
        Change::Named { name, epoch, wrapped } => {
            db.execute("INSERT INTO named (name, epoch, wrapped) VALUES (?, ?, ?)", values![*name, *epoch, wrapped])
        }
        // One who was shredded gets no key again: the pseudonym is dead.
        Change::Subject { subject, key, epoch, wrapped } => db.execute(
            "INSERT INTO subjects (subject, key, epoch, wrapped) SELECT ?1, ?2, ?3, ?4
             WHERE NOT EXISTS (SELECT 1 FROM shredded WHERE subject = ?1)",
            values![subject, key, *epoch, wrapped],
        ),
        Change::Link { blind, subject, epoch, wrapped } => db.execute(
            "INSERT INTO links (blind, epoch, wrapped) SELECT ?2, ?3, ?4
             WHERE NOT EXISTS (SELECT 1 FROM shredded WHERE subject = ?1)",
            values![subject, blind, *epoch, wrapped],
        ),
        Change::Rewrap { table, from, to, rows } => rewrap(db, *table, *from, *to, rows),
        Change::Shred { subject, links, key, at, basis } => {
            unlink(db, links)?;
            db.execute(
                "INSERT INTO shredded (subject, key, at, basis)
                 VALUES (?1, coalesce((SELECT key FROM subjects WHERE subject = ?1), ?2), ?3, ?4)
                 ON CONFLICT DO NOTHING",
                values![subject, key.as_ref(), *at, basis],
            )?;
            db.execute("DELETE FROM subjects WHERE subject = ?", values![subject])
        }
        Change::Unlink { links } => unlink(db, links),
        Change::Hold { name, lowest, raise } => db.execute(
            "INSERT INTO holders (name, lowest) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE
             SET lowest = excluded.lowest WHERE ?3 = 1 OR excluded.lowest < holders.lowest",
            values![*name, *lowest, *raise],
        ),
        // The conditions stand here, so that they hold when it is committed.
        Change::Destroy { number, at } => db.execute(
            "UPDATE epochs SET wrapped = NULL, destroyed = ?2 WHERE number = ?1 AND destroyed IS NULL
             AND number < (SELECT max(number) FROM epochs)
             AND NOT EXISTS (SELECT 1 FROM named WHERE epoch = ?1)
             AND NOT EXISTS (SELECT 1 FROM subjects WHERE epoch = ?1)
             AND NOT EXISTS (SELECT 1 FROM links WHERE epoch = ?1)
             AND NOT EXISTS (SELECT 1 FROM holders WHERE lowest <= ?1)",
            values![*number, *at],
        ),
    }
}

/// Takes the place of the old wrapping only: a key that was shredded meanwhile does not come back.
fn rewrap(db: &Connection, table: Table, from: u32, to: u32, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<usize, Error> {
    let statement = match table {
        Table::Named => "UPDATE named SET epoch = ?, wrapped = ? WHERE name = ? AND epoch = ?",
        Table::Subjects => "UPDATE subjects SET epoch = ?, wrapped = ? WHERE subject = ? AND epoch = ?",
        Table::Links => "UPDATE links SET epoch = ?, wrapped = ? WHERE blind = ? AND epoch = ?",
    };
    let keys = rows.iter().map(|(key, _)| table.key(key)).collect::<Result<Vec<_>, _>>()?;
    let rows = rows.iter().zip(keys).map(|((_, wrapped), key)| [to.into(), Value::Blob(wrapped), key, from.into()]);
    db.execute_each(statement, rows)
}

fn unlink(db: &Connection, links: &[Vec<u8>]) -> Result<usize, Error> {
    db.execute_each("DELETE FROM links WHERE blind = ?", links.iter().map(|blind| [Value::Blob(blind)]))
}

/// An epoch as it is stored.
pub(crate) struct EpochRow {
    pub(crate) number: u32,
    pub(crate) id: Vec<u8>,
    pub(crate) root: String,
    pub(crate) wrapped: Option<Vec<u8>>,
    pub(crate) made: i64,
    pub(crate) destroyed: Option<i64>,
}

pub(crate) async fn epochs(db: &Database) -> Result<Vec<EpochRow>, DbError> {
    db.read(|db| {
        db.query("SELECT number, id, root, wrapped, made, destroyed FROM epochs ORDER BY number", &[], |row| {
            Ok(EpochRow {
                number: row.get(0)?,
                id: row.get(1)?,
                root: row.get(2)?,
                wrapped: row.get(3)?,
                made: row.get(4)?,
                destroyed: row.get(5)?,
            })
        })
    })
    .await
}

/// The tenant of the database; `name` where it has none yet.
pub(crate) async fn tenant(db: &Database, name: String) -> Result<String, DbError> {
    db.session()
        .await?
        .run(move |db| {
            let insert = "INSERT INTO about (name, value) VALUES ('tenant', ?) ON CONFLICT DO NOTHING";
            db.execute(insert, values![&name])?;
            db.one("SELECT value FROM about WHERE name = 'tenant'", &[], |row| row.get(0))
        })
        .await
}

/// Epoch and wrapped key of a named key.
pub(crate) async fn named(db: &Database, name: &'static str) -> Result<Option<(u32, Vec<u8>)>, DbError> {
    db.read(move |db| {
        let statement = "SELECT epoch, wrapped FROM named WHERE name = ?";
        db.optional(statement, values![name], |row| Ok((row.get(0)?, row.get(1)?)))
    })
    .await
}

/// A subject's key as it is stored.
pub(crate) struct SubjectRow {
    pub(crate) subject: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) epoch: u32,
    pub(crate) wrapped: Vec<u8>,
}

/// The key of a subject, or the one of a key's id.
pub(crate) async fn subject(db: &Database, by: By) -> Result<Option<SubjectRow>, DbError> {
    db.read(move |db| {
        let (statement, id) = match by {
            By::Subject(id) => ("SELECT subject, key, epoch, wrapped FROM subjects WHERE subject = ?", id),
            By::Key(id) => ("SELECT subject, key, epoch, wrapped FROM subjects WHERE key = ?", id),
        };
        db.optional(statement, values![&id], |row| {
            Ok(SubjectRow { subject: row.get(0)?, key: row.get(1)?, epoch: row.get(2)?, wrapped: row.get(3)? })
        })
    })
    .await
}

/// By what a subject's key is looked for.
#[derive(Clone, Copy)]
pub(crate) enum By {
    Subject([u8; 16]),
    Key([u8; 16]),
}

/// Epoch and wrapped subject of a link.
pub(crate) async fn link(db: &Database, blind: [u8; 16]) -> Result<Option<(u32, Vec<u8>)>, DbError> {
    db.read(move |db| {
        let statement = "SELECT epoch, wrapped FROM links WHERE blind = ?";
        db.optional(statement, values![&blind], |row| Ok((row.get(0)?, row.get(1)?)))
    })
    .await
}

/// A wrapped key of any table.
pub(crate) struct WrappedRow {
    pub(crate) key: Vec<u8>,
    pub(crate) epoch: u32,
    pub(crate) wrapped: Vec<u8>,
    /// The id of a subject's key.
    pub(crate) id: Vec<u8>,
}

/// The next rows of a table behind `after`; only those not of `but`, where that is given.
pub(crate) async fn page(
    db: &Database,
    table: Table,
    after: Vec<u8>,
    but: Option<u32>,
    most: usize,
) -> Result<Vec<WrappedRow>, DbError> {
    db.read(move |db| {
        let (name, key) = table.name_and_key();
        let id = if table == Table::Subjects { "key" } else { "NULL" };
        let statement = format!(
            "SELECT {key}, epoch, wrapped, {id} FROM {name}
             WHERE {key} > ? AND epoch IS DISTINCT FROM ? ORDER BY {key} LIMIT {most}",
        );
        db.query(&statement, values![table.key(&after)?, but], |row| {
            let key = match row.value(0)? {
                Value::Text(name) => name.as_bytes().to_vec(),
                _ => row.get(0)?,
            };
            let id = row.get::<Option<_>>(3)?.unwrap_or_default();
            Ok(WrappedRow { key, epoch: row.get(1)?, wrapped: row.get(2)?, id })
        })
    })
    .await
}

/// A row of the list of what was shredded: subject, key, when, why.
pub(crate) type ShreddedRow = (Vec<u8>, Option<Vec<u8>>, i64, String);

pub(crate) async fn shredded(db: &Database) -> Result<Vec<ShreddedRow>, DbError> {
    db.read(|db| {
        let statement = "SELECT subject, key, at, basis FROM shredded ORDER BY at, subject";
        db.query(statement, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
    })
    .await
}

/// Whether a subject or a key was shredded.
pub(crate) async fn is_shredded(db: &Database, by: By) -> Result<bool, DbError> {
    db.read(move |db| {
        let (statement, id) = match by {
            By::Subject(id) => ("SELECT EXISTS (SELECT 1 FROM shredded WHERE subject = ?)", id),
            By::Key(id) => ("SELECT EXISTS (SELECT 1 FROM shredded WHERE key = ?)", id),
        };
        db.one(statement, values![&id], |row| row.get(0))
    })
    .await
}

/// What changes when another process shreds or rotates: the count of what was shredded, and the newest epoch.
pub(crate) async fn version(db: &Database) -> Result<(i64, u32), DbError> {
    db.read(|db| {
        let statement = "SELECT (SELECT count(*) FROM shredded), (SELECT max(number) FROM epochs)";
        db.one(statement, &[], |row| Ok((row.get(0)?, row.get(1)?)))
    })
    .await
}

/// How many wrapped keys an epoch has in each table, and which holders stand at it or before.
pub(crate) async fn under(db: &Database, epoch: u32) -> Result<([u64; 3], Vec<String>), DbError> {
    db.read(move |db| {
        let mut counts = [0; 3];
        for (count, table) in counts.iter_mut().zip(Table::ALL) {
            let statement = format!("SELECT count(*) FROM {} WHERE epoch = ?", table.name_and_key().0);
            *count = db.one(&statement, values![epoch], |row| row.get::<i64>(0))?.unsigned_abs();
        }
        let holders =
            db.query("SELECT name FROM holders WHERE lowest <= ? ORDER BY name", values![epoch], |row| row.get(0))?;
        Ok((counts, holders))
    })
    .await
}

/// Since which epoch a holder has keys.
pub(crate) async fn holder(db: &Database, name: &'static str) -> Result<Option<u32>, DbError> {
    db.read(move |db| db.optional("SELECT lowest FROM holders WHERE name = ?", values![name], |row| row.get(0))).await
}

/// Writes the write-ahead log back and empties it, so that what was deleted is gone from it too. Whether that was
/// possible: another process that reads is in the way.
pub(crate) async fn empty_log(db: &Database) -> Result<bool, DbError> {
    db.session().await?.run(asepsis_db::Connection::forget_deleted).await
}
