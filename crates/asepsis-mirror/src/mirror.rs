use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use asepsis_log::files::{self, TILE};
use asepsis_log::proof::{Consistency, ProofError};
use asepsis_log::{NoteFault, ParsedCheckpoint, VerifierKey};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::local::{self, Snapshot};
use crate::store::{Put, Stored};
use crate::{MirrorError, Store};

/// Files that are on their way at the same time; each is at most 16 MiB long.
const AT_ONCE: usize = 8;

/// Times that a round begins again because somebody else wrote the checkpoint meanwhile.
const TRIES: u32 = 3;

/// The lock of the one process that mirrors a log, in the log's folder.
const LOCK: &str = "mirror.lock";

/// A log and the place where its files are published.
pub struct Mirror {
    dir: PathBuf,
    store: Store,
    /// The checkpoint and the cosigned one that are published, as far as this process knows.
    done: Mutex<Option<(String, Option<Bytes>)>>,
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Entries that are published.
    pub size: u64,
    /// Files that were written.
    pub written: u64,
    /// Files that were there already, byte for byte: a round before broke off.
    pub there: u64,
    /// Bundles that were pruned here before they were published.
    pub pruned: u64,
}

/// How far log and mirror are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Entries under the published checkpoint.
    pub there: u64,
    /// Entries under ours.
    pub here: u64,
}

/// What becomes of one file.
enum Done {
    Written,
    There,
    Pruned,
}

impl Mirror {
    /// A mirror of the log in `dir`, which another process may be writing.
    pub fn new(dir: &Path, store: Store) -> Self {
        Self { dir: dir.to_owned(), store, done: Mutex::new(None) }
    }

    /// The place of the published files.
    pub fn place(&self) -> &str {
        self.store.place()
    }

    /// Brings what is published up to the newest checkpoint.
    ///
    /// # Errors
    /// [`MirrorError`]; of those that [`is_alarm`](MirrorError::is_alarm) speaks of, nothing that was published was changed.
    pub async fn round(&self) -> Result<Round, MirrorError> {
        for _ in 0..TRIES {
            if let Some(round) = self.once().await? {
                return Ok(round);
            }
        }
        let what = "its checkpoint changes while it is written: another process mirrors there".to_owned();
        Err(MirrorError::Away { place: self.place().to_owned(), what })
    }

    /// How far both are, if what is published is the beginning of the log.
    ///
    /// # Errors
    /// As [`round`](Self::round).
    pub async fn standing(&self) -> Result<Standing, MirrorError> {
        // What is published is looked at first: the log only grows meanwhile.
        let published = self.published().await?;
        let there = published.as_ref().map_or(0, |(_, parsed)| parsed.size());
        match Snapshot::read(&self.dir)? {
            Some(here) => {
                if let Some((_, parsed)) = &published {
                    self.goes_on_from(parsed, &here)?;
                }
                Ok(Standing { there, here: here.parsed.size() })
            }
            None if there > 0 => Err(MirrorError::Shrank { place: self.place().to_owned(), there, here: 0 }),
            None => Ok(Standing { there, here: 0 }),
        }
    }

    /// One round; `None` if somebody else wrote the checkpoint meanwhile.
    async fn once(&self) -> Result<Option<Round>, MirrorError> {
        let _lock = self.lock()?;
        let cosigned = local::read(&self.dir, files::COSIGNED).ok();
        if let Some(size) = self.is_done(cosigned.as_ref())? {
            return Ok(Some(Round { size, ..Round::default() }));
        }
        let published = self.published().await?;
        let Some(here) = Snapshot::read(&self.dir)? else {
            return match published {
                Some((_, parsed)) if parsed.size() > 0 => {
                    Err(MirrorError::Shrank { place: self.place().to_owned(), there: parsed.size(), here: 0 })
                }
                _ => Ok(Some(Round::default())),
            };
        };
        let size = here.parsed.size();
        let mut round = Round { size, ..Round::default() };
        let from = published.as_ref().map_or(0, |(_, parsed)| parsed.size());
        if let Some((_, parsed)) = &published {
            self.goes_on_from(parsed, &here)?;
        }
        let is_new = published.as_ref().is_none_or(|(stored, _)| stored.content != here.note.as_bytes());
        if is_new {
            self.key().await?;
            self.tiles(from, &here, &mut round).await?;
            let was = published.as_ref().map(|(stored, _)| stored);
            if !self.store.is_conditional() && !self.is_still(was).await? {
                return Ok(None);
            }
            let note = Bytes::from(here.note.clone());
            if self.store.replace(files::CHECKPOINT, note, was).await? == Put::Taken {
                return Ok(None);
            }
            round.written += 1;
            self.superseded(from, size).await?;
        }
        if let Some(cosigned) = &cosigned {
            self.cosigned(cosigned, size).await?;
        }
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some((here.note, cosigned));
        Ok(Some(round))
    }

    /// The published checkpoint, if it is one of this log.
    async fn published(&self) -> Result<Option<(Stored, ParsedCheckpoint)>, MirrorError> {
        let Some(stored) = self.store.get(files::CHECKPOINT).await? else { return Ok(None) };
        let fault = |fault| MirrorError::Checkpoint { place: self.place().to_owned(), fault };
        let parsed = ParsedCheckpoint::new(&stored.content).map_err(fault)?;
        let keys = self.keys()?;
        if keys.iter().any(|key| key.name() != parsed.origin()) {
            return Err(fault(NoteFault::OtherOrigin));
        }
        // Older ones were signed before the key had its second half.
        if parsed.signed_by(&keys).map_err(fault)?.is_empty() {
            return Err(fault(NoteFault::OtherKey));
        }
        Ok(Some((stored, parsed)))
    }

    fn keys(&self) -> Result<Vec<VerifierKey>, MirrorError> {
        let text = local::read(&self.dir, files::PUBLIC_KEY)?;
        let keys = std::str::from_utf8(&text).ok().and_then(|text| VerifierKey::list(text).ok());
        keys.ok_or_else(|| MirrorError::Local {
            path: self.dir.join(files::PUBLIC_KEY),
            source: std::io::Error::new(std::io::ErrorKind::InvalidData, NoteFault::BadVerifierKey),
        })
    }

    /// Whether our tree holds the published one as its beginning (RFC 6962, 2.1.2).
    fn goes_on_from(&self, published: &ParsedCheckpoint, here: &Snapshot) -> Result<(), MirrorError> {
        let (place, there) = (self.place().to_owned(), published.size());
        if there > here.parsed.size() {
            return Err(MirrorError::Shrank { place, there, here: here.parsed.size() });
        }
        if there == here.parsed.size() {
            let same = published.root() == here.parsed.root();
            return if same { Ok(()) } else { Err(MirrorError::Forked { place, there }) };
        }
        match Consistency::to(&self.dir, there, &here.note)?.check(&published.root()) {
            Err(ProofError::Wrong) => Err(MirrorError::Forked { place, there }),
            checked => Ok(checked?),
        }
    }

    /// Publishes the full tiles and bundles from those on that were not full at `from`, then the partial ones.
    async fn tiles(&self, from: u64, here: &Snapshot, round: &mut Round) -> Result<(), MirrorError> {
        let size = here.parsed.size();
        let first_bundle = (from / TILE..size / TILE).find(|n| self.dir.join(files::bundle(*n, TILE)).exists());
        let bundles = (from / TILE..size / TILE).map(|number| {
            // Those below the first that is there were pruned; one that is missing above it is a fault.
            let pruned = first_bundle.is_none_or(|first| number < first);
            (files::bundle(number, TILE), pruned)
        });
        let levels = (0..files::widths(size).count()).flat_map(|level| {
            let unit = TILE.saturating_pow(u32::try_from(level).unwrap_or(u32::MAX).saturating_add(1));
            (from / unit..size / unit).map(move |number| (files::tile(level, number, TILE), false))
        });
        let full = bundles.chain(levels).map(|(name, pruned)| self.file(name, pruned));
        let count = |mut counted: (u64, u64, u64), done: Done| {
            match done {
                Done::Written => counted.0 += 1,
                Done::There => counted.1 += 1,
                Done::Pruned => counted.2 += 1,
            }
            std::future::ready(Ok(counted))
        };
        let (written, there, pruned) = stream::iter(full).buffer_unordered(AT_ONCE).try_fold((0, 0, 0), count).await?;
        let partial = here.partial.iter().map(|(name, content)| self.create(name, content.clone()));
        let (more, again, _) = stream::iter(partial).buffer_unordered(AT_ONCE).try_fold((0, 0, 0), count).await?;
        round.written += written + more;
        round.there += there + again;
        round.pruned += pruned;
        Ok(())
    }

    async fn file(&self, name: String, may_be_pruned: bool) -> Result<Done, MirrorError> {
        match local::read(&self.dir, &name) {
            Ok(content) => self.create(&name, content).await,
            Err(MirrorError::Local { source, .. })
                if may_be_pruned && source.kind() == std::io::ErrorKind::NotFound =>
            {
                Ok(Done::Pruned)
            }
            Err(error) => Err(error),
        }
    }

    /// Publishes a file that never changes.
    async fn create(&self, name: &str, content: Bytes) -> Result<Done, MirrorError> {
        if self.store.create(name, content.clone()).await? == Put::Written {
            return Ok(Done::Written);
        }
        match self.store.get(name).await? {
            Some(stored) if stored.content == content => Ok(Done::There),
            _ => Err(MirrorError::Altered { place: self.place().to_owned(), path: name.to_owned() }),
        }
    }

    /// Publishes the public keys, for convenience: who verifies had better bring his own copy.
    async fn key(&self) -> Result<(), MirrorError> {
        let ours = local::read(&self.dir, files::PUBLIC_KEY)?;
        let altered = || MirrorError::Altered { place: self.place().to_owned(), path: files::PUBLIC_KEY.to_owned() };
        match self.store.get(files::PUBLIC_KEY).await? {
            Some(stored) if stored.content == ours => Ok(()),
            // Ours may have got its second half since.
            Some(stored) if !ours.starts_with(&stored.content) => Err(altered()),
            was => match self.store.replace(files::PUBLIC_KEY, ours, was.as_ref()).await? {
                Put::Written => Ok(()),
                Put::Taken => Err(altered()),
            },
        }
    }

    /// Publishes what witnesses cosigned, where it speaks of entries that are published.
    async fn cosigned(&self, cosigned: &Bytes, size: u64) -> Result<(), MirrorError> {
        if ParsedCheckpoint::new(cosigned).is_ok_and(|parsed| parsed.size() <= size)
            && self.store.get(files::COSIGNED).await?.is_none_or(|there| there.content != *cosigned)
        {
            self.store.overwrite(files::COSIGNED, cosigned.clone()).await?;
        }
        Ok(())
    }

    /// Deletes the partial tiles whose full ones are there now: C2SP tlog-tiles lets them go then, and not before.
    async fn superseded(&self, from: u64, size: u64) -> Result<(), MirrorError> {
        let mut unit = 1;
        for (level, width) in files::widths(from).enumerate() {
            unit *= TILE;
            let number = from / unit;
            if width > 0 && number < size / unit {
                self.store.delete_below(&format!("{}.p", files::tile(level, number, TILE))).await?;
                if level == 0 {
                    self.store.delete_below(&format!("{}.p", files::bundle(number, TILE))).await?;
                }
            }
        }
        Ok(())
    }

    /// Whether the published checkpoint is still the one that was read.
    async fn is_still(&self, was: Option<&Stored>) -> Result<bool, MirrorError> {
        let now = self.store.get(files::CHECKPOINT).await?;
        Ok(now.map(|now| now.content) == was.map(|was| was.content.clone()))
    }

    /// The size that is published, if nothing changed here since.
    fn is_done(&self, cosigned: Option<&Bytes>) -> Result<Option<u64>, MirrorError> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some((note, cosigned_done)) = done else { return Ok(None) };
        let same = local::read(&self.dir, files::CHECKPOINT)?.as_ref() == note.as_bytes();
        Ok((same && cosigned_done.as_ref() == cosigned)
            .then(|| ParsedCheckpoint::new(note.as_bytes()).map_or(0, |parsed| parsed.size())))
    }

    /// Forgets what this process knows of what is published: the next round looks.
    pub(crate) fn forget(&self) {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn lock(&self) -> Result<File, MirrorError> {
        let path = self.dir.join(LOCK);
        let fail = |source| MirrorError::Local { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(MirrorError::Busy),
            Err(TryLockError::Error(source)) => Err(fail(source)),
        }
    }
}
