//! The tables of the vault and the one writer of them.

use asepsis_db::{Batch, Connection, Database, DbError, Error, Row, Schema, Value, values};

use crate::seal::{KEY_VERSION, ScopeKeys, VaultKeys, Wrapped};
use crate::{ScopeId, Space, Surrogate, VaultError};

/// The layouts of the database, oldest first.
///
/// The surrogates of a scope are numbered as they came. Who adds some knows all that are there, so that they stand apart
/// from each other; where another process has added to the scope meanwhile, the next number is taken, and the addition is a
/// conflict. `seen` is the blind index of the rendered text.
///
/// Codes are looked for without their scope in the space of the command line (2) only. They are random: an index over all
/// of them would cost a gateway a page of the write-ahead log for each.
pub(crate) const SCHEMA: Schema = Schema { name: "vault", sqlite: SQLITE, postgres: POSTGRES, tables: TABLES };

const TABLES: &[&str] = &["vault", "scopes", "surrogates"];

const SQLITE: &[&str] = &[
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
    // The epoch that a scope's key is wrapped under; none where that is still the root key itself.
    "ALTER TABLE scopes ADD COLUMN epoch INTEGER",
];

/// The same for a server.
const POSTGRES: &[&str] = &["
    CREATE TABLE vault (key TEXT PRIMARY KEY, value BYTEA NOT NULL);
    CREATE TABLE scopes (
        scope BYTEA NOT NULL, space BIGINT NOT NULL, version BIGINT NOT NULL, wrapped BYTEA NOT NULL, epoch BIGINT,
        PRIMARY KEY (space, scope)
    );
    CREATE TABLE surrogates (
        space BIGINT NOT NULL, scope BYTEA NOT NULL, number BIGINT NOT NULL, blind BYTEA NOT NULL, seen BYTEA NOT NULL,
        code BYTEA NOT NULL, sealed BYTEA NOT NULL,
        PRIMARY KEY (space, scope, number),
        FOREIGN KEY (space, scope) REFERENCES scopes (space, scope) ON DELETE CASCADE
    );
    CREATE INDEX surrogates_by_code ON surrogates (code) WHERE space = 2;
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
    /// Adds surrogates after those that are there, whose number is `first`; with the sealed key where the scope is new.
    Add { scope: ScopeId, key: Option<Wrapped>, first: usize, rows: Vec<NewRow> },
    /// Deletes a scope, its key first of all.
    Forget(ScopeId),
    /// Wraps keys of scopes anew; each with the epoch that it was under, `None` for the root itself.
    Rewrap(Vec<(ScopeId, Option<u32>, Wrapped)>),
    /// Notes that the keys of the vault are those of this check value, and the lowest epoch that a scope may be under.
    Belongs { check: [u8; 16], lowest: u32 },
}

/// Runs changes.
pub(crate) struct Changes;

impl Batch for Changes {
    type Job = Change;
    type Done = ();

    fn write(&mut self, db: &Connection, jobs: &[Change]) -> Result<Vec<()>, Error> {
        for job in jobs {
            match job {
                Change::Add { scope, key, first, rows } => add(db, scope, key.as_ref(), *first, rows)?,
                Change::Rewrap(rows) => rewrap(db, rows)?,
                Change::Belongs { check, lowest } => belongs(db, check, *lowest)?,
                Change::Forget(scope) => drop(db.execute(
                    "DELETE FROM scopes WHERE scope = ? AND space = ?",
                    values![scope.as_bytes(), scope.space().code()],
                )?),
            }
        }
        Ok(vec![(); jobs.len()])
    }
}

fn add(db: &Connection, scope: &ScopeId, key: Option<&Wrapped>, first: usize, rows: &[NewRow]) -> Result<(), Error> {
    let (scope, space) = (scope.as_bytes(), scope.space().code());
    if let Some(key) = key {
        db.execute(
            "INSERT INTO scopes (scope, space, version, wrapped, epoch) VALUES (?, ?, ?, ?, ?)",
            values![scope, space, KEY_VERSION, &key.key, key.epoch],
        )?;
    }
    db.execute_each(
        "INSERT INTO surrogates (space, scope, number, blind, seen, code, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)",
        rows.iter().zip(first..).map(|(row, number)| {
            let NewRow { blind, seen, code, sealed } = row;
            let place = [Value::from(space), Value::Blob(scope), Value::Int(number as i64)];
            let [space, scope, number] = place;
            [space, scope, number, Value::Blob(blind), Value::Blob(seen), Value::Blob(code), Value::Blob(sealed)]
        }),
    )
    .map(drop)
}

/// Takes the place of the old wrapping only: a scope that was forgotten meanwhile does not come back.
fn rewrap(db: &Connection, rows: &[(ScopeId, Option<u32>, Wrapped)]) -> Result<(), Error> {
    db.execute_each(
        "UPDATE scopes SET epoch = ?, wrapped = ? WHERE scope = ? AND space = ? AND epoch IS NOT DISTINCT FROM ?",
        rows.iter().map(|(scope, from, to)| {
            let (scope, space) = (scope.as_bytes(), scope.space().code());
            [to.epoch.into(), Value::Blob(&to.key), Value::Blob(scope), space.into(), (*from).into()]
        }),
    )
    .map(drop)
}

fn belongs(db: &Connection, check: &[u8; 16], lowest: u32) -> Result<(), Error> {
    let put = "INSERT INTO vault (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    db.execute(put, values!["keys", check])?;
    db.execute(put, values!["lowest-epoch", &lowest.to_be_bytes()])?;
    db.execute("DELETE FROM vault WHERE key = 'root-key'", &[]).map(drop)
}

/// Whether there is such a scope.
pub(crate) fn is_stored(db: &Connection, scope: &ScopeId) -> Result<bool, Error> {
    let found = db.query(
        "SELECT 1 FROM scopes WHERE space = ? AND scope = ?",
        values![scope.space().code(), scope.as_bytes()],
        |row| row.get::<i64>(0),
    )?;
    Ok(!found.is_empty())
}

/// To which keys the vault says that it belongs.
#[derive(Default)]
pub(crate) struct Belonging {
    /// The check value of the root key, in a vault that is sealed under it.
    pub(crate) root: Option<Vec<u8>>,
    /// The check value of the keys.
    pub(crate) keys: Option<Vec<u8>>,
    /// The lowest epoch that a scope may be under.
    pub(crate) lowest: Option<Vec<u8>>,
    /// Whether there is any scope.
    pub(crate) scopes: bool,
}

pub(crate) async fn belonging(db: &Database) -> Result<Belonging, DbError> {
    db.read(|db| {
        let value = |key: &str| db.optional("SELECT value FROM vault WHERE key = ?", values![key], |row| row.get(0));
        Ok(Belonging {
            root: value("root-key")?,
            keys: value("keys")?,
            lowest: value("lowest-epoch")?,
            scopes: db.one("SELECT EXISTS (SELECT 1 FROM scopes)", &[], |row| row.get(0))?,
        })
    })
    .await
}

/// A scope as it is stored: space, scope, epoch, wrapped key.
type RawScope = (u8, Vec<u8>, Option<u32>, Vec<u8>);

/// Some scopes behind `after`, in order, whose key is not under the epoch `but`: with their epoch, `None` for the root key
/// itself.
pub(crate) async fn scopes_not_under(
    db: &Database,
    after: Option<ScopeId>,
    but: u32,
    most: usize,
) -> Result<Vec<(ScopeId, Option<u32>, Vec<u8>)>, VaultError> {
    let rows: Vec<RawScope> = db
        .read(move |db| {
            let after = after.map_or((0, Vec::new()), |scope| (scope.space().code(), scope.as_bytes().to_vec()));
            let statement = format!(
                "SELECT space, scope, epoch, wrapped FROM scopes WHERE (space, scope) > (?, ?) AND epoch IS DISTINCT FROM ?
                 ORDER BY space, scope LIMIT {most}"
            );
            db.query(&statement, values![after.0, &after.1, but], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
        })
        .await?;
    let scope = |space: u8, id: &[u8]| {
        let space = Space::of_code(space).ok_or_else(|| VaultError::Tampered { place: "a scope".to_owned() })?;
        Ok::<_, VaultError>(ScopeId::new(space, fixed(id)?))
    };
    rows.into_iter().map(|(space, id, epoch, wrapped)| Ok((scope(space, &id)?, epoch, wrapped))).collect()
}

/// The sealed key of a scope.
pub(crate) async fn wrapped(db: &Database, scope: &ScopeId) -> Result<Option<Wrapped>, DbError> {
    let scope = *scope;
    db.read(move |db| {
        let statement = "SELECT epoch, wrapped FROM scopes WHERE scope = ? AND space = ?";
        db.optional(statement, values![scope.as_bytes(), scope.space().code()], |row| of_row(row, 0))
    })
    .await
}

/// A wrapped key from two columns. What is under no epoch was not migrated, and does not open as under any.
fn of_row(row: &Row<'_>, at: usize) -> Result<Wrapped, Error> {
    Ok(Wrapped { epoch: row.get::<Option<u32>>(at)?.unwrap_or_default(), key: blob(row, at + 1)? })
}

/// Writes the write-ahead log back and empties it, so that what was deleted is gone from it too.
pub(crate) async fn empty_log(db: &Database) -> Result<(), DbError> {
    db.session().await?.run(|db| db.forget_deleted().map(drop)).await
}

/// A stored surrogate with its blind indexes.
pub(crate) struct Stored {
    pub(crate) blind: [u8; 16],
    pub(crate) surrogate: Surrogate,
}

/// A row as it is stored: blind index, index of the text, code, sealed surrogate.
type Raw = (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);

/// A row of a scope that is stored with it, and the scope's sealed key.
type RawOfScope = (Raw, Vec<u8>, Wrapped);

/// All surrogates of a scope, in the order in which they came.
pub(crate) async fn of_scope(db: &Database, scope: &ScopeId, keys: &ScopeKeys) -> Result<Vec<Stored>, VaultError> {
    let id = *scope;
    let rows: Vec<Raw> = db
        .read(move |db| {
            let statement =
                "SELECT blind, seen, code, sealed FROM surrogates WHERE scope = ? AND space = ? ORDER BY number";
            db.query(statement, values![id.as_bytes(), id.space().code()], raw)
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
                "SELECT s.blind, s.seen, s.code, s.sealed, s.scope, k.epoch, k.wrapped FROM surrogates s \
                 JOIN scopes k ON k.scope = s.scope AND k.space = s.space WHERE s.code = ? AND s.space = {}",
                space.code()
            );
            let of_scope = |row: &Row<'_>| Ok((raw(row)?, blob(row, 4)?, of_row(row, 5)?));
            db.query(&statement, values![&code], of_scope)
        })
        .await?;
    let mut found = Vec::new();
    for (row, scope, wrapped) in &rows {
        let scope = ScopeId::new(space, fixed(scope)?);
        let keys = keys.open_scope(&scope, wrapped).await?;
        found.push(open(&scope, &keys, row)?.surrogate);
    }
    Ok(found)
}

fn raw(row: &Row<'_>) -> Result<Raw, Error> {
    Ok((blob(row, 0)?, blob(row, 1)?, blob(row, 2)?, blob(row, 3)?))
}

/// What the column holds; nothing where that is no blob, which then has the wrong length.
fn blob(row: &Row<'_>, column: usize) -> Result<Vec<u8>, Error> {
    Ok(match row.value(column)? {
        Value::Blob(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    })
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
