//! Looking at tasks, workers and counts. Nothing here changes anything.

pub(super) mod cursor;
mod filter;
mod history;
mod periodic;
mod series;
mod span_figures;
mod stats;
mod task;
mod task_type;
#[cfg(test)]
pub(super) mod tests;
mod worker;

pub use filter::{Filter, Page, TaskCount};
pub use history::{AttemptInfo, LogLine};
pub use periodic::{PeriodicChanged, PeriodicInfo};
pub use series::{Series, SeriesFilter, SeriesPoint};
pub use span_figures::{Durations, SpanFigures};
pub use stats::{NameCounts, Stats};
pub use task::TaskInfo;
pub use task_type::TaskTypeInfo;
pub use worker::WorkerInfo;

use super::Client;
use crate::store::{
    attempts, figures, get, list, logs, pauses, periodic_list, stats as counts, task_types,
    worker_list,
};
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::DAYS_KEPT;
use dutiful_core::{Step, TaskId, Timestamp};
use serde::Serialize;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks at a task that is waited for: doubling from the one to the other.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// The time that [`Client::stats`] tells of as recent.
const WINDOW: Duration = Duration::from_secs(60 * 60);
/// Waiting for longer than this is as good as for ever, and no clock overflows.
const WAIT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What counting figures again has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Recount {
    /// Minutes, hours and days that were counted.
    pub spans: u64,
    /// How many of them had wrong figures, which are right now.
    pub wrong: u64,
    /// By how many tasks and attempts they were wrong.
    pub off: u64,
}

impl Client {
    /// One task.
    ///
    /// # Errors
    /// `not_found`; whatever the database says.
    pub async fn get(&self, id: TaskId) -> Result<TaskInfo> {
        let row = get::get(self.db(), id.0).await?;
        row.map(TaskInfo::from).ok_or_else(|| no_such_task(id))
    }

    /// Waits until the task has ended, in success or otherwise, by looking every 5 to 500 ms.
    ///
    /// A time of zero looks once. A task that is retried after it has ended counts as not ended. While the
    /// database is away the waiting goes on.
    ///
    /// # Errors
    /// `timeout` when it has not ended in time: the text says in which state it was. `not_found`, also
    /// when the task is deleted meanwhile. Whatever the database says that will not pass, and what else it
    /// said when it could not be asked at the end of the time.
    pub async fn wait(&self, id: TaskId, at_most: Duration) -> Result<TaskInfo> {
        let deadline = Instant::now() + at_most.min(WAIT_MAX);
        let mut pause = PAUSE_MIN;
        let mut last = self.get(id).await;
        loop {
            match &last {
                Ok(task) if task.state.is_ended() => return last,
                Err(error) if !error.is_transient() => return last,
                _ => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(still_waiting(id, &last?, at_most));
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(PAUSE_MAX);
            // A look that gets no answer in time tells nothing new.
            if let Ok(look) = tokio::time::timeout_at(deadline + PAUSE_MAX, self.get(id)).await {
                last = look;
            }
        }
    }

    /// The task types that workers have published when they started, by name, at most 1,000: also those that no
    /// worker runs any more.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn task_types(&self) -> Result<Vec<TaskTypeInfo>> {
        let rows = task_types::list(self.db()).await?;
        Ok(rows.into_iter().map(TaskTypeInfo::from).collect())
    }

    /// One page of tasks, newest first.
    ///
    /// No call goes through the table. Names, errors, what waits or runs, and times of the end are found by
    /// an index; where what is asked for is rare in it, one call looks at 10,000 rows at most, or for 50 ms. So
    /// a page may hold fewer tasks than its limit, or none, and still have a next one. A page also ends early
    /// when its payloads and results exceed 16 MiB.
    ///
    /// # Errors
    /// `config` for a filter that cannot be used; whatever the database says.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use dutiful::{Filter, State};
    /// let mut filter = Filter::new().task_name("Resize").state(State::Failed).limit(100);
    /// loop {
    ///     let page = client.list(&filter).await?;
    ///     for task in &page.tasks {
    ///         println!("{} {:?}", task.id, task.error_message);
    ///     }
    ///     let Some(next) = &page.next else { break };
    ///     filter = filter.after(next);
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn list(&self, filter: &Filter) -> Result<Page> {
        let found = list::list(self.db(), &filter.query()?).await?;
        Ok(Page {
            tasks: found.tasks.into_iter().map(TaskInfo::from).collect(),
            next: found.next.map(cursor::write),
        })
    }

    /// How many tasks pass the filter, up to 10,000. Its limit counts for nothing here, and its cursor says
    /// where to begin.
    ///
    /// It looks at as many rows as a page of [`Client::list`] does, so a count of what is rare may be
    /// [`TaskCount::capped`] far below 10,000. [`Client::stats`] tells how many tasks are in each state
    /// without counting them.
    ///
    /// # Errors
    /// `config` for a filter that cannot be used; whatever the database says.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use dutiful::{Filter, State};
    /// client.submit_json("Resize", serde_json::json!({ "width": 640 })).await?;
    /// let queued = client.count(&Filter::new().state(State::Queued)).await?;
    /// assert_eq!((queued.count, queued.capped), (1, false));
    /// # Ok(()) }
    /// ```
    pub async fn count(&self, filter: &Filter) -> Result<TaskCount> {
        let counted = list::count(self.db(), &filter.query()?).await?;
        Ok(TaskCount {
            count: counted.tasks as u64,
            capped: counted.capped,
        })
    }

    /// The attempts of a task that did not end in success, oldest first; the last 1,000 of them. Empty
    /// also when there is no such task.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn attempts(&self, id: TaskId) -> Result<Vec<AttemptInfo>> {
        let rows = attempts::attempts(self.db(), id.0).await?;
        Ok(rows.into_iter().map(AttemptInfo::from).collect())
    }

    /// What the task's handler has logged, oldest first; the last 1,000 lines. Empty also when there is
    /// no such task.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn logs(&self, id: TaskId) -> Result<Vec<LogLine>> {
        let rows = logs::logs(self.db(), id.0).await?;
        Ok(rows.into_iter().map(LogLine::from).collect())
    }

    /// Counts and rates of every task name, and what has ended in the last hour: see [`Client::stats_over`].
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn stats(&self) -> Result<Stats> {
        self.stats_over(WINDOW).await
    }

    /// Counts and rates of every task name, and what has ended in the last while: up to 24 hours by whole minutes
    /// while that is no longer than 3 hours, by whole hours up to 7 days, else by whole days.
    ///
    /// What has ended is kept as figures by the workers and not counted, so that this costs the same on a large
    /// table as on a small one. What waits is counted, up to 10,000 tasks of a name. The parts are read one after
    /// the other: a task that ends meanwhile may be in two of them, or in none.
    ///
    /// # Errors
    /// `config` for no time at all, or more than two years; whatever the database says.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// client.submit_json("Resize", serde_json::json!({ "width": 640 })).await?;
    /// let stats = client.stats_over(std::time::Duration::from_secs(24 * 60 * 60)).await?;
    /// assert_eq!((stats.names[0].queue_depth, stats.names[0].recent.ended), (1, 0));
    /// # Ok(()) }
    /// ```
    pub async fn stats_over(&self, window: Duration) -> Result<Stats> {
        let step = match window {
            Duration::ZERO => None,
            window if window <= 3 * Step::Hour.length() => Some(Step::Minute),
            window if window <= 7 * Step::Day.length() => Some(Step::Hour),
            window if window <= DAYS_KEPT => Some(Step::Day),
            _ => None,
        };
        let step = step.ok_or_else(|| {
            let text =
                format!("figures of {window:?}; ask for more than none, and at most two years");
            Error::new(ErrorKind::Config, text)
        })?;
        let live = counts::live(self.db()).await?;
        let now = counts::now(self.db()).await?;
        let span = figures::look::Span {
            task_name: None,
            step,
            // Whole spans: the one that has just begun, and as many before it as make up the time.
            from: now.saturating_sub(window).saturating_add(step.length()),
            before: Timestamp::MAX,
        };
        let ended = figures::look::ended(self.db(), &span).await?;
        let mut stats = stats::stats(ended, live, now, window);
        let paused = pauses::list(self.db()).await?;
        for name in &mut stats.names {
            name.paused = paused.iter().any(|row| row.task_name == name.task_name);
        }
        Ok(stats)
    }

    /// What ended in each minute, hour or day: counts by state, failed attempts, rates, and how long runs and waits
    /// were. Minutes are kept for 24 hours, hours for 30 days, days for two years.
    ///
    /// # Errors
    /// `config` for a range that is empty, of more than 1,500 spans, or of too many names; whatever the database
    /// says.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use dutiful::{SeriesFilter, Step};
    /// let series = client.stats_series(&SeriesFilter::new(Step::Minute)).await?;
    /// assert_eq!(series.points.len(), 60);
    /// # Ok(()) }
    /// ```
    pub async fn stats_series(&self, filter: &SeriesFilter) -> Result<Series> {
        let now = counts::now(self.db()).await?;
        let span = filter.span(now)?;
        let ended = figures::look::ended(self.db(), &span).await?;
        Ok(series::series(&span, ended))
    }

    /// Brings the kept figures up to date, as workers do every ten seconds: for programs without one. What ended in
    /// the last ten seconds is left for the next time. [`Client::stats`] counts it in any case.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn keep_figures(&self) -> Result<()> {
        while figures::fold(self.db()).await? == figures::Folded::More {}
        while figures::check(self.db()).await?.0 {}
        figures::forget(self.db()).await?;
        Ok(())
    }

    /// Counts again everything that the kept figures tell of, and puts right what is wrong: after plain SQL has
    /// removed tasks that ended, for example. It reads the whole index of ended tasks, in short transactions, and
    /// disturbs nobody. `told` hears how far it has come.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn recount_figures(&self, told: impl Fn(Timestamp) + Sync) -> Result<Recount> {
        while figures::fold(self.db()).await? == figures::Folded::More {}
        let repaired = figures::recount(self.db(), &told).await?;
        Ok(Recount {
            spans: repaired.spans,
            wrong: repaired.wrong,
            off: repaired.off,
        })
    }

    /// The workers that have a row, those that beat last first, at most 1,000. A worker that stops
    /// removes its row; one that was killed is shown as not alive until its row is pruned.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn workers(&self) -> Result<Vec<WorkerInfo>> {
        let rows = worker_list::workers(self.db()).await?;
        Ok(rows.into_iter().map(WorkerInfo::from).collect())
    }

    /// The periodic tasks by name, at most 1,000.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn periodic(&self) -> Result<Vec<PeriodicInfo>> {
        let rows = periodic_list::periodic(self.db()).await?;
        Ok(rows.into_iter().map(PeriodicInfo::from).collect())
    }
}

fn still_waiting(id: TaskId, task: &TaskInfo, at_most: Duration) -> Error {
    let state = task.state;
    Error::new(
        ErrorKind::Timeout,
        format!("task {id} was still {state} after {at_most:?}; wait longer"),
    )
}

pub(super) fn no_such_task(id: TaskId) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no task {id}"))
}
