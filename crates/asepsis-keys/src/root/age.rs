//! The root key's file sealed with age (<https://age-encryption.org/v1>), by this program or by any other that speaks
//! it.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::str::FromStr as _;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, Identity, IdentityFile, Recipient};
use asepsis_db::files;
use zeroize::Zeroizing;

use crate::RootKey;
use crate::root::RootError;

/// Longer than a root key that is sealed to some dozens of recipients.
const LIMIT: usize = 64 * 1024;

/// The most that a passphrase may cost to try: 2^20 rounds of scrypt take 1 GiB and some seconds. age itself takes
/// 2^18.
const MOST_WORK: u8 = 20;

/// What opens a file that is sealed with age.
pub struct AgeIdentity(Opener);

enum Opener {
    Passphrase(SecretString),
    Identities(Vec<Box<dyn Identity + Send + Sync>>),
}

impl AgeIdentity {
    /// A passphrase.
    pub fn passphrase(passphrase: &str) -> Self {
        Self(Opener::Passphrase(SecretString::from(passphrase.to_owned())))
    }

    /// The identities of a file that `age-keygen` wrote. It must be its owner's alone.
    ///
    /// # Errors
    /// [`RootError::File`]; [`RootError::Sealed`] if there is no identity in it.
    pub fn load(path: &Path) -> Result<Self, RootError> {
        let none =
            || sealed(path, "it holds no age identity; one begins with AGE-SECRET-KEY-1, and age-keygen makes it");
        let content = Zeroizing::new(files::read_secret(path, LIMIT)?);
        let identities = IdentityFile::from_buffer(content.as_slice()).map_err(|_| none())?;
        let identities = identities.into_identities().map_err(|_| none())?;
        if identities.is_empty() { Err(none()) } else { Ok(Self(Opener::Identities(identities))) }
    }
}

impl fmt::Debug for AgeIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgeIdentity(..)")
    }
}

impl RootKey {
    /// Reads a root key's file that is sealed with age, binary or armored.
    ///
    /// With a passphrase this takes about a second, by age's design.
    ///
    /// # Errors
    /// [`RootError::Sealed`] says why it does not open; [`RootError::BadKeyFile`] if there is no root key in it.
    pub fn load_sealed(path: &Path, identity: &AgeIdentity) -> Result<Self, RootError> {
        let content = files::read_secret(path, LIMIT)?;
        let fail = |e: &DecryptError| sealed(path, why(e, &identity.0));
        let decryptor = Decryptor::new_buffered(ArmoredReader::new(content.as_slice())).map_err(|e| fail(&e))?;
        let opened = match &identity.0 {
            Opener::Passphrase(_) if !decryptor.is_scrypt() => {
                return Err(sealed(
                    path,
                    "it is sealed to recipients and not with a passphrase; name an identity file",
                ));
            }
            Opener::Identities(_) if decryptor.is_scrypt() => {
                return Err(sealed(path, "it is sealed with a passphrase; give that"));
            }
            Opener::Passphrase(passphrase) => {
                let mut identity = age::scrypt::Identity::new(passphrase.clone());
                identity.set_max_work_factor(MOST_WORK);
                decryptor.decrypt(std::iter::once(&identity as &dyn Identity))
            }
            Opener::Identities(all) => decryptor.decrypt(all.iter().map(|i| i.as_ref() as &dyn Identity)),
        };
        let mut opened = opened.map_err(|e| fail(&e))?;
        // Longer than any key file, and full size at once: a growing buffer would leave copies behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(256));
        opened
            .by_ref()
            .take(256)
            .read_to_end(&mut plain)
            .map_err(|_| sealed(path, "it was changed or damaged; restore it from its copy"))?;
        Self::parse(&plain).ok_or_else(|| RootError::BadKeyFile { path: path.display().to_string() })
    }
}

/// Writes the root key to a new file of mode 0600, sealed with age and armored, to recipients (`age1...`, as
/// `age-keygen` shows them) or, where there are none, with a passphrase.
///
/// # Errors
/// [`RootError::Sealed`] for what is no recipient; [`RootError::File`] if there is such a file already.
pub fn seal_to(key: &RootKey, path: &Path, recipients: &[String], passphrase: Option<&str>) -> Result<(), RootError> {
    let parsed = recipients.iter().map(|text| age::x25519::Recipient::from_str(text.trim()));
    let parsed: Vec<_> = parsed.collect::<Result<_, _>>().map_err(|_| {
        sealed(path, "one of the recipients is none of age's; a recipient begins with age1, as age-keygen shows it")
    })?;
    let encryptor = match passphrase {
        Some(passphrase) if parsed.is_empty() && !passphrase.is_empty() => {
            Encryptor::with_user_passphrase(SecretString::from(passphrase.to_owned()))
        }
        None if !parsed.is_empty() => Encryptor::with_recipients(parsed.iter().map(|r| r as &dyn Recipient))
            .map_err(|_| sealed(path, "these recipients cannot be mixed in one file"))?,
        _ => return Err(sealed(path, "name recipients or a passphrase, and not both")),
    };
    let mut file = Vec::new();
    let write = || -> std::io::Result<()> {
        let armored = ArmoredWriter::wrap_output(&mut file, Format::AsciiArmor)?;
        let mut writer = encryptor.wrap_output(armored)?;
        writer.write_all(key.text().as_bytes())?;
        writer.finish()?.finish()?;
        Ok(())
    };
    write().map_err(|_| sealed(path, "the seal could not be made; try again"))?;
    Ok(files::create_secret(path, &file)?)
}

fn sealed(path: &Path, why: &'static str) -> RootError {
    RootError::Sealed { path: path.display().to_string(), why }
}

fn why(error: &DecryptError, opener: &Opener) -> &'static str {
    match (error, opener) {
        (DecryptError::ExcessiveWork { .. }, _) => {
            "trying the passphrase costs more than 2^20 rounds of scrypt; seal it anew with fewer"
        }
        (DecryptError::NoMatchingKeys, Opener::Identities(_)) => {
            "it is not sealed to this identity; use the right identity file"
        }
        (DecryptError::KeyDecryptionFailed | DecryptError::DecryptionFailed, Opener::Passphrase(_)) => {
            "the passphrase is wrong, or the file was changed"
        }
        (DecryptError::UnknownFormat | DecryptError::InvalidHeader | DecryptError::Io(_), _) => {
            "it is not what age writes, or was damaged; restore it from its copy"
        }
        _ => "it was changed or damaged; restore it from its copy",
    }
}
