//! Running a periodic task by hand.

use super::no_such_periodic;
use crate::client::Client;
use crate::client::submit::once::{other_request, request};
use crate::store::periodic::run_now::{Ran, run_now};
use crate::{Error, ErrorKind, Result};
use dutiful_core::TaskId;
use serde::Serialize;
use std::future::IntoFuture;
use std::pin::Pin;

/// The answer to [`Client::periodic_run_now`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PeriodicRan {
    /// The task that was submitted.
    pub task_id: TaskId,
    /// Whether an earlier request with the key has submitted it, and this one nothing.
    pub replayed: bool,
}

/// A run by hand that can still be changed; await it to do it.
#[derive(Debug)]
#[must_use = "nothing runs before it is awaited"]
pub struct PeriodicRun<'c> {
    client: &'c Client,
    name: String,
    anyway: bool,
    once: Option<(String, [u8; 32])>,
}

impl<'c> PeriodicRun<'c> {
    pub(super) fn new(client: &'c Client, name: String) -> PeriodicRun<'c> {
        PeriodicRun {
            client,
            name,
            anyway: false,
            once: None,
        }
    }

    /// Also while the task that was submitted last has not ended, whatever the overlap policy says.
    pub fn anyway(mut self) -> Self {
        self.anyway = true;
        self
    }

    /// Once for each key, as [`Client::submit_once`] does it: a call that comes again with the same key within
    /// 24 hours submits nothing and is told the task of the first.
    pub fn once(mut self, key: impl Into<String>, request_hash: [u8; 32]) -> Self {
        self.once = Some((key.into(), request_hash));
        self
    }

    async fn run(self) -> Result<PeriodicRan> {
        // A key of its own lets this call find again what it has done when the answer was lost.
        let own = || (uuid::Uuid::new_v4().to_string(), [0; 32]);
        let (key, hash) = self.once.unwrap_or_else(own);
        let request = request(&key, hash)?;
        let ran = run_now(self.client.db(), &request, &self.name, self.anyway).await?;
        let (id, replayed) = match ran {
            Ran::Submitted(id, task_name) => {
                self.client.wake().changed(&task_name);
                (id, false)
            }
            Ran::Replayed(id) => (id, true),
            Ran::OtherRequest => return Err(other_request()),
            Ran::Missing => return Err(no_such_periodic(&self.name)),
            Ran::StillRuns(last) => return Err(still_runs(&self.name, last)),
        };
        Ok(PeriodicRan {
            task_id: TaskId(id),
            replayed,
        })
    }
}

fn still_runs(name: &str, last: i64) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!(
            "periodic `{name}`: its last task, {last}, has not ended; wait for it, cancel it, or run it anyway"
        ),
    )
}

impl<'c> IntoFuture for PeriodicRun<'c> {
    type Output = Result<PeriodicRan>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
