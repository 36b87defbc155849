use std::sync::Arc;

use crate::keys::{LINK, NAMED, SUBJECT, now, tampered};
use crate::presence;
use crate::root::Destruction;
use crate::roots::make_epoch;
use crate::rows::{self, Change, Table, WrappedRow};
use crate::{KeyError, KeyPlace, Keys, RootKeyId};

/// Wrapped keys in one transaction.
const PAGE: usize = 1000;

/// How many keys were wrapped anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// Keys of the tenant that have a name.
    pub named: u64,
    /// Keys of subjects.
    pub subjects: u64,
    /// Links from persons to pseudonyms.
    pub links: u64,
}

/// What stands under an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochStatus {
    /// Its number.
    pub number: u32,
    /// The key at its root.
    pub root: RootKeyId,
    /// When it was made, in seconds since 1970.
    pub made: i64,
    /// When its key was destroyed.
    pub destroyed: Option<i64>,
    /// The wrapped keys in this database.
    pub keys: Rewrapped,
    /// Who else may have keys under it.
    pub holders: Vec<String>,
}

impl Keys {
    /// Makes a new epoch under the current root, and returns its number. New keys are wrapped under it from now on, in
    /// this process; in others as soon as they see it.
    ///
    /// What was wrapped before stays readable. [`rewrap`](Self::rewrap) brings it to the new epoch.
    ///
    /// # Errors
    /// [`KeyError::Root`]; [`KeyError::Contended`] if another process rotates in this moment; [`KeyError::Stopped`].
    pub async fn rotate(&self) -> Result<u32, KeyError> {
        self.refresh().await?;
        let number = self.current_epoch() + 1;
        let epoch = make_epoch(number, &self.shared.roots, &self.shared.tenant, &self.shared.writer).await?;
        self.know(&Arc::new(epoch));
        Ok(number)
    }

    /// Wraps all keys of older epochs anew under the current one. No record is read or written. Can be interrupted and
    /// called again; others may use the keys meanwhile, and what they shred stays shredded.
    ///
    /// # Errors
    /// [`KeyError::Tampered`] names the first key that does not open; those before it are done.
    pub async fn rewrap(&self) -> Result<Rewrapped, KeyError> {
        let mut done = [0; 3];
        for (count, table) in done.iter_mut().zip(Table::ALL) {
            let mut after = Vec::new();
            loop {
                let to = self.current();
                let page = rows::page(&self.shared.db, table, after, Some(to.number()), PAGE).await?;
                let Some(last) = page.last() else { break };
                after = last.key.clone();
                for (from, rows) in self.rewrapped(table, page).await? {
                    let change = Change::Rewrap { table, from, to: to.number(), rows };
                    *count += self.shared.writer.store(change).await? as u64;
                }
            }
        }
        rows::empty_log(&self.shared.db).await?;
        let [named, subjects, links] = done;
        Ok(Rewrapped { named, subjects, links })
    }

    /// The rows under the current epoch, by the epoch in which they were.
    async fn rewrapped(&self, table: Table, page: Vec<WrappedRow>) -> Result<Moved, KeyError> {
        let to = self.current();
        let mut moved: Moved = Vec::new();
        for row in page {
            let (kind, id) = match table {
                Table::Named => (NAMED, row.key.clone()),
                Table::Subjects => (SUBJECT, [row.key.as_slice(), &row.id].concat()),
                Table::Links => (LINK, row.key.clone()),
            };
            let place = KeyPlace { kind, id: &id };
            let content = self.epoch(row.epoch).await?.unwrap(place, &row.wrapped).ok_or_else(|| tampered(kind))?;
            let wrapped = to.wrap(place, &content)?;
            match moved.iter_mut().find(|(from, _)| *from == row.epoch) {
                Some((_, rows)) => rows.push((row.key, wrapped)),
                None => moved.push((row.epoch, vec![(row.key, wrapped)])),
            }
        }
        Ok(moved)
    }

    /// Says that something outside of this database keeps keys that are wrapped under `lowest` and later epochs, so
    /// that none of these is destroyed. Call it before the first key is kept. It never raises what was said before:
    /// that takes [`Alone::raise`].
    ///
    /// # Errors
    /// [`KeyError::Stopped`].
    pub async fn hold(&self, name: &'static str, lowest: u32) -> Result<(), KeyError> {
        self.shared.writer.store(Change::Hold { name, lowest, raise: false }).await?;
        Ok(())
    }

    /// Keeps all other processes from opening the keys, as long as the result lives.
    ///
    /// # Errors
    /// [`KeyError::InUse`] if another process has them open.
    pub async fn alone(&self) -> Result<Alone<'_>, KeyError> {
        Ok(Alone { keys: self, _presence: self.shared.presence.alone(&self.shared.db).await? })
    }

    /// Since which epoch a holder keeps keys; `None` where it never said so.
    ///
    /// # Errors
    /// [`KeyError::Db`].
    pub async fn held(&self, name: &'static str) -> Result<Option<u32>, KeyError> {
        Ok(rows::holder(&self.shared.db, name).await?)
    }

    /// Destroys an old epoch's key at its root and here. Every copy of the databases in which keys are still wrapped
    /// under it is worthless from then on: a subject that was shredded cannot be brought back from a backup, and
    /// neither can a vault whose backup is older than the rotation. So rotate, wrap anew, make a new backup, and then
    /// destroy.
    ///
    /// # Errors
    /// [`KeyError::EpochInUse`] if keys are still wrapped under it, or it is the current one; [`KeyError::InUse`] if
    /// another process has the keys open: it could wrap a key under the epoch in this moment; [`KeyError::Root`] if the
    /// root does not destroy its key, and then nothing is changed here either.
    pub async fn destroy_epoch(&self, number: u32) -> Result<Destruction, KeyError> {
        let _alone = self.alone().await?;
        self.refresh().await?;
        let rows = rows::epochs(&self.shared.db).await?;
        let row = rows.into_iter().find(|row| row.number == number).ok_or(KeyError::NoEpoch(number))?;
        if row.destroyed.is_some() {
            return Err(KeyError::EpochDestroyed(number));
        }
        let in_use = |why: String| KeyError::EpochInUse { epoch: number, why };
        if number >= self.current_epoch() {
            return Err(in_use("it is the current one; rotate first".to_owned()));
        }
        let (counts, holders) = rows::under(&self.shared.db, number).await?;
        if counts != [0; 3] {
            return Err(in_use(format!(
                "{} keys are still wrapped under it; wrap them anew",
                counts.iter().sum::<u64>()
            )));
        }
        if !holders.is_empty() {
            return Err(in_use(format!("{} may have keys under it; wrap these anew", holders.join(", "))));
        }
        let key = RootKeyId::stored(row.root);
        // First at the root: where that fails, the epoch is still whole, and where the next step fails, this is done
        // again.
        let destruction = self.shared.roots.of(number, &key)?.destroy(&key).await?;
        if self.shared.writer.store(Change::Destroy { number, at: now() }).await? == 0 {
            return Err(in_use("it came into use in this moment; its key at the root is gone".to_owned()));
        }
        self.unknow(number);
        rows::empty_log(&self.shared.db).await?;
        Ok(destruction)
    }

    /// All epochs, oldest first.
    ///
    /// # Errors
    /// [`KeyError::Db`].
    pub async fn epochs(&self) -> Result<Vec<EpochStatus>, KeyError> {
        let mut all = Vec::new();
        for row in rows::epochs(&self.shared.db).await? {
            let ([named, subjects, links], holders) = rows::under(&self.shared.db, row.number).await?;
            all.push(EpochStatus {
                number: row.number,
                root: RootKeyId::stored(row.root),
                made: row.made,
                destroyed: row.destroyed,
                keys: Rewrapped { named, subjects, links },
                holders,
            });
        }
        Ok(all)
    }
}

/// That no other process has the keys open. Another one could wrap a key under an old epoch that it takes for the
/// current.
pub struct Alone<'a> {
    keys: &'a Keys,
    _presence: presence::Alone<'a>,
}

impl std::fmt::Debug for Alone<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alone").field("keys", self.keys).finish_non_exhaustive()
    }
}

impl Alone<'_> {
    /// Says that a holder has wrapped all of its keys anew, while it was alone, and keeps none below `lowest` any more.
    ///
    /// # Errors
    /// [`KeyError::Stopped`].
    pub async fn raise(&self, name: &'static str, lowest: u32) -> Result<(), KeyError> {
        self.keys.shared.writer.store(Change::Hold { name, lowest, raise: true }).await?;
        Ok(())
    }
}

/// Wrapped keys by the epoch in which they were: key of the row, wrapped.
type Moved = Vec<(u32, Vec<(Vec<u8>, Vec<u8>)>)>;
