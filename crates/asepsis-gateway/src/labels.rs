//! The label of what an AI system wrote, on FHIR that it wrote: `meta.security` AIAST and a Provenance.

use asepsis_document::label::{self, Author};
use asepsis_exchange::Admitted;

/// Labels the FHIR of one answer.
pub(crate) struct Labels {
    system: String,
    exchange: String,
    recorded: String,
}

impl Labels {
    pub(crate) fn of(admitted: &Admitted) -> Self {
        let (system, recorded) = admitted.author();
        Self { system, exchange: admitted.id().to_string(), recorded }
    }

    /// The text with its FHIR labelled; `None` where it holds none.
    pub(crate) fn fhir(&self, text: &str) -> Option<String> {
        label::fhir(text, &Author { system: &self.system, exchange: &self.exchange, recorded: &self.recorded })
    }
}
