//! Where the files of a log lie: C2SP tlog-tiles.
//!
//! `tile/<L>/<N>` holds up to 256 hashes of level 8·L, `tile/entries/<N>` up to 256 entries; N is written in groups of three
//! digits with an `x` before all but the last, and a tile of W < 256 has `.p/<W>` after its name.

use std::path::{Path, PathBuf};

/// The width of a full tile.
pub const TILE: u64 = 256;

/// The database of entries.
pub(crate) const DATABASE: &str = "entries.db";
/// The signed checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// The newest checkpoint with cosignatures of witnesses.
pub const COSIGNED: &str = "checkpoint.cosigned";
/// The written policy of retention.
pub(crate) const RETENTION: &str = "retention";
/// The lock of the one writer.
pub(crate) const LOCK: &str = "lock";
/// The public key, for convenience: who verifies had better bring his own copy.
pub const PUBLIC_KEY: &str = "log.vkey";

/// The path of a hash tile in the log's directory; `width` 1 to 256.
pub fn tile(level: usize, number: u64, width: u64) -> String {
    format!("tile/{level}/{}{}", grouped(number), partial(width))
}

/// The path of an entry bundle in the log's directory; `width` 1 to 256.
pub fn bundle(number: u64, width: u64) -> String {
    format!("tile/entries/{}{}", grouped(number), partial(width))
}

/// The path of a file of the layout under `dir`.
pub(crate) fn under(dir: &Path, name: &str) -> PathBuf {
    dir.join(name)
}

fn partial(width: u64) -> String {
    if width == TILE { String::new() } else { format!(".p/{width}") }
}

fn grouped(number: u64) -> String {
    let mut text = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        // The example of C2SP tlog-tiles.
        assert_eq!(grouped(1_234_067), "x001/x234/067");
        assert_eq!(tile(0, 0, 256), "tile/0/000");
        assert_eq!(tile(1, 273, 44), "tile/1/273.p/44");
        assert_eq!(bundle(1000, 256), "tile/entries/x001/000");
    }
}
