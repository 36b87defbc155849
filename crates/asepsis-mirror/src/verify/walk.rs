//! The way along what is published: each entry against its tile, each tile against the tree.

use std::borrow::Cow;
use std::collections::BTreeMap;

use asepsis_log::ParsedCheckpoint;
use asepsis_log::files::{self, FullTile, TILE, Tree};
use asepsis_log::verify::{Place, Report};
use asepsis_vocab::{Act, ActKind, ExchangeId, Phase};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use tlog_tiles::{EMPTY_HASH, Hash, record_hash};

use super::{LISTED, MIRROR, add};
use crate::{MirrorError, Store};

/// Blocks of 256 entries that are fetched ahead; each is at most 16 MiB long.
const AHEAD: usize = 4;

/// The figure of an entry that says what was pruned: the index below which nothing is left.
const MINIMUM: &str = "minimum_index";

/// What is needed of an event to tell whether its exchange came to an end.
#[derive(Deserialize)]
struct Head<'a> {
    exchange: ExchangeId,
    phase: Phase,
    #[serde(borrow)]
    #[expect(dead_code, reason = "an event has one, or is none")]
    time: Cow<'a, str>,
    act: Option<Act>,
}

/// A bundle and the tile over it.
struct Block {
    number: u64,
    bundle: Option<Bytes>,
    tile: Option<Bytes>,
    /// Whether the full bundle stands in for a partial one that is not there any more.
    is_full: bool,
}

/// A way along what is published.
pub(super) struct Walk<'a> {
    store: &'a Store,
    size: u64,
    root: Hash,
    /// The tree over the entries, and, from the first difference on, the one over the hashes in the tiles.
    tree: Tree,
    tiles: Option<Tree>,
    /// Entries whose hash is not the one in the tile; which of both was changed shows at the end.
    differing: Vec<u64>,
    pub(super) roots: BTreeMap<u64, Option<Hash>>,
    unfinished: BTreeMap<ExchangeId, u64>,
    /// Bundles that are not there, from the first on, and up to where an entry says that they were pruned.
    gone: u64,
    pruned: Option<(u64, u64)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(store: &'a Store, signed: &ParsedCheckpoint, wanted: Vec<u64>) -> Self {
        let empty = |size| (size, (size == 0).then_some(EMPTY_HASH));
        Self {
            store,
            size: signed.size(),
            root: Hash(signed.root()),
            tree: Tree::default(),
            tiles: None,
            differing: Vec::new(),
            roots: wanted.into_iter().chain([signed.size()]).map(empty).collect(),
            unfinished: BTreeMap::new(),
            gone: 0,
            pruned: None,
        }
    }

    fn width(&self, number: u64) -> u64 {
        (self.size - number * TILE).min(TILE)
    }

    pub(super) async fn run(&mut self, report: &mut Report) -> Result<(), MirrorError> {
        let (store, size) = (self.store, self.size);
        let mut blocks =
            stream::iter((0..size.div_ceil(TILE)).map(|number| block(store, size, number))).buffered(AHEAD);
        while let Some(block) = blocks.try_next().await? {
            for FullTile { level, number, hashes } in self.block(&block, report) {
                if level > 0 {
                    let found = store.get(&files::tile(level, number, TILE)).await?.map(|stored| stored.content);
                    compare(&files::tile(level, number, TILE), found.as_ref(), &hashes, report);
                }
            }
        }
        Ok(())
    }

    /// Looks at 256 entries; gives the tiles that became full.
    fn block(&mut self, block: &Block, report: &mut Report) -> Vec<FullTile> {
        let width = self.width(block.number);
        let bundle_name = files::bundle(block.number, width);
        let tile_name = files::tile(0, block.number, width);
        if block.tile.as_ref().is_none_or(|tile| (tile.len() as u64) < width * 32) {
            let what = if block.tile.is_none() { "it is missing" } else { "it is too short" };
            add(report, Place::File(tile_name), what, MIRROR);
        }
        match &block.bundle {
            // Pruned bundles go from the first on; whether an entry says so shows later.
            None if width == TILE && self.gone == block.number => self.gone += 1,
            None => add(report, Place::File(bundle_name.clone()), "it is missing", MIRROR),
            Some(_) => {}
        }
        let mut rest = block.bundle.as_deref().unwrap_or_default();
        let (mut full, mut whole) = (Vec::new(), block.bundle.is_some());
        for at in 0..width {
            let index = block.number * TILE + at;
            let in_tile = hash_at(block.tile.as_ref(), at);
            let entry = if whole { files::take_entry(&mut rest) } else { None };
            if whole && entry.is_none() {
                whole = false;
                add(
                    report,
                    Place::File(bundle_name.clone()),
                    format!("it does not hold {width} whole entries"),
                    MIRROR,
                );
            }
            if let Some(entry) = entry {
                report.entries += 1;
                self.entry(index, entry, report);
            }
            let leaf = entry.map(record_hash).or(in_tile).unwrap_or_default();
            if in_tile.is_some_and(|hash| hash != leaf) && self.differing.len() < LISTED {
                self.differing.push(index);
            }
            self.leaf(leaf, in_tile.unwrap_or(leaf), &mut full);
        }
        if whole && !rest.is_empty() && !block.is_full {
            add(report, Place::File(bundle_name), format!("it holds more than {width} entries"), MIRROR);
        }
        report.end = block.number * TILE + width;
        full
    }

    fn entry(&mut self, index: u64, entry: &[u8], report: &mut Report) {
        let Ok(head) = serde_json::from_slice::<Head<'_>>(entry) else {
            return add(report, Place::Entry(index), "it is no event that this version knows", MIRROR);
        };
        match head.phase {
            Phase::Intent => drop(self.unfinished.insert(head.exchange, index)),
            Phase::Outcome => drop(self.unfinished.remove(&head.exchange)),
            Phase::Act => {}
        }
        if let Some(act) = head.act.filter(|act| act.kind == ActKind::Prune)
            && let Some(below) = act.figures.get(MINIMUM)
        {
            // What stands above it cannot be older than what it let go.
            let below = (*below).min(index);
            if self.pruned.is_none_or(|(before, _)| before < below) {
                self.pruned = Some((below, index));
            }
        }
    }

    fn leaf(&mut self, leaf: Hash, in_tile: Hash, full: &mut Vec<FullTile>) {
        if leaf != in_tile && self.tiles.is_none() {
            self.tiles = Some(self.tree.clone());
        }
        match &mut self.tiles {
            Some(tiles) => {
                tiles.push(in_tile, |tile| full.push(tile));
                self.tree.push(leaf, drop);
            }
            None => self.tree.push(leaf, |tile| full.push(tile)),
        }
        let size = self.tree.size();
        if let Some(root) = self.roots.get_mut(&size) {
            *root = Some(self.tree.root());
        }
    }

    /// The unfinished tiles, the root, and which of two that differ was changed.
    pub(super) async fn finish(&mut self, report: &mut Report) -> Result<(), MirrorError> {
        let edge = self.tiles.as_ref().unwrap_or(&self.tree).edge().to_vec();
        let mut number = self.size;
        for (level, hashes) in edge.iter().enumerate() {
            number /= TILE;
            if level > 0 && !hashes.is_empty() {
                let name = files::tile(level, number, hashes.len() as u64);
                let found = partial(self.store, &name, &files::tile(level, number, TILE)).await?;
                let found = found.map(|(found, is_full)| match is_full {
                    true => found.slice(..found.len().min(hashes.len() * 32)),
                    false => found,
                });
                compare(&name, found.as_ref(), hashes, report);
            }
        }
        let of_entries = self.tree.root() == self.root;
        let of_tiles = self.tiles.as_ref().is_some_and(|tiles| tiles.root() == self.root);
        for index in &self.differing {
            let (number, width) = (index / TILE, self.width(index / TILE));
            let (place, what) = match (of_entries, of_tiles) {
                (true, _) => (files::tile(0, number, width), format!("the hash of entry {index} was changed in it")),
                (_, true) => (files::bundle(number, width), format!("entry {index} was changed in it")),
                _ => (
                    files::bundle(number, width),
                    format!("the hash of entry {index} is not the one in {}", files::tile(0, number, width)),
                ),
            };
            add(report, Place::File(place), what, MIRROR);
        }
        if !of_entries && self.size > 0 || self.size == 0 && self.root != EMPTY_HASH {
            let what = format!("the first {} entries do not give the signed root", self.size);
            add(report, Place::Field(files::CHECKPOINT.to_owned(), "root"), what, MIRROR);
        }
        let (below, by) = self.pruned.map_or((0, None), |(below, by)| (below, Some(by)));
        for number in 0..self.gone {
            if (number + 1) * TILE > below {
                add(report, Place::File(files::bundle(number, TILE)), "it is missing", MIRROR);
            }
        }
        report.pruned = (self.gone * TILE).min(below);
        report.pruned_by = by.filter(|_| report.pruned > 0);
        let mut unfinished: Vec<_> = std::mem::take(&mut self.unfinished).into_iter().collect();
        unfinished.sort_by_key(|(_, index)| *index);
        report.unfinished = unfinished.into_iter().map(|(exchange, _)| exchange).collect();
        Ok(())
    }
}

async fn block(store: &Store, size: u64, number: u64) -> Result<Block, MirrorError> {
    let width = (size - number * TILE).min(TILE);
    let (bundle, full_bundle) = (files::bundle(number, width), files::bundle(number, TILE));
    let (tile, full_tile) = (files::tile(0, number, width), files::tile(0, number, TILE));
    let (bundle, tile) = tokio::try_join!(partial(store, &bundle, &full_bundle), partial(store, &tile, &full_tile))?;
    let is_full = bundle.as_ref().is_some_and(|(_, is_full)| *is_full);
    Ok(Block { number, bundle: bundle.map(|(content, _)| content), tile: tile.map(|(content, _)| content), is_full })
}

/// A partial file, or the full one of which it is the beginning, and whether it is that: the log may have grown meanwhile, and
/// then partial ones go (C2SP tlog-tiles).
async fn partial(store: &Store, name: &str, full: &str) -> Result<Option<(Bytes, bool)>, MirrorError> {
    Ok(match store.get(name).await? {
        None if name != full => store.get(full).await?.map(|stored| (stored.content, true)),
        found => found.map(|stored| (stored.content, false)),
    })
}

fn hash_at(tile: Option<&Bytes>, at: u64) -> Option<Hash> {
    let at = usize::try_from(at).ok()? * 32;
    Some(Hash(tile?.get(at..at + 32)?.try_into().ok()?))
}

fn compare(name: &str, found: Option<&Bytes>, hashes: &[Hash], report: &mut Report) {
    let expected: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
    let what = match found {
        None => "it is missing".to_owned(),
        Some(found) if found.as_ref() == expected.as_slice() => return,
        Some(found) => match found.iter().zip(&expected).position(|(found, expected)| found != expected) {
            Some(byte) => format!("byte {byte} is not that of the tree over the entries"),
            None => format!("it has {} bytes where {} belong", found.len(), expected.len()),
        },
    };
    add(report, Place::File(name.to_owned()), what, MIRROR);
}
