//! Periodic tasks, and what an operator does to them.

use super::{Remote, escaped};
use crate::failure::Failure;
use dutiful::{PeriodicInfo, TaskId, Timestamp};
use hyper::Method;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Periodics {
    periodic: Vec<PeriodicInfo>,
}

#[derive(Deserialize)]
struct NextTicks {
    next: Vec<Timestamp>,
}

#[derive(Deserialize)]
struct Ran {
    task_id: TaskId,
}

impl Remote {
    pub(crate) async fn periodic(&self) -> Result<Vec<PeriodicInfo>, Failure> {
        let answer: Periodics = self.send(Method::GET, "/periodic", None).await?;
        Ok(answer.periodic)
    }

    pub(crate) async fn periodic_next(
        &self,
        name: &str,
        count: usize,
    ) -> Result<Vec<Timestamp>, Failure> {
        let path = format!("/periodic/{}/next?count={count}", escaped(name));
        let answer: NextTicks = self.send(Method::GET, &path, None).await?;
        Ok(answer.next)
    }

    /// `pause`, `resume` or `reset`.
    pub(crate) async fn periodic_operate(
        &self,
        verb: &str,
        name: &str,
    ) -> Result<PeriodicInfo, Failure> {
        let path = format!("/periodic/{}/{verb}", escaped(name));
        self.send(Method::POST, &path, None).await
    }

    /// The body is that of `PATCH /periodic/{name}`.
    pub(crate) async fn periodic_change(
        &self,
        name: &str,
        change: &Value,
    ) -> Result<PeriodicInfo, Failure> {
        let path = format!("/periodic/{}", escaped(name));
        self.send(Method::PATCH, &path, Some(change)).await
    }

    /// The task that a run by hand has submitted.
    pub(crate) async fn periodic_run(&self, name: &str, anyway: bool) -> Result<TaskId, Failure> {
        let path = format!("/periodic/{}/run?anyway={anyway}", escaped(name));
        let key = uuid::Uuid::new_v4().to_string();
        let ran: Ran = self.send_once(&path, &key, None).await?;
        Ok(ran.task_id)
    }
}
