//! The part of an address behind the question mark.

use super::problem::{INVALID_QUERY, Problem};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use dutiful::Timestamp;
use serde::de::DeserializeOwned;

/// The parameters as a struct; what it does not know is refused.
#[derive(Debug)]
pub(super) struct Parameters<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Parameters<T>, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(parameters)) => Ok(Parameters(parameters)),
            Err(rejection) => Err(Problem::new(&INVALID_QUERY, rejection.body_text())),
        }
    }
}

/// Takes no parameters.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Words between commas, each of them read.
pub(super) fn words<T>(
    name: &str,
    text: Option<&str>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Problem> {
    let words = text.into_iter().flat_map(|text| text.split(','));
    words
        .map(|word| read(word.trim()).map_err(|why| bad(name, &why)))
        .collect()
}

/// A parameter as a time.
pub(super) fn time(name: &str, text: &str) -> Result<Timestamp, Problem> {
    text.parse()
        .map_err(|error: dutiful_core::TimestampError| bad(name, &error.to_string()))
}

/// A parameter that cannot be used.
pub(super) fn bad(name: &str, why: &str) -> Problem {
    Problem::new(&INVALID_QUERY, format!("`{name}`: {why}"))
}
