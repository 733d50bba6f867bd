//! What is told of a queue as a whole: counts and figures, workers, task names, the audit.

use super::{Remote, escaped, query};
use crate::failure::{Exit, Failure};
use dutiful::{AuditPage, PausedName, Series, Stats, WorkerInfo};
use hyper::Method;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

#[derive(Deserialize)]
struct Workers {
    workers: Vec<WorkerInfo>,
}

/// The task names that a server knows.
#[derive(Debug, Deserialize)]
pub(crate) struct TaskTypes {
    /// As it describes them.
    pub(crate) task_types: Vec<Value>,
    pub(crate) paused: Vec<PausedName>,
}

impl Remote {
    /// The server takes whole seconds: part of one is one.
    pub(crate) async fn stats(&self, window: Duration) -> Result<Stats, Failure> {
        let path = format!("/stats?window={}", window.as_secs_f64().ceil());
        self.send(Method::GET, &path, None).await
    }

    /// A time series, by the parameters of the route.
    pub(crate) async fn stats_series(
        &self,
        wishes: &[(&'static str, String)],
    ) -> Result<Series, Failure> {
        let path = format!("/stats/timeseries{}", query(wishes));
        let mut answer: Value = self.send(Method::GET, &path, None).await?;
        flatten(&mut answer);
        serde_json::from_value(answer).map_err(|error| super::unreadable(&error))
    }

    pub(crate) async fn workers(&self) -> Result<Vec<WorkerInfo>, Failure> {
        let answer: Workers = self.send(Method::GET, "/workers", None).await?;
        Ok(answer.workers)
    }

    pub(crate) async fn drain_worker(&self, worker: &str) -> Result<WorkerInfo, Failure> {
        let path = format!("/workers/{}/drain", escaped(worker));
        self.send(Method::POST, &path, None).await
    }

    /// The types that the server knows, and the names that are paused.
    pub(crate) async fn task_types(&self) -> Result<TaskTypes, Failure> {
        self.send(Method::GET, "/task-types", None).await
    }

    pub(crate) async fn pause(&self, task_name: &str) -> Result<(), Failure> {
        self.name_operate(task_name, "pause").await
    }

    pub(crate) async fn resume(&self, task_name: &str) -> Result<(), Failure> {
        self.name_operate(task_name, "resume").await
    }

    async fn name_operate(&self, task_name: &str, verb: &str) -> Result<(), Failure> {
        // For the server it would be a path that leads nowhere.
        dutiful_core::check_name(task_name)
            .map_err(|error| Failure::new(Exit::Usage, "config", error.to_string()))?;
        let path = format!("/task-types/{}/{verb}", escaped(task_name));
        self.ask(Method::POST, &path, None).await.map(drop)
    }

    /// A page of the audit, by the parameters of the route.
    pub(crate) async fn audit(&self, wishes: &[(&str, String)]) -> Result<AuditPage, Failure> {
        let path = format!("/audit{}", query(wishes));
        self.send(Method::GET, &path, None).await
    }

    /// The description of the API, as the server gives it.
    pub(crate) async fn openapi(&self) -> Result<Value, Failure> {
        self.send(Method::GET, "/openapi.json", None).await
    }
}

/// In an answer the figures of a span are a value of their own; the library has them beside its beginning.
fn flatten(series: &mut Value) {
    let points = series["points"].as_array_mut();
    for point in points
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
    {
        if let Some(Value::Object(figures)) = point.remove("figures") {
            point.extend(figures);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_figures_of_a_span_stand_beside_its_beginning() {
        let mut series = json!({ "points": [{ "begins_at": "a", "figures": { "ended": 3 } }, 7] });
        flatten(&mut series);
        assert_eq!(
            series,
            json!({ "points": [{ "begins_at": "a", "ended": 3 }, 7] })
        );
        let mut other = json!({ "code": "x" });
        flatten(&mut other);
        assert_eq!(other["code"], "x");
    }
}
