//! What is derived from the entries: tiles, entry bundles and the signed checkpoint, as files.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use asepsis_db::Database;
use tlog_tiles::{Hash, record_hash};

use crate::layout::{self, TILE};
use crate::note::{self, Checkpoint, Parsed};
use crate::tree::{Tree, widths};
use crate::{LogError, LogKey, NoteFault, bundle, entries, tiles};

/// Rows that are read at once: a full tile. More in one piece of memory cost more in fresh pages than they save in calls.
const ROWS: u32 = 256;

/// Brings the files up to what the database holds.
pub(crate) struct Publisher {
    dir: Arc<PathBuf>,
    db: Database,
    key: Arc<LogKey>,
    files: Files,
    signed: Option<Checkpoint>,
}

/// The growing tree with its files.
#[derive(Clone, Default)]
struct Files {
    tree: Tree,
    /// The entries of the unfinished bundle. Shared, since the tree is copied before each change.
    bundle: Vec<Arc<[u8]>>,
    /// Partial tiles and bundles that the last checkpoint needs.
    partials: BTreeSet<String>,
}

impl Publisher {
    /// Takes up where the files stand, or starts anew where they are missing or damaged.
    ///
    /// # Errors
    /// [`LogError::Checkpoint`], [`LogError::Shrank`], [`LogError::Altered`]: what was signed and what is stored do not
    /// agree, and nothing may be signed over that.
    pub(crate) async fn open(dir: Arc<PathBuf>, db: Database, key: Arc<LogKey>, stored: u64) -> Result<Self, LogError> {
        let path = layout::under(&dir, layout::CHECKPOINT);
        let mut publisher = Self { dir, db, key, files: Files::default(), signed: None };
        let signed = match tiles::read(&publisher.dir, layout::CHECKPOINT) {
            Ok(text) => {
                let fault = |fault| LogError::Checkpoint { path: path.clone(), fault };
                let parsed = Parsed::new(&text).map_err(fault)?;
                // One that was signed before the key had its second half is as good.
                parsed.check_any(&publisher.key.verifier_keys()).map_err(fault)?;
                Some(parsed)
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) if e.kind() == std::io::ErrorKind::FileTooLarge => {
                return Err(LogError::Checkpoint { path, fault: NoteFault::Malformed });
            }
            Err(source) => return Err(LogError::Publish { path, source }),
        };
        let first = entries::first(&publisher.db).await?;
        if signed.is_none() && first > 0 {
            return Err(LogError::Pruned { first });
        }
        if let Some(signed) = signed {
            if signed.size > stored {
                return Err(LogError::Shrank { signed: signed.size, stored });
            }
            match Files::load(&publisher.dir, signed.size, signed.root, first) {
                Some(files) => publisher.files = files,
                None if first > 0 => return Err(LogError::Pruned { first }),
                None => {
                    publisher.catch_up(signed.size).await?;
                    if publisher.files.tree.root() != signed.root {
                        return Err(LogError::Altered { size: signed.size });
                    }
                }
            }
        }
        publisher.publish(stored).await?;
        Ok(publisher)
    }

    /// Writes all files for the first `size` entries and signs them.
    pub(crate) async fn publish(&mut self, size: u64) -> Result<Checkpoint, LogError> {
        if let Some(signed) = self.signed.as_ref().filter(|signed| signed.size >= size) {
            return Ok(signed.clone());
        }
        self.catch_up(size).await?;
        let (dir, key) = (self.dir.clone(), self.key.clone());
        let mut files = self.files.clone();
        let (files, signed) = blocking(move || {
            let partials = files.write_partials(&dir)?;
            let signed = note::sign(&key, files.tree.size(), files.tree.root(), now())?;
            replace(&dir, layout::CHECKPOINT, signed.note.as_bytes(), true)?;
            // Nobody who reads the new checkpoint needs the partial tiles of the old one (C2SP tlog-tiles).
            for name in std::mem::replace(&mut files.partials, partials) {
                if !files.partials.contains(&name) {
                    let _ = fs::remove_file(layout::under(&dir, &name));
                }
            }
            Ok((files, signed))
        })
        .await?;
        self.files = files;
        self.signed = Some(signed.clone());
        Ok(signed)
    }

    /// Adds entries to the tree up to `size`, and writes the tiles and bundles that become full.
    async fn catch_up(&mut self, size: u64) -> Result<(), LogError> {
        while self.files.tree.size() < size {
            let from = self.files.tree.size();
            let rows = entries::rows(&self.db, from..size, ROWS).await?;
            // A gap: entries were taken out of the database.
            if rows.is_empty() || rows.iter().zip(from..).any(|(row, index)| row.index != index) {
                return Err(LogError::Altered { size });
            }
            // Work on a copy, so that a failed write leaves the tree as it was and the next try begins there again.
            let (dir, mut files) = (self.dir.clone(), self.files.clone());
            self.files = blocking(move || {
                for row in rows {
                    files.push(&dir, &row.bytes)?;
                }
                Ok(files)
            })
            .await?;
        }
        Ok(())
    }
}

impl Files {
    /// The edge of the tree from the files, if they are whole and give the root that was signed.
    /// Bundles are looked for from the entry `first` on, which is the first one that is there.
    fn load(dir: &Path, size: u64, root: Hash, first: u64) -> Option<Self> {
        let mut levels = Vec::new();
        let mut partials = BTreeSet::new();
        for (level, width) in widths(size).enumerate() {
            let full = size / TILE.pow(u32::try_from(level).ok()? + 1);
            let whole = |number| {
                fs::metadata(layout::under(dir, &layout::tile(level, number, TILE))).is_ok_and(|m| m.len() == TILE * 32)
            };
            if !(0..full).all(whole) {
                return None;
            }
            let mut hashes = Vec::new();
            if width > 0 {
                let name = layout::tile(level, full, width);
                let content = tiles::read(dir, &name).ok()?;
                let (chunks, rest) = content.as_chunks::<32>();
                if !rest.is_empty() {
                    return None;
                }
                hashes.extend(chunks.iter().map(|hash| Hash(*hash)));
                partials.insert(name);
            }
            levels.push(hashes);
        }
        let tree = Tree::from_edge(size, levels).filter(|tree| tree.root() == root)?;
        let there = |number| fs::metadata(layout::under(dir, &layout::bundle(number, TILE))).is_ok_and(|m| m.len() > 0);
        if !(first / TILE..size / TILE).all(there) {
            return None;
        }
        let mut unfinished = Vec::new();
        if !size.is_multiple_of(TILE) {
            let name = layout::bundle(size / TILE, size % TILE);
            let content = tiles::read(dir, &name).ok()?;
            let mut rest = content.as_slice();
            for hash in &tree.edge()[0] {
                let entry = bundle::take(&mut rest)?;
                if record_hash(entry) != *hash {
                    return None;
                }
                unfinished.push(Arc::from(entry));
            }
            partials.insert(name);
            if !rest.is_empty() {
                return None;
            }
        }
        Some(Self { tree, bundle: unfinished, partials })
    }

    fn push(&mut self, dir: &Path, entry: &[u8]) -> Result<(), LogError> {
        self.bundle.push(Arc::from(entry));
        let mut full = Vec::new();
        self.tree.push(record_hash(entry), |tile| full.push(tile));
        if !full.is_empty() {
            let name = layout::bundle(self.tree.size() / TILE - 1, TILE);
            replace(dir, &name, &bundle::of(&std::mem::take(&mut self.bundle)), true)?;
        }
        for tile in full {
            replace(dir, &layout::tile(tile.level, tile.number, TILE), &flat(&tile.hashes), true)?;
        }
        Ok(())
    }

    fn write_partials(&self, dir: &Path) -> Result<BTreeSet<String>, LogError> {
        let mut written = BTreeSet::new();
        let size = self.tree.size();
        let mut number = size;
        for (level, hashes) in self.tree.edge().iter().enumerate() {
            number /= TILE;
            if !hashes.is_empty() {
                let name = layout::tile(level, number, hashes.len() as u64);
                replace(dir, &name, &flat(hashes), false)?;
                written.insert(name);
            }
        }
        if !size.is_multiple_of(TILE) {
            let name = layout::bundle(size / TILE, size % TILE);
            replace(dir, &name, &bundle::of(&self.bundle), false)?;
            written.insert(name);
        }
        Ok(written)
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The hashes one after the other.
pub(crate) fn flat(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Puts a file in place as a whole, so that a reader sees the old or the new one.
///
/// Full tiles and the checkpoint are synced; partial tiles are not, they are written again at the next start.
pub(crate) fn replace(dir: &Path, name: &str, content: &[u8], sync: bool) -> Result<(), LogError> {
    let path = layout::under(dir, name);
    let write = || {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut temporary = path.clone().into_os_string();
        temporary.push(".new");
        let mut file = File::create(&temporary)?;
        file.write_all(content)?;
        if sync {
            file.sync_data()?;
        }
        fs::rename(&temporary, &path)
    };
    write().map_err(|source| LogError::Publish { path: path.clone(), source })
}

/// Files are written on a thread where blocking does no harm.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(LogError::Closed))
}
