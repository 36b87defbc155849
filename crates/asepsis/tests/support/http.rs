//! An HTTP/1.1 client that can be wrong on purpose, and that tells a whole answer from one that broke off.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use serde_json::Value;

use super::PATIENCE;

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The HTTP status; 0 where no answer came.
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// The body, without the framing of chunks.
    pub(crate) body: Vec<u8>,
    /// Whether the answer came to its proper end: its last chunk, or as many bytes as it announced.
    pub(crate) whole: bool,
}

impl Reply {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("the body is no JSON: {error}: {} {}", self.status, self.text()))
    }

    /// The exchange's id, as the headers name it.
    pub(crate) fn exchange(&self) -> &str {
        self.header("x-asepsis-exchange").expect("every answer names its exchange")
    }

    /// The data of each event of a streamed answer, in order.
    pub(crate) fn events(&self) -> Vec<String> {
        self.text().lines().filter_map(|line| line.strip_prefix("data: ").map(str::to_owned)).collect()
    }

    /// The text of a streamed answer of either protocol, its fragments put together.
    pub(crate) fn streamed_text(&self) -> String {
        let mut text = String::new();
        for data in self.events() {
            let Ok(event) = serde_json::from_str::<Value>(&data) else { continue };
            let delta = event["choices"][0]["delta"]["content"].as_str().or(event["delta"]["text"].as_str());
            text.push_str(delta.unwrap_or_default());
        }
        text
    }

    /// The text of a plain answer of either protocol.
    pub(crate) fn answer_text(&self) -> String {
        let body = self.json();
        let text = body["choices"][0]["message"]["content"].as_str().or(body["content"][0]["text"].as_str());
        text.unwrap_or_else(|| panic!("no text in {body}")).to_owned()
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap_or_else(|e| panic!("connect to {address}: {e}"));
    stream.set_read_timeout(Some(PATIENCE)).expect("a read time-out");
    stream.set_write_timeout(Some(PATIENCE)).expect("a write time-out");
    stream.set_nodelay(true).expect("no delay");
    stream
}

/// One request on a connection of its own.
pub(crate) fn request(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut stream = connect(address);
    // A server may answer and close before it has read a body that it does not want: what it says counts.
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).ok();
    read_reply(stream)
}

/// Sends bytes as they are, then nothing more.
pub(crate) fn raw(address: SocketAddr, bytes: &[u8]) -> Reply {
    let mut stream = connect(address);
    stream.write_all(bytes).ok();
    stream.shutdown(Shutdown::Write).ok();
    read_reply(stream)
}

/// Reads an answer to its end.
pub(crate) fn read_reply(mut stream: TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => {
                bytes.extend_from_slice(&piece[..n]);
                // Where a connection stays open its end is not waited for. That of a stream of thousands of chunks is looked
                // for only where it may be.
                let within_chunks = bytes.len() > 64 * 1024 && !bytes.ends_with(b"\r\n0\r\n\r\n") && is_chunked(&bytes);
                if !within_chunks && parse(&bytes, false).is_some_and(|reply| reply.whole) {
                    break;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("nothing came for {} s; until then: {}", PATIENCE.as_secs(), String::from_utf8_lossy(&bytes))
            }
            // A reset: what came before it counts.
            Err(_) => break,
        }
    }
    parse(&bytes, true).unwrap_or(Reply { status: 0, headers: Vec::new(), body: Vec::new(), whole: false })
}

fn is_chunked(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).to_ascii_lowercase();
    head.split("\r\n\r\n").next().is_some_and(|head| head.contains("transfer-encoding: chunked"))
}

fn parse(bytes: &[u8], closed: bool) -> Option<Reply> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    if (100..200).contains(&status) {
        return parse(&bytes[end + 4..], closed);
    }
    let headers: Vec<(String, String)> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let rest = &bytes[end + 4..];
    let (body, whole) = if header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
        unchunk(rest)
    } else if let Some(length) = header("content-length").and_then(|v| v.parse::<usize>().ok()) {
        (rest[..rest.len().min(length)].to_vec(), rest.len() >= length)
    } else {
        (rest.to_vec(), closed)
    };
    Some(Reply { status, headers, body, whole })
}

fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = rest.windows(2).position(|w| w == b"\r\n") else { return (body, false) };
        let line = String::from_utf8_lossy(&rest[..end]);
        let Ok(size) = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16) else {
            return (body, false);
        };
        rest = &rest[end + 2..];
        if size == 0 {
            return (body, true);
        }
        body.extend_from_slice(&rest[..rest.len().min(size)]);
        if rest.len() < size + 2 {
            return (body, false);
        }
        rest = &rest[size + 2..];
    }
}
