use std::path::PathBuf;

use asepsis_db::DbError;

/// Why a backup could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file of this name already.
    #[error("{} is there already and is not written over; name another file, or move it away", .0.display())]
    Exists(PathBuf),
    /// A file could not be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// A database could not be copied.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A recipient or identity is none.
    #[error("{0}")]
    Key(&'static str),
    /// The seal does not open, or was changed.
    #[error("{} does not open: {why}", path.display())]
    Sealed {
        /// The backup.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// Something within is not as it was.
    #[error("{}: {place}: {why}; this backup is damaged, use another one", path.display())]
    Damaged {
        /// The backup.
        path: PathBuf,
        /// The file within it.
        place: String,
        /// What is wrong.
        why: &'static str,
    },
    /// It is of a later version.
    #[error("{} is of layout {found}, and this program knows {known}; use the version that made it, or a later one", path.display())]
    Layout {
        /// The backup.
        path: PathBuf,
        /// Its layout.
        found: u32,
        /// Ours.
        known: u32,
    },
}

impl BackupError {
    pub(crate) fn file(path: &std::path::Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, doing, source }
    }
}
