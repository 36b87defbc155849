//! The formats that documents and answers come in.
//!
//! Lossless views find the values in bytes and never rewrite what they did not change: an edit is a splice, and everything
//! else comes out byte for byte as it came in. [`json`] is RFC 8259 JSON, [`sse`] is the event stream of the HTML
//! standard.
//!
//! Readers of [`field`]s give each text of a document with its place: [`hl7`] is HL7 v2 in its pipes and hats, [`fhir`]
//! reads JSON, FHIR among it, [`xml`] XML and so C-CDA, [`html`] what browsers show, [`mail`] RFC 5322 with MIME, and
//! [`table`] comma-separated values.
//!
//! All refuse what two readers could take differently, in bounded memory and linear time, with errors that name the
//! place and never quote the text.

pub mod fhir;
pub mod field;
pub mod hl7;
pub mod html;
pub mod json;
pub mod label;
pub mod mail;
pub mod sse;
pub mod table;
pub mod xml;
