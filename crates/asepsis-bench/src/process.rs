//! The processes that are measured.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

/// Clock ticks a second in `/proc`; fixed for user space on Linux.
const TICKS: u64 = 100;

/// A server that runs for the measurement and ends with it.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn standin(binary: &Path) -> anyhow::Result<Self> {
        Self::start(Command::new(binary).args(["standin", "--listen", "127.0.0.1:0"]))
    }

    pub(crate) fn serve(binary: &Path, config: &Path) -> anyhow::Result<Self> {
        Self::start(Command::new(binary).arg("serve").arg("--config").arg(config).env("ASEPSIS_LOG", "warn"))
    }

    /// The same under callgrind, which counts nothing yet, on one core. What it counts will be beside `out`.
    pub(crate) fn counted(binary: &Path, config: &Path, out: &Path) -> anyhow::Result<Self> {
        let mut file = std::ffi::OsString::from("--callgrind-out-file=");
        file.push(out);
        let mut command = Command::new("taskset");
        command.args(["-c", "0", "valgrind", "--tool=callgrind", "--instr-atstart=no", "--dump-instr=yes"]);
        command.arg("--separate-threads=yes").arg(file).arg(binary).arg("serve").arg("--config").arg(config);
        Self::start(command.env("ASEPSIS_LOG", "warn"))
            .context("is valgrind installed? (Debian: apt-get install valgrind)")
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn floor(upstream: SocketAddr) -> anyhow::Result<Self> {
        Self::start(Command::new(std::env::current_exe()?).args(["floor", &upstream.to_string()]))
    }

    /// Starts a server and waits until it says where it listens.
    fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().context("cannot start a server")?;
        let stderr = child.stderr.take().context("a server has no standard error")?;
        let mut lines = BufReader::new(stderr).lines();
        let address = loop {
            let Some(line) = lines.next() else { bail!("a server ended before it listened") };
            let line = line?;
            let listens = line.split("http://").nth(1).map(|rest| rest.split([';', ' ']).next().unwrap_or_default());
            if let Some(address) = listens.and_then(|a| a.parse().ok()) {
                break address;
            }
        };
        // Whatever else it says must not fill its pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address })
    }

    /// CPU time that the process has used.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name of the program stands in parentheses and may hold spaces.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
        Ok(Duration::from_millis((ticks(11) + ticks(12)) * 1000 / TICKS))
    }

    /// How often the kernel took a core from one of its threads, because it waited or because another was to run.
    pub(crate) fn switches(&self) -> anyhow::Result<u64> {
        let mut switches = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may have ended meanwhile.
            let Ok(status) = std::fs::read_to_string(task?.path().join("status")) else { continue };
            let counts = status.lines().filter(|l| l.contains("ctxt_switches:"));
            switches += counts.filter_map(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok()).sum::<u64>();
        }
        Ok(switches)
    }

    /// Resident memory in MiB.
    pub(crate) fn resident_mib(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).context("no VmRSS")?.parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // As an operator would end it: a build that gathers a profile writes it at its end.
        let told = Command::new("kill").arg(self.child.id().to_string()).status().is_ok_and(|status| status.success());
        for _ in 0..if told { 500 } else { 0 } {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a command prints.
pub(crate) fn output(binary: &Path, config: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(binary).args(arguments).arg("--config").arg(config).output()?;
    if !output.status.success() {
        bail!("{} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}
