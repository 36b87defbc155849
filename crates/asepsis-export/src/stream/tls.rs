//! TLS towards a receiver.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// What is wrong with the certificates that TLS is to use.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate authority that cannot be used.
    #[error("a certificate authority cannot be used: {0}")]
    Authority(rustls::Error),
    /// The certificate and key that are shown to the receiver.
    #[error("the client's certificate and key do not fit: {0}")]
    Identity(rustls::Error),
}

/// TLS 1.2 or 1.3 (RFC 5425 with RFC 9662 asks for 1.2 at least). The receiver's certificate must come from one of `roots`, or
/// from a public authority where none are given; `identity` is shown where the receiver asks for one.
///
/// # Errors
/// [`TlsError`].
pub fn client_config(
    roots: Option<Vec<CertificateDer<'static>>>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut store = RootCertStore::empty();
    match roots {
        None => store.roots.extend_from_slice(webpki_roots::TLS_SERVER_ROOTS),
        Some(roots) => {
            for root in roots {
                store.add(root).map_err(TlsError::Authority)?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Authority)?
        .with_root_certificates(store);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(TlsError::Identity)?,
    };
    Ok(Arc::new(config))
}
