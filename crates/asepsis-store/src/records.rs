//! What a [`Store`] does with records.

use asepsis_db::Error;
use tokio::sync::watch;

use crate::record::{Change, Record, check_line};
use crate::record_rows::{self, Signed};
use crate::{Store, StoreError};

/// The most rows of one page.
const PAGE: u32 = 1000;

impl Store {
    /// Makes all of these changes or none; the new versions, in the order of the changes.
    ///
    /// `by` is the user, `basis` why, for the history; `now` is in milliseconds since 1970 UTC. A change is recorded in the
    /// log before it is made: that is the caller's to do, with the version that [`Change::expecting`] then holds on to.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where a record is not at the version that was expected, [`StoreError::UnknownRecord`] where
    /// one is to be removed that is not there, [`StoreError::TooMany`]; those of [`Change::check`];
    /// [`StoreError::InvalidLine`]; [`StoreError::Db`]. Nothing is changed then.
    pub async fn change(
        &self,
        changes: Vec<Change>,
        by: &str,
        basis: Option<&str>,
        now: i64,
    ) -> Result<Vec<Record>, StoreError> {
        let changes = changes.into_iter().map(Ok);
        self.write(changes, signed(by, basis, now)?, Vec::new(), Vec::push).await
    }

    /// As [`change`](Self::change) for as many as there may be: they are asked for one after the other, and a few are in
    /// memory. How many there were. An error among them ends it, with nothing changed.
    ///
    /// # Errors
    /// As [`change`](Self::change), and [`StoreError::Interrupted`].
    pub async fn change_each<I>(&self, changes: I, by: &str, basis: Option<&str>, now: i64) -> Result<u64, StoreError>
    where
        I: IntoIterator<Item = Result<Change, String>> + Send + 'static,
    {
        self.write(changes, signed(by, basis, now)?, 0, |count, _| *count += 1).await
    }

    async fn write<I, T>(
        &self,
        changes: I,
        signed: Signed,
        mut done: T,
        mut add: impl FnMut(&mut T, Record) + Send + 'static,
    ) -> Result<T, StoreError>
    where
        I: IntoIterator<Item = Result<Change, String>> + Send + 'static,
        T: Send + 'static,
    {
        let written = self.shared.writer.run(move |db| {
            let mut refused = None;
            let written = db.transaction(|db| {
                record_rows::write(db, changes.into_iter(), &signed, |record| add(&mut done, record))?.map_err(|e| {
                    refused = Some(e);
                    // Undoes the transaction.
                    Error::Missing
                })
            });
            match refused {
                Some(refused) => Ok(Err(refused)),
                None => written.map(|()| Ok(done)),
            }
        });
        let done = written.await??;
        self.shared.read_last().await?;
        Ok(done)
    }

    /// A record as it is now; `None` where there is none, also where it was removed.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn record(&self, kind: &str, id: &str) -> Result<Option<Record>, StoreError> {
        Ok(record_rows::one(&self.shared.db, kind.to_owned(), id.to_owned()).await?)
    }

    /// The newest version that the record ever had, also where that was its removal; 0 where there never was one.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn last_version(&self, kind: &str, id: &str) -> Result<u32, StoreError> {
        Ok(record_rows::last_version(&self.shared.db, kind.to_owned(), id.to_owned()).await?)
    }

    /// Up to `most` records of a kind whose ids come after `after`, in the order of their ids as bytes. A page has 1,000 at
    /// most and some 8 MiB; the end is reached where one is empty.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn records(&self, kind: &str, after: Option<&str>, most: u32) -> Result<Vec<Record>, StoreError> {
        let after = after.unwrap_or_default().to_owned();
        Ok(record_rows::page(&self.shared.db, kind.to_owned(), after, most.min(PAGE)).await?)
    }

    /// Gives every record of these kinds to `take`, in the order of kinds and ids, as all of them are in one moment, and says
    /// which change was the last then. One at a time is in memory.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn each_record(
        &self,
        kinds: &[&str],
        take: impl FnMut(Record) + Send + 'static,
    ) -> Result<i64, StoreError> {
        let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        Ok(record_rows::each(&self.shared.db, kinds, take).await?)
    }

    /// Every version that a record ever had, the first one first, also where it was removed; of those behind the version
    /// `after` as many as [`records`](Self::records) gives.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn history(&self, kind: &str, id: &str, after: u32) -> Result<Vec<Record>, StoreError> {
        Ok(record_rows::history(&self.shared.db, kind.to_owned(), id.to_owned(), after, PAGE).await?)
    }

    /// What was changed after the change with this number, of all kinds, in order; as many as [`records`](Self::records)
    /// gives.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn changed_since(&self, seq: i64) -> Result<Vec<Record>, StoreError> {
        Ok(record_rows::since(&self.shared.db, seq, PAGE).await?)
    }

    /// The number of the last change, 0 where there is none. It moves with every change made here, and within about a second
    /// with one made by another process. It never moves after the last handle to the store is gone.
    pub fn last_change(&self) -> watch::Receiver<i64> {
        self.shared.last.subscribe()
    }
}

fn signed(by: &str, basis: Option<&str>, now: i64) -> Result<Signed, StoreError> {
    check_line("the one who changes a record", by)?;
    basis.map(|basis| check_line("a basis", basis)).transpose()?;
    Ok(Signed { by: by.to_owned(), basis: basis.map(str::to_owned), now })
}
