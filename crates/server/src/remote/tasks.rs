//! Tasks: submitting, looking, and what is done to one.

use super::{Remote, query};
use crate::failure::Failure;
use dutiful::{
    AttemptInfo, Explanation, Filter, Item, LogLine, Page, Submitted, TaskCount, TaskId, TaskInfo,
};
use hyper::Method;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

#[derive(Deserialize)]
struct Tasks {
    tasks: Vec<TaskInfo>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Attempts {
    attempts: Vec<AttemptInfo>,
}

#[derive(Deserialize)]
struct Items {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Logs {
    logs: Vec<LogLine>,
}

impl Remote {
    pub(crate) async fn submit(&self, submission: &Value) -> Result<Submitted, Failure> {
        self.send(Method::POST, "/tasks", Some(submission)).await
    }

    pub(crate) async fn get(&self, id: TaskId) -> Result<TaskInfo, Failure> {
        self.send(Method::GET, &format!("/tasks/{id}"), None).await
    }

    /// The task when it has ended, or as it is after this time, which is one minute at most.
    pub(crate) async fn wait(&self, id: TaskId, at_most: Duration) -> Result<TaskInfo, Failure> {
        // The server understands four digits of milliseconds, or whole seconds.
        let wait = match at_most.as_millis() {
            milliseconds @ 0..10_000 => format!("{milliseconds}ms"),
            _ => format!("{}s", at_most.as_secs().min(60)),
        };
        self.send(Method::GET, &format!("/tasks/{id}?wait={wait}"), None)
            .await
    }

    pub(crate) async fn attempts(&self, id: TaskId) -> Result<Vec<AttemptInfo>, Failure> {
        let path = format!("/tasks/{id}/attempts");
        let answer: Attempts = self.send(Method::GET, &path, None).await?;
        Ok(answer.attempts)
    }

    pub(crate) async fn logs(&self, id: TaskId) -> Result<Vec<LogLine>, Failure> {
        let path = format!("/tasks/{id}/logs");
        let answer: Logs = self.send(Method::GET, &path, None).await?;
        Ok(answer.logs)
    }

    pub(crate) async fn items(&self, id: TaskId, limit: u32) -> Result<Vec<Item>, Failure> {
        let path = format!("/tasks/{id}/items?limit={limit}");
        let answer: Items = self.send(Method::GET, &path, None).await?;
        Ok(answer.items)
    }

    pub(crate) async fn list(&self, filter: &Filter) -> Result<Page, Failure> {
        let path = format!("/tasks{}", query(&wishes(filter)));
        let answer: Tasks = self.send(Method::GET, &path, None).await?;
        Ok(Page {
            tasks: answer.tasks,
            next: answer.next_cursor,
        })
    }

    pub(crate) async fn count(&self, filter: &Filter) -> Result<TaskCount, Failure> {
        let mut wishes = wishes(filter);
        wishes.retain(|(name, _)| !["limit", "cursor"].contains(name));
        let path = format!("/tasks/count{}", query(&wishes));
        self.send(Method::GET, &path, None).await
    }

    pub(crate) async fn explain(&self, id: TaskId) -> Result<Explanation, Failure> {
        self.send(Method::GET, &format!("/tasks/{id}/explain"), None)
            .await
    }

    /// `retry`, `cancel` or `run-now`.
    pub(crate) async fn operate(&self, verb: &str, id: TaskId) -> Result<TaskInfo, Failure> {
        self.send(Method::POST, &format!("/tasks/{id}/{verb}"), None)
            .await
    }

    pub(crate) async fn duplicate(&self, id: TaskId) -> Result<Submitted, Failure> {
        let key = uuid::Uuid::new_v4().to_string();
        let path = format!("/tasks/{id}/duplicate");
        self.send_once(&path, &key, None).await
    }

    pub(crate) async fn edit(&self, id: TaskId, edit: &Value) -> Result<TaskInfo, Failure> {
        self.send(Method::PATCH, &format!("/tasks/{id}"), Some(edit))
            .await
    }

    pub(crate) async fn delete(&self, id: TaskId) -> Result<(), Failure> {
        let path = format!("/tasks/{id}");
        self.ask(Method::DELETE, &path, None).await.map(drop)
    }
}

/// A filter as the parameters of `GET /tasks`, but for its cursor by their own names.
fn wishes(filter: &Filter) -> Vec<(&'static str, String)> {
    let said = serde_json::to_value(filter).unwrap_or_default();
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(words) if words.is_empty() => None,
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            Some(words.join(","))
        }
        other => Some(other.to_string()),
    };
    let names = [
        ("task_name", "task_name"),
        ("states", "state"),
        ("status", "status"),
        ("text", "text"),
        ("created_after", "created_after"),
        ("created_before", "created_before"),
        ("finished_after", "finished_after"),
        ("finished_before", "finished_before"),
        ("limit", "limit"),
        ("after", "cursor"),
    ];
    let named = names.into_iter();
    named
        .filter_map(|(own, name)| Some((name, text(&said[own])?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dutiful::State;

    #[test]
    fn a_filter_is_asked_for_by_the_names_of_the_route() {
        let filter = Filter::new()
            .task_name("A")
            .states(&[State::Failed, State::Queued])
            .text("a&b=ü %")
            .limit(7)
            .after("b9");
        assert_eq!(
            query(&wishes(&filter)),
            "?task_name=A&state=failed,queued&text=a%26b%3D%C3%BC%20%25&limit=7&cursor=b9"
        );
        assert_eq!(query(&wishes(&Filter::new())), "");
    }
}
