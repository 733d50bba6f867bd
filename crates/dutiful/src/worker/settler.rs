//! Writes the outcomes of all lanes, many with one statement.
//!
//! While one batch is being written the next gathers, so batches grow with the load by themselves and
//! a lone outcome is written at once.

use super::handler::Ran;
use super::shared::{Ended, Report, Shared};
use super::trouble::Trouble;
use super::{caught, log};
use crate::db::{Db, DbError, DbErrorKind};
use crate::store::settle::{self, Ending, Settled, Success};
use crate::task::Answer;
use crate::text::{newer_payload, storable};
use dutiful_core::limits::{ERROR_BYTES_MAX, SETTLE_BATCH_MAX};
use dutiful_core::{Event, Failure, FailureKind, RetryPolicy, Timestamp, decide};
use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// While lanes are busy a batch waits this long for company.
const LINGER: Duration = Duration::from_millis(2);
/// A batch that is this large does not wait.
const LARGE: usize = 500;
const ERROR_PAUSE: Duration = Duration::from_millis(100);
const ERROR_PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long a task waits whose payload only a newer program can read.
const NEWER_PAUSE: Duration = Duration::from_secs(60);

pub(crate) struct Settler {
    shared: Arc<Shared>,
    db: Db,
    reports: mpsc::UnboundedReceiver<Report>,
    trouble: Mutex<Trouble>,
}

impl Settler {
    pub(crate) fn new(shared: Arc<Shared>, reports: mpsc::UnboundedReceiver<Report>) -> Settler {
        let db = shared.client.db().dedicated();
        Settler {
            shared,
            db,
            reports,
            trouble: Mutex::new(Trouble::new("settle")),
        }
    }

    /// Settles until the worker has ended and nothing is left.
    pub(crate) async fn run(mut self) {
        let ended = self.shared.ended.clone();
        let mut batch = Vec::with_capacity(SETTLE_BATCH_MAX);
        loop {
            tokio::select! {
                biased;
                count = self.reports.recv_many(&mut batch, SETTLE_BATCH_MAX) => {
                    if count == 0 {
                        return;
                    }
                }
                () = ended.cancelled() => return,
            }
            self.gather(&mut batch).await;
            self.settle(std::mem::take(&mut batch)).await;
        }
    }

    /// Waits a moment for company while more is on its way.
    async fn gather(&mut self, batch: &mut Vec<Report>) {
        let busy = self.shared.lanes.iter().any(|lane| !lane.is_queue_empty());
        if !busy || batch.len() >= LARGE {
            return;
        }
        let until = tokio::time::Instant::now() + LINGER;
        while batch.len() < LARGE {
            let room = SETTLE_BATCH_MAX - batch.len();
            match tokio::time::timeout_at(until, self.reports.recv_many(batch, room)).await {
                Ok(count) if count > 0 => {}
                _ => return,
            }
        }
    }

    async fn settle(&self, reports: Vec<Report>) {
        let mut successes = Vec::new();
        let mut others = Vec::new();
        for report in reports {
            match &report.ended {
                Ended::Ran(Ran::Success(_)) if report.settled_by_handler => {
                    self.check_settled_by_handler(report).await;
                }
                Ended::Ran(Ran::Success(_)) if !report.follow_ups.tasks.is_empty() => {
                    self.settle_with_follow_ups(report).await;
                }
                Ended::Ran(Ran::Success(_)) => successes.push(report),
                _ => others.push(report),
            }
        }
        self.settle_successes(successes).await;
        self.settle_others(others).await;
        self.shared.signal.room();
    }

    async fn settle_successes(&self, mut reports: Vec<Report>) {
        if reports.is_empty() {
            return;
        }
        let rows: Vec<Success> = reports.iter_mut().filter_map(success).collect();
        let worker = &self.shared.worker;
        let stand = self
            .until_written(|| settle::successes(&self.db, worker, &rows))
            .await;
        match stand {
            Ok(stand) => self.succeeded(&reports, &stand),
            // One row that the database refuses must not keep the others: each on its own.
            Err(_) if rows.len() > 1 => {
                for (row, report) in rows.into_iter().zip(reports) {
                    self.settle_single(row, report).await;
                }
            }
            Err(error) => {
                for (row, report) in rows.into_iter().zip(reports) {
                    self.refused(row.id, report, &error).await;
                }
            }
        }
    }

    async fn settle_single(&self, row: Success, report: Report) {
        let worker = &self.shared.worker;
        let rows = [row];
        match self
            .until_written(|| settle::successes(&self.db, worker, &rows))
            .await
        {
            Ok(stand) => self.succeeded(std::slice::from_ref(&report), &stand),
            Err(error) => self.refused(rows[0].id, report, &error).await,
        }
    }

    /// The database takes no such row, and never will: the attempt counts as failed.
    async fn refused(&self, id: i64, mut report: Report, error: &DbError) {
        tracing::error!(id, %error, "the database refuses this result");
        let why = format!("the result could not be stored: {error}");
        report.ended = Ended::Ran(Ran::Answer(Answer::Failed(why)));
        self.settle_others(vec![report]).await;
    }

    async fn settle_with_follow_ups(&self, mut report: Report) {
        let follow_ups = std::mem::take(&mut report.follow_ups);
        let Some(row) = success(&mut report) else {
            return;
        };
        let worker = &self.shared.worker;
        let written = self
            .until_written(|| settle::success_with_follow_ups(&self.db, worker, &row, &follow_ups))
            .await;
        match written {
            Ok(stands) => {
                let stand = stands
                    .then_some((row.id, row.attempt))
                    .into_iter()
                    .collect();
                self.succeeded(std::slice::from_ref(&report), &stand);
                if stands {
                    if !follow_ups.joins.is_empty() {
                        self.shared.joins.submitted();
                    }
                    self.shared.client.wake().submitted(&follow_ups.tasks);
                }
            }
            Err(error) => self.refused(row.id, report, &error).await,
        }
    }

    /// The handler says that it has settled in its own transaction. Only the row knows whether that was
    /// committed.
    async fn check_settled_by_handler(&self, mut report: Report) {
        let (id, attempt) = (report.id, report.attempt);
        let stands = self
            .until_written(|| settle::stands_as_success(&self.db, id, attempt))
            .await;
        if stands.is_ok_and(|stands| stands) {
            self.succeeded(
                std::slice::from_ref(&report),
                &HashSet::from([(id, attempt)]),
            );
            return;
        }
        let why =
            "the handler returned Ok, but the transaction that settled the task was not committed";
        report.ended = Ended::Ran(Ran::Answer(Answer::Failed(why.to_owned())));
        self.settle_others(vec![report]).await;
    }

    async fn settle_others(&self, reports: Vec<Report>) {
        if reports.is_empty() {
            return;
        }
        let endings: Vec<Ending> = reports.iter().map(|report| self.ending(report)).collect();
        let worker = &self.shared.worker;
        match self
            .until_written(|| settle::endings(&self.db, worker, &endings))
            .await
        {
            Ok(settled) => self.ended(&reports, &endings, &settled),
            Err(_) if endings.len() > 1 => {
                for (report, ending) in reports.iter().zip(&endings) {
                    self.settle_other(report, ending).await;
                }
            }
            Err(error) => self.give_up(&reports[0], &error),
        }
    }

    async fn settle_other(&self, report: &Report, ending: &Ending) {
        let worker = &self.shared.worker;
        let endings = std::slice::from_ref(ending);
        match self
            .until_written(|| settle::endings(&self.db, worker, endings))
            .await
        {
            Ok(settled) => self.ended(std::slice::from_ref(report), endings, &settled),
            Err(error) => self.give_up(report, &error),
        }
    }

    /// Nothing can be written about this attempt: its lease runs out and the next claim finds it.
    fn give_up(&self, report: &Report, error: &DbError) {
        tracing::error!(id = report.id, %error, "the outcome could not be written; the lease will run out");
        self.release(report);
    }

    /// What the outcome is to the core.
    fn ending(&self, report: &Report) -> Ending {
        let lane = &self.shared.lanes[report.lane];
        let (event, message) = match &report.ended {
            Ended::Undecodable(why) => (Event::Undecodable, Some(why.clone())),
            Ended::Released => (Event::Released, None),
            Ended::Panicked(text) => self.failure(report, FailureKind::Panicked, text.clone()),
            Ended::TimedOut { timeout } => {
                let text = format!(
                    "task `{}` {} timed out: it ran {:.1} s, allowed are {:.1} s",
                    lane.spec.name,
                    report.id,
                    report.ran.as_secs_f64(),
                    timeout.as_secs_f64()
                );
                self.failure(report, FailureKind::TimedOut, text)
            }
            Ended::Ran(Ran::Success(_)) => (Event::Succeeded, None),
            Ended::Ran(Ran::Newer(version)) => {
                let text = newer_payload(*version, lane.spec.version);
                (Event::Snoozed { delay: NEWER_PAUSE }, Some(text))
            }
            Ended::Ran(Ran::Answer(answer)) => self.answered(report, answer),
        };
        let message = message.map(|text| storable(&text, ERROR_BYTES_MAX));
        Ending {
            id: report.id,
            attempt: report.attempt,
            event,
            message,
        }
    }

    fn answered(&self, report: &Report, answer: &Answer) -> (Event, Option<String>) {
        match answer {
            Answer::Failed(text) => self.failure(report, FailureKind::Failed, text.clone()),
            Answer::Discard(text) => (Event::Discarded, Some(text.clone())),
            Answer::Invalid(text) => (Event::Invalid, Some(text.clone())),
            Answer::Snooze(delay) => (Event::Snoozed { delay: *delay }, None),
            Answer::RetryAfter {
                delay,
                charge,
                message,
            } => {
                let event = Event::RetryAfter {
                    delay: *delay,
                    charge: *charge,
                };
                (event, charge.then(|| message.clone()))
            }
        }
    }

    fn failure(&self, report: &Report, kind: FailureKind, text: String) -> (Event, Option<String>) {
        let retries = report.facts.as_ref().map_or(0, |facts| facts.retries);
        let spec = &self.shared.lanes[report.lane].spec;
        let failure = Failure {
            retries: retries.saturating_add(1),
            kind,
            message: text.clone(),
        };
        let seed = crate::store::retry::random();
        // The program's own rule may do anything.
        let retry_in = caught::calling(|| spec.retry_policy.delay(&failure, seed));
        let retry_in = retry_in.unwrap_or_else(|why| {
            tracing::error!(
                name = spec.name,
                id = report.id,
                "the retry policy panicked: {why}; the task waits for the default cooldown"
            );
            RetryPolicy::default().delay(&failure, seed)
        });
        (Event::Failed { kind, retry_in }, Some(text))
    }

    fn succeeded(&self, reports: &[Report], stand: &HashSet<(i64, i64)>) {
        for report in reports {
            if stand.contains(&(report.id, report.attempt)) {
                self.shared.counts.succeeded.fetch_add(1, Ordering::Relaxed);
                log::succeeded(&self.shared.lanes[report.lane].spec, report);
            } else {
                self.lease_lost(report);
            }
            self.release(report);
        }
    }

    fn ended(&self, reports: &[Report], endings: &[Ending], settled: &[Settled]) {
        for ((report, ending), settled) in reports.iter().zip(endings).zip(settled) {
            match settled {
                Settled::LeaseLost => self.lease_lost(report),
                Settled::Stands => self.count(ending),
                Settled::Applied(transition) => {
                    self.count(ending);
                    log::ended(
                        &self.shared.lanes[report.lane].spec,
                        report,
                        ending,
                        transition,
                    );
                }
            }
            self.release(report);
        }
    }

    fn count(&self, ending: &Ending) {
        let counter = match ending.event {
            Event::Released => &self.shared.counts.released,
            _ => &self.shared.counts.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn lease_lost(&self, report: &Report) {
        self.shared
            .counts
            .leases_lost
            .fetch_add(1, Ordering::Relaxed);
        log::lease_lost(&self.shared.lanes[report.lane].spec, report);
    }

    fn release(&self, report: &Report) {
        self.shared.joins.ended(report.id);
        if self.shared.inflight.forget(report.id, report.attempt) {
            self.shared.lanes[report.lane].released(1);
        }
    }

    /// Tries until the database takes it or refuses it for good. What is written is fenced, so trying
    /// for a long time does no harm; when the worker ends, the leases do the rest.
    async fn until_written<T, F>(&self, mut write: impl FnMut() -> F) -> Result<T, DbError>
    where
        F: Future<Output = Result<T, DbError>>,
    {
        let mut pause = ERROR_PAUSE;
        loop {
            match write().await {
                Err(error) if may_pass(&error) && !self.shared.ended.is_cancelled() => {
                    self.trouble().failed(&error);
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.shared.ended.cancelled() => return Err(error),
                    }
                    pause = (pause * 2).min(ERROR_PAUSE_MAX);
                }
                result => {
                    if result.is_ok() {
                        self.trouble().worked();
                    }
                    return result;
                }
            }
        }
    }

    fn trouble(&self) -> std::sync::MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the same write may be taken later: a password that was changed or a table that is away is put right
/// by people, and work that is done must not be done again for that.
fn may_pass(error: &DbError) -> bool {
    let by_people = [DbErrorKind::Denied, DbErrorKind::SchemaMissing];
    error.is_transient() || by_people.contains(&error.kind)
}

/// The row of a success; takes the result out of the report.
fn success(report: &mut Report) -> Option<Success> {
    let Ended::Ran(Ran::Success(result)) = &mut report.ended else {
        return None;
    };
    let facts = report.facts.map(|facts| dutiful_core::TaskFacts {
        leased: true,
        ..facts
    });
    // The time does not matter to a settling event.
    let now = Timestamp::from_micros(0);
    let frees_slot = facts
        .and_then(|facts| decide(&facts, &Event::Succeeded, now).ok())
        .is_some_and(|success| success.frees_slot);
    Some(Success {
        id: report.id,
        attempt: report.attempt,
        result: std::mem::take(result),
        frees_slot,
    })
}

#[cfg(test)]
mod tests;
