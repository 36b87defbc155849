//! Handshakes of the versions of TLS that are spoken today.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use asepsis_govern::{Spoken, Tls};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
};

use super::{Door, first};

/// The most that is read of an answer's head.
const HEAD: u64 = 16 << 10;

/// The longest that an answer to the request for nothing is waited for.
const A_MOMENT: Duration = Duration::from_secs(3);

/// What a server showed.
pub(crate) struct Seen {
    /// Its certificates, its own first.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// What it says of coming back with TLS only.
    pub(crate) hsts_seconds: Option<u64>,
}

/// Whether this version is spoken, and what was shown.
pub(crate) fn tried(door: &Door, name: &ServerName<'static>, version: Tls) -> (Spoken, Option<Seen>) {
    match handshake(door, name, version) {
        Ok(seen) => (Spoken::Yes, Some(seen)),
        Err(Failure::Tls(Error::AlertReceived(AlertDescription::ProtocolVersion))) => (Spoken::No, None),
        // A server may want ciphers that are not offered here; whether it picks the version is told by its first message.
        Err(Failure::Tls(_)) if version == Tls::V1_2 => (first::picked(door, version, true), None),
        Err(Failure::Tls(_)) => (Spoken::No, None),
        Err(Failure::Io(error)) => (Spoken::Unseen(format!("the connection failed: {}", error.kind())), None),
    }
}

enum Failure {
    Tls(Error),
    Io(std::io::Error),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(tls) => Self::Tls(tls.clone()),
            None => Self::Io(error),
        }
    }
}

fn handshake(door: &Door, name: &ServerName<'static>, version: Tls) -> Result<Seen, Failure> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let looker = Arc::new(Looker { provider: Arc::clone(&provider), chain: Mutex::default() });
    let versions: &[&rustls::SupportedProtocolVersion] =
        if version == Tls::V1_3 { &[&rustls::version::TLS13] } else { &[&rustls::version::TLS12] };
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(Failure::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&looker) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), name.clone()).map_err(Failure::Tls)?;
    let mut stream = StreamOwned::new(connection, door.connect()?);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    let chain = std::mem::take(&mut *looker.chain.lock().unwrap_or_else(PoisonError::into_inner));
    stream.sock.set_read_timeout(Some(A_MOMENT))?;
    // What comes of asking is no part of the handshake: many systems answer nothing here.
    let hsts_seconds = head(&mut stream, &door.host).ok().and_then(|head| hsts(&head));
    Ok(Seen { chain, hsts_seconds })
}

/// The head of the answer to a request for nothing.
fn head(stream: &mut (impl Read + Write), host: &str) -> std::io::Result<String> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    // In one piece: a server may answer and close when it has read the first one, and what it did not read would cut its answer off.
    let asked = format!("HEAD / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: asepsis-probe\r\nConnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes())?;
    stream.flush()?;
    let (mut head, mut some) = (Vec::new(), [0; 1024]);
    while (head.len() as u64) < HEAD && !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut some) {
            Ok(0) | Err(_) => break,
            Ok(read) => head.extend_from_slice(&some[..read]),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The `max-age` of Strict-Transport-Security (RFC 6797, 6.1.1).
fn hsts(head: &str) -> Option<u64> {
    if !head.starts_with("HTTP/1.") {
        return None;
    }
    let field = head.lines().skip(1).take_while(|line| !line.is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("strict-transport-security").then_some(value)
    })?;
    field.split(';').find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("max-age").then(|| value.parse().ok()).flatten()
    })
}

/// Takes every certificate, so that a bad one can be described; that its holder is there is checked all the same. Nothing is sent
/// over such a connection but the request for nothing.
#[derive(Debug)]
struct Looker {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates).map(|one| one.clone().into_owned()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::hsts;

    #[test]
    fn c15_strict_transport_security_is_read_as_the_rfc_writes_it() {
        let of = |field: &str| {
            hsts(&format!("HTTP/1.1 200 OK\r\nServer: x\r\n{field}\r\n\r\nStrict-Transport-Security: max-age=1"))
        };
        assert_eq!(of("Strict-Transport-Security: max-age=31536000; includeSubDomains"), Some(31_536_000));
        assert_eq!(of("strict-transport-security:includeSubDomains ; Max-Age=\"7\""), Some(7));
        assert_eq!(of("Strict-Transport-Security: max-age=x"), None);
        assert_eq!(of("X: y"), None);
        assert_eq!(hsts("SSH-2.0\r\nStrict-Transport-Security: max-age=1\r\n"), None);
    }
}
