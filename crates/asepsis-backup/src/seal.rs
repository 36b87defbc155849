use std::fmt;
use std::io::{Read, Write};
use std::path::Path;
use std::str::FromStr as _;

use age::{DecryptError, Decryptor, Encryptor, Identity, IdentityFile, Recipient};
use asepsis_db::files;
use zeroize::Zeroizing;

use crate::BackupError;

/// No file of identities is longer.
const LIMIT: usize = 64 * 1024;

/// Who can open a backup.
pub struct Recipients(Vec<age::x25519::Recipient>);

impl Recipients {
    /// Recipients as `age-keygen` shows them, `age1...`.
    ///
    /// # Errors
    /// [`BackupError::Key`] for what is none, and where there are none.
    pub fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, BackupError> {
        let parsed: Result<Vec<_>, _> =
            texts.into_iter().map(|text| age::x25519::Recipient::from_str(text.trim())).collect();
        match parsed {
            Ok(recipients) if !recipients.is_empty() => Ok(Self(recipients)),
            Ok(_) => {
                Err(BackupError::Key("a backup needs at least one recipient; age-keygen makes a key and shows it"))
            }
            Err(_) => {
                Err(BackupError::Key("this is no recipient of age; one begins with age1, as age-keygen shows it"))
            }
        }
    }

    pub(crate) fn writer<W: Write>(&self, out: W) -> std::io::Result<age::stream::StreamWriter<W>> {
        let all = self.0.iter().map(|recipient| recipient as &dyn Recipient);
        Encryptor::with_recipients(all).map_err(std::io::Error::other)?.wrap_output(out)
    }
}

/// What opens a backup: the identities of a file that `age-keygen` wrote.
pub struct Opener(Vec<Box<dyn Identity + Send + Sync>>);

impl Opener {
    /// Reads the file. It must be its owner's alone.
    ///
    /// # Errors
    /// [`BackupError::Db`] if it cannot be read or others may read it; [`BackupError::Key`] if there is no identity in it.
    pub fn load(path: &Path) -> Result<Self, BackupError> {
        let none = BackupError::Key("there is no age identity in this file; one begins with AGE-SECRET-KEY-1");
        let content = Zeroizing::new(files::read_secret(path, LIMIT)?);
        let read = IdentityFile::from_buffer(content.as_slice()).ok().and_then(|file| file.into_identities().ok());
        match read {
            Some(identities) if !identities.is_empty() => Ok(Self(identities)),
            _ => Err(none),
        }
    }

    pub(crate) fn reader<R: Read>(&self, path: &Path, sealed: R) -> Result<age::stream::StreamReader<R>, BackupError> {
        let fail = |error: DecryptError| BackupError::Sealed {
            path: path.to_owned(),
            why: match error {
                DecryptError::NoMatchingKeys => "it is not sealed to this identity; use the right identity file",
                _ => "it is no backup, or its head was changed",
            },
        };
        let decryptor = Decryptor::new(sealed).map_err(fail)?;
        decryptor.decrypt(self.0.iter().map(|identity| identity.as_ref() as &dyn Identity)).map_err(fail)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener(..)")
    }
}

impl fmt::Debug for Recipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipients({})", self.0.len())
    }
}
