//! What an operation is about, as its task has it.

use super::BulkAction;
use crate::{Error, ErrorKind, Filter, Result};
use dutiful_core::TaskId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name of the tasks that are operations. Only they may have names that begin like this.
pub(crate) const NAME: &str = "dutiful:operation";

/// The payload of an operation's task: made by a preview, and not meant to be written by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationPayload {
    pub(crate) action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<i64>,
    /// Which tasks, in the form of [`Filter`].
    pub(crate) filter: Value,
    /// Tasks with a higher number came later, and are left alone.
    pub(crate) up_to: i64,
    pub(crate) asked_by: String,
    /// What the preview has counted, and whether that were all.
    pub(crate) expected: u64,
    pub(crate) exact: bool,
}

impl OperationPayload {
    pub(crate) fn new(
        action: BulkAction,
        filter: &Filter,
        up_to: TaskId,
        by: &str,
    ) -> Result<Self> {
        let filter = serde_json::to_value(filter)
            .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
        Ok(OperationPayload {
            action: action.name().to_owned(),
            priority: action.priority(),
            filter: said(filter),
            up_to: up_to.0,
            asked_by: by.to_owned(),
            expected: 0,
            exact: true,
        })
    }

    pub(crate) fn action(&self) -> Result<BulkAction> {
        BulkAction::new(&self.action, self.priority)
    }

    /// One that asks for what this program does not know is refused: it would let more tasks pass.
    pub(crate) fn filter(&self) -> Result<Filter> {
        let read = serde_json::from_value::<Filter>(self.filter.clone());
        read.map_err(|error| Error::new(ErrorKind::Config, format!("the filter: {error}")))
    }

    /// Everything that can be wrong with it.
    pub(crate) fn check(&self) -> Result<()> {
        self.action()?;
        self.filter()?.query()?;
        Ok(())
    }
}

/// The filter without what is not asked for, and without what is only for pages.
fn said(filter: Value) -> Value {
    let Value::Object(mut fields) = filter else {
        return filter;
    };
    fields.retain(|name, value| {
        let asked = !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
        asked && name != "limit" && name != "after"
    });
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dutiful_core::State;
    use serde_json::json;

    fn payload(filter: &Filter) -> OperationPayload {
        OperationPayload::new(BulkAction::Cancel, filter, TaskId(7), "ada").unwrap()
    }

    #[test]
    fn a_payload_holds_what_was_asked_for_and_reads_back() {
        let filter = Filter::new().task_name("Mail").state(State::Failed);
        let stored = payload(&filter.clone().limit(3).after("b5"));
        assert_eq!(
            stored.filter,
            json!({ "task_name": "Mail", "states": ["failed"] })
        );
        assert_eq!(stored.filter().unwrap(), filter);
        assert_eq!(stored.action().unwrap(), BulkAction::Cancel);
        stored.check().unwrap();
        assert_eq!(payload(&Filter::new()).filter, json!({}));
    }

    #[test]
    fn what_a_newer_program_asks_for_is_not_passed_over() {
        let mut stored = payload(&Filter::new());
        stored.filter = json!({ "colour": "red" });
        assert!(stored.check().is_err());
        stored.filter = json!({ "task_name": "no name" });
        assert!(stored.check().is_err());
        stored.filter = json!({});
        stored.action = "paint".to_owned();
        assert!(stored.check().is_err());
    }
}
