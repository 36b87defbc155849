use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Component, Path};

use asepsis_db::files;
use aws_lc_rs::digest::{Context, SHA256};

use crate::create::hex;
use crate::manifest::{LAYOUT, LONGEST, NAME};
use crate::{BackupError, FileEntry, Manifest, Opener};

/// Reads a whole backup and checks every byte of it.
///
/// # Errors
/// [`BackupError::Sealed`] if it does not open; [`BackupError::Damaged`] names the file within it that is not as it was;
/// [`BackupError::Layout`]; [`BackupError::File`].
pub fn verify(backup: &Path, opener: &Opener) -> Result<Manifest, BackupError> {
    read(backup, opener, None)
}

/// The same, and writes the files under `into`, which must be empty or not there. Whatever fails, nothing that was written
/// there is to be used.
///
/// # Errors
/// As [`verify`]; [`BackupError::Exists`] if there is something in `into`.
pub fn restore(backup: &Path, opener: &Opener, into: &Path) -> Result<Manifest, BackupError> {
    files::private_directory(into)?;
    let mut there = std::fs::read_dir(into).map_err(BackupError::file(into, "list"))?;
    if there.next().is_some() {
        return Err(BackupError::Exists(into.to_owned()));
    }
    read(backup, opener, Some(into))
}

fn read(backup: &Path, opener: &Opener, into: Option<&Path>) -> Result<Manifest, BackupError> {
    let file = File::open(backup).map_err(BackupError::file(backup, "open"))?;
    let mut archive = tar::Archive::new(opener.reader(backup, BufReader::new(file))?);
    let damaged = |place: &str, why| BackupError::Damaged { path: backup.to_owned(), place: place.to_owned(), why };
    let changed = "it was changed or cut off";
    let mut entries = archive.entries().map_err(|_| damaged(NAME, changed))?;

    let first = entries.next().and_then(Result::ok).filter(|entry| entry.path_bytes().as_ref() == NAME.as_bytes());
    let mut text = Vec::new();
    let mut first = first.ok_or_else(|| damaged(NAME, "it does not begin with a manifest"))?;
    first.by_ref().take(LONGEST).read_to_end(&mut text).map_err(|_| damaged(NAME, changed))?;
    let manifest = manifest(backup, &text)?;

    let mut expected = manifest.files.iter();
    for entry in entries {
        let place = |expected: Option<&FileEntry>| expected.map_or("the end", |e| e.path.as_str()).to_owned();
        let next = expected.next();
        let mut entry = entry.map_err(|_| damaged(&place(next), changed))?;
        let Some(next) = next.filter(|next| entry.path_bytes().as_ref() == next.path.as_bytes()) else {
            return Err(damaged(&place(next), "another file stands in its place"));
        };
        if !is_safe(&next.path) || entry.header().entry_type() != tar::EntryType::Regular {
            return Err(damaged(&next.path, "it is no file of a data directory"));
        }
        let mut out = match into {
            Some(into) => Some(new_file(&into.join(&next.path))?),
            None => None,
        };
        match copy(&mut entry, out.as_mut()) {
            Ok((bytes, sha256)) if bytes == next.bytes && sha256 == next.sha256 => {}
            Ok(_) => return Err(damaged(&next.path, "its content is not what the manifest says")),
            Err(Copying::Read) => return Err(damaged(&next.path, changed)),
            Err(Copying::Write(error)) => return Err(BackupError::file(&next.path_in(into), "write")(error)),
        }
        if let Some(out) = out {
            out.sync_all().map_err(BackupError::file(&next.path_in(into), "sync"))?;
        }
    }
    if let Some(missing) = expected.next() {
        return Err(damaged(&missing.path, "it is not there"));
    }
    // What stands behind the last file is sealed as well: the end of the seal says that nothing was cut off.
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink()).map_err(|_| damaged("the end", changed))?;
    Ok(manifest)
}

impl FileEntry {
    fn path_in(&self, into: Option<&Path>) -> std::path::PathBuf {
        into.unwrap_or(Path::new("")).join(&self.path)
    }
}

fn manifest(backup: &Path, text: &[u8]) -> Result<Manifest, BackupError> {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    let damaged = || BackupError::Damaged {
        path: backup.to_owned(),
        place: NAME.to_owned(),
        why: "it is no manifest that can be read",
    };
    // The layout first: a later one may have fields that we do not know.
    let Version { v } = serde_json::from_slice(text).map_err(|_| damaged())?;
    if v != LAYOUT {
        return Err(BackupError::Layout { path: backup.to_owned(), found: v, known: LAYOUT });
    }
    serde_json::from_slice(text).map_err(|_| damaged())
}

/// Whether a path stays within the data directory.
fn is_safe(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn new_file(path: &Path) -> Result<File, BackupError> {
    if let Some(folder) = path.parent() {
        files::private_directory(folder)?;
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(BackupError::file(path, "make"))
}

enum Copying {
    Read,
    Write(io::Error),
}

fn copy(from: &mut impl Read, mut to: Option<&mut File>) -> Result<(u64, String), Copying> {
    let (mut context, mut bytes, mut buffer) = (Context::new(&SHA256), 0, vec![0; 64 << 10]);
    loop {
        match from.read(&mut buffer).map_err(|_| Copying::Read)? {
            0 => return Ok((bytes, hex(context.finish().as_ref()))),
            n => {
                context.update(&buffer[..n]);
                bytes += n as u64;
                if let Some(to) = &mut to {
                    to.write_all(&buffer[..n]).map_err(Copying::Write)?;
                }
            }
        }
    }
}
