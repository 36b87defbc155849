/// One block of an event stream: the lines up to and with an empty one.
///
/// A block without data, such as a comment that keeps the connection alive or an empty line, is given too, because it
/// is to be sent on; [`has_data`](Self::has_data) tells it from what a reader dispatches.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// The value of the last `event` field.
    pub event: Option<String>,
    /// The values of the `data` fields, joined by line feeds.
    pub data: String,
    /// Whether there was a `data` field: a reader dispatches no other block.
    pub has_data: bool,
    /// The value of the last `id` field; one that holds U+0000 is none, as the standard says.
    pub id: Option<String>,
    /// The value of the last `retry` field, in milliseconds.
    pub retry: Option<u64>,
    /// The comments, without their colon and one space.
    pub comments: Vec<String>,
    /// The block as it came, with its empty line.
    pub raw: Vec<u8>,
}

impl std::fmt::Debug for Event {
    /// Sizes only: the data may be protected health information.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event").field("data", &self.data.len()).field("raw", &self.raw.len()).finish_non_exhaustive()
    }
}

/// Why a stream is not read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// An event is larger than the limit.
    #[error("event {event} of the stream is larger than {limit} bytes; raise the limit or have it sent in parts")]
    TooLarge {
        /// The number of the event in the stream, from 1.
        event: u64,
        /// The limit in bytes.
        limit: usize,
    },
    /// An event is not UTF-8.
    #[error("event {event} of the stream is not UTF-8, which server-sent events must be")]
    InvalidUtf8 {
        /// The number of the event in the stream, from 1.
        event: u64,
    },
}

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Finish {
    /// The last event, if the stream ended with the carriage return of its empty line.
    pub event: Option<Event>,
    /// The bytes of an event that was cut off before its empty line; none if the stream ended between events.
    pub cut_off: Vec<u8>,
}

impl Finish {
    /// Whether the stream ended within an event. Readers throw such an event away.
    pub fn is_cut_off(&self) -> bool {
        !self.cut_off.is_empty()
    }
}

/// Takes bytes as they come and gives whole events.
///
/// However the stream is cut, the same events come out. A carriage return may be the first half of a line end, so an
/// event that ends with one waits for the next byte. UTF-8 is decoded per event, never per piece.
#[derive(Clone)]
pub struct Parser {
    max_event: usize,
    /// The bytes of the event that is being read.
    block: Vec<u8>,
    /// Where its current line begins.
    line: usize,
    after_cr: bool,
    /// Whether the line that the carriage return ended was empty.
    ends_block: bool,
    number: u64,
    failed: Option<SseError>,
}

impl Parser {
    /// A parser at the beginning of a stream whose events are at most `max_event` bytes each.
    pub fn new(max_event: usize) -> Self {
        let block = Vec::new();
        Self { max_event, block, line: 0, after_cr: false, ends_block: false, number: 1, failed: None }
    }

    /// Takes in the next bytes and appends the events that are whole to `out`.
    ///
    /// # Errors
    /// An event that is too large or no UTF-8. Events before it are in `out`; from then on every call gives the error.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<(), SseError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let taken = bytes.iter().try_for_each(|&byte| self.take(byte, out));
        if let Err(error) = taken {
            self.failed = Some(error);
            self.block = Vec::new();
        }
        taken
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// That of an earlier [`push`](Self::push), or that the last event is no UTF-8.
    pub fn finish(mut self) -> Result<Finish, SseError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let event = if self.after_cr && self.ends_block { Some(self.event()?) } else { None };
        let mut cut_off = self.block;
        // A byte order mark alone is no event.
        if self.number == 1 && event.is_none() && BOM.starts_with(&cut_off) {
            cut_off.clear();
        }
        Ok(Finish { event, cut_off })
    }

    /// How many bytes wait for the rest of their event.
    pub fn held(&self) -> usize {
        self.block.len()
    }

    fn take(&mut self, byte: u8, out: &mut Vec<Event>) -> Result<(), SseError> {
        if self.after_cr {
            self.after_cr = false;
            if byte == b'\n' {
                self.append(byte)?;
                self.line = self.block.len();
                if self.ends_block {
                    out.push(self.event()?);
                }
                return Ok(());
            }
            if self.ends_block {
                out.push(self.event()?);
            }
        }
        self.append(byte)?;
        if byte == b'\n' || byte == b'\r' {
            self.ends_block = self.is_empty_line();
            self.line = self.block.len();
            self.after_cr = byte == b'\r';
            if self.ends_block && byte == b'\n' {
                out.push(self.event()?);
            }
        }
        Ok(())
    }

    fn append(&mut self, byte: u8) -> Result<(), SseError> {
        if self.block.len() >= self.max_event {
            return Err(SseError::TooLarge { event: self.number, limit: self.max_event });
        }
        self.block.push(byte);
        Ok(())
    }

    /// Whether the line that the last byte ended holds nothing, but for a byte order mark that begins the stream.
    fn is_empty_line(&self) -> bool {
        let line = &self.block[self.line..self.block.len() - 1];
        line.is_empty() || (self.number == 1 && self.line == 0 && line == BOM)
    }

    /// The event that the block is, and a new block.
    fn event(&mut self) -> Result<Event, SseError> {
        let raw = std::mem::take(&mut self.block);
        let text = std::str::from_utf8(&raw).map_err(|_| SseError::InvalidUtf8 { event: self.number })?;
        let text = if self.number == 1 { text.strip_prefix('\u{FEFF}').unwrap_or(text) } else { text };
        let mut event = read_fields(text);
        self.line = 0;
        self.after_cr = false;
        self.ends_block = false;
        self.number += 1;
        event.raw = raw;
        Ok(event)
    }
}

impl std::fmt::Debug for Parser {
    /// Sizes only: the data may be protected health information.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parser").field("held", &self.block.len()).field("event", &self.number).finish_non_exhaustive()
    }
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

fn read_fields(text: &str) -> Event {
    let mut event = Event::default();
    // A CR LF gives an empty line between, which says nothing.
    for line in text.split(['\r', '\n']).filter(|l| !l.is_empty()) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" => event.comments.push(value.to_owned()),
            "event" => event.event = Some(value.to_owned()),
            "data" => {
                if event.has_data {
                    event.data.push('\n');
                }
                event.has_data = true;
                event.data.push_str(value);
            }
            "id" if !value.contains('\0') => event.id = Some(value.to_owned()),
            "retry" if value.bytes().all(|b| b.is_ascii_digit()) => event.retry = value.parse().ok().or(event.retry),
            // The standard ignores fields that it does not know.
            _ => {}
        }
    }
    event
}
