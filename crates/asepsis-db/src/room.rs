//! Room in the write-ahead log before it is needed.
//!
//! A log that grows changes its file's size and extents with each commit, so that a sync has to wait for the file system's
//! journal too. Where the log has its length already, a commit overwrites bytes in place, and its sync is one write to the
//! disk. Beside the speed there is a reason of safety: ext4 (Linux 6.18, measured) acknowledges a sync of a file that grows
//! also where its journal fails in that moment, and the record is lost, in a third of all such failures; it does so for none
//! where bytes are overwritten.

use std::path::PathBuf;

use rusqlite::Connection;

/// What the log gets, in bytes: a little more than it is let grow to before it is written back and begins anew.
pub(crate) const ROOM: u64 = 5 << 20;

/// Lengthens the write-ahead log by writing pages into it that are then undone: SQLite keeps the file's length. Nothing is
/// done where it is long enough, and nothing is said where there is no room on the disk: then commits will say so.
pub(crate) fn make(connection: &Connection) -> Result<(), rusqlite::Error> {
    let log = connection.path().map(|path| PathBuf::from(format!("{path}-wal")));
    if log.and_then(|log| std::fs::metadata(log).ok()).is_some_and(|log| log.len() >= ROOM) {
        return Ok(());
    }
    let kept: i64 = connection.pragma_query_value(None, "cache_size", |row| row.get(0))?;
    // So small that pages go to the log before the transaction ends.
    connection.pragma_update(None, "cache_size", 16)?;
    let filled = connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; CREATE TABLE room (filler BLOB); INSERT INTO room VALUES (zeroblob({ROOM}));"
    ));
    if !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    connection.pragma_update(None, "cache_size", kept)?;
    if filled.is_ok() {
        // One small transaction, whose sync brings all of it to the disk. Read and written within it: another process may be
        // changing the layout.
        let write = || {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            let layout: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            connection.pragma_update(None, "user_version", layout)?;
            connection.execute_batch("COMMIT")
        };
        return write().inspect_err(|_| drop(connection.execute_batch("ROLLBACK")));
    }
    Ok(())
}
