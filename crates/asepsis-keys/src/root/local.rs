//! The root as files on this machine: one root key, and beside it a key for each epoch.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use asepsis_db::{DbError, files};
use zeroize::Zeroizing;

use crate::root::{Destruction, EpochPlace, Root, RootError, RootFuture, RootKeyId};
use crate::secret::{hex, joined, random_id};
use crate::{BlindKey, CryptoFailed, SealKey, Secret};

/// How a root key file begins; the key follows in hexadecimal.
const ROOT: &str = "asepsis-root-key-1:";

/// How the file of an epoch's key begins.
const EPOCH: &str = "asepsis-epoch-key-1:";

/// Longer than any key file.
const LIMIT: usize = 128;

const SCHEME: &str = "local";

/// The key over all keys. Whoever holds it, the keys of the epochs beside it and the databases can open everything:
/// keep it apart from the backups of the databases (45 CFR 164.514(c)(2): the mechanism for re-identification is not
/// disclosed).
pub struct RootKey(Secret);

impl RootKey {
    /// A new random key.
    ///
    /// # Errors
    /// [`CryptoFailed`] if the system gives no random numbers.
    pub fn generate() -> Result<Self, CryptoFailed> {
        Ok(Self(Secret::random()?))
    }

    /// Reads a key that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`RootError::File`] if the file cannot be read or others may read it; [`RootError::BadKeyFile`] if it is no key.
    pub fn load(path: &Path) -> Result<Self, RootError> {
        load(ROOT, path).map(Self)
    }

    /// The key whose text, as in a key file, this is.
    #[cfg(feature = "age")]
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        parse(ROOT, text).map(Self)
    }

    /// Writes the key to a new file of mode 0600 and syncs it.
    ///
    /// # Errors
    /// [`RootError::File`] if there is such a file already or it cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), RootError> {
        Ok(files::create_secret(path, self.text().as_bytes())?)
    }

    /// What stands in a key file.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        text(ROOT, &self.0)
    }

    /// The key for one use of a vault of before there were epochs.
    ///
    /// # Errors
    /// [`CryptoFailed`].
    pub fn derive_for_old_vault(&self, label: &str) -> Result<Secret, CryptoFailed> {
        self.0.derive(b"asepsis.vault.1", &[label.as_bytes()])
    }

    /// Eight bytes by which the right key is told from another.
    fn fingerprint(&self) -> Result<String, CryptoFailed> {
        let naming = BlindKey::new(&self.0.derive(b"asepsis.keys.1", &[b"name the root key"])?);
        Ok(hex(&naming.tag(&[b"fingerprint"])[..8]))
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey(..)")
    }
}

/// A root key in memory and the keys of its epochs as files in a folder.
///
/// Both are needed to open an epoch: the file of an epoch is worth nothing without the root key, so it needs no seal of
/// its own, and destroying an epoch is deleting its file. That erases as well as the file system does: it is
/// overwritten first, which a disk that writes elsewhere (an SSD, a file system with snapshots) may not carry out. Use
/// a full-disk encryption below it, or another root, where that is not enough.
pub struct LocalRoot {
    key: RootKey,
    fingerprint: String,
    folder: PathBuf,
}

impl LocalRoot {
    /// A root of this key whose epochs are in `folder`.
    ///
    /// # Errors
    /// [`CryptoFailed`].
    pub fn new(key: RootKey, folder: &Path) -> Result<Self, CryptoFailed> {
        Ok(Self { fingerprint: key.fingerprint()?, key, folder: folder.to_owned() })
    }

    /// The root key.
    pub fn key(&self) -> &RootKey {
        &self.key
    }

    /// The file of an epoch, where the key is of this root.
    fn file(&self, key: &RootKeyId) -> Result<PathBuf, RootError> {
        let (fingerprint, epoch) = key.name(SCHEME).and_then(|n| n.split_once(':')).ok_or(RootError::WrongKey)?;
        // The name goes into a path.
        let is_id = epoch.len() == 32 && epoch.bytes().all(|b| b.is_ascii_hexdigit());
        if fingerprint != self.fingerprint || !is_id {
            return Err(RootError::WrongKey);
        }
        Ok(self.folder.join(format!("epoch-{epoch}.key")))
    }

    fn seal_key(&self, key: &RootKeyId) -> Result<SealKey, RootError> {
        let path = self.file(key)?;
        if !path.exists() {
            return Err(RootError::Gone(key.clone()));
        }
        let epoch = load(EPOCH, &path)?;
        let seal = self.key.0.derive(epoch.as_bytes(), &[b"asepsis.keys.1 wrap the key of an epoch"])?;
        Ok(SealKey::new(&seal)?)
    }

    fn make(&self) -> Result<RootKeyId, RootError> {
        let id = RootKeyId::new(SCHEME, &format!("{}:{}", self.fingerprint, hex(&random_id()?)));
        files::private_directory(&self.folder)?;
        files::create_secret(&self.file(&id)?, text(EPOCH, &Secret::random()?).as_bytes())?;
        Ok(id)
    }
}

impl Root for LocalRoot {
    fn holds(&self, key: &RootKeyId) -> bool {
        key.name(SCHEME).and_then(|name| name.split_once(':')).is_some_and(|(root, _)| root == self.fingerprint)
    }

    fn create<'a>(&'a self, _: &'a EpochPlace) -> RootFuture<'a, RootKeyId> {
        Box::pin(async { self.make() })
    }

    fn wrap<'a>(&'a self, key: &'a RootKeyId, place: &'a EpochPlace, secret: &'a Secret) -> RootFuture<'a, Vec<u8>> {
        Box::pin(async move { Ok(self.seal_key(key)?.seal(&full_place(key, place), secret.as_bytes())?) })
    }

    fn unwrap<'a>(&'a self, key: &'a RootKeyId, place: &'a EpochPlace, wrapped: &'a [u8]) -> RootFuture<'a, Secret> {
        Box::pin(async move {
            let opened = self.seal_key(key)?.open(&full_place(key, place), wrapped);
            opened.and_then(|bytes| Secret::from_slice(&bytes)).ok_or(RootError::Tampered(place.epoch))
        })
    }

    fn destroy<'a>(&'a self, key: &'a RootKeyId) -> RootFuture<'a, Destruction> {
        Box::pin(async move {
            erase(&self.file(key)?)?;
            Ok(Destruction::Done)
        })
    }
}

impl fmt::Debug for LocalRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRoot").field("folder", &self.folder).finish_non_exhaustive()
    }
}

fn full_place(key: &RootKeyId, place: &EpochPlace) -> Vec<u8> {
    joined(&[&place.to_bytes(), key.to_string().as_bytes()])
}

/// Overwrites a key file, then deletes it; both are on disk when this returns. One that is gone already is no error.
fn erase(path: &Path) -> Result<(), RootError> {
    let fail = |doing, source| RootError::File(DbError::File { path: path.to_owned(), doing, source });
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(fail("open the file", e)),
    };
    let length = file.metadata().map_err(|e| fail("look at the file", e))?.len();
    let zeros = vec![b'0'; usize::try_from(length).unwrap_or(LIMIT).min(4096)];
    file.seek(SeekFrom::Start(0))
        .and_then(|_| file.write_all(&zeros))
        .and_then(|()| file.sync_all())
        .map_err(|e| fail("overwrite the file", e))?;
    std::fs::remove_file(path).map_err(|e| fail("delete the file", e))?;
    files::sync_parent(path).map_err(|e| fail("sync the directory", e))
}

fn load(prefix: &str, path: &Path) -> Result<Secret, RootError> {
    let content = Zeroizing::new(files::read_secret(path, LIMIT)?);
    parse(prefix, &content).ok_or_else(|| RootError::BadKeyFile { path: path.display().to_string() })
}

fn text(prefix: &str, key: &Secret) -> Zeroizing<String> {
    // Full size at once: a growing string would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 65));
    text.push_str(prefix);
    for byte in key.as_bytes() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text.push('\n');
    text
}

fn parse(prefix: &str, content: &[u8]) -> Option<Secret> {
    let digits = content.trim_ascii_end().strip_prefix(prefix.as_bytes())?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut key = Secret::default();
    for (byte, [high, low]) in key.bytes_mut().iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_key_reads_back_and_does_not_show_itself() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("root.key");
        let key = RootKey::generate().unwrap();
        key.save(&path).unwrap();
        let again = RootKey::load(&path).unwrap();
        assert_eq!(again.0.as_bytes(), key.0.as_bytes());
        assert_eq!(again.fingerprint().unwrap(), key.fingerprint().unwrap());
        assert_eq!(format!("{key:?}"), "RootKey(..)");
        let derived = |label| *key.derive_for_old_vault(label).unwrap().as_bytes();
        assert_ne!(derived("a"), derived("b"));
        std::fs::write(&path, "asepsis-root-key-1:00").unwrap();
        assert!(matches!(RootKey::load(&path), Err(RootError::BadKeyFile { .. })));
    }

    #[test]
    fn a_file_is_overwritten_before_it_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("epoch.key");
        std::fs::write(&path, "asepsis-epoch-key-1:secret").unwrap();
        // A second name of the same file shows what is left of it.
        std::fs::hard_link(&path, dir.path().join("link")).unwrap();
        erase(&path).unwrap();
        assert!(!path.exists());
        assert_eq!(std::fs::read(dir.path().join("link")).unwrap(), vec![b'0'; 26]);
        erase(&path).unwrap();
    }
}
