//! Sockets: HTTP/1.1, and an orderly end.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

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
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(limits.head);
        let graceful = GracefulShutdown::new();
        let room = Arc::new(Semaphore::new(limits.connections));
        let mut stop = std::pin::pin!(stop);
        loop {
            let taken = tokio::select! {
                () = &mut stop => break,
                taken = async {
                    let place = Arc::clone(&room).acquire_owned().await;
                    (place, self.listener.accept().await)
                } => taken,
            };
            let (Ok(place), Ok((stream, _))) = taken else {
                // Out of file handles, most likely: what is open goes on, and makes room.
                tracing::warn!("a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            stream.set_nodelay(true).ok();
            let witness = self.witness.clone();
            let answer = service_fn(move |request| {
                let witness = witness.clone();
                async move { Ok::<_, Infallible>(service::handle(&witness, &limits, request).await) }
            });
            let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), answer));
            tokio::spawn(async move {
                // A connection that breaks is the client's affair.
                connection.await.ok();
                drop(place);
            });
        }
        drop(self.listener);
        tokio::time::timeout(limits.drain, graceful.shutdown()).await.ok();
    }
}
