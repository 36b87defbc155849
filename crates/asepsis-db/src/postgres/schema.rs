//! The tables of one part of an installation, and the number of their layout.

use crate::postgres::{Client, PgFault, Server};
use crate::{DbError, Place, Schema, Value};

/// Makes the schema where it is missing, and brings the part's tables to the newest layout.
pub(crate) fn make(server: &Server, schema: &Schema) -> Result<(), DbError> {
    let fail = |fault: PgFault| DbError::server(server, fault);
    let client = Client::connect(server, "layout", None, true)?;
    let known = u32::try_from(schema.postgres.len()).unwrap_or(u32::MAX);
    client.begin(true).map_err(fail)?;
    let name = server.schema();
    // Asked first: who may not make schemas can use one that was made for him.
    if !has(&client, "SELECT 1 FROM pg_namespace WHERE nspname = ?", name).map_err(fail)? {
        client.batch(&format!("CREATE SCHEMA \"{name}\"")).map_err(fail)?;
    }
    client.batch("CREATE TABLE IF NOT EXISTS layout (part TEXT PRIMARY KEY, number BIGINT NOT NULL)").map_err(fail)?;
    let found = number(&client, schema.name).map_err(fail)?;
    if found > known {
        return Err(DbError::Newer { place: Place::of_server(server), found, known });
    }
    for statements in &schema.postgres[found as usize..] {
        client.batch(statements).map_err(fail)?;
    }
    if found < known {
        let put =
            "INSERT INTO layout (part, number) VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET number = excluded.number";
        client.execute(put, &[Value::Text(schema.name), Value::Int(known.into())]).map_err(fail)?;
    }
    client.commit().map_err(fail)
}

/// The number of the part's layout; 0 where it has no tables.
pub(crate) fn look(server: &Server, schema: &Schema) -> Result<u32, DbError> {
    let fail = |fault: PgFault| DbError::server(server, fault);
    let client = Client::connect(server, "layout", None, false)?;
    let there = has(&client, "SELECT 1 FROM pg_tables WHERE tablename = 'layout' AND schemaname = ?", server.schema());
    if !there.map_err(fail)? {
        return Ok(0);
    }
    number(&client, schema.name).map_err(fail)
}

fn has(client: &Client, statement: &str, name: &str) -> Result<bool, PgFault> {
    let mut found = false;
    client.each(statement, &[Value::Text(name)], |_| {
        found = true;
        false
    })?;
    Ok(found)
}

fn number(client: &Client, part: &str) -> Result<u32, PgFault> {
    let mut found = 0;
    client.each("SELECT number FROM layout WHERE part = ?", &[Value::Text(part)], |row| {
        found = row.try_get::<_, i64>(0).unwrap_or(i64::MAX);
        false
    })?;
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}
