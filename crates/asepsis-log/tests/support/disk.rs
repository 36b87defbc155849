//! Small disks of their own: ext4 on a loop device whose backing file lies in memory.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A small disk in memory, mounted.
pub struct Disk {
    folder: tempfile::TempDir,
    /// How often it became what it held; the image and the mount point have it in their names.
    times: usize,
}

impl Disk {
    /// A disk of so many MiB; `None` where nothing can be mounted, which is said.
    pub fn new(megabytes: u64) -> Option<Self> {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let disk = Self { folder, times: 0 };
        std::fs::File::create(disk.image(0)).unwrap().set_len(megabytes << 20).unwrap();
        let made = succeeds(Command::new("mkfs.ext4").args(["-q", "-F", "-e", "remount-ro"]).arg(disk.image(0)));
        if made && disk.mount("loop") {
            return Some(disk);
        }
        let said = "left out: tests with a disk of their own, because none can be mounted on a loop device here";
        writeln!(std::io::stderr(), "{said}").ok();
        None
    }

    fn image(&self, times: usize) -> PathBuf {
        self.folder.path().join(format!("image-{times}"))
    }

    /// Where it is mounted.
    pub fn mounted(&self) -> PathBuf {
        self.folder.path().join(format!("mounted-{}", self.times))
    }

    fn mount(&self, options: &str) -> bool {
        std::fs::create_dir_all(self.mounted()).unwrap();
        succeeds(Command::new("mount").args(["-o", options]).arg(self.image(self.times)).arg(self.mounted()))
    }

    /// Mounts it anew, so that nothing can be written.
    pub fn read_only(&self) {
        assert!(succeeds(Command::new("umount").arg(self.mounted())), "something is still open");
        assert!(self.mount("loop,ro"));
    }

    /// Meets an error from which its file system protects itself: nothing can be written any more, also to files that are
    /// open. `false` where this kernel cannot be asked for one, which is said.
    pub fn fails(&self) -> bool {
        let found = Command::new("findmnt").args(["-n", "-o", "SOURCE"]).arg(self.mounted()).output().unwrap();
        let device = String::from_utf8(found.stdout).unwrap();
        let device = Path::new(device.trim()).file_name().unwrap();
        let trigger = Path::new("/sys/fs/ext4").join(device).join("trigger_fs_error");
        let failed = std::fs::write(trigger, "a test").is_ok();
        if !failed {
            writeln!(
                std::io::stderr(),
                "left out: a file system that fails, because this kernel has no way to ask for it"
            )
            .ok();
        }
        failed
    }

    /// Is mounted anew, as after a repair.
    pub fn mount_anew(&self) {
        assert!(succeeds(Command::new("umount").arg(self.mounted())), "something is still open");
        assert!(self.mount("loop"));
    }

    /// Becomes what the disk holds at this moment, as after a power cut: its backing file is copied, `then` ends who wrote on it,
    /// and the copy is mounted.
    pub fn becomes_what_it_holds(&mut self, then: impl FnOnce()) {
        std::fs::copy(self.image(self.times), self.image(self.times + 1)).unwrap();
        then();
        self.unmount();
        self.times += 1;
        assert!(self.mount("loop"), "what was left cannot be mounted");
    }

    /// Another disk that holds what this one holds at this moment, while this one goes on.
    pub fn copy(&self) -> Self {
        let folder = tempfile::tempdir_in(self.folder.path().parent().unwrap()).unwrap();
        let copy = Self { folder, times: 0 };
        std::fs::copy(self.image(self.times), copy.image(0)).unwrap();
        assert!(copy.mount("loop"), "what it holds cannot be mounted");
        copy
    }

    fn unmount(&self) {
        succeeds(Command::new("umount").arg("--lazy").arg(self.mounted()));
        std::fs::remove_file(self.image(self.times)).ok();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.unmount();
    }
}

/// Whether a command succeeds; what it says is not shown.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
