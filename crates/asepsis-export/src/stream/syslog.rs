//! Syslog over TLS: messages of RFC 5424 in the framing of RFC 5425.
//!
//! Syslog has no acknowledgement. What can be known is that a receiver read everything before it ended the connection in turn: it
//! must answer a `close_notify` with one (RFC 5425, section 4.4), and a receiver that dies sends none. So after each
//! [`SyslogTarget::window`] entries, after a minute, and when nothing came for five seconds, the connection is ended, and the cursor
//! moves once the receiver has ended it as well. On any other end the stream goes back to the cursor: at most a window of entries
//! comes twice, each with the same event id. What a receiver has read and not yet kept when it dies is its own to answer for.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::pace::Pace;
use super::{Failure, FailureKind, LOOK, Stream};
use crate::{Format, Record, Source};

/// No message is longer, in bytes: the fields of its formats have limits. A receiver must take as much; usual messages have one
/// to three thousand (RFC 5425 asks for 2,048, and better 8,192).
pub const MAX_MESSAGE: usize = 72 * 1024;

/// How long a connection may take, and its handshake.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the receiver may take nothing.
const STALL: Duration = Duration::from_secs(60);
/// How long nothing may come before what was sent is confirmed.
const IDLE: Duration = Duration::from_secs(5);
/// How long a connection lasts before what was sent is confirmed, also while more comes.
const LONGEST: Duration = Duration::from_secs(60);
/// How long the receiver may take to end a connection that we ended.
const ENDING: Duration = Duration::from_secs(15);

/// The facility "log audit" is 13 (RFC 5424, section 6.2.1); ITI-20 of IHE takes 10, security.
const SECURITY: u8 = 10;

/// The enterprise number that RFC 5612 keeps for documentation: Asepsis has none of its own yet.
const ENTERPRISE: u32 = 32_473;

/// The format of the message in a syslog message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyslogFormat {
    /// [`Format::Atna`], as ITI-20 of IHE sends it.
    Atna,
    /// [`Format::Cef`].
    Cef,
    /// [`Format::Ocsf`].
    Ocsf,
}

/// A word that names no format of syslog messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format of syslog messages; the formats are atna, cef and ocsf")]
pub struct UnknownSyslogFormat;

impl SyslogFormat {
    fn format(self) -> Format {
        match self {
            Self::Atna => Format::Atna,
            Self::Cef => Format::Cef,
            Self::Ocsf => Format::Ocsf,
        }
    }

    /// The message's type. ITI-20 prescribes that of ATNA.
    fn message_id(self) -> &'static str {
        match self {
            Self::Atna => "DICOM+RFC3881",
            Self::Cef => "CEF",
            Self::Ocsf => "OCSF",
        }
    }
}

impl FromStr for SyslogFormat {
    type Err = UnknownSyslogFormat;

    fn from_str(s: &str) -> Result<Self, UnknownSyslogFormat> {
        match s {
            "atna" => Ok(Self::Atna),
            "cef" => Ok(Self::Cef),
            "ocsf" => Ok(Self::Ocsf),
            _ => Err(UnknownSyslogFormat),
        }
    }
}

impl fmt::Display for SyslogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.format().name())
    }
}

/// How it is known what a receiver has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confirm {
    /// By ending the connection, which the receiver does in turn when it has read all.
    #[default]
    Close,
    /// Not at all, for receivers that never end a connection: what lies more than a window behind what was last written counts as
    /// taken. A receiver or a network that held back more than that, and broke off, has lost it.
    Written,
}

/// A receiver of syslog over TLS.
pub struct SyslogTarget {
    /// Its host: a name or an address.
    pub host: String,
    /// Its port; 6514 is the registered one.
    pub port: u16,
    /// The name that its certificate must bear.
    pub server_name: ServerName<'static>,
    /// See [`client_config`](super::client_config).
    pub tls: Arc<ClientConfig>,
    /// The format of the messages.
    pub format: SyslogFormat,
    /// How it is known what the receiver has.
    pub confirm: Confirm,
    /// Entries that may be under way without being confirmed, and so come twice; at least 1.
    pub window: u64,
}

/// A record as a syslog message with its frame: the message's length in bytes, a space, the message.
pub fn message(source: &Source, record: &Record, format: SyslogFormat) -> Vec<u8> {
    // Severity: notice where all is well, warning else (RFC 5424, section 6.2.1).
    let severity = if crate::reading::ending(&record.event) == crate::reading::Ending::Good { 5 } else { 4 };
    let mut message = format!(
        "<{}>1 {} {} asepsis - {} [event@{ENTERPRISE} id=\"{}\" index=\"{}\"] ",
        SECURITY * 8 + severity,
        record.event.time,
        source.host(),
        format.message_id(),
        record.id(),
        record.index
    )
    .into_bytes();
    message.extend(format.format().record(source, record));
    let mut framed = format!("{} ", message.len()).into_bytes();
    framed.append(&mut message);
    framed
}

/// Sends until the process ends.
pub(super) async fn run(mut stream: Stream, target: SyslogTarget) {
    let mut pace = Pace::default();
    while stream.wait_for_entries(stream.cursor.confirmed()).await {
        let began = stream.cursor.confirmed();
        let sent = connection(&mut stream, &target).await;
        stream.shared.connected(false);
        if stream.cursor.confirmed() > began {
            pace.reset();
        }
        let Err(failure) = sent else { continue };
        stream.shared.failed(&failure);
        if !stream.wait(pace.next(failure.after)).await {
            return;
        }
    }
}

/// What was written and is not confirmed.
struct UnderWay {
    /// The index behind the last record that was written.
    next: u64,
    last: Option<Record>,
    /// When something was written the last time.
    written: Instant,
    /// When the connection began.
    began: Instant,
}

/// One connection, from the cursor on, until it is ended and confirmed.
async fn connection(stream: &mut Stream, target: &SyslogTarget) -> Result<(), Failure> {
    stream.check_log().await?;
    let (mut read, mut write) = tokio::io::split(connect(target).await?);
    stream.shared.connected(true);
    let now = Instant::now();
    let mut under_way = UnderWay { next: stream.cursor.confirmed(), last: None, written: now, began: now };
    loop {
        let room = target.window.saturating_sub(under_way.next - stream.cursor.confirmed());
        let mut records = stream.records(under_way.next).await?;
        if target.confirm == Confirm::Close {
            let idle = records.is_empty() && under_way.written.elapsed() >= IDLE;
            if room == 0 || idle || under_way.began.elapsed() >= LONGEST {
                return end(stream, target, read, write, under_way).await;
            }
            records.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        }
        if records.is_empty() && stream.stopping() {
            return end(stream, target, read, write, under_way).await;
        }
        if records.is_empty() {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                broken = broken(&mut read) => return Err(broken),
            }
            continue;
        }
        let frames: Vec<u8> = records.iter().flat_map(|r| message(&stream.source, r, target.format)).collect();
        tokio::select! {
            biased;
            written = timeout(STALL, written(&mut write, &frames)) => match written {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(broken_by(&error)),
                Err(_) => return Err(Failure::new(FailureKind::Stalled, "the receiver took nothing for a minute")),
            },
            broken = broken(&mut read) => return Err(broken),
        }
        under_way.written = Instant::now();
        under_way.next = records.last().map_or(under_way.next, |record| record.index + 1);
        stream.shared.sent(records.len() as u64, under_way.next);
        if target.confirm == Confirm::Written {
            behind_window(stream, target, &records).await?;
        }
        under_way.last = records.into_iter().next_back();
    }
}

/// Confirms what lies a window behind what was written.
async fn behind_window(stream: &mut Stream, target: &SyslogTarget, written: &[Record]) -> Result<(), Failure> {
    let Some(last) = written.last() else { return Ok(()) };
    let Some(taken) = last.index.checked_sub(target.window) else { return Ok(()) };
    if taken >= stream.cursor.confirmed() {
        let entries = stream.log.read(taken..taken + 1).await;
        let entries = entries.map_err(|error| Failure::new(FailureKind::Log, error.to_string()))?;
        if let Some(Ok(record)) = entries.into_iter().next().map(|entry| Record::read(entry.index, entry.bytes)) {
            stream.confirm(record).await?;
        }
    }
    Ok(())
}

type Reading = ReadHalf<TlsStream<TcpStream>>;
type Writing = WriteHalf<TlsStream<TcpStream>>;

async fn connect(target: &SyslogTarget) -> Result<TlsStream<TcpStream>, Failure> {
    let place = format!("{}:{}", target.host, target.port);
    let unreachable = |why: String| Failure::new(FailureKind::Unreachable, format!("{place} cannot be reached: {why}"));
    let tcp = match timeout(CONNECT, TcpStream::connect((target.host.as_str(), target.port))).await {
        Ok(Ok(tcp)) => tcp,
        Ok(Err(error)) => return Err(unreachable(error.to_string())),
        Err(_) => return Err(unreachable("no answer within 10 s".to_owned())),
    };
    // A batch is written at once, and its last part should not wait.
    tcp.set_nodelay(true).ok();
    let connecting = TlsConnector::from(target.tls.clone()).connect(target.server_name.clone(), tcp);
    match timeout(CONNECT, connecting).await {
        Ok(Ok(tls)) => Ok(tls),
        Ok(Err(error)) => Err(Failure::new(FailureKind::Tls, format!("TLS with {place}: {error}"))),
        Err(_) => Err(Failure::new(FailureKind::Tls, format!("TLS with {place}: no handshake within 10 s"))),
    }
}

async fn written(write: &mut Writing, frames: &[u8]) -> io::Result<()> {
    write.write_all(frames).await?;
    write.flush().await
}

fn broken_by(error: &io::Error) -> Failure {
    Failure::new(FailureKind::Broken, format!("the connection broke off: {error}"))
}

/// Ready when the receiver ends the connection before we do. What it says is of no meaning in syslog.
async fn broken(read: &mut Reading) -> Failure {
    let mut ignored = [0; 1024];
    loop {
        match read.read(&mut ignored).await {
            Ok(0) => return Failure::new(FailureKind::Broken, "the receiver ended the connection"),
            Ok(_) => {}
            Err(error) => return broken_by(&error),
        }
    }
}

/// Ends the connection, and moves the cursor when the receiver has done so as well.
async fn end(
    stream: &mut Stream,
    target: &SyslogTarget,
    mut read: Reading,
    mut write: Writing,
    under_way: UnderWay,
) -> Result<(), Failure> {
    let ended = timeout(ENDING, async {
        write.shutdown().await?;
        let mut ignored = [0; 1024];
        loop {
            match read.read(&mut ignored).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
    });
    match ended.await {
        Ok(Ok(())) => match under_way.last {
            Some(last) => stream.confirm(last).await,
            None => Ok(()),
        },
        Ok(Err(error)) if error.kind() != io::ErrorKind::UnexpectedEof => Err(broken_by(&error)),
        // No answer in time, or an end of TCP alone, as of a receiver that dies.
        _ if target.confirm == Confirm::Written => Ok(()),
        _ => Err(Failure::new(
            FailureKind::Unconfirmed,
            "the receiver did not end TLS in turn within 15 s, so that it is not known what it has read; where it never does so, \
             set confirm = \"written\"",
        )),
    }
}
