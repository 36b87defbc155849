use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use asepsis_db::rusqlite::{Connection, OpenFlags};
use asepsis_db::{DbError, files};
use aws_lc_rs::digest::{Context, SHA256};
use tempfile::NamedTempFile;

use crate::manifest::{LAYOUT, NAME};
use crate::{BackupError, FileEntry, LogEntry, Manifest, Recipients};

/// The logs of a data directory.
const LOGS: [&str; 2] = ["log", "log-cli"];

/// The other databases, in the order in which they are copied: what is wrapped before what it is wrapped under.
const DATABASES: [&str; 4] = ["store.db", "evidence.db", "vault.db", "keys.db"];

/// Small files of a log's folder. What was cosigned before the checkpoint: it never covers more.
const OF_LOG: [&str; 4] = ["checkpoint.cosigned", "checkpoint", "log.vkey", "retention"];

/// Folders of small files that go in, with the endings of their names. What is known of watched backups: without the lists of
/// canaries, those in other backups could not be told from forged ones. The policies that were applied, which decide.
const FOLDERS: [(&str, &[&str]); 2] = [("watch", &[".json", ".canaries"]), ("policy", &[".json"])];

/// Which of the policies decides. Copied before them: they are only ever added.
const CURRENT_POLICY: &str = "policy/current";

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// What is in it.
    pub manifest: Manifest,
    /// The SHA-256 of the file in hexadecimal, by which it is named.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// Makes a backup of the data directory `data`, which may be in use, as the new file `to`, of mode 0600.
///
/// The copies of the databases lie in a folder in `data` meanwhile, so as much room is needed there as they take. The file gets
/// its name when it is whole and synced. `made` is the present, RFC 3339 in UTC.
///
/// # Errors
/// [`BackupError::Exists`]; [`BackupError::File`]; [`BackupError::Db`] if a database cannot be read.
pub fn create(data: &Path, to: &Path, recipients: &Recipients, made: &str) -> Result<Created, BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let staging = tempfile::Builder::new()
        .prefix(".backup-")
        .tempdir_in(data)
        .map_err(BackupError::file(data, "make a folder in"))?;
    let mut gathered = Vec::new();
    let mut logs = Vec::new();
    for log in LOGS.iter().filter(|log| data.join(log).join("entries.db").exists()) {
        // The checkpoint before the entries: it never covers more than they are.
        for name in OF_LOG {
            stage(data, staging.path(), &format!("{log}/{name}"), &mut gathered)?;
        }
        let checkpoint = fs::read_to_string(staging.path().join(log).join("checkpoint")).ok();
        logs.push(LogEntry { folder: (*log).to_owned(), checkpoint });
        snapshot(data, staging.path(), &format!("{log}/entries.db"), &mut gathered)?;
        tiles(data, log, &mut gathered)?;
    }
    stage(data, staging.path(), "tlog-policy", &mut gathered)?;
    stage(data, staging.path(), CURRENT_POLICY, &mut gathered)?;
    for (folder, endings) in FOLDERS {
        small_files(data, staging.path(), folder, endings, &mut gathered)?;
    }
    for name in DATABASES {
        snapshot(data, staging.path(), name, &mut gathered)?;
    }
    let mut entries = Vec::new();
    for file in &gathered {
        let (bytes, sha256) = digest(&file.at)?;
        entries.push(FileEntry { path: file.path.clone(), bytes, sha256 });
    }
    let manifest = Manifest {
        v: LAYOUT,
        made: made.to_owned(),
        asepsis: env!("CARGO_PKG_VERSION").to_owned(),
        logs,
        files: entries,
    };

    let folder = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = NamedTempFile::new_in(folder).map_err(BackupError::file(folder, "make a file in"))?;
    let written = BackupError::file(to, "write");
    write(file.as_file(), recipients, &manifest, &gathered).map_err(written)?;
    file.persist_noclobber(to).map_err(|e| BackupError::file(to, "name")(e.error))?;
    files::sync_parent(to).map_err(BackupError::file(to, "sync the folder of"))?;
    let (bytes, sha256) = digest(to)?;
    Ok(Created { manifest, sha256, bytes })
}

/// A file that goes in.
struct Gathered {
    /// Its path in the backup.
    path: String,
    /// Where it is read from.
    at: PathBuf,
}

/// Copies a small file where it is there, because the one in use may be replaced while the backup is written.
fn stage(data: &Path, staging: &Path, path: &str, into: &mut Vec<Gathered>) -> Result<(), BackupError> {
    let (from, at) = (data.join(path), staging.join(path));
    if from.exists() {
        folder_of(&at)?;
        fs::copy(&from, &at).map_err(BackupError::file(&from, "copy"))?;
        into.push(Gathered { path: path.to_owned(), at });
    }
    Ok(())
}

/// Copies the files of a folder that have such names, where it is there.
fn small_files(
    data: &Path,
    staging: &Path,
    folder: &str,
    endings: &[&str],
    into: &mut Vec<Gathered>,
) -> Result<(), BackupError> {
    let at = data.join(folder);
    let listed = match fs::read_dir(&at) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        listed => listed.map_err(BackupError::file(&at, "list"))?,
    };
    let mut names = Vec::new();
    for entry in listed {
        names.push(entry.map_err(BackupError::file(&at, "list"))?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let wanted = |name: &&String| !name.starts_with('.') && endings.iter().any(|ending| name.ends_with(ending));
    for name in names.iter().filter(wanted) {
        stage(data, staging, &format!("{folder}/{name}"), into)?;
    }
    Ok(())
}

/// Copies a database as it is in one moment, where it is there.
fn snapshot(data: &Path, staging: &Path, path: &str, into: &mut Vec<Gathered>) -> Result<(), BackupError> {
    let (from, at) = (data.join(path), staging.join(path));
    if !from.exists() {
        return Ok(());
    }
    folder_of(&at)?;
    let copied = || {
        let db =
            Connection::open_with_flags(&from, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        db.busy_timeout(std::time::Duration::from_secs(10))?;
        db.execute("VACUUM INTO ?", (at.to_string_lossy(),)).map(drop)
    };
    copied().map_err(|error| DbError::sqlite(&from, &error))?;
    into.push(Gathered { path: path.to_owned(), at });
    Ok(())
}

/// The full hash tiles of a log, which never change. They are needed where entries were pruned; all else is made again from
/// the entries.
fn tiles(data: &Path, log: &str, into: &mut Vec<Gathered>) -> Result<(), BackupError> {
    let mut folders = vec![format!("{log}/tile")];
    while let Some(folder) = folders.pop() {
        let at = data.join(&folder);
        let listed = match fs::read_dir(&at) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(BackupError::file(&at, "list")(error)),
        };
        let mut names = Vec::new();
        for entry in listed {
            let entry = entry.map_err(BackupError::file(&at, "list"))?;
            names.push((entry.file_name().to_string_lossy().into_owned(), entry.path().is_dir()));
        }
        names.sort();
        for (name, is_folder) in names {
            let path = format!("{folder}/{name}");
            if is_folder && name != "entries" && !name.ends_with(".p") {
                folders.push(path);
            } else if !is_folder && name.bytes().all(|b| b.is_ascii_digit() || b == b'x') {
                into.push(Gathered { at: data.join(&path), path });
            }
        }
    }
    Ok(())
}

fn folder_of(at: &Path) -> Result<(), BackupError> {
    let folder = at.parent().unwrap_or(at);
    files::private_directory(folder).map_err(BackupError::Db)
}

fn write(file: &File, recipients: &Recipients, manifest: &Manifest, gathered: &[Gathered]) -> io::Result<()> {
    let sealed = recipients.writer(BufWriter::new(file))?;
    let mut archive = tar::Builder::new(sealed);
    let text = serde_json::to_vec_pretty(manifest).map_err(io::Error::other)?;
    archive.append_data(&mut head(text.len() as u64), NAME, text.as_slice())?;
    for (from, entry) in gathered.iter().zip(&manifest.files) {
        // What has grown since it was counted must not shift what comes after; it is then refused when it is read.
        let content = File::open(&from.at)?.take(entry.bytes);
        archive.append_data(&mut head(entry.bytes), &entry.path, content)?;
    }
    let mut out = archive.into_inner()?.finish()?;
    out.flush()?;
    file.sync_all()
}

fn head(bytes: u64) -> tar::Header {
    let mut head = tar::Header::new_gnu();
    head.set_size(bytes);
    head.set_mode(0o600);
    head.set_entry_type(tar::EntryType::Regular);
    head
}

/// The length and SHA-256 of a file.
fn digest(path: &Path) -> Result<(u64, String), BackupError> {
    let read = || {
        let mut file = File::open(path)?;
        let (mut context, mut bytes, mut buffer) = (Context::new(&SHA256), 0, vec![0; 64 << 10]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok((bytes, hex(context.finish().as_ref()))),
                n => {
                    context.update(&buffer[..n]);
                    bytes += n as u64;
                }
            }
        }
    };
    read().map_err(BackupError::file(path, "read"))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
