//! The newest checkpoint with the cosignatures of witnesses: kept beside the checkpoint, which goes on without waiting for them.

use std::path::Path;

use crate::note::{NoteFault, Parsed};
use crate::{LogError, layout, publish, tiles};

/// The newest cosigned checkpoint of the log in `dir`, if there is one that can be read.
pub fn read(dir: &Path) -> Option<String> {
    String::from_utf8(tiles::read(dir, layout::COSIGNED).ok()?).ok()
}

/// Keeps a checkpoint with the cosignatures that it got. The file is synced, and replaced as a whole.
///
/// # Errors
/// [`LogError::Checkpoint`] if it is no checkpoint, or of another log than the one that is kept; [`LogError::Shrank`] if that
/// one is larger; [`LogError::Publish`] if it cannot be written.
pub fn keep(dir: &Path, checkpoint: &str) -> Result<(), LogError> {
    let fault = |fault| LogError::Checkpoint { path: layout::under(dir, layout::COSIGNED), fault };
    let new = Parsed::new(checkpoint.as_bytes()).map_err(fault)?;
    if let Some(old) = read(dir).and_then(|text| Parsed::new(text.as_bytes()).ok()) {
        if old.origin() != new.origin() {
            return Err(fault(NoteFault::OtherOrigin));
        }
        if old.size() > new.size() {
            return Err(LogError::Shrank { signed: old.size(), stored: new.size() });
        }
    }
    publish::replace(dir, layout::COSIGNED, checkpoint.as_bytes(), true)
}
