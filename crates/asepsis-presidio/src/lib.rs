//! Presidio's REST calls, answered by Asepsis: who uses Presidio's analyzer and anonymizer changes a URL.
//!
//! Requests and answers are those of Presidio 2.2 (its `docs/api-docs/api-docs.yml`, `presidio-analyzer/app.py` and
//! `presidio-anonymizer/app.py`), on one listener: `/analyze`, `/recognizers`, `/supportedentities`, `/anonymize`,
//! `/anonymizers`, `/deanonymize`, `/deanonymizers`, `/health`. Offsets count Unicode code points, as Python's do. What
//! Presidio does by a crash (an answer 500 for a wrong type) is answered with 400 or 422 and words that say what is wrong.
//!
//! Nothing is kept: a request is answered from what it holds, and no text of it is ever logged.

mod access;
mod adhoc;
mod allow;
mod analyze;
mod anonymize;
mod cipher;
mod conflict;
mod deanonymize;
mod entities;
mod fault;
mod found;
mod operator;
mod points;
mod rewrite;
mod server;
mod service;

pub use access::{Access, WeakToken};
pub use server::Server;
pub use service::{Limits, Service};
