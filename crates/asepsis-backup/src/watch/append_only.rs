//! Whether a backup can be deleted, as far as that can be known from here.

use std::path::Path;

use super::{AppendOnly, Watch, WatchKind};

/// Of a repository in a folder of this machine: whether this process may write there. Of any other it cannot be told.
pub(super) fn of_folder(watch: &Watch) -> AppendOnly {
    if watch.kind == WatchKind::PgBackRest || watch.repository.contains(':') {
        return AppendOnly::Unknown;
    }
    let folder = Path::new(watch.repository.as_str());
    // What can be deleted of restic's lies in its folder `data`.
    let data = folder.join("data");
    if watch.kind == WatchKind::Restic && data.is_dir() { writable(&data) } else { writable(folder) }
}

#[cfg(unix)]
fn writable(folder: &Path) -> AppendOnly {
    use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};
    match (access(folder, Access::WRITE_OK), statvfs(folder)) {
        (Ok(()), Ok(disk)) if disk.f_flag.contains(StatVfsMountFlags::RDONLY) => AppendOnly::Held,
        (Ok(()), Ok(_)) => AppendOnly::Missing,
        (Err(rustix::io::Errno::ACCESS | rustix::io::Errno::ROFS | rustix::io::Errno::PERM), _) => AppendOnly::Held,
        _ => AppendOnly::Unknown,
    }
}

#[cfg(not(unix))]
fn writable(_: &Path) -> AppendOnly {
    AppendOnly::Unknown
}
