//! The exact entry as it lies in the log.

use crate::Record;

/// `{"index":0,"entry":...}`: whoever cuts the entry out has the bytes that the Merkle tree hashes.
pub(super) fn line(record: &Record) -> Vec<u8> {
    let mut line = format!("{{\"index\":{},\"entry\":", record.index).into_bytes();
    line.extend_from_slice(&record.bytes);
    line.push(b'}');
    line
}
