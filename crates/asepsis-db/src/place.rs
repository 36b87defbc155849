use std::fmt;
use std::path::{Path, PathBuf};

use crate::Server;

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// A part of an installation on a PostgreSQL server.
    Server {
        /// The server, with the installation's schema.
        server: Server,
        /// Of the logs there, the one that is meant. The tables of logs show nothing without it.
        log: Option<i64>,
    },
}

impl Place {
    /// A part of the installation on a server.
    pub fn of_server(server: &Server) -> Self {
        Self::Server { server: server.clone(), log: None }
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Server { .. } => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server { server, .. } => server.fmt(f),
        }
    }
}

impl From<&Server> for Place {
    fn from(server: &Server) -> Self {
        Self::of_server(server)
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
    /// The statements of each layout in order, as PostgreSQL takes them; none where this is kept in files only.
    pub postgres: &'static [&'static str],
}

impl Schema {
    /// The number of the newest layout there.
    pub(crate) fn newest(&self, place: &Place) -> u32 {
        let layouts = match place {
            Place::File(_) => self.sqlite,
            Place::Server { .. } => self.postgres,
        };
        u32::try_from(layouts.len()).unwrap_or(u32::MAX)
    }
}
