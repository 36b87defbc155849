//! Streams against rsyslog over TLS and an OTLP collector: everything arrives, also when either side dies in between.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use asepsis_export::stream::{
    Confirm, CursorError, FailureKind, OtlpTarget, StreamSettings, StreamStatus, Streams, SyslogFormat, SyslogTarget,
    Target, client_config, message,
};
use asepsis_export::{Record, Source, otlp_request};
use asepsis_log::{Log, LogKey, LogOptions};
use asepsis_vocab::AuditEvent;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use support::receivers::{Rotel, Rsyslog, certificates, event_id, free_port, wait_until};
use support::{generated, record, records, source, validators};

const EVENTS: u64 = 10_000;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

async fn open(folder: &Path) -> Log {
    let key = folder.join("log.key");
    if !key.exists() {
        LogKey::generate(&source().origin).expect("a key").save(&key).expect("saved");
    }
    let key = LogKey::load(&key).expect("a key");
    Log::open(&folder.join("log"), key, LogOptions::new(source().origin)).await.expect("a log").0
}

/// Appends the generated events of these numbers, in their order.
async fn append(log: &Log, numbers: std::ops::Range<u64>) {
    let events = plain(numbers.end);
    for chunk in events[usize::try_from(numbers.start).expect("small")..].chunks(256) {
        let appended = chunk.iter().map(|event| log.append(event));
        // In turn: their futures are polled in order, so that their indexes are in order too.
        for done in futures_in_order(appended.collect()).await {
            done.expect("appended");
        }
    }
}

/// Generated events without payloads: the log takes an event that speaks of one only together with it.
fn plain(count: u64) -> Vec<AuditEvent> {
    generated(count).into_iter().map(|event| AuditEvent { payload: None, ..event }).collect()
}

/// The records of those events.
fn stored_records(count: u64) -> Vec<Record> {
    plain(count).iter().zip(0..).map(|(event, index)| record(index, event)).collect()
}

async fn futures_in_order<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut open = false;
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(output) => *done = Some(output),
                    std::task::Poll::Pending => open = true,
                }
            }
        }
        if open { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    done.into_iter().flatten().collect()
}

fn pem(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).expect("certificates").collect::<Result<_, _>>().expect("certificates")
}

struct To<'a> {
    port: u16,
    certificates: &'a Path,
    authority: &'a str,
    client: bool,
    name: &'a str,
    format: SyslogFormat,
    confirm: Confirm,
    window: u64,
}

impl To<'_> {
    fn settings(&self, stream: &str) -> StreamSettings {
        let at = |name: &str| self.certificates.join(name);
        let key = || PrivateKeyDer::from_pem_file(at("client.key")).expect("a key");
        let identity = self.client.then(|| (pem(&at("client.pem")), key()));
        let target = SyslogTarget {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            server_name: self.name.to_owned().try_into().expect("a name"),
            tls: client_config(Some(pem(&at(self.authority))), identity).expect("TLS"),
            format: self.format,
            confirm: self.confirm,
            window: self.window,
        };
        StreamSettings { name: stream.to_owned(), target: Target::Syslog(target) }
    }
}

fn to<'a>(rsyslog: &Rsyslog, certificates: &'a Path) -> To<'a> {
    To {
        port: rsyslog.port,
        certificates,
        authority: "ca.pem",
        client: false,
        name: "127.0.0.1",
        format: SyslogFormat::Cef,
        confirm: Confirm::Close,
        window: 1000,
    }
}

fn start(log: &Log, folder: &Path, settings: StreamSettings) -> Streams {
    Streams::start(log, &source(), &folder.join("export"), vec![settings]).expect("streams")
}

fn status(streams: &Streams) -> StreamStatus {
    streams.statuses().remove(0)
}

/// What must arrive: each record's message without its frame, by event id.
fn expected(records: &[Record], format: SyslogFormat) -> BTreeMap<String, String> {
    let text = |record: &Record| {
        let framed = String::from_utf8(message(&source(), record, format)).expect("UTF-8");
        let (length, message) = framed.split_once(' ').expect("a frame");
        assert_eq!(length.parse(), Ok(message.len()), "RFC 5425: the length in bytes");
        message.to_owned()
    };
    records.iter().map(|record| (record.id(), text(record))).collect()
}

/// Checks that every message arrived whole, and returns how many came more than once.
fn check_arrived(rsyslog: &Rsyslog, expected: &BTreeMap<String, String>) -> usize {
    let received = rsyslog.received();
    let mut seen = BTreeSet::new();
    for message in &received {
        // Where it was killed within a line, the next goes on behind it.
        let Some(id) = event_id(message) else { continue };
        if expected.get(id) == Some(message) {
            seen.insert(id.to_owned());
        }
    }
    let missing: Vec<_> = expected.keys().filter(|id| !seen.contains(*id)).take(5).collect();
    assert!(missing.is_empty(), "{} of {} arrived whole; not {missing:?}", seen.len(), expected.len());
    received.len() - expected.len()
}

#[test]
fn c6_ten_thousand_events_arrive_over_tls_though_both_sides_die_in_between() {
    if validators().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    certificates(folder.path());
    let mut rsyslog = Rsyslog::start(folder.path(), None);
    let runtime = runtime();
    let log = runtime.block_on(open(folder.path()));
    runtime.block_on(append(&log, 0..EVENTS));
    let _entered = runtime.enter();

    let streams = start(&log, folder.path(), to(&rsyslog, folder.path()).settings("siem"));
    wait_until("the first come", || rsyslog.received().len() > 1500);
    rsyslog.kill();
    wait_until("the death is noticed", || !status(&streams).failures.is_empty());
    let down = status(&streams);
    assert!(!down.connected && down.confirmed < EVENTS && down.unsent() == down.lag(), "{down:?}");
    assert_eq!(down.last_failure.as_ref().map(|last| last.lasting), Some(true));
    rsyslog.start_again();
    let before = rsyslog.received().len();
    wait_until("it goes on", || rsyslog.received().len() > before + 2500);
    // Our side dies: nothing is ended in order.
    drop(streams);
    let streams = start(&log, folder.path(), to(&rsyslog, folder.path()).settings("siem"));
    assert!(status(&streams).confirmed > 0, "it goes on from its cursor");
    wait_until("all are confirmed", || status(&streams).lag() == 0);

    let expected = expected(&stored_records(EVENTS), SyslogFormat::Cef);
    let twice = check_arrived(&rsyslog, &expected);
    // At most a window for each of the two deaths.
    assert!(twice <= 2 * 1000, "{twice} came twice");
    runtime.block_on(async {
        streams.stop().await;
        log.close().await.expect("closed");
    });
}

#[test]
fn c6_atna_and_ocsf_arrive_byte_for_byte_at_a_receiver_that_asks_for_a_certificate() {
    if validators().is_none() {
        return;
    }
    let runtime = runtime();
    for format in [SyslogFormat::Atna, SyslogFormat::Ocsf] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        certificates(folder.path());
        let rsyslog = Rsyslog::start(folder.path(), Some("gateway.example.org"));
        let log = runtime.block_on(open(folder.path()));
        runtime.block_on(append(&log, 0..600));
        let _entered = runtime.enter();
        let with = To { client: true, format, ..to(&rsyslog, folder.path()) };
        let streams = start(&log, folder.path(), with.settings("siem"));
        wait_until("all are sent", || status(&streams).unsent() == 0);
        // What comes while the process ends still goes, and is confirmed.
        runtime.block_on(async {
            append(&log, 600..700).await;
            streams.stop().await;
            log.close().await.expect("closed");
        });
        assert_eq!(check_arrived(&rsyslog, &expected(&stored_records(700), format)), 0, "none came twice");
        let log = runtime.block_on(open(folder.path()));
        let streams =
            start(&log, folder.path(), To { client: true, format, ..to(&rsyslog, folder.path()) }.settings("siem"));
        assert_eq!(status(&streams).lag(), 0, "all was confirmed before the end");
        runtime.block_on(streams.stop());
    }
}

#[test]
fn c6_nothing_is_sent_where_tls_does_not_fit() {
    if validators().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    certificates(folder.path());
    let rsyslog = Rsyslog::start(folder.path(), None);
    let asks = Receiver::start(folder.path(), Some("other-ca.pem"), End::Properly);
    let runtime = runtime();
    let log = runtime.block_on(open(folder.path()));
    runtime.block_on(append(&log, 0..10));
    let _entered = runtime.enter();
    let usual = || to(&rsyslog, folder.path());
    for (stream, with, kinds) in [
        ("wrong-authority", To { authority: "other-ca.pem", ..usual() }, vec![FailureKind::Tls]),
        ("wrong-name", To { name: "siem.example.org", ..usual() }, vec![FailureKind::Tls]),
        ("nobody-there", To { port: free_port(), ..usual() }, vec![FailureKind::Unreachable]),
        // With TLS 1.3 a client hears only after its handshake that its certificate is not wanted.
        ("not-welcome", To { port: asks.port, client: true, ..usual() }, vec![FailureKind::Tls, FailureKind::Broken]),
    ] {
        let streams = start(&log, folder.path(), with.settings(stream));
        wait_until(&format!("{stream} fails"), || status(&streams).last_failure.is_some());
        let failed = status(&streams);
        let last = failed.last_failure.clone().expect("a failure");
        assert!(kinds.contains(&last.kind), "{stream}: {last:?}");
        assert_eq!((failed.confirmed, failed.lag()), (0, 10));
        assert!(!last.message.contains("dr-lind"));
    }
    assert_eq!((rsyslog.received().len(), asks.bytes()), (0, 0));
}

/// How a receiver of our own ends a connection that we have ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// By ending TLS too.
    Properly,
    /// By ending TCP alone, as the system does for a process that dies.
    Dead,
    /// Not at all.
    Never,
}

/// A receiver that can misbehave, which rsyslog cannot be told to. It reads all that it is sent.
struct Receiver {
    port: u16,
    bytes: Arc<Mutex<usize>>,
}

impl Receiver {
    /// Starts one with the server's certificate of the folder; with `clients`, only those are let in that this authority vouches for.
    fn start(folder: &Path, clients: Option<&str>, end: End) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(provider.clone());
        let builder = builder.with_safe_default_protocol_versions().expect("versions");
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add_parsable_certificates(pem(&folder.join(authority)));
                let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).expect("a key");
        let config = Arc::new(builder.with_single_cert(pem(&folder.join("server.pem")), key).expect("a certificate"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let receiver = Self { port: listener.local_addr().expect("an address").port(), bytes: Arc::default() };
        let count = receiver.bytes.clone();
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for tcp in listener.incoming().map_while(Result::ok) {
                let connection = rustls::ServerConnection::new(config.clone()).expect("a connection");
                let mut tls = rustls::StreamOwned::new(connection, tcp);
                let mut piece = [0; 16 << 10];
                while let Ok(length @ 1..) = tls.read(&mut piece) {
                    *count.lock().expect("a lock") += length;
                }
                match end {
                    End::Properly => {
                        tls.conn.send_close_notify();
                        tls.flush().ok();
                    }
                    End::Dead => {}
                    End::Never => open.push(tls),
                }
            }
        });
        receiver
    }

    fn bytes(&self) -> usize {
        *self.bytes.lock().expect("a lock")
    }
}

#[test]
fn c6_what_a_receiver_did_not_confirm_counts_as_not_taken() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    certificates(folder.path());
    let runtime = runtime();
    let _entered = runtime.enter();
    let log = runtime.block_on(open(folder.path()));
    runtime.block_on(append(&log, 0..10));
    let size: usize = stored_records(10).iter().map(|record| message(&source(), record, SyslogFormat::Cef).len()).sum();
    for (stream, end, confirmed) in [("well", End::Properly, 10), ("dies", End::Dead, 0), ("stays", End::Never, 0)] {
        let receiver = Receiver::start(folder.path(), None, end);
        let with = To {
            port: receiver.port,
            certificates: folder.path(),
            authority: "ca.pem",
            client: false,
            name: "localhost",
            format: SyslogFormat::Cef,
            confirm: Confirm::Close,
            window: 10,
        };
        let streams = start(&log, folder.path(), with.settings(stream));
        let ended = |status: &StreamStatus| status.confirmed == 10 || status.last_failure.is_some();
        wait_until(&format!("`{stream}` ends"), || ended(&status(&streams)));
        let status = status(&streams);
        assert_eq!((status.confirmed, status.lag()), (confirmed, 10 - confirmed), "{stream}: {status:?}");
        if confirmed == 0 {
            assert_eq!(status.failures.keys().collect::<Vec<_>>(), [&FailureKind::Unconfirmed], "{stream}");
        }
        drop(streams);
        assert!(receiver.bytes() >= size, "{stream}: it had read all");
    }
}

#[test]
fn c6_a_log_that_was_rolled_back_is_not_streamed_on() {
    if validators().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    certificates(folder.path());
    let rsyslog = Rsyslog::start(folder.path(), None);
    let runtime = runtime();
    let _entered = runtime.enter();
    let log = runtime.block_on(open(folder.path()));
    runtime.block_on(append(&log, 0..20));
    let streams = start(&log, folder.path(), To { window: 5, ..to(&rsyslog, folder.path()) }.settings("siem"));
    wait_until("all are confirmed", || status(&streams).lag() == 0);
    runtime.block_on(async {
        streams.stop().await;
        log.close().await.expect("closed");
    });
    // Another log of the same name, with as many and more entries.
    std::fs::remove_dir_all(folder.path().join("log")).expect("removed");
    let log = runtime.block_on(open(folder.path()));
    runtime.block_on(async {
        for event in &plain(40)[1..] {
            log.append(event).await.expect("appended");
        }
    });
    let streams = start(&log, folder.path(), to(&rsyslog, folder.path()).settings("siem"));
    wait_until("it stands", || status(&streams).last_failure.is_some());
    let last = status(&streams).last_failure.expect("a failure");
    assert_eq!(last.kind, FailureKind::OtherLog);
    assert!(last.message.contains("restored or rolled back") && last.message.contains("siem.json"), "{}", last.message);
    assert_eq!(rsyslog.received().len(), 20);
    drop(streams);
    // A cursor of a log of another name is refused at once.
    let other = Source::new("other.example.org/node-9");
    let settings = to(&rsyslog, folder.path()).settings("siem");
    let refused = Streams::start(&log, &other, &folder.path().join("export"), vec![settings]);
    assert!(matches!(refused.err(), Some(CursorError::OtherLog { .. })));
}

#[test]
fn c6_a_receiver_that_never_ends_a_connection_gets_everything_in_the_other_mode() {
    if validators().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    certificates(folder.path());
    let rsyslog = Rsyslog::start(folder.path(), None);
    let runtime = runtime();
    let _entered = runtime.enter();
    let log = runtime.block_on(open(folder.path()));
    runtime.block_on(append(&log, 0..1000));
    let with = || To { confirm: Confirm::Written, window: 300, ..to(&rsyslog, folder.path()) }.settings("siem");
    let streams = start(&log, folder.path(), with());
    wait_until("all are sent", || status(&streams).unsent() == 0);
    wait_until("a window stays open", || status(&streams).lag() == 300);
    wait_until("all arrived", || rsyslog.received().len() == 1000);
    drop(streams);
    // What is not known to be taken comes again, and no more.
    let streams = start(&log, folder.path(), with());
    wait_until("the window comes again", || rsyslog.received().len() >= 1300);
    drop(streams);
    assert_eq!(check_arrived(&rsyslog, &expected(&stored_records(1000), SyslogFormat::Cef)), 300);
}

// === OTLP ===

fn otlp(port: u16) -> StreamSettings {
    let target = OtlpTarget {
        url: format!("http://127.0.0.1:{port}/v1/logs").parse().expect("a URL"),
        tls: client_config(None, None).expect("TLS"),
        header: Some((http::header::AUTHORIZATION, "Bearer s3cr3t".to_owned().into())),
    };
    StreamSettings { name: "otel".to_owned(), target: Target::Otlp(target) }
}

#[test]
fn c6_ten_thousand_events_arrive_at_an_otlp_collector_though_both_sides_stop_in_between() {
    let Some(installed) = validators() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut rotel = Rotel::start(&installed, folder.path());
    let runtime = runtime();
    let _entered = runtime.enter();
    let log = runtime.block_on(open(folder.path()));
    runtime.block_on(append(&log, 0..EVENTS));
    let streams = start(&log, folder.path(), otlp(rotel.port));
    wait_until("the first come", || status(&streams).confirmed > 2000);
    rotel.stop();
    wait_until("it is noticed", || !status(&streams).failures.is_empty());
    assert!(status(&streams).lag() > 0);
    rotel.start_again();
    wait_until("it goes on", || status(&streams).confirmed > 6000);
    drop(streams);
    let streams = start(&log, folder.path(), otlp(rotel.port));
    wait_until("all are taken", || status(&streams).lag() == 0);
    rotel.stop();
    let received = rotel.received();
    let ids: BTreeSet<&str> =
        received.lines().filter_map(|line| line.split_once("asepsis.event.id: Str(")?.1.split(')').next()).collect();
    let missing: Vec<_> =
        stored_records(EVENTS).iter().map(Record::id).filter(|id| !ids.contains(id.as_str())).take(3).collect();
    assert!(missing.is_empty(), "{} arrived; not {missing:?}", ids.len());
    assert!(!received.contains("s3cr3t"));
}

#[test]
fn c6_otlp_requests_are_what_the_published_messages_say() {
    let Some(installed) = validators() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let records = records(EVENTS);
    let mut lines = Vec::new();
    for batch in records.chunks(128) {
        lines.extend(otlp_request(&source(), batch));
        lines.push(b'\n');
    }
    let file = folder.path().join("otlp.ndjson");
    std::fs::write(&file, lines).expect("write a file");
    let script = support::sources().join("otlp.py");
    let (well, said) =
        support::run(std::process::Command::new(installed.join("bin/python")).arg("-B").arg(script).arg(file));
    assert!(well, "{}", said.lines().last().unwrap_or_default());
    let read: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(read.len() as u64, EVENTS);
    for (read, record) in read.iter().zip(&records) {
        assert_eq!(read["attributes"]["asepsis.event.id"]["stringValue"], record.id());
        assert_eq!(read["attributes"]["asepsis.index"]["intValue"], record.index.to_string());
        assert_eq!(read["time"], record.millis * 1_000_000);
    }
}

/// A receiver that answers each request with the next of these heads and bodies, and the last for ever.
fn answering(answers: &'static [&'static str]) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    std::thread::spawn(move || {
        let mut answers = answers.iter();
        let mut last = "";
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = Vec::new();
            let mut piece = [0; 16 << 10];
            let whole = |request: &[u8]| {
                let text = String::from_utf8_lossy(request).into_owned();
                let (head, body) = text.split_once("\r\n\r\n")?;
                let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok())?;
                (body.len() >= length).then_some(text)
            };
            let text = loop {
                match stream.read(&mut piece) {
                    Ok(0) | Err(_) => break None,
                    Ok(n) => request.extend_from_slice(&piece[..n]),
                }
                if let Some(text) = whole(&request) {
                    break Some(text);
                }
            };
            let Some(text) = text else { continue };
            keep.lock().expect("a lock").push(text);
            last = answers.next().unwrap_or(&last);
            let (status, body) = last.split_once('\n').unwrap_or((last, ""));
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).ok();
        }
    });
    (port, seen)
}

#[test]
fn c6_what_an_otlp_receiver_does_not_take_is_sent_again_and_what_it_throws_away_is_counted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let runtime = runtime();
    let _entered = runtime.enter();
    let log = runtime.block_on(open(folder.path()));
    runtime.block_on(append(&log, 0..8));
    let (port, seen) = answering(&[
        "503 Later",
        "401 Who",
        "413 Less",
        "200 OK\n{\"partialSuccess\":{\"rejectedLogRecords\":\"2\",\"errorMessage\":\"x\"}}",
        "200 OK\n{}",
    ]);
    let streams = start(&log, folder.path(), otlp(port));
    wait_until("all are taken", || status(&streams).lag() == 0);
    let done = status(&streams);
    let kinds: Vec<_> = done.failures.iter().map(|(kind, count)| (*kind, *count)).collect();
    assert_eq!(kinds, [(FailureKind::Refused, 1), (FailureKind::Busy, 1), (FailureKind::Rejected, 1)]);
    assert_eq!((done.rejected, done.sent), (2, 8));
    let seen = seen.lock().expect("a lock");
    let counts: Vec<usize> = seen.iter().map(|request| request.matches("asepsis.event.id").count()).collect();
    assert_eq!(counts[..4], [8, 8, 8, 4], "halved where it was too large");
    assert_eq!(counts[4..].iter().sum::<usize>(), 4);
    assert!(seen.iter().all(|request| request.contains("authorization: Bearer s3cr3t")));
    let shown = format!("{done:?}");
    assert!(!shown.contains("s3cr3t"));
}
