//! The test programs, several at a time: many of them wait for servers and clocks most of the time, which cargo, one after the other,
//! waits for as well.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::place;
use crate::shell::{Outcome, cargo_path, run};

/// A test program, or all tests in documentation, and what it is run with.
pub(super) struct Program {
    name: String,
    command: Command,
}

/// What became of a program: its name, all that it printed, and how it ended.
pub(super) struct Ended {
    pub(super) name: String,
    pub(super) printed: String,
    pub(super) status: Result<ExitStatus, String>,
}

/// The variables that cargo sets for a program.
fn is_of_cargo(name: &OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| name.starts_with("CARGO") || name == "LD_LIBRARY_PATH" || name.starts_with("DYLD_"))
}

/// Writes down a program instead of running it: cargo alone knows where and with which variables it is to run. `words` are
/// the folder of the notes and what cargo would have started.
pub(crate) fn note(words: &[OsString]) -> Outcome {
    let [folder, program, arguments @ ..] = words else {
        return Err("cargo calls this, with a folder and a program".to_owned());
    };
    let here = std::env::current_dir().map_err(|error| format!("cannot tell the folder: {error}"))?;
    let variables = std::env::vars_os().filter(|(name, _)| is_of_cargo(name));
    let variables: Vec<OsString> = variables.flat_map(|(name, value)| [name, value]).collect();
    let count = OsString::from(arguments.len().to_string());
    let all = [here.as_os_str(), program, &count].into_iter();
    let all = all.chain(arguments.iter().chain(&variables).map(OsString::as_os_str));
    let all: Option<Vec<&str>> = all.map(OsStr::to_str).collect();
    let all = all.ok_or("a path or a variable of cargo is no UTF-8, so the tests have to be run with `cargo test`")?;
    let name = Path::new(program).file_name().unwrap_or(program);
    let to = Path::new(folder).join(name);
    fs::write(&to, all.join("\0")).map_err(|error| format!("cannot write {}: {error}", to.display()))
}

/// All programs, each to be run with these variables. They are noted in `folder`, which is emptied.
pub(super) fn all(folder: &Path, variables: &[(&str, &str)]) -> Result<Vec<Program>, String> {
    let failed = |what: &Path, error: std::io::Error| format!("{}: {error}", what.display());
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(folder, error)),
        _ => fs::create_dir_all(folder).map_err(|error| failed(folder, error))?,
    }
    let this = std::env::current_exe().map_err(|error| format!("cannot tell what runs: {error}"))?;
    let words =
        [this.as_os_str(), OsStr::new("note"), folder.as_os_str()].map(|word| format!("{:?}", word.to_string_lossy()));
    let instead = format!("target.'cfg(all())'.runner=[{}]", words.join(","));
    run(Command::new(cargo_path()).args(["--config", &instead, "test", "--quiet", "--workspace", "--tests"]))?;

    let read = |path: PathBuf| {
        let noted = fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
        Program::read(&noted).ok_or_else(|| format!("{} is cut off", path.display()))
    };
    let notes = fs::read_dir(folder).map_err(|error| failed(folder, error))?;
    let mut programs: Vec<Program> = notes.flatten().map(|entry| read(entry.path())).collect::<Result<_, _>>()?;
    if programs.is_empty() {
        // Tests in documentation alone must not look like all tests.
        return Err("cargo has noted no test program; does a configuration of yours name a runner? `cargo test` does \
                    without the notes"
            .to_owned());
    }
    // Those of the whole program take longest, so they begin.
    programs.sort_by_key(|program| (!program.name.starts_with("asepsis: "), program.name.clone()));
    let mut documentation = Command::new(cargo_path());
    documentation.args(["test", "--workspace", "--no-fail-fast", "--doc"]).current_dir(place::root());
    programs.insert(0, Program { name: "documentation".to_owned(), command: documentation });
    for program in &mut programs {
        program.command.envs(variables.iter().copied());
    }
    Ok(programs)
}

impl Program {
    fn read(noted: &str) -> Option<Self> {
        let mut words = noted.split('\0');
        let (here, program, count) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
        let mut command = Command::new(program);
        command.current_dir(here).args(words.by_ref().take(count));
        let mut package = "";
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            command.env(name, value);
            package = if name == "CARGO_PKG_NAME" { value } else { package };
        }
        let file = Path::new(program).file_stem()?.to_str()?;
        let target = file.rsplit_once('-').map_or(file, |(target, _)| target);
        Some(Self { name: format!("{package}: {target}"), command })
    }

    /// What it prints goes to a file: a server that it leaves behind would hold a pipe open.
    fn run(mut self, log: &Path) -> Ended {
        let mut run = || {
            let out = File::create(log)?;
            let errors = out.try_clone()?;
            self.command.stdin(Stdio::null()).stdout(out).stderr(errors).status()
        };
        let status = run().map_err(|error| format!("cannot run {}: {error}", self.name));
        let printed = fs::read(log).unwrap_or_default();
        Ended { name: self.name, printed: String::from_utf8_lossy(&printed).into_owned(), status }
    }
}

/// Runs them, one more at a time than there are cores, and tells of each when it has ended. What they print goes through files in `folder`.
pub(super) fn run_all(programs: Vec<Program>, folder: &Path, ended: &Sender<Ended>) {
    // Each runs as many tests at a time as there are cores; most of them wait.
    let at_once = thread::available_parallelism().map_or(1, usize::from) + 1;
    let waiting = Mutex::new(programs.into_iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some((at, program)) = next() {
                    // What does not come to an end is the one of these that is not shown below.
                    println!("running {}", program.name);
                    // A file for each: what one leaves behind would go on writing into that of the next.
                    if ended.send(program.run(&folder.join(format!("{at}.log")))).is_err() {
                        return;
                    }
                }
            });
        }
    });
}

#[cfg(test)]
mod unit {
    use std::sync::mpsc;

    use super::{Program, run_all};

    fn noted(words: &[&str]) -> Program {
        Program::read(&words.join("\0")).unwrap()
    }

    #[test]
    fn a_program_runs_where_and_with_what_cargo_would_have_run_it() {
        let folder = std::env::temp_dir().join(format!("asepsis-xtask-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let script = "pwd; echo \"$CARGO_PKG_NAME $1\"; echo wrong >&2; exit 3";
        let words = ["/", "/bin/sh", "4", "-c", script, "sh", "an argument", "CARGO_PKG_NAME", "some-crate"];
        let (said, hears) = mpsc::channel();
        run_all(vec![noted(&words), noted(&["/", "/no/such-program-0a1b", "0"])], &folder, &said);
        std::fs::remove_dir_all(&folder).unwrap();
        drop(said);
        let mut ended: Vec<_> = hears.into_iter().collect();
        ended.sort_by(|a, b| b.name.cmp(&a.name));
        let [first, second] = ended.as_slice() else { panic!("both end") };
        assert_eq!(
            (first.name.as_str(), first.printed.as_str()),
            ("some-crate: sh", "/\nsome-crate an argument\nwrong\n")
        );
        assert_eq!(first.status.as_ref().unwrap().code(), Some(3));
        assert!(second.status.is_err());
        assert!(Program::read("/\0/bin/sh").is_none(), "cut off");
    }
}
