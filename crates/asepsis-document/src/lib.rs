//! Lossless views of the formats that documents and answers come in.
//!
//! A view finds the values in bytes and never rewrites what it did not change: an edit is a splice, and everything
//! else comes out byte for byte as it came in. [`json`] is RFC 8259 JSON, [`sse`] is the event stream of the HTML
//! standard. Both refuse what two readers could take differently, in bounded memory and linear time, with errors that
//! name the place and never quote the text.

pub mod json;
pub mod sse;
