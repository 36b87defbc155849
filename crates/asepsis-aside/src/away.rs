//! Keeps a thread off the core of whoever gives it work.

#[cfg(target_os = "linux")]
pub(crate) use linux::Away;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::Away;

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustix::thread::{CpuSet, Pid, gettid, sched_getaffinity, sched_getcpu, sched_setaffinity};

    /// A thread that keeps off one core at a time.
    pub(crate) struct Away {
        /// The thread, and the cores that the process may use.
        thread: OnceLock<(Pid, CpuSet)>,
        /// The core that it keeps off now.
        core: AtomicUsize,
    }

    impl Default for Away {
        fn default() -> Self {
            Self { thread: OnceLock::new(), core: AtomicUsize::new(usize::MAX) }
        }
    }

    impl Away {
        /// The calling thread is the one.
        pub(crate) fn is_me(&self) {
            if let Ok(cores) = sched_getaffinity(None)
                && cores.count() > 1
            {
                self.thread.get_or_init(|| (gettid(), cores));
            }
        }

        /// Has the thread keep off the core that the caller runs on. Where the system does not allow it, it runs where it runs.
        pub(crate) fn keep_off(&self) {
            let Some((thread, cores)) = self.thread.get() else { return };
            let here = sched_getcpu();
            if self.core.load(Ordering::Relaxed) == here || here >= CpuSet::MAX_CPU {
                return;
            }
            let mut cores = *cores;
            cores.unset(here);
            if cores.count() > 0 && sched_setaffinity(Some(*thread), &cores).is_ok() {
                self.core.store(here, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    /// Where the scheduler places threads well enough by itself.
    #[derive(Default)]
    pub(crate) struct Away;

    impl Away {
        pub(crate) fn is_me(&self) {}

        pub(crate) fn keep_off(&self) {}
    }
}
