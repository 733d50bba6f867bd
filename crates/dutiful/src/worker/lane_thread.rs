//! The thread and event loop of a lane.

use super::lane::Lane;
use super::shared::Shared;
use super::{attempt, caught, thread};
use crate::{Error, ErrorKind, Result};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::sync::Arc;
use std::time::Duration;

/// How often an event loop shows that it goes round while handlers run on it.
pub(crate) const PULSE: Duration = Duration::from_millis(200);

/// Starts a thread that serves the lane from now on. One that served it before finishes what it runs
/// and takes nothing new.
pub(crate) fn start(shared: &Arc<Shared>, lane_index: usize) -> Result<()> {
    let lane = Arc::clone(&shared.lanes[lane_index]);
    let generation = lane.next_generation();
    let name = format!("dutiful-{}", lane.spec.name);
    lane.set_served(true);
    let (served, shared) = (Arc::clone(&lane), Arc::clone(shared));
    let work = move || {
        let serve = serve(Arc::clone(&shared), served, lane_index, generation);
        caught::part(shared, "lane", serve)
    };
    thread::event_loop(name, work).map_err(|error| {
        lane.set_served(false);
        Error::new(ErrorKind::Config, format!("cannot start a lane: {error}"))
    })
}

/// The serving thread is left behind with what it runs, and its number counts no more.
pub(crate) fn leave_behind(lane: &Lane) {
    lane.abandon();
    lane.set_served(false);
    lane.next_generation();
}

async fn serve(shared: Arc<Shared>, lane: Arc<Lane>, lane_index: usize, generation: u64) {
    let mut running = FuturesUnordered::new();
    let mut pulse = tokio::time::interval(PULSE);
    pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let serves = lane.is_served_by(generation);
        if serves {
            lane.beat();
            while running.len() < lane.spec.batch_size {
                let Some(job) = lane.pop() else { break };
                running.push(attempt::run(
                    Arc::clone(&shared),
                    Arc::clone(&lane),
                    lane_index,
                    job,
                ));
            }
            lane.runs(generation, running.len());
        }
        let may_take = serves && running.len() < lane.spec.batch_size;
        if running.is_empty() && !serves {
            // It was left behind, and what it ran has ended after all.
            lane.abandoned_ended();
            return;
        }
        if running.is_empty() && lane.is_closed() {
            return;
        }
        let queued = lane.queued.notified();
        tokio::select! {
            biased;
            Some(()) = running.next(), if !running.is_empty() => {
                if lane.is_queue_empty() {
                    shared.signal.room();
                }
            }
            () = queued, if may_take => {}
            // An idle loop need not show that it goes round: nothing can block it.
            _ = pulse.tick(), if !running.is_empty() => {}
        }
    }
}
