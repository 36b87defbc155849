use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use zeroize::Zeroizing;

use crate::DbError;
use crate::postgres::Client;
use crate::postgres::tls::Rustls;
use crate::session::blocking;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);

/// The longest name of a schema: PostgreSQL cuts longer ones.
const MOST_NAME: usize = 63;

/// How a server is reached.
#[derive(Clone, Default)]
pub struct ServerSettings {
    /// `postgres://user@host:port/database?sslmode=verify-full`, as libpq has it, without a password. A folder of a Unix
    /// socket as the host is written `%2Fvar%2Frun%2Fpostgresql`.
    pub url: String,
    /// The password.
    pub password: Option<Zeroizing<String>>,
    /// The schema that holds all tables of the installation.
    pub schema: String,
    /// Certificate authorities to trust in place of the public ones, PEM.
    pub ca_file: Option<PathBuf>,
    /// The certificate and key by which this client proves who it is, PEM.
    pub client: Option<(PathBuf, PathBuf)>,
    /// That a network which nobody else is on carries the connection, so that plain text beyond this machine is meant.
    pub plain_text_is_meant: bool,
}

/// A PostgreSQL server with the schema of an installation. A cheap handle; `Debug` and `Display` hold no password.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    config: tokio_postgres::Config,
    password: Option<Zeroizing<String>>,
    schema: String,
    tls: Option<Rustls>,
    /// For errors: where it is.
    name: String,
}

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its version.
    pub version: String,
    /// Whether a commit waits for another server to have it too.
    pub has_synchronous_standby: bool,
}

/// Why settings do not name a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address is none.
    #[error("the address of the database is none ({0}); it looks like postgres://asepsis@db.example.org/asepsis")]
    Address(String),
    /// A password stands in the address.
    #[error("the address of the database holds a password; give it by a file of its own (mode 0600) or a variable")]
    Password,
    /// What is not known there.
    #[error("sslmode={0} is not known here: it is `verify-full`, or `disable` on this machine")]
    SslMode(String),
    /// Plain text beyond this machine.
    #[error(
        "the connection to {0} would be plain text beyond this machine (45 CFR 164.312(e)(1)); set sslmode=verify-full in the \
         address"
    )]
    Plain(String),
    /// The schema has no plain name.
    #[error("the schema's name `{0}` is none: a to z, digits and `_`, a letter first, at most 63")]
    Schema(String),
    /// A file of certificates or keys.
    #[error("{path}: {why}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl Server {
    /// Checks the settings. Nothing is connected yet.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn new(settings: ServerSettings) -> Result<Self, ServerError> {
        let (url, mode) = split_mode(&settings.url)?;
        // The client's own error may show the address.
        let parsed = || url.starts_with("postgres://") || url.starts_with("postgresql://");
        let mut config = url
            .parse::<tokio_postgres::Config>()
            .ok()
            .filter(|_| parsed())
            .ok_or_else(|| ServerError::Address("it cannot be read".to_owned()))?;
        if config.get_password().is_some() {
            return Err(ServerError::Password);
        }
        if config.get_dbname().is_none() || config.get_user().is_none() {
            return Err(ServerError::Address("it names no user or no database".to_owned()));
        }
        if config.get_hosts().is_empty() {
            return Err(ServerError::Address("it names no host".to_owned()));
        }
        let name = name(&config);
        let local = config.get_hosts().iter().all(is_here);
        let by_tls = match mode.as_deref() {
            Some("verify-full") => true,
            Some("disable") => false,
            Some(other) => return Err(ServerError::SslMode(other.chars().take(20).collect())),
            None => !local,
        };
        if !by_tls && !local && !settings.plain_text_is_meant {
            return Err(ServerError::Plain(name));
        }
        let first = settings.schema.bytes().next();
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !first.is_some_and(|b| b.is_ascii_lowercase())
            || settings.schema.len() > MOST_NAME
            || !settings.schema.bytes().all(plain)
            || settings.schema.starts_with("pg_")
        {
            return Err(ServerError::Schema(settings.schema.chars().take(MOST_NAME + 1).collect()));
        }
        let tls = if by_tls { Some(tls(&settings)?) } else { None };
        config.ssl_mode(if by_tls { SslMode::Require } else { SslMode::Disable });
        config.application_name("asepsis");
        config.connect_timeout(CONNECT).target_session_attrs(TargetSessionAttrs::ReadWrite);
        // A network that is gone without a word is noticed in half a minute.
        config
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3);
        config.tcp_user_timeout(Duration::from_secs(25));
        let ServerSettings { password, schema, .. } = settings;
        Ok(Self(Arc::new(Inner { config, password, schema, tls, name })))
    }

    /// The schema.
    pub fn schema(&self) -> &str {
        &self.0.schema
    }

    /// Whether the connection is by TLS.
    pub fn is_by_tls(&self) -> bool {
        self.0.tls.is_some()
    }

    /// Connects once, with every setting checked, and says what the server is.
    ///
    /// # Errors
    /// [`DbError`]: it cannot be reached, or does not keep what it acknowledges.
    pub async fn look(&self) -> Result<Found, DbError> {
        let server = self.clone();
        blocking(&self.into(), move || {
            let client = Client::connect(&server, "look", None, false)?;
            let mut texts = Vec::new();
            for setting in ["server_version", "synchronous_standby_names"] {
                let statement = format!("SELECT current_setting('{setting}')");
                client
                    .each(&statement, &[], |row| {
                        texts.push(row.try_get::<_, String>(0).unwrap_or_default());
                        true
                    })
                    .map_err(|fault| DbError::server(&server, fault))?;
            }
            let has_synchronous_standby = texts.pop().is_some_and(|names| !names.trim().is_empty());
            Ok(Found { version: texts.pop().unwrap_or_default(), has_synchronous_standby })
        })
        .await
    }

    pub(crate) fn tls(&self) -> Option<Rustls> {
        self.0.tls.clone()
    }

    /// The client's settings, with the password.
    pub(crate) fn config(&self) -> tokio_postgres::Config {
        let mut config = self.0.config.clone();
        if let Some(password) = &self.0.password {
            config.password(password.as_bytes());
        }
        config
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (schema {})", self.0.name, self.0.schema)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

impl PartialEq for Server {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.name == other.0.name && self.0.schema == other.0.schema)
    }
}

impl Eq for Server {}

/// The address without `sslmode`, of which the client knows other words.
fn split_mode(url: &str) -> Result<(String, Option<String>), ServerError> {
    let Some((before, query)) = url.split_once('?') else { return Ok((url.to_owned(), None)) };
    let mut mode = None;
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("password", _)) => return Err(ServerError::Password),
            _ => rest.push(pair),
        }
    }
    let rest = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    Ok((format!("{before}{rest}"), mode))
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

/// Host, port and database; no user.
fn name(config: &tokio_postgres::Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Unix(path) => format!("{}:{port}", path.display()),
            Host::Tcp(name) => format!("{name}:{port}"),
        }
    });
    let hosts: Vec<_> = hosts.collect();
    format!("postgres://{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

fn tls(settings: &ServerSettings) -> Result<Rustls, ServerError> {
    let mut roots = rustls::RootCertStore::empty();
    match &settings.ca_file {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|e| unusable(path, &e))?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| ServerError::Tls(e.to_string()))?
        .with_root_certificates(roots);
    let config = match &settings.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates(certificate)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|e| unusable(key, &e))?;
            builder.with_client_auth_cert(chain, key).map_err(|e| unusable(certificate, &e))?
        }
    };
    Ok(Rustls(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ServerError> {
    let all = CertificateDer::pem_file_iter(path).map_err(|e| unusable(path, &e))?;
    let all = all.collect::<Result<Vec<_>, _>>().map_err(|e| unusable(path, &e))?;
    if all.is_empty() {
        return Err(ServerError::File { path: path.to_owned(), why: "it holds no certificate (PEM)".to_owned() });
    }
    Ok(all)
}

fn unusable(path: &Path, why: &impl fmt::Display) -> ServerError {
    ServerError::File { path: path.to_owned(), why: why.to_string() }
}
