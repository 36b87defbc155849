//! Running another program within bounds: no shell, a clean environment, a fixed locale, a deadline, and so much of what it
//! says and no more.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

/// What of standard error is read; the rest is thrown away.
const MOST_ERRORS: usize = 64 << 10;

/// How long a program may take to end when it is asked to, so that it can take its locks away.
const FAREWELL: Duration = Duration::from_secs(5);

/// How often it is looked whether a program has ended.
const LOOK: Duration = Duration::from_millis(10);

/// The variables of our own environment that every program gets.
const KEPT: [&str; 2] = ["PATH", "HOME"];

/// How another program is run.
pub(super) struct Tool {
    program: OsString,
    environment: Vec<(OsString, Zeroizing<String>)>,
    stdin: Zeroizing<Vec<u8>>,
    deadline: Instant,
    /// An earlier one, for what is now run.
    sooner: Option<Instant>,
}

/// Which part of standard output is kept.
#[derive(Clone, Copy)]
pub(super) enum Keep {
    /// From the beginning on; a program that says more is stopped.
    First(usize),
    /// The end; the rest is thrown away.
    Last(usize),
}

/// What a program did.
pub(super) struct Ran {
    /// Its exit code; absent where a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) out: Vec<u8>,
    pub(super) err: String,
    /// It said more than it was to, and was stopped.
    pub(super) too_much: bool,
    pub(super) took: Duration,
}

/// Why a program did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// There is no such program.
    Missing(String),
    /// It cannot be started.
    Start(String, io::ErrorKind),
    /// It was not done in time.
    Late(String),
}

impl Tool {
    /// A program by its name or path, which has to be done by then. Temporary files of its go to `scratch`.
    pub(super) fn new(program: &OsStr, deadline: Instant, scratch: &Path) -> Self {
        let mut tool = Self {
            program: program.to_owned(),
            environment: Vec::new(),
            stdin: Zeroizing::default(),
            deadline,
            sooner: None,
        };
        for name in KEPT {
            if let Ok(value) = std::env::var(name) {
                tool = tool.with(name, &value);
            }
        }
        // What is said must not depend on who runs this, nor where.
        tool.with("LC_ALL", "C.UTF-8").with("TZ", "UTC").with("TMPDIR", &scratch.to_string_lossy())
    }

    /// With this variable in its environment.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), Zeroizing::new(value.to_owned())));
        self
    }

    /// With this on its standard input, where other users cannot see it.
    pub(super) fn reading(mut self, stdin: &[u8]) -> Self {
        self.stdin = Zeroizing::new(stdin.to_owned());
        self
    }

    /// From now on it has to be done after so long, or, without a time, by its deadline.
    pub(super) fn allow(&mut self, time: Option<Duration>) {
        self.sooner = time.map(|time| Instant::now() + time);
    }

    /// The program's name, for errors.
    pub(super) fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    /// Runs it to its end.
    pub(super) fn run<A: AsRef<OsStr>>(&self, arguments: &[A], keep: Keep) -> Result<Ran, Failed> {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(self.environment.iter().map(|(name, value)| (name, value.as_str())));
        // A group of its own, so that what it starts (ssh, rclone) ends with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let began = Instant::now();
        let deadline = self.sooner.map_or(self.deadline, |sooner| sooner.min(self.deadline));
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failed::Missing(self.name()),
            kind => Failed::Start(self.name(), kind),
        })?;
        if let Some(mut stdin) = child.stdin.take() {
            let given = self.stdin.clone();
            // A program that reads none of it must not stop us.
            thread::spawn(move || stdin.write_all(&given));
        }
        let over = Arc::new(AtomicBool::new(false));
        let out = child.stdout.take().map(|from| gather(from, keep, Arc::clone(&over)));
        let err = child.stderr.take().map(|from| {
            let unheeded = Arc::new(AtomicBool::new(false));
            gather(from, Keep::First(MOST_ERRORS), unheeded)
        });
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if over.load(Ordering::Relaxed) => break stop(&mut child, Duration::ZERO),
                Ok(None) if Instant::now() >= deadline => {
                    stop(&mut child, FAREWELL);
                    return Err(Failed::Late(self.name()));
                }
                Ok(None) => thread::sleep(LOOK),
                Err(_) => break stop(&mut child, Duration::ZERO),
            }
        };
        // Something that it left running may hold its pipes open; that is not waited for.
        let said = |from: Option<Receiver<Vec<u8>>>| from.and_then(|f| f.recv_timeout(FAREWELL).ok());
        Ok(Ran {
            code: status.and_then(|status| status.code()),
            out: said(out).unwrap_or_default(),
            err: String::from_utf8_lossy(&said(err).unwrap_or_default()).into_owned(),
            too_much: over.load(Ordering::Relaxed),
            took: began.elapsed(),
        })
    }
}

/// Ends a program and all that it started: asked first, where there is time for that.
fn stop(child: &mut Child, farewell: Duration) -> Option<ExitStatus> {
    if farewell > Duration::ZERO {
        signal(child, false);
        let asked = Instant::now();
        while asked.elapsed() < farewell {
            if let Ok(Some(_)) = child.try_wait() {
                break;
            }
            thread::sleep(LOOK);
        }
    }
    signal(child, true);
    child.kill().ok();
    child.wait().ok()
}

#[cfg(unix)]
fn signal(child: &Child, for_good: bool) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        kill_process_group(group, if for_good { Signal::KILL } else { Signal::TERM }).ok();
    }
}

#[cfg(not(unix))]
fn signal(_: &Child, _: bool) {}

/// Reads a pipe to its end on a thread of its own, and gives out what is to be kept. `over` is set where there is more than
/// that from the beginning on.
fn gather(mut from: impl Read + Send + 'static, keep: Keep, over: Arc<AtomicBool>) -> Receiver<Vec<u8>> {
    let (give, given) = mpsc::channel();
    thread::spawn(move || {
        let (mut kept, mut buffer) = (Vec::new(), vec![0; 16 << 10]);
        loop {
            let n = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            match keep {
                Keep::First(most) => {
                    let room = most.saturating_sub(kept.len());
                    kept.extend_from_slice(&buffer[..n.min(room)]);
                    if n > room {
                        over.store(true, Ordering::Relaxed);
                    }
                }
                Keep::Last(most) => {
                    kept.extend_from_slice(&buffer[..n]);
                    if kept.len() > 2 * most {
                        kept.drain(..kept.len() - most);
                    }
                }
            }
        }
        give.send(kept).ok();
    });
    given
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn tool(program: &str, seconds: u64) -> Tool {
        Tool::new(program.as_ref(), Instant::now() + Duration::from_secs(seconds), &std::env::temp_dir())
    }

    #[test]
    fn p6_a_program_that_does_not_end_is_ended_with_what_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("mark");
        let script = format!("sleep 600 & echo $! > {}; wait", mark.display());
        let began = Instant::now();
        let failed = tool("sh", 1).run(&["-c", &script], Keep::First(10)).err();
        assert_eq!(failed, Some(Failed::Late("sh".to_owned())));
        assert!(began.elapsed() < Duration::from_secs(60), "the sleep of 600 s is not waited for");
        let started: String = std::fs::read_to_string(mark).unwrap().trim().to_owned();
        let began = Instant::now();
        while Path::new("/proc").join(&started).join("exe").exists() {
            assert!(began.elapsed() < Duration::from_secs(60), "what it started goes on");
            thread::sleep(LOOK);
        }
    }

    #[test]
    fn p6_what_a_program_says_is_bounded_and_its_environment_is_clean() {
        let ran = tool("sh", 60).run(&["-c", "yes"], Keep::First(1000)).ok().unwrap();
        assert!(ran.too_much && ran.out.len() == 1000);
        let ran = tool("sh", 60).run(&["-c", "seq 1 100000"], Keep::Last(1000)).ok().unwrap();
        assert!(!ran.too_much && ran.out.ends_with(b"\n100000\n") && ran.out.len() <= 2000);
        let ran = tool("sh", 60).run(&["-c", "yes >&2 & sleep 0.2; kill $!"], Keep::First(10)).ok().unwrap();
        assert_eq!(ran.err.len(), MOST_ERRORS);
        let ran = tool("env", 60).with("GIVEN", "x").run::<&str>(&[], Keep::First(10_000)).ok().unwrap();
        let mut names: Vec<_> =
            ran.out.split(|b| *b == b'\n').filter_map(|l| std::str::from_utf8(l).ok()?.split_once('=')).collect();
        names.retain(|(name, _)| !["PATH", "HOME", "TMPDIR"].contains(name));
        assert_eq!(names, [("GIVEN", "x"), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC")].map(|(n, v)| (n, v)).to_vec());
        let ran = tool("cat", 60).reading(b"a secret").run::<&str>(&[], Keep::First(100)).ok().unwrap();
        assert_eq!(ran.out, b"a secret");
        assert!(matches!(tool("no-such-program-here", 9).run::<&str>(&[], Keep::First(1)), Err(Failed::Missing(_))));
    }
}
