use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use asepsis_people::certificate::ClientCertificate;
use asepsis_people::entrance::Entrance;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::release::Releases;

/// How one comes in: as a program with a key, or as a person over pages.
#[derive(Clone)]
pub struct Doors {
    /// Knows who asks.
    pub entrance: Arc<Entrance>,
    /// Pages for people; there are none where absent.
    pub pages: Option<Arc<dyn Pages>>,
    /// Holds what a person has to release; where absent, it is refused.
    pub releases: Option<Arc<Releases>>,
}

/// The other end of a connection.
#[derive(Debug)]
pub struct Caller {
    /// Its address.
    pub peer: SocketAddr,
    /// The certificate that it showed, where one was asked for.
    pub certificate: Option<ClientCertificate>,
    /// Whether the connection is TLS.
    pub tls: bool,
}

/// What a page answers.
pub type PageAnswer = Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>;

/// Pages that the gateway serves beside the protocols of AI clients.
pub trait Pages: Send + Sync {
    /// Whether a path is one of theirs.
    fn answers(&self, path: &str) -> bool;

    /// Answers a request.
    fn answer(&self, request: Request<Incoming>, caller: Arc<Caller>) -> PageAnswer;
}
