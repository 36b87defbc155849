//! Reading the tree back out of its tiles.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use tlog_tiles::{Error, HASH_SIZE, Tile, TileReader};

use crate::layout::{self, TILE};

/// The longest bundle: 256 entries with their lengths.
const MAX_FILE: u64 = TILE * (2 + crate::MAX_ENTRY_BYTES as u64);

/// The height of a tile: 2^8 hashes.
const HEIGHT: u8 = 8;

/// Reads a file of the layout; one that is longer than any of them may be is an error, not memory.
pub(crate) fn read(dir: &Path, name: &str) -> io::Result<Vec<u8>> {
    let file = File::open(layout::under(dir, name))?;
    let mut content = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut content)?;
    if content.len() as u64 > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than any file of the layout"));
    }
    Ok(content)
}

/// The tiles of a directory, for proofs in a tree of some size. [`TileHashReader`](tlog_tiles::TileHashReader) compares most of
/// them with the root and not all: a proof made of them has to be checked before it is given out.
pub(crate) struct FileTiles<'a> {
    pub(crate) dir: &'a Path,
    /// The size of the newest checkpoint, whose partial tiles are there where those of an older one are not any more.
    pub(crate) newest: u64,
}

impl FileTiles<'_> {
    /// The tile as it is named; else the full one or the one of the newest checkpoint, of which it is the beginning.
    fn tile(&self, tile: &Tile) -> Result<Vec<u8>, Error> {
        let (level, number) = (usize::from(tile.level()), tile.level_index());
        let width = u64::from(tile.width());
        let newest = (self.newest >> (8 * level.min(7))).saturating_sub(number * TILE).min(TILE);
        let length = width as usize * HASH_SIZE;
        for width in [width, TILE, newest] {
            if width == 0 {
                continue;
            }
            if let Ok(mut content) = read(self.dir, &layout::tile(level, number, width))
                && content.len() >= length
            {
                content.truncate(length);
                return Ok(content);
            }
        }
        Err(Error::InvalidInput(format!("{} is missing or too short", layout::tile(level, number, width))))
    }
}

impl TileReader for FileTiles<'_> {
    fn height(&self) -> u8 {
        HEIGHT
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        tiles.iter().map(|tile| self.tile(tile)).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}
