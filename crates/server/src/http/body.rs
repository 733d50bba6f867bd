//! Reading bodies: limits, content types, and JSON as strictly as payloads are read everywhere.

use super::problem::{self, Problem};
use crate::tasks::pointer;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Number, Value};
use std::time::Duration;

/// One submission: a payload and what stands around it.
pub(super) const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Many of them.
pub(super) const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Until the last byte of a body has come.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);

/// What a body is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    /// One JSON value a line.
    Lines,
}

/// The format that the headers name; `lines` says whether many values may come.
pub(super) fn format(headers: &HeaderMap, lines: bool) -> Result<Format, Problem> {
    let refused = |what: &str| Problem::new(&problem::UNSUPPORTED_MEDIA_TYPE, what.to_owned());
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
        && encoding.as_bytes() != b"identity"
    {
        return Err(refused("the body is encoded; send it as it is"));
    }
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| refused("the body has no content type; send `application/json`"))?;
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_utf8 = |part: &str| {
        let part = part.to_ascii_lowercase();
        !part.starts_with("charset=")
            || part.trim_start_matches("charset=").trim_matches('"') == "utf-8"
    };
    if !parts.all(is_utf8) {
        return Err(refused("the body is read as UTF-8 alone"));
    }
    match essence.as_str() {
        "application/json" => Ok(Format::Json),
        "application/x-ndjson" | "application/jsonl" if lines => Ok(Format::Lines),
        _ => Err(refused(
            "the content type is not one that is read; send `application/json`",
        )),
    }
}

/// The body as text, at most so many bytes of it.
pub(super) async fn text(body: Body, bytes_max: usize) -> Result<String, Problem> {
    let read = Limited::new(body, bytes_max).collect();
    let Ok(read) = tokio::time::timeout(BODY_TIME_MAX, read).await else {
        let detail = format!("the body was not whole after {BODY_TIME_MAX:?}");
        return Err(Problem::new(&problem::BODY_TOO_SLOW, detail));
    };
    let bytes = read.map_err(|error| {
        if error.downcast_ref::<LengthLimitError>().is_some() {
            let detail = format!("the body is larger than {bytes_max} bytes");
            return Problem::new(&problem::BODY_TOO_LARGE, detail);
        }
        Problem::new(&problem::INVALID_JSON, "the body ended before it was whole")
    })?;
    String::from_utf8(bytes.to_bytes().into()).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let detail = format!("the body is not UTF-8 from byte {at} on");
        Problem::new(&problem::INVALID_JSON, detail)
    })
}

/// Text as one JSON value, strictly.
pub(super) fn parse(text: &str) -> Result<Value, Problem> {
    dutiful_core::json::parse(text).map_err(|error| {
        let pointer = error.pointer().unwrap_or_default().to_owned();
        Problem::at(&problem::INVALID_JSON, pointer, error.to_string())
    })
}

/// A JSON value as what a request takes: an object. An array of the same values, which serde would take for it
/// too, is none.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    if !value.is_object() {
        return Err(Problem::at(
            &problem::INVALID_REQUEST,
            "",
            "this is not an object",
        ));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let place = pointer(error.path());
        Problem::at(&problem::INVALID_REQUEST, place, error.inner().to_string())
    })
}

/// A payload, which may be `null`; that is not the same as none.
pub(super) fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A whole number, however it is written: to JSON Schema `8.0` is one too.
pub(super) fn whole<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    let Some(number) = Option::<Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    // Whole numbers beyond these bounds are out of any range that is read here.
    let of_float =
        |float: f64| (float.fract() == 0.0 && float.abs() < 1e15).then_some(float as i64);
    let whole = number.as_i64().or_else(|| of_float(number.as_f64()?));
    match whole.and_then(|whole| T::try_from(whole).ok()) {
        Some(whole) => Ok(Some(whole)),
        None => Err(D::Error::custom(format!(
            "{number} is no whole number in range"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_however_they_are_written() {
        let read = |text: &str| {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            whole::<_, u32>(&mut deserializer).ok()
        };
        for (text, value) in [
            ("8", Some(8)),
            ("8.0", Some(8)),
            ("8e0", Some(8)),
            ("null", None),
        ] {
            assert_eq!(read(text), Some(value), "{text}");
        }
        for text in ["8.5", "-1", "4294967296", "1e300", "\"8\"", "true"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    fn of(content_type: &str, lines: bool) -> Option<Format> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        format(&headers, lines).ok()
    }

    #[test]
    fn json_is_read_and_lines_where_many_may_come() {
        assert_eq!(of("application/json", false), Some(Format::Json));
        assert_eq!(
            of("Application/JSON; charset=UTF-8", false),
            Some(Format::Json)
        );
        assert_eq!(of("application/x-ndjson", true), Some(Format::Lines));
        assert_eq!(of("application/x-ndjson", false), None);
        assert_eq!(of("text/plain", true), None);
        assert_eq!(of("application/json; charset=utf-16", false), None);
        assert!(format(&HeaderMap::new(), true).is_err());
    }
}
