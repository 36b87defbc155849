//! The tables of the vault and the one writer of them.

use asepsis_db::{Batch, Database, DbError, Statements};
use sqlx::Row as _;

use crate::seal::{KEY_VERSION, ScopeKeys, VaultKeys};
use crate::{ScopeId, Space, Surrogate, VaultError};

/// The layouts of the database, oldest first. `seen` is the blind index of the rendered text: it keeps the texts of a scope
/// apart from each other even when two processes write.
pub(crate) const SCHEMA: &[&str] = &["
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
"];

/// A surrogate on its way into the table.
pub(crate) struct NewRow {
    pub(crate) blind: [u8; 16],
    pub(crate) seen: [u8; 16],
    pub(crate) code: [u8; 8],
    pub(crate) sealed: Vec<u8>,
}

/// What the writer does.
pub(crate) enum Change {
    /// Adds surrogates; with the sealed key where the scope is new.
    Add { scope: ScopeId, key: Option<Vec<u8>>, rows: Vec<NewRow> },
    /// Deletes a scope, its key first of all.
    Forget(ScopeId),
}

/// Turns changes into statements.
pub(crate) struct Changes;

impl Batch for Changes {
    type Job = Change;
    type Done = ();

    fn statements(&mut self, jobs: &[Change], into: &mut Statements) -> Vec<()> {
        for job in jobs {
            match job {
                Change::Add { scope, key, rows } => {
                    let space = i64::from(scope.space().code());
                    if let Some(key) = key {
                        into.add("INSERT INTO scopes (scope, space, version, wrapped) VALUES (?, ?, ?, ?)");
                        into.bind(&scope.as_bytes()[..]);
                        into.bind(space);
                        into.bind(i64::from(KEY_VERSION));
                        into.bind(&key[..]);
                    }
                    let insert = "INSERT INTO surrogates (space, scope, blind, seen, code, sealed) VALUES";
                    into.insert(insert, "(?,?,?,?,?,?)", rows, |into, row| {
                        into.bind(space);
                        into.bind(&scope.as_bytes()[..]);
                        into.bind(&row.blind[..]);
                        into.bind(&row.seen[..]);
                        into.bind(&row.code[..]);
                        into.bind(&row.sealed[..]);
                    });
                }
                Change::Forget(scope) => {
                    into.add("DELETE FROM scopes WHERE scope = ? AND space = ?");
                    into.bind(&scope.as_bytes()[..]);
                    into.bind(i64::from(scope.space().code()));
                }
            }
        }
        vec![(); jobs.len()]
    }
}

/// Stores the check value of the root key in a new vault, and returns the one that is stored.
pub(crate) async fn check_value(db: &Database, value: &[u8; 16]) -> Result<Vec<u8>, DbError> {
    let mut connection = db.connection().await?;
    sqlx::query(
        "INSERT OR IGNORE INTO vault (key, value) SELECT 'root-key', ? WHERE NOT EXISTS (SELECT 1 FROM scopes)",
    )
    .bind(&value[..])
    .execute(&mut connection)
    .await
    .map_err(|e| db.error(&e))?;
    let stored: Option<Vec<u8>> = sqlx::query_scalar("SELECT value FROM vault WHERE key = 'root-key'")
        .fetch_optional(&mut connection)
        .await
        .map_err(|e| db.error(&e))?;
    Ok(stored.unwrap_or_default())
}

/// The sealed key of a scope.
pub(crate) async fn wrapped(db: &Database, scope: &ScopeId) -> Result<Option<Vec<u8>>, DbError> {
    sqlx::query_scalar("SELECT wrapped FROM scopes WHERE scope = ? AND space = ?")
        .bind(&scope.as_bytes()[..])
        .bind(i64::from(scope.space().code()))
        .fetch_optional(db.reader())
        .await
        .map_err(|e| db.error(&e))
}

/// A stored surrogate with its blind indexes.
pub(crate) struct Stored {
    pub(crate) blind: [u8; 16],
    pub(crate) surrogate: Surrogate,
}

/// All surrogates of a scope.
pub(crate) async fn of_scope(db: &Database, scope: &ScopeId, keys: &ScopeKeys) -> Result<Vec<Stored>, VaultError> {
    let rows = sqlx::query("SELECT blind, seen, code, sealed FROM surrogates WHERE scope = ? AND space = ?")
        .bind(&scope.as_bytes()[..])
        .bind(i64::from(scope.space().code()))
        .fetch_all(db.reader())
        .await
        .map_err(|e| db.error(&e))?;
    rows.iter().map(|row| read(scope, keys, row)).collect()
}

/// The surrogates of a code in all scopes of a space.
pub(crate) async fn of_code(
    db: &Database,
    keys: &VaultKeys,
    space: Space,
    code: &[u8; 8],
) -> Result<Vec<Surrogate>, VaultError> {
    let rows = sqlx::query(
        "SELECT s.blind, s.seen, s.code, s.sealed, s.scope, k.wrapped FROM surrogates s \
         JOIN scopes k ON k.scope = s.scope AND k.space = s.space WHERE s.code = ? AND s.space = ?",
    )
    .bind(&code[..])
    .bind(i64::from(space.code()))
    .fetch_all(db.reader())
    .await
    .map_err(|e| db.error(&e))?;
    let mut found = Vec::new();
    for row in &rows {
        let scope: [u8; 16] = fixed(row, 4)?;
        let scope = ScopeId::new(space, scope);
        let wrapped: &[u8] = row.try_get(5).map_err(|_| damaged())?;
        let keys = keys.open_scope(&scope, wrapped)?;
        found.push(read(&scope, &keys, row)?.surrogate);
    }
    Ok(found)
}

fn read(scope: &ScopeId, keys: &ScopeKeys, row: &sqlx::sqlite::SqliteRow) -> Result<Stored, VaultError> {
    let (blind, seen, code) = (fixed(row, 0)?, fixed::<16>(row, 1)?, fixed(row, 2)?);
    let surrogate = keys.open(row.try_get(3).map_err(|_| damaged())?, &blind, &code)?;
    // The index of the text is not part of what is sealed, so it is compared with what was.
    if keys.blind_text(&surrogate.rendered) != seen {
        return Err(VaultError::Tampered { place: format!("the index of scope {scope}") });
    }
    Ok(Stored { blind, surrogate })
}

fn fixed<const N: usize>(row: &sqlx::sqlite::SqliteRow, column: usize) -> Result<[u8; N], VaultError> {
    row.try_get::<&[u8], _>(column).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(damaged)
}

fn damaged() -> VaultError {
    VaultError::Tampered { place: "a row".to_owned() }
}
