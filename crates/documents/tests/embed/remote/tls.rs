//! An encrypted connection, and one to a stranger.

use std::sync::Arc;

use dutiful_documents::embed::remote::RemoteEmbedder;
use dutiful_documents::embed::{Embedder, Purpose};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{codes, settings};
use crate::provider::Proxy;

/// Made for tests of the server: for `localhost`, by an authority that nobody else knows.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/tests/tls");

#[tokio::test]
async fn only_a_provider_that_the_authorities_know_is_asked() {
    let proxy = Proxy::start(None).await;
    let port = serve(&proxy).await;
    let mut settings = settings(&proxy);
    for (host, authority, code) in [
        ("localhost", Some("ca.pem"), ""),
        ("localhost", Some("other.pem"), "unreachable"),
        ("localhost", None, "unreachable"),
    ] {
        settings.provider.base_url = format!("https://{host}:{port}/v1");
        settings.provider.ca_file = authority.map(|file| format!("{FOLDER}/{file}").into());
        let embedder = RemoteEmbedder::new(settings.clone()).unwrap();
        let results = embedder.embed(Purpose::Passage, &["a"]).await;
        assert_eq!(codes(&results), [code], "{results:?}");
    }
    // A server that speaks no TLS.
    settings.provider.base_url = proxy.url.replace("http:", "https:");
    let embedder = RemoteEmbedder::new(settings.clone()).unwrap();
    assert_eq!(
        codes(&embedder.embed(Purpose::Passage, &["a"]).await),
        ["unreachable"]
    );
    // And none at all.
    settings.provider.base_url = "http://127.0.0.1:1/v1".to_owned();
    let embedder = RemoteEmbedder::new(settings).unwrap();
    assert_eq!(
        codes(&embedder.embed(Purpose::Passage, &["a"]).await),
        ["unreachable"]
    );
}

async fn serve(proxy: &Proxy) -> u16 {
    let certificates = CertificateDer::pem_file_iter(format!("{FOLDER}/server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(format!("{FOLDER}/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates.map(Result::unwrap).collect(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let proxy = proxy.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                proxy.serve(stream, None).await;
            }
        }
    });
    port
}
