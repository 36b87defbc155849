//! Sockets: HTTP/1.1, and an orderly end.

use std::future::Future;
use std::net::SocketAddr;

use asepsis_listen::Bounds;
use tokio::net::TcpListener;

use crate::service::{self, Limits};
use crate::witness::Witness;

/// A witness that listens.
pub struct Server {
    listener: TcpListener,
    witness: Witness,
    limits: Limits,
}

impl Server {
    /// Takes an address. Port 0 takes a free one.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn bind(witness: Witness, limits: Limits, address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, witness, limits })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Where the operating system cannot tell.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is ready, then lets the requests that go on come to their end.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let limits = self.limits;
        let bounds = Bounds { connections: limits.connections, head: limits.head, drain: limits.drain };
        let answer = move |request| {
            let witness = self.witness.clone();
            async move { service::handle(&witness, &limits, request).await }
        };
        asepsis_listen::serve(self.listener, bounds, answer, stop).await;
    }
}
