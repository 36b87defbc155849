//! The files of the local log, which a writer replaces meanwhile.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use asepsis_log::files::{self, TILE};
use asepsis_log::{MAX_ENTRY_BYTES, ParsedCheckpoint};
use bytes::Bytes;

use crate::MirrorError;

/// The longest file of a log.
const LONGEST: u64 = TILE * (2 + MAX_ENTRY_BYTES as u64);

/// Times that files are read again because a writer replaced them meanwhile.
const TRIES: u32 = 20;

/// A checkpoint with the partial tiles that belong to it.
pub(crate) struct Snapshot {
    pub(crate) note: String,
    pub(crate) parsed: ParsedCheckpoint,
    pub(crate) partial: Vec<(String, Bytes)>,
}

impl Snapshot {
    /// The newest one of the log in `dir`; `None` where nothing was signed yet.
    pub(crate) fn read(dir: &Path) -> Result<Option<Self>, MirrorError> {
        let mut tried = 0;
        loop {
            let text = match read(dir, files::CHECKPOINT) {
                Err(MirrorError::Local { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
                text => text?,
            };
            let malformed = |path: &str| MirrorError::Local {
                path: dir.join(path),
                source: io::Error::new(io::ErrorKind::InvalidData, "it is no signed checkpoint"),
            };
            let parsed = ParsedCheckpoint::new(&text).map_err(|_| malformed(files::CHECKPOINT))?;
            let names = partial_names(parsed.size());
            let partial: Result<Vec<_>, _> =
                names.into_iter().map(|name| read(dir, &name).map(|content| (name, content))).collect();
            tried += 1;
            match partial {
                // Those of an older checkpoint are removed after a newer one is in place.
                Err(_) if tried < TRIES => std::thread::sleep(std::time::Duration::from_millis(5)),
                Err(error) => return Err(error),
                Ok(partial) => {
                    let note = String::from_utf8(text.to_vec()).map_err(|_| malformed(files::CHECKPOINT))?;
                    return Ok(Some(Self { note, parsed, partial }));
                }
            }
        }
    }
}

/// The partial tiles and the partial bundle of a tree of `size` entries.
pub(crate) fn partial_names(size: u64) -> Vec<String> {
    let mut names = Vec::new();
    let mut number = size;
    for (level, width) in files::widths(size).enumerate() {
        number /= TILE;
        if width > 0 {
            names.push(files::tile(level, number, width));
        }
    }
    if !size.is_multiple_of(TILE) {
        names.push(files::bundle(size / TILE, size % TILE));
    }
    names
}

/// A file of the log.
pub(crate) fn read(dir: &Path, name: &str) -> Result<Bytes, MirrorError> {
    let path = dir.join(name);
    let read = || {
        let mut content = Vec::new();
        File::open(&path)?.take(LONGEST + 1).read_to_end(&mut content)?;
        if content.len() as u64 > LONGEST {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than any file of a log"));
        }
        Ok(content.into())
    };
    read().map_err(|source| MirrorError::Local { path: path.clone(), source })
}
