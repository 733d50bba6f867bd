//! The task's number in a path.

use super::problem::{NOT_FOUND, Problem};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use dutiful::TaskId;

/// `{id}`. What can be no task's number is answered like a number that no task has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Id(pub(super) TaskId);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id, Problem> {
        let missing = || Problem::new(&NOT_FOUND, "there is no such task");
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| missing())?;
        let (_, text) = params
            .iter()
            .find(|(key, _)| *key == "id")
            .ok_or_else(missing)?;
        number(text).map(Id).ok_or_else(missing)
    }
}

/// A text as a task's number.
pub(super) fn number(text: &str) -> Option<TaskId> {
    let id = text.parse::<i64>().ok()?;
    (id > 0).then_some(TaskId(id))
}
