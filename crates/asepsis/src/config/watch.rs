//! The section `[[backup.watch]]`: other people's backups that are looked after.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use asepsis_backup::watch::{Watch, WatchKind};
use serde::Deserialize;
use zeroize::Zeroizing;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Backup {
    watch: Vec<Entry>,
}

/// A backup.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(deserialize_with = "super::inspect::parsed")]
    kind: WatchKind,
    /// Where it is, as its tool takes it; of pgbackrest the stanza.
    repository: String,
    #[serde(default)]
    password_file: Option<PathBuf>,
    #[serde(default)]
    config_file: Option<PathBuf>,
    #[serde(default)]
    program: Option<PathBuf>,
    /// Names of variables of our own environment that the tool gets.
    #[serde(default)]
    environment: Vec<String>,
    #[serde(default)]
    parts: Option<u32>,
    #[serde(default)]
    max_age_hours: Option<u64>,
    #[serde(default)]
    may_expire: Option<u64>,
    #[serde(default)]
    most_changed_percent: Option<u8>,
    #[serde(default)]
    must_be_append_only: bool,
    #[serde(default)]
    lock: Option<bool>,
    #[serde(default)]
    timeout_minutes: Option<u64>,
}

impl Backup {
    /// Whether the settings hold together.
    pub(super) fn check(&self, base: &Path) -> anyhow::Result<()> {
        let mut names = BTreeSet::new();
        for entry in &self.watch {
            entry.watch(base).check()?;
            if !names.insert(entry.name.as_str()) {
                bail!("[[backup.watch]] {}: there are two of this name; the log could not tell them apart", entry.name);
            }
        }
        Ok(())
    }

    /// The names of the backups.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.watch.iter().map(|entry| entry.name.as_str())
    }

    /// The backup of that name, with what it needs of the environment.
    pub(super) fn watch(&self, name: &str, base: &Path) -> anyhow::Result<Watch> {
        let entry = self.watch.iter().find(|entry| entry.name == name);
        let entry = entry.with_context(|| format!("there is no [[backup.watch]] of the name {name}"))?;
        let mut watch = entry.watch(base);
        for variable in &entry.environment {
            let value = std::env::var(variable).with_context(|| {
                format!("[[backup.watch]] {name}: the environment variable {variable} (environment) is not set")
            })?;
            watch.environment.push((variable.clone(), Zeroizing::new(value)));
        }
        Ok(watch)
    }
}

impl Entry {
    fn watch(&self, base: &Path) -> Watch {
        let usual = Watch::new(&self.name, self.kind, &self.repository);
        let at = |path: &Option<PathBuf>| path.as_ref().map(|path| base.join(path));
        Watch {
            password_file: at(&self.password_file),
            config_file: at(&self.config_file),
            // One without a folder is looked for on the path.
            program: self.program.as_ref().map(|p| if p.components().count() > 1 { base.join(p) } else { p.clone() }),
            parts: self.parts.unwrap_or(usual.parts),
            max_age: self.max_age_hours.map_or(usual.max_age, |hours| Duration::from_secs(hours.saturating_mul(3600))),
            may_expire: self.may_expire.unwrap_or(usual.may_expire),
            most_changed_percent: self.most_changed_percent.unwrap_or(usual.most_changed_percent),
            must_be_append_only: self.must_be_append_only,
            lock: self.lock.unwrap_or(usual.lock),
            timeout: self.timeout_minutes.map_or(usual.timeout, |m| Duration::from_secs(m.saturating_mul(60))),
            ..usual
        }
    }
}
