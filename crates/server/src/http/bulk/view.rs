//! An operation as the API shows it.

use crate::http::view::StateView;
use dutiful::{Operation, State};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A bulk operation. It is a task of this number too.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Operation)]
pub(crate) struct OperationView {
    /// Its number.
    #[schema(minimum = 1)]
    id: i64,
    /// What is done.
    action: String,
    /// The priority that is given.
    priority: Option<i64>,
    /// To which tasks.
    filter: Value,
    /// Who asked for it.
    asked_by: String,
    /// When it was confirmed.
    #[schema(format = DateTime)]
    asked_at: String,
    /// Where it is in its life: `cancelled` when somebody has stopped it.
    #[schema(value_type = StateView)]
    state: State,
    /// How many tasks its preview has counted.
    expected: u64,
    /// Whether these were all.
    exact: bool,
    /// Tasks that fitted when they were looked for.
    matched: u64,
    /// Those that it was done to.
    done: u64,
    /// Those that were passed over, by why.
    skipped: BTreeMap<String, u64>,
    /// About how much of it is done, in percent.
    percent: u8,
    /// When it ended.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// What went wrong last.
    error_message: Option<String>,
}

impl From<Operation> for OperationView {
    fn from(operation: Operation) -> OperationView {
        OperationView {
            id: operation.id.0,
            action: operation.action,
            priority: operation.priority,
            filter: operation.filter,
            asked_by: operation.asked_by,
            asked_at: operation.asked_at.to_string(),
            state: operation.state,
            expected: operation.expected,
            exact: operation.exact,
            matched: operation.counts.matched,
            done: operation.counts.done,
            skipped: operation.counts.skipped,
            percent: operation.percent,
            ended_at: operation.ended_at.map(|at| at.to_string()),
            error_message: operation.error_message,
        }
    }
}
