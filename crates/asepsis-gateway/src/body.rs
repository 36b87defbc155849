//! Bodies: read within limits, and given piece by piece.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use tokio::sync::mpsc;

use crate::fault::Fault;
use crate::settings::Limits;

/// The body of an answer to a client: whole, or as it comes.
pub(crate) type Answer = Either<Full<Bytes>, Pieces>;

/// A body whose pieces come through a channel of bounded length, so that a client that reads slowly slows the AI system
/// down and fills no memory.
pub(crate) struct Pieces {
    receiver: mpsc::Receiver<Bytes>,
    cut: Arc<Cut>,
    /// That the piece behind the cut was given.
    ended: bool,
}

/// What keeps pieces that wait for a slow client from being given any more.
#[derive(Default)]
pub(crate) struct Cut {
    made: AtomicBool,
    end: OnceLock<Bytes>,
}

impl Cut {
    /// From now on no piece is given but that of [`end_with`](Self::end_with).
    pub(crate) fn make(&self) {
        self.made.store(true, Ordering::Release);
    }

    /// The piece to end with, once the sender is gone.
    pub(crate) fn end_with(&self, piece: Bytes) {
        self.end.set(piece).ok();
    }
}

impl Pieces {
    /// The two ends, and what cuts between them.
    pub(crate) fn channel() -> (mpsc::Sender<Bytes>, Arc<Cut>, Self) {
        let (sender, receiver) = mpsc::channel(16);
        let cut = Arc::<Cut>::default();
        (sender, Arc::clone(&cut), Self { receiver, cut, ended: false })
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            let piece = match self.receiver.poll_recv(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(_)) if self.cut.made.load(Ordering::Acquire) => continue,
                Poll::Ready(None) if !self.ended => {
                    self.ended = true;
                    self.cut.end.get().cloned()
                }
                Poll::Ready(piece) => piece,
            };
            return Poll::Ready(piece.map(|bytes| Ok(Frame::data(bytes))));
        }
    }
}

/// Reads the body of a request within the limits.
pub(crate) async fn read_request(mut body: Incoming, limits: &Limits) -> Result<Vec<u8>, Fault> {
    let too_large = || {
        Fault::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request_too_large",
            format!("the request is over the limit of {} bytes (`request_bytes` under [limits])", limits.request_bytes),
        )
    };
    let announced = body.size_hint().lower();
    if announced > limits.request_bytes as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or(0).min(64 * 1024));
    loop {
        let frame = match tokio::time::timeout(limits.client_idle, body.frame()).await {
            Err(_) => {
                return Err(Fault::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "request_timeout",
                    format!("nothing came for {} s within the request", limits.client_idle.as_secs()),
                ));
            }
            Ok(None) => return Ok(bytes),
            Ok(Some(Err(_))) => return Err(Fault::invalid("the request broke off before its end")),
            Ok(Some(Ok(frame))) => frame,
        };
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > limits.request_bytes {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn r12_pieces_that_wait_are_not_given_behind_a_cut() {
        let (sender, cut, mut pieces) = Pieces::channel();
        for piece in ["one", "two", "three"] {
            sender.send(Bytes::from(piece)).await.unwrap();
        }
        let given = |frame: Option<Result<Frame<Bytes>, Infallible>>| frame.map(|f| f.unwrap().into_data().unwrap());
        assert_eq!(given(pieces.frame().await).as_deref(), Some(&b"one"[..]));
        cut.make();
        sender.send(Bytes::from("four")).await.unwrap();
        cut.end_with(Bytes::from("stopped"));
        drop(sender);
        assert_eq!(given(pieces.frame().await).as_deref(), Some(&b"stopped"[..]));
        assert_eq!(given(pieces.frame().await), None);
    }
}
