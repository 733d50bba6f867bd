//! The thread and event loop of a lane.

use super::attempt;
use super::lane::Lane;
use super::shared::Shared;
use crate::{Error, ErrorKind, Result};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often an event loop shows that it goes round while handlers run on it.
pub(crate) const PULSE: Duration = Duration::from_millis(200);

/// Starts a thread that serves the lane from now on. One that served it before finishes what it runs
/// and takes nothing new.
pub(crate) fn start(shared: &Arc<Shared>, lane_index: usize) -> Result<()> {
    let lane = Arc::clone(&shared.lanes[lane_index]);
    let shared = Arc::clone(shared);
    let generation = lane.generation.fetch_add(1, Ordering::AcqRel) + 1;
    lane.beat();
    let cannot = |error| Error::new(ErrorKind::Config, format!("cannot start a lane: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(cannot)?;
    std::thread::Builder::new()
        .name(format!("dutiful-{}", lane.spec.name))
        .spawn(move || runtime.block_on(serve(shared, lane, lane_index, generation)))
        .map(|_| ())
        .map_err(cannot)
}

async fn serve(shared: Arc<Shared>, lane: Arc<Lane>, lane_index: usize, generation: u64) {
    let mut running = FuturesUnordered::new();
    let mut pulse = tokio::time::interval(PULSE);
    pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let serves = lane.generation.load(Ordering::Acquire) == generation;
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
        }
        let may_take = serves && running.len() < lane.spec.batch_size;
        if running.is_empty() && (!serves || lane.is_closed()) {
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
