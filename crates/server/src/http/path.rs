//! What stands in a path: the task's number, or a name.

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
        let text = part(parts, state, "id").await.ok_or_else(missing)?;
        number(&text).map(Id).ok_or_else(missing)
    }
}

/// `{name}`. What can be no name of ours is answered like a name that nothing has.
#[derive(Debug, Clone)]
pub(super) struct Name(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Name, Problem> {
        let missing = || Problem::new(&NOT_FOUND, "there is nothing of this name");
        let text = part(parts, state, "name").await.ok_or_else(missing)?;
        match dutiful_core::check_name(&text) {
            Ok(()) => Ok(Name(text)),
            Err(_) => Err(missing()),
        }
    }
}

/// `{worker}`: the name of a worker, which holds that of its machine.
#[derive(Debug, Clone)]
pub(super) struct WorkerName(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for WorkerName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<WorkerName, Problem> {
        let missing = || Problem::new(&NOT_FOUND, "there is no such worker, or it has ended");
        let text = part(parts, state, "worker").await.ok_or_else(missing)?;
        // The others cannot be stored.
        match text.contains('\0') {
            false => Ok(WorkerName(text)),
            true => Err(missing()),
        }
    }
}

/// A text as a task's number.
pub(super) fn number(text: &str) -> Option<TaskId> {
    let id = text.parse::<i64>().ok()?;
    (id > 0).then_some(TaskId(id))
}

async fn part<S: Send + Sync>(parts: &mut Parts, state: &S, wanted: &str) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    let (_, text) = params.iter().find(|(key, _)| *key == wanted)?;
    Some(text.to_owned())
}
