//! The threads, for all exchanges of the process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

use crate::away::Away;
use crate::{Idle, lock};

/// Threads at most: an exchange has one or two steps at a time that can be put aside, and most of the cores are for exchanges.
const THREADS: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

pub(crate) struct Pool {
    seats: Vec<Seat>,
    /// The seats of threads that wait. The one that waited shortest is the next: its core is the warmest.
    idle: Mutex<Vec<usize>>,
}

/// Where a thread waits for a job.
#[derive(Default)]
pub(crate) struct Seat {
    jobs: Mutex<Vec<Job>>,
    woken: Condvar,
    away: Away,
}

impl Pool {
    pub(crate) fn shared() -> &'static Self {
        static POOL: OnceLock<&'static Pool> = OnceLock::new();
        POOL.get_or_init(|| {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            Self::start((cores - 1).min(THREADS))
        })
    }

    /// So many threads, for as long as the process lives. Where the system gives none, nothing is put aside.
    pub(crate) fn start(threads: usize) -> &'static Self {
        let seats = std::iter::repeat_with(Seat::default).take(threads).collect();
        let pool: &'static Self = Box::leak(Box::new(Self { seats, idle: Mutex::default() }));
        for at in 0..threads {
            let _ = std::thread::Builder::new().name("aside".into()).spawn(move || pool.serve(at));
        }
        pool
    }

    fn serve(&self, at: usize) {
        let seat = &self.seats[at];
        seat.away.is_me();
        loop {
            self.free(at);
            // Whoever waits for the result is told by the channel that closes; the thread goes on with the next.
            let _ = catch_unwind(AssertUnwindSafe(seat.wait()));
        }
    }

    pub(crate) fn reserve(&'static self) -> Option<Idle> {
        let seat = lock(&self.idle).pop()?;
        Some(Idle { pool: self, seat: Some(seat) })
    }

    pub(crate) fn free(&self, seat: usize) {
        lock(&self.idle).push(seat);
    }

    pub(crate) fn seat(&self, at: usize) -> &Seat {
        &self.seats[at]
    }

    #[cfg(test)]
    pub(crate) fn idle(&self) -> usize {
        lock(&self.idle).len()
    }
}

impl Seat {
    /// Gives the thread a job.
    pub(crate) fn sit(&self, job: Job) {
        self.away.keep_off();
        lock(&self.jobs).push(job);
        self.woken.notify_one();
    }

    fn wait(&self) -> Job {
        let mut jobs = lock(&self.jobs);
        loop {
            match jobs.pop() {
                Some(job) => return job,
                None => jobs = self.woken.wait(jobs).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}
