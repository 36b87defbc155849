use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use zeroize::Zeroizing;

use super::WatchFault;

/// The longest name of a watched backup.
const LONGEST_NAME: usize = 32;

/// What made a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchKind {
    /// restic.
    Restic,
    /// BorgBackup.
    Borg,
    /// pgBackRest, of PostgreSQL clusters.
    PgBackRest,
    /// A plain folder, as rsync and exports make them: only canaries are looked at.
    Folder,
}

impl WatchKind {
    /// The word for it in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Restic => "restic",
            Self::Borg => "borg",
            Self::PgBackRest => "pgbackrest",
            Self::Folder => "folder",
        }
    }
}

impl FromStr for WatchKind {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let all = [Self::Restic, Self::Borg, Self::PgBackRest, Self::Folder];
        all.into_iter().find(|kind| kind.name() == word).ok_or("the kinds are restic, borg, pgbackrest and folder")
    }
}

/// A backup that is looked after.
#[derive(Clone)]
pub struct Watch {
    /// Its name here: it stands in the log, and must name nobody.
    pub name: String,
    /// What made it.
    pub kind: WatchKind,
    /// Where it is, as its tool takes it; of pgBackRest the stanza.
    pub repository: String,
    /// The file that holds its password, which is not read for restic: the tool does that itself.
    pub password_file: Option<PathBuf>,
    /// The configuration file of pgBackRest; its usual one where absent.
    pub config_file: Option<PathBuf>,
    /// The program, where it is not the one on the path.
    pub program: Option<PathBuf>,
    /// Variables that the program needs, such as the access key of an object store.
    pub environment: Vec<(String, Zeroizing<String>)>,
    /// In how many checks all of a restic repository is read.
    pub parts: u32,
    /// How old the newest snapshot may be.
    pub max_age: Duration,
    /// By how many the number of snapshots may fall between two checks.
    pub may_expire: u64,
    /// How many percent of the newest snapshot may be new in it; 100 asks nothing.
    pub most_changed_percent: u8,
    /// Whether it is an alarm where snapshots can be deleted from this machine.
    pub must_be_append_only: bool,
    /// Whether the tool locks the repository meanwhile, so that no backup can be made.
    pub lock: bool,
    /// How long a check may take.
    pub timeout: Duration,
}

impl Watch {
    /// Settings that leave all that can be left.
    pub fn new(name: &str, kind: WatchKind, repository: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            repository: repository.to_owned(),
            password_file: None,
            config_file: None,
            program: None,
            environment: Vec::new(),
            parts: 1,
            max_age: Duration::from_secs(26 * 3600),
            may_expire: 1,
            most_changed_percent: 50,
            must_be_append_only: false,
            // restic reads without a lock; borg must not be read while something is written.
            lock: kind == WatchKind::Borg,
            timeout: Duration::from_secs(6 * 3600),
        }
    }

    /// Whether the settings hold together.
    ///
    /// # Errors
    /// [`WatchFault::Settings`] says what does not.
    pub fn check(&self) -> Result<(), WatchFault> {
        let no = |why: &str| Err(WatchFault::Settings { name: self.name.clone(), why: why.to_owned() });
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > LONGEST_NAME || !self.name.chars().all(plain) {
            return no("a name is of 1 to 32 small letters, digits and hyphens, and stands in the log: name no person");
        }
        if self.repository.is_empty() || self.repository.starts_with('-') || self.repository.contains('\0') {
            return no("`repository` says where it is, as the tool takes it");
        }
        if has_password(&self.repository) {
            return no(
                "`repository` holds a password; put it into the environment or a file of the tool, and name that with \
                       `environment`",
            );
        }
        if self.parts == 0 || self.parts > 1000 {
            return no("`parts` is 1 to 1000");
        }
        if self.parts > 1 && self.kind != WatchKind::Restic {
            return no("`parts` is for restic: the other tools read all of it each time");
        }
        if !(1..=100).contains(&self.most_changed_percent) {
            return no("`most_changed_percent` is 1 to 100");
        }
        if self.max_age.is_zero() || self.timeout.is_zero() {
            return no("`max_age_hours` and `timeout_minutes` are 1 or more");
        }
        if self.config_file.is_some() && self.kind != WatchKind::PgBackRest {
            return no("`config_file` is for pgbackrest");
        }
        if self.password_file.is_some() && !matches!(self.kind, WatchKind::Restic | WatchKind::Borg) {
            return no(
                "`password_file` is for restic and borg; pgbackrest takes its password from its own configuration",
            );
        }
        Ok(())
    }

    pub(super) fn program(&self) -> OsString {
        self.program.as_ref().map_or_else(|| self.kind.name().into(), |path| path.clone().into_os_string())
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Whether an address holds a password before its host: `rest:https://user:password@host/`.
fn has_password(repository: &str) -> bool {
    let Some((_, rest)) = repository.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_settings_that_do_not_hold_together_are_refused_with_what_to_do() {
        let good = || Watch::new("ehr", WatchKind::Restic, "/srv/ehr");
        assert!(good().check().is_ok());
        for (watch, why) in [
            (Watch { name: "Anna Lind".to_owned(), ..good() }, "name no person"),
            (Watch { name: "../x".to_owned(), ..good() }, "small letters"),
            (Watch { repository: "--help".to_owned(), ..good() }, "where it is"),
            (Watch { repository: "rest:https://me:sesame@h/x".to_owned(), ..good() }, "holds a password"),
            (Watch { parts: 0, ..good() }, "1 to 1000"),
            (Watch { parts: 2, kind: WatchKind::Borg, ..good() }, "for restic"),
            (Watch { most_changed_percent: 0, ..good() }, "1 to 100"),
            (Watch { max_age: Duration::ZERO, ..good() }, "1 or more"),
            (Watch { config_file: Some("x".into()), ..good() }, "for pgbackrest"),
            (Watch { password_file: Some("x".into()), kind: WatchKind::Folder, ..good() }, "for restic and borg"),
        ] {
            let refused = watch.check().unwrap_err().to_string();
            assert!(refused.contains(why) && !refused.contains("sesame"), "{refused}");
        }
        let secret = Watch { environment: vec![("K".to_owned(), Zeroizing::new("sesame".to_owned()))], ..good() };
        assert!(!format!("{secret:?}").contains("sesame"));
        for fine in ["sftp:user@host:/x", "s3:https://host/bucket", "ssh://user@host:22/x", "rest:https://user@h:8000/"]
        {
            assert!(!has_password(fine), "{fine}");
        }
    }
}
