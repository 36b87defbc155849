//! Short work that an idle thread on another core takes off an exchange's hands.
//!
//! Going over to another thread takes longer than most steps of an exchange, unless that thread is idle and the exchange has other
//! work meanwhile. So work is only put [`Aside`] where a thread waits for some, and whoever needs the result takes the work back where
//! nobody has begun it: on a busy machine everything stays where it is, and nobody waits in a queue.
//!
//! A thread that is woken must not run where the exchange runs, or nothing is won. Kernels of virtual machines often do just that: to
//! them an idle core looks like one that the host took away. So each thread is told to keep off the core of whoever gives it work.
//!
//! To wake a thread costs both sides more than many a step, too. An exchange that will put more aside in a moment [says so](soon), and
//! threads stay awake for it, some tens of microseconds.

mod away;
mod pool;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::pool::Pool;

enum Work<T> {
    Step(Box<dyn FnOnce() -> T + Send>),
    Future(Pin<Box<dyn Future<Output = T> + Send>>, Handle),
}

/// Work that another thread may have begun, and whose result is needed later.
///
/// Where this is dropped, what nobody has begun is not done at all.
pub struct Aside<T> {
    work: Arc<Mutex<Option<Work<T>>>>,
    result: oneshot::Receiver<T>,
}

impl<T> Aside<T> {
    /// The result, once. Work that nobody has begun is done in the calling task. `None` where it panicked on the other thread, and where
    /// the result was asked for before.
    pub async fn result(&mut self) -> Option<T> {
        let back = lock(&self.work).take();
        match back {
            Some(Work::Step(work)) => Some(work()),
            Some(Work::Future(future, _)) => Some(future.await),
            None => (&mut self.result).await.ok(),
        }
    }
}

/// A thread with a place that is kept for one piece of work until this is dropped.
pub struct Spare {
    pool: &'static Pool,
    seat: Option<usize>,
}

/// A thread that has nothing to do, if there is one. There is none on a machine with one core.
pub fn idle() -> Option<Spare> {
    Pool::shared().idle()
}

/// A thread that comes to the work soon, after what it does now: for what is not needed at once.
pub fn next() -> Option<Spare> {
    Pool::shared().next()
}

/// Announces that work will be put aside soon, until this is dropped: a thread wakes up for it.
pub fn soon() -> Soon {
    Soon::of(Pool::shared())
}

/// Work will be put aside soon.
pub struct Soon(&'static Pool);

impl Soon {
    fn of(pool: &'static Pool) -> Self {
        pool.announce();
        Self(pool)
    }
}

impl Drop for Soon {
    fn drop(&mut self) {
        self.0.disown();
    }
}

impl Spare {
    fn new(pool: &'static Pool, seat: usize) -> Self {
        Self { pool, seat: Some(seat) }
    }

    /// Puts work aside for the thread.
    pub fn put<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Aside<T> {
        self.put_work(Work::Step(Box::new(work)))
    }

    /// Puts a future of the calling task's runtime aside for the thread.
    ///
    /// # Panics
    /// Outside a runtime.
    pub fn put_future<T: Send + 'static>(self, future: impl Future<Output = T> + Send + 'static) -> Aside<T> {
        self.put_work(Work::Future(Box::pin(future), Handle::current()))
    }

    fn put_work<T: Send + 'static>(self, work: Work<T>) -> Aside<T> {
        let work = Arc::new(Mutex::new(Some(work)));
        let (done, result) = oneshot::channel();
        let begun = Arc::downgrade(&work);
        self.hand(Box::new(move || {
            let work = begun.upgrade().and_then(|work| lock(&work).take());
            let _ = match work {
                Some(Work::Step(work)) => done.send(work()),
                Some(Work::Future(future, runtime)) => done.send(runtime.block_on(future)),
                None => return,
            };
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

impl Drop for Spare {
    fn drop(&mut self) {
        if let Some(seat) = self.seat.take() {
            self.pool.seat(seat).leave();
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
        while pool.waiting() < threads {
            thread::yield_now();
        }
    }

    fn name() -> Option<String> {
        thread::current().name().map(str::to_owned)
    }

    #[tokio::test]
    async fn work_is_done_by_a_thread_that_is_idle() {
        let pool = pool(1);
        let idle = pool.idle().unwrap();
        assert!(pool.idle().is_none(), "the only thread is kept");
        let (said, hears) = mpsc::channel();
        let mut aside = idle.put(move || {
            said.send(name()).unwrap();
            7
        });
        assert_eq!(hears.recv().unwrap().as_deref(), Some("aside"));
        assert_eq!(aside.result().await, Some(7));
        wait(pool, 1);
        drop(pool.idle());
        assert!(pool.idle().is_some(), "a thread that is not used is given back");
    }

    #[tokio::test]
    async fn what_nobody_has_begun_is_taken_back_or_dropped() {
        let pool = pool(1);
        let (let_go, waits) = mpsc::channel::<()>();
        let (begun, has_begun) = mpsc::channel();
        let mut first = pool.idle().unwrap().put(move || {
            begun.send(()).unwrap();
            waits.recv().ok();
        });
        has_begun.recv().unwrap();
        assert!(pool.idle().is_none(), "it is busy");
        let late = pool.next().unwrap();
        let (later, too_many) = (pool.next(), pool.next());
        assert!(later.is_some() && too_many.is_none(), "two pieces of work wait at most");
        drop(later);
        assert_ne!(late.put(name).result().await.unwrap().as_deref(), Some("aside"));
        let_go.send(()).unwrap();
        assert_eq!(first.result().await, Some(()));

        wait(pool, 1);
        let (let_go, waits) = mpsc::channel::<()>();
        let mut first = pool.idle().unwrap().put(move || waits.recv().ok());
        while pool.next().map(|late| drop(late.put(|| panic!("nobody needs it")))).is_none() {
            thread::yield_now();
        }
        let_go.send(()).unwrap();
        assert!(first.result().await.is_some());
        wait(pool, 1);
        assert_eq!(pool.idle().unwrap().put(|| 8).result().await, Some(8));
    }

    #[tokio::test]
    async fn a_future_is_put_aside_or_taken_back_like_other_work() {
        let pool = pool(1);
        let (let_go, waits) = oneshot::channel::<()>();
        let mut first = pool.idle().unwrap().put_future(async move {
            waits.await.ok();
            name()
        });
        while pool.seat(0).places() > 0 {
            thread::yield_now();
        }
        let mut late = pool.next().unwrap().put_future(async { name() });
        assert_ne!(late.result().await.unwrap().as_deref(), Some("aside"));
        let_go.send(()).unwrap();
        assert_eq!(first.result().await.unwrap().as_deref(), Some("aside"));
    }

    #[tokio::test]
    async fn work_that_was_announced_is_done_like_other_work() {
        let pool = pool(1);
        let soon = Soon::of(pool);
        for n in 0..1000 {
            let (said, hears) = mpsc::channel();
            wait(pool, 1);
            let mut aside = pool.idle().unwrap().put(move || said.send(name()).map(|()| n).ok());
            assert_eq!(hears.recv().unwrap().as_deref(), Some("aside"));
            assert_eq!(aside.result().await, Some(Some(n)));
        }
        drop(soon);
        assert_eq!(pool.idle().map(|idle| idle.put(|| 9)).unwrap().result().await, Some(9));
    }

    #[tokio::test]
    async fn a_panic_is_told_and_the_thread_goes_on() {
        let pool = pool(1);
        let (begun, has_begun) = mpsc::channel();
        let mut broken: Aside<u8> = pool.idle().unwrap().put(move || {
            begun.send(()).unwrap();
            panic!("on purpose")
        });
        has_begun.recv().unwrap();
        assert_eq!(broken.result().await, None);
        wait(pool, 1);
        assert_eq!(pool.idle().unwrap().put(|| 8).result().await, Some(8));
    }

    #[tokio::test]
    async fn a_future_is_driven_to_its_end() {
        let pool = pool(1);
        let (done, hears) = oneshot::channel();
        let (let_go, waits) = oneshot::channel::<()>();
        pool.idle().unwrap().drive(async move {
            waits.await.ok();
            done.send(name()).ok();
        });
        let_go.send(()).unwrap();
        assert_eq!(hears.await.unwrap().as_deref(), Some("aside"));
    }

    #[test]
    fn without_threads_nothing_is_put_aside() {
        assert!(Pool::start(0).next().is_none());
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
                let aside = pool.idle().unwrap().put(move || said.send(sched_getcpu()).unwrap());
                assert_ne!(hears.recv().unwrap(), core);
                drop(aside);
            }
        }
    }
}
