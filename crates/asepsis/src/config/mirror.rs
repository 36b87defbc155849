//! The section `[record.mirror]`: where the published files of the log are kept as well.

use std::path::{Path, PathBuf};

use anyhow::Context;
use asepsis_mirror::{Address, Options};
use serde::Deserialize;

/// A place of published files.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mirror {
    /// `s3://bucket/prefix` or `file:///folder`.
    url: String,
    /// The address of the object store, where it is not AWS's own.
    #[serde(default)]
    endpoint: Option<String>,
    #[serde(default)]
    region: Option<String>,
    /// That plain HTTP beyond this machine is meant.
    #[serde(default)]
    allow_http: bool,
    /// The file of access keys, where they do not stand in the environment.
    #[serde(default)]
    credentials_file: Option<PathBuf>,
    /// Authorities to trust besides the public ones, PEM.
    #[serde(default)]
    ca_file: Option<PathBuf>,
}

impl Mirror {
    pub(super) fn address(&self) -> anyhow::Result<Address> {
        self.url.parse().context("[record.mirror] url")
    }

    pub(super) fn options(&self, base: &Path) -> Options {
        Options {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            allow_http: self.allow_http,
            credentials_file: self.credentials_file.as_ref().map(|file| base.join(file)),
            ca_file: self.ca_file.as_ref().map(|file| base.join(file)),
        }
    }
}
