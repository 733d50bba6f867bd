//! Spaces the attempts to connect while the server cannot be reached, and logs when that begins and ends.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// An attempt that was given up sooner than this says nothing of the server.
const TOO_SOON: Duration = Duration::from_secs(1);

/// One gate for all connections to one server.
#[derive(Debug)]
pub(super) struct Gate {
    server: String,
    state: Mutex<State>,
    /// Held by whoever tries while the server is away, so that the others wait behind it.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether a connection was ever made: before that, a failure is no change.
    reached: bool,
    outage: Option<Outage>,
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    failures: u32,
    next: Instant,
    reason: String,
}

impl Gate {
    pub(super) fn new(server: String) -> Gate {
        Gate {
            server,
            state: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// Why the last attempt failed, while the server is away.
    pub(super) fn reason(&self) -> Option<String> {
        self.state()
            .outage
            .as_ref()
            .map(|outage| outage.reason.clone())
    }

    /// Waits until an attempt may be made: not at all while the server is well.
    pub(super) async fn enter(&self) -> Attempt<'_> {
        let mut turn = None;
        if self.next().is_some() {
            turn = Some(self.turn.lock().await);
        }
        match self.next() {
            Some(next) => tokio::time::sleep_until(next).await,
            // It came back while we waited: nobody needs to queue any more.
            None => turn = None,
        }
        Attempt {
            gate: self,
            _turn: turn,
            began: Instant::now(),
            settled: false,
        }
    }

    fn next(&self) -> Option<Instant> {
        self.state().outage.as_ref().map(|outage| outage.next)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn succeeded(&self) {
        let mut state = self.state();
        state.reached = true;
        if let Some(outage) = state.outage.take() {
            let seconds = outage.since.elapsed().as_secs_f64();
            tracing::info!(server = %self.server, outage_seconds = seconds, "database reachable again");
        }
    }

    fn failed(&self, reason: &str) {
        let mut state = self.state();
        let now = Instant::now();
        match &mut state.outage {
            // Attempts that began together count once.
            Some(outage) if now < outage.next => {}
            Some(outage) => {
                outage.failures += 1;
                outage.next = now + pause(outage.failures);
                reason.clone_into(&mut outage.reason);
            }
            None => {
                let reason = reason.to_owned();
                if state.reached {
                    tracing::warn!(server = %self.server, %reason, "database unreachable");
                }
                state.outage = Some(Outage {
                    since: now,
                    failures: 1,
                    next: now + pause(1),
                    reason,
                });
            }
        }
    }
}

/// The right to try once. One that is dropped unsettled ran out of time, unless its caller went away at
/// once.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    gate: &'a Gate,
    _turn: Option<tokio::sync::MutexGuard<'a, ()>>,
    began: Instant,
    settled: bool,
}

impl Attempt<'_> {
    pub(super) fn succeeded(mut self) {
        self.settled = true;
        self.gate.succeeded();
    }

    pub(super) fn failed(mut self, reason: &str) {
        self.settled = true;
        self.gate.failed(reason);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.settled && self.began.elapsed() >= TOO_SOON {
            self.gate.failed("no answer in time");
        }
    }
}

/// Doubles with each failure up to the longest; half of it is chance, so that many do not come at once.
fn pause(failures: u32) -> Duration {
    let full = FIRST_PAUSE
        .saturating_mul(1 << failures.saturating_sub(1).min(10))
        .min(LONGEST_PAUSE);
    let chance = RandomState::new().hash_one(failures) % 1_000;
    full / 2 + full.mul_f64(chance as f64 / 2_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_under_the_longest() {
        for failures in 1..100 {
            let full = FIRST_PAUSE
                .saturating_mul(1 << (failures - 1).min(10))
                .min(LONGEST_PAUSE);
            let pause = pause(failures);
            assert!(pause >= full / 2 && pause <= full, "{failures}: {pause:?}");
        }
    }

    #[tokio::test]
    async fn attempts_that_fail_together_count_once() {
        let gate = Gate::new("db".to_owned());
        let (one, two) = (gate.enter().await, gate.enter().await);
        one.failed("refused");
        two.failed("refused");
        assert_eq!(gate.state().outage.as_ref().unwrap().failures, 1);
    }

    #[tokio::test]
    async fn an_attempt_that_got_no_answer_counts_and_one_given_up_at_once_does_not() {
        let gate = Gate::new("db".to_owned());
        drop(gate.enter().await);
        assert_eq!(gate.reason(), None);
        let mut slow = gate.enter().await;
        slow.began -= TOO_SOON;
        drop(slow);
        assert_eq!(gate.reason().as_deref(), Some("no answer in time"));
        gate.enter().await.succeeded();
        assert_eq!(gate.reason(), None);
    }
}
