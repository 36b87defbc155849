//! The section `[store]`: where the databases are, if not in files of the data directory.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use asepsis_db::{Server, ServerSettings};
use serde::Deserialize;

use crate::roots::secret;

/// The schema of the installation, where nothing else is said.
const SCHEMA: &str = "asepsis";

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StoreTable {
    /// The PostgreSQL server: `postgres://asepsis@db.example.org/asepsis`, without a password.
    url: Option<String>,
    /// The schema with all tables of this installation; `asepsis` where absent.
    schema: Option<String>,
    /// The file that holds the password.
    password_file: Option<PathBuf>,
    /// The environment variable that holds the password.
    password_env: Option<String>,
    /// Authorities to trust in place of the public ones, PEM.
    ca_file: Option<PathBuf>,
    /// A certificate to show, PEM.
    certificate: Option<PathBuf>,
    /// Its key.
    key: Option<PathBuf>,
    /// That something else keeps the connection from being read beyond this machine, so that plain text is meant.
    allow_plain_text: bool,
}

impl StoreTable {
    /// What holds of the section by itself.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.url.is_none() {
            let others = [
                self.schema.is_some(),
                self.password_file.is_some() || self.password_env.is_some(),
                self.ca_file.is_some() || self.certificate.is_some() || self.key.is_some(),
                self.allow_plain_text,
            ];
            if others.contains(&true) {
                bail!("[store] says how a server is reached and not which; name it by `url`, or leave the section out");
            }
        }
        if self.password_file.is_some() && self.password_env.is_some() {
            bail!("[store] has password_file and password_env; give one of them");
        }
        if self.certificate.is_some() != self.key.is_some() {
            bail!("[store] certificate and key go together");
        }
        Ok(())
    }

    /// The server, with its password and certificates read; `None` where the databases are files.
    pub(super) fn server(&self, base: &Path) -> anyhow::Result<Option<Server>> {
        let Some(url) = &self.url else { return Ok(None) };
        let password = match (&self.password_file, &self.password_env) {
            (None, None) => None,
            (file, env) => Some(secret("password", file.as_deref(), env.as_deref(), base).context("[store]")?),
        };
        let client = self.certificate.as_ref().zip(self.key.as_ref());
        let settings = ServerSettings {
            url: url.clone(),
            password,
            schema: self.schema.clone().unwrap_or_else(|| SCHEMA.to_owned()),
            ca_file: self.ca_file.as_ref().map(|path| base.join(path)),
            client: client.map(|(certificate, key)| (base.join(certificate), base.join(key))),
            plain_text_is_meant: self.allow_plain_text,
        };
        Ok(Some(Server::new(settings).context("[store]")?))
    }
}
