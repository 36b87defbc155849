//! The entries of a log as they are stored, for whoever copies them.

use std::path::Path;

use asepsis_db::DbError;

use crate::{Entry, LogError, LogPlace, SealedPayload, entries, layout, payloads};

/// The name of the log in `dir`, as its public key bears it.
///
/// # Errors
/// [`LogError::Db`] if the file cannot be read.
pub fn origin(dir: &Path) -> Result<String, LogError> {
    let path = layout::under(dir, layout::PUBLIC_KEY);
    let text = std::fs::read_to_string(&path).map_err(|source| DbError::File {
        path: path.clone(),
        doing: "read the log's name from it",
        source,
    })?;
    Ok(text.split('+').next().unwrap_or_default().to_owned())
}

/// The sealed payload of an entry of the log in `dir`, which another process may be writing; absent where the entry has none,
/// or its key was shredded and it was deleted.
///
/// # Errors
/// [`LogError::Db`].
pub async fn payload(log: impl Into<LogPlace>, index: u64) -> Result<Option<SealedPayload>, LogError> {
    let db = log.into().open().await?;
    let found = payloads::of(&db, index).await;
    db.close().await;
    Ok(found?)
}

/// Rows that are read together.
const ROWS: u32 = 256;

/// Gives every entry of the log in `dir`, which another process may be writing, from index `from` on to `found`, oldest first,
/// in bounded memory. `found` ends it with `false`. What is appended meanwhile may be given or not.
///
/// # Errors
/// [`LogError::Db`] if there is no log, or it cannot be read.
pub async fn for_each_entry(
    log: impl Into<LogPlace>,
    from: u64,
    mut found: impl FnMut(Entry) -> bool,
) -> Result<(), LogError> {
    let db = log.into().open().await?;
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
