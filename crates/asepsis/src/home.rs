//! The data directory: keys, log, vault and registers, made on the first use.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use asepsis_db::{Place, Server};
use asepsis_evidence::Documents;
use asepsis_exchange::{Guarding, Keep, Plane, PlaneParts, Reach, Rules, SystemClock};
use asepsis_keys::{Keys, RootKey};
use asepsis_log::{Log, LogKey, LogOptions, LogPlace, Recovery};
use asepsis_phi::{Engine, KnownPhi};
use asepsis_policy::{Policy, Register};
use asepsis_store::Store;
use asepsis_vault::{Vault, VaultError};

use crate::config::Config;
use crate::roots::KeySettings;

/// A data directory.
pub(crate) struct Home {
    dir: PathBuf,
    /// Where the files of keys are.
    key_files: PathBuf,
    keys: KeySettings,
    keep: Keep,
    /// Where the databases are, if not in files of the directory.
    server: Option<Server>,
    reach: Reach,
}

/// The file that says that the databases of a data directory are on a server. Without it, a command that is given the directory
/// alone would begin with new ones beside them.
const ON_SERVER: &str = "on-a-server";

/// The databases of a data directory.
const FILES: [&str; 6] = ["vault.db", "keys.db", "store.db", "evidence.db", "log/entries.db", "log-cli/entries.db"];

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
    /// The data directory of a configuration, with its keys and databases where that says.
    pub(crate) fn of(config: &Config) -> anyhow::Result<Self> {
        let home = Self::made(&config.data_dir())?.with_keys(config.keys());
        let Some(server) = config.server()? else {
            home.in_files()?;
            return Ok(home);
        };
        if let Some(file) = FILES.iter().find(|file| home.dir.join(file).exists()) {
            bail!(
                "{} holds {file}, the database of an installation in files, and [store] names a server; move it there with \
                 `asepsis store move`, or name another data_dir",
                home.dir.display()
            );
        }
        Ok(Self { server: Some(server), ..home })
    }

    /// The directory at `dir`, made with mode 0700 where it is not there. Its databases are files.
    pub(crate) fn open(dir: &Path) -> anyhow::Result<Self> {
        let home = Self::made(dir)?;
        home.in_files()?;
        Ok(home)
    }

    /// The data directory of a configuration, also where its databases are still elsewhere.
    pub(crate) fn beside(config: &Config) -> anyhow::Result<Self> {
        let home = Self::made(&config.data_dir())?.with_keys(config.keys());
        Ok(Self { server: config.server()?, ..home })
    }

    /// Where the databases are, in words.
    pub(crate) fn databases(&self) -> String {
        self.server.as_ref().map_or_else(|| "files".to_owned(), ToString::to_string)
    }

    /// Gives the databases another name, under which nothing finds them; says which.
    pub(crate) async fn put_aside(&self) -> anyhow::Result<String> {
        if let Some(server) = &self.server {
            return Ok(format!("the schema {}", server.put_aside().await?));
        }
        for file in FILES.iter().map(|file| self.dir.join(file)).filter(|file| file.exists()) {
            let with = |end: &str| PathBuf::from(format!("{}{end}", file.display()));
            // Whoever closes it last writes the write-ahead log back, which takes a moment.
            for _ in 0..100 {
                if !with("-wal").exists() {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            std::fs::rename(&file, with(".moved")).with_context(|| format!("cannot rename {}", file.display()))?;
        }
        Ok(format!("*.db.moved in {}", self.dir.display()))
    }

    /// Forgets that the databases were on a server.
    pub(crate) fn unmark(&self) -> anyhow::Result<()> {
        let marker = self.dir.join(ON_SERVER);
        match std::fs::remove_file(&marker) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", marker.display()))
            }
            _ => Ok(()),
        }
    }

    /// The directory at `dir`: with keys and databases where the configuration says, if that is about this directory, and in files
    /// otherwise.
    pub(crate) fn named(dir: &Path, config: &Path) -> anyhow::Result<Self> {
        let same = |config: &Config| matches!((dir.canonicalize(), config.data_dir().canonicalize()), (Ok(a), Ok(b)) if a == b);
        // One that cannot be read is about something else, as far as this is concerned.
        match config.exists().then(|| Config::read(config)) {
            Some(Ok(config)) if same(&config) => Self::of(&config),
            _ => Self::open(dir),
        }
    }

    /// Notes that the databases are on a server, once something is there.
    fn mark(&self) -> anyhow::Result<()> {
        let marker = self.dir.join(ON_SERVER);
        match &self.server {
            Some(server) if !marker.exists() => std::fs::write(&marker, format!("{server}\n"))
                .and_then(|()| asepsis_db::files::sync_parent(&marker))
                .with_context(|| format!("cannot write {}", marker.display())),
            _ => Ok(()),
        }
    }

    fn in_files(&self) -> anyhow::Result<()> {
        let marker = self.dir.join(ON_SERVER);
        if marker.exists() {
            bail!(
                "the databases of {} are on a server ({}); name the configuration whose [store] says which with --config, or \
                 another directory with --data",
                self.dir.display(),
                std::fs::read_to_string(&marker).unwrap_or_default().trim()
            );
        }
        Ok(())
    }

    fn made(dir: &Path) -> anyhow::Result<Self> {
        let keys = dir.join("keys");
        asepsis_db::files::private_directory(dir)
            .and_then(|()| asepsis_db::files::private_directory(&keys))
            .with_context(|| format!("cannot make the data directory {}", dir.display()))?;
        Ok(Self {
            dir: dir.to_owned(),
            key_files: keys,
            keys: KeySettings::default(),
            keep: Keep::default(),
            server: None,
            reach: Reach::default(),
        })
    }

    /// What was restored from a backup into `dir`, with the files of keys of this one.
    pub(crate) fn restored(&self, dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            key_files: self.key_files.clone(),
            keys: self.keys.clone(),
            keep: Keep::default(),
            server: None,
            reach: Reach::default(),
        }
    }

    /// Where the files of keys are.
    pub(crate) fn key_files(&self) -> &Path {
        &self.key_files
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The server of the databases, where they are on one.
    pub(crate) fn server(&self) -> Option<&Server> {
        self.server.as_ref()
    }

    /// Where a database is: this file of the directory, or the server.
    pub(crate) fn place(&self, file: &str) -> Place {
        match &self.server {
            Some(server) => server.into(),
            None => self.dir.join(file).into(),
        }
    }

    /// With its keys where the configuration says.
    fn with_keys(self, keys: KeySettings) -> Self {
        Self { keys, ..self }
    }

    /// Keeping this of exchanges that name their patient.
    pub(crate) fn keeping(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }

    /// The same directory, whose surrogates reach so far.
    pub(crate) fn reaching(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// The directory at `dir`, which must be there.
    pub(crate) fn existing(dir: &Path) -> anyhow::Result<Self> {
        Self::is_there(dir)?;
        Self::open(dir)
    }

    /// As [`named`](Self::named) of a directory that must be there.
    pub(crate) fn existing_named(dir: &Path, config: &Path) -> anyhow::Result<Self> {
        Self::is_there(dir)?;
        Self::named(dir, config)
    }

    fn is_there(dir: &Path) -> anyhow::Result<()> {
        anyhow::ensure!(
            dir.join("vault.db").exists() || dir.join(ON_SERVER).exists(),
            "there is no vault in {}; name the data directory of the run with --data",
            dir.display()
        );
        Ok(())
    }

    pub(crate) fn log_dir(&self, name: LogName) -> PathBuf {
        self.dir.join(name.folder())
    }

    /// A log with its entries.
    pub(crate) fn log_place(&self, name: LogName) -> LogPlace {
        LogPlace { dir: self.log_dir(name), server: self.server.clone() }
    }

    /// The keys, made on the first use.
    pub(crate) async fn keys(&self) -> anyhow::Result<Keys> {
        let place = self.place("keys.db");
        let made = match &self.server {
            None => ["vault.db", "keys.db"].map(|name| self.dir.join(name)).into_iter().find(|path| path.exists()),
            Some(_) => Keys::are_at(&place).await?.then(|| PathBuf::from(place.to_string())),
        };
        let roots = self.keys.roots(&self.key_files, made.as_deref()).await?;
        let keys = Keys::open(place, roots, self.keys.tenant()?).await?;
        self.mark()?;
        Ok(keys)
    }

    pub(crate) async fn vault(&self) -> anyhow::Result<Vault> {
        self.vault_of(&self.keys().await?).await
    }

    /// The vault under keys that are open already. One that is sealed under the root key's file itself is brought up to date.
    pub(crate) async fn vault_of(&self, keys: &Keys) -> anyhow::Result<Vault> {
        let place = self.place("vault.db");
        match Vault::open(&place, keys).await {
            Err(VaultError::Old) => {
                let root = self.key_files.join("root.key");
                let root = RootKey::load(&root).with_context(|| {
                    format!("{place} is sealed under the root key itself, whose file is needed once more")
                })?;
                Ok(Vault::open_old(&place, keys, &root).await?)
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
        let options = LogOptions { server: self.server.clone(), ..LogOptions::new(key.origin()) };
        let log = Log::open(&self.log_dir(name), key, options).await?;
        self.mark()?;
        Ok(log)
    }

    pub(crate) async fn store(&self) -> anyhow::Result<Store> {
        let store = Store::open(self.place("store.db")).await?;
        self.mark()?;
        Ok(store)
    }

    /// The documents that facts about vendors rest on.
    pub(crate) async fn documents(&self) -> anyhow::Result<Documents> {
        let documents = Documents::open(self.place("evidence.db"), &self.keys().await?).await?;
        self.mark()?;
        Ok(documents)
    }

    /// A plane for work on this machine that asks no policy of a site.
    pub(crate) async fn local_plane(&self, name: LogName) -> anyhow::Result<Arc<Plane>> {
        let (engine, known) = (Engine::builder().titles_apart().build()?, KnownPhi::default());
        Ok(self.plane(name, engine, known, Self::no_rules()?, Arc::default(), false).await?.0)
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
        guarding: Arc<Guarding>,
        first_layer_accepted: bool,
    ) -> anyhow::Result<(Arc<Plane>, Recovery)> {
        let (log, recovery) = self.log(name).await?;
        let keys = self.keys().await?;
        let plane = Plane::new(PlaneParts {
            engine: Arc::new(engine),
            known: Arc::new(known),
            rules,
            guarding,
            vault: self.vault_of(&keys).await?,
            keys,
            log,
            keep: self.keep,
            reach: self.reach,
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
