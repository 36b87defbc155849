//! The data directory: keys, log, vault and registers, made on the first use.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use asepsis_exchange::{Keep, Plane, PlaneParts, Rules, SystemClock};
use asepsis_keys::{Keys, RootKey};
use asepsis_log::{Log, LogKey, LogOptions, Recovery};
use asepsis_phi::{Engine, KnownPhi};
use asepsis_policy::{Policy, Register};
use asepsis_store::Store;
use asepsis_vault::{Vault, VaultError};

use crate::roots::KeySettings;

/// A data directory.
pub(crate) struct Home {
    dir: PathBuf,
    /// Where the files of keys are.
    key_files: PathBuf,
    keys: KeySettings,
    keep: Keep,
}

/// Which of the logs of a data directory. A log has one writer, so the command line does not share the gateway's.
#[derive(Clone, Copy)]
pub(crate) enum LogName {
    Gateway,
    CommandLine,
}

impl LogName {
    fn folder(self) -> &'static str {
        match self {
            Self::Gateway => "log",
            Self::CommandLine => "log-cli",
        }
    }
}

impl Home {
    /// The directory at `dir`, made with mode 0700 where it is not there.
    pub(crate) fn open(dir: &Path) -> anyhow::Result<Self> {
        let keys = dir.join("keys");
        asepsis_db::files::private_directory(dir)
            .and_then(|()| asepsis_db::files::private_directory(&keys))
            .with_context(|| format!("cannot make the data directory {}", dir.display()))?;
        Ok(Self { dir: dir.to_owned(), key_files: keys, keys: KeySettings::default(), keep: Keep::default() })
    }

    /// What was restored from a backup into `dir`, with the files of keys of this one.
    pub(crate) fn restored(&self, dir: &Path) -> Self {
        Self { dir: dir.to_owned(), key_files: self.key_files.clone(), keys: self.keys.clone(), keep: Keep::default() }
    }

    /// Where the files of keys are.
    pub(crate) fn key_files(&self) -> &Path {
        &self.key_files
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// With its keys where the configuration says.
    pub(crate) fn with_keys(self, keys: KeySettings) -> Self {
        Self { keys, ..self }
    }

    /// Keeping this of exchanges that name their patient.
    pub(crate) fn keeping(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }

    /// The directory at `dir`, which must be there.
    pub(crate) fn existing(dir: &Path) -> anyhow::Result<Self> {
        anyhow::ensure!(
            dir.join("vault.db").exists(),
            "there is no vault in {}; name the data directory of the run with --data",
            dir.display()
        );
        Self::open(dir)
    }

    pub(crate) fn log_dir(&self, name: LogName) -> PathBuf {
        self.dir.join(name.folder())
    }

    /// The keys, made on the first use.
    pub(crate) async fn keys(&self) -> anyhow::Result<Keys> {
        let made = ["vault.db", "keys.db"].map(|name| self.dir.join(name)).into_iter().find(|path| path.exists());
        let roots = self.keys.roots(&self.key_files, made.as_deref()).await?;
        Ok(Keys::open(&self.dir.join("keys.db"), roots, self.keys.tenant()?).await?)
    }

    pub(crate) async fn vault(&self) -> anyhow::Result<Vault> {
        self.vault_of(&self.keys().await?).await
    }

    /// The vault under keys that are open already. One that is sealed under the root key's file itself is brought up to date.
    pub(crate) async fn vault_of(&self, keys: &Keys) -> anyhow::Result<Vault> {
        let path = self.dir.join("vault.db");
        match Vault::open(&path, keys).await {
            Err(VaultError::Old) => {
                let root = self.key_files.join("root.key");
                let root = RootKey::load(&root).with_context(|| {
                    format!("{} is sealed under the root key itself, whose file is needed once more", path.display())
                })?;
                Ok(Vault::open_old(&path, keys, &root).await?)
            }
            opened => Ok(opened?),
        }
    }

    pub(crate) async fn log(&self, name: LogName) -> anyhow::Result<(Log, Recovery)> {
        let path = self.key_files.join(format!("{}.key", name.folder()));
        let key = if path.exists() {
            LogKey::load(&path)?
        } else {
            let key = LogKey::generate(&origin(name))?;
            key.save(&path)?;
            key
        };
        let options = LogOptions::new(key.origin());
        Ok(Log::open(&self.log_dir(name), key, options).await?)
    }

    pub(crate) async fn store(&self) -> anyhow::Result<Store> {
        Ok(Store::open(&self.dir.join("store.db")).await?)
    }

    /// A plane for work on this machine that asks no policy of a site.
    pub(crate) async fn local_plane(&self, name: LogName) -> anyhow::Result<Arc<Plane>> {
        let (engine, known) = (Engine::builder().titles_apart().build()?, KnownPhi::default());
        Ok(self.plane(name, engine, known, Self::no_rules()?, false).await?.0)
    }

    /// The shipped policies over an empty register, for work that asks no policy of a site.
    pub(crate) fn no_rules() -> anyhow::Result<Rules> {
        let policy = Policy::shipped(time::UtcOffset::UTC)?;
        Ok(Rules { policy: Arc::new(policy), register: Arc::new(Register::default()) })
    }

    /// A plane over this directory.
    pub(crate) async fn plane(
        &self,
        name: LogName,
        engine: Engine,
        known: KnownPhi,
        rules: Rules,
        first_layer_accepted: bool,
    ) -> anyhow::Result<(Arc<Plane>, Recovery)> {
        let (log, recovery) = self.log(name).await?;
        let keys = self.keys().await?;
        let plane = Plane::new(PlaneParts {
            engine: Arc::new(engine),
            known: Arc::new(known),
            rules,
            vault: self.vault_of(&keys).await?,
            keys,
            log,
            keep: self.keep,
            clock: Arc::new(SystemClock),
            first_layer_accepted,
        });
        Ok((plane, recovery))
    }
}

/// A name for a new log that no other has: logs of two sites must not be taken for one another.
fn origin(name: LogName) -> String {
    format!("asepsis.local/{}/{}", name.folder(), &asepsis_vocab::ExchangeId::now().to_string()[3..])
}
