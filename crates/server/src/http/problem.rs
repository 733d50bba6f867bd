//! Errors as RFC 9457 problems: one list of kinds, each with a stable code, a status, and a page.

use super::answer;
use crate::tasks::BadPayload;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use dutiful::ErrorKind;
use serde::Serialize;
use utoipa::ToSchema;

const PROBLEM_JSON: &str = "application/problem+json";

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) code: &'static str,
    pub(crate) status: u16,
    pub(crate) title: &'static str,
    /// When it happens, and what to do: the text of its page.
    pub(crate) about: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $code:literal, $status:literal, $title:literal, $about:literal;)+) => {
        $(pub(crate) const $name: Kind = Kind {
            code: $code,
            status: $status,
            title: $title,
            about: $about,
        };)+
        /// Every kind, in the order of their statuses.
        pub(crate) const KINDS: &[&Kind] = &[$(&$name),+];
    };
}

kinds! {
    INVALID_JSON = "invalid_json", 400, "The body is no JSON that can be stored",
        "The body is empty, cut off, not UTF-8, or JSON with duplicate keys, more than 32 levels or numbers that would \
         change their value. The detail names the place. Nothing was stored.";
    INVALID_QUERY = "invalid_query", 400, "A query parameter cannot be used",
        "A parameter is unknown, or its value is outside what the API's description allows. The detail names it.";
    INVALID_REQUEST = "invalid_request", 422, "A field of the body cannot be used",
        "The body is JSON but not what this request takes: a field is missing, unknown, or outside its bounds. `errors` \
         holds the JSON Pointer of each fault. Nothing was stored.";
    INVALID_PAYLOAD = "invalid_payload", 422, "The task type does not take this payload",
        "The payload breaks a rule of its task type, whose JSON Schema stands at `/task-types`. `errors` holds the JSON \
         Pointer of each fault. Nothing was stored.";
    UNKNOWN_TASK_NAME = "unknown_task_name", 422, "This server knows no task of that name",
        "Names differ by upper and lower case. `/task-types` lists those that are known. A server that is started with \
         `--allow-unknown` takes names that only other workers know.";
    UNAUTHORIZED = "unauthorized", 401, "A token is wanted",
        "Send `Authorization: Bearer dutiful_…` with a token that is in force. `dutiful token create` makes one.";
    FORBIDDEN = "forbidden", 403, "The token does not allow it",
        "The token is in force, and lacks the scope or the task name. `dutiful token list` shows what it is good for.";
    NOT_FOUND = "not_found", 404, "There is no such thing",
        "There is no task or operation of that number, no worker or periodic task of that name, or no such path. A task that \
         has ended is removed after its retention.";
    PRECONDITION_FAILED = "precondition_failed", 412, "The task is not as it was read",
        "`If-Match` names another version than the task has now. Read it again, and decide anew. Nothing was changed.";
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "The path does not take this method",
        "The header `Allow` names the methods that it takes.";
    CONFLICT = "conflict", 409, "The state of things does not allow it",
        "The task is running, or has ended, or waits in a way that excludes what was asked; the last task of a periodic one \
         has not ended; a preview is too old or was confirmed before; an `Idempotency-Key` was used for another request. The \
         detail tells which. Nothing was changed.";
    BODY_TOO_LARGE = "body_too_large", 413, "The body is too large",
        "A request takes 2 MiB, a batch 16 MiB. A payload may have 1 MiB: store larger things elsewhere and submit \
         where they are.";
    BODY_TOO_SLOW = "body_too_slow", 408, "The body came too slowly",
        "A body must have come whole within 30 seconds. Nothing was done: send it again.";
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type", 415, "The body is of a type that is not read",
        "Send `Content-Type: application/json`, for a batch also `application/x-ndjson`, without `Content-Encoding`.";
    WRONG_HOST = "wrong_host", 421, "The server listens on a loopback address and was asked by another name",
        "A page in a browser may ask a server on its own machine by a name that leads there. Ask for `localhost` or \
         `127.0.0.1`, or have the server listen on the address that you mean.";
    RATE_LIMITED = "rate_limited", 429, "Too many requests",
        "The token, or the address where no token is asked for, has asked more often than the server allows, or all callers \
         together have, or the address has shown too many tokens that are not in force. Ask again after the time in \
         `Retry-After`. Nothing was done.";
    INTERNAL = "internal", 500, "Something broke in the server",
        "This is a bug. The server's log says where; nothing that the answer would have told is known to be done.";
    DATABASE = "database", 500, "The database refused a statement",
        "The server's log says what the database said.";
    DECODE = "decode", 500, "A row holds what cannot be read",
        "The row was not written by this software, or by a newer version. `dutiful show` tells what is in it.";
    OVERLOADED = "overloaded", 503, "Too many requests are under way",
        "Try again after the time in `Retry-After`. Nothing was done.";
    TIMEOUT = "timeout", 503, "The request took too long",
        "It was given up after 90 seconds, or a look at many rows after 5. What it asked for may have been done: submissions \
         are merged by their dedup key, so that repeating one is safe.";
    DATABASE_UNAVAILABLE = "database_unavailable", 503, "The database cannot be reached",
        "Try again after the time in `Retry-After`. The server tries by itself too and needs no restart.";
    MOVING = "moving", 503, "The queue is being moved to another database",
        "Try again after the time in `Retry-After`; calls wait up to 20 seconds by themselves. Nothing was done.";
    MOVED = "moved", 503, "The queue has been moved to another database",
        "The server still looks at the old one. Whoever runs it has to start it with the new database URL, which its \
         log tells. Nothing was done.";
    SCHEMA = "schema", 503, "The tables are missing or of another version",
        "Run `dutiful migrate up` with the same database.";
}

/// A problem on its way to a client.
#[derive(Debug)]
pub(crate) struct Problem {
    kind: &'static Kind,
    detail: String,
    errors: Vec<Fault>,
    /// Seconds.
    retry_after: Option<u64>,
}

/// One fault in a body.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Fault {
    /// Where: a JSON Pointer into the body; empty for all of it.
    pub(crate) pointer: String,
    /// What is wrong there.
    pub(crate) detail: String,
}

/// The body of every answer with a status of 400 and above (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView {
    /// The page that tells about this kind, relative to the API.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// A stable name of the kind, to decide by.
    code: &'static str,
    /// What happened this time.
    detail: String,
    /// Where the faults are, when they are in the body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

impl Problem {
    pub(crate) fn new(kind: &'static Kind, detail: impl Into<String>) -> Problem {
        Problem {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// The same, with the number of seconds after which it is worth trying again.
    pub(crate) fn retry_after(self, seconds: u64) -> Problem {
        let retry_after = Some(seconds);
        Problem {
            retry_after,
            ..self
        }
    }

    /// A problem with one place in the body.
    pub(crate) fn at(
        kind: &'static Kind,
        pointer: impl Into<String>,
        detail: impl Into<String>,
    ) -> Problem {
        let detail = detail.into();
        let fault = Fault {
            pointer: pointer.into(),
            detail: detail.clone(),
        };
        Problem {
            errors: vec![fault],
            ..Problem::new(kind, detail)
        }
    }

    /// The same with a prefix before each pointer, for what stands deeper in the body.
    pub(crate) fn below(mut self, prefix: &str) -> Problem {
        for fault in &mut self.errors {
            fault.pointer.insert_str(0, prefix);
        }
        self
    }

    /// The fault at the place that an error of the library, about one field, means.
    pub(crate) fn of_field(pointer: &str, error: &dutiful::Error) -> Problem {
        match error.kind() {
            ErrorKind::InvalidPayload | ErrorKind::Config => {
                Problem::at(&INVALID_REQUEST, pointer, error.to_string())
            }
            _ => Problem::from_error(error),
        }
    }

    /// A payload that its task type does not take.
    pub(crate) fn of_payload(task_name: &str, bad: &BadPayload) -> Problem {
        let pointer = format!("/task_payload{}", bad.pointer);
        let why = format!("the payload of `{task_name}`: {}", bad.why);
        Problem::at(&INVALID_PAYLOAD, pointer, why)
    }

    fn from_error(error: &dutiful::Error) -> Problem {
        let (kind, told) = match error.kind() {
            ErrorKind::InvalidPayload => (&INVALID_REQUEST, true),
            ErrorKind::Config => (&INVALID_QUERY, true),
            ErrorKind::NotFound => (&NOT_FOUND, true),
            ErrorKind::Conflict | ErrorKind::LeaseLost => (&CONFLICT, true),
            ErrorKind::Timeout => (&TIMEOUT, true),
            ErrorKind::Unavailable | ErrorKind::LinkLost | ErrorKind::Busy => {
                (&DATABASE_UNAVAILABLE, false)
            }
            ErrorKind::Moving => (&MOVING, false),
            ErrorKind::Moved => (&MOVED, false),
            ErrorKind::Schema => (&SCHEMA, false),
            ErrorKind::Decode => (&DECODE, false),
            ErrorKind::Denied | ErrorKind::Unsupported | ErrorKind::Database => (&DATABASE, false),
            _ => (&INTERNAL, false),
        };
        if told {
            return Problem::new(kind, error.to_string());
        }
        // What a database says may name servers and tables: that is for the log.
        tracing::warn!(code = kind.code, %error, "a request failed");
        Problem::new(kind, kind.title)
    }
}

impl ProblemView {
    /// The same where the API is nested below a path.
    pub(super) fn below(mut self, base: &str) -> ProblemView {
        self.kind.insert_str(0, base);
        self
    }

    /// The answer with this in its body.
    pub(super) fn replace(&self, response: Response) -> Response {
        let (mut parts, _) = response.into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        let body = answer::json(parts.status, PROBLEM_JSON, self).into_body();
        Response::from_parts(parts, body)
    }
}

impl From<dutiful::Error> for Problem {
    fn from(error: dutiful::Error) -> Problem {
        Problem::from_error(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let view = ProblemView {
            kind: format!("/problems/{}", self.kind.code),
            title: self.kind.title,
            status: self.kind.status,
            code: self.kind.code,
            detail: self.detail,
            errors: self.errors,
        };
        let mut response = answer::json(status, PROBLEM_JSON, &view);
        response.extensions_mut().insert(view);
        let usual = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        if let Some(seconds) = self.retry_after.or(usual) {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A path that nothing answers.
pub(super) async fn no_such_path(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(100).collect();
    Problem::new(&NOT_FOUND, format!("there is no path `{path}`; see /docs"))
}

/// A method that the path does not take. axum has set `Allow` on the answer already.
pub(super) async fn no_such_method(method: Method) -> Problem {
    Problem::new(
        &METHOD_NOT_ALLOWED,
        format!("this path does not take {method}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_library_has_a_page() {
        for code in [
            "not_found",
            "conflict",
            "invalid_payload",
            "timeout",
            "database_unavailable",
            "moving",
            "moved",
            "schema",
            "decode",
            "internal",
        ] {
            assert!(KINDS.iter().any(|kind| kind.code == code), "{code}");
        }
    }

    #[test]
    fn the_document_tells_of_every_kind() {
        let document = include_str!("../../../../docs/errors.md");
        let rows: Vec<String> = KINDS
            .iter()
            .map(|kind| {
                let Kind {
                    code,
                    status,
                    title,
                    about,
                } = kind;
                format!("| `{code}` | {status} | {title} | {about} |")
            })
            .collect();
        let shown: Vec<&str> = document
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        assert_eq!(shown, rows);
    }

    #[test]
    fn no_two_kinds_share_a_code() {
        let mut codes: Vec<&str> = KINDS.iter().map(|kind| kind.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), KINDS.len());
    }
}
