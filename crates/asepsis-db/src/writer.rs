use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crate::checkpoint::Checkpoints;
use crate::connection::Kind;
use crate::{Connection, Error};

/// What a [`GroupCommit`](crate::GroupCommit) writes: how a batch of jobs becomes rows.
pub trait Batch: Send + 'static {
    /// One thing to store.
    type Job: Send + 'static;
    /// What the caller gets once it is durable.
    type Done: Send + 'static;

    /// Runs the statements of all `jobs`, in order, within one transaction, and says what each comes to once that is
    /// committed. It may be undone, so nothing may be remembered here.
    ///
    /// # Errors
    /// Those of the statements.
    fn write(&mut self, db: &Connection, jobs: &[Self::Job]) -> Result<Vec<Self::Done>, Error>;

    /// Whether the job is stored already, and what it came to. Asked where a batch ran into a constraint (a key that is
    /// there) and its jobs are tried one by one; a constraint that fails then is the job's own fault and ends only it.
    ///
    /// # Errors
    /// Those of the statements.
    fn stored(&mut self, db: &Connection, job: &Self::Job) -> Result<Option<Self::Done>, Error> {
        let _ = (db, job);
        Ok(None)
    }

    /// The jobs are durable.
    fn committed(&mut self, jobs: &[Self::Job], done: &[Self::Done]) {
        let _ = (jobs, done);
    }
}

/// Commits batches on one connection.
pub(crate) struct Writer<B> {
    /// Of a file. Dropped before the connection.
    checkpoints: Option<Checkpoints>,
    connection: Connection,
    batch: B,
}

/// What became of a batch.
pub(crate) enum Committed<D> {
    /// Every job is durable.
    All(Vec<D>),
    /// The job was durable already.
    Before(D),
    /// At least one stands in the way of another or of what is stored; nothing was kept.
    Conflict,
    /// Another process is writing, and the caller does not want to wait; nothing was kept.
    Busy,
}

impl<B: Batch> Writer<B> {
    pub(crate) fn new(mut connection: Connection, batch: B) -> Result<Self, Error> {
        let checkpoints = match &mut connection.kind {
            Kind::Sqlite(connection) => {
                // In KiB. A larger one costs more than it saves: where rows change pages, SQLite looks through all of it after
                // the commit, and what it does not hold the system has at hand.
                connection.pragma_update(None, "cache_size", -1024)?;
                Some(Checkpoints::new(connection)?)
            }
            Kind::Postgres(_) => None,
        };
        Ok(Self { checkpoints, connection, batch })
    }

    /// The connection, between two transactions.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What says that the connection is gone, where it leads to a server.
    pub(crate) fn lost(&self) -> Option<Arc<AtomicBool>> {
        match &self.connection.kind {
            Kind::Sqlite(_) => None,
            Kind::Postgres(client) => Some(client.lost()),
        }
    }

    /// Commits the jobs in one transaction; when this returns they are durable. `patient`: waits for another process.
    ///
    /// # Errors
    /// Any error puts durability in doubt.
    pub(crate) fn commit(&mut self, jobs: &[B::Job], patient: bool) -> Result<Committed<B::Done>, Error> {
        if !self.connection.begin(patient)? {
            return Ok(Committed::Busy);
        }
        let written = self.batch.write(&self.connection, jobs);
        match written.and_then(|done| self.connection.commit().map(|()| done)) {
            Ok(done) => {
                self.batch.committed(jobs, &done);
                Ok(Committed::All(done))
            }
            Err(e) => {
                let undone = self.connection.rollback();
                if !e.is_constraint() {
                    // The first error is the one that counts.
                    return Err(e);
                }
                undone.map(|()| Committed::Conflict)
            }
        }
    }

    /// What the job came to where it is stored already; else commits it alone.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub(crate) fn commit_one(&mut self, job: &B::Job) -> Result<Committed<B::Done>, Error> {
        match self.batch.stored(&self.connection, job)? {
            Some(done) => Ok(Committed::Before(done)),
            None => self.commit(std::slice::from_ref(job), true),
        }
    }

    /// Makes room for what will be committed, where that is worth it.
    ///
    /// # Errors
    /// Any error puts durability in doubt.
    pub(crate) fn make_room(&self) -> Result<(), Error> {
        match &self.connection.kind {
            Kind::Sqlite(connection) => Ok(crate::room::make(connection)?),
            Kind::Postgres(_) => Ok(()),
        }
    }

    /// To be called when those who waited have been answered.
    pub(crate) fn rest(&mut self) {
        if let (Some(checkpoints), Kind::Sqlite(connection)) = (&mut self.checkpoints, &self.connection.kind) {
            checkpoints.after_commit(connection);
        }
    }
}

/// How long transactions take, for the choice of the thread that runs the next one.
///
/// Handing a transaction to another thread and being woken by it costs some 100 microseconds, more than the transaction
/// where the disk answers at once. Running it in a task saves that, but until the disk answers, the task's thread stands
/// still. So a task runs it only where the last ones were quick.
pub(crate) struct Pace {
    /// The mean of the last few, with their syncs.
    mean: Duration,
    /// When the last one ended.
    ended: Option<Instant>,
}

impl Pace {
    /// A mean that counts as quick.
    const QUICK: Duration = Duration::from_micros(250);

    /// What one transaction counts at most, so that a single slow one is forgotten after some eight.
    const MOST: Duration = Duration::from_millis(4);

    /// Transactions that are closer together than this come from several tasks, which had better share one.
    const CLOSE: Duration = Duration::from_micros(150);

    pub(crate) fn is_quick(&self) -> bool {
        self.mean < Self::QUICK
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.ended.is_some_and(|ended| ended.elapsed() < Self::CLOSE)
    }

    pub(crate) fn add(&mut self, began: Instant) {
        let now = Instant::now();
        self.mean = (self.mean * 7 + now.duration_since(began).min(Self::MOST)) / 8;
        self.ended = Some(now);
    }
}

impl Default for Pace {
    /// A disk of which nothing is known yet is slow.
    fn default() -> Self {
        Self { mean: Self::MOST, ended: None }
    }
}
