//! Advisory locks: what a file's locks are elsewhere.

use crate::Value;
use crate::postgres::{Client, PgFault};

/// Locks that last as long as the connection.
impl Client {
    /// Whether the lock on something of the installation was to be had, alone or beside others who share it.
    pub(crate) fn try_lock(&self, what: &str, shared: bool) -> Result<bool, PgFault> {
        let statement = if shared { "SELECT pg_try_advisory_lock_shared(?)" } else { "SELECT pg_try_advisory_lock(?)" };
        self.ask(statement, what)
    }

    /// Gives one lock back.
    pub(crate) fn unlock(&self, what: &str, shared: bool) -> Result<bool, PgFault> {
        let statement = if shared { "SELECT pg_advisory_unlock_shared(?)" } else { "SELECT pg_advisory_unlock(?)" };
        self.ask(statement, what)
    }

    /// Whether a connection of another process than `but` holds it. PostgreSQL shows the number of a lock in two halves.
    pub(crate) fn is_locked_by_others(&self, what: &str, but: i64) -> Result<bool, PgFault> {
        let statement = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
                         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                         AND ((classid::bigint << 32) | objid::bigint) = ? AND pid::bigint <> ?";
        let mut found = false;
        self.each(statement, &[Value::Int(key(self.server.schema(), what)), Value::Int(but)], |_| {
            found = true;
            false
        })?;
        Ok(found)
    }

    fn ask(&self, statement: &str, what: &str) -> Result<bool, PgFault> {
        let mut yes = false;
        self.each(statement, &[Value::Int(key(self.server.schema(), what))], |row| {
            yes = row.try_get(0).unwrap_or_default();
            true
        })?;
        Ok(yes)
    }
}

/// A number for an advisory lock on something in a schema: FNV-1a, 64 bits.
pub(crate) fn key(schema: &str, what: &str) -> i64 {
    let bytes = b"asepsis ".iter().chain(schema.as_bytes()).chain(b" ").chain(what.as_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_of_different_things_are_different() {
        assert_ne!(key("asepsis", "log 1"), key("asepsis", "log 2"));
        assert_ne!(key("asepsis", "log 1"), key("other", "log 1"));
    }
}
