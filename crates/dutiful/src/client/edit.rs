//! Changing a task that waits.

use super::Client;
use super::draft::{check_max_retries, check_payload_version, check_start, invalid};
use super::inspect::{TaskInfo, no_such_task};
use super::operate::refused;
use crate::store::edit::{Change, Edited, edit};
use crate::store::submit::Start;
use crate::{Error, Result};
use dutiful_core::{Priority, TaskId, Timestamp, json};
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::SystemTime;

impl Client {
    /// Changes a task that waits: one that is held, scheduled, queued or retrying. Say what is to change, then
    /// await it; it answers with the task as it is then. All of it is changed, or nothing.
    ///
    /// The row is locked while it is decided and written: a task that a worker claims at the same time either
    /// runs with the change, or the edit is refused.
    ///
    /// # Errors
    /// `conflict` when the task is running, has ended, or holds a lease that ran out and that no worker has
    /// counted yet; when it has changed ([`Edit::if_version`]); when it has failed as often as
    /// [`Edit::max_retries`] allows; when another task holds the slot of the new payload, which the text
    /// names; when the row does not tell whose key it is ([`Edit::keep_dedup_key`]).
    /// `invalid_payload` when a value is outside its limits, as on submission; `not_found`; `decode` when the
    /// row holds words that mean nothing; whatever the database says.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use serde_json::json;
    /// let id = client.submit_json("Resize", json!({ "width": 640 })).held().await?.id;
    /// let seen = client.get(id).await?.version();
    /// let task = client.edit(id).payload(json!({ "width": 800 })).priority(5).if_version(&seen).await?;
    /// assert_eq!((task.priority, &task.task_payload["width"]), (5, &json!(800)));
    /// // It is another version now.
    /// let refused = client.edit(id).priority(0).if_version(&seen).await.unwrap_err();
    /// assert_eq!(refused.kind(), dutiful::ErrorKind::Conflict);
    /// # Ok(()) }
    /// ```
    pub fn edit(&self, id: TaskId) -> Edit<'_> {
        Edit {
            client: self,
            id,
            payload: None,
            payload_version: None,
            run_at: None,
            priority: None,
            max_retries: None,
            keep_dedup_key: false,
            if_version: None,
        }
    }
}

/// An edit that can still be changed; await it to do it.
#[derive(Debug)]
#[must_use = "nothing is edited before it is awaited"]
pub struct Edit<'c> {
    client: &'c Client,
    id: TaskId,
    payload: Option<serde_json::Value>,
    payload_version: Option<u32>,
    run_at: Option<SystemTime>,
    priority: Option<i64>,
    max_retries: Option<u32>,
    keep_dedup_key: bool,
    if_version: Option<String>,
}

impl Edit<'_> {
    /// Another payload. Nothing but the limits is checked, as by [`Client::submit_json`]; a worker that cannot
    /// read it ends the task as invalid. Its version stays unless [`Edit::payload_version`] says otherwise.
    ///
    /// If the old payload made the dedup key, the slot moves with the payload; a window goes on from the
    /// submission. Stored results of durable steps are removed when the payload changes: they belong to the
    /// old one.
    pub fn payload(mut self, payload: serde_json::Value) -> Self {
        self.payload = Some(payload);
        self
    }

    /// The version of the payload's form.
    pub fn payload_version(mut self, version: u32) -> Self {
        self.payload_version = Some(version);
        self
    }

    /// Runs it no sooner than at this time, and a held task then too: it is held no more.
    pub fn run_at(mut self, time: SystemTime) -> Self {
        self.run_at = Some(time);
        self
    }

    /// Another priority: -9 to 9, higher runs first.
    pub fn priority(mut self, priority: i64) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Another number of allowed failed runs. Once a run has failed it must be more than have failed.
    pub fn max_retries(mut self, max_retries: u32) -> Self {
        self.max_retries = Some(max_retries);
        self
    }

    /// Says that the new payload is still the same task, so that its dedup key stays.
    ///
    /// It is asked for where the key was not made of the whole payload but of chosen fields or by the caller:
    /// the row does not tell how. A key that stays behind while the fields change would swallow submissions of
    /// the old ones. A key that the payload made moves in any case.
    pub fn keep_dedup_key(mut self) -> Self {
        self.keep_dedup_key = true;
        self
    }

    /// Edits it only if this is still its [`TaskInfo::version`].
    pub fn if_version(mut self, version: &str) -> Self {
        self.if_version = Some(version.to_owned());
        self
    }

    /// Checks everything that can be checked without the row.
    fn change(self) -> Result<Change> {
        let most = self.client.db().payload_bytes_max();
        let canonical = |payload| {
            json::canonical_within(&payload, most)
                .map_err(|error| invalid(format!("the payload: {error}")))
        };
        let run_at = self.run_at.map(Timestamp::from_system_time);
        if let Some(time) = run_at {
            check_start(Start::At(time))?;
        }
        let priority = self.priority.map(Priority::new).transpose();
        let priority = priority.map_err(|error| invalid(error.to_string()))?;
        if let Some(max_retries) = self.max_retries {
            check_max_retries(max_retries)?;
        }
        if let Some(version) = self.payload_version {
            check_payload_version(version)?;
        }
        Ok(Change {
            payload: self.payload.map(canonical).transpose()?,
            payload_version: self.payload_version.map(i64::from),
            run_at,
            priority: priority.map(|priority| i64::from(priority.get())),
            max_retries: self.max_retries.map(i64::from),
            keep_key: self.keep_dedup_key,
            if_version: self.if_version,
        })
    }
}

impl<'c> IntoFuture for Edit<'c> {
    type Output = Result<TaskInfo>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (client, id) = (self.client, self.id);
            let cannot = |error: Error| error.context(format!("task {id} cannot be edited"));
            let change = self.change().map_err(cannot)?;
            let edited = edit(client.db(), id.0, &change).await;
            match edited.map_err(|error| cannot(error.into()))? {
                Edited::Done(row) => {
                    client.wake().changed(&row.task_name);
                    Ok(TaskInfo::from(*row))
                }
                Edited::Missing => Err(no_such_task(id)),
                Edited::Refused(refusal) => Err(refused(id, refusal)),
            }
        })
    }
}
