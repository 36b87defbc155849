//! Bodies: read within limits, and given piece by piece.

use std::convert::Infallible;
use std::pin::Pin;
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
}

impl Pieces {
    /// The two ends.
    pub(crate) fn channel() -> (mpsc::Sender<Bytes>, Self) {
        let (sender, receiver) = mpsc::channel(16);
        (sender, Self { receiver })
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.receiver.poll_recv(cx).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
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
