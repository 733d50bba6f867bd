//! Tasks as rows and sentences, the same in every command.

use crate::output::{Column, Rows, Table, Tone, line, time};
use dutiful::{State, TaskInfo};

const COLUMNS: [Column; 6] = [
    Column::number("ID"),
    Column::word("STATE"),
    Column::text("TASK"),
    Column::number("RETRIES"),
    Column::word("CREATED (UTC)"),
    Column::text("DETAIL"),
];

/// A table of tasks.
pub(super) fn table(tasks: &[TaskInfo]) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Cut);
    for task in tasks {
        table.row([
            (task.id.to_string(), Tone::Plain),
            (task.state.to_string(), Tone::of(task.state)),
            (task.task_name.clone(), Tone::Plain),
            (
                format!("{}/{}", task.retries, task.max_retries),
                Tone::Plain,
            ),
            (time(Some(task.created_at)), Tone::Dim),
            (detail(task), Tone::Plain),
        ]);
    }
    table.text()
}

/// What is worth knowing about a task in its state, in few words.
pub(super) fn detail(task: &TaskInfo) -> String {
    match task.state {
        State::Running => match (&task.progress, &task.progress_note, &task.worker) {
            (Some(percent), note, _) => {
                format!("{percent} % {}", note.as_deref().unwrap_or_default())
            }
            (None, _, Some(worker)) => format!("on {worker}"),
            (None, ..) => String::new(),
        },
        State::Scheduled => format!("due {}", time(task.due_at)),
        State::Retrying => {
            let why = task.error_message.as_deref().unwrap_or_default();
            format!("due {}: {why}", time(task.due_at))
        }
        State::Succeeded => task
            .result_data
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        _ => task
            .error_message
            .clone()
            .unwrap_or_else(|| task.task_payload.to_string()),
    }
}

/// How a task ended: `failed: connection refused`.
pub(super) fn ending(task: &TaskInfo) -> String {
    match &task.error_message {
        Some(message) if task.state != State::Succeeded => {
            format!("{}: {}", task.state, line(message))
        }
        _ => task.state.to_string(),
    }
}
