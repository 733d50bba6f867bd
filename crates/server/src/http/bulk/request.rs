//! What a bulk operation is asked for with.

use crate::http::access::Caller;
use crate::http::body;
use crate::http::problem::{INVALID_REQUEST, Problem};
use crate::http::view::{StateView, StatusView};
use dutiful::{BulkAction, Filter, State, Status, Timestamp};
use serde::Deserialize;
use utoipa::ToSchema;

/// A bulk operation to preview.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkRequest {
    /// What is to be done to each task.
    action: Action,
    /// The priority, for `edit-priority` alone.
    #[schema(minimum = -9, maximum = 9)]
    #[serde(default, deserialize_with = "body::whole")]
    priority: Option<i64>,
    /// To which tasks: those that pass everything. An empty one is passed by all.
    filter: FilterBody,
}

/// What is done to each task.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = BulkAction)]
pub(crate) enum Action {
    Retry,
    Cancel,
    Delete,
    RunNow,
    EditPriority,
}

/// The filters of the list, as fields.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Filter)]
pub(crate) struct FilterBody {
    /// Only tasks of this name.
    #[schema(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_.:-]+$")]
    #[serde(default)]
    task_name: Option<String>,
    /// Only tasks in one of these states.
    #[schema(value_type = Option<Vec<StateView>>)]
    #[serde(default)]
    state: Option<Vec<State>>,
    /// Only tasks with this stored status.
    #[schema(value_type = Option<StatusView>)]
    #[serde(default)]
    status: Option<Status>,
    /// Only tasks with this text in their payload, as it is stored, or in their error message.
    #[schema(min_length = 1, max_length = 200)]
    #[serde(default)]
    text: Option<String>,
    /// Only tasks that were created at this time or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default)]
    created_after: Option<String>,
    /// Only tasks that were created before this time.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default)]
    created_before: Option<String>,
    /// Only tasks that ended at this time or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default)]
    finished_after: Option<String>,
    /// Only tasks that ended before this time.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(default)]
    finished_before: Option<String>,
}

/// The confirmation of a preview.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// The preview's token.
    #[schema(min_length = 1)]
    pub(super) token: String,
}

impl BulkRequest {
    pub(super) fn action(&self) -> Result<BulkAction, Problem> {
        let name = match self.action {
            Action::Retry => "retry",
            Action::Cancel => "cancel",
            Action::Delete => "delete",
            Action::RunNow => "run-now",
            Action::EditPriority => "edit-priority",
        };
        BulkAction::new(name, self.priority).map_err(|error| Problem::of_field("/priority", &error))
    }

    pub(super) fn check(&self, caller: &Caller) -> Result<(), Problem> {
        let filter = &self.filter;
        caller.check_filter(filter.task_name.as_deref(), filter.text.is_some())
    }

    pub(super) fn filter(self) -> Result<Filter, Problem> {
        let asked = self.filter;
        let mut filter = Filter::new().states(&asked.state.unwrap_or_default());
        if let Some(name) = asked.task_name {
            filter = filter.task_name(name);
        }
        if let Some(status) = asked.status {
            filter = filter.status(status);
        }
        if let Some(text) = asked.text {
            filter = filter.text(text);
        }
        if let Some(time) = time("created_after", asked.created_after)? {
            filter = filter.created_after(time);
        }
        if let Some(time) = time("created_before", asked.created_before)? {
            filter = filter.created_before(time);
        }
        if let Some(time) = time("finished_after", asked.finished_after)? {
            filter = filter.finished_after(time);
        }
        if let Some(time) = time("finished_before", asked.finished_before)? {
            filter = filter.finished_before(time);
        }
        Ok(filter)
    }
}

fn time(field: &str, text: Option<String>) -> Result<Option<Timestamp>, Problem> {
    let read = |text: String| {
        let time = text.parse::<Timestamp>();
        let pointer = format!("/filter/{field}");
        time.map_err(|error| Problem::at(&INVALID_REQUEST, pointer, error.to_string()))
    };
    text.map(read).transpose()
}
