//! A PostgreSQL of its own for a test program, in a folder that goes when the program ends.
//!
//! It is a real one (Debian's package `postgresql`), with every setting as shipped. Where it is not installed, or who runs the
//! tests asked for it, the tests that need it are left out, and that is said.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The user of the databases, and its password.
pub const USER: &str = "asepsis";
pub const PASSWORD: &str = "not-a-secret-of-anybody";

/// A running server.
pub struct Postgres {
    bin: PathBuf,
    dir: PathBuf,
    port: u16,
    owner: Option<(u32, u32)>,
    /// A shell that stops the server and clears the folder when its input ends, so also when this program is killed.
    keeper: Option<Child>,
}

/// The server that the tests of a program share; `None` where there is none here.
pub fn shared() -> Option<&'static Postgres> {
    static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
    SHARED.get_or_init(Postgres::start).as_ref()
}

/// A name for a schema that no other test of the program has.
pub fn schema() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Postgres {
    /// Starts a server; says so where that is not possible.
    pub fn start() -> Option<Self> {
        Self::start_in(&std::env::temp_dir())
    }

    /// Starts a server with its folder in this one.
    pub fn start_in(parent: &Path) -> Option<Self> {
        let asked = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
        if asked.split(',').any(|what| what.trim() == "postgres") {
            return left_out("as ASEPSIS_LEAVE_OUT asks");
        }
        let Some(bin) = installed() else {
            return left_out(
                "because PostgreSQL is not installed; `cargo xtask setup` installs it (Debian: postgresql)",
            );
        };
        // A server refuses to run as root.
        let owner = if is_root() { Some(account("postgres").or_else(|| account("nobody")).unwrap()) } else { None };
        let dir = tempfile::Builder::new().prefix("asepsis-pg-").tempdir_in(parent).unwrap().keep();
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::write(dir.join("password"), PASSWORD).unwrap();
        if let Some((user, group)) = owner {
            chown(dir.join("password"), Some(user), Some(group)).unwrap();
            chown(&dir, Some(user), Some(group)).unwrap();
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { bin, dir, port, owner, keeper: None };
        let initdb = ["-D", "data", "-U", USER, "--pwfile=password", "-A", "scram-sha-256", "--no-sync", "-E", "UTF8"];
        let made = server.command("initdb").args(initdb).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.run();
        let made = server.psql("postgres", "CREATE DATABASE asepsis");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(server)
    }

    /// Runs the server, and waits until it answers.
    pub fn run(&mut self) {
        let script = "\"$0\" -D data -p \"$1\" -k \"$PWD\" -c listen_addresses=127.0.0.1 -c shared_buffers=16MB \
                      -c max_connections=200 >>log 2>&1 & \
                      echo $! >pid; read -r word; [ \"$word\" = keep ] || kill -QUIT $!; wait $!; \
                      [ \"$word\" = keep ] || rm -rf \"$PWD\"";
        let postgres = self.bin.join("postgres");
        let mut command = self.command("sh");
        let keeper = command.arg("-c").arg(script).arg(postgres).arg(self.port.to_string()).stdin(Stdio::piped());
        self.keeper = Some(keeper.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let began = Instant::now();
        while !self.psql("postgres", "SELECT 1").status.success() {
            let log = std::fs::read_to_string(self.dir.join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(60), "the server does not start: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills all of the server at once, as a power cut would. [`run`](Self::run) starts it again.
    pub fn kill(&mut self) {
        self.signal("-KILL");
        self.release();
    }

    /// Stops the server as its administrator would: connections are cut.
    pub fn stop(&mut self) {
        self.signal("-INT");
        self.release();
    }

    fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.dir.join("pid")).unwrap();
        // Its children with it: they would go on for a moment.
        let children = format!("/proc/{0}/task/{0}/children", pid.trim());
        let children =
            if signal == "-KILL" { std::fs::read_to_string(children).unwrap_or_default() } else { String::new() };
        Command::new("kill").arg(signal).arg(pid.trim()).args(children.split_whitespace()).output().unwrap();
        let gone = || !Path::new("/proc").join(pid.trim()).join("exe").exists() || is_zombie(pid.trim());
        let began = Instant::now();
        while !gone() {
            assert!(began.elapsed() < Duration::from_secs(30), "the server does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Lets the keeper go without clearing the folder.
    fn release(&mut self) {
        let mut keeper = self.keeper.take().unwrap();
        keeper.stdin.take().unwrap().write_all(b"keep\n").unwrap();
        keeper.wait().unwrap();
        // A killed server leaves these, and the next one would look whether it still runs.
        for left in ["data/postmaster.pid".to_owned(), format!(".s.PGSQL.{}.lock", self.port)] {
            let _ = std::fs::remove_file(self.dir.join(left));
        }
    }

    /// The address by TCP, without the password.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/asepsis", self.port)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of data, for settings.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Gives a file to the server's user, so that it may read it.
    pub fn give(&self, path: &Path) {
        if let Some((user, group)) = self.owner {
            chown(path, Some(user), Some(group)).unwrap();
        }
    }

    /// Runs statements as the owner of everything, behind everybody's back.
    pub fn psql(&self, database: &str, statements: &str) -> Output {
        let mut command = self.command("psql");
        command.env("PGPASSWORD", PASSWORD).args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", USER]);
        command.args(["-d", database, "-v", "ON_ERROR_STOP=1", "-qAtc", statements]).output().unwrap()
    }

    /// As [`psql`](Self::psql) in a schema, and it has to work. What it gives.
    pub fn sql(&self, schema: &str, statements: &str) -> String {
        let done = self.psql("asepsis", &format!("SET search_path = {schema}; {statements}"));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    fn command(&self, program: &str) -> Command {
        let path = self.bin.join(program);
        let mut command = Command::new(if path.exists() { path } else { PathBuf::from(program) });
        command.current_dir(&self.dir).env("LC_ALL", "C");
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        } else {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }
}

fn left_out(why: &str) -> Option<Postgres> {
    // Straight to the stream: what a test that holds prints by macro is not shown.
    writeln!(std::io::stderr(), "left out, {why}: the tests with PostgreSQL").ok();
    None
}

/// The programs of the newest server that is installed.
fn installed() -> Option<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
    })
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

fn is_zombie(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

/// User and group of an account of this machine.
fn account(name: &str) -> Option<(u32, u32)> {
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
