//! TLS for `serve`: certificate and key from files, read again when they change. Which requests are answered is
//! not decided here.

use crate::failure::{Exit, Failure};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;

/// A chain of certificates, or a key.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Whoever renews certificates need not tell the server.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What connections are encrypted with.
#[derive(Debug)]
pub(crate) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    loaded: Mutex<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    files: Files,
    config: Arc<ServerConfig>,
}

#[derive(Debug, PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Tls {
    /// Reads both files.
    pub(crate) fn read(certificate: PathBuf, key: PathBuf) -> Result<Tls, Failure> {
        let files = Files::read(&certificate, &key)?;
        let config = files.config(&certificate, &key)?;
        Ok(Tls {
            certificate,
            key,
            loaded: Mutex::new(Loaded { files, config }),
        })
    }

    /// For one connection: what is in force at its beginning.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.loaded().config))
    }

    /// Reads the files again, and tells whether they have changed. What cannot be used changes nothing.
    fn reload(&self) -> Result<bool, Failure> {
        let files = Files::read(&self.certificate, &self.key)?;
        if files == self.loaded().files {
            return Ok(false);
        }
        let config = files.config(&self.certificate, &self.key)?;
        *self.loaded() = Loaded { files, config };
        Ok(true)
    }

    fn loaded(&self) -> std::sync::MutexGuard<'_, Loaded> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the files again on SIGHUP, and every half a minute by itself. Open connections keep what they began
/// with.
pub(crate) async fn keep_fresh(tls: Arc<Tls>) -> io::Result<()> {
    let mut hung_up = signal(SignalKind::hangup())?;
    // What is wrong is told once, not twice a minute.
    let mut told = None;
    loop {
        tokio::select! {
            _ = hung_up.recv() => told = None,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
        let own = Arc::clone(&tls);
        match tokio::task::spawn_blocking(move || own.reload()).await {
            Ok(Ok(changed)) => {
                told = None;
                if changed {
                    tracing::info!("the certificate was read again");
                }
            }
            Ok(Err(failure)) => {
                if told.as_ref() != Some(&failure.cause) {
                    let why = &failure.cause;
                    tracing::error!("going on with the certificate as it was: {why}");
                }
                told = Some(failure.cause);
            }
            Err(error) => tracing::error!(%error, "the certificate could not be read again"),
        }
    }
}

impl Files {
    fn read(certificate: &Path, key: &Path) -> Result<Files, Failure> {
        check_rights(key)?;
        Ok(Files {
            certificate: read(certificate)?,
            key: read(key)?,
        })
    }

    fn config(&self, certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, Failure> {
        let chain = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(certificate, &format!("it is no PEM: {error}")))?;
        if chain.is_empty() {
            return Err(wrong(certificate, "it holds no certificate")
                .fix("name a PEM file with the server's certificate first, then those above it"));
        }
        let private = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| {
            wrong(key, "it holds no private key that can be used")
                .fix("name a PEM file with a private key that has no passphrase")
        })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(certificate, &error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, private);
        let mut config = config.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                let why = format!(
                    "the certificate in {} is of another key",
                    certificate.display()
                );
                wrong(key, &why).fix("name the key that the certificate was made for")
            }
            error => wrong(certificate, &error.to_string()),
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| wrong(path, &error.to_string()))?;
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| wrong(path, &error.to_string()))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let why = format!("it is larger than {FILE_BYTES_MAX} bytes");
        return Err(wrong(path, &why));
    }
    Ok(bytes)
}

/// Whoever can read the key can be the server.
fn check_rights(key: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let facts = std::fs::metadata(key).map_err(|error| wrong(key, &error.to_string()))?;
    if facts.permissions().mode() & 0o007 == 0 {
        return Ok(());
    }
    let fix = format!("keep it from others: chmod o= {}", key.display());
    Err(wrong(key, "everybody on this machine may use the key").fix(fix))
}

fn wrong(path: &Path, why: &str) -> Failure {
    Failure::new(Exit::Usage, "tls", format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const CERTIFICATE: &str = include_str!("../../tests/tls/server.pem");
    const KEY: &str = include_str!("../../tests/tls/server.key");
    const OTHER_KEY: &str = include_str!("../../tests/tls/other.key");

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Folder {
            let folder = Folder(tempfile::tempdir().unwrap());
            folder.write("cert", CERTIFICATE);
            folder.write("key", KEY);
            folder
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.path(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }

        fn read(&self) -> Result<Tls, Failure> {
            Tls::read(self.path("cert"), self.path("key"))
        }
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_file() {
        let cases: [(&str, &str, &str); 5] = [
            ("cert", "", "holds no certificate"),
            ("cert", KEY, "holds no certificate"),
            ("key", "", "holds no private key"),
            ("key", CERTIFICATE, "holds no private key"),
            ("key", OTHER_KEY, "of another key"),
        ];
        for (name, text, why) in cases {
            let folder = Folder::new();
            folder.write(name, text);
            let failure = folder.read().unwrap_err();
            assert!(failure.cause.contains(why), "{}", failure.cause);
            assert!(
                failure.cause.contains(&format!("/{name}: ")),
                "{}",
                failure.cause
            );
            assert!(failure.fix.is_some() && failure.exit == Exit::Usage);
        }
        let folder = Folder::new();
        std::fs::remove_file(folder.path("cert")).unwrap();
        assert!(folder.read().unwrap_err().cause.contains("/cert: "));
    }

    #[test]
    fn a_key_that_everybody_can_read_is_refused() {
        for (mode, taken) in [(0o600, true), (0o640, true), (0o644, false), (0o602, false)] {
            let folder = Folder::new();
            let rights = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(folder.path("key"), rights).unwrap();
            assert_eq!(folder.read().is_ok(), taken, "{mode:o}");
        }
    }

    #[test]
    fn what_changes_is_taken_and_what_cannot_be_used_changes_nothing() {
        let folder = Folder::new();
        let tls = folder.read().unwrap();
        let before = Arc::clone(&tls.loaded().config);
        assert!(!tls.reload().unwrap());
        folder.write("key", OTHER_KEY);
        assert!(tls.reload().is_err());
        assert!(Arc::ptr_eq(&before, &tls.loaded().config));
        folder.write("cert", include_str!("../../tests/tls/other.pem"));
        assert!(tls.reload().unwrap());
        assert!(!Arc::ptr_eq(&before, &tls.loaded().config));
    }
}
