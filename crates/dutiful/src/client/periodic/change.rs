//! Changing a periodic task by hand.

use super::{next_by, schedule};
use crate::client::inspect::PeriodicInfo;
use crate::client::{Client, invalid};
use crate::store::periodic::by_hand::Set;
use crate::store::periodic::{Changed, PeriodicRow};
use crate::text::storable;
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::AUDIT_WORD_BYTES_MAX;
use dutiful_core::{Schedule, ScheduleError, Timestamp, json};
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

/// Who has changed it, unless somebody is named.
const SOMEBODY: &str = "an operator";

/// A change of a periodic task that can still be changed; await it to do it.
#[derive(Debug)]
#[must_use = "nothing is changed before it is awaited"]
pub struct PeriodicChange<'c> {
    client: &'c Client,
    name: String,
    schedule: Option<NewSchedule>,
    time_zone: Option<String>,
    payload: Option<serde_json::Value>,
    by: String,
}

#[derive(Debug)]
enum NewSchedule {
    Cron(String),
    Every(Duration),
}

impl<'c> PeriodicChange<'c> {
    pub(super) fn new(client: &'c Client, name: String) -> PeriodicChange<'c> {
        PeriodicChange {
            client,
            name,
            schedule: None,
            time_zone: None,
            payload: None,
            by: SOMEBODY.to_owned(),
        }
    }

    /// Ticks when the cron expression says so, in that time zone; see [`Periodic::cron`](crate::Periodic::cron).
    pub fn cron(self, expression: &str, time_zone: &str) -> Self {
        self.expression(expression).time_zone(time_zone)
    }

    /// Another cron expression, in the time zone that there is; in UTC, where there was no cron schedule.
    pub fn expression(mut self, expression: &str) -> Self {
        self.schedule = Some(NewSchedule::Cron(expression.to_owned()));
        self
    }

    /// Another time zone for its cron expression: an IANA name such as `Europe/Berlin`.
    pub fn time_zone(mut self, time_zone: &str) -> Self {
        self.time_zone = Some(time_zone.to_owned());
        self
    }

    /// Ticks at every multiple of `interval` since 1970 UTC.
    pub fn every(mut self, interval: Duration) -> Self {
        self.schedule = Some(NewSchedule::Every(interval));
        self
    }

    /// Another payload for its tasks, in the form that its program writes now. Nothing but the limits is checked
    /// here; a worker that cannot read it ends its tasks as invalid.
    pub fn payload(mut self, payload: serde_json::Value) -> Self {
        self.payload = Some(payload);
        self
    }

    /// Who changes it, to be shown beside it; cut at 200 bytes.
    pub fn by(mut self, actor: &str) -> Self {
        self.by = storable(actor, AUDIT_WORD_BYTES_MAX);
        self
    }

    async fn change(self) -> Result<PeriodicInfo> {
        if self.schedule.is_none() && self.time_zone.is_none() && self.payload.is_none() {
            let text = "nothing is to change; name a schedule, a time zone or a payload";
            return Err(Error::new(ErrorKind::Config, text));
        }
        let most = self.client.db().payload_bytes_max();
        let canonical = |payload: &serde_json::Value| {
            json::canonical_within(payload, most)
                .map_err(|error| invalid(format!("the payload: {error}")))
        };
        let payload = self.payload.as_ref().map(canonical).transpose()?;
        let decide = |row: &PeriodicRow, now| self.decide(row, payload.as_deref(), now);
        self.client.by_hand(&self.name, decide).await
    }

    fn decide(&self, row: &PeriodicRow, payload: Option<&str>, now: Timestamp) -> Result<Set> {
        let text = self.schedule_of(row)?;
        let mut changed = Changed {
            at: Some(now),
            by: Some(self.by.clone()),
            ..row.changed.clone()
        };
        let next_at = match &text {
            Some(text) => next_by(row, text, now)?,
            None => row.next_at,
        };
        changed.schedule = text.or(changed.schedule);
        if let Some(payload) = payload {
            changed.payload = Some((payload.to_owned(), row.defined.payload_version));
        }
        Ok(Set {
            paused: row.paused,
            next_at,
            changed,
        })
    }

    /// The schedule that is asked for, as it is stored.
    fn schedule_of(&self, row: &PeriodicRow) -> Result<Option<String>> {
        let zone = self.time_zone.as_deref();
        let new = match (&self.schedule, zone) {
            (None, None) => return Ok(None),
            (Some(NewSchedule::Every(_)), Some(_)) => return Err(no_time_zone()),
            (Some(NewSchedule::Every(interval)), None) => Schedule::every(*interval),
            (Some(NewSchedule::Cron(expression)), Some(zone)) => Schedule::cron(expression, zone),
            (Some(NewSchedule::Cron(expression)), None) => {
                let old = Schedule::from_text(row.schedule());
                let zone = match &old {
                    Ok(Schedule::Cron { time_zone, .. }) => time_zone,
                    _ => "UTC",
                };
                Schedule::cron(expression, zone)
            }
            (None, Some(zone)) => match schedule(row.schedule())? {
                Schedule::Cron { expression, .. } => Schedule::cron(&expression, zone),
                Schedule::Every(_) => return Err(no_time_zone()),
            },
        };
        let refused = |error: ScheduleError| Error::new(ErrorKind::Config, error.to_string());
        Ok(Some(new.map_err(refused)?.to_text()))
    }
}

fn no_time_zone() -> Error {
    let text = "a schedule by interval has no time zone; give a cron expression too";
    Error::new(ErrorKind::Config, text)
}

impl<'c> IntoFuture for PeriodicChange<'c> {
    type Output = Result<PeriodicInfo>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.change())
    }
}
