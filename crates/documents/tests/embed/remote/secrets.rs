//! The key: where it comes from, and that nobody sees it.

use std::fs;

use dutiful_documents::embed::remote::{Provider, RemoteEmbedder, RemoteSettings};
use dutiful_documents::embed::{Embedder, Purpose};

use super::{settings, status};
use crate::provider::Proxy;

const CANARY: &str = "sk-canary-0123456789";

#[tokio::test]
async fn the_key_reaches_the_provider_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, format!("{CANARY}\n")).unwrap();
    let proxy = Proxy::start(None).await;
    let mut settings = settings(&proxy);
    settings.provider.key_file = Some(file.clone());
    let embedder = RemoteEmbedder::new(settings.clone()).unwrap();
    // A provider that repeats what it was given.
    let told = format!("{{\"error\":{{\"message\":\"wrong key {CANARY}\"}}}}");
    proxy.plan([status(401, &[], &told), status(400, &[], CANARY)]);
    for code in ["unauthorized", "text_refused"] {
        let results = embedder.embed(Purpose::Passage, &["a"]).await;
        let error = results[0].as_ref().unwrap_err();
        assert_eq!(error.code(), code);
        assert!(!format!("{error} {error:?}").contains(CANARY), "{error}");
        assert!(error.cause().contains('…'), "{error}");
    }
    assert!(!format!("{embedder:?} {settings:?}").contains(CANARY));
    assert!(
        proxy.seen()[0]
            .head
            .contains(&format!("authorization: Bearer {CANARY}\r\n"))
    );

    // A new key needs no new embedder, and a missing one is told.
    fs::write(&file, "sk-second").unwrap();
    assert!(embedder.embed(Purpose::Passage, &["a"]).await[0].is_ok());
    assert!(proxy.seen()[0].head.contains("Bearer sk-second\r\n"));
    fs::remove_file(&file).unwrap();
    let results = embedder.embed(Purpose::Passage, &["a"]).await;
    let error = results[0].as_ref().unwrap_err();
    assert_eq!(error.code(), "key_unusable");
    assert!(
        error.cause().contains(&file.display().to_string()),
        "{error}"
    );
    assert!(proxy.seen().is_empty());
}

#[test]
fn a_key_in_a_variable_must_be_there() {
    let mut provider = Provider::new("https://provider.example/v1");
    // Every test program has this variable, and it holds more than ASCII letters only where it is odd.
    provider.key_variable = Some("CARGO_PKG_NAME".to_owned());
    assert!(RemoteEmbedder::new(RemoteSettings::new(provider.clone(), "m", 4)).is_ok());
    provider.key_variable = Some("DUTIFUL_TEST_NO_SUCH_VARIABLE".to_owned());
    let error = RemoteEmbedder::new(RemoteSettings::new(provider.clone(), "m", 4)).unwrap_err();
    assert_eq!(error.code(), "key_unusable");
    assert!(error.cause().contains("DUTIFUL_TEST_NO_SUCH_VARIABLE"));
    provider.key_file = Some("key".into());
    let error = RemoteEmbedder::new(RemoteSettings::new(provider, "m", 4)).unwrap_err();
    assert_eq!(error.code(), "invalid_settings");
}

#[test]
fn settings_that_would_leak_or_cannot_work_are_refused() {
    let refused = |change: &dyn Fn(&mut RemoteSettings)| {
        let provider = Provider::new("https://provider.example/v1");
        let mut settings = RemoteSettings::new(provider, "m", 4);
        assert!(RemoteEmbedder::new(settings.clone()).is_ok());
        change(&mut settings);
        let error = RemoteEmbedder::new(settings).unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
        assert_eq!(error.code(), "invalid_settings", "{error}");
    };
    for url in [
        "",
        "provider.example/v1",
        "ftp://provider.example",
        "https://user:canary@provider.example/v1",
        "https://provider.example/v1?key=canary",
        "https:///v1",
        "http://",
    ] {
        refused(&|settings| settings.provider.base_url = url.to_owned());
    }
    refused(&|settings| {
        settings.provider.base_url = "http://provider.example/v1".to_owned();
        settings.provider.key_variable = Some("CARGO_PKG_NAME".to_owned());
    });
    refused(&|settings| settings.provider.answer_seconds = 0);
    refused(&|settings| settings.provider.ca_file = Some("/no/such/file".into()));
    refused(&|settings| settings.model = " ".to_owned());
    refused(&|settings| settings.dimensions = 0);
    refused(&|settings| settings.dimensions = 100_000);
    refused(&|settings| settings.limits.texts = 2_049);
    refused(&|settings| settings.limits.request_tokens = 0);
    refused(&|settings| settings.limits.request_bytes = u32::MAX);
}
