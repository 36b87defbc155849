//! A clock that tests set, for processes of the real binary: libfaketime.

use std::io::Write;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// The clock. What is measured (time-outs, turns) goes on as ever; only what time it is, is set.
pub(crate) struct Clock {
    folder: tempfile::TempDir,
    library: PathBuf,
}

impl Clock {
    /// One that is right; `None` where who runs the tests asked for those with a clock to be left out, which is said then.
    ///
    /// # Panics
    /// Where libfaketime is not there and nobody asked for that.
    pub(crate) fn start(what: &str) -> Option<Self> {
        let asked = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
        if asked.split(',').any(|word| word.trim() == "clock") {
            writeln!(std::io::stderr(), "left out, as ASEPSIS_LEAVE_OUT asks: {what}").ok();
            return None;
        }
        let named = std::env::var_os("FAKETIME_LIBRARY").map(PathBuf::from);
        let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
        let library = named
            .into_iter()
            .chain(folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")))
            .find(|path| path.exists())
            .expect(
                "libfaketime is not there; `cargo xtask setup` installs it, and with ASEPSIS_LEAVE_OUT=clock these tests are left out",
            );
        let clock = Self { folder: tempfile::tempdir().expect("a folder"), library };
        clock.write(0);
        Some(clock)
    }

    /// From now on it is this time, and it goes on from there.
    pub(crate) fn set(&self, to: OffsetDateTime) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        self.write(to.unix_timestamp() - i64::try_from(now).expect("a time"));
    }

    fn write(&self, seconds: i64) {
        // It is read at any moment, so it must never be half written.
        let new = self.folder.path().join("new");
        std::fs::write(&new, format!("{seconds:+}\n")).expect("write the clock");
        std::fs::rename(new, self.file()).expect("set the clock");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    /// What makes a process look at this clock.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let text = |path: PathBuf| path.to_str().expect("a path in UTF-8").to_owned();
        [
            ("LD_PRELOAD", text(self.library.clone())),
            ("FAKETIME_TIMESTAMP_FILE", text(self.file())),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("TZ", "UTC0".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}
