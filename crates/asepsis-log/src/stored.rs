//! The entries of a log as they are stored, for whoever copies them.

use std::path::Path;

use crate::{Entry, LogError, entries, search};

/// Rows that are read together.
const ROWS: u32 = 256;

/// Gives every entry of the log in `dir`, which another process may be writing, from index `from` on to `found`, oldest first,
/// in bounded memory. `found` ends it with `false`. What is appended meanwhile may be given or not.
///
/// # Errors
/// [`LogError::Db`] if there is no log, or it cannot be read.
pub async fn for_each_entry(dir: &Path, from: u64, mut found: impl FnMut(Entry) -> bool) -> Result<(), LogError> {
    let db = search::open(dir).await?;
    let mut next = from;
    let read = loop {
        let rows = match entries::rows(&db, next..u64::MAX, ROWS).await {
            Ok(rows) => rows,
            Err(error) => break Err(error.into()),
        };
        let Some(last) = rows.last() else { break Ok(()) };
        next = last.index + 1;
        if !rows.into_iter().all(|row| found(Entry { index: row.index, bytes: row.bytes })) {
            break Ok(());
        }
    };
    db.close().await;
    read
}
