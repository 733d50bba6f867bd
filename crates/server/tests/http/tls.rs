//! Encrypted connections. No engine matters to them: they are tried on SQLite.

use crate::engine::Engine;
use crate::own_promises;
use crate::server::Server;
use crate::wire::{self, Answer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

own_promises![
    requests_are_answered_over_tls_and_in_no_other_way,
    a_client_that_agrees_on_nothing_is_dropped,
    a_new_certificate_is_served_after_sighup_and_a_bad_one_is_not,
];

const AUTHORITY: &[u8] = include_bytes!("../tls/ca.pem");
const SERVER: (&str, &str) = (
    include_str!("../tls/server.pem"),
    include_str!("../tls/server.key"),
);
const OTHER: (&str, &str) = (
    include_str!("../tls/other.pem"),
    include_str!("../tls/other.key"),
);

/// Certificate and key in a folder, and a server that has them.
struct Encrypted {
    folder: tempfile::TempDir,
    server: Server,
}

impl Encrypted {
    fn start(engine: &Engine) -> Encrypted {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), SERVER);
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (certificate, key) = (path("cert.pem"), path("key.pem"));
        let server = Server::start(engine, &["--tls-cert", &certificate, "--tls-key", &key]);
        Encrypted { folder, server }
    }
}

fn write(folder: &Path, (certificate, key): (&str, &str)) {
    for (name, text) in [("cert.pem", certificate), ("key.pem", key)] {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// The answer to a request, and the certificate that the server showed.
fn ask(
    address: SocketAddr,
    versions: &[&'static SupportedProtocolVersion],
) -> (Answer, CertificateDer<'static>) {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(AUTHORITY).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(client, wire::open(address));
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).unwrap();
    let shown = stream.conn.peer_certificates().unwrap()[0]
        .clone()
        .into_owned();
    (wire::read(stream).expect("an answer"), shown)
}

fn requests_are_answered_over_tls_and_in_no_other_way(engine: &Engine) {
    let encrypted = Encrypted::start(engine);
    let address = encrypted.server.address;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let (answer, _) = ask(address, &[version]);
        assert_eq!(answer.status, 200, "{version:?}");
        let transport = answer.header("strict-transport-security");
        assert_eq!(transport, Some("max-age=31536000"));
    }
    let plain = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut stream = wire::open(address);
    stream.write_all(plain).unwrap();
    assert!(
        wire::read(stream).is_none(),
        "it was answered without encryption"
    );
    encrypted.server.end();
}

fn a_client_that_agrees_on_nothing_is_dropped(engine: &Engine) {
    let encrypted = Encrypted::start(engine);
    let stream = wire::open(encrypted.server.address);
    let began = Instant::now();
    assert!(wire::read(stream).is_none());
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    encrypted.server.end();
}

fn a_new_certificate_is_served_after_sighup_and_a_bad_one_is_not(engine: &Engine) {
    let encrypted = Encrypted::start(engine);
    let (address, folder) = (encrypted.server.address, encrypted.folder.path());
    let both = rustls::ALL_VERSIONS;
    let first = ask(address, both).1;
    write(folder, OTHER);
    encrypted.server.signal("HUP");
    let began = Instant::now();
    let second = loop {
        let shown = ask(address, both).1;
        if shown != first {
            break shown;
        }
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "the old one is still shown"
        );
        std::thread::sleep(Duration::from_millis(20));
    };
    // The key is that of another certificate.
    write(folder, (OTHER.0, SERVER.1));
    encrypted.server.signal("HUP");
    encrypted.server.wait_for_log("of another key");
    assert_eq!(ask(address, both).1, second);
    encrypted.server.end();
}
