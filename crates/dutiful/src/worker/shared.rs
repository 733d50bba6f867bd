//! What all parts of one running worker share.

use super::handler::Ran;
use super::inflight::Inflight;
use super::joins;
use super::lane::Lane;
use super::trouble::Trouble;
use crate::client::Signal;
use crate::store::joins::NewTasks;
use crate::{Client, Error};
use dutiful_core::TaskFacts;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What all parts of one running worker share.
pub(crate) struct Shared {
    /// `host-process-random`: new for each start, so that a restarted worker holds no old lease.
    pub(crate) worker: Arc<str>,
    pub(crate) client: Client,
    pub(crate) lanes: Vec<Arc<Lane>>,
    pub(crate) inflight: Inflight,
    pub(crate) reports: mpsc::UnboundedSender<Report>,
    /// Something may have become due, or a slot free.
    pub(crate) signal: Arc<Signal>,
    /// The queue is about to be moved: nothing new is claimed for the moment.
    pub(crate) draining: AtomicBool,
    /// Shutdown has begun: nothing new is claimed.
    pub(crate) stopping: CancellationToken,
    /// The grace is over: handlers are told to end.
    pub(crate) grace_over: CancellationToken,
    /// The worker has settled everything: the last threads end.
    pub(crate) ended: CancellationToken,
    /// Why the worker stops although nobody told it to.
    pub(crate) broken: OnceLock<Error>,
    /// Whether notes of running attempts can be written; lanes and the recorder write them.
    pub(crate) notes: Mutex<Trouble>,
    pub(crate) counts: Counts,
    /// Tells which tasks have ended, for those that wait for them.
    pub(crate) joins: joins::Ended,
}

/// What a worker has done since its start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) succeeded: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) released: AtomicU64,
    pub(crate) leases_lost: AtomicU64,
    pub(crate) quarantined: AtomicU64,
    pub(crate) abandoned: AtomicU64,
}

/// The outcome of an attempt, on its way to the settler. Its number is bounded by what is claimed.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) id: i64,
    pub(crate) attempt: i64,
    pub(crate) lane: usize,
    pub(crate) facts: Option<TaskFacts>,
    pub(crate) ended: Ended,
    pub(crate) ran: Duration,
    pub(crate) follow_ups: NewTasks,
    /// The handler has settled in its own transaction, if that was committed.
    pub(crate) settled_by_handler: bool,
}

impl Report {
    /// An attempt that is given back.
    pub(crate) fn released(id: i64, attempt: i64, lane: usize) -> Report {
        Report {
            id,
            attempt,
            lane,
            facts: None,
            ended: Ended::Released,
            ran: Duration::ZERO,
            follow_ups: NewTasks::default(),
            settled_by_handler: false,
        }
    }
}

/// How an attempt ended, as seen from outside the handler.
#[derive(Debug)]
pub(crate) enum Ended {
    Ran(Ran),
    TimedOut {
        timeout: Duration,
    },
    Panicked(String),
    /// The row's payload cannot be read.
    Undecodable(String),
    /// Given back; or cancelled by an operator, or lost: then the write is fenced off.
    Released,
}

impl Shared {
    /// A worker that has not begun. Its outcomes come out of the other end of `reports`.
    pub(crate) fn new(
        client: Client,
        worker: Arc<str>,
        lanes: Vec<Arc<Lane>>,
        reports: mpsc::UnboundedSender<Report>,
    ) -> Shared {
        Shared {
            worker,
            client,
            lanes,
            inflight: Inflight::default(),
            reports,
            signal: Arc::default(),
            draining: AtomicBool::new(false),
            stopping: CancellationToken::new(),
            grace_over: CancellationToken::new(),
            ended: CancellationToken::new(),
            broken: OnceLock::new(),
            notes: Mutex::new(Trouble::new("write progress and log lines")),
            counts: Counts::default(),
            joins: joins::Ended::default(),
        }
    }

    /// Stops the worker because of an error.
    pub(crate) fn stop_with(&self, error: Error) {
        // What comes after the first is a consequence of it.
        let _ = self.broken.set(error);
        self.stopping.cancel();
    }

    /// The last threads end. Nothing may be held any more.
    pub(crate) fn end(&self) {
        self.lanes.iter().for_each(|lane| lane.close());
        self.ended.cancel();
    }

    /// Passes an outcome on, unless somebody else was first.
    pub(crate) fn report(&self, report: Report) {
        if self.inflight.report(report.id, report.attempt) {
            self.send(report);
        }
    }

    /// Gives back what has been claimed for a lane for at least `most` and has not begun.
    pub(crate) fn release_unstarted(&self, lane: usize, most: Duration) -> usize {
        let unstarted = self.inflight.take_unstarted(lane, most);
        for (id, attempt) in &unstarted {
            self.send(Report::released(*id, *attempt, lane));
        }
        unstarted.len()
    }

    fn send(&self, report: Report) {
        // The settler outlives all who report; when it is gone the process is ending.
        let _ = self.reports.send(report);
    }
}
