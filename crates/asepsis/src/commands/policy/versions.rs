//! The versions of policies that were applied: `policy/` in the data directory holds each as a file, and `current`, which says
//! which of them decides.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use asepsis_policy::{Pack, Policy, Source};
use serde::{Deserialize, Serialize};
use time::UtcOffset;

/// All versions of a data directory.
pub(crate) struct Versions {
    dir: PathBuf,
}

/// Policies as they were applied: every file in full, so that they are the same whatever becomes of the files.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Version {
    /// Counted from 1.
    pub(crate) number: u64,
    /// When it was applied, RFC 3339 in UTC.
    pub(crate) time: String,
    /// Why.
    pub(crate) basis: String,
    /// The pack's name and fingerprint.
    pub(crate) policies: String,
    files: Vec<File>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    text: String,
}

impl Versions {
    pub(crate) fn of(data: &Path) -> Self {
        Self { dir: data.join("policy") }
    }

    /// The number of the version that decides; `None` where none was ever applied.
    pub(crate) fn current_number(&self) -> anyhow::Result<Option<u64>> {
        let path = self.dir.join("current");
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let number =
                    text.trim().parse().with_context(|| format!("{} holds no number of a version", path.display()))?;
                Ok(Some(number))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// The version that decides; `None` where none was ever applied.
    pub(crate) fn current(&self) -> anyhow::Result<Option<Version>> {
        self.current_number()?.map(|number| self.read(number)).transpose()
    }

    /// A version by its number.
    pub(crate) fn read(&self, number: u64) -> anyhow::Result<Version> {
        let path = self.file(number);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no version of policies", path.display()))
    }

    /// Every version, oldest first.
    pub(crate) fn all(&self) -> anyhow::Result<Vec<Version>> {
        (1..).take_while(|number| self.file(*number).exists()).map(|number| self.read(number)).collect()
    }

    /// Keeps the files of a pack as a new version, and lets it decide.
    pub(crate) fn add(&self, pack: &Pack, time: String, basis: &str) -> anyhow::Result<Version> {
        asepsis_db::files::private_directory(&self.dir)?;
        let number = (1..).find(|number| !self.file(*number).exists()).context("there is a number for each version")?;
        let files = pack.sources.iter().map(|s| File { name: s.name.clone(), text: s.text.clone() }).collect();
        let policies = format!("{}@{}", pack.name, pack.fingerprint());
        let version = Version { number, time, basis: basis.to_owned(), policies, files };
        self.write(&self.file(number), serde_json::to_string_pretty(&version)?.as_bytes())?;
        self.set_current(number)?;
        Ok(version)
    }

    /// Lets a version decide that was applied before.
    pub(crate) fn set_current(&self, number: u64) -> anyhow::Result<()> {
        self.write(&self.dir.join("current"), format!("{number}\n").as_bytes())
    }

    /// Whole or not at all, also in a power cut.
    fn write(&self, path: &Path, content: &[u8]) -> anyhow::Result<()> {
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
            file.write_all(content)?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            asepsis_db::files::sync_parent(path)
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    fn file(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:04}.json"))
    }
}

impl Version {
    /// The pack that it is.
    pub(crate) fn pack(&self) -> anyhow::Result<Pack> {
        let sources = self.files.iter().map(|f| Source { name: f.name.clone(), text: f.text.clone() }).collect();
        Ok(Pack::read(sources).map_err(asepsis_policy::PolicyError::Invalid)?)
    }

    /// Its policies, ready to decide.
    pub(crate) fn policy(&self, offset: UtcOffset) -> anyhow::Result<Policy> {
        Ok(Policy::of(&self.pack()?, offset)?)
    }
}
