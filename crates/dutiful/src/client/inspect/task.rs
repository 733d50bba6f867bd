//! A task as it is shown.

use crate::store::task_row::{TaskRow, json};
use crate::{Error, ErrorKind, Result};
use dutiful_core::{State, Status, TaskId, Timestamp, Versioned};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything about a task. Times are the database's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskInfo {
    /// Its number.
    pub id: TaskId,
    /// Its type.
    pub task_name: String,
    /// Where it is in its life, at the time of the reading. A row with words that mean nothing to this
    /// program is shown as quarantined.
    pub state: State,
    /// The stored status; `error` when the stored word means nothing.
    pub status: Status,
    /// Its input. Text that is no JSON is shown as a string.
    pub task_payload: Value,
    /// The version of the payload's form.
    pub payload_version: i64,
    /// -9 to 9; higher runs first.
    pub priority: i64,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When a worker may next take it; while it runs, when its lease ends. `None` when it has ended or is
    /// held.
    pub due_at: Option<Timestamp>,
    /// When it was last claimed.
    pub last_run_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The worker that holds it.
    pub worker: Option<String>,
    /// How often it has been claimed.
    pub attempt: i64,
    /// Failed runs so far.
    pub retries: i64,
    /// Failed runs allowed.
    pub max_retries: i64,
    /// How often a worker died while holding it.
    pub crashes: i64,
    /// The kind of the last error: `failed`, `timed_out`, `panicked`, `invalid_payload`, `discarded`,
    /// `cancelled`, `lease_lost` or `undecodable`; or what else is stored there.
    pub error_kind: Option<String>,
    /// The last error in words.
    pub error_message: Option<String>,
    /// What its handler returned. Text that is no JSON is shown as a string.
    pub result_data: Option<Value>,
    /// How far it is, in percent, if its handler said so.
    pub progress: Option<i64>,
    /// A few words on that.
    pub progress_note: Option<String>,
    /// How long it keeps its dedup slot: `none`, `waiting`, `active`, `until_success`, `always` or
    /// `window`; or what else is stored there.
    pub dedup_scope: String,
}

impl TaskInfo {
    /// A short text that changes whenever an edit, a claim, a renewal of the lease or the end of an attempt
    /// changes the task: the same for every program that reads the same row. Progress, results and messages
    /// are not in it. Hand it to [`Edit::if_version`](crate::Edit::if_version) to change only what was seen.
    pub fn version(&self) -> String {
        let task = Versioned {
            status: self.status,
            due_at: self.due_at,
            attempt: self.attempt,
            retries: self.retries,
            max_retries: self.max_retries,
            priority: self.priority,
            crashes: self.crashes,
            payload_version: self.payload_version,
            payload: &self.task_payload,
        };
        task.text()
    }

    /// The result as the type that the handler returned.
    ///
    /// # Errors
    /// `conflict` when there is no result, because the task has not succeeded; `decode` when the result
    /// is of another type.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T> {
        let Some(result) = &self.result_data else {
            let text = format!("task {} is {} and has no result", self.id, self.state);
            return Err(Error::new(ErrorKind::Conflict, text));
        };
        T::deserialize(result).map_err(|error| {
            let what = std::any::type_name::<T>();
            let text = format!("the result of task {} is no {what}: {error}", self.id);
            Error::new(ErrorKind::Decode, text)
        })
    }
}

impl From<TaskRow> for TaskInfo {
    fn from(row: TaskRow) -> TaskInfo {
        TaskInfo {
            id: TaskId(row.id),
            task_name: row.task_name,
            state: row.state,
            status: row.status,
            task_payload: json(&row.payload),
            payload_version: row.payload_version,
            priority: row.priority,
            created_at: row.created_at,
            due_at: row.due_at,
            last_run_at: row.last_run_at,
            finished_at: row.finished_at,
            worker: row.worker,
            attempt: row.attempt,
            retries: row.retries,
            max_retries: row.max_retries,
            crashes: row.crashes,
            error_kind: row.error_kind,
            error_message: row.error_message,
            result_data: row.result.as_deref().map(json),
            progress: row.progress,
            progress_note: row.progress_note,
            dedup_scope: row.dedup_scope,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::json;
    use serde_json::json;

    #[test]
    fn text_that_is_no_json_is_shown_as_it_is() {
        assert_eq!(json(r#"{"a":[1,null]}"#), json!({ "a": [1, null] }));
        for text in ["", "{'a':1}", "{} {}", "not json"] {
            assert_eq!(json(text), json!(text));
        }
    }
}
