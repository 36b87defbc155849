//! The formats: one file each, from a record to bytes.

mod atna;
mod cef;
mod csv;
mod fhir;
mod jsonl;
mod ocsf;
mod otlp;

use std::fmt;
use std::str::FromStr;

use crate::{Record, Source};

/// A format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// FHIR R4 `AuditEvent`, one a line (NDJSON).
    Fhir,
    /// FHIR R4 `AuditEvent` in one `Bundle` of type `batch`, as ITI-20 of IHE sends it.
    FhirBundle,
    /// OCSF 1.8.0 API Activity (class 6003) with the profiles `ai_operation`, `datetime` and `security_control`, one a line.
    Ocsf,
    /// The audit message of DICOM PS3.15 A.5 in XML, one document a line.
    Atna,
    /// ArcSight Common Event Format, version 0, one event a line.
    Cef,
    /// RFC 4180, with a header.
    Csv,
    /// The exact entry as it lies in the log, with its index: `{"index":0,"entry":{...}}`, one a line.
    Jsonl,
}

/// A word that names no format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format of export; the formats are fhir, fhir-bundle, ocsf, atna, cef, csv and jsonl")]
pub struct UnknownFormat;

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] =
        [Self::Fhir, Self::FhirBundle, Self::Ocsf, Self::Atna, Self::Cef, Self::Csv, Self::Jsonl];

    /// The name on the command line and in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fhir => "fhir",
            Self::FhirBundle => "fhir-bundle",
            Self::Ocsf => "ocsf",
            Self::Atna => "atna",
            Self::Cef => "cef",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    /// One record, without a line's end. It is the same each time, and holds no line break but within a quoted field of CSV,
    /// where none comes up either: see `docs/audit-export.md`.
    pub fn record(self, source: &Source, record: &Record) -> Vec<u8> {
        match self {
            Self::Fhir => fhir::resource(source, record).to_string().into_bytes(),
            Self::FhirBundle => fhir::bundle_entry(source, record).to_string().into_bytes(),
            Self::Ocsf => ocsf::event(source, record).to_string().into_bytes(),
            Self::Atna => atna::message(source, record),
            Self::Cef => cef::event(source, record).into_bytes(),
            Self::Csv => csv::row(record),
            Self::Jsonl => jsonl::line(record),
        }
    }

    /// What stands before the first record.
    pub(crate) fn head(self) -> Vec<u8> {
        match self {
            Self::FhirBundle => fhir::BUNDLE_HEAD.as_bytes().to_vec(),
            Self::Csv => csv::header(),
            _ => Vec::new(),
        }
    }

    /// What stands before a record, the first or a later one.
    pub(crate) fn before(self, first: bool) -> &'static [u8] {
        match self {
            Self::FhirBundle if first => fhir::BUNDLE_FIRST.as_bytes(),
            Self::FhirBundle => b",\n",
            _ => b"",
        }
    }

    /// What stands behind each record.
    pub(crate) fn behind(self) -> &'static [u8] {
        match self {
            Self::FhirBundle => b"",
            Self::Csv => b"\r\n",
            _ => b"\n",
        }
    }

    /// What stands behind the last record.
    pub(crate) fn tail(self, records: u64) -> &'static [u8] {
        match self {
            // FHIR's JSON has no empty arrays.
            Self::FhirBundle if records == 0 => fhir::EMPTY_BUNDLE_TAIL.as_bytes(),
            Self::FhirBundle => fhir::BUNDLE_TAIL.as_bytes(),
            _ => b"",
        }
    }
}

/// The body of an OTLP/HTTP request for logs (`ExportLogsServiceRequest`) in JSON, with a log record for each record.
pub fn otlp_request<'a>(source: &Source, records: impl IntoIterator<Item = &'a Record>) -> Vec<u8> {
    otlp::request(source, records)
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(s: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.into_iter().find(|format| format.name() == s).ok_or(UnknownFormat)
    }
}
