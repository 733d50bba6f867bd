//! How a link to a server is protected: the modes of `sslmode`, and the TLS settings for rustls.
//!
//! Both network drivers use the modes; the settings built here are PostgreSQL's, because the MySQL
//! driver takes options of its own.

use super::{DbError, DbErrorKind, DbResult};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

/// What the URL parameter `sslmode` may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SslMode {
    /// Never encrypt.
    Disable,
    /// Encrypt when the server can, without checking who it is.
    Prefer,
    /// Always encrypt, without checking who the server is.
    Require,
    /// Always encrypt, and check the certificate and the name in it.
    VerifyFull,
}

/// The mode that the URL asks for, or the one that fits the host: an own machine needs no proof of who it
/// is, any other does. The spellings of MySQL's own clients are taken too.
pub(crate) fn ssl_mode(params: Option<&str>, host: &str) -> DbResult<SslMode> {
    let Some(word) = params else {
        return Ok(if is_local(host) {
            SslMode::Prefer
        } else {
            SslMode::VerifyFull
        });
    };
    match word.to_ascii_lowercase().as_str() {
        "disable" | "disabled" => Ok(SslMode::Disable),
        "prefer" | "preferred" => Ok(SslMode::Prefer),
        "require" | "required" => Ok(SslMode::Require),
        "verify-full" | "verify_identity" => Ok(SslMode::VerifyFull),
        _ => Err(DbError::new(
            DbErrorKind::Config,
            format!("sslmode={word} is not known; use disable, prefer, require or verify-full"),
        )),
    }
}

/// Whether a host is this machine: a Unix socket, `localhost` or a loopback address.
fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.is_empty()
        || host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The settings of rustls for a mode. A file of certificate authorities replaces the public ones, and
/// asks by itself for the server to be checked.
pub(crate) fn client_config(mode: SslMode, authorities: Option<&Path>) -> DbResult<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            DbError::new(DbErrorKind::Other, format!("TLS cannot be set up: {error}"))
        })?;
    if mode != SslMode::VerifyFull && authorities.is_none() {
        return Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
            .with_no_client_auth());
    }
    let roots = match authorities {
        Some(file) => read_authorities(file)?,
        None => RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        },
    };
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn read_authorities(file: &Path) -> DbResult<RootCertStore> {
    let wrong = |why: String| {
        let text = format!(
            "sslrootcert={} cannot be used: {why}; it must be a PEM file",
            file.display()
        );
        DbError::new(DbErrorKind::Config, text)
    };
    let mut roots = RootCertStore::empty();
    for certificate in
        CertificateDer::pem_file_iter(file).map_err(|error| wrong(error.to_string()))?
    {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it holds no certificate".to_owned()));
    }
    Ok(roots)
}

/// Takes any certificate: for `prefer` and `require`, which promise encryption and nothing more.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_trusted_without_a_certificate() {
        for host in [
            "localhost",
            "127.0.0.1",
            "::1",
            "[::1]",
            "/run/postgresql",
            "",
        ] {
            assert_eq!(ssl_mode(None, host).unwrap(), SslMode::Prefer, "{host}");
        }
        for host in ["db", "10.0.0.5", "db.example.org", "localhost.example.org"] {
            assert_eq!(ssl_mode(None, host).unwrap(), SslMode::VerifyFull, "{host}");
        }
    }

    #[test]
    fn a_mode_that_is_asked_for_stands() {
        assert_eq!(
            ssl_mode(Some("require"), "localhost").unwrap(),
            SslMode::Require
        );
        assert_eq!(ssl_mode(Some("DISABLED"), "db").unwrap(), SslMode::Disable);
        let error = ssl_mode(Some("yes"), "db").unwrap_err();
        assert_eq!(error.kind, DbErrorKind::Config);
        assert!(error.message.contains("verify-full"), "{error}");
    }

    #[test]
    fn a_missing_file_of_authorities_is_named() {
        let error =
            client_config(SslMode::VerifyFull, Some(Path::new("/nowhere/ca.pem"))).unwrap_err();
        assert_eq!(error.kind, DbErrorKind::Config);
        assert!(error.message.contains("/nowhere/ca.pem"), "{error}");
    }
}
