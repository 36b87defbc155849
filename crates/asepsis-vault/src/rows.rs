//! The tables of the vault and the one writer of them.

use asepsis_db::rusqlite::{Connection, Error, OptionalExtension as _, Row};
use asepsis_db::{Batch, Database, DbError};

use crate::seal::{KEY_VERSION, ScopeKeys, VaultKeys};
use crate::{ScopeId, Space, Surrogate, VaultError};

/// The layouts of the database, oldest first.
///
/// The surrogates of a scope are numbered as they came. Who adds some knows all that are there, so that they stand apart
/// from each other; where another process has added to the scope meanwhile, the next number is taken, and the addition is a
/// conflict. `seen` is the blind index of the rendered text.
///
/// Codes are looked for without their scope in the space of the command line (2) only. They are random: an index over all
/// of them would cost a gateway a page of the write-ahead log for each.
pub(crate) const SCHEMA: &[&str] = &[
    "
    CREATE TABLE vault (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
    CREATE TABLE scopes (
        scope BLOB NOT NULL, space INTEGER NOT NULL, version INTEGER NOT NULL, wrapped BLOB NOT NULL,
        PRIMARY KEY (space, scope)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE surrogates (
        space INTEGER NOT NULL, scope BLOB NOT NULL, blind BLOB NOT NULL, seen BLOB NOT NULL, code BLOB NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (space, scope, blind),
        UNIQUE (space, scope, seen),
        FOREIGN KEY (space, scope) REFERENCES scopes (space, scope) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX surrogates_by_code ON surrogates (code, space);
",
    "
    ALTER TABLE surrogates RENAME TO unnumbered;
    CREATE TABLE surrogates (
        space INTEGER NOT NULL, scope BLOB NOT NULL, number INTEGER NOT NULL, blind BLOB NOT NULL, seen BLOB NOT NULL,
        code BLOB NOT NULL, sealed BLOB NOT NULL,
        PRIMARY KEY (space, scope, number),
        FOREIGN KEY (space, scope) REFERENCES scopes (space, scope) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    INSERT INTO surrogates (space, scope, number, blind, seen, code, sealed)
        SELECT space, scope, row_number() OVER (PARTITION BY space, scope ORDER BY blind) - 1, blind, seen, code, sealed
        FROM unnumbered;
    DROP TABLE unnumbered;
    CREATE INDEX surrogates_by_code ON surrogates (code) WHERE space = 2;
",
];

/// A surrogate on its way into the table.
pub(crate) struct NewRow {
    pub(crate) blind: [u8; 16],
    pub(crate) seen: [u8; 16],
    pub(crate) code: [u8; 8],
    pub(crate) sealed: Vec<u8>,
}

/// What the writer does.
pub(crate) enum Change {
    /// Adds surrogates after those that are there, whose number is `first`; with the sealed key where the scope is new.
    Add { scope: ScopeId, key: Option<Vec<u8>>, first: usize, rows: Vec<NewRow> },
    /// Deletes a scope, its key first of all.
    Forget(ScopeId),
}

/// Runs changes.
pub(crate) struct Changes;

impl Batch for Changes {
    type Job = Change;
    type Done = ();

    fn write(&mut self, db: &Connection, jobs: &[Change]) -> Result<Vec<()>, Error> {
        for job in jobs {
            match job {
                Change::Add { scope, key, first, rows } => add(db, scope, key.as_deref(), *first, rows)?,
                Change::Forget(scope) => drop(
                    db.prepare_cached("DELETE FROM scopes WHERE scope = ? AND space = ?")?
                        .execute((scope.as_bytes(), scope.space().code()))?,
                ),
            }
        }
        Ok(vec![(); jobs.len()])
    }
}

fn add(db: &Connection, scope: &ScopeId, key: Option<&[u8]>, first: usize, rows: &[NewRow]) -> Result<(), Error> {
    let (scope, space) = (scope.as_bytes(), scope.space().code());
    if let Some(key) = key {
        db.prepare_cached("INSERT INTO scopes (scope, space, version, wrapped) VALUES (?, ?, ?, ?)")?.execute((
            scope,
            space,
            KEY_VERSION,
            key,
        ))?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO surrogates (space, scope, number, blind, seen, code, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?;
    for (row, number) in rows.iter().zip(first..) {
        insert.execute((space, scope, number as i64, &row.blind, &row.seen, &row.code, &row.sealed))?;
    }
    Ok(())
}

/// Stores the check value of the root key in a new vault, and returns the one that is stored.
pub(crate) async fn check_value(db: &Database, value: &[u8; 16]) -> Result<Vec<u8>, DbError> {
    let value = *value;
    db.session()
        .await?
        .run(move |db| {
            db.execute(
                "INSERT OR IGNORE INTO vault (key, value) SELECT 'root-key', ? WHERE NOT EXISTS (SELECT 1 FROM scopes)",
                (value,),
            )?;
            let stored =
                db.query_row("SELECT value FROM vault WHERE key = 'root-key'", (), |row| row.get(0)).optional()?;
            Ok(stored.unwrap_or_default())
        })
        .await
}

/// The sealed key of a scope.
pub(crate) async fn wrapped(db: &Database, scope: &ScopeId) -> Result<Option<Vec<u8>>, DbError> {
    let scope = *scope;
    db.read(move |db| {
        db.prepare_cached("SELECT wrapped FROM scopes WHERE scope = ? AND space = ?")?
            .query_row((scope.as_bytes(), scope.space().code()), |row| row.get(0))
            .optional()
    })
    .await
}

/// Writes the write-ahead log back and empties it, so that what was deleted is gone from it too.
pub(crate) async fn empty_log(db: &Database) -> Result<(), DbError> {
    db.session().await?.run(|db| db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))).await
}

/// A stored surrogate with its blind indexes.
pub(crate) struct Stored {
    pub(crate) blind: [u8; 16],
    pub(crate) surrogate: Surrogate,
}

/// A row as it is stored: blind index, index of the text, code, sealed surrogate.
type Raw = (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);

/// A row of a scope that is stored with it, and the scope's sealed key.
type RawOfScope = (Raw, Vec<u8>, Vec<u8>);

/// All surrogates of a scope, in the order in which they came.
pub(crate) async fn of_scope(db: &Database, scope: &ScopeId, keys: &ScopeKeys) -> Result<Vec<Stored>, VaultError> {
    let id = *scope;
    let rows: Vec<Raw> = db
        .read(move |db| {
            db.prepare_cached(
                "SELECT blind, seen, code, sealed FROM surrogates WHERE scope = ? AND space = ? ORDER BY number",
            )?
            .query_map((id.as_bytes(), id.space().code()), raw)?
            .collect()
        })
        .await?;
    rows.iter().map(|row| open(scope, keys, row)).collect()
}

/// The surrogates of a code in all scopes of a space.
pub(crate) async fn of_code(
    db: &Database,
    keys: &VaultKeys,
    space: Space,
    code: &[u8; 8],
) -> Result<Vec<Surrogate>, VaultError> {
    let code = *code;
    let rows: Vec<RawOfScope> = db
        .read(move |db| {
            // The space stands in the text, so that SQLite sees that the index of a part of the table will do.
            let statement = format!(
                "SELECT s.blind, s.seen, s.code, s.sealed, s.scope, k.wrapped FROM surrogates s \
                 JOIN scopes k ON k.scope = s.scope AND k.space = s.space WHERE s.code = ? AND s.space = {}",
                space.code()
            );
            let of_scope = |row: &Row<'_>| Ok((raw(row)?, blob(row, 4)?, blob(row, 5)?));
            db.prepare_cached(&statement)?.query_map((code,), of_scope)?.collect()
        })
        .await?;
    let mut found = Vec::new();
    for (row, scope, wrapped) in &rows {
        let scope = ScopeId::new(space, fixed(scope)?);
        let keys = keys.open_scope(&scope, wrapped)?;
        found.push(open(&scope, &keys, row)?.surrogate);
    }
    Ok(found)
}

fn raw(row: &Row<'_>) -> Result<Raw, Error> {
    Ok((blob(row, 0)?, blob(row, 1)?, blob(row, 2)?, blob(row, 3)?))
}

/// What the column holds; nothing where that is no blob, which then has the wrong length.
fn blob(row: &Row<'_>, column: usize) -> Result<Vec<u8>, Error> {
    Ok(row.get_ref(column)?.as_blob().unwrap_or_default().to_vec())
}

fn open(scope: &ScopeId, keys: &ScopeKeys, (blind, seen, code, sealed): &Raw) -> Result<Stored, VaultError> {
    let (blind, seen, code) = (fixed(blind)?, fixed::<16>(seen)?, fixed(code)?);
    let surrogate = keys.open(sealed, &blind, &code)?;
    // The index of the text is not part of what is sealed, so it is compared with what was.
    // Rows of before took the text as it stands.
    if ![keys.blind_text(&surrogate.rendered), keys.blind_verbatim(&surrogate.rendered)].contains(&seen) {
        return Err(VaultError::Tampered { place: format!("the index of scope {scope}") });
    }
    Ok(Stored { blind, surrogate })
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], VaultError> {
    bytes.try_into().map_err(|_| VaultError::Tampered { place: "a row".to_owned() })
}
