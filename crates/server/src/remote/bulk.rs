//! Bulk operations: their preview and confirmation, and looking at them.

use super::{Remote, query};
use crate::failure::Failure;
use dutiful::{BulkAction, BulkPreview, Filter, Operation, OperationPage, TaskId, TaskInfo};
use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What is shown of a preview, and what confirms it.
#[derive(Deserialize)]
pub(crate) struct Preview {
    pub(crate) count: u64,
    pub(crate) exact: bool,
    pub(crate) tasks: Vec<TaskInfo>,
    pub(crate) token: String,
}

/// One page of operations, newest first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Operations {
    pub(crate) operations: Vec<Operation>,
    #[serde(rename(deserialize = "next_cursor"))]
    pub(crate) next: Option<String>,
}

impl From<BulkPreview> for Preview {
    fn from(preview: BulkPreview) -> Preview {
        Preview {
            count: preview.count,
            exact: preview.exact,
            tasks: preview.tasks,
            token: preview.token,
        }
    }
}

impl From<OperationPage> for Operations {
    fn from(page: OperationPage) -> Operations {
        Operations {
            operations: page.operations,
            next: page.next,
        }
    }
}

impl Remote {
    pub(crate) async fn bulk_preview(
        &self,
        action: BulkAction,
        filter: &Filter,
    ) -> Result<Preview, Failure> {
        let body = asked_for(action, filter);
        self.send(Method::POST, "/tasks/bulk/preview", Some(&body))
            .await
    }

    /// Its token is good once, and so it is the key too.
    pub(crate) async fn bulk(&self, token: &str) -> Result<Operation, Failure> {
        let body = json!({ "token": token });
        self.send_once("/tasks/bulk", token, Some(&body)).await
    }

    pub(crate) async fn operations(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Operations, Failure> {
        let limit = Some(("limit", limit.to_string()));
        let after = after.map(|cursor| ("cursor", cursor.to_owned()));
        let wishes: Vec<_> = limit.into_iter().chain(after).collect();
        let path = format!("/operations{}", query(&wishes));
        self.send(Method::GET, &path, None).await
    }

    pub(crate) async fn operation(&self, id: TaskId) -> Result<Operation, Failure> {
        self.send(Method::GET, &format!("/operations/{id}"), None)
            .await
    }

    pub(crate) async fn stop_operation(&self, id: TaskId) -> Result<Operation, Failure> {
        self.send(Method::POST, &format!("/operations/{id}/stop"), None)
            .await
    }
}

/// The body of `POST /tasks/bulk/preview`: what the filter says, by the names of the route.
fn asked_for(action: BulkAction, filter: &Filter) -> Value {
    let said = match serde_json::to_value(filter) {
        Ok(Value::Object(said)) => said,
        _ => Map::new(),
    };
    let named = said.into_iter().map(|(name, value)| match name.as_str() {
        "states" => ("state".to_owned(), value),
        _ => (name, value),
    });
    let said =
        |value: &Value| !value.is_null() && value.as_array().is_none_or(|all| !all.is_empty());
    let filter: Map<String, Value> = named.filter(|(_, value)| said(value)).collect();
    let mut body = json!({ "action": action.name(), "filter": filter });
    if let Some(priority) = action.priority() {
        body["priority"] = priority.into();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use dutiful::{Priority, State, Status, Timestamp};

    #[test]
    fn a_filter_is_asked_for_as_the_route_reads_it() {
        let filter = Filter::new()
            .task_name("A")
            .states(&[State::Failed, State::Queued])
            .status(Status::Error)
            .text("ü")
            .created_after(Timestamp::from_micros(1_000_000));
        assert_eq!(
            asked_for(BulkAction::RunNow, &filter),
            json!({ "action": "run-now", "filter": {
                "task_name": "A", "state": ["failed", "queued"], "status": "error", "text": "ü",
                "created_after": "1970-01-01T00:00:01.000000Z",
            }})
        );
        let first = BulkAction::EditPriority(Priority::new(9).unwrap());
        assert_eq!(
            asked_for(first, &Filter::new()),
            json!({ "action": "edit-priority", "priority": 9, "filter": {} })
        );
    }
}
