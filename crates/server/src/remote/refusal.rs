//! A problem of the API as the failure of a command: the same code, cause, fix and exit code as on a database.

use crate::failure::{Exit, Failure};
use crate::http::problem::{self, KINDS, Kind};
use hyper::StatusCode;
use serde::Deserialize;

/// What is read of a problem.
#[derive(Debug, Deserialize)]
struct Problem {
    code: String,
    detail: String,
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Debug, Deserialize)]
struct Fault {
    pointer: String,
}

/// Why the server did not do it. An answer that is none of its own is from something that stands between.
pub(super) fn read(status: StatusCode, body: &[u8]) -> Failure {
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        let cause = format!("the server answered with {status}, and does not say why");
        return Failure::new(Exit::Failure, "server", cause)
            .fix("check that --server names a `dutiful serve`, with the path that leads to it");
    };
    let known = KINDS.iter().find(|kind| kind.code == problem.code);
    let Some(kind) = known else {
        let cause = format!("{}: {}", problem.code, problem.detail);
        return Failure::new(Exit::Failure, "server", cause);
    };
    let (exit, fix) = exit_and_fix(kind);
    let mut failure = Failure::new(exit, kind.code, cause(&problem));
    if [429, 503].contains(&kind.status) && exit != Exit::Schema {
        failure = failure.transient();
    }
    match fix {
        Some(fix) => failure.fix(fix),
        None => failure,
    }
}

/// The detail, and where in the payload the fault is.
fn cause(problem: &Problem) -> String {
    let place = problem.errors.first().map(|fault| fault.pointer.as_str());
    let place = place.and_then(|pointer| pointer.strip_prefix("/task_payload"));
    match place {
        Some(place) if !place.is_empty() => {
            let place = format!("` at {place}: ");
            problem.detail.replacen("`: ", &place, 1)
        }
        _ => problem.detail.clone(),
    }
}

fn exit_and_fix(kind: &Kind) -> (Exit, Option<&'static str>) {
    let is = |other: &Kind| kind.code == other.code;
    if is(&problem::NOT_FOUND) {
        (
            Exit::NotFound,
            Some("`dutiful list` shows the tasks there are"),
        )
    } else if is(&problem::CONFLICT) || is(&problem::PRECONDITION_FAILED) {
        (
            Exit::Conflict,
            Some("`dutiful show ID` tells the task's state"),
        )
    } else if is(&problem::UNAUTHORIZED) {
        (
            Exit::Refused,
            Some("name a file with a token that is in force with --token-file"),
        )
    } else if is(&problem::FORBIDDEN) {
        (
            Exit::Refused,
            Some("ask for a token with the scope that the command needs"),
        )
    } else if is(&problem::INVALID_PAYLOAD) {
        (Exit::Usage, Some("correct the payload and submit it again"))
    } else if is(&problem::DATABASE_UNAVAILABLE) {
        (
            Exit::Unreachable,
            Some("the server cannot reach its database: try again"),
        )
    } else if is(&problem::MOVING) {
        (Exit::Unreachable, Some("try again a little later"))
    } else if is(&problem::MOVED) {
        (
            Exit::Schema,
            Some("whoever runs the server has to start it with the new database URL"),
        )
    } else if is(&problem::SCHEMA) {
        (
            Exit::Schema,
            Some("run `dutiful migrate up` with the server's database"),
        )
    } else if is(&problem::RATE_LIMITED) || is(&problem::OVERLOADED) || is(&problem::TIMEOUT) {
        (Exit::Failure, Some("try again a little later"))
    } else if kind.status < 500 {
        (Exit::Usage, None)
    } else {
        (Exit::Failure, Some("the server's log says more"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(status: u16, text: &str) -> Failure {
        read(StatusCode::from_u16(status).unwrap(), text.as_bytes())
    }

    #[test]
    fn a_problem_keeps_its_code_and_gets_its_exit_code() {
        for (kind, exit) in [
            (&problem::NOT_FOUND, 3),
            (&problem::CONFLICT, 4),
            (&problem::UNAUTHORIZED, 5),
            (&problem::FORBIDDEN, 5),
            (&problem::INVALID_QUERY, 2),
            (&problem::DATABASE_UNAVAILABLE, 6),
            (&problem::MOVING, 6),
            (&problem::MOVED, 7),
            (&problem::SCHEMA, 7),
            (&problem::INTERNAL, 1),
        ] {
            let body = format!(r#"{{"code": "{}", "detail": "why"}}"#, kind.code);
            let failure = read_text(kind.status, &body);
            assert_eq!((failure.code, failure.exit as u8), (kind.code, exit));
            assert_eq!(failure.cause, "why");
        }
    }

    #[test]
    fn a_fault_in_the_payload_is_told_with_its_place() {
        let body = r#"{"code": "invalid_payload", "detail": "the payload of `A`: no number",
                       "errors": [{"pointer": "/task_payload/count", "detail": ""}]}"#;
        let failure = read_text(422, body);
        assert_eq!(failure.cause, "the payload of `A` at /count: no number");
    }

    #[test]
    fn what_is_no_problem_of_ours_is_told_as_such() {
        assert_eq!(read_text(502, "<html>").code, "server");
        assert_eq!(
            read_text(404, r#"{"code": "x", "detail": "y"}"#).code,
            "server"
        );
    }
}
