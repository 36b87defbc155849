//! Where a test keeps its data: the same tests run over files and on a server.
//!
//! The program that includes them has two modules, `files` and `server`, each with a constant `ON_SERVER` and all of the tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::path::Path;

use asepsis_db::{Place, Server, ServerSettings};

use super::postgres;

/// A folder of a test, and its part of the server where the test runs on one.
pub struct Folder {
    dir: tempfile::TempDir,
    server: Option<Server>,
}

impl Folder {
    /// A new one; `None` where there is no server.
    pub fn new(on_server: bool) -> Option<Self> {
        let server = if on_server { Some(server(&postgres::schema())?) } else { None };
        Some(Self { dir: tempfile::tempdir().unwrap(), server })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The server.
    pub fn server(&self) -> Option<Server> {
        self.server.clone()
    }

    /// A database: the file of this name, or the server.
    pub fn place(&self, file: &str) -> Place {
        match &self.server {
            Some(server) => Place::of_server(server),
            None => Place::File(self.dir.path().join(file)),
        }
    }

    /// Changes a database behind everybody's back. Bytes are written `x'00ff'`.
    pub fn sql(&self, file: &str, statements: &str) {
        let Some(server) = &self.server else {
            let db = asepsis_db::rusqlite::Connection::open(self.dir.path().join(file)).unwrap();
            db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
            db.execute_batch(statements).unwrap();
            db.close().unwrap();
            return;
        };
        postgres::shared().unwrap().sql(server.schema(), &in_postgres(statements));
    }
}

/// Statements of SQLite that tests use, in PostgreSQL's words.
pub fn in_postgres(statements: &str) -> String {
    let statements = statements
        .replace("x'", "'\\x")
        .replace("randomblob(", "substring(decode(repeat(md5(random()::text), 10), 'hex') FROM 1 FOR ")
        .replace("zeroblob(", "substring(decode(repeat('00', 50000000), 'hex') FROM 1 FOR ")
        .replace(
            "CAST(replace(CAST(bytes AS TEXT), 'dr.a', 'dr.b') AS BLOB)",
            "replace(bytes::text, '64722e61', '64722e62')::bytea",
        )
        .replace("PRAGMA foreign_keys = OFF", "ALTER TABLE surrogates DROP CONSTRAINT surrogates_space_scope_fkey");
    format!("SET asepsis.log = '1'; {statements}")
}

/// The server that the tests share, with this schema.
pub fn server(schema: &str) -> Option<Server> {
    let settings = ServerSettings {
        url: postgres::shared()?.url(),
        password: Some(postgres::PASSWORD.to_owned().into()),
        schema: schema.to_owned(),
        ..ServerSettings::default()
    };
    Some(Server::new(settings).unwrap())
}
