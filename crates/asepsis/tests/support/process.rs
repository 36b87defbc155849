//! Processes of the real binary.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::PATIENCE;

/// How long a server may take to end when it is asked to, where a test does not look at its end.
const FAREWELL: Duration = Duration::from_secs(5);

/// The binary, with none of the settings of whoever runs the tests.
pub(crate) fn asepsis() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asepsis"));
    for name in ["ASEPSIS_CONFIG", "ASEPSIS_DATA", "ASEPSIS_LOG"] {
        command.env_remove(name);
    }
    command
}

/// A command that ran.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; -1 where a signal ended it.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("standard input is piped");
    let output = std::thread::scope(|scope| {
        // A command that ends before it has read all is none of the writer's business.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output().expect("wait for a command")
    });
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A server that runs until it is stopped or dropped.
pub(crate) struct Running {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    said: Arc<Mutex<Vec<String>>>,
}

impl Running {
    /// Starts a server and waits until it says where it listens.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stderr = child.stderr.take().expect("standard error is piped");
        let said = Arc::new(Mutex::new(Vec::new()));
        let (tell, told) = mpsc::channel();
        let keep = Arc::clone(&said);
        // What it says must be read all the time, or its pipe would fill and stop it.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some(address) = listens(&line) {
                    tell.send(address).ok();
                }
                keep.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        let Ok(address) = told.recv_timeout(PATIENCE) else {
            child.kill().ok();
            child.wait().ok();
            let said = said.lock().unwrap_or_else(PoisonError::into_inner).join("\n");
            panic!("{command:?} did not say where it listens, but:\n{said}");
        };
        Self { child, address, said }
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it said on standard error until now.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Asks it to end, without waiting for it.
    pub(crate) fn terminate(&self) {
        // The standard library sends no other signal than SIGKILL.
        let id = self.id().to_string();
        Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &id]).status().ok();
    }

    /// Asks it to end, waits, and tells its exit code; `None` where a signal ended it.
    pub(crate) fn stop(mut self) -> Option<i32> {
        self.terminate();
        let Some(status) = self.ended_within(PATIENCE) else {
            panic!("it did not end within {} s of being asked to; it said:\n{}", PATIENCE.as_secs(), self.said());
        };
        status.code()
    }

    /// Ends it as a power cut does.
    pub(crate) fn kill(mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Resident memory in bytes, where the system tells.
    pub(crate) fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find(|l| l.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
    }

    fn ended_within(&mut self, longest: Duration) -> Option<std::process::ExitStatus> {
        let began = Instant::now();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            if began.elapsed() >= longest {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        self.terminate();
        if self.ended_within(FAREWELL).is_none() {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// The address in "asepsis listens on http://127.0.0.1:8642" or "... listens on http://127.0.0.1:8643; GET ...".
fn listens(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(" listens on http")?;
    let (_, rest) = rest.split_once("://")?;
    rest.split([';', ' ']).next()?.parse().ok()
}
