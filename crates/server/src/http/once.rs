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
    pub(super) replayed: bool,
}

impl Done {
    /// Says so.
    pub(super) fn mark(&self, response: &mut Response) {
        if self.replayed {
            mark_replayed(response);
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
    let key = own_key(key, caller, path)?;
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

/// The key of a request that submits a task in another way, and the digest of what was asked for; none when the
/// client has given none.
pub(super) fn key_of(
    headers: &HeaderMap,
    (caller, path, asked): (&str, &str, &str),
) -> Result<Option<(String, [u8; 32])>, Problem> {
    let Some(key) = headers.get(KEY) else {
        return Ok(None);
    };
    let key = own_key(key, caller, path)?;
    Ok(Some((key, Sha256::digest(asked).into())))
}

/// Two tokens may have chosen the same key.
fn own_key(key: &HeaderValue, caller: &str, path: &str) -> Result<String, Problem> {
    let key = key.to_str().unwrap_or_default();
    check(key)?;
    Ok(hex(&Sha256::digest([caller, path, key].join("\n"))))
}

/// Says that an earlier request was answered so.
pub(super) fn mark_replayed(response: &mut Response) {
    response
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
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
