//! Files of weights that were trained on a site's own notes.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use asepsis_phi::{Engine, EngineBuilder};

/// More than any model has.
const LARGEST: u64 = 128 << 20;

/// The engine, with the weights of a file where one is named.
pub(crate) fn engine(builder: EngineBuilder, file: Option<&Path>) -> anyhow::Result<Engine> {
    match file {
        Some(path) => builder.model(read(path)?).build().with_context(|| path.display().to_string()),
        None => Ok(builder.build()?),
    }
}

/// The bytes of a file of weights.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let place = || path.display().to_string();
    let about = std::fs::metadata(path).with_context(place)?;
    if !about.is_file() || about.len() > LARGEST {
        bail!("{}: this is no model; `asepsis phi train` makes one", path.display());
    }
    std::fs::read(path).with_context(place)
}

/// Whether weights can be written there.
///
/// # Errors
/// Where the file is there already, and nobody said that it may be written over.
pub(crate) fn may_write(path: &Path, force: bool) -> anyhow::Result<()> {
    match path.symlink_metadata() {
        Ok(there) if there.is_dir() => bail!("{} is a folder; name a file", path.display()),
        Ok(_) if !force => bail!("{} is there already; --force writes over it", path.display()),
        _ => Ok(()),
    }
}

/// Writes weights so that only the owner may read them: whole, or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8], force: bool) -> anyhow::Result<()> {
    let place = || format!("cannot write {}", path.display());
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Such a file has mode 0600 from the start.
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(place)?;
    file.write_all(bytes).with_context(place)?;
    file.as_file().sync_all().with_context(place)?;
    let kept = if force { file.persist(path) } else { file.persist_noclobber(path) };
    kept.map(drop).map_err(|e| e.error).with_context(place)
}
