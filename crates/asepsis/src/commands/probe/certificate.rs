//! What a server's certificates say, and whether they are good.

use std::sync::Arc;

use anyhow::Context;
use asepsis_govern::Chain;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// Names that are shown.
const NAMES: usize = 20;

/// What the certificates say; nothing where none were shown.
pub(crate) fn read(
    shown: &[CertificateDer<'static>],
    name: &ServerName<'static>,
    extra: Vec<CertificateDer<'static>>,
    now: OffsetDateTime,
) -> anyhow::Result<Option<Chain>> {
    let Some((own, others)) = shown.split_first() else { return Ok(None) };
    let (_, certificate) = X509Certificate::from_der(own).context("the server's certificate cannot be read")?;
    let names = certificate.subject_alternative_name().ok().flatten().map(|names| names.value.general_names.as_slice());
    let named = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    let (begins, ends) =
        (certificate.validity().not_before.to_datetime(), certificate.validity().not_after.to_datetime());
    let mut faults = Vec::new();
    if now < begins {
        faults.push(format!("it begins on {}", begins.date()));
    }
    if ends < now {
        faults.push(format!("it ended on {}", ends.date()));
    }
    let against = trusted(own, others, name, extra, now)?;
    if against.is_some() && certificate.issuer() == certificate.subject() && others.is_empty() {
        faults.push("it is signed by itself".to_owned());
    }
    match against {
        Some(CertificateError::Expired | CertificateError::ExpiredContext { .. }) if !faults.is_empty() => {}
        Some(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) if !faults.is_empty() => {}
        Some(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            faults.push(format!("it is not for {}", name.to_str()));
        }
        Some(CertificateError::UnknownIssuer) => faults.push("nobody trusted stands behind it".to_owned()),
        Some(other) => faults.push(other.to_string()),
        None => {}
    }
    Ok(Some(Chain {
        fault: (!faults.is_empty()).then(|| faults.join("; ")),
        names: names.unwrap_or_default().iter().filter_map(named).take(NAMES).collect(),
        issuer: certificate.issuer().to_string().chars().take(200).collect(),
        first_day: begins.date(),
        last_day: ends.date(),
        length: shown.len(),
    }))
}

/// What the gateway's own way of looking at certificates has against these.
fn trusted(
    own: &CertificateDer<'static>,
    others: &[CertificateDer<'static>],
    name: &ServerName<'static>,
    extra: Vec<CertificateDer<'static>>,
    now: OffsetDateTime,
) -> anyhow::Result<Option<CertificateError>> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(extra);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    match verifier.verify_server_cert(own, others, name, &[], at) {
        Ok(_) => Ok(None),
        Err(Error::InvalidCertificate(error)) => Ok(Some(error)),
        Err(error) => Err(error.into()),
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let address = match bytes.len() {
        4 => std::net::IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
        _ => std::net::IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
    };
    Some(address.to_string())
}
