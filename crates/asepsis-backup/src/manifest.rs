use serde::{Deserialize, Serialize};

/// The layout of backups that this program writes.
pub(crate) const LAYOUT: u32 = 1;

/// The name of the manifest within a backup.
pub(crate) const NAME: &str = "manifest.json";

/// No manifest is longer, in bytes: some 200,000 files.
pub(crate) const LONGEST: u64 = 64 << 20;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The layout of the backup.
    pub v: u32,
    /// When it was made: RFC 3339 in UTC.
    pub made: String,
    /// The version of Asepsis that made it.
    pub asepsis: String,
    /// The logs in it.
    pub logs: Vec<LogEntry>,
    /// Every file, in the order in which they stand.
    pub files: Vec<FileEntry>,
}

/// A log in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEntry {
    /// Its folder in the data directory: `log`, `log-cli`.
    pub folder: String,
    /// The signed checkpoint (C2SP tlog-checkpoint) over the entries in the backup, as text; absent where none was signed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
}

/// A file in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its path from the data directory, with `/`.
    pub path: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// The SHA-256 of its content in hexadecimal.
    pub sha256: String,
}
