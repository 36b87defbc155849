use std::sync::Arc;

use asepsis_db::{Database, GroupCommit, NotStored};

use crate::epoch::Epoch;
use crate::keys::{RETRIES, fixed, now};
use crate::root::EpochPlace;
use crate::rows::{self, Change, Changes, EpochRow};
use crate::secret::random_id;
use crate::{KeyError, Root, RootKeyId, Secret, Tenant};

/// Where the keys of epochs are sealed: one root that new epochs use, and those of before, until their epochs are
/// destroyed.
#[derive(Clone, Debug)]
pub struct Roots {
    current: Arc<dyn Root>,
    former: Vec<Arc<dyn Root>>,
}

impl Roots {
    /// One root.
    pub fn new(current: Arc<dyn Root>) -> Self {
        Self { current, former: Vec::new() }
    }

    /// A root of before, under which epochs still are.
    #[must_use]
    pub fn former(mut self, root: Arc<dyn Root>) -> Self {
        self.former.push(root);
        self
    }

    /// The root that has a key, by its id alone.
    pub(crate) fn of(&self, epoch: u32, key: &RootKeyId) -> Result<&Arc<dyn Root>, KeyError> {
        let mut all = std::iter::once(&self.current).chain(&self.former);
        all.find(|root| root.holds(key)).ok_or_else(|| KeyError::UnknownRoot { epoch, key: key.clone() })
    }
}

/// The newest epoch; the first one is made here.
pub(crate) async fn newest(
    db: &Database,
    roots: &Roots,
    tenant: &Tenant,
    writer: &GroupCommit<Changes>,
) -> Result<Epoch, KeyError> {
    for _ in 0..RETRIES {
        if let Some(row) = rows::epochs(db).await?.pop() {
            return open_epoch(row, roots, tenant).await;
        }
        match make_epoch(1, roots, tenant, writer).await {
            Err(KeyError::Contended) => {}
            made => return made,
        }
    }
    Err(KeyError::Contended)
}

/// Makes an epoch: its key at the root, and its row.
pub(crate) async fn make_epoch(
    number: u32,
    roots: &Roots,
    tenant: &Tenant,
    writer: &GroupCommit<Changes>,
) -> Result<Epoch, KeyError> {
    let (place, secret) = (EpochPlace { tenant: tenant.clone(), epoch: number, id: random_id()? }, Secret::random()?);
    let root = roots.current.create(&place).await?;
    let wrapped = roots.current.wrap(&root, &place, &secret).await?;
    let change = Change::Epoch { number, id: place.id, root: root.to_string(), wrapped, made: now() };
    if let Err(e) = writer.store(change).await {
        // Another process was first, so what was made is of no use. After any other error the row may be there all the
        // same.
        if e == NotStored::Conflict {
            let _ = roots.current.destroy(&root).await;
        }
        return Err(e.into());
    }
    Ok(Epoch::new(place, &secret)?)
}

pub(crate) async fn open_epoch(row: EpochRow, roots: &Roots, tenant: &Tenant) -> Result<Epoch, KeyError> {
    let wrapped = row.wrapped.ok_or(KeyError::EpochDestroyed(row.number))?;
    let root = RootKeyId::stored(row.root);
    let place = EpochPlace { tenant: tenant.clone(), epoch: row.number, id: fixed(&row.id)? };
    let secret = roots.of(row.number, &root)?.unwrap(&root, &place, &wrapped).await?;
    Ok(Epoch::new(place, &secret)?)
}
