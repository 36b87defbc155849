//! What the registers say of people and devices, in memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use asepsis_store::{Store, StoreError};

use crate::device::{self, Device};
use crate::person::{self, Person};

/// Persons and devices by what they are found by. It follows the store within a second.
#[derive(Clone)]
pub struct Registered {
    inner: Arc<RwLock<Arc<Snapshot>>>,
}

/// Persons and devices as they were in one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// By name, with the version of the record.
    persons: HashMap<String, (Person, u32)>,
    /// Names by what passkeys call their users.
    by_handle: HashMap<String, String>,
    /// By id.
    devices: HashMap<String, Device>,
    by_key: HashMap<String, String>,
    by_certificate: HashMap<String, String>,
    /// Records that cannot be read count as what is worst: a person that is disabled, a device that is not there.
    unreadable: usize,
}

impl Registered {
    /// Reads the registers, and follows them until the store's last handle is gone.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn follow(store: &Store) -> Result<Self, StoreError> {
        // Watched from before the first reading: what changes in between is read twice, never missed.
        let mut changes = store.last_change();
        let (first, _) = Snapshot::read(store).await?;
        let inner = Arc::new(RwLock::new(Arc::new(first)));
        let (weak, reader) = (Arc::downgrade(&inner), store.clone());
        tokio::spawn(async move {
            loop {
                let changed = tokio::time::timeout(std::time::Duration::from_secs(5), changes.changed()).await;
                let Some(inner) = weak.upgrade() else { return };
                match changed {
                    Ok(Err(_)) => return,
                    Ok(Ok(())) => {}
                    Err(_) => continue,
                }
                match Snapshot::read(&reader).await {
                    Ok((read, _)) => *inner.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read),
                    Err(error) => tracing::error!(%error, "the registers of people and devices cannot be read"),
                }
            }
        });
        Ok(Self { inner })
    }

    /// As they are now.
    pub fn now(&self) -> Arc<Snapshot> {
        Arc::clone(&self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads them again at once, after a change that was made here.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        let (read, _) = Snapshot::read(store).await?;
        *self.inner.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
        Ok(())
    }
}

impl Snapshot {
    async fn read(store: &Store) -> Result<(Self, i64), StoreError> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let last = store
            .each_record(&[device::KIND, person::KIND], move |record| {
                sender.send(record).ok();
            })
            .await?;
        let mut snapshot = Self::default();
        for record in receiver {
            if record.kind == person::KIND {
                let person = serde_json::from_str(&record.body).unwrap_or_else(|_| {
                    snapshot.unreadable += 1;
                    Person { role: String::new(), disabled: true }
                });
                snapshot.by_handle.insert(crate::passkey::user_handle(&record.id), record.id.clone());
                snapshot.persons.insert(record.id, (person, record.version));
            } else if let Ok(device) = serde_json::from_str::<Device>(&record.body) {
                if let Some(hash) = &device.key_hash {
                    snapshot.by_key.insert(hash.clone(), record.id.clone());
                }
                if let Some(fingerprint) = &device.certificate {
                    snapshot.by_certificate.insert(fingerprint.clone(), record.id.clone());
                }
                snapshot.devices.insert(record.id, device);
            } else {
                snapshot.unreadable += 1;
            }
        }
        if snapshot.unreadable > 0 {
            tracing::error!(records = snapshot.unreadable, "persons or devices cannot be read, and count as disabled");
        }
        Ok((snapshot, last))
    }

    /// A local user, with the version of the record.
    pub fn person(&self, user: &str) -> Option<(&Person, u32)> {
        // Keys and identity providers may write a local user's name in capitals; records do not.
        let found = self.persons.get(user).or_else(|| {
            let capitals = user.bytes().any(|b| b.is_ascii_uppercase());
            capitals.then(|| self.persons.get(&user.to_ascii_lowercase()))?
        });
        found.map(|(person, version)| (person, *version))
    }

    /// The local user whom passkeys call so.
    pub fn by_handle(&self, handle: &str) -> Option<&str> {
        self.by_handle.get(handle).map(String::as_str)
    }

    /// Whether a user is a local one who may do nothing any more.
    pub fn is_disabled(&self, user: &str) -> bool {
        self.person(user).is_some_and(|(person, _)| person.disabled)
    }

    /// The device that this key is of.
    pub(crate) fn by_key(&self, key: &str) -> Option<(&str, &Device)> {
        self.found(self.by_key.get(&device::key_hash(key))?)
    }

    /// The device that this certificate is of.
    pub(crate) fn by_certificate(&self, fingerprint: &str) -> Option<(&str, &Device)> {
        self.found(self.by_certificate.get(fingerprint)?)
    }

    fn found(&self, id: &str) -> Option<(&str, &Device)> {
        self.devices.get_key_value(id).map(|(id, device)| (id.as_str(), device))
    }
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registered(..)")
    }
}
