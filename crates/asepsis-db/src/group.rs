use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use tokio::sync::{Semaphore, oneshot};

use crate::writer::{Batch, Committed, Pace, Writer};
use crate::{Cause, Connection, Error};

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

/// The one writer of a database: many tasks hand it jobs, those that wait are stored in one transaction with one sync, and
/// each is answered when it is durable.
///
/// One at a time has the *turn* to commit what waits: a thread of its own, or, where the disk is quick, the task that came
/// first, which spares it the way to the thread and back. The queue is bounded; who comes when it is full waits. Dropping
/// the waiting future takes the job back only as long as it is not in the queue.
pub struct GroupCommit<B: Batch> {
    core: Arc<Core<B>>,
    _handle: Arc<Handle<B>>,
}

struct Core<B: Batch> {
    queue: Mutex<Queue<B>>,
    /// Wakes the thread.
    woken: Condvar,
    /// Locked by whoever has the turn only. Gone once it stopped or ended.
    writer: Mutex<Option<Writer<B>>>,
    /// Places in the queue.
    room: Semaphore,
    most: usize,
    /// Set when the connection to a server ends. A file has none.
    lost: Option<Arc<AtomicBool>>,
    stopped: OnceLock<Cause>,
    commits: AtomicU64,
    jobs: AtomicU64,
}

struct Queue<B: Batch> {
    jobs: VecDeque<B::Job>,
    replies: VecDeque<Reply<B>>,
    turn: Turn,
    pace: Pace,
    /// Nobody can hand in jobs any more.
    ended: bool,
}

/// Who commits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Nobody,
    Task,
    Thread,
}

/// Who waits for an answer.
type Reply<B> = oneshot::Sender<Result<<B as Batch>::Done, NotStored>>;

impl<B: Batch> GroupCommit<B> {
    /// Starts the writer. It ends when the last handle is dropped and the queue is done; the future that is returned is
    /// ready then, and the connection closed.
    ///
    /// `most` is the largest number of jobs in one transaction, and in the queue.
    ///
    /// # Errors
    /// [`Cause`]: the system has no thread for it, or the connection does not take its settings.
    pub fn start(
        connection: Connection,
        batch: B,
        most: usize,
    ) -> Result<(Self, impl Future<Output = ()> + Send + use<B>), Cause> {
        let writer = Writer::new(connection, batch).map_err(|e| Cause::new(&e))?;
        let core = Arc::new(Core {
            queue: Mutex::new(Queue {
                jobs: VecDeque::new(),
                replies: VecDeque::new(),
                turn: Turn::Nobody,
                pace: Pace::default(),
                ended: false,
            }),
            woken: Condvar::new(),
            lost: writer.lost(),
            writer: Mutex::new(Some(writer)),
            room: Semaphore::new(most),
            most,
            stopped: OnceLock::new(),
            commits: AtomicU64::new(0),
            jobs: AtomicU64::new(0),
        });
        let (end, ended) = oneshot::channel::<()>();
        let serving = core.clone();
        std::thread::Builder::new()
            .name("db-writer".into())
            .spawn(move || {
                serving.serve();
                drop(end);
            })
            .map_err(|_| Cause::ended())?;
        let handle = Arc::new(Handle(core.clone()));
        Ok((Self { core, _handle: handle }, async move { drop(ended.await) }))
    }

    /// Stores the job and returns when it is durable.
    ///
    /// # Errors
    /// [`NotStored`].
    pub async fn store(&self, job: B::Job) -> Result<B::Done, NotStored> {
        match self.core.room.acquire().await {
            Ok(place) => place.forget(),
            Err(_) => return Err(self.core.not_stored()),
        }
        let (reply, answer) = oneshot::channel();
        if let Some((turn, busy)) = self.core.enter(job, reply) {
            if busy {
                // Who is ready in this moment joins the transaction.
                tokio::task::yield_now().await;
            }
            turn.commit();
        }
        answer.await.unwrap_or_else(|_| Err(self.core.not_stored()))
    }

    /// Makes room on the disk for what will be stored, so that commits are quicker and do not depend on the file system's own
    /// bookkeeping. For a process that stores for long; takes some ten milliseconds.
    ///
    /// # Errors
    /// [`NotStored`], and nothing more is stored then.
    pub async fn make_room(&self) -> Result<(), NotStored> {
        let core = self.core.clone();
        let made = tokio::task::spawn_blocking(move || {
            let writer = core.writer.lock().map_err(|_| Cause::ended())?;
            writer.as_ref().map_or(Ok(()), |writer| writer.make_room().map_err(|e| Cause::new(&e)))
        });
        match made.await.unwrap_or_else(|_| Err(Cause::ended())) {
            Ok(()) => Ok(()),
            Err(cause) => {
                self.core.stop(cause);
                Err(self.core.not_stored())
            }
        }
    }

    /// Reads something small over the writer's own connection, in the calling task: for what is not worth the way to a thread
    /// and back. `None` where that would have to wait: somebody is committing, the disk is slow, or it is a server.
    ///
    /// # Errors
    /// Those of the statement.
    pub fn peek<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Option<Result<T, Error>> {
        if !self.is_quick() {
            return None;
        }
        let writer = self.core.writer.try_lock().ok()?;
        Some(read(writer.as_ref()?.connection()))
    }

    /// Whether it is a file on a disk that is quick, so that a task commits sooner than a thread would be woken.
    pub fn is_quick(&self) -> bool {
        self.core.lost.is_none() && self.core.queue().pace.is_quick()
    }

    /// Why the writer stopped, if it did.
    pub fn stopped(&self) -> Option<&Cause> {
        self.core.stopped.get()
    }

    /// Whether nobody else writes to the database at the same time, as far as the kind of database tells: a file is one
    /// process's.
    pub fn is_alone(&self) -> bool {
        self.core.lost.is_none()
    }

    /// Whether jobs can be stored.
    pub fn is_healthy(&self) -> bool {
        self.core.stopped.get().is_none() && !self.core.room.is_closed() && !self.core.is_cut()
    }

    /// What was stored since the start.
    pub fn stats(&self) -> GroupStats {
        GroupStats { commits: self.core.commits.load(Ordering::Relaxed), jobs: self.core.jobs.load(Ordering::Relaxed) }
    }
}

impl<B: Batch> Clone for GroupCommit<B> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), _handle: self._handle.clone() }
    }
}

/// Tells the thread that nobody can hand in jobs any more, when the last handle goes.
struct Handle<B: Batch>(Arc<Core<B>>);

impl<B: Batch> Drop for Handle<B> {
    fn drop(&mut self) {
        self.0.queue().ended = true;
        self.0.woken.notify_one();
    }
}

/// The turn of a task. Dropped unused, because the task's client went away, it goes to the thread.
struct TaskTurn<'a, B: Batch>(&'a Core<B>);

impl<B: Batch> TaskTurn<'_, B> {
    /// Commits what waits, once.
    fn commit(self) {
        self.0.round(false);
    }
}

impl<B: Batch> Drop for TaskTurn<'_, B> {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.turn = if queue.jobs.is_empty() { Turn::Nobody } else { Turn::Thread };
        if queue.turn == Turn::Thread || queue.ended {
            drop(queue);
            self.0.woken.notify_one();
        }
    }
}

impl<B: Batch> Core<B> {
    /// What is under the lock is whole at any time: no step under it can panic midway.
    fn queue(&self) -> MutexGuard<'_, Queue<B>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the job into the queue, and gives its task the turn where nobody has it and the disk is quick. Also says whether
    /// others are likely to come at the same time.
    fn enter(&self, job: B::Job, reply: Reply<B>) -> Option<(TaskTurn<'_, B>, bool)> {
        let mut queue = self.queue();
        if self.stopped.get().is_some() || self.room.is_closed() {
            drop(queue);
            let _ = reply.send(Err(self.not_stored()));
            return None;
        }
        queue.jobs.push_back(job);
        queue.replies.push_back(reply);
        if queue.turn != Turn::Nobody {
            return None;
        }
        // A server is far away: a task never waits for it.
        if self.lost.is_none() && queue.pace.is_quick() {
            queue.turn = Turn::Task;
            let busy = queue.pace.is_busy();
            return Some((TaskTurn(self), busy));
        }
        queue.turn = Turn::Thread;
        drop(queue);
        self.woken.notify_one();
        None
    }

    /// The thread's life.
    fn serve(&self) {
        loop {
            let mut queue = self.queue();
            while queue.turn != Turn::Thread && !(queue.ended && queue.turn == Turn::Nobody) {
                queue = self.woken.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            if queue.turn == Turn::Nobody {
                break;
            }
            drop(queue);
            // A panic of the batch must not leave those who wait without an answer.
            let round = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.round(true)));
            if round.is_err() {
                self.stop(Cause::ended());
            }
            let mut queue = self.queue();
            if queue.jobs.is_empty() {
                queue.turn = Turn::Nobody;
            }
        }
        self.room.close();
        // The last to close the database writes the log back into it; failing here loses nothing.
        drop(self.writer.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Commits what waits, in one transaction, and answers. Only for whoever has the turn. `patient`: waits for another
    /// process that writes; else the jobs stay in the queue.
    fn round(&self, patient: bool) {
        let (jobs, replies) = {
            let mut queue = self.queue();
            let count = queue.jobs.len().min(self.most);
            let jobs: Vec<_> = queue.jobs.drain(..count).collect();
            (jobs, queue.replies.drain(..count).collect::<Vec<_>>())
        };
        if jobs.is_empty() {
            return;
        }
        let mut writer = match self.writer.lock() {
            Ok(writer) => writer,
            Err(_) => return self.fail(replies, Cause::ended()),
        };
        let Some(at_work) = writer.as_mut() else { return self.fail(replies, Cause::ended()) };
        let began = Instant::now();
        match at_work.commit(&jobs, patient) {
            Ok(Committed::All(done)) => {
                self.count(jobs.len());
                self.queue().pace.add(began);
                self.room.add_permits(jobs.len());
                for (reply, done) in replies.into_iter().zip(done) {
                    let _ = reply.send(Ok(done));
                }
                at_work.rest();
            }
            Ok(Committed::Busy) => {
                let mut queue = self.queue();
                queue.pace = Pace::default();
                for (job, reply) in jobs.into_iter().zip(replies).rev() {
                    queue.jobs.push_front(job);
                    queue.replies.push_front(reply);
                }
            }
            Ok(Committed::Conflict | Committed::Before(_)) => self.one_by_one(at_work, &jobs, replies),
            Err(e) => self.fail(replies, Cause::new(&e)),
        }
    }

    /// Stores jobs that stand in each other's way.
    fn one_by_one(&self, writer: &mut Writer<B>, jobs: &[B::Job], replies: Vec<Reply<B>>) {
        self.room.add_permits(jobs.len());
        let mut replies = replies.into_iter();
        for job in jobs {
            let Some(reply) = replies.next() else { return };
            let answer = match writer.commit_one(job) {
                Ok(Committed::All(mut done)) => {
                    self.count(1);
                    done.pop().ok_or(NotStored::Conflict)
                }
                Ok(Committed::Before(done)) => Ok(done),
                Ok(Committed::Conflict | Committed::Busy) => Err(NotStored::Conflict),
                Err(e) => return self.fail([reply].into_iter().chain(replies), Cause::new(&e)),
            };
            let _ = reply.send(answer);
        }
    }

    fn is_cut(&self) -> bool {
        self.lost.as_ref().is_some_and(|lost| lost.load(Ordering::Relaxed))
    }

    fn count(&self, jobs: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.jobs.fetch_add(jobs as u64, Ordering::Relaxed);
    }

    /// Stops for good, and says so to those who wait.
    fn fail(&self, replies: impl IntoIterator<Item = Reply<B>>, cause: Cause) {
        self.stop(cause);
        for reply in replies {
            let _ = reply.send(Err(self.not_stored()));
        }
    }

    fn stop(&self, cause: Cause) {
        let _ = self.stopped.set(cause);
        self.room.close();
        let mut queue = self.queue();
        queue.jobs.clear();
        for reply in std::mem::take(&mut queue.replies) {
            let _ = reply.send(Err(self.not_stored()));
        }
    }

    fn not_stored(&self) -> NotStored {
        self.stopped.get().map_or(NotStored::Closed, |cause| NotStored::Stopped(cause.clone()))
    }
}
