//! Client certificates: which program or device shows one.

use data_encoding::HEXLOWER;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};

use crate::random::sha256;

/// The most names of a certificate that are looked at.
const MOST_NAMES: usize = 64;

/// A client's certificate, whose chain, time and revocation the TLS handshake has checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// SHA-256 of the certificate, in hexadecimal.
    pub fingerprint: String,
    /// The serial number in hexadecimal, without leading zeros.
    pub serial: String,
    /// What it names: `dns:`, `uri:`, `email:` from its alternative names, `cn:` from its subject.
    pub names: Vec<String>,
}

/// A certificate that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no X.509 certificate")]
pub struct Unreadable;

/// Who a certificate speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateHolder {
    /// The name that it must bear: `dns:pacs.example.org`, `uri:spiffe://...`, `email:...`, `cn:...`.
    pub name: String,
    /// The user.
    pub user: String,
    /// The role.
    pub role: String,
}

impl ClientCertificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(der: &[u8]) -> Result<Self, Unreadable> {
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| Unreadable)?;
        if !rest.is_empty() {
            return Err(Unreadable);
        }
        let mut names = Vec::new();
        for extension in certificate.extensions() {
            let ParsedExtension::SubjectAlternativeName(alternative) = extension.parsed_extension() else { continue };
            names.extend(alternative.general_names.iter().take(MOST_NAMES).filter_map(|name| match name {
                GeneralName::DNSName(name) => Some(format!("dns:{}", name.to_ascii_lowercase())),
                GeneralName::URI(uri) => Some(format!("uri:{uri}")),
                GeneralName::RFC822Name(address) => Some(format!("email:{}", address.to_ascii_lowercase())),
                _ => None,
            }));
        }
        let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
        names.extend(common.take(MOST_NAMES).map(|name| format!("cn:{name}")));
        let serial = HEXLOWER.encode(certificate.raw_serial());
        let serial = serial.trim_start_matches('0').to_owned();
        Ok(Self { fingerprint: HEXLOWER.encode(&sha256(der)), serial, names })
    }

    /// The first of the holders whose name the certificate bears.
    pub fn holder<'h>(&self, holders: &'h [CertificateHolder]) -> Option<&'h CertificateHolder> {
        holders.iter().find(|holder| self.names.contains(&holder.name))
    }
}

/// A serial number as people write it (`0A:1B`, `0x0a1b`), in the form of [`ClientCertificate::serial`].
pub fn serial(text: &str) -> Option<String> {
    let digits: String = text.trim().trim_start_matches("0x").chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let good = (1..=64).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    good.then(|| digits.to_ascii_lowercase().trim_start_matches('0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c4_a_certificate_is_known_by_the_names_that_it_bears() {
        let mut params = rcgen::CertificateParams::new(vec!["PACS.example.org".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Radiology PACS");
        let uri = "spiffe://hospital/pacs".try_into().unwrap();
        params.subject_alt_names.push(rcgen::SanType::URI(uri));
        params.serial_number = Some(vec![0, 10, 27].into());
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let read = ClientCertificate::read(certificate.der()).unwrap();
        assert_eq!(read.names, ["dns:pacs.example.org", "uri:spiffe://hospital/pacs", "cn:Radiology PACS"]);
        assert_eq!((read.fingerprint.len(), Some(&read.serial)), (64, serial("0A:1B").as_ref()));
        let holder =
            |name: &str| CertificateHolder { name: name.to_owned(), user: "pacs".to_owned(), role: "r".to_owned() };
        let holders = [holder("dns:other.example.org"), holder("uri:spiffe://hospital/pacs")];
        assert_eq!(read.holder(&holders), Some(&holders[1]));
        assert_eq!(read.holder(&[holder("cn:pacs.example.org")]), None, "a name of another kind");
        for nonsense in [&b""[..], b"nonsense", &certificate.der()[..100]] {
            assert_eq!(ClientCertificate::read(nonsense), Err(Unreadable));
        }
        assert_eq!(serial("not hex"), None);
    }
}
