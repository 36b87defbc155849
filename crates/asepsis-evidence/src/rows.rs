//! The tables of documents.

use asepsis_db::{Connection, Database, DbError, Error, Schema, values};

/// The layouts, oldest first.
pub(crate) const SCHEMA: Schema = Schema { name: "evidence", sqlite: SQLITE, postgres: POSTGRES, tables: TABLES };

const TABLES: &[&str] = &["evidence_documents", "evidence_chunks"];

const SQLITE: &[&str] = &["
    CREATE TABLE evidence_documents (
        id TEXT PRIMARY KEY, salt BLOB NOT NULL, header BLOB NOT NULL, bytes INTEGER NOT NULL, added INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE evidence_chunks (
        document TEXT NOT NULL, place INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (document, place)
    ) STRICT;
"];

/// The same for a server.
const POSTGRES: &[&str] = &["
    CREATE TABLE evidence_documents (
        id TEXT COLLATE \"C\" PRIMARY KEY, salt BYTEA NOT NULL, header BYTEA NOT NULL, bytes BIGINT NOT NULL,
        added BIGINT NOT NULL
    );
    CREATE TABLE evidence_chunks (
        document TEXT COLLATE \"C\" NOT NULL, place BIGINT NOT NULL, sealed BYTEA NOT NULL, PRIMARY KEY (document, place)
    );
"];

/// A document without its chunks.
pub(crate) struct Document {
    pub(crate) id: String,
    pub(crate) salt: [u8; 32],
    pub(crate) header: Vec<u8>,
    pub(crate) bytes: i64,
    pub(crate) added: i64,
}

pub(crate) fn exists(db: &Connection, id: &str) -> Result<bool, Error> {
    let row = db.optional("SELECT 1 FROM evidence_documents WHERE id = ?", values![id], |row| row.get::<i64>(0))?;
    Ok(row.is_some())
}

pub(crate) fn insert(db: &Connection, document: &Document) -> Result<(), Error> {
    let Document { id, salt, header, bytes, added } = document;
    db.execute(
        "INSERT INTO evidence_documents (id, salt, header, bytes, added) VALUES (?, ?, ?, ?, ?)",
        values![id, salt, header, *bytes, *added],
    )
    .map(drop)
}

pub(crate) fn insert_chunk(db: &Connection, document: &str, place: u32, sealed: &[u8]) -> Result<(), Error> {
    let statement = "INSERT INTO evidence_chunks (document, place, sealed) VALUES (?, ?, ?)";
    db.execute(statement, values![document, place, sealed]).map(drop)
}

pub(crate) fn chunk(db: &Connection, document: &str, place: u32) -> Result<Option<Vec<u8>>, Error> {
    let statement = "SELECT sealed FROM evidence_chunks WHERE document = ? AND place = ?";
    db.optional(statement, values![document, place], |row| row.get(0))
}

pub(crate) fn one(db: &Connection, id: &str) -> Result<Option<Document>, Error> {
    let statement = "SELECT id, salt, header, bytes, added FROM evidence_documents WHERE id = ?";
    db.optional(statement, values![id], document)
}

/// Every document, by id.
pub(crate) async fn all(db: &Database) -> Result<Vec<Document>, DbError> {
    let statement = "SELECT id, salt, header, bytes, added FROM evidence_documents ORDER BY id";
    db.read(move |db| db.query(statement, &[], document)).await
}

fn document(row: &asepsis_db::Row<'_>) -> Result<Document, Error> {
    Ok(Document { id: row.get(0)?, salt: row.get(1)?, header: row.get(2)?, bytes: row.get(3)?, added: row.get(4)? })
}

/// Whether there was one.
pub(crate) fn remove(db: &Connection, id: &str) -> Result<bool, Error> {
    db.transaction(|db| {
        db.execute("DELETE FROM evidence_chunks WHERE document = ?", values![id])?;
        Ok(db.execute("DELETE FROM evidence_documents WHERE id = ?", values![id])? > 0)
    })
}
