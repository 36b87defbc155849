use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{OnceCell, mpsc, oneshot};

use crate::{Cause, Statements};

/// What a [`GroupCommit`] writes: how a batch of jobs becomes statements.
pub trait Batch: Send + 'static {
    /// One thing to store.
    type Job: Send + Sync + 'static;
    /// What the caller gets once it is durable.
    type Done: Send + 'static;

    /// Writes the statements of all `jobs`, in order, and says what each comes to once they are committed. They may be
    /// undone, so nothing may be remembered here.
    fn statements(&mut self, jobs: &[Self::Job], into: &mut Statements) -> Vec<Self::Done>;

    /// Whether the job is stored already, and what it came to. Asked where a batch ran into a constraint (a key that is
    /// there) and its jobs are tried one by one; a constraint that fails then is the job's own fault and ends only it.
    fn stored(
        &mut self,
        db: &mut SqliteConnection,
        job: &Self::Job,
    ) -> impl Future<Output = Result<Option<Self::Done>, sqlx::Error>> + Send {
        let _ = (db, job);
        async { Ok(None) }
    }

    /// The jobs are durable.
    fn committed(&mut self, jobs: &[Self::Job], done: &[Self::Done]) {
        let _ = (jobs, done);
    }
}

/// Why a job is not stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotStored {
    /// The writer met an error that puts durability in doubt, and stays stopped: after a failed sync the system may have
    /// dropped the data and say yes the next time, so nothing is tried again.
    #[error("the writer is stopped: {0}")]
    Stopped(Cause),
    /// The row contradicts one that is there.
    #[error("the row contradicts one that is stored")]
    Conflict,
    /// The writer has ended.
    #[error("the writer has ended")]
    Closed,
}

/// Counts of a [`GroupCommit`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupStats {
    /// Transactions that were committed, one sync each.
    pub commits: u64,
    /// Jobs that they held.
    pub jobs: u64,
}

/// The one writer of a database: many tasks hand it jobs, it stores those that wait in one transaction with one sync, and
/// answers each when it is durable.
///
/// The queue is bounded; who comes when it is full waits. Dropping the waiting future takes the job back only as long as it
/// is not in the queue.
pub struct GroupCommit<B: Batch> {
    queue: mpsc::Sender<Waiting<B>>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    stopped: OnceCell<Cause>,
    commits: AtomicU64,
    jobs: AtomicU64,
}

impl<B: Batch> GroupCommit<B> {
    /// Starts the writer on the present Tokio runtime. It ends when the last handle is dropped and the queue is done.
    ///
    /// `most` is the largest number of jobs in one transaction, and in the queue.
    pub fn start(connection: SqliteConnection, batch: B, most: usize) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, jobs) = mpsc::channel(most);
        let state = Arc::new(State::default());
        let writer = Writer { connection, batch, most, state: state.clone() };
        let task = tokio::spawn(writer.run(jobs));
        (Self { queue, state }, task)
    }

    /// Stores the job and returns when it is durable.
    ///
    /// # Errors
    /// [`NotStored`].
    pub async fn store(&self, job: B::Job) -> Result<B::Done, NotStored> {
        if let Some(cause) = self.state.stopped.get() {
            return Err(NotStored::Stopped(cause.clone()));
        }
        let (reply, answer) = oneshot::channel();
        self.queue.send((job, reply)).await.map_err(|_| self.ended())?;
        answer.await.unwrap_or_else(|_| Err(self.ended()))
    }

    /// Why the writer stopped, if it did.
    pub fn stopped(&self) -> Option<&Cause> {
        self.state.stopped.get()
    }

    /// Whether jobs can be stored.
    pub fn is_healthy(&self) -> bool {
        self.state.stopped.get().is_none() && !self.queue.is_closed()
    }

    /// What was stored since the start.
    pub fn stats(&self) -> GroupStats {
        GroupStats {
            commits: self.state.commits.load(Ordering::Relaxed),
            jobs: self.state.jobs.load(Ordering::Relaxed),
        }
    }

    fn ended(&self) -> NotStored {
        self.state.stopped.get().map_or(NotStored::Closed, |cause| NotStored::Stopped(cause.clone()))
    }
}

impl<B: Batch> Clone for GroupCommit<B> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone(), state: self.state.clone() }
    }
}

/// Who waits for an answer.
type Reply<B> = oneshot::Sender<Result<<B as Batch>::Done, NotStored>>;

/// A job in the queue.
type Waiting<B> = (<B as Batch>::Job, Reply<B>);

struct Writer<B: Batch> {
    connection: SqliteConnection,
    batch: B,
    most: usize,
    state: Arc<State>,
}

impl<B: Batch> Writer<B> {
    async fn run(mut self, mut queue: mpsc::Receiver<Waiting<B>>) {
        while let Some(first) = queue.recv().await {
            let (mut jobs, mut replies) = (vec![first.0], vec![first.1]);
            while jobs.len() < self.most
                && let Ok((job, reply)) = queue.try_recv()
            {
                jobs.push(job);
                replies.push(reply);
            }
            if let Err(cause) = self.store(&jobs, replies).await {
                // Callers that wait learn it through the closed channel; the reason is set before it closes.
                let _ = self.state.stopped.set(cause);
                queue.close();
                while let Ok((_, reply)) = queue.try_recv() {
                    let _ = reply.send(Err(self.stopped()));
                }
                return;
            }
        }
        // The last to close the database writes the log back into it; failing here loses nothing.
        let _ = self.connection.close().await;
    }

    /// Stores the jobs together, or one by one where they stand in each other's way. An error stops the writer.
    async fn store(&mut self, jobs: &[B::Job], replies: Vec<Reply<B>>) -> Result<(), Cause> {
        match self.transaction(jobs, false).await {
            Ok(done) => {
                for (reply, done) in replies.into_iter().zip(done) {
                    let _ = reply.send(Ok(done));
                }
                Ok(())
            }
            Err(e) if is_constraint(&e) => {
                for (job, reply) in jobs.iter().zip(replies) {
                    match self.transaction(std::slice::from_ref(job), true).await {
                        Ok(done) => {
                            if let Some(done) = done.into_iter().next() {
                                let _ = reply.send(Ok(done));
                            }
                        }
                        Err(e) if is_constraint(&e) => {
                            let _ = reply.send(Err(NotStored::Conflict));
                        }
                        Err(e) => {
                            let cause = Cause::new(&e);
                            let _ = self.state.stopped.set(cause.clone());
                            let _ = reply.send(Err(self.stopped()));
                            return Err(cause);
                        }
                    }
                }
                Ok(())
            }
            Err(e) => {
                let cause = Cause::new(&e);
                let _ = self.state.stopped.set(cause.clone());
                for reply in replies {
                    let _ = reply.send(Err(self.stopped()));
                }
                Err(cause)
            }
        }
    }

    async fn transaction(&mut self, jobs: &[B::Job], alone: bool) -> Result<Vec<B::Done>, sqlx::Error> {
        if alone
            && let [job] = jobs
            && let Some(done) = self.batch.stored(&mut self.connection, job).await?
        {
            return Ok(vec![done]);
        }
        let mut statements = Statements::default();
        let done = self.batch.statements(jobs, &mut statements);
        let many = statements.is_many();
        if let Err(e) = statements.commit(&mut self.connection).await {
            if !many {
                return Err(e);
            }
            // SQLite undoes all itself where the disk is full or fails, and has nothing left to roll back: the first
            // error is the one that counts. After a constraint the connection goes on, so there undoing must work.
            return Err(match sqlx::query("ROLLBACK").execute(&mut self.connection).await {
                Err(undo) if is_constraint(&e) => undo,
                _ => e,
            });
        }
        self.batch.committed(jobs, &done);
        self.state.commits.fetch_add(1, Ordering::Relaxed);
        self.state.jobs.fetch_add(jobs.len() as u64, Ordering::Relaxed);
        Ok(done)
    }

    fn stopped(&self) -> NotStored {
        self.state.stopped.get().map_or(NotStored::Closed, |cause| NotStored::Stopped(cause.clone()))
    }
}

/// Whether the statement failed because of what is stored already. A trigger's refusal is no such thing.
fn is_constraint(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|e| e.is_unique_violation() || e.is_foreign_key_violation())
}
