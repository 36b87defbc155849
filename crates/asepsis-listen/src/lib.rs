//! Sockets of services that one kind of request is enough for: HTTP/1.1 within bounds, and an orderly end. The gateway, which
//! speaks HTTP/2 and TLS as well, has its own.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Bounds on connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at the same time; others wait to be taken.
    pub connections: usize,
    /// The head of a request, and silence between two requests of a connection.
    pub head: Duration,
    /// Requests that go on when the server is told to stop.
    pub drain: Duration,
}

/// Serves until `stop` is ready, then lets the requests that go on come to their end.
pub async fn serve<H, F, B>(listener: TcpListener, bounds: Bounds, handle: H, stop: impl Future<Output = ()>)
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(bounds.head);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(bounds.connections));
    let mut stop = std::pin::pin!(stop);
    loop {
        let taken = tokio::select! {
            () = &mut stop => break,
            taken = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (place, listener.accept().await)
            } => taken,
        };
        let (Ok(place), Ok((stream, _))) = taken else {
            // Out of file handles, most likely: what is open goes on, and makes room.
            tracing::warn!("a connection could not be taken");
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        stream.set_nodelay(true).ok();
        let handle = handle.clone();
        let answer = service_fn(move |request| {
            let answered = handle(request);
            async move { Ok::<_, Infallible>(answered.await) }
        });
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), answer));
        tokio::spawn(async move {
            // A connection that breaks is the client's affair.
            connection.await.ok();
            drop(place);
        });
    }
    drop(listener);
    tokio::time::timeout(bounds.drain, graceful.shutdown()).await.ok();
}
