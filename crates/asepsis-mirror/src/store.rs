//! The few things that are asked of an object store, with bounds and errors of ours.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Location;
use object_store::prefix::PrefixStore;
use object_store::{
    Attribute, Attributes, Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, RetryConfig,
    UpdateVersion,
};

use crate::connect::Connector;
use crate::credentials::Credentials;
use crate::{Address, MirrorError, Options};

/// The longest file of a log: a bundle of 256 entries with their lengths.
const LONGEST: u64 = 256 * (2 + asepsis_log::MAX_ENTRY_BYTES as u64);

/// How long one request may take, with its body and what is tried again below us.
const PATIENCE: Duration = Duration::from_secs(60);

/// A place of published files.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<dyn ObjectStore>,
    /// For errors.
    place: String,
    /// Whether it takes content types and updates on a condition; a file system does not.
    is_remote: bool,
}

/// A file with what it takes to replace it only if it is still that one.
pub(crate) struct Stored {
    pub(crate) content: Bytes,
    version: UpdateVersion,
}

/// How a file was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    Written,
    /// There is one already, or it is another one than was read.
    Taken,
}

impl Store {
    /// Opens the place; nothing is asked of it yet. A folder is made where it is not there, if `make` says so.
    ///
    /// # Errors
    /// [`MirrorError::Settings`]; [`MirrorError::Local`] if the folder cannot be used.
    pub fn open(address: &Address, options: &Options, make: bool) -> Result<Self, MirrorError> {
        let place = address.to_string();
        match address {
            Address::Folder(path) => {
                let local = |source| MirrorError::Local { path: path.clone(), source };
                if make {
                    let mut builder = std::fs::DirBuilder::new();
                    builder.recursive(true);
                    #[cfg(unix)]
                    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
                    builder.create(path).map_err(local)?;
                }
                let files = LocalFileSystem::new_with_prefix(path).map_err(|e| local(std::io::Error::other(e)))?;
                // Without it a power cut could leave a checkpoint and not its tiles.
                Ok(Self { inner: Arc::new(files.with_fsync(true)), place, is_remote: false })
            }
            Address::S3 { bucket, prefix } => {
                let s3 = s3(bucket, options)?;
                let inner: Arc<dyn ObjectStore> = match prefix.as_str() {
                    "" => Arc::new(s3),
                    prefix => Arc::new(PrefixStore::new(s3, Location::from(prefix))),
                };
                Ok(Self { inner, place, is_remote: true })
            }
        }
    }

    /// The place, as it is written.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Whether it replaces a file on a condition.
    pub(crate) fn is_conditional(&self) -> bool {
        self.is_remote
    }

    /// A file, where it is there.
    pub(crate) async fn get(&self, path: &str) -> Result<Option<Stored>, MirrorError> {
        let got = self.within(async {
            let got = match self.inner.get(&Location::from(path)).await {
                Err(Error::NotFound { .. }) => return Ok(None),
                got => got?,
            };
            if got.meta.size > LONGEST {
                return Ok(Some(None));
            }
            let version = UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
            let mut content = Vec::with_capacity(usize::try_from(got.meta.size).unwrap_or_default());
            let mut stream = got.into_stream();
            while let Some(piece) = stream.next().await {
                content.extend_from_slice(&piece?);
                // What it says of its length need not be true.
                if content.len() as u64 > LONGEST {
                    return Ok(Some(None));
                }
            }
            Ok(Some(Some(Stored { content: content.into(), version })))
        });
        match got.await.map_err(|error| self.error(path, error))? {
            None => Ok(None),
            Some(None) => Err(MirrorError::TooLong { place: self.place.clone(), path: path.to_owned() }),
            Some(stored) => Ok(stored),
        }
    }

    /// Puts a file where none is.
    pub(crate) async fn create(&self, path: &str, content: Bytes) -> Result<Put, MirrorError> {
        self.put(path, content, PutMode::Create).await
    }

    /// Puts a file in the place of the one that was read, or, without one, where none is. A file system has no such condition:
    /// there the caller has the lock.
    pub(crate) async fn replace(&self, path: &str, content: Bytes, was: Option<&Stored>) -> Result<Put, MirrorError> {
        let mode = match was {
            None => PutMode::Create,
            Some(was) if self.is_remote => PutMode::Update(was.version.clone()),
            Some(_) => PutMode::Overwrite,
        };
        self.put(path, content, mode).await
    }

    /// Puts a file whatever is there.
    pub(crate) async fn overwrite(&self, path: &str, content: Bytes) -> Result<(), MirrorError> {
        self.put(path, content, PutMode::Overwrite).await.map(drop)
    }

    async fn put(&self, path: &str, content: Bytes, mode: PutMode) -> Result<Put, MirrorError> {
        let mut options = PutOptions::from(mode);
        if self.is_remote {
            options.attributes = attributes(path);
        }
        let put = self.within(self.inner.put_opts(&Location::from(path), PutPayload::from(content), options)).await;
        match put {
            Ok(_) => Ok(Put::Written),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Put::Taken),
            Err(error) => Err(self.error(path, error)),
        }
    }

    /// Deletes the files below a path. Who may not delete leaves them: they do no harm.
    pub(crate) async fn delete_below(&self, path: &str) -> Result<(), MirrorError> {
        let deleted = self.within(async {
            let listed: Vec<_> = self.inner.list(Some(&Location::from(path))).collect().await;
            for file in listed {
                self.inner.delete(&file?.location).await?;
            }
            Ok(())
        });
        match deleted.await {
            Ok(()) | Err(Error::PermissionDenied { .. } | Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.error(path, error)),
        }
    }

    async fn within<T>(&self, work: impl Future<Output = object_store::Result<T>>) -> object_store::Result<T> {
        tokio::time::timeout(PATIENCE, work)
            .await
            .unwrap_or_else(|late| Err(Error::Generic { store: "the store", source: Box::new(late) }))
    }

    fn error(&self, path: &str, error: Error) -> MirrorError {
        let place = self.place.clone();
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                MirrorError::Denied { place, path: path.to_owned() }
            }
            Error::NotFound { .. } => MirrorError::Away { place, what: "there is no such bucket or folder".to_owned() },
            other => MirrorError::Away { place, what: said(&other) },
        }
    }
}

/// What an error says, without what a server adds: its answers name access keys.
fn said(error: &Error) -> String {
    let text = error.to_string();
    let text = text.split(['<', '\n']).next().unwrap_or_default();
    text.chars().filter(|c| !c.is_control()).take(200).collect::<String>().trim_end_matches([':', ' ']).to_owned()
}

/// Content types, as C2SP tlog-tiles asks for; the checkpoint is not to be kept by caches.
fn attributes(path: &str) -> Attributes {
    let mut attributes = Attributes::new();
    if path.starts_with("tile/") {
        attributes.insert(Attribute::ContentType, "application/octet-stream".into());
        attributes.insert(Attribute::CacheControl, "max-age=31536000, immutable".into());
    } else {
        attributes.insert(Attribute::ContentType, "text/plain; charset=utf-8".into());
        attributes.insert(Attribute::CacheControl, "no-cache".into());
    }
    attributes
}

fn s3(bucket: &str, options: &Options) -> Result<object_store::aws::AmazonS3, MirrorError> {
    let var = |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let endpoint = options.endpoint.clone().or_else(|| var(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]));
    let region = options.region.clone().or_else(|| var(&["AWS_REGION", "AWS_DEFAULT_REGION"]));
    let allow_http = options.allow_http || var(&["AWS_ALLOW_HTTP"]).is_some_and(|value| value == "true");
    let found = Credentials::find(options.credentials_file.as_deref())?;
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(region.unwrap_or_else(|| "us-east-1".to_owned()))
        .with_access_key_id(found.id)
        .with_secret_access_key(found.secret.as_str())
        .with_http_connector(Connector::new(options.ca_file.as_deref())?)
        // What waits between tries is ours: the log goes on meanwhile.
        .with_retry(RetryConfig { max_retries: 1, retry_timeout: PATIENCE / 2, ..RetryConfig::default() });
    if let Some(token) = &found.token {
        builder = builder.with_token(token.as_str());
    }
    if let Some(endpoint) = endpoint {
        let bad = |why: &str| MirrorError::Settings(format!("the endpoint of the object store {why}"));
        let url = url::Url::parse(&endpoint).map_err(|_| bad("is none; it looks like https://host:9000"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("holds a password; the access key stands in the environment"));
        }
        let is_loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback || allow_http => builder = builder.with_allow_http(true),
            "http" => {
                return Err(bad(
                    "is plain HTTP beyond this machine; use https, or `allow_http = true` where that is meant",
                ));
            }
            _ => return Err(bad("begins with https://")),
        }
        builder = builder.with_endpoint(endpoint.trim_end_matches('/'));
    }
    builder.build().map_err(|error| MirrorError::Settings(said(&error)))
}
