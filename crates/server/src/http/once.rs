//! `Idempotency-Key`: a request that got no answer is sent again and finds what the first one did.

use super::Api;
use super::problem::{INVALID_REQUEST, Problem};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use dutiful::{ErrorKind, Submit, Submitted};
use sha2::{Digest, Sha256};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What became of a request's submissions, and whether that was told before.
pub(super) struct Done {
    pub(super) submitted: Vec<Submitted>,
    replayed: bool,
}

impl Done {
    /// Says so.
    pub(super) fn mark(&self, response: &mut Response) {
        if self.replayed {
            response
                .headers_mut()
                .insert(REPLAYED, HeaderValue::from_static("true"));
        }
    }
}

/// Submits, once for each key: `caller` and `path` belong to the key, `body` to the request.
pub(super) async fn submit(
    api: &Api,
    headers: &HeaderMap,
    (caller, path, body): (&str, &str, &str),
    submissions: Vec<Submit<'_>>,
) -> Result<Done, Problem> {
    let Some(key) = headers.get(KEY) else {
        let submitted = api.client.submit_all(submissions).await;
        let submitted = submitted.map_err(|error| Problem::of_field("", &error))?;
        return Ok(Done {
            submitted,
            replayed: false,
        });
    };
    let key = key.to_str().unwrap_or_default();
    check(key)?;
    // Two tokens may have chosen the same key.
    let key = hex(&Sha256::digest([caller, path, key].join("\n")));
    let once = api
        .client
        .submit_once(&key, Sha256::digest(body).into(), submissions);
    let once = once.await.map_err(|error| match error.kind() {
        ErrorKind::Conflict => Problem::from(error),
        _ => Problem::of_field("", &error),
    })?;
    Ok(Done {
        submitted: once.submitted,
        replayed: once.replayed,
    })
}

fn check(key: &str) -> Result<(), Problem> {
    if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let detail = "`Idempotency-Key` is 1 to 255 visible characters of ASCII";
    Err(Problem::new(&INVALID_REQUEST, detail))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
