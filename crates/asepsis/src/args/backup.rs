//! What `asepsis backup` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Args)]
pub(crate) struct Backup {
    #[command(subcommand)]
    pub(crate) action: BackupAction,
    /// The data directory; that of the configuration where absent.
    #[arg(long, global = true)]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum BackupAction {
    /// Make a backup of the data directory, also while the gateway runs. It holds no keys.
    Create {
        /// The new file.
        to: PathBuf,
        /// Who can open it, as age-keygen shows it: age1...; may be given again.
        #[arg(long = "recipient", value_name = "AGE1...")]
        recipients: Vec<String>,
        /// A file of recipients, a line each.
        #[arg(long, value_name = "FILE")]
        recipients_file: Option<PathBuf>,
    },
    /// Check every byte of a backup.
    Verify(BackupSource),
    /// Write what a backup holds into a new folder, its owner's alone, and check every byte on the way.
    Restore {
        #[command(flatten)]
        source: BackupSource,
        /// The folder, which must be empty or not there.
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
    /// Restore a backup in a scratch folder, and prove that its logs are the beginning of the live ones, that the vault opens
    /// and that the erased stay erased. What was found goes into the log.
    Drill {
        #[command(flatten)]
        source: BackupSource,
        /// Where the scratch folder is made; in the data directory where absent.
        #[arg(long, value_name = "FOLDER")]
        scratch: Option<PathBuf>,
    },
    /// Look after the backups of other systems, those of [[backup.watch]]: their own tools read them, and canaries are taken out of
    /// the newest snapshot. What was found goes into the log. Exit code 0 sound, 1 alarm, 2 something could not be looked at.
    Watch(BackupWatch),
    /// Files of known content in what is backed up, by which encrypted or changed files are noticed.
    Canary {
        #[command(subcommand)]
        action: CanaryAction,
    },
}

#[derive(Args)]
pub(crate) struct BackupWatch {
    /// The name of one of them; all where absent.
    pub(crate) name: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// Read this part in place of the next one.
    #[arg(long, requires = "name")]
    pub(crate) part: Option<u32>,
}

#[derive(Subcommand)]
pub(crate) enum CanaryAction {
    /// Plant canaries in a folder that is backed up.
    Create {
        /// The folder.
        dir: PathBuf,
        /// The backup that takes it along, by its name in [[backup.watch]].
        #[arg(long = "for", value_name = "NAME")]
        watched: String,
        /// The path of the folder in the snapshots, where it is another one than here: a share that is mounted elsewhere.
        #[arg(long = "as", value_name = "PATH")]
        seen_as: Option<String>,
    },
}

#[derive(Args)]
pub(crate) struct BackupSource {
    /// The backup.
    pub(crate) file: PathBuf,
    /// The file of the age identity that opens it.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: PathBuf,
}
