use std::path::{Path, PathBuf};

use asepsis_db::{Database, Server};

use crate::{LogError, entries, layout, lease, stored};

/// Where a log is: the directory of its tiles, bundles and checkpoint, and the server of its entries where they are not in a
/// file of that directory.
#[derive(Clone, Debug)]
pub struct LogPlace {
    /// The directory.
    pub dir: PathBuf,
    /// The server.
    pub server: Option<Server>,
}

impl LogPlace {
    /// The database for reading.
    pub(crate) async fn open(&self) -> Result<Database, LogError> {
        let Some(server) = &self.server else {
            return Ok(Database::open_read_only(layout::under(&self.dir, layout::DATABASE), &entries::SCHEMA).await?);
        };
        let origin = stored::origin(&self.dir)?;
        let db = Database::open_read_only(server, &entries::SCHEMA).await?;
        match lease::find(&db, &origin).await? {
            Some(log) => Ok(db.of_log(log)),
            None => Err(LogError::NoLog { place: server.into(), origin }),
        }
    }
}

impl From<&Path> for LogPlace {
    fn from(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), server: None }
    }
}

impl From<&PathBuf> for LogPlace {
    fn from(dir: &PathBuf) -> Self {
        Self::from(dir.as_path())
    }
}

impl From<&LogPlace> for LogPlace {
    fn from(place: &LogPlace) -> Self {
        place.clone()
    }
}
