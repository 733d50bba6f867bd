//! Periodics that each process runs by itself: no rows, no retries, a thread and an event loop each.
//!
//! The clock of the host says when a tick is, because there is no database in it; nothing is made up for.
//! A run is an attempt like any other (timeout, cancellation, panics, threads of its own), of a task that
//! does not exist: its id is 0 and its attempt the number of the run. What depends on a task's row is not
//! there: steps and settling in a transaction answer that the lease is lost.

use super::LocalPeriodic;
use crate::context::{Attempt, Effects, Note};
use crate::db::DbResult;
use crate::store::claim::Claimed;
use crate::store::joins::{NewTasks, submit_together};
use crate::store::retry;
use crate::store::session::OwnTx;
use crate::worker::attempt::{self, CANCEL_GRACE};
use crate::worker::handler::{self, Handler, Ran, Spec, Stored};
use crate::worker::lane::{Job, Lane};
use crate::worker::shared::{Ended, Report, Shared};
use crate::worker::thread;
use crate::{Client, Context, Error, ErrorKind, Result, TaskError};
use dutiful_core::{Schedule, Timestamp};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

/// The id of the task that a local run stands for.
const NO_TASK: i64 = 0;
/// How much the host's clock may lag behind a timer without showing the same tick again.
const LAG: Duration = Duration::from_secs(1);
/// The host's clock is read at least this often: somebody may set it, or the machine may sleep.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// A local periodic that passed the checks.
pub(crate) struct Local {
    /// The task type's, unless it was given another.
    pub(crate) name: String,
    handler: Arc<dyn Handler>,
    pub(crate) spec: Spec,
    pub(crate) schedule: Schedule,
    payload: String,
}

/// What local periodics get from the worker that they belong to.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) client: Client,
    pub(crate) worker: Arc<str>,
    pub(crate) stopping: CancellationToken,
    pub(crate) grace: Duration,
}

/// Waits until every local periodic has dropped its sender, which they do soon after the grace unless one
/// blocks its thread.
pub(crate) async fn ended(mut alive: mpsc::Receiver<()>, grace: Duration) {
    let most = grace + CANCEL_GRACE * 2;
    if tokio::time::timeout(most, alive.recv()).await.is_err() {
        tracing::warn!("a local periodic ignores that it was told to end; it is left behind");
    }
}

impl Local {
    /// Refuses what cannot work.
    pub(crate) fn new(periodic: LocalPeriodic) -> Result<Local> {
        let spec = periodic.handler.spec();
        handler::check(&spec)?;
        let name = periodic.name.unwrap_or_else(|| spec.name.to_owned());
        if let Err(error) = dutiful_core::check_name(&name) {
            return Err(Error::new(ErrorKind::Config, format!("periodic: {error}")));
        }
        let in_periodic = |error: Error| error.context(format!("periodic `{name}`"));
        Ok(Local {
            schedule: periodic.schedule.map_err(in_periodic)?,
            payload: periodic.payload.map_err(in_periodic)?,
            handler: periodic.handler,
            spec,
            name,
        })
    }

    /// Runs it on a thread of its own until the worker stops. `alive` is dropped when it has ended.
    pub(crate) fn start(self, host: Host, alive: mpsc::Sender<()>) -> Result<()> {
        let name = self.name.clone();
        let cannot = |error: std::io::Error| {
            let text = format!("cannot start the local periodic `{name}`: {error}");
            Error::new(ErrorKind::Config, text)
        };
        let work = || async move {
            Runner::new(self, host).run().await;
            drop(alive);
        };
        thread::event_loop("dutiful-local".to_owned(), work).map_err(cannot)
    }
}

struct Runner {
    local: Local,
    host: Host,
    /// Stands for a worker with one lane that claims nothing.
    shared: Arc<Shared>,
    reports: mpsc::UnboundedReceiver<Report>,
    /// Free unless a run goes on, even one that was left behind.
    turn: Arc<Semaphore>,
    runs: i64,
}

impl Runner {
    fn new(local: Local, host: Host) -> Runner {
        let turn = Arc::new(Semaphore::new(1));
        let handler = Alone {
            inner: Arc::clone(&local.handler),
            turn: Arc::clone(&turn),
        };
        let (sender, reports) = mpsc::unbounded_channel();
        let shared = Shared::new(
            host.client.clone(),
            Arc::clone(&host.worker),
            vec![Arc::new(Lane::new(Arc::new(handler)))],
            sender,
        );
        let shared = Arc::new(Shared {
            stopping: host.stopping.clone(),
            ..shared
        });
        Runner {
            local,
            host,
            shared,
            reports,
            turn,
            runs: 0,
        }
    }

    async fn run(mut self) {
        let stopping = self.host.stopping.clone();
        let mut last = None;
        loop {
            let tick = tokio::select! {
                biased;
                () = stopping.cancelled() => return,
                tick = self.next(last) => tick,
            };
            let Some(tick) = tick else { return };
            self.run_once().await;
            last = Some(tick);
        }
    }

    /// Waits for the next tick after the last run is over. Ticks that passed meanwhile are not made up for.
    async fn next(&self, last: Option<Timestamp>) -> Option<Timestamp> {
        // It is never closed.
        drop(self.turn.acquire().await);
        let mut tick = self.tick_after(host_now(), last)?;
        loop {
            let now = host_now();
            if now >= tick {
                return Some(tick);
            }
            tokio::time::sleep(tick.since(now).min(LOOK_AGAIN)).await;
            // Only a clock that was set back shows an earlier one.
            tick = tick.min(self.tick_after(now, last)?);
        }
    }

    fn tick_after(&self, now: Timestamp, last: Option<Timestamp>) -> Option<Timestamp> {
        let after = match last {
            Some(last) if last.since(now) <= LAG => now.max(last),
            _ => now,
        };
        self.local.schedule.next_after(after)
    }

    async fn run_once(&mut self) {
        self.runs += 1;
        let lane = Arc::clone(&self.shared.lanes[0]);
        let job = Job {
            claimed: Claimed {
                id: NO_TASK,
                attempt: self.runs,
                payload_version: i64::from(lane.spec.version),
                payload: Ok(self.local.payload.clone()),
                facts: None,
                last_chance: false,
            },
        };
        let grace_over = &self.shared.grace_over;
        let lease = (lane.spec.lease, Instant::now());
        self.shared
            .inflight
            .claimed(NO_TASK, self.runs, 0, lease, grace_over);
        let end_of_grace = async {
            self.host.stopping.cancelled().await;
            tokio::time::sleep(self.host.grace).await;
            grace_over.cancel();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = attempt::run(Arc::clone(&self.shared), lane, 0, job) => {}
            () = end_of_grace => {}
        }
        self.shared.inflight.forget(NO_TASK, self.runs);
        if let Ok(report) = self.reports.try_recv() {
            self.note(report).await;
        }
    }

    async fn note(&self, report: Report) {
        let (name, emoji) = (self.local.name.as_str(), self.local.spec.emoji);
        let run = report.attempt;
        match report.ended {
            Ended::Ran(Ran::Success(_)) => {
                tracing::debug!(name, run, "{emoji} {name} succeeded");
                if let Err(error) = follow_up(&self.host.client, &report.follow_ups).await {
                    tracing::error!(name, run, %error, "{emoji} {name}: its follow-up tasks are lost");
                }
            }
            Ended::Ran(Ran::Answer(answer)) => {
                tracing::warn!(name, run, "{emoji} {name} failed: {}", TaskError(answer));
            }
            Ended::TimedOut { timeout } => {
                tracing::warn!(
                    name,
                    run,
                    "{emoji} {name} took longer than {timeout:?} and was ended"
                );
            }
            Ended::Panicked(text) => tracing::error!(name, run, "{emoji} {name} panicked: {text}"),
            Ended::Released => {
                tracing::info!(name, run, "{emoji} {name} was ended with its worker")
            }
            Ended::Undecodable(why) => tracing::error!(name, run, "{emoji} {name}: {why}"),
            Ended::Ran(Ran::Newer(version)) => {
                tracing::error!(
                    name,
                    run,
                    version,
                    "{emoji} {name}: a payload of a later version"
                );
            }
        }
    }
}

fn host_now() -> Timestamp {
    Timestamp::from_system_time(SystemTime::now())
}

async fn follow_up(client: &Client, new: &NewTasks) -> DbResult<()> {
    if new.tasks.is_empty() {
        return Ok(());
    }
    retry::repeat(|| async {
        let mut own = OwnTx::begin(client.db()).await?;
        submit_together(&mut own, new).await?;
        own.commit().await
    })
    .await?;
    client.wake().submitted(&new.tasks);
    Ok(())
}

/// A handler that takes its turn for as long as it really runs.
struct Alone {
    inner: Arc<dyn Handler>,
    turn: Arc<Semaphore>,
}

impl Handler for Alone {
    fn spec(&self) -> Spec {
        self.inner.spec()
    }

    fn run(self: Arc<Self>, stored: Stored, cx: Context) -> Pin<Box<dyn Future<Output = Ran>>> {
        Box::pin(async move {
            let _turn = self.turn.try_acquire();
            // Notes must not reach the database: there is no task that they belong to.
            let own = without_task(&cx);
            let ran = Arc::clone(&self.inner).run(stored, own.clone()).await;
            for note in own.inner.effects.take_notes() {
                if let Note::Line(line) = note {
                    tracing::info!(name = cx.task_name(), run = cx.attempt(), "{line}");
                }
            }
            let follow_ups = own.inner.effects.take_follow_ups();
            cx.inner.effects.add_follow_ups(follow_ups);
            ran
        })
    }
}

/// The same context with effects of its own.
fn without_task(cx: &Context) -> Context {
    let attempt = &cx.inner;
    Context {
        inner: Arc::new(Attempt {
            task: attempt.task,
            attempt: attempt.attempt,
            task_name: attempt.task_name,
            worker: Arc::clone(&attempt.worker),
            deadline: attempt.deadline,
            cancel: attempt.cancel.clone(),
            facts: attempt.facts,
            client: attempt.client.clone(),
            effects: Effects::default(),
        }),
    }
}

#[cfg(test)]
mod tests;
