//! Errors in Presidio's shape: `{"error": "..."}`.

use http::StatusCode;

/// Why a request is not answered. The words may quote names of parameters and entities, never the text.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    /// The request is not what the call takes.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A parameter is wrong: Presidio's `InvalidParamError`.
    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// What Presidio's analyzer answers where it raises an exception. Its clients know these by their words.
    pub(crate) fn raised(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }
}
