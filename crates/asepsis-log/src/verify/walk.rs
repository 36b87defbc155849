//! The way along the log: each entry against its bundle and its tile, each tile against the tree.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use asepsis_db::{Database, DbError};
use asepsis_vocab::{ExchangeId, Phase};
use serde::Deserialize;
use tlog_tiles::{EMPTY_HASH, Hash, record_hash};

use super::{Edge, Place, Report};
use crate::bundle;
use crate::entries::{self, Row};
use crate::layout::{self, TILE};
use crate::publish::flat;
use crate::tree::{FullTile, Tree};

/// Rows that are in memory at once.
const ROWS: u32 = 1024;

const RESTORE: &str = "restore the database from a backup";
const REBUILD: &str = "it is derived from the entries: remove it and open the log once";

/// What is needed of an event to tell whether its exchange came to an end.
#[derive(Deserialize)]
struct Head {
    exchange: ExchangeId,
    phase: Phase,
}

pub(crate) struct Walk<'a> {
    dir: &'a Path,
    size: u64,
    edge: Edge,
    report: &'a mut Report,
    tree: Tree,
    /// The tree as it was signed, from the first entry on that was changed since: so that one changed entry does not make
    /// every tile above it look changed.
    vouched: Option<Tree>,
    pin: Option<(u64, Option<Hash>)>,
    root: Option<Hash>,
    unfinished: BTreeMap<ExchangeId, u64>,
    block: Block,
}

/// The bundle and the tile of the 256 entries around the present one.
#[derive(Default)]
struct Block {
    bundle: Option<Vec<u8>>,
    /// Where the next entry begins in the bundle; `None` once it is known to be broken.
    at: Option<usize>,
    tile: Option<Vec<u8>>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(dir: &'a Path, size: u64, edge: Edge, pin: Option<u64>, report: &'a mut Report) -> Self {
        let pin = pin.map(|size| (size, (size == 0).then_some(EMPTY_HASH)));
        Self {
            dir,
            size,
            edge,
            report,
            tree: Tree::default(),
            vouched: None,
            pin,
            root: (size == 0).then_some(EMPTY_HASH),
            unfinished: BTreeMap::new(),
            block: Block::default(),
        }
    }

    /// Looks at all entries in order.
    pub(crate) async fn run(&mut self, db: &Database) -> Result<(), DbError> {
        let mut next = 0;
        loop {
            let rows = entries::rows(db, next..u64::MAX, ROWS).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                self.report.entries += 1;
                if row.index > next {
                    self.missing(next, row.index);
                }
                next = row.index + 1;
                self.entry(&row);
            }
        }
        Ok(())
    }

    /// The root over the entries that the checkpoint covers, and over those that the pin covers.
    pub(crate) fn finish(mut self) -> (Option<Hash>, Option<Hash>) {
        self.edges();
        let mut unfinished: Vec<_> = std::mem::take(&mut self.unfinished).into_iter().collect();
        unfinished.sort_by_key(|(_, index)| *index);
        self.report.unfinished = unfinished.into_iter().map(|(exchange, _)| exchange).collect();
        self.report.unsigned_tail = self.report.entries.saturating_sub(self.size);
        (self.root, self.pin.and_then(|(_, root)| root))
    }

    /// Entries that are not there. The tiles stand in for them, so that what follows can still be placed.
    fn missing(&mut self, from: u64, to: u64) {
        self.report.add(
            Place::Entry(from),
            if to - from == 1 {
                "it is missing".to_owned()
            } else {
                format!("entries {from} to {} are missing", to - 1)
            },
            RESTORE,
        );
        for index in from..to.min(self.size) {
            self.enter_block(index);
            let leaf = self.block.hash(index).unwrap_or_default();
            self.block.take();
            self.leaf(leaf, leaf);
        }
    }

    fn entry(&mut self, row: &Row) {
        let index = row.index;
        match serde_json::from_slice::<Head>(&row.bytes) {
            Err(_) => {
                self.report.add(Place::Entry(index), "it is no event that this version knows".to_owned(), RESTORE);
            }
            Ok(head) => {
                if row.id != entries::event_id(&head.exchange, head.phase) {
                    self.report.add(Place::Entry(index), "its event_id is not that of its event".to_owned(), RESTORE);
                }
                match head.phase {
                    Phase::Intent => drop(self.unfinished.insert(head.exchange, index)),
                    Phase::Outcome => drop(self.unfinished.remove(&head.exchange)),
                    Phase::Act => {}
                }
            }
        }
        if index >= self.size {
            return;
        }
        self.enter_block(index);
        let leaf = record_hash(&row.bytes);
        let in_tile = self.block.hash(index);
        let in_bundle = self.block.take();
        let bundle_differs = in_bundle.as_ref().is_some_and(|entry| *entry != row.bytes);
        let tile_differs = in_tile.is_some_and(|hash| hash != leaf);
        // Three copies of the same: who stands alone was changed.
        let entry_changed = bundle_differs && tile_differs;
        if entry_changed {
            self.report.add(Place::Entry(index), "its bytes are not those that were signed".to_owned(), RESTORE);
        } else if bundle_differs {
            let name = layout::bundle(index / TILE, self.width(index));
            self.report.add(Place::File(name), format!("entry {index} was changed in it"), REBUILD);
        } else if tile_differs {
            let name = layout::tile(0, index / TILE, self.width(index));
            self.report.add(Place::File(name), format!("the hash of entry {index} was changed in it"), REBUILD);
        }
        self.leaf(leaf, in_tile.filter(|_| entry_changed).unwrap_or(leaf));
    }

    /// Adds a leaf as it is, and as it was when it was signed.
    fn leaf(&mut self, leaf: Hash, signed: Hash) {
        let mut full = Vec::new();
        if leaf != signed && self.vouched.is_none() {
            self.vouched = Some(self.tree.clone());
        }
        match &mut self.vouched {
            Some(vouched) => {
                vouched.push(signed, |tile| full.push(tile));
                self.tree.push(leaf, drop);
            }
            None => self.tree.push(leaf, |tile| full.push(tile)),
        }
        for FullTile { level, number, hashes } in full {
            if level > 0 {
                let name = layout::tile(level, number, TILE);
                let found = fs::read(layout::under(self.dir, &name)).ok();
                self.compare(&name, found.as_deref(), &hashes);
            }
        }
        if self.tree.size() == self.size {
            self.root = Some(self.tree.root());
        }
        if let Some((size, root)) = &mut self.pin
            && self.tree.size() == *size
        {
            *root = Some(self.tree.root());
        }
    }

    /// The unfinished tiles above the lowest level.
    fn edges(&mut self) {
        if self.tree.size() != self.size {
            return;
        }
        let edge = std::mem::take(&mut self.edge);
        let tree = self.vouched.take().unwrap_or_else(|| std::mem::take(&mut self.tree));
        let mut number = self.size;
        for (level, hashes) in tree.edge().iter().enumerate() {
            number /= TILE;
            if level > 0 && !hashes.is_empty() {
                let name = layout::tile(level, number, hashes.len() as u64);
                self.compare(&name, edge.get(&name).map(Vec::as_slice), hashes);
            }
        }
    }

    fn compare(&mut self, name: &str, found: Option<&[u8]>, hashes: &[Hash]) {
        let expected = flat(hashes);
        let what = match found {
            None => "it is missing".to_owned(),
            Some(found) if found == expected => return,
            Some(found) => match found.iter().zip(&expected).position(|(found, expected)| found != expected) {
                Some(byte) => format!("byte {byte} is not that of the tree over the entries"),
                None => format!("it has {} bytes where {} belong", found.len(), expected.len()),
            },
        };
        self.report.add(Place::File(name.to_owned()), what, REBUILD);
    }

    /// The width of the lowest tile and the bundle that an entry lies in.
    fn width(&self, index: u64) -> u64 {
        (self.size - index / TILE * TILE).min(TILE)
    }

    /// Reads bundle and tile at the first entry of each.
    fn enter_block(&mut self, index: u64) {
        if !index.is_multiple_of(TILE) {
            return;
        }
        let width = self.width(index);
        let mut read = |name: String, wanted: Option<u64>| {
            let found = self.edge.remove(&name).or_else(|| fs::read(layout::under(self.dir, &name)).ok());
            let what = match (&found, wanted) {
                (None, _) => "it is missing".to_owned(),
                (Some(found), Some(wanted)) if found.len() as u64 != wanted => {
                    format!("it has {} bytes where {wanted} belong", found.len())
                }
                _ => return found,
            };
            self.report.add(Place::File(name), what, REBUILD);
            found
        };
        let bundle = read(layout::bundle(index / TILE, width), None);
        let tile = read(layout::tile(0, index / TILE, width), Some(width * 32));
        if let Some(bundle) = &bundle {
            let mut rest = bundle.as_slice();
            let whole = (0..width).all(|_| bundle::take(&mut rest).is_some()) && rest.is_empty();
            if !whole {
                let name = layout::bundle(index / TILE, width);
                self.report.add(Place::File(name), format!("it does not hold {width} whole entries"), REBUILD);
            }
        }
        self.block = Block { bundle, at: Some(0), tile };
    }
}

impl Block {
    fn hash(&self, index: u64) -> Option<Hash> {
        let at = (index % TILE) as usize * 32;
        let bytes = self.tile.as_ref()?.get(at..at + 32)?;
        Some(Hash(bytes.try_into().ok()?))
    }

    /// The next entry of the bundle.
    fn take(&mut self) -> Option<Vec<u8>> {
        let (bundle, at) = (self.bundle.as_ref()?, self.at?);
        let mut rest = bundle.get(at..)?;
        let entry = bundle::take(&mut rest).map(<[u8]>::to_vec);
        self.at = entry.as_ref().map(|_| bundle.len() - rest.len());
        entry
    }
}
