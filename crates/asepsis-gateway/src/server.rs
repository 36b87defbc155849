//! Sockets: HTTP/1.1 and HTTP/2, with and without TLS, and an orderly end.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asepsis_people::certificate::ClientCertificate;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;

use crate::doors::Caller;
use crate::gateway::Gateway;
use crate::settings::{Limits, Settings};

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long exchanges that were cut off may take to be recorded.
const RECORDING: Duration = Duration::from_secs(5);

/// Connections at the same time within one HTTP/2 connection.
const STREAMS: u32 = 128;

/// A gateway that listens.
pub struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    gateway: Arc<Gateway>,
    limits: Limits,
}

impl Server {
    /// Takes the address of the settings. Port 0 takes a free one.
    ///
    /// # Errors
    /// Where the address cannot be listened on.
    pub async fn bind(gateway: Arc<Gateway>, settings: &Settings) -> std::io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(settings.listen).await?,
            tls: settings.tls.clone().map(TlsAcceptor::from),
            gateway,
            limits: settings.limits,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Where the operating system cannot tell.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` is ready, then lets the exchanges that go on come to their end, for as long as the limits say.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(self.limits.head);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20));
        let graceful = GracefulShutdown::new();
        let (cut, cutting) = watch::channel(());
        let mut stop = std::pin::pin!(stop);
        loop {
            let (stream, peer) = tokio::select! {
                () = &mut stop => break,
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file handles, most likely: what is open goes on, and makes room.
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            // Without it the last bytes of a small answer wait for the delayed acknowledgement of the ones before.
            stream.set_nodelay(true).ok();
            self.serve(stream, peer, &builder, graceful.watcher(), cutting.clone());
        }
        drop(self.listener);
        if tokio::time::timeout(self.limits.drain, graceful.shutdown()).await.is_err() {
            tracing::warn!(
                "exchanges were still going on after the time to drain; they are cut off and recorded as ended"
            );
            drop(cut);
            if tokio::time::timeout(RECORDING, self.gateway.ended()).await.is_err() {
                tracing::warn!("some exchanges have no end in the log; the next start records them as interrupted");
            }
        }
    }

    fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        builder: &auto::Builder<TokioExecutor>,
        watcher: hyper_util::server::graceful::Watcher,
        mut cutting: watch::Receiver<()>,
    ) {
        let (gateway, builder, tls) = (Arc::clone(&self.gateway), builder.clone(), self.tls.clone());
        let head = self.limits.head;
        tokio::spawn(async move {
            let (begin, begun) = oneshot::channel::<()>();
            let begin = Mutex::new(Some(begin));
            let service = move |caller: Caller| {
                let caller = Arc::new(caller);
                service_fn(move |request| {
                    let (gateway, caller) = (Arc::clone(&gateway), Arc::clone(&caller));
                    if let Some(begin) = begin.lock().ok().and_then(|mut b| b.take()) {
                        begin.send(()).ok();
                    }
                    async move { Ok::<_, Infallible>(gateway.handle(request, caller).await) }
                })
            };
            // A connection that breaks is the client's affair; exchanges on it are recorded by themselves.
            let serving = async move {
                match tls {
                    None => {
                        let service = service(Caller { peer, certificate: None, tls: false });
                        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
                        with_request(head, begun, watcher.watch(connection)).await;
                    }
                    Some(tls) => {
                        if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                            // The handshake has checked its chain; one that cannot be read speaks for nobody.
                            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                            let certificate = shown.and_then(|shown| ClientCertificate::read(shown).ok());
                            let service = service(Caller { peer, certificate, tls: true });
                            let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
                            with_request(head, begun, watcher.watch(connection)).await;
                        }
                    }
                }
            };
            tokio::select! {
                () = serving => {}
                // The other end is dropped when the time to drain is over; nothing is ever sent.
                _ = cutting.changed() => {}
            }
        });
    }
}

/// Drives a connection, and drops it where its first request does not come in time. The time limit of HTTP/1 begins only
/// once it is known that HTTP/1 is spoken, so that a client that says nothing would hold a connection for ever.
async fn with_request<T>(head: Duration, begun: oneshot::Receiver<()>, connection: impl Future<Output = T>) {
    let mut connection = std::pin::pin!(connection);
    let begun = tokio::select! {
        _ = &mut connection => return,
        begun = tokio::time::timeout(head, begun) => begun,
    };
    if begun.is_ok() {
        connection.await;
    }
}
