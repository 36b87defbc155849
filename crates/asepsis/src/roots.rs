//! Where the root of the keys is: the section `[keys]` of the configuration, and what is taken without one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use asepsis_keys::root::{
    AgeIdentity, AwsCredentials, AwsKms, AwsKmsOptions, LocalRoot, Transit, TransitOptions, TransitToken,
};
use asepsis_keys::{Root, RootKey, Roots, Tenant};
use serde::Deserialize;
use zeroize::Zeroizing;

/// The environment variable with a passphrase for a root key that is sealed with age, where no configuration names
/// another.
const PASSPHRASE: &str = "ASEPSIS_ROOT_PASSPHRASE";

/// The section `[keys]`.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct KeySettings {
    /// The organisation's name over its keys; `default` where absent.
    tenant: Option<String>,
    /// Where new epochs are sealed.
    root: RootTable,
    /// Where epochs of before are, until they are destroyed.
    former: Vec<RootTable>,
    /// Whether showing what a surrogate stands for needs a second person.
    pub(crate) second_person: bool,
    /// Relative paths start from here.
    #[serde(skip)]
    base: PathBuf,
}

/// A root.
#[derive(Clone, Default, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum RootTable {
    /// The file `keys/root.key` of the data directory, or `keys/root.key.age`.
    #[default]
    File,
    /// A file that is sealed with age.
    Age {
        /// The file; `keys/root.key.age` of the data directory where absent.
        file: Option<PathBuf>,
        /// The file of age identities that opens it.
        identity_file: Option<PathBuf>,
        /// The file that holds the passphrase.
        passphrase_file: Option<PathBuf>,
        /// The environment variable that holds the passphrase.
        passphrase_env: Option<String>,
    },
    /// A hardware security module.
    #[cfg(feature = "pkcs11")]
    Pkcs11 {
        /// The maker's library.
        module: PathBuf,
        /// The label of the token.
        token: String,
        /// The file that holds the PIN.
        pin_file: Option<PathBuf>,
        /// The environment variable that holds the PIN.
        pin_env: Option<String>,
    },
    /// The Transit engine of HashiCorp Vault or OpenBao.
    Transit {
        /// The server.
        address: String,
        /// Where the engine is mounted; `transit` where absent.
        mount: Option<String>,
        /// The namespace.
        namespace: Option<String>,
        /// The file that holds the token; an agent may renew it.
        token_file: Option<PathBuf>,
        /// The environment variable that holds the token.
        token_env: Option<String>,
        /// Authorities to trust besides the public ones, PEM.
        ca_file: Option<PathBuf>,
    },
    /// The key service of AWS, or what speaks its API. The access key stands in the usual environment variables.
    AwsKms {
        /// The region.
        region: String,
        /// The address, where it is not AWS's own.
        endpoint: Option<String>,
        /// Authorities to trust besides the public ones, PEM.
        ca_file: Option<PathBuf>,
    },
}

impl KeySettings {
    /// With the folder from which relative paths start.
    pub(crate) fn based(&self, base: &Path) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The name over the keys.
    /// Whether the root is a file in the clear in `folder`.
    pub(crate) fn is_plain_file(&self, folder: &Path) -> bool {
        matches!(self.root, RootTable::File) && folder.join("root.key").exists()
    }

    pub(crate) fn tenant(&self) -> anyhow::Result<Tenant> {
        self.tenant.as_deref().map_or_else(|| Ok(Tenant::default()), Tenant::new).context("[keys] tenant")
    }

    /// The roots. `folder` is where the data directory has key files, `made` a database there that needs its key
    /// already.
    pub(crate) async fn roots(&self, folder: &Path, made: Option<&Path>) -> anyhow::Result<Roots> {
        let mut roots = Roots::new(self.root.open(folder, made, &self.base).await.context("[keys] root")?);
        for former in &self.former {
            // What was before is never made anew.
            let root = former.open(folder, Some(&folder.join("..")), &self.base).await.context("[[keys.former]]")?;
            roots = roots.former(root);
        }
        Ok(roots)
    }
}

impl RootTable {
    async fn open(&self, folder: &Path, made: Option<&Path>, base: &Path) -> anyhow::Result<Arc<dyn Root>> {
        Ok(match self {
            Self::File => Arc::new(LocalRoot::new(file(folder, made)?, folder)?),
            Self::Age { file, identity_file, passphrase_file, passphrase_env } => {
                let identity = match (identity_file, passphrase_file, passphrase_env) {
                    (Some(path), None, None) => AgeIdentity::load(&base.join(path))?,
                    (None, path, name) => {
                        AgeIdentity::passphrase(&secret("passphrase", path.as_deref(), name.as_deref(), base)?)
                    }
                    _ => bail!(
                        "kind = \"age\" has several of identity_file, passphrase_file and passphrase_env; give one"
                    ),
                };
                let path = file.as_ref().map_or_else(|| folder.join("root.key.age"), |path| base.join(path));
                Arc::new(LocalRoot::new(RootKey::load_sealed(&path, &identity)?, folder)?)
            }
            #[cfg(feature = "pkcs11")]
            Self::Pkcs11 { module, token, pin_file, pin_env } => {
                let pin = secret("pin", pin_file.as_deref(), pin_env.as_deref(), base)?;
                let options =
                    asepsis_keys::root::Pkcs11Options { module: base.join(module), token: token.clone(), pin };
                Arc::new(asepsis_keys::root::Pkcs11::open(options).await?)
            }
            Self::Transit { address, mount, namespace, token_file, token_env, ca_file } => {
                let token = match token_file {
                    Some(path) if token_env.is_none() => TransitToken::File(base.join(path)),
                    _ => TransitToken::Fixed(secret("token", token_file.as_deref(), token_env.as_deref(), base)?),
                };
                Arc::new(Transit::new(TransitOptions {
                    address: address.clone(),
                    mount: mount.clone().unwrap_or_else(|| "transit".to_owned()),
                    namespace: namespace.clone(),
                    token,
                    ca_file: ca_file.as_ref().map(|path| base.join(path)),
                })?)
            }
            Self::AwsKms { region, endpoint, ca_file } => {
                let session = std::env::var("AWS_SESSION_TOKEN").ok().filter(|token| !token.is_empty());
                Arc::new(AwsKms::new(AwsKmsOptions {
                    region: region.clone(),
                    endpoint: endpoint.clone(),
                    credentials: AwsCredentials {
                        access_key_id: secret("AWS access key id", None, Some("AWS_ACCESS_KEY_ID"), base)?.to_string(),
                        secret_access_key: secret("AWS access key", None, Some("AWS_SECRET_ACCESS_KEY"), base)?,
                        session_token: session.map(Zeroizing::new),
                    },
                    ca_file: ca_file.as_ref().map(|path| base.join(path)),
                })?)
            }
        })
    }
}

/// The root key of a folder: its file, or that file sealed with age; a new one where nothing needs one yet.
fn file(folder: &Path, made: Option<&Path>) -> anyhow::Result<RootKey> {
    let (path, sealed) = (folder.join("root.key"), folder.join("root.key.age"));
    if path.exists() {
        return Ok(RootKey::load(&path)?);
    }
    if sealed.exists() {
        let passphrase = Zeroizing::new(std::env::var(PASSPHRASE).unwrap_or_default());
        if passphrase.is_empty() {
            bail!(
                "{} is sealed with age; put its passphrase into the environment variable {PASSPHRASE}, or say in [keys.root] of \
                 the configuration what opens it",
                sealed.display()
            );
        }
        return Ok(RootKey::load_sealed(&sealed, &AgeIdentity::passphrase(&passphrase))?);
    }
    if let Some(made) = made {
        bail!(
            "{} is gone, and {} cannot be opened without it; put the key back from its copy, or name another root in \
             [keys.root] of the configuration",
            path.display(),
            made.display()
        );
    }
    let key = RootKey::generate()?;
    key.save(&path)?;
    Ok(key)
}

/// A secret from a file that is its owner's alone, or from an environment variable.
pub(crate) fn secret(
    what: &str,
    file: Option<&Path>,
    env: Option<&str>,
    base: &Path,
) -> anyhow::Result<Zeroizing<String>> {
    let text = match (file, env) {
        (Some(path), None) => {
            let bytes = Zeroizing::new(asepsis_db::files::read_secret(&base.join(path), 4096)?);
            let text = std::str::from_utf8(&bytes).with_context(|| format!("{}: it is no text", path.display()))?;
            Zeroizing::new(text.trim().to_owned())
        }
        (None, Some(name)) => Zeroizing::new(
            std::env::var(name)
                .map_err(|_| anyhow::anyhow!("the environment variable {name}, which holds the {what}, is not set"))?,
        ),
        _ => bail!("give either {what}_file or {what}_env"),
    };
    anyhow::ensure!(!text.is_empty(), "the {what} is empty");
    Ok(text)
}
