//! A PostgreSQL cluster that the real pgBackRest backs up, looked after.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use asepsis_backup::watch::{Verdict, Watch, WatchKind, WatchState};
use support::{flip, left_out, look, now, run};

/// A cluster with a full and an incremental backup, stopped.
struct Cluster {
    dir: tempfile::TempDir,
}

impl Cluster {
    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("pgbr").tempdir_in("/tmp").unwrap();
        let cluster = Self { dir };
        let base = cluster.dir.path().to_str().unwrap().to_owned();
        for folder in ["repo", "log", "lock", "sock"] {
            fs::create_dir(cluster.dir.path().join(folder)).unwrap();
        }
        fs::write(
            cluster.config(),
            format!(
                "[global]\nrepo1-path={base}/repo\nrepo1-retention-full=2\nlog-path={base}/log\nlock-path={base}/lock\n\
                 log-level-console=warn\nlog-level-file=off\nstart-fast=y\n[main]\npg1-path={base}/pg\npg1-socket-path={base}/sock\n"
            ),
        )
        .unwrap();
        if as_root() {
            run(&mut Command::new("chown"), &["-R", "postgres", &base]);
        }
        run(
            &mut cluster.server("initdb"),
            &["-D", &format!("{base}/pg"), "-A", "trust", "-N", "--no-locale", "-E", "UTF8"],
        );
        let archive = format!("pgbackrest --config={base}/pgbackrest.conf --stanza=main archive-push %p");
        let settings = format!(
            "listen_addresses=''\nunix_socket_directories='{base}/sock'\narchive_mode=on\narchive_command='{archive}'\nfsync=off\n"
        );
        let path = cluster.dir.path().join("pg/postgresql.conf");
        let usual = fs::read_to_string(&path).unwrap();
        fs::write(&path, usual + &settings).unwrap();
        let control = |action: &[&str]| {
            let (data, log) = (format!("{base}/pg"), format!("{base}/server.log"));
            run(&mut cluster.server("pg_ctl"), &[&["-D", data.as_str(), "-l", log.as_str(), "-w"], action].concat());
        };
        // What it starts keeps its pipes: they must not be ours.
        let started = cluster
            .server("pg_ctl")
            .args(["-D", &format!("{base}/pg"), "-l", &format!("{base}/server.log"), "-w", "start"])
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status();
        assert!(started.unwrap().success(), "{}", fs::read_to_string(format!("{base}/server.log")).unwrap_or_default());
        let made = std::panic::catch_unwind(|| {
            cluster.tool(&["stanza-create"]);
            cluster.tool(&["--type=full", "backup"]);
            cluster.tool(&["--type=incr", "backup"]);
        });
        control(&["-m", "immediate", "stop"]);
        made.unwrap();
        cluster
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("pgbackrest.conf")
    }

    fn backups(&self) -> PathBuf {
        self.dir.path().join("repo/backup/main")
    }

    /// A program of PostgreSQL, which does not run as root.
    fn server(&self, name: &str) -> Command {
        self.as_postgres(Command::new(program(name)))
    }

    fn as_postgres(&self, mut command: Command) -> Command {
        command.current_dir(self.dir.path());
        if as_root() {
            let id = |what: &str| run(&mut Command::new("id"), &[what, "postgres"]).trim().parse::<u32>().unwrap();
            command.uid(id("-u")).gid(id("-g"));
        }
        command
    }

    fn tool(&self, words: &[&str]) {
        let config = format!("--config={}", self.config().display());
        run(&mut self.as_postgres(Command::new("pgbackrest")), &[&[config.as_str(), "--stanza=main"], words].concat());
    }

    fn watch(&self) -> Watch {
        Watch { config_file: Some(self.config()), ..Watch::new("ehr-db", WatchKind::PgBackRest, "main") }
    }
}

fn as_root() -> bool {
    run(&mut Command::new("id"), &["-u"]).trim() == "0"
}

/// A server program, which Debian keeps off the path.
fn program(name: &str) -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin").join(name))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| Path::new(name).to_owned())
}

#[test]
fn p6_pgbackrest_is_believed_by_its_word_and_not_by_its_exit_code() {
    if left_out("the backups of pgbackrest") {
        return;
    }
    let cluster = Cluster::new();
    let (watch, mut state) = (cluster.watch(), WatchState::default());
    let found = look(&watch, None, &mut state, now());
    assert_eq!((found.verdict(), found.snapshots, found.read), (Verdict::Sound, Some(2), Some((1, 1))), "{found:?}");
    assert!(found.bytes.is_some_and(|all| found.changed.is_some_and(|new| 0 < new && new < all / 2)), "{found:?}");

    assert_eq!(look(&watch, None, &mut state, now() + 30 * 3600).codes(), ["too_old"]);
    let other = Watch { repository: "other".to_owned(), ..watch.clone() };
    assert_eq!(look(&other, None, &mut WatchState::default(), now()).codes(), ["repository"]);
    let gone = Watch { config_file: Some("/nowhere/pgbackrest.conf".into()), ..watch.clone() };
    assert_eq!(look(&gone, None, &mut WatchState::default(), now()).codes(), ["repository"]);
    let quiet = Watch { program: Some("true".into()), ..watch.clone() };
    assert_eq!(look(&quiet, None, &mut WatchState::default(), now()).codes(), ["failed"]);

    let (file, content) = flip(&cluster.backups());
    let found = look(&watch, None, &mut state, now());
    assert_eq!(found.codes(), ["damaged"], "{found:?}");
    let label = file.strip_prefix(cluster.backups()).unwrap().iter().next().unwrap().to_str().unwrap().to_owned();
    let what = &found.alarms[0].what;
    assert!(what.contains(&label) && what.contains("checksum invalid: 1"), "{what}");
    fs::remove_file(&file).unwrap();
    let found = look(&watch, None, &mut state, now());
    assert!(found.codes() == ["damaged"] && found.alarms[0].what.contains("missing: 1"), "{found:?}");
    fs::write(&file, content).unwrap();
    assert_eq!(look(&watch, None, &mut state, now()).verdict(), Verdict::Sound);
}
