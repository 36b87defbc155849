//! The end of a streamed answer that waits for a person: what came before the calls has gone out, what comes from there on is held.

use asepsis_conduct::Contents;
use asepsis_exchange::Ending;
use bytes::Bytes;
use tokio::time::{Duration, Instant};

use super::{Relay, error_event};
use crate::release::{Given, Kept, too_long};

/// How often a client that waits is told that it is not forgotten.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

impl Relay {
    /// Holds the answer, and tells the client, or gives the rest of it out where somebody releases it while the client waits.
    pub(super) async fn hold(mut self) {
        let exchange = self.admitted.id();
        let mut last = self.marked();
        self.collect();
        let whole = self.kept.take().and_then(|mut kept: Kept| {
            kept.add(&mut last, true);
            kept.whole()
        });
        let Some(((asked, headers), (body, given))) = self.asked.take().zip(whole) else {
            let fault = too_long();
            let ending = Ending { answer_bytes: self.answer_bytes, ..self.closing.ending(fault.log_status()) };
            let fault = self.closing.finish(self.admitted, ending).await.err().unwrap_or(fault);
            return give(&self.client, self.limits.client_idle, error_event(self.protocol, &fault, exchange)).await;
        };
        let answer = Given { stream: true, headers, body, marks: self.marks.line() };
        let held = asked.hold(self.admitted, &self.closing, &self.desk, answer, self.answer_bytes).await;
        let bytes = match held {
            Err(fault) => error_event(self.protocol, &fault, exchange),
            Ok((id, fault)) => {
                let mut told = Instant::now();
                let client = &self.client;
                let still_there = || {
                    if told.elapsed() >= KEEP_ALIVE {
                        told = Instant::now();
                        let line = Bytes::from_static(b": waiting for a person to look at this\n\n");
                        return client.try_send(line).is_ok() || !client.is_closed();
                    }
                    !client.is_closed()
                };
                match asked.awaited(&id, still_there).await {
                    None => error_event(self.protocol, &fault, exchange),
                    Some((fetched_in, Err(fault))) => error_event(self.protocol, &fault, fetched_in),
                    Some((_, Ok(contents))) => rest(&contents, given),
                }
            }
        };
        give(&self.client, self.limits.client_idle, bytes).await;
    }
}

/// What the client does not have yet.
fn rest(contents: &Contents, given: usize) -> Vec<u8> {
    contents.body.as_bytes().get(given..).unwrap_or_default().to_vec()
}

async fn give(client: &tokio::sync::mpsc::Sender<Bytes>, patience: Duration, bytes: Vec<u8>) {
    // A client that left in this moment has everything but the end, and the record says that it was sent.
    tokio::time::timeout(patience, client.send(Bytes::from(bytes))).await.ok();
}
