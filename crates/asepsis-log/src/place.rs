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

/// Copies the entries and payloads of a log, as they are in one moment, to where there are none of it; how many rows there were.
/// The files of its directory are not copied: checkpoint and public key have to be there already, the rest is made again by who
/// opens it.
///
/// # Errors
/// [`LogError::Db`], also where entries are there already; [`LogError::NoLog`].
pub async fn copy(from: impl Into<LogPlace>, to: impl Into<LogPlace>) -> Result<u64, LogError> {
    let (from, to) = (from.into(), to.into());
    let source = from.open().await?;
    let target = match &to.server {
        None => Database::open(layout::under(&to.dir, layout::DATABASE), &entries::SCHEMA).await?,
        Some(server) => {
            let db = Database::open(server, &entries::SCHEMA).await?;
            let log = lease::number(&db, &stored::origin(&from.dir)?).await?;
            db.of_log(log)
        }
    };
    Ok(source.copy_to(&target).await?)
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
