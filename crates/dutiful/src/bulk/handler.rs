//! The handler that carries operations out, batch by batch.

use super::{BulkAction, NAME, OperationCounts, OperationPayload, Progress};
use crate::client::audit_once;
use crate::store::bulk::{Batch, Written, act, progress};
use crate::store::list::{self, Query};
use crate::{Client, Context, Dedup, Error, Result, RetryPolicy, Task, TaskError, TaskId};
use dutiful_core::limits::BULK_BATCH_ROWS;
use std::time::Duration;

/// Others go on soon after a process has died.
const LEASE: Duration = Duration::from_secs(15);
/// What failed because of the database is tried again soon.
const COOLDOWN: Duration = Duration::from_secs(5);
/// Hints tell of new ones; this is for when they are lost. A worker looks as often as its most impatient type.
const POLL: Duration = Duration::from_secs(10);
/// One that takes longer goes on where it was.
const TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The task type that carries bulk operations out. A worker that is given it runs them; in the binary, `worker`,
/// `serve` and `dev` are.
///
/// Any worker will do: it needs to know none of the task types that an operation is about. When its process dies,
/// another one goes on where it was, and no task is acted on twice.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
/// # let client = dutiful::Client::connect("sqlite::memory:").await?;
/// # client.migrate().await?;
/// use dutiful::{BulkAction, BulkOperations, Filter, Worker};
/// for number in 0..3 {
///     client.submit_json("Mail", serde_json::json!(number)).await?;
/// }
/// let all = Filter::new().task_name("Mail");
/// let preview = client.bulk_preview(BulkAction::Cancel, &all, "ada").await?;
/// assert_eq!((preview.count, preview.exact), (3, true));
/// let started = client.bulk(&preview.token, "ada").await?;
///
/// let worker = Worker::new(client.clone()).register(BulkOperations).start().await?;
/// client.wait(started.id, std::time::Duration::from_secs(10)).await?;
/// assert_eq!(client.operation(started.id).await?.counts.done, 3);
/// # worker.shutdown().await;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct BulkOperations;

impl Task for BulkOperations {
    type Payload = OperationPayload;
    type Output = OperationCounts;

    async fn process(
        &self,
        payload: OperationPayload,
        cx: &Context,
    ) -> Result<OperationCounts, TaskError> {
        let operation = Operating::new(cx, &payload)?;
        let progress = operation.run().await?;
        operation.write_down(&progress).await?;
        Ok(progress.counts)
    }

    fn name() -> &'static str {
        NAME
    }

    fn dedup() -> Dedup<OperationPayload> {
        Dedup::none()
    }

    fn max_retries() -> u32 {
        1_000
    }

    fn validate(payload: &OperationPayload) -> Result<(), String> {
        payload.check().map_err(|error| error.to_string())
    }

    fn batch_size(&self) -> usize {
        4
    }

    fn lease(&self) -> Duration {
        LEASE
    }

    fn timeout(&self) -> Duration {
        TIMEOUT
    }

    fn poll_interval(&self) -> Duration {
        POLL
    }

    fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy::Cooldown(COOLDOWN)
    }

    /// It is not what kills its workers, and must go on however often they are killed.
    fn crash_limit(&self) -> u32 {
        1_000
    }

    fn emoji(&self) -> &'static str {
        "🗂"
    }
}

/// One attempt at an operation.
struct Operating<'a> {
    cx: &'a Context,
    client: &'a Client,
    payload: &'a OperationPayload,
    action: BulkAction,
    query: Query,
}

impl<'a> Operating<'a> {
    fn new(cx: &'a Context, payload: &'a OperationPayload) -> Result<Operating<'a>> {
        Ok(Operating {
            cx,
            client: cx.client()?,
            payload,
            action: payload.action()?,
            query: Query {
                except: Some(NAME),
                limit: BULK_BATCH_ROWS,
                ..payload.filter()?.query()?
            },
        })
    }

    async fn run(&self) -> Result<Progress, TaskError> {
        loop {
            let (stored, progress) = self.stored().await?;
            if progress.finished {
                return Ok(progress);
            }
            if self.cx.is_cancelled() {
                return Err(TaskError::failed("told to end; it goes on where it was"));
            }
            self.batch(stored.as_deref(), &progress).await?;
        }
    }

    /// The progress as it is stored, and what it says.
    async fn stored(&self) -> Result<(Option<String>, Progress), TaskError> {
        let rows = progress(self.client.db(), vec![self.cx.id().0]).await;
        let text = rows.map_err(Error::from)?.pop().map(|(_, text)| text);
        let Some(text) = text else {
            return Ok((None, Progress::default()));
        };
        match Progress::read(&text) {
            Some(progress) => Ok((Some(text), progress)),
            None => Err(TaskError::discard(
                "its progress cannot be read; ask for what is left once more",
            )),
        }
    }

    async fn batch(&self, stored: Option<&str>, progress: &Progress) -> Result<(), TaskError> {
        let db = self.client.db();
        let below = progress
            .below
            .unwrap_or(self.payload.up_to.saturating_add(1));
        let query = Query {
            before: Some(below),
            ..self.query.clone()
        };
        let (ids, next) = list::ids(db, &query).await.map_err(Error::from)?;
        let matched = ids.len();
        let batch = Batch {
            operation: self.cx.id().0,
            attempt: self.cx.attempt(),
            worker: self.cx.worker(),
            verb: self.action.verb(),
            query: &self.query,
            ids,
            before: stored,
        };
        let written = act(db, &batch, |acted| {
            progress.after(matched, acted, next).to_text()
        });
        match written.await.map_err(Error::from)? {
            Written::Done(acted) => {
                let names = acted.task_names.iter().filter(|_| self.action.makes_due());
                names.for_each(|name| self.client.wake().changed(name));
                self.note(&progress.after(matched, &acted, next));
                Ok(())
            }
            Written::DoneBefore => Ok(()),
            Written::LeaseLost => Err(TaskError::failed("its lease was lost, or it was stopped")),
        }
    }

    fn note(&self, progress: &Progress) {
        let expected = self.payload.exact.then_some(self.payload.expected);
        let percent = progress.percent(expected, self.payload.up_to);
        let OperationCounts { matched, done, .. } = progress.counts;
        let note = format!("{done} done, {} passed over", matched.saturating_sub(done));
        self.cx.progress(percent, &note);
    }

    /// One entry tells of it all, however often the end of the operation is repeated.
    async fn write_down(&self, progress: &Progress) -> Result<()> {
        let TaskId(id) = self.cx.id();
        let detail = serde_json::json!({
            "filter": self.payload.filter,
            "priority": self.payload.priority,
            "counts": progress.counts,
        });
        let action = format!("bulk-{}-ended", self.action);
        let target = format!("operation {id}");
        let by = &self.payload.asked_by;
        audit_once(self.client, &target, by, &action, &detail.to_string()).await
    }
}
