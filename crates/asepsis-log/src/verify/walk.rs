//! The way along the log: each entry against its bundle and its tile, each tile against the tree.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use asepsis_db::{Database, DbError};
use asepsis_vocab::{Act, ExchangeId, PayloadRef, Phase};
use serde::Deserialize;
use tlog_tiles::{EMPTY_HASH, Hash, record_hash};

use super::field;
use super::sealed::Sealed;
use super::times::Times;
use super::{Edge, Place, Report};
use crate::entries::{self, Row};
use crate::layout::{self, TILE};
use crate::publish::flat;
use crate::tree::{FullTile, Tree};
use crate::{MAX_ENTRY_BYTES, bundle, erase, tiles};

/// Rows that are in memory at once.
const ROWS: u32 = 1024;

const RESTORE: &str = "restore the database from a backup";
const RESTORE_TILES: &str = "restore the folder `tile` from a backup: its entries were pruned";
const CLOCK: &str = "find out which clock was wrong; what was recorded stays as it is";
const REBUILD: &str = "it is derived from the entries: remove it and open the log once";

/// What is needed of an event to tell whether its exchange came to an end.
#[derive(Deserialize)]
struct Head<'a> {
    exchange: ExchangeId,
    phase: Phase,
    #[serde(borrow)]
    time: Cow<'a, str>,
    payload: Option<PayloadRef>,
    act: Option<Act>,
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
    /// Sizes whose roots are wanted, and the roots.
    roots: BTreeMap<u64, Option<Hash>>,
    times: Times,
    sealed: Sealed,
    /// Entries before the first one that is there, and how many of them an entry says were pruned.
    before: u64,
    pruned: u64,
    pruned_by: Option<u64>,
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
    /// A file is named once, with the first entry that is wrong in it: a swapped one would fill the list.
    told_bundle: bool,
    told_tile: bool,
}

impl<'a> Walk<'a> {
    /// `wanted` are sizes whose roots are needed.
    pub(crate) fn new(
        dir: &'a Path,
        size: u64,
        edge: Edge,
        wanted: Vec<u64>,
        now: u64,
        report: &'a mut Report,
    ) -> Self {
        let empty = |size| (size, (size == 0).then_some(EMPTY_HASH));
        Self {
            dir,
            size,
            edge,
            report,
            tree: Tree::default(),
            vouched: None,
            roots: wanted.into_iter().chain([size]).map(empty).collect(),
            times: Times::new(now),
            sealed: Sealed::default(),
            before: 0,
            pruned: 0,
            pruned_by: None,
            unfinished: BTreeMap::new(),
            block: Block::default(),
        }
    }

    /// Looks at all entries in order. A database that cannot be read from some entry on is a finding.
    ///
    /// # Errors
    /// Those that are none of SQLite.
    pub(crate) async fn run(&mut self, db: &Database) -> Result<(), DbError> {
        match self.rows(db).await {
            Err(DbError::Database { cause, .. }) => {
                let what = format!("{} cannot be read from here on ({cause})", layout::DATABASE);
                self.report.add(Place::Entry(self.report.end), what, RESTORE);
                Ok(())
            }
            done => done,
        }
    }

    async fn rows(&mut self, db: &Database) -> Result<(), DbError> {
        let mut next = 0;
        loop {
            self.report.end = next;
            let rows = entries::rows(db, next..u64::MAX, ROWS).await?;
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else { break };
            self.sealed.read(db, first.index, last.index).await?;
            for row in rows {
                self.report.entries += 1;
                if row.index > next {
                    if self.report.entries == 1 {
                        self.before = row.index;
                    } else {
                        self.report.add(Place::Entry(next), missing(next, row.index), RESTORE);
                    }
                    self.missing(next, row.index);
                }
                next = row.index + 1;
                self.entry(&row);
            }
        }
        Ok(())
    }

    /// The roots of the sizes that were wanted, as far as the log reaches.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn finish(mut self, db: &Database) -> Result<BTreeMap<u64, Hash>, DbError> {
        self.edges();
        self.report.pruned = self.before.min(self.pruned);
        self.report.pruned_by = self.pruned_by.filter(|_| self.report.pruned > 0);
        if self.before > self.pruned {
            self.report.add(Place::Entry(self.pruned), missing(self.pruned, self.before), RESTORE);
        }
        std::mem::take(&mut self.sealed).finish(db, self.report).await?;
        let mut unfinished: Vec<_> = std::mem::take(&mut self.unfinished).into_iter().collect();
        unfinished.sort_by_key(|(_, index)| *index);
        self.report.unfinished = unfinished.into_iter().map(|(exchange, _)| exchange).collect();
        self.report.unsigned_tail = self.report.end.saturating_sub(self.size);
        self.report.first_set_back = self.times.first_set_back;
        self.report.set_back = self.times.set_back;
        Ok(self.roots.into_iter().filter_map(|(size, root)| Some((size, root?))).collect())
    }

    /// Entries that are not there. The tiles stand in for them, so that what follows can still be placed.
    fn missing(&mut self, from: u64, to: u64) {
        for index in from..to.min(self.size) {
            self.enter_block(index);
            let leaf = self.block.hash(index).unwrap_or_default();
            self.block.take();
            self.leaf(leaf, leaf);
        }
    }

    fn entry(&mut self, row: &Row) {
        let index = row.index;
        if row.bytes.len() > MAX_ENTRY_BYTES {
            let what = format!("it has {} bytes where at most {MAX_ENTRY_BYTES} may be", row.bytes.len());
            self.report.add(Place::Entry(index), what, RESTORE);
        }
        match serde_json::from_slice::<Head<'_>>(&row.bytes) {
            Err(_) => {
                self.report.add(Place::Entry(index), "it is no event that this version knows".to_owned(), RESTORE);
            }
            Ok(head) => {
                if row.id != entries::event_id(&head.exchange, head.phase) {
                    self.report.add(Place::Entry(index), "its event_id is not that of its event".to_owned(), RESTORE);
                }
                if let Some(what) = self.times.add(index, &head.time) {
                    self.report.add(Place::EntryField(index, "time"), what, CLOCK);
                }
                self.sealed.entry(index, head.payload.as_ref(), head.act.as_ref(), self.report);
                if let Some(minimum) = head.act.as_ref().and_then(erase::pruned_below) {
                    // What stands above it cannot be older than what it let go.
                    if minimum.min(index) > self.pruned {
                        (self.pruned, self.pruned_by) = (minimum.min(index), Some(index));
                    }
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
            let signed = in_bundle.as_deref().filter(|signed| in_tile == Some(record_hash(signed)));
            let field = signed.and_then(|signed| field::changed(signed, &row.bytes));
            let field = field.map(|field| format!(": {field}")).unwrap_or_default();
            self.report.add(Place::Entry(index), format!("its bytes are not those that were signed{field}"), RESTORE);
        } else if bundle_differs && !std::mem::replace(&mut self.block.told_bundle, true) {
            let name = layout::bundle(index / TILE, self.width(index));
            self.report.add(Place::File(name), format!("entry {index} is the first that was changed in it"), REBUILD);
        } else if tile_differs && !std::mem::replace(&mut self.block.told_tile, true) {
            let name = layout::tile(0, index / TILE, self.width(index));
            self.report.add(
                Place::File(name),
                format!("the hash of entry {index} is the first that was changed in it"),
                REBUILD,
            );
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
                let found = tiles::read(self.dir, &name);
                self.compare(&name, found.as_deref(), &hashes);
            }
        }
        if let Some(root) = self.roots.get_mut(&self.tree.size()) {
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
                let found = edge.get(&name).map(Vec::as_slice).ok_or(io::Error::from(io::ErrorKind::NotFound));
                self.compare(&name, found.as_ref().map(|found| *found), hashes);
            }
        }
    }

    fn compare(&mut self, name: &str, found: Result<&[u8], &io::Error>, hashes: &[Hash]) {
        let expected = flat(hashes);
        let what = match found {
            Err(error) => not_read(error),
            Ok(found) if found == expected => return,
            Ok(found) => match found.iter().zip(&expected).position(|(found, expected)| found != expected) {
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
        // The bundles of pruned entries are let go with them; the tiles stay, and speak for them.
        let let_go = index / TILE * TILE + TILE <= self.before;
        let mut read = |name: String, wanted: Option<u64>| {
            let found = self.edge.remove(&name).map_or_else(|| tiles::read(self.dir, &name), Ok);
            let what = match (&found, wanted) {
                (Err(_), None) if let_go => return None,
                (Err(error), _) => not_read(error),
                (Ok(found), Some(wanted)) if found.len() as u64 != wanted => {
                    format!("it has {} bytes where {wanted} belong", found.len())
                }
                _ => return found.ok(),
            };
            let remedy = if let_go { RESTORE_TILES } else { REBUILD };
            self.report.add(Place::File(name), what, remedy);
            found.ok()
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
        self.block = Block { bundle, at: Some(0), tile, ..Block::default() };
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

/// Says why a file could not be read.
fn not_read(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is missing".to_owned(),
        io::ErrorKind::FileTooLarge => "it is longer than any file of the log may be".to_owned(),
        _ => format!("it cannot be read ({error})"),
    }
}

/// Says which entries are not there.
fn missing(from: u64, to: u64) -> String {
    if to - from == 1 { "it is missing".to_owned() } else { format!("entries {from} to {} are missing", to - 1) }
}
