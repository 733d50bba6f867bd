//! Tasks that a schedule submits.

pub(crate) mod local;
pub(crate) mod scheduler;

use crate::client::typed_draft;
use crate::worker::Handler;
use crate::{Error, ErrorKind, Result, Task};
use dutiful_core::limits::{DELAY_MAX, PAYLOAD_BYTES_MAX};
use dutiful_core::{Missed, Overlap, Schedule};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// How far back missed runs are made up for, unless said otherwise.
const MISSED_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// A task type with a schedule: give it to [`crate::Worker::register`].
///
/// Its schedule is a row. Any number of workers may hold the same periodic: each tick submits exactly
/// one task, and any single worker keeps all of them going.
///
/// ```
/// # use dutiful::{Context, Periodic, Task, TaskError};
/// # struct DailyReport;
/// # impl Task for DailyReport { type Payload = (); type Output = ();
/// #   async fn process(&self, _: (), _: &Context) -> Result<(), TaskError> { Ok(()) } }
/// let weekdays = Periodic::cron("0 9 * * MON-FRI", "Europe/Berlin", DailyReport);
/// ```
pub struct Periodic<T: Task> {
    task: Arc<T>,
    schedule: Result<Schedule>,
    name: Option<String>,
    payload: Result<serde_json::Value>,
    missed: Missed,
    missed_window: Duration,
    overlap: Overlap,
    local: bool,
    _payload: PhantomData<fn(T::Payload)>,
}

/// A periodic as its row holds it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Definition {
    pub(crate) name: String,
    pub(crate) task_name: &'static str,
    /// Canonical JSON.
    pub(crate) payload: String,
    pub(crate) payload_version: i64,
    pub(crate) priority: i64,
    pub(crate) max_retries: i64,
    pub(crate) schedule: Schedule,
    pub(crate) missed: Missed,
    pub(crate) missed_window: Duration,
    pub(crate) overlap: Overlap,
}

/// A periodic that each process runs by itself, without rows.
pub(crate) struct LocalPeriodic {
    pub(crate) name: Option<String>,
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) schedule: Result<Schedule>,
    pub(crate) payload: Result<String>,
}

/// What a periodic is to a worker.
pub(crate) enum Kind {
    Stored(Result<Definition>),
    Local(LocalPeriodic),
}

impl<T: Task> Periodic<T> {
    /// Ticks when the cron expression says so, in that time zone: five fields, or six with seconds first.
    ///
    /// A time that the clock skips in spring runs at the first moment after the gap; one that it repeats
    /// in autumn runs once; `*/n` patterns follow elapsed time. A bad expression or zone is reported when
    /// the worker starts.
    pub fn cron(expression: &str, time_zone: &str, task: T) -> Periodic<T>
    where
        T::Payload: Default,
    {
        Self::new(Schedule::cron(expression, time_zone), task).payload(T::Payload::default())
    }

    /// Ticks at every multiple of `interval` since 1970 UTC, so that all workers agree on when.
    pub fn every(interval: Duration, task: T) -> Periodic<T>
    where
        T::Payload: Default,
    {
        Self::new(Schedule::every(interval), task).payload(T::Payload::default())
    }

    /// As [`Periodic::cron`], for payloads that have no default.
    pub fn cron_with(
        expression: &str,
        time_zone: &str,
        task: T,
        payload: T::Payload,
    ) -> Periodic<T> {
        Self::new(Schedule::cron(expression, time_zone), task).payload(payload)
    }

    /// As [`Periodic::every`], for payloads that have no default.
    pub fn every_with(interval: Duration, task: T, payload: T::Payload) -> Periodic<T> {
        Self::new(Schedule::every(interval), task).payload(payload)
    }

    fn new(schedule: Result<Schedule, dutiful_core::ScheduleError>, task: T) -> Periodic<T> {
        Periodic {
            task: Arc::new(task),
            schedule: schedule.map_err(|error| Error::new(ErrorKind::Config, error.to_string())),
            name: None,
            payload: Ok(serde_json::Value::Null),
            missed: Missed::default(),
            missed_window: MISSED_WINDOW,
            overlap: Overlap::default(),
            local: false,
            _payload: PhantomData,
        }
    }

    /// The payload of the tasks that it submits.
    #[must_use]
    pub fn payload(mut self, payload: T::Payload) -> Self {
        self.payload = serde_json::to_value(&payload)
            .map_err(|error| Error::new(ErrorKind::InvalidPayload, error.to_string()));
        self
    }

    /// Another name than the task's: needed when one task type has several schedules.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// What becomes of ticks that no worker was there for: by default the latest is made up for.
    #[must_use]
    pub fn missed(mut self, missed: Missed) -> Self {
        self.missed = missed;
        self
    }

    /// How far back ticks are made up for. By default a day.
    #[must_use]
    pub fn missed_window(mut self, window: Duration) -> Self {
        self.missed_window = window;
        self
    }

    /// What becomes of a tick while the task of the last one has not ended: by default it is skipped.
    #[must_use]
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = overlap;
        self
    }

    /// Each process runs it by itself, without rows: for caches and the like. A run that still goes on
    /// is never overlapped; nothing is retried.
    ///
    /// The clock of the host says when a tick is. Ticks that pass while the process is down or a run
    /// still goes on are not made up for, so [`Periodic::missed`], [`Periodic::missed_window`] and
    /// [`Periodic::overlap`] change nothing.
    ///
    /// There is no task behind a run: the [`Context`](crate::Context) has the id 0, and counts the runs of
    /// this process as attempts. A step does its work, stores nothing and then fails; `settle_within`
    /// answers `lease_lost`. Log lines go to the program's log and progress nowhere. Follow-ups are
    /// submitted once the run has succeeded; if that fails they are lost, which is logged.
    #[must_use]
    pub fn local(mut self) -> Self {
        self.local = true;
        self
    }

    pub(crate) fn split(self) -> (Arc<dyn Handler>, Kind) {
        let handler: Arc<dyn Handler> = Arc::clone(&self.task) as Arc<dyn Handler>;
        if self.local {
            let payload = self.payload.map(|payload| payload.to_string());
            let local = LocalPeriodic {
                name: self.name,
                handler: Arc::clone(&handler),
                schedule: self.schedule,
                payload,
            };
            return (handler, Kind::Local(local));
        }
        (handler, Kind::Stored(self.definition()))
    }

    fn definition(self) -> Result<Definition> {
        let name = self.name.unwrap_or_else(|| T::name().to_owned());
        let in_periodic = |error: Error| error.context(format!("periodic `{name}`"));
        if let Err(error) = dutiful_core::check_name(&name) {
            return Err(Error::new(ErrorKind::Config, format!("periodic: {error}")));
        }
        if self.missed_window > DELAY_MAX {
            let text = format!(
                "a window of {:?} is more than ten years",
                self.missed_window
            );
            return Err(in_periodic(Error::new(ErrorKind::Config, text)));
        }
        let schedule = self.schedule.map_err(in_periodic)?;
        let payload: T::Payload = serde_json::from_value(self.payload.map_err(in_periodic)?)
            .map_err(|error| {
                in_periodic(Error::new(ErrorKind::InvalidPayload, error.to_string()))
            })?;
        let task = typed_draft::<T>(&payload)
            .and_then(|draft| draft.finish(PAYLOAD_BYTES_MAX))
            .map_err(in_periodic)?;
        Ok(Definition {
            name,
            task_name: T::name(),
            payload: task.payload,
            payload_version: task.payload_version,
            priority: task.priority,
            max_retries: task.max_retries,
            schedule,
            missed: self.missed,
            missed_window: self.missed_window,
            overlap: self.overlap,
        })
    }
}

impl<T: Task> std::fmt::Debug for Periodic<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Periodic")
            .field("task", &T::name())
            .field("schedule", &self.schedule)
            .finish_non_exhaustive()
    }
}
