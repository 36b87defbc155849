//! Short work that an idle thread on another core takes off an exchange's hands.
//!
//! Going over to another thread takes longer than most steps of an exchange, unless that thread is idle and the exchange has other
//! work meanwhile. So work is only put [`Aside`] where a thread waits for some, and whoever needs the result takes the work back where
//! nobody has begun it: on a busy machine everything stays where it is, and nobody waits in a queue.
//!
//! A thread that is woken must not run where the exchange runs, or nothing is won. Kernels of virtual machines often do just that: to
//! them an idle core looks like one that the host took away. So each thread is told to keep off the core of whoever gives it work.

mod away;
mod pool;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::pool::Pool;

type Work<T> = Box<dyn FnOnce() -> T + Send>;

/// Work that another thread may have begun, and whose result is needed later.
///
/// Where this is dropped, what nobody has begun is not done at all.
pub struct Aside<T> {
    work: Arc<Mutex<Option<Work<T>>>>,
    result: oneshot::Receiver<T>,
}

impl<T> Aside<T> {
    /// The result. Work that nobody has begun is done in the calling task. `None` where it panicked on the other thread.
    pub async fn result(self) -> Option<T> {
        let back = lock(&self.work).take();
        match back {
            Some(work) => Some(work()),
            None => self.result.await.ok(),
        }
    }
}

/// A thread that has nothing to do, and is kept for one piece of work until this is dropped.
pub struct Idle {
    pool: &'static Pool,
    seat: Option<usize>,
}

/// A thread that has nothing to do, if there is one. There is none on a machine with one core.
pub fn idle() -> Option<Idle> {
    Pool::shared().reserve()
}

impl Idle {
    /// Puts work aside for the thread.
    pub fn put<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Aside<T> {
        let work: Arc<Mutex<Option<Work<T>>>> = Arc::new(Mutex::new(Some(Box::new(work))));
        let (done, result) = oneshot::channel();
        let begun = Arc::downgrade(&work);
        self.hand(Box::new(move || {
            let work = begun.upgrade().and_then(|work| lock(&work).take());
            if let Some(work) = work {
                let _ = done.send(work());
            }
        }));
        Aside { work, result }
    }

    /// Has the thread bring a future of the calling task's runtime to its end, whatever becomes of the task.
    ///
    /// # Panics
    /// Outside a runtime.
    pub fn drive(self, future: impl Future<Output = ()> + Send + 'static) {
        let runtime = Handle::current();
        self.hand(Box::new(move || runtime.block_on(future)));
    }

    fn hand(mut self, job: Box<dyn FnOnce() + Send>) {
        if let Some(seat) = self.seat.take() {
            self.pool.seat(seat).sit(job);
        }
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        if let Some(seat) = self.seat.take() {
            self.pool.free(seat);
        }
    }
}

/// Nothing under these locks can panic midway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// So many threads, all idle.
    fn pool(threads: usize) -> &'static Pool {
        let pool = Pool::start(threads);
        wait(pool, threads);
        pool
    }

    fn wait(pool: &Pool, threads: usize) {
        while pool.idle() < threads {
            thread::yield_now();
        }
    }

    fn name() -> Option<String> {
        thread::current().name().map(str::to_owned)
    }

    #[tokio::test]
    async fn work_is_done_by_a_thread_that_is_idle() {
        let pool = pool(1);
        let idle = pool.reserve().unwrap();
        assert!(pool.reserve().is_none(), "the only thread is kept");
        let (said, hears) = mpsc::channel();
        let aside = idle.put(move || {
            said.send(name()).unwrap();
            7
        });
        assert_eq!(hears.recv().unwrap().as_deref(), Some("aside"));
        assert_eq!(aside.result().await, Some(7));
        wait(pool, 1);
        drop(pool.reserve());
        assert!(pool.reserve().is_some(), "a thread that is not used is given back");
    }

    #[tokio::test]
    async fn what_nobody_has_begun_is_taken_back_or_dropped() {
        let pool = pool(1);
        let (let_go, waits) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let first = pool.reserve().unwrap().put(move || {
            begun.send(()).unwrap();
            waits.recv().ok();
        });
        has_begun.recv().unwrap();
        assert!(pool.reserve().is_none(), "it is busy");
        // As if the thread had been idle and were late.
        let late = || Idle { pool, seat: Some(0) };
        assert_ne!(late().put(name).result().await.unwrap().as_deref(), Some("aside"));
        drop(late().put(|| panic!("nobody needs it")));
        let_go.send(()).unwrap();
        assert_eq!(first.result().await, Some(()));
    }

    #[tokio::test]
    async fn a_panic_is_told_and_the_thread_goes_on() {
        let pool = pool(1);
        let (begun, has_begun) = mpsc::channel();
        let broken: Aside<u8> = pool.reserve().unwrap().put(move || {
            begun.send(()).unwrap();
            panic!("on purpose")
        });
        has_begun.recv().unwrap();
        assert_eq!(broken.result().await, None);
        wait(pool, 1);
        assert_eq!(pool.reserve().unwrap().put(|| 8).result().await, Some(8));
    }

    #[tokio::test]
    async fn a_future_is_driven_to_its_end() {
        let pool = pool(1);
        let (done, hears) = oneshot::channel();
        let (let_go, waits) = oneshot::channel::<()>();
        pool.reserve().unwrap().drive(async move {
            waits.await.ok();
            done.send(name()).ok();
        });
        let_go.send(()).unwrap();
        assert_eq!(hears.await.unwrap().as_deref(), Some("aside"));
    }

    #[test]
    fn without_threads_nothing_is_put_aside() {
        assert!(Pool::start(0).reserve().is_none());
    }

    /// Where the machine has more than one core, work runs on another one than whoever gave it.
    #[cfg(target_os = "linux")]
    #[test]
    fn it_keeps_off_the_core_of_whoever_gives_it() {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
        let all = sched_getaffinity(None).unwrap();
        let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&cpu| all.is_set(cpu)).collect();
        if cores.len() < 2 {
            return;
        }
        let pool = pool(1);
        for _ in 0..3 {
            for &core in &cores[..2] {
                let mut here = CpuSet::new();
                here.set(core);
                sched_setaffinity(None, &here).unwrap();
                let (said, hears) = mpsc::channel();
                wait(pool, 1);
                let aside = pool.reserve().unwrap().put(move || said.send(sched_getcpu()).unwrap());
                assert_ne!(hears.recv().unwrap(), core);
                drop(aside);
            }
        }
    }
}
