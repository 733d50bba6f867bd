//! What an operator does to a periodic task: run it now, pause, resume, change and reset it.

mod change;
mod run;

pub use change::PeriodicChange;
pub use run::{PeriodicRan, PeriodicRun};

use super::Client;
use super::inspect::PeriodicInfo;
use crate::store::periodic::by_hand::{ByHand, Set, by_hand};
use crate::store::periodic::{Changed, PeriodicRow};
use crate::store::periodic_list;
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::TICKS_RECKONED_MAX;
use dutiful_core::{Missed, Schedule, Timestamp, resume};

impl Client {
    /// One periodic task.
    ///
    /// # Errors
    /// `not_found`; whatever the database says.
    pub async fn periodic_named(&self, name: &str) -> Result<PeriodicInfo> {
        let found = periodic_list::one(self.db(), name).await?;
        let (row, _) = found.ok_or_else(|| no_such_periodic(name))?;
        Ok(row.into())
    }

    /// The next ticks of a periodic task, reckoned by its schedule from the database's time on: as many as are
    /// asked for, 1 to 100, and fewer when the schedule ends. A paused one fires at none of them.
    ///
    /// # Errors
    /// `config` for a count outside these bounds; `not_found`; `decode` for a schedule that a newer program
    /// has written; whatever the database says.
    pub async fn periodic_next(&self, name: &str, count: usize) -> Result<Vec<Timestamp>> {
        if !(1..=TICKS_RECKONED_MAX).contains(&count) {
            let text = format!("{count} ticks; ask for 1 to {TICKS_RECKONED_MAX}");
            return Err(Error::new(ErrorKind::Config, text));
        }
        let found = periodic_list::one(self.db(), name).await?;
        let (row, now) = found.ok_or_else(|| no_such_periodic(name))?;
        let schedule = schedule(row.schedule()).map_err(|error| in_periodic(name, error))?;
        let first = schedule.next_after(now);
        Ok(std::iter::successors(first, |at| schedule.next_after(*at))
            .take(count)
            .collect())
    }

    /// Pauses a periodic task until it is resumed, also when programs start that register it. Once this
    /// has returned no tick fires. One that is paused stays so.
    ///
    /// # Errors
    /// `not_found`; whatever the database says.
    ///
    /// ```
    /// # use dutiful::{Client, Context, Periodic, Task, TaskError, Worker};
    /// # use std::time::Duration;
    /// # struct Sweep;
    /// # impl Task for Sweep { type Payload = (); type Output = ();
    /// #   async fn process(&self, _: (), _: &Context) -> Result<(), TaskError> { Ok(()) } }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// let hourly = Periodic::every(Duration::from_secs(3_600), Sweep);
    /// let worker = Worker::new(client.clone()).register(hourly).start().await?;
    /// # while client.periodic().await?.is_empty() { tokio::task::yield_now().await; }
    /// assert!(client.periodic_pause("Sweep").await?.paused);
    /// let ran = client.periodic_run_now("Sweep").await?;
    /// let task = client.wait(ran.task_id, Duration::from_secs(10)).await?;
    /// assert_eq!(task.task_name, "Sweep");
    /// assert!(!client.periodic_resume("Sweep").await?.paused);
    /// # worker.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub async fn periodic_pause(&self, name: &str) -> Result<PeriodicInfo> {
        let pause = |row: &PeriodicRow, _| {
            Ok(Set {
                paused: true,
                ..Set::of(row)
            })
        };
        self.by_hand(name, pause).await
    }

    /// Resumes a periodic task. Ticks that passed meanwhile are made up for as its rule about missed
    /// ticks says; where that drops them, its next tick is the first after now. One that is not paused stays as
    /// it is.
    ///
    /// # Errors
    /// As [`Client::periodic_pause`].
    pub async fn periodic_resume(&self, name: &str) -> Result<PeriodicInfo> {
        self.by_hand(name, |row, now| Ok(resumed(row, now))).await
    }

    /// Takes back what was changed by hand: it is again as its program says. Where that changes the schedule,
    /// its next tick is the first after now.
    ///
    /// # Errors
    /// `decode` when the program's schedule is one that a newer program has written; otherwise as
    /// [`Client::periodic_pause`].
    pub async fn periodic_reset(&self, name: &str) -> Result<PeriodicInfo> {
        self.by_hand(name, |row, now| {
            let next_at = next_by(row, &row.defined.schedule, now)?;
            Ok(Set {
                paused: row.paused,
                next_at,
                changed: Changed::default(),
            })
        })
        .await
    }

    /// Another schedule, time zone or payload, set by hand: say what is to change, then await it. It goes before
    /// what programs say that register the periodic task, also before what they say later, until
    /// [`Client::periodic_reset`] takes it back.
    ///
    /// # Errors
    /// `config` for a schedule or time zone that is none, for a time zone where there is no cron schedule, and
    /// when nothing is to change; `invalid_payload` for a payload outside the limits; `not_found`; `decode`
    /// when only a time zone is to change and a newer program has written the schedule; whatever the
    /// database says.
    ///
    /// ```
    /// # use dutiful::{Client, Context, Periodic, Task, TaskError, Worker};
    /// # use std::time::Duration;
    /// # struct Sweep;
    /// # impl Task for Sweep { type Payload = (); type Output = ();
    /// #   async fn process(&self, _: (), _: &Context) -> Result<(), TaskError> { Ok(()) } }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// # let hourly = Periodic::every(Duration::from_secs(3_600), Sweep);
    /// # let worker = Worker::new(client.clone()).register(hourly).start().await?;
    /// # while client.periodic().await?.is_empty() { tokio::task::yield_now().await; }
    /// let changed = client.periodic_change("Sweep").cron("0 9 * * MON-FRI", "Europe/Berlin").by("ada").await?;
    /// assert_eq!(changed.schedule, "cron Europe/Berlin 0 9 * * MON-FRI");
    /// assert_eq!(changed.changed.map(|changed| changed.by).as_deref(), Some("ada"));
    /// assert_eq!(client.periodic_reset("Sweep").await?.schedule, "every 3600000000");
    /// # worker.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub fn periodic_change(&self, name: impl Into<String>) -> PeriodicChange<'_> {
        PeriodicChange::new(self, name.into())
    }

    /// Submits a task of a periodic task now. The schedule does not move, and it may be paused. Await it; it
    /// tells the task's id.
    ///
    /// # Errors
    /// `conflict` when the task that was submitted last has not ended and its overlap policy is not `allow`:
    /// [`PeriodicRun::anyway`] runs it all the same; `not_found`; whatever the database says.
    pub fn periodic_run_now(&self, name: impl Into<String>) -> PeriodicRun<'_> {
        PeriodicRun::new(self, name.into())
    }

    async fn by_hand(
        &self,
        name: &str,
        decide: impl Fn(&PeriodicRow, Timestamp) -> Result<Set>,
    ) -> Result<PeriodicInfo> {
        match by_hand(self.db(), name, decide).await? {
            ByHand::Done(row) => Ok((*row).into()),
            ByHand::Missing => Err(no_such_periodic(name)),
            ByHand::Refused(error) => Err(in_periodic(name, error)),
        }
    }
}

/// A row whose schedule or rule means nothing to this program waits for the tick that it waited for.
fn resumed(row: &PeriodicRow, now: Timestamp) -> Set {
    let set = Set::of(row);
    if !row.paused {
        return set;
    }
    let schedule = Schedule::from_text(row.schedule());
    let next_at = match (schedule, row.defined.missed.parse::<Missed>()) {
        (Ok(schedule), Ok(missed)) => resume(&schedule, row.next_at, missed, now),
        _ => row.next_at,
    };
    Set {
        paused: false,
        next_at,
        ..set
    }
}

/// The tick that a row waits for once this is its schedule: a new one begins now.
fn next_by(row: &PeriodicRow, text: &str, now: Timestamp) -> Result<Option<Timestamp>> {
    if row.schedule() == text {
        return Ok(row.next_at);
    }
    Ok(schedule(text)?.next_after(now))
}

fn schedule(text: &str) -> Result<Schedule> {
    Schedule::from_text(text).map_err(|error| {
        Error::new(
            ErrorKind::Decode,
            format!("{error}; a newer program may have written it"),
        )
    })
}

fn in_periodic(name: &str, error: Error) -> Error {
    error.context(format!("periodic `{name}`"))
}

fn no_such_periodic(name: &str) -> Error {
    let name: String = name.chars().take(100).collect();
    Error::new(
        ErrorKind::NotFound,
        format!("there is no periodic task named `{name}`"),
    )
}
