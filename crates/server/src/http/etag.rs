//! Versions of tasks: `ETag`, `If-Match`, `If-None-Match`.

use super::answer;
use super::problem::{PRECONDITION_FAILED, Problem};
use super::view::TaskView;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use dutiful::TaskInfo;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What a change asks of the task's version.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum IfMatch {
    /// Nothing, or that there is a task.
    Any,
    /// This version.
    One(String),
    /// A version that no task has.
    Nothing,
}

impl IfMatch {
    pub(super) fn read(headers: &HeaderMap) -> IfMatch {
        let Some(value) = headers.get(header::IF_MATCH) else {
            return IfMatch::Any;
        };
        match value.to_str().ok().map(str::trim) {
            Some("*") => IfMatch::Any,
            Some(text) => match version(text) {
                Some(version) => IfMatch::One(version.to_owned()),
                None => IfMatch::Nothing,
            },
            None => IfMatch::Nothing,
        }
    }

    /// Whether the task is one that it lets be changed.
    pub(super) fn fits(&self, task: &TaskInfo) -> bool {
        match self {
            IfMatch::Any => true,
            IfMatch::One(version) => *version == task.version(),
            IfMatch::Nothing => false,
        }
    }
}

/// The task's version in an entity tag. What follows the dot tells of the rest of the answer, such as progress,
/// which no change has to heed.
fn version(tag: &str) -> Option<&str> {
    let tag = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
    Some(tag.split_once('.').map_or(tag, |(version, _)| version))
}

pub(super) fn has_changed() -> Problem {
    let detail = "the task has changed since it was read; read it again";
    Problem::new(&PRECONDITION_FAILED, detail)
}

/// A task with its entity tag.
pub(super) fn of_task(view: &TaskView) -> Response {
    let mut response = answer::ok(view);
    if let Ok(tag) = HeaderValue::from_str(&tag(view)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The same, or 304 when the client has just this.
pub(super) fn unless_known(headers: &HeaderMap, view: &TaskView) -> Response {
    let own = tag(view);
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == own);
    let mut response = of_task(view);
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

fn tag(view: &TaskView) -> String {
    let mut hasher = DefaultHasher::new();
    // What cannot be written is answered with 500.
    serde_json::to_vec(view)
        .unwrap_or_default()
        .hash(&mut hasher);
    format!("\"{}.{:016x}\"", view.version(), hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> IfMatch {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, text.parse().unwrap());
        IfMatch::read(&headers)
    }

    #[test]
    fn one_strong_tag_or_any_is_understood() {
        assert_eq!(of("\"a1\""), IfMatch::One("a1".to_owned()));
        assert_eq!(of("\"a1.7f\""), IfMatch::One("a1".to_owned()));
        assert_eq!(of("*"), IfMatch::Any);
        assert_eq!(IfMatch::read(&HeaderMap::new()), IfMatch::Any);
        for text in ["a1", "W/\"a1\"", "\""] {
            assert_eq!(of(text), IfMatch::Nothing, "{text}");
        }
    }
}
