//! The end of an exchange: its outcome, in the log and in the metrics.

use std::sync::Arc;

use asepsis_exchange::{Admitted, Ending};
use asepsis_vocab::DisclosureForm;
use http::StatusCode;
use tokio::sync::OwnedSemaphorePermit;

use crate::fault::Fault;
use crate::metrics::{InFlight, Metrics};

/// What is needed to end an exchange that was admitted.
pub(crate) struct Closing {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) interface: &'static str,
    pub(crate) system: String,
    pub(crate) form: DisclosureForm,
    /// The status that the client is given.
    pub(crate) http: u16,
    /// The status that the AI system gave.
    pub(crate) upstream_http: Option<u16>,
    pub(crate) sent_bytes: u64,
    /// Counts the exchange as going on, and takes its place among those that may, until this is dropped.
    pub(crate) _going_on: (InFlight, OwnedSemaphorePermit),
}

impl Closing {
    pub(crate) fn ending(&self, status: &'static str) -> Ending {
        Ending {
            status,
            http: Some(self.http),
            upstream_http: self.upstream_http,
            sent_bytes: self.sent_bytes,
            answer_bytes: 0,
        }
    }

    /// Records the outcome; when this returns it is durable.
    pub(crate) async fn finish(&self, admitted: Admitted, ending: Ending) -> Result<(), Fault> {
        self.metrics.answered(admitted.tally());
        self.metrics.ended(self.interface, &self.system, Some(self.form), ending.status);
        admitted.finish(ending).await.map_err(|error| log_stopped(&error))
    }
}

pub(crate) fn log_stopped(error: &asepsis_log::LogError) -> Fault {
    Fault::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "log_stopped",
        format!("the audit log cannot be written, so nothing may be given back: {error}"),
    )
}
