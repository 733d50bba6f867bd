//! When to try to connect: one attempt at a time while the server is away, each a little later, and
//! one line in the log when it goes and when it comes back.

use super::{DbError, DbErrorKind, DbResult};
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long one operation waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Passed by every attempt to connect to one server.
#[derive(Debug, Default)]
pub(super) struct Gate {
    outage: Mutex<Option<Outage>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    failures: u32,
    next: Instant,
    error: DbError,
}

impl Gate {
    /// Connects by `attempt`, again and again for as long as an operation may wait.
    pub(super) async fn pass<T, F>(&self, server: &str, attempt: impl Fn() -> F) -> DbResult<T>
    where
        F: Future<Output = DbResult<T>>,
    {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // While the server is there everybody connects at once; while it is away, one by one.
            let turn = match self.next_attempt() {
                Some(_) => match timeout_at(deadline, self.turn.lock()).await {
                    Ok(turn) => Some(turn),
                    Err(_) => return Err(self.still_away()),
                },
                None => None,
            };
            if let Some(next) = self.next_attempt() {
                if next > deadline {
                    return Err(self.still_away());
                }
                sleep_until(next).await;
            }
            let result = attempt().await;
            drop(turn);
            match result {
                Ok(conn) => {
                    self.reached(server);
                    return Ok(conn);
                }
                Err(error) => {
                    self.failed(server, &error);
                    if error.kind != DbErrorKind::Unavailable || Instant::now() >= deadline {
                        return Err(error);
                    }
                }
            }
        }
    }

    fn next_attempt(&self) -> Option<Instant> {
        self.outage().as_ref().map(|outage| outage.next)
    }

    fn failed(&self, server: &str, error: &DbError) {
        let now = Instant::now();
        let mut outage = self.outage();
        match outage.as_mut() {
            None => {
                tracing::warn!(server, %error, "database unreachable");
                let next = now + pause(1);
                *outage = Some(Outage {
                    since: now,
                    failures: 1,
                    next,
                    error: error.clone(),
                });
            }
            // An attempt that began before the outage was known says nothing new.
            Some(outage) if now < outage.next => {}
            Some(outage) => {
                outage.failures = outage.failures.saturating_add(1);
                outage.next = now + pause(outage.failures);
                outage.error = error.clone();
            }
        }
    }

    fn reached(&self, server: &str) {
        if let Some(outage) = self.outage().take() {
            let away_ms = u64::try_from(outage.since.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(server, away_ms, "database reachable again");
        }
    }

    fn still_away(&self) -> DbError {
        match self.outage().as_ref() {
            Some(outage) => {
                let seconds = outage.since.elapsed().as_secs();
                let message = format!("no connection for {seconds} s: {}", outage.error.message);
                DbError {
                    kind: DbErrorKind::Unavailable,
                    message,
                    code: outage.error.code.clone(),
                }
            }
            None => DbError::new(DbErrorKind::Unavailable, "too many wait for a connection"),
        }
    }

    fn outage(&self) -> MutexGuard<'_, Option<Outage>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Doubles up to the longest; between half and the whole of it, so that workers do not march in step.
fn pause(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10));
    let whole = doubled.min(LONGEST_PAUSE);
    let chance = RandomState::new().hash_one(failures) % 1000;
    whole / 2 + whole / 2 * u32::try_from(chance).unwrap_or_default() / 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn pauses_grow_and_stay_under_five_seconds() {
        for (failures, most) in [(1, 100), (2, 200), (5, 1600), (7, 5000), (u32::MAX, 5000)] {
            let pause = pause(failures).as_millis();
            assert!(pause >= most / 2 && pause <= most, "{failures}: {pause}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn callers_take_turns_while_the_server_is_away() {
        let (gate, attempts) = (Gate::default(), AtomicU32::new(0));
        let one = || async {
            let error = gate.pass("db:3306", || async {
                attempts.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(1)).await;
                Err::<(), _>(DbError::new(DbErrorKind::Unavailable, "refused"))
            });
            error.await.unwrap_err()
        };
        let errors = futures_util::future::join_all((0..20).map(|_| one())).await;
        assert!(
            errors
                .iter()
                .all(|error| error.kind == DbErrorKind::Unavailable)
        );
        // 20 begin at once; after that some 8 pauses fit into ten seconds, whoever takes the turn.
        let attempts = attempts.load(Ordering::Relaxed);
        assert!((24..=34).contains(&attempts), "{attempts}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_comes_back_is_found_by_those_who_wait() {
        let (gate, attempts) = (Gate::default(), AtomicU32::new(0));
        let attempt = || async {
            match attempts.fetch_add(1, Ordering::Relaxed) {
                0..4 => Err(DbError::new(DbErrorKind::Unavailable, "refused")),
                _ => Ok(()),
            }
        };
        gate.pass("db:3306", attempt).await.unwrap();
        assert!(gate.next_attempt().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_password_is_told_at_once() {
        let gate = Gate::default();
        let begun = Instant::now();
        let denied = || async { Err::<(), _>(DbError::new(DbErrorKind::Denied, "no")) };
        assert_eq!(
            gate.pass("db:3306", denied).await.unwrap_err().kind,
            DbErrorKind::Denied
        );
        assert!(begun.elapsed() < Duration::from_millis(50));
    }
}
