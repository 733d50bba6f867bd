//! Tasks and what belongs to them as the API shows them: the library's values, described.

use dutiful::{AttemptInfo, LogLine, State, Status, TaskInfo};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A task. Times are the database's, in UTC.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub(crate) struct TaskView {
    /// What `If-Match` compares.
    #[serde(skip)]
    #[schema(ignore)]
    version: String,
    /// Its number.
    #[schema(minimum = 1)]
    id: i64,
    /// Its type.
    task_name: String,
    /// Where it is in its life.
    #[schema(value_type = StateView)]
    state: State,
    /// The stored status.
    #[schema(value_type = StatusView)]
    status: Status,
    /// Its input.
    task_payload: Value,
    /// The version of the payload's form.
    payload_version: i64,
    /// -9 to 9; higher runs first.
    priority: i64,
    /// When it was submitted.
    #[schema(format = DateTime)]
    created_at: String,
    /// When a worker may next take it; while it runs, when its lease ends; `null` when it has ended or is held.
    #[schema(format = DateTime)]
    due_at: Option<String>,
    /// When it was last claimed.
    #[schema(format = DateTime)]
    last_run_at: Option<String>,
    /// When it ended.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    /// The worker that holds it.
    worker: Option<String>,
    /// How often it has been claimed.
    attempt: i64,
    /// Failed runs so far.
    retries: i64,
    /// Failed runs allowed.
    max_retries: i64,
    /// How often a worker died while holding it.
    crashes: i64,
    /// The kind of the last error.
    error_kind: Option<String>,
    /// The last error in words.
    error_message: Option<String>,
    /// What its handler returned; `null` too when there is no result yet.
    result_data: Option<Value>,
    /// How far it is, in percent, if its handler said so.
    progress: Option<i64>,
    /// A few words on that.
    progress_note: Option<String>,
    /// How long it keeps its dedup slot.
    dedup_scope: String,
    /// Whether payload and result are left out, because the token may not see them.
    hidden: bool,
}

/// Where a task is in its life.
#[derive(ToSchema)]
#[schema(as = State, rename_all = "snake_case")]
#[allow(dead_code, reason = "it describes the words of the library's type")]
pub(crate) enum StateView {
    Held,
    Scheduled,
    Queued,
    Running,
    Retrying,
    Succeeded,
    Failed,
    Invalid,
    Discarded,
    Cancelled,
    Quarantined,
}

/// The stored status of a task.
#[derive(ToSchema)]
#[schema(as = Status, rename_all = "snake_case")]
#[allow(dead_code, reason = "it describes the words of the library's type")]
pub(crate) enum StatusView {
    NotStarted,
    Success,
    Error,
}

/// An attempt that did not end in success.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptView {
    /// Its number, 1 for the first.
    attempt: i64,
    /// The worker that ran it.
    worker: String,
    /// When it was claimed.
    #[schema(format = DateTime)]
    started_at: String,
    /// When its outcome was written.
    #[schema(format = DateTime)]
    ended_at: String,
    /// How it ended.
    outcome: String,
    /// What went wrong, in words.
    error_message: Option<String>,
}

/// A line that a handler has logged.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogLine)]
pub(crate) struct LogView {
    /// The attempt that logged it.
    attempt: i64,
    /// When it was written.
    #[schema(format = DateTime)]
    logged_at: String,
    /// The line.
    message: String,
}

impl TaskView {
    /// The task, and its version before anything was left out; whether payload and result are shown is the
    /// caller's right.
    pub(super) fn new(task: TaskInfo, version: String, with_payload: bool) -> TaskView {
        let mut view = TaskView::from(task);
        view.version = version;
        if !with_payload {
            view.task_payload = Value::Null;
            view.result_data = None;
            view.hidden = true;
        }
        view
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }
}

impl From<TaskInfo> for TaskView {
    fn from(task: TaskInfo) -> TaskView {
        TaskView {
            version: String::new(),
            id: task.id.0,
            task_name: task.task_name,
            state: task.state,
            status: task.status,
            task_payload: task.task_payload,
            payload_version: task.payload_version,
            priority: task.priority,
            created_at: task.created_at.to_string(),
            due_at: task.due_at.map(|at| at.to_string()),
            last_run_at: task.last_run_at.map(|at| at.to_string()),
            finished_at: task.finished_at.map(|at| at.to_string()),
            worker: task.worker,
            attempt: task.attempt,
            retries: task.retries,
            max_retries: task.max_retries,
            crashes: task.crashes,
            error_kind: task.error_kind,
            error_message: task.error_message,
            result_data: task.result_data,
            progress: task.progress,
            progress_note: task.progress_note,
            dedup_scope: task.dedup_scope,
            hidden: false,
        }
    }
}

impl From<AttemptInfo> for AttemptView {
    fn from(attempt: AttemptInfo) -> AttemptView {
        AttemptView {
            attempt: attempt.attempt,
            worker: attempt.worker,
            started_at: attempt.started_at.to_string(),
            ended_at: attempt.ended_at.to_string(),
            outcome: attempt.outcome,
            error_message: attempt.error_message,
        }
    }
}

impl From<LogLine> for LogView {
    fn from(line: LogLine) -> LogView {
        LogView {
            attempt: line.attempt,
            logged_at: line.logged_at.to_string(),
            message: line.message,
        }
    }
}
