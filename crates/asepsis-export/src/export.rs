use std::io::{self, Write};

use crate::{Format, Record, Source};

/// How much was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records.
    pub records: u64,
    /// Bytes, with what stands before, between and behind the records.
    pub bytes: u64,
}

/// Writes records one after the other, and holds none of them.
pub struct Export<W> {
    format: Format,
    source: Source,
    out: W,
    tally: Tally,
}

impl<W: Write> Export<W> {
    /// Begins an export.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(format: Format, source: Source, out: W) -> io::Result<Self> {
        let mut export = Self { format, source, out, tally: Tally::default() };
        export.put(&format.head())?;
        Ok(export)
    }

    /// Writes a record.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        self.put(self.format.before(self.tally.records == 0))?;
        let bytes = self.format.record(&self.source, record);
        self.put(&bytes)?;
        self.put(self.format.behind())?;
        self.tally.records += 1;
        Ok(())
    }

    /// Ends the export, and says how much it was.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn end(mut self) -> io::Result<(W, Tally)> {
        self.put(self.format.tail(self.tally.records))?;
        self.out.flush()?;
        Ok((self.out, self.tally))
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tally.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}
