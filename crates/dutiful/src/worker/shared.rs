//! What all parts of one running worker share.

use super::handler::Ran;
use super::inflight::Inflight;
use super::lane::Lane;
use crate::Client;
use crate::client::Signal;
use crate::store::submit::NewTask;
use dutiful_core::TaskFacts;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
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
    /// Shutdown has begun: nothing new is claimed.
    pub(crate) stopping: CancellationToken,
    /// The grace is over: handlers are told to end.
    pub(crate) grace_over: CancellationToken,
    /// The worker has settled everything: the last threads end.
    pub(crate) ended: CancellationToken,
    pub(crate) counts: Counts,
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
    pub(crate) follow_ups: Vec<NewTask>,
    /// The handler has settled in its own transaction, if that was committed.
    pub(crate) settled_by_handler: bool,
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
    /// Given back at shutdown, or cancelled by an operator: then the write is fenced off.
    Released,
}

impl Shared {
    /// Passes an outcome on, unless somebody else was first.
    pub(crate) fn report(&self, report: Report) {
        if self.inflight.report(report.id, report.attempt) {
            // The settler outlives all who report; when it is gone the process is ending.
            let _ = self.reports.send(report);
        }
    }
}
