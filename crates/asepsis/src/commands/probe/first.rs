//! The first message of a handshake, by which a server says whether it would speak an old version of TLS. No library that Asepsis
//! uses speaks them, and none should.

use std::io::{ErrorKind, Read, Write};

use asepsis_govern::{Spoken, Tls};

use super::Door;

/// What a client of that time offered, and what is needed to get an answer of servers that know nothing older (RFC 5246, A.5; RFC 8422).
const CIPHERS: [u16; 14] =
    [0xC014, 0xC013, 0xC00A, 0xC009, 0xC012, 0x0039, 0x0033, 0x0038, 0x0032, 0x0035, 0x002F, 0x000A, 0xC02F, 0x009C];

/// Whether the server picks this version where it is offered no newer one. `answers`: whether it speaks a newer version, so that a
/// connection that it ends in silence is a refusal.
pub(crate) fn picked(door: &Door, version: Tls, answers: bool) -> Spoken {
    let asked = wire(version);
    let done = || -> std::io::Result<Option<[u8; 2]>> {
        let mut stream = door.connect()?;
        stream.write_all(&hello(&door.host, asked))?;
        answer(&mut stream)
    };
    match done() {
        Ok(Some(picked)) if picked == asked => Spoken::Yes,
        Ok(_) => Spoken::No,
        Err(error) => match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe if answers => Spoken::No,
            ErrorKind::InvalidData => Spoken::Unseen("what answered is no TLS".to_owned()),
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Spoken::Unseen("no answer in time".to_owned()),
            _ => Spoken::Unseen("the connection was ended".to_owned()),
        },
    }
}

fn wire(version: Tls) -> [u8; 2] {
    match version {
        Tls::V1_0 => [3, 1],
        Tls::V1_1 => [3, 2],
        Tls::V1_2 | Tls::V1_3 => [3, 3],
    }
}

/// A ClientHello (RFC 5246, 7.4.1.2) that offers up to this version.
fn hello(host: &str, version: [u8; 2]) -> Vec<u8> {
    let mut body = version.to_vec();
    // It guards nothing here: no key comes out of it.
    body.extend((0_u8..32).map(|at| at.wrapping_mul(37).wrapping_add(11)));
    body.push(0);
    extend(&mut body, &CIPHERS.iter().flat_map(|cipher| cipher.to_be_bytes()).collect::<Vec<_>>());
    body.extend([1, 0]);
    let mut extensions = Vec::new();
    if host.parse::<std::net::IpAddr>().is_err() {
        // server_name, RFC 6066, 3.
        let mut name = vec![0];
        extend(&mut name, host.as_bytes());
        let mut list = Vec::new();
        extend(&mut list, &name);
        extension(&mut extensions, 0, &list);
    }
    // supported_groups and ec_point_formats, RFC 8422, 5.1.
    extension(&mut extensions, 10, &[0, 8, 0, 0x17, 0, 0x18, 0, 0x19, 0, 0x1D]);
    extension(&mut extensions, 11, &[1, 0]);
    if version == [3, 3] {
        // signature_algorithms, RFC 5246, 7.4.1.4.1.
        extension(&mut extensions, 13, &[0, 8, 4, 1, 4, 3, 8, 4, 2, 1]);
    }
    extend(&mut body, &extensions);
    let length = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
    let mut message = vec![1, length[1], length[2], length[3]];
    message.extend(body);
    // The version of the record layer is that of the oldest, as clients send it.
    let mut record = vec![22, 3, 1];
    extend(&mut record, &message);
    record
}

/// Bytes with their length, in two bytes, before them.
fn extend(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend(u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes());
    to.extend(bytes);
}

fn extension(to: &mut Vec<u8>, kind: u16, bytes: &[u8]) {
    to.extend(kind.to_be_bytes());
    extend(to, bytes);
}

/// The version that the ServerHello has; nothing where an alert came.
fn answer(stream: &mut impl Read) -> std::io::Result<Option<[u8; 2]>> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    match head[0] {
        21 if head[1] == 3 => Ok(None),
        22 if head[1] == 3 => {
            // The type, three bytes of length, the version.
            let mut begin = [0; 6];
            stream.read_exact(&mut begin)?;
            if begin[0] == 2 { Ok(Some([begin[4], begin[5]])) } else { Err(ErrorKind::InvalidData.into()) }
        }
        _ => Err(ErrorKind::InvalidData.into()),
    }
}
