use std::fmt;
use std::path::{Path, PathBuf};

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
}

impl Place {
    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<&PathBuf> for Place {
    fn from(path: &PathBuf) -> Self {
        Self::File(path.clone())
    }
}

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<&Place> for Place {
    fn from(place: &Place) -> Self {
        place.clone()
    }
}

/// The tables of one part of an installation.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The name of the part, a plain word: under it stands the number of its layout where several parts share a database.
    pub name: &'static str,
    /// The statements of each layout in order, as SQLite takes them.
    pub sqlite: &'static [&'static str],
}

impl Schema {
    /// The number of the newest layout in a file.
    pub(crate) fn of_file(&self) -> u32 {
        u32::try_from(self.sqlite.len()).unwrap_or(u32::MAX)
    }
}
