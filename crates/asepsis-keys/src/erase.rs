use std::collections::{HashMap, HashSet};
use std::time::Duration;

use asepsis_vocab::SubjectId;

use crate::keys::{LINK, fixed, now, tampered};
use crate::rows::{self, Change, Table};
use crate::{KeyError, KeyId, KeyPlace, Keys};

/// Links that are read at once.
const PAGE: usize = 1000;

/// A subject that was shredded, as the list keeps it, and as the log's entry of the act needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shredded {
    /// The pseudonym.
    pub subject: SubjectId,
    /// Its key's id; `None` where nothing had ever been sealed under one.
    pub key: Option<KeyId>,
    /// When, in seconds since 1970.
    pub at: i64,
    /// Why it may be done: the legal basis, the ticket. Never a name.
    pub basis: String,
}

/// What shredding came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Keys that were deleted.
    pub keys: u64,
    /// Links from persons that were deleted.
    pub links: u64,
    /// Whether the write-ahead log could be emptied. Where not, because another process was reading, the deleted rows
    /// stand in it until it next is: shred again, which changes nothing else.
    pub log_emptied: bool,
}

impl Keys {
    /// Deletes a subject's key and every link that leads to it. What was sealed under the key cannot be opened any
    /// more, except with an older copy of this database; for that, rotate, wrap anew and destroy the old epoch.
    ///
    /// Append the log's entry of the act first: should Asepsis stop in between, shredding again from the log completes
    /// it. Doing it again is no error and changes nothing.
    ///
    /// # Errors
    /// [`KeyError::Stopped`]; [`KeyError::Tampered`] if a link cannot be read; [`KeyError::Db`].
    pub async fn shred(&self, subject: SubjectId, basis: &str) -> Result<Erased, KeyError> {
        let key = self.key_id(subject).await?;
        self.shred_again(&[Shredded { subject, key, at: now(), basis: basis.to_owned() }]).await
    }

    /// Shreds all of a list, for example that of the live database or of the log after an older one was restored. What
    /// is shredded already stays as it is.
    ///
    /// # Errors
    /// As [`shred`](Self::shred).
    pub async fn shred_again(&self, list: &[Shredded]) -> Result<Erased, KeyError> {
        let mut erased = Erased::default();
        let mut links = self.links_to(list).await?;
        for entry in list {
            let bytes = *entry.subject.as_bytes();
            let found = links.remove(&bytes).unwrap_or_default();
            erased.links += found.len() as u64;
            let change = Change::Shred {
                subject: bytes,
                links: found,
                key: entry.key.map(|key| *key.as_bytes()),
                at: entry.at,
                basis: entry.basis.clone(),
            };
            erased.keys += self.shared.writer.store(change).await? as u64;
            self.shared.cache.forget(entry.subject);
        }
        // A link that came between looking and deleting; after it none can come.
        let late: Vec<_> = self.links_to(list).await?.into_values().flatten().collect();
        if !late.is_empty() {
            erased.links += late.len() as u64;
            self.shared.writer.store(Change::Unlink { links: late }).await?;
        }
        for _ in 0..10 {
            erased.log_emptied = rows::empty_log(&self.shared.db).await?;
            if erased.log_emptied {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(erased)
    }

    /// All that was shredded, oldest first: to be kept beside the backups and applied after each restore.
    ///
    /// # Errors
    /// [`KeyError::Db`]; [`KeyError::Tampered`].
    pub async fn shredded(&self) -> Result<Vec<Shredded>, KeyError> {
        let read = |(subject, key, at, basis): rows::ShreddedRow| {
            let key = key.map(|key| fixed(&key).map(KeyId::new)).transpose()?;
            Ok(Shredded { subject: SubjectId::from_random(fixed(&subject)?), key, at, basis })
        };
        rows::shredded(&self.shared.db).await?.into_iter().map(read).collect()
    }

    /// The links that lead to these subjects. Reads all links: an index from subjects to links would survive in backups
    /// and link shredded persons again.
    async fn links_to(&self, list: &[Shredded]) -> Result<HashMap<[u8; 16], Vec<Vec<u8>>>, KeyError> {
        let wanted: HashSet<_> = list.iter().map(|entry| *entry.subject.as_bytes()).collect();
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        let mut after = Vec::new();
        loop {
            let page = rows::page(&self.shared.db, Table::Links, after, None, PAGE).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = last.key.clone();
            for row in page {
                let opened = self.epoch(row.epoch).await?.unwrap(KeyPlace { kind: LINK, id: &row.key }, &row.wrapped);
                let subject = fixed(&opened.ok_or_else(|| tampered(LINK))?)?;
                if wanted.contains(&subject) {
                    found.entry(subject).or_default().push(row.key);
                }
            }
        }
    }
}
