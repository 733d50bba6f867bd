//! When to try to connect: at once while the server is well, one attempt at a time and each a little later
//! while it is away. Logs when that begins and ends. How one attempt is made is the driver's business.

use super::{DbError, DbErrorKind, DbResult};
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long one operation waits for the server to come back.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// An attempt that was given up sooner than this says nothing of the server.
const TOO_SOON: Duration = Duration::from_secs(1);
const NO_ANSWER: &str = "no answer in time";

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

    /// Why there is no connection, for an operation that has waited long enough.
    pub(super) fn no_answer(&self) -> String {
        match &self.state().outage {
            Some(outage) => {
                let seconds = outage.since.elapsed().as_secs();
                format!("no connection for {seconds} s: {}", outage.reason)
            }
            None => NO_ANSWER.to_owned(),
        }
    }

    /// Connects by `attempt`, again and again while the server is away and the patience lasts.
    pub(super) async fn pass<T, F>(
        &self,
        patience: Duration,
        attempt: impl Fn() -> F,
    ) -> DbResult<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        let deadline = Instant::now() + patience;
        loop {
            let Ok(turn) = timeout_at(deadline, self.enter()).await else {
                return Err(DbError::new(DbErrorKind::Unavailable, self.no_answer()));
            };
            match attempt().await {
                Ok(made) => {
                    turn.succeeded();
                    return Ok(made);
                }
                Err(error) => {
                    turn.failed(&error.to_string());
                    if error.kind != DbErrorKind::Unavailable || Instant::now() >= deadline {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Waits until an attempt may be made: not at all while the server is well.
    pub(super) async fn enter(&self) -> Attempt<'_> {
        let mut turn = None;
        if self.next().is_some() {
            turn = Some(self.turn.lock().await);
        }
        match self.next() {
            Some(next) => sleep_until(next).await,
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
                outage.failures = outage.failures.saturating_add(1);
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
            self.gate.failed(NO_ANSWER);
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
    use std::sync::atomic::{AtomicU32, Ordering};

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
        assert!(gate.next().is_none());
        let mut slow = gate.enter().await;
        slow.began -= TOO_SOON;
        drop(slow);
        assert_eq!(gate.no_answer(), "no connection for 0 s: no answer in time");
        gate.enter().await.succeeded();
        assert!(gate.next().is_none());
    }

    #[tokio::test]
    async fn callers_take_turns_while_the_server_is_away() {
        let (gate, attempts) = (Gate::new("db".to_owned()), AtomicU32::new(0));
        let one = || {
            gate.pass(Duration::from_millis(700), || async {
                attempts.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Err::<(), _>(DbError::new(DbErrorKind::Unavailable, "refused"))
            })
        };
        for result in futures_util::future::join_all((0..20).map(|_| one())).await {
            assert_eq!(result.unwrap_err().kind, DbErrorKind::Unavailable);
        }
        // 20 begin at once; after that at most four pauses fit in, whoever takes the turn.
        let attempts = attempts.load(Ordering::Relaxed);
        assert!(attempts <= 24, "{attempts}");
    }

    #[tokio::test]
    async fn a_server_that_comes_back_is_found_by_those_who_wait() {
        let (gate, attempts) = (Gate::new("db".to_owned()), AtomicU32::new(0));
        let attempt = || async {
            match attempts.fetch_add(1, Ordering::Relaxed) {
                0..3 => Err(DbError::new(DbErrorKind::Unavailable, "refused")),
                _ => Ok(()),
            }
        };
        gate.pass(Duration::from_secs(60), attempt).await.unwrap();
        assert!(gate.next().is_none());
    }

    #[tokio::test]
    async fn a_wrong_password_is_told_at_once() {
        let (gate, attempts) = (Gate::new("db".to_owned()), AtomicU32::new(0));
        let denied = || async {
            attempts.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(DbError::new(DbErrorKind::Denied, "no"))
        };
        let result = gate.pass(Duration::from_secs(60), denied).await;
        assert_eq!(result.unwrap_err().kind, DbErrorKind::Denied);
        assert_eq!(attempts.load(Ordering::Relaxed), 1);
    }
}
