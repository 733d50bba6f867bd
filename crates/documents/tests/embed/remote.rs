//! What a provider's answers become, honest and other ones.

use std::time::Duration;

use dutiful_documents::embed::remote::{
    Provider, RemoteEmbedder, RemoteSettings, VectorFormat, describe_picture, transcribe_speech,
};
use dutiful_documents::embed::{EmbedError, Embedded, Embedder, Purpose, Remedy};
use dutiful_documents::limits::{BACKOFF_MAX, HOLD_MIN, QUOTA_HOLD};

use crate::dot;
use crate::provider::{DIMENSIONS, Fault, Proxy, RealProvider};

mod secrets;
mod tls;

type Results = Vec<Result<Embedded, EmbedError>>;

fn settings(proxy: &Proxy) -> RemoteSettings {
    let dimensions = u32::try_from(DIMENSIONS).unwrap();
    RemoteSettings::new(Provider::new(&proxy.url), "e5-passage", dimensions)
}

fn embedder(proxy: &Proxy) -> RemoteEmbedder {
    RemoteEmbedder::new(settings(proxy)).unwrap()
}

async fn embed(proxy: &Proxy, texts: &[&str]) -> Results {
    embedder(proxy).embed(Purpose::Passage, texts).await
}

fn codes(results: &Results) -> Vec<&str> {
    let code = |one: &Result<Embedded, EmbedError>| one.as_ref().map_or_else(|e| e.code(), |_| "");
    // The codes are static, whatever the results are.
    results.iter().map(code).collect()
}

fn status(status: u16, headers: &[(&'static str, &str)], body: &str) -> Fault {
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    Fault::Answer(status, headers.collect(), body.to_owned())
}

/// A fault, the code that it becomes, and what is to be done.
type Case = (Fault, &'static str, Remedy);

/// A provider that wants to be left alone.
fn holds() -> Vec<Case> {
    let hold = |seconds| Remedy::HoldFor(Duration::from_secs(seconds));
    let date = ("Date", "Sun, 06 Nov 1994 08:49:00 GMT");
    let then = ("Retry-After", "Sun, 06 Nov 1994 08:51:00 GMT");
    let quota =
        r#"{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}"#;
    vec![
        (
            status(429, &[("Retry-After", "17")], "{}"),
            "rate_limited",
            hold(17),
        ),
        (status(429, &[date, then], "{}"), "rate_limited", hold(120)),
        (
            status(429, &[("Retry-After", "0")], "{}"),
            "rate_limited",
            hold(1),
        ),
        (
            status(429, &[("Retry-After", "99999999")], "{}"),
            "rate_limited",
            hold(86_400),
        ),
        (
            status(429, &[("x-ratelimit-reset-requests", "6m0s")], "{}"),
            "rate_limited",
            hold(360),
        ),
        (
            status(429, &[], quota),
            "quota_used_up",
            Remedy::HoldFor(QUOTA_HOLD),
        ),
        (
            status(503, &[("Retry-After", "5")], "busy"),
            "overloaded",
            hold(5),
        ),
    ]
}

/// One that does something else.
fn failures() -> Vec<Case> {
    let model = r#"{"error":{"message":"no such model","param":"model"}}"#;
    vec![
        (
            status(500, &[], "<html>oops</html>"),
            "server_failed",
            Remedy::Retry,
        ),
        (
            status(401, &[], r#"{"error":"bad key"}"#),
            "unauthorized",
            Remedy::Final,
        ),
        (status(403, &[], "{}"), "unauthorized", Remedy::Final),
        (status(404, &[], model), "request_refused", Remedy::Final),
        (status(400, &[], model), "request_refused", Remedy::Final),
        (
            status(302, &[("Location", "http://127.0.0.1:1/")], ""),
            "request_refused",
            Remedy::Final,
        ),
        (
            status(200, &[], "not JSON"),
            "answer_unusable",
            Remedy::Retry,
        ),
        (
            status(200, &[], r#"{"data":"none"}"#),
            "answer_unusable",
            Remedy::Retry,
        ),
        (Fault::Cut(300), "unreachable", Remedy::Retry),
        (Fault::Cut(0), "unreachable", Remedy::Retry),
        (Fault::OneLess, "answer_unusable", Remedy::Retry),
        (Fault::Shorter, "wrong_dimensions", Remedy::Final),
        (Fault::Endless, "answer_unusable", Remedy::Retry),
    ]
}

/// Every fault ends the call after one request, for all of its texts; the next call is served.
async fn every_fault(proxy: &Proxy) {
    for (fault, code, remedy) in holds().into_iter().chain(failures()) {
        proxy.seen();
        proxy.plan([fault.clone()]);
        let results = embed(proxy, &["one", "two", "three"]).await;
        assert_eq!(codes(&results), [code; 3], "{fault:?}");
        for result in results {
            assert_eq!(result.unwrap_err().remedy(), remedy, "{fault:?}");
        }
        assert_eq!(proxy.seen().len(), 1, "{fault:?}");
        assert_eq!(codes(&embed(proxy, &["one"]).await), [""], "{fault:?}");
    }
}

#[tokio::test]
async fn every_fault_ends_the_call_with_what_to_do() {
    every_fault(&Proxy::start(None).await).await;
}

/// All that needs a real provider, since one of it is enough.
#[tokio::test]
async fn a_real_provider_is_understood() {
    let Some(real) = RealProvider::start().await else {
        return;
    };
    let proxy = Proxy::start(Some(real.port)).await;
    let texts = [
        "How to bake bread at home",
        "A recipe for a loaf of sourdough",
        "The schema of the database is migrated",
    ];
    let mut vectors = Vec::new();
    for format in [VectorFormat::Base64, VectorFormat::Float] {
        let mut settings = settings(&proxy);
        settings.format = format;
        let results = RemoteEmbedder::new(settings)
            .unwrap()
            .embed(Purpose::Passage, &texts)
            .await;
        let all: Vec<Vec<f32>> = results.into_iter().map(|one| one.unwrap().vector).collect();
        let (related, other) = (dot(&all[0], &all[1]), dot(&all[0], &all[2]));
        assert!(related > other + 0.05, "{related} {other}");
        assert!(
            all.iter()
                .all(|vector| (dot(vector, vector) - 1.0).abs() < 1e-5)
        );
        vectors.push(all);
    }
    for (base64, float) in vectors[0].iter().zip(&vectors[1]) {
        assert!(dot(base64, float) > 0.9999);
    }
    every_fault(&proxy).await;
    proxy.refuse("rotten");
    let results = embed(&proxy, &["fresh", "rotten", "dry", "smoked"]).await;
    assert_eq!(codes(&results), ["", "text_refused", "", ""]);
}

#[tokio::test]
async fn one_bad_text_among_many_fails_alone() {
    let proxy = Proxy::start(None).await;
    proxy.refuse("rotten");
    let texts: Vec<String> = (0..300)
        .map(|n| format!("{n} {}", ["fresh", "rotten"][usize::from(n == 211)]))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let results = embed(&proxy, &texts).await;
    for (n, result) in results.iter().enumerate() {
        match result {
            Ok(embedded) => assert_eq!((embedded.vector.len(), embedded.cut), (DIMENSIONS, false)),
            Err(error) => assert_eq!((n, error.code()), (211, "text_refused")),
        }
    }
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
    let asked = proxy.seen().len();
    assert!(asked <= 2 * 9 + 1, "{asked} requests");
}

#[tokio::test]
async fn a_batch_that_is_all_bad_is_given_up_after_a_bounded_number_of_requests() {
    let proxy = Proxy::start(None).await;
    proxy.refuse("rotten");
    let texts = vec!["rotten"; 2_000];
    let results = embed(&proxy, &texts).await;
    assert!(proxy.seen().len() <= 80);
    assert_eq!(results[0].as_ref().unwrap_err().code(), "text_refused");
    let last = results[1_999].as_ref().unwrap_err();
    assert_eq!(
        (last.code(), last.remedy()),
        ("batch_refused", Remedy::Retry)
    );
}

#[tokio::test]
async fn what_was_embedded_before_the_provider_wanted_rest_is_kept() {
    let proxy = Proxy::start(None).await;
    let mut settings = settings(&proxy);
    settings.limits.texts = 2;
    let embedder = RemoteEmbedder::new(settings).unwrap();
    proxy.plan([
        Fault::Slow(Duration::from_millis(1)),
        status(429, &[("Retry-After", "30")], "{}"),
    ]);
    let results = embedder
        .embed(Purpose::Passage, &["a", "b", "c", "d", "e"])
        .await;
    assert_eq!(
        codes(&results),
        ["", "", "rate_limited", "rate_limited", "rate_limited"]
    );
    // Nobody asked for the last one.
    assert_eq!(
        proxy
            .seen()
            .iter()
            .map(|seen| seen.texts())
            .collect::<Vec<_>>(),
        [2, 2]
    );
}

#[tokio::test]
async fn a_hold_without_a_time_grows_and_begins_anew_after_a_success() {
    let proxy = Proxy::start(None).await;
    let embedder = embedder(&proxy);
    let mut longest = Duration::ZERO;
    proxy.plan((0..12).map(|_| status(429, &[], "{}")));
    for _ in 0..12 {
        let results = embedder.embed(Purpose::Passage, &["a"]).await;
        let Remedy::HoldFor(time) = results[0].as_ref().unwrap_err().remedy() else {
            panic!("no hold");
        };
        assert!((HOLD_MIN..=BACKOFF_MAX).contains(&time));
        longest = longest.max(time);
    }
    assert!(longest > Duration::from_secs(4), "{longest:?}");
    assert!(embedder.embed(Purpose::Passage, &["a"]).await[0].is_ok());
    proxy.plan([status(503, &[], "")]);
    let results = embedder.embed(Purpose::Passage, &["a"]).await;
    let first = results[0].as_ref().unwrap_err();
    assert_eq!(
        (first.code(), first.remedy()),
        ("overloaded", Remedy::HoldFor(HOLD_MIN))
    );
}

#[tokio::test]
async fn a_slow_provider_is_not_waited_for_longer_than_is_set() {
    let proxy = Proxy::start(None).await;
    let mut settings = settings(&proxy);
    settings.provider.answer_seconds = 1;
    proxy.plan([Fault::Slow(Duration::from_secs(60))]);
    let embedder = RemoteEmbedder::new(settings).unwrap();
    let results = embedder.embed(Purpose::Passage, &["a"]).await;
    assert_eq!(codes(&results), ["took_too_long"]);
}

#[tokio::test]
async fn what_is_beyond_the_limits_is_never_sent() {
    let proxy = Proxy::start(None).await;
    let mut settings = settings(&proxy);
    settings.limits.text_tokens = 10;
    settings.limits.request_tokens = 12;
    settings.limits.request_bytes = 100;
    settings.passage_prefix = "passage: ".to_owned();
    let embedder = RemoteEmbedder::new(settings).unwrap();
    let (long, wide) = ("word ".repeat(11), "x".repeat(101));
    let texts = [
        "",
        " \n",
        &long,
        &wide,
        "one two three four",
        "five six seven eight",
        "nine",
    ];
    let results = embedder.embed(Purpose::Passage, &texts).await;
    let expected = [
        "empty_text",
        "empty_text",
        "text_too_long",
        "text_too_long",
        "",
        "",
        "",
    ];
    assert_eq!(codes(&results), expected);
    let seen = proxy.seen();
    assert_eq!(
        seen.iter().map(|seen| seen.texts()).collect::<Vec<_>>(),
        [1, 1, 1]
    );
    assert_eq!(seen[2].json()["input"][0], "passage: nine");
    assert_eq!(seen[2].json()["encoding_format"], "base64");
    assert_eq!(seen[2].json().get("dimensions"), None);
    assert!(embedder.embed(Purpose::Query, &[]).await.is_empty());
    assert!(proxy.seen().is_empty());
}

#[tokio::test]
async fn a_picture_becomes_markdown() {
    let proxy = Proxy::start(None).await;
    let choice = r#"{"message":{"content":"```markdown\n# Title\r\n```"},"finish_reason":"stop"}"#;
    proxy.plan([
        status(200, &[], &format!("{{\"choices\":[{choice}]}}")),
        status(
            200,
            &[],
            &format!("{{\"choices\":[{}]}}", choice.replace("stop", "length")),
        ),
        status(200, &[], "{\"choices\":[]}"),
        status(429, &[("Retry-After", "9")], "{}"),
    ]);
    let provider = Provider::new(&proxy.url);
    let describe = || describe_picture(&provider, "sees", "image/png", b"picture", 500);
    assert_eq!(describe().await.unwrap(), "# Title");
    assert_eq!(describe().await.unwrap_err().code(), "answer_unusable");
    assert_eq!(describe().await.unwrap_err().code(), "answer_unusable");
    let held = describe().await.unwrap_err().remedy();
    assert_eq!(held, Remedy::HoldFor(Duration::from_secs(9)));
    let seen = &proxy.seen()[0];
    assert!(seen.head.starts_with("POST /v1/chat/completions HTTP/1.1"));
    let url = &seen.json()["messages"][0]["content"][1]["image_url"]["url"];
    assert_eq!(url, "data:image/png;base64,cGljdHVyZQ==");
    let wrong = describe_picture(&provider, "sees", "text/html", b"picture", 500).await;
    assert_eq!(wrong.unwrap_err().code(), "invalid_settings");
}

#[tokio::test]
async fn speech_becomes_text() {
    let proxy = Proxy::start(None).await;
    proxy.plan([
        status(
            200,
            &[],
            r#"{"text":" Good morning. ","language":"english"}"#,
        ),
        status(200, &[], "[]"),
    ]);
    let provider = Provider::new(&proxy.url);
    let hear = || transcribe_speech(&provider, "hears", "a \"b\r\n.wav", b"RIFF\0\xff");
    let heard = hear().await.unwrap();
    assert_eq!(
        (heard.text.as_str(), heard.language.as_deref()),
        ("Good morning.", Some("english"))
    );
    assert_eq!(hear().await.unwrap_err().code(), "answer_unusable");
    let seen = &proxy.seen()[0];
    assert!(
        seen.head
            .starts_with("POST /v1/audio/transcriptions HTTP/1.1")
    );
    let body = String::from_utf8_lossy(&seen.body);
    assert!(body.contains("name=\"model\"\r\n\r\nhears\r\n"), "{body}");
    assert!(body.contains("filename=\"ab.wav\""), "{body}");
    assert!(seen.body.windows(6).any(|six| six == b"RIFF\0\xff"));
}
