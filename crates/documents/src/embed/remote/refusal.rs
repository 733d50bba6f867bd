//! Why a provider did not do what it was asked, and whether all of it is to blame or some text.

use hyper::StatusCode;
use serde_json::Value;

use super::hold::{backoff, named};
use super::key::Key;
use super::link::Answer;
use crate::embed::EmbedError;
use crate::embed::error::Problem;
use crate::limits::QUOTA_HOLD;

/// What some providers answer while they are overloaded.
const OVERLOADED: u16 = 529;
/// Parameters of a request that are the same for all texts.
const OF_ALL: [&str; 4] = ["model", "dimensions", "encoding_format", "user"];

/// Why a request was refused.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    /// Any request would be.
    All(EmbedError),
    /// For something that is in it: another may pass.
    Some(EmbedError),
}

impl From<EmbedError> for Refusal {
    fn from(error: EmbedError) -> Self {
        Refusal::All(error)
    }
}

impl Refusal {
    pub(super) fn why(&self) -> &EmbedError {
        match self {
            Refusal::All(error) | Refusal::Some(error) => error,
        }
    }
}

/// Understands an answer that is no success. `held` says how often in a row there was one before.
pub(super) fn of(answer: &Answer, held: u32, key: Option<&Key>) -> Refusal {
    let told = Told::of(&answer.body);
    let status = answer.status;
    let mut cause = format!(
        "the provider answered {}: {}",
        status.as_u16(),
        told.message
    );
    if let Some(key) = key {
        cause = key.hide(&cause);
    }
    let time = named(&answer.headers);
    let wait = || time.unwrap_or_else(|| backoff(held));
    let is_of_all = OF_ALL.contains(&told.param.as_str()) || told.code == "model_not_found";
    let is_long = told.code == "context_length_exceeded"
        || told.message.contains("maximum context length")
        || status == StatusCode::PAYLOAD_TOO_LARGE;
    let problem = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Problem::Unauthorized,
        StatusCode::TOO_MANY_REQUESTS if told.is("insufficient_quota") => {
            Problem::QuotaUsedUp(time.unwrap_or(QUOTA_HOLD))
        }
        StatusCode::TOO_MANY_REQUESTS => Problem::RateLimited(wait()),
        StatusCode::SERVICE_UNAVAILABLE => Problem::Overloaded(wait()),
        status if status.as_u16() == OVERLOADED => Problem::Overloaded(wait()),
        StatusCode::REQUEST_TIMEOUT => Problem::TookTooLong,
        StatusCode::CONFLICT | StatusCode::TOO_EARLY => Problem::ServerFailed,
        StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNPROCESSABLE_ENTITY
            if !is_of_all =>
        {
            let problem = if is_long {
                Problem::TextTooLong
            } else {
                Problem::TextRefused
            };
            return Refusal::Some(EmbedError::new(problem, cause));
        }
        status if status.is_server_error() => match time {
            Some(time) => Problem::Overloaded(time),
            None => Problem::ServerFailed,
        },
        status if status.is_redirection() => {
            cause.push_str(" (redirects are not followed)");
            Problem::RequestRefused
        }
        _ => Problem::RequestRefused,
    };
    Refusal::All(EmbedError::new(problem, cause))
}

/// What an error's body says, in the forms that are common.
#[derive(Default)]
struct Told {
    message: String,
    code: String,
    kind: String,
    param: String,
}

impl Told {
    fn of(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            let text = String::from_utf8_lossy(body);
            let text: String = text.chars().take(200).collect();
            let message = crate::clean::title(&text).unwrap_or_else(|| "nothing".to_owned());
            return Self {
                message,
                ..Self::default()
            };
        };
        let error = value.get("error").unwrap_or(&value);
        let text = |name: &str| match error.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let messages = ["message", "detail"].map(text);
        let plain = error.as_str().unwrap_or_default().to_owned();
        let mut found = messages
            .into_iter()
            .chain([plain])
            .filter(|text| !text.is_empty());
        Self {
            message: found.next().unwrap_or_else(|| "no reason".to_owned()),
            code: text("code"),
            kind: text("type"),
            param: text("param"),
        }
    }

    fn is(&self, name: &str) -> bool {
        self.code == name || self.kind == name
    }
}
