//! The threads, for all exchanges of the process.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::away::Away;
use crate::{Spare, lock};

/// Threads at most: an exchange has one or two steps at a time that can be put aside, and most of the cores are for exchanges.
const THREADS: usize = 4;

/// Pieces of work that wait for one thread at most.
const WAITING: usize = 2;

/// How long a thread stays awake for work that was announced. Between two steps of an exchange pass some tens of microseconds; what
/// takes longer than this waits for something else.
const AWAKE: Duration = Duration::from_micros(150);

/// How often a thread that is awake looks for work before it looks at the time, and lets others have the core.
const LOOKS: u32 = 64;

type Job = Box<dyn FnOnce() + Send>;

pub(crate) struct Pool {
    seats: Vec<Seat>,
    /// How many announced that they will have work soon.
    announced: AtomicUsize,
}

/// Where a thread waits for jobs.
#[derive(Default)]
pub(crate) struct Seat {
    jobs: Mutex<VecDeque<Job>>,
    /// Jobs that are in the queue, or that a place is kept for.
    places: AtomicUsize,
    /// Jobs that are in the queue, or about to be.
    filled: AtomicUsize,
    at_work: AtomicBool,
    asleep: AtomicBool,
    /// Known from when the thread runs.
    thread: OnceLock<Thread>,
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
        let pool: &'static Self = Box::leak(Box::new(Self { seats, announced: AtomicUsize::new(0) }));
        for at in 0..threads {
            let _ = std::thread::Builder::new().name("aside".into()).spawn(move || pool.serve(at));
        }
        pool
    }

    fn serve(&self, at: usize) {
        let seat = &self.seats[at];
        seat.away.is_me();
        if seat.thread.set(std::thread::current()).is_err() {
            return;
        }
        loop {
            let job = seat.wait(&self.announced);
            // Whoever waits for the result is told by the channel that closes; the thread goes on with the next.
            let _ = catch_unwind(AssertUnwindSafe(job));
            seat.at_work.store(false, Ordering::Release);
        }
    }

    /// A thread that has nothing to do; of several always the same, whose core is the warmest.
    pub(crate) fn idle(&'static self) -> Option<Spare> {
        self.seats.iter().position(Seat::take_idle).map(|seat| Spare::new(self, seat))
    }

    /// A thread that has room for more work.
    pub(crate) fn next(&'static self) -> Option<Spare> {
        self.seats.iter().position(Seat::take).map(|seat| Spare::new(self, seat))
    }

    /// Says that there will be work soon, and sees to it that a thread is awake for it.
    pub(crate) fn announce(&self) {
        self.announced.fetch_add(1, Ordering::AcqRel);
        let idle = || self.seats.iter().filter(|seat| seat.is_idle());
        if idle().all(|seat| seat.asleep.load(Ordering::Acquire))
            && let Some(seat) = idle().next()
        {
            seat.wake();
        }
    }

    /// Says that this is over.
    pub(crate) fn disown(&self) {
        self.announced.fetch_sub(1, Ordering::AcqRel);
    }

    pub(crate) fn seat(&self, at: usize) -> &Seat {
        &self.seats[at]
    }

    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.seats.iter().filter(|seat| seat.is_idle()).count()
    }
}

impl Seat {
    fn is_idle(&self) -> bool {
        self.thread.get().is_some() && self.places.load(Ordering::Acquire) == 0 && !self.at_work.load(Ordering::Acquire)
    }

    /// Keeps a place where the thread has nothing to do.
    fn take_idle(&self) -> bool {
        if !self.is_idle() || self.places.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed).is_err() {
            return false;
        }
        // The thread says that it is at work before it frees the place.
        if self.at_work.load(Ordering::Acquire) {
            self.leave();
            return false;
        }
        true
    }

    /// Keeps a place.
    fn take(&self) -> bool {
        let more = |places| (places < WAITING).then_some(places + 1);
        self.thread.get().is_some() && self.places.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).is_ok()
    }

    /// Gives a place back.
    pub(crate) fn leave(&self) {
        self.places.fetch_sub(1, Ordering::AcqRel);
    }

    #[cfg(test)]
    pub(crate) fn places(&self) -> usize {
        self.places.load(Ordering::Acquire)
    }

    /// Gives the thread a job, for which a place was kept.
    pub(crate) fn sit(&self, job: Job) {
        // Before it is there, so that whoever takes it does not count below nothing.
        self.filled.fetch_add(1, Ordering::AcqRel);
        lock(&self.jobs).push_back(job);
        self.wake();
    }

    /// Wakes the thread, off the caller's core. Where it is awake this is no call of the system.
    fn wake(&self) {
        self.away.keep_off();
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    fn wait(&self, announced: &AtomicUsize) -> Job {
        loop {
            let job = lock(&self.jobs).pop_front();
            if let Some(job) = job {
                self.filled.fetch_sub(1, Ordering::AcqRel);
                self.at_work.store(true, Ordering::Release);
                self.leave();
                return job;
            }
            if !self.stay_awake(announced) {
                self.asleep.store(true, Ordering::Release);
                // Whoever gives work after this wakes the thread.
                std::thread::park();
                self.asleep.store(false, Ordering::Release);
            }
        }
    }

    /// Whether a job came while more work was announced.
    fn stay_awake(&self, announced: &AtomicUsize) -> bool {
        if announced.load(Ordering::Acquire) == 0 {
            return false;
        }
        let began = Instant::now();
        while announced.load(Ordering::Acquire) > 0 && began.elapsed() < AWAKE {
            for _ in 0..LOOKS {
                if self.filled.load(Ordering::Acquire) > 0 {
                    return true;
                }
                std::hint::spin_loop();
            }
            std::thread::yield_now();
        }
        false
    }
}
