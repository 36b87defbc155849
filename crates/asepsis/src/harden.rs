//! What keeps the memory of a process that holds keys and identifiers to itself.

/// Forbids core dumps, and that other processes of the same user read this one's memory or trace it.
///
/// Called before anything secret is read. Where the system refuses, or has no such thing, that is said and the work
/// goes on: it is a second line behind the owner's rights to the machine.
pub(crate) fn harden() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        if setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).is_err() {
            tracing::warn!("core dumps could not be switched off; run `ulimit -c 0` before");
        }
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // prctl(2), PR_SET_DUMPABLE: also keeps core dumps from being piped to a handler, which no limit does.
        if set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() {
            tracing::warn!("this process can be traced by others of the same user");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    use super::*;

    #[test]
    fn c2_a_hardened_process_dumps_no_core_and_is_not_dumpable() {
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::Dumpable, "as every process begins");
        harden();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
        let core = limits.lines().find(|l| l.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
    }
}
