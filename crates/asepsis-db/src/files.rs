//! Small files that only their owner may read: keys, and the directories that hold state.
//!
//! A secret is written once, with mode 0600, never over another, and is on disk (file and directory synced) when the call
//! returns: a key that is lost in a power cut takes everything sealed under it along.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use crate::DbError;

/// Writes a new file of mode 0600 and syncs it and its directory.
///
/// # Errors
/// [`DbError::File`] if there is such a file already or it cannot be written.
pub fn create_secret(path: &Path, content: &[u8]) -> Result<(), DbError> {
    let fail = |doing, source| DbError::File { path: path.to_owned(), doing, source };
    let mut file = private(OpenOptions::new().write(true).create_new(true))
        .open(path)
        .map_err(|e| fail("create the file (it is never overwritten)", e))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(|e| fail("write the file", e))?;
    sync_parent(path).map_err(|e| fail("sync the directory", e))
}

/// Reads a file of at most `limit` bytes that only its owner may read, into a buffer that the caller wipes.
///
/// # Errors
/// [`DbError::File`] if it cannot be read, is longer than `limit`, or others may read it.
pub fn read_secret(path: &Path, limit: usize) -> Result<Vec<u8>, DbError> {
    let fail = |doing, source| DbError::File { path: path.to_owned(), doing, source };
    let mut file = File::open(path).map_err(|e| fail("open the file", e))?;
    refuse_readable_by_others(&file).map_err(|e| fail("use a secret that others may read (chmod 600)", e))?;
    // Full size at once: a growing buffer would leave copies behind.
    let mut content = vec![0; limit + 1];
    let mut filled = 0;
    loop {
        match file.read(&mut content[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(fail("read the file", e)),
        }
        if filled > limit {
            return Err(fail("use the file", io::Error::new(io::ErrorKind::InvalidData, "it is longer than a key")));
        }
    }
    content.truncate(filled);
    Ok(content)
}

/// Makes the directory, mode 0700, where it is missing.
///
/// An existing directory is left as it is: its mode is its owner's choice, unless everybody may write into it.
///
/// # Errors
/// [`DbError::File`] if it cannot be made; [`DbError::OpenToAll`] if every user may write into it.
pub fn private_directory(path: &Path) -> Result<(), DbError> {
    let fail = |doing, source| DbError::File { path: path.to_owned(), doing, source };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|e| fail("make the directory", e))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_err(|e| fail("look at the directory", e))?.permissions().mode();
        if mode & 0o002 != 0 {
            return Err(DbError::OpenToAll { path: path.to_owned() });
        }
    }
    Ok(())
}

/// Makes a file's name durable.
///
/// # Errors
/// What the system says to opening or syncing the directory.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if cfg!(unix) => {
            File::open(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?.sync_all()
        }
        _ => Ok(()),
    }
}

/// Gives new files the mode 0600, whatever the umask is.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(unix)]
fn refuse_readable_by_others(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "its mode is wider than 0600"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_readable_by_others(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_its_owners_alone_and_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create_secret(&path, b"sesame").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read_secret(&path, 6).unwrap(), b"sesame");
        assert!(create_secret(&path, b"other").is_err());
        assert!(read_secret(&path, 5).is_err(), "longer than a key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read_secret(&path, 6).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_directory_that_all_may_write_to_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let made = dir.path().join("a/b");
        private_directory(&made).unwrap();
        assert_eq!(fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o700);
        fs::set_permissions(&made, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(private_directory(&made), Err(DbError::OpenToAll { .. })));
    }
}
