//! Following an operation until it has ended.

use super::{passed_over, tell};
use crate::cli::App;
use crate::cli::place::Place;
use crate::failure::{Exit, Failure};
use crate::output::{Progress, count};
use dutiful::{Operation, State};
use std::time::{Duration, Instant};

/// Between two looks at how far it is, at first.
const LOOK: Duration = Duration::from_millis(100);
/// Who has waited long is told a little later: after a tenth of that, and no longer than this.
const LOOK_MAX: Duration = Duration::from_secs(1);
/// So long nothing may happen to it. Whoever works on it tries again within seconds, and another one goes on soon
/// after one has died.
const STILL_MAX: Duration = Duration::from_secs(2 * 60);

/// Waits until an operation has ended; then tells what came of it. On a database this works on it too, beside
/// whatever else does; a server does so itself. It goes on elsewhere, or later, when this is interrupted.
pub(in crate::cli) async fn follow(
    app: &App,
    place: &Place,
    operation: Operation,
) -> Result<(), Failure> {
    let worker = place.carry_out_operations().await?;
    let progress = Progress::new(app.output, operation.expected);
    let ended = until_ended(place, operation, &progress).await;
    drop(progress);
    if let Some(worker) = worker {
        worker.shutdown().await;
    }
    let ended = ended?;
    tell(app, &ended)?;
    let id = ended.id;
    match ended.state {
        State::Succeeded => Ok(()),
        State::Cancelled => Err(Failure::new(
            Exit::Conflict,
            "conflict",
            format!("operation {id} was stopped"),
        )
        .fix(format!("`dutiful retry {id}` lets it go on"))),
        state => Err(Failure::new(
            Exit::Failure,
            "operation",
            format!("operation {id} is {state}"),
        )
        .fix(format!("`dutiful show {id}` tells why"))),
    }
}

async fn until_ended(
    place: &Place,
    operation: Operation,
    progress: &Progress,
) -> Result<Operation, Failure> {
    let id = operation.id;
    let begun = Instant::now();
    let mut patience = Patience::new(operation, begun);
    loop {
        match place.operation(id).await {
            Ok(now) => {
                let passed = format!("{} passed over", count(passed_over(&now)));
                progress.set(now.counts.matched, passed);
                if now.state.is_ended() {
                    return Ok(now);
                }
                patience.seen(now, Instant::now());
                if patience.is_over(Instant::now()) {
                    return Err(patience.still());
                }
            }
            // It goes on meanwhile, or once the place is there again.
            Err(failure) if failure.passes() && !patience.is_over(Instant::now()) => {}
            Err(failure) => {
                let goes_on = format!("operation {id} goes on, and how far it is cannot be told");
                return Err(failure.at(&goes_on));
            }
        }
        tokio::time::sleep((begun.elapsed() / 10).clamp(LOOK, LOOK_MAX)).await;
    }
}

/// For how long nothing has happened to an operation.
struct Patience {
    last: Operation,
    since: Instant,
}

impl Patience {
    fn new(operation: Operation, now: Instant) -> Patience {
        Patience {
            last: operation,
            since: now,
        }
    }

    /// Whoever runs it has a lease on it, and may look long for what fits.
    fn seen(&mut self, operation: Operation, now: Instant) {
        if operation.state == State::Running || operation != self.last {
            self.since = now;
        }
        self.last = operation;
    }

    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= STILL_MAX
    }

    fn still(&self) -> Failure {
        let Operation { id, state, .. } = &self.last;
        let minutes = STILL_MAX.as_secs() / 60;
        let cause = format!(
            "operation {id} is {state}, and nothing has happened to it for {minutes} minutes"
        );
        Failure::new(Exit::Failure, "operation", cause).fix(format!(
            "start a worker or a server that carries operations out; `dutiful operations follow {id}` looks again"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn operation(state: &str, done: u64) -> Operation {
        let text = json!({
            "id": 7, "action": "cancel", "priority": null, "filter": {}, "asked_by": "ops",
            "asked_at": "2026-01-31T09:00:00.000000Z", "state": state, "expected": 9, "exact": true,
            "matched": done, "done": done, "skipped": {}, "percent": 0, "ended_at": null,
            "error_message": null,
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn patience_ends_when_nothing_happens_and_nobody_works_on_it() {
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let mut patience = Patience::new(operation("queued", 0), begun);
        patience.seen(operation("queued", 0), after(119));
        assert!(!patience.is_over(after(119)) && patience.is_over(after(120)));
        patience.seen(operation("retrying", 3), after(121));
        assert!(!patience.is_over(after(240)));
        patience.seen(operation("running", 3), after(250));
        patience.seen(operation("running", 3), after(900));
        assert!(!patience.is_over(after(1_000)));
        patience.seen(operation("retrying", 3), after(1_001));
        patience.seen(operation("retrying", 3), after(1_100));
        assert!(patience.is_over(after(1_121)));
        let failure = patience.still();
        assert_eq!((failure.exit, failure.code), (Exit::Failure, "operation"));
        assert!(
            failure.cause.contains("operation 7 is retrying"),
            "{}",
            failure.cause
        );
    }
}
