//! Who may write a log on a server.
//!
//! A lock of the writer's connection keeps a second one away, and is free as soon as the server knows that the connection is
//! gone. It does not keep a writer away that has not noticed: so taking the lease also raises the log's epoch, and each
//! transaction of a writer checks, with the row locked, that the epoch is still its own.

use std::time::{Duration, SystemTime};

use asepsis_db::{Connection, Database, DbError, Error, values};

use crate::LogError;

/// How long an opening log waits for the one that is closing.
const PATIENCE: Duration = Duration::from_millis(1500);

/// The right to write a log, as long as nobody took it over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    log: i64,
    epoch: i64,
}

impl Lease {
    /// To be called within the transaction that writes: nobody can take the lease before it ends.
    ///
    /// # Errors
    /// [`Error::Refused`] if another writer took it.
    pub(crate) fn check(&self, db: &Connection) -> Result<(), Error> {
        let statement = "SELECT epoch FROM logs WHERE id = ? FOR UPDATE";
        let epoch: i64 = db.one(statement, values![self.log], |row| row.get(0))?;
        if epoch == self.epoch {
            return Ok(());
        }
        Err(Error::Refused("another writer has taken this log over, so nothing is appended here; stop one of the two"))
    }
}

/// The number of a log on a server, by its name. Made where there is none.
pub(crate) async fn number(db: &Database, origin: &str) -> Result<i64, DbError> {
    let origin = origin.to_owned();
    let session = db.session().await?;
    session
        .run(move |db| {
            db.execute("INSERT INTO logs (origin) VALUES (?) ON CONFLICT DO NOTHING", values![&origin])?;
            db.one("SELECT id FROM logs WHERE origin = ?", values![&origin], |row| row.get(0))
        })
        .await
}

/// The number of a log on a server, if it is there.
pub(crate) async fn find(db: &Database, origin: &str) -> Result<Option<i64>, DbError> {
    let origin = origin.to_owned();
    db.read(move |db| db.optional("SELECT id FROM logs WHERE origin = ?", values![&origin], |row| row.get(0))).await
}

/// A connection that holds the lease of this log.
///
/// # Errors
/// [`LogError::Leased`] says who holds it.
pub(crate) async fn take(db: &Database, log: i64, origin: &str) -> Result<(Connection, Lease), LogError> {
    let (connection, taken) = db.connection_with(move |db| patiently(db, log)).await?;
    match taken {
        Ok(lease) => Ok((connection, lease)),
        Err(holder) => Err(LogError::Leased { origin: origin.to_owned(), holder }),
    }
}

/// The lease, or who holds it.
fn patiently(db: &Connection, log: i64) -> Result<Result<Lease, String>, Error> {
    let what = format!("writer of log {log}");
    let began = std::time::Instant::now();
    while !db.try_lock(&what, false)? {
        if began.elapsed() > PATIENCE {
            return holder(db, log).map(Err);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    db.transaction(|db| {
        let (host, process) = (host(), i64::from(std::process::id()));
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        db.one(
            "UPDATE logs SET epoch = epoch + 1, host = ?, process = ?, since = ? WHERE id = ? RETURNING epoch",
            values![&host, process, i64::try_from(since).unwrap_or(i64::MAX), log],
            |row| row.get(0),
        )
    })
    .map(|epoch| Ok(Lease { log, epoch }))
}

/// Host, process and since when.
fn holder(db: &Connection, log: i64) -> Result<String, Error> {
    db.one("SELECT host, process, since FROM logs WHERE id = ?", values![log], |row| {
        let (host, process, since) =
            (row.get::<Option<String>>(0)?, row.get::<Option<i64>>(1)?, row.get::<Option<i64>>(2)?);
        let since = since.and_then(|since| time::OffsetDateTime::from_unix_timestamp(since).ok());
        let since = since.map_or_else(String::new, |t| {
            let (hour, minute, second) = t.time().as_hms();
            format!(" since {}T{hour:02}:{minute:02}:{second:02}Z", t.date())
        });
        Ok(format!(
            "process {} on {}{since}",
            process.unwrap_or_default(),
            host.as_deref().unwrap_or("an unknown host")
        ))
    })
}

/// The name of this machine, as it says itself.
fn host() -> String {
    let named = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    let named = named.unwrap_or_default();
    let named: String = named.trim().chars().filter(char::is_ascii_graphic).take(64).collect();
    if named.is_empty() { "an unnamed host".to_owned() } else { named }
}
