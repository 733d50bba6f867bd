//! What `retry`, `cancel` and `run-now` share: the same verb on several tasks, each on its own.

use super::App;
use super::place::Verb;
use crate::failure::Failure;
use dutiful::{TaskId, TaskInfo};

/// Does it to each task; a task that refuses does not hold up the others. The exit code is that
/// of the first refusal.
pub(super) async fn each(
    app: &App,
    verb: Verb,
    ids: &[TaskId],
    sentence: impl Fn(&TaskInfo) -> String,
) -> Result<(), Failure> {
    let place = app.place().await?;
    let mut done = Vec::new();
    let mut refused: Option<Failure> = None;
    for id in ids {
        match place.operate(verb, *id).await {
            Ok(task) => done.push(app.shown(task)),
            Err(failure) => {
                let failure = failure.at(&format!("task {id}"));
                app.output.failure(&failure);
                refused = refused.or(Some(Failure::told(failure.exit)));
            }
        }
    }
    let text = || {
        done.iter()
            .map(|task| sentence(task) + "\n")
            .collect::<String>()
    };
    if app.output.json || !done.is_empty() {
        app.output
            .data(&serde_json::json!({ "tasks": done }), text)?;
    }
    match refused {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}
