//! What runs: begun by a worker of its own, and ended in one of all ways, whether it still holds its lease
//! or has lost it to the other worker.

use super::harness::{Gate, Script, Started, stubborn, until, within};
use super::history::{HOUR, Play};
use dutiful::{RetryPolicy, TaskError, TaskId, TaskResult, Worker, WorkerHandle};
use dutiful_core::{Event, FailureKind};
use serde_json::{Value, json};
use std::time::Duration;

/// A timeout that passes at once.
const AT_ONCE: Duration = Duration::from_millis(1);

/// A run under way. Its worker has no room for another one.
pub(crate) struct Live {
    worker: WorkerHandle,
    _gate: Gate,
    run: Started,
    attempt: i64,
    retry_in: Duration,
    fate: Fate,
}

/// What the settings of a worker make of its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It answers.
    Answers,
    /// It goes on until its worker has no more patience at shutdown.
    Told,
    /// It times out as soon as it has begun.
    TimesOut,
}

impl Play {
    /// A worker takes one task.
    pub(crate) async fn begin_a_run(&mut self) {
        let (expected, quarantined) = self.table.claim(HOUR);
        if expected.is_none() && quarantined == 0 {
            return;
        }
        let retry_in = self.random.pick(&[Duration::ZERO, HOUR]);
        let fate = match self.random.below(100) {
            0..8 => Fate::TimesOut,
            8..25 => Fate::Told,
            _ => Fate::Answers,
        };
        let (worker, mut gate) = self.worker(retry_in, fate).await;
        let Some(id) = expected else {
            self.note(format!("a worker quarantines {quarantined}"));
            until("they are quarantined", || async {
                worker.counts().quarantined == quarantined
            })
            .await;
            worker.shutdown().await;
            return;
        };
        let run = gate.next().await;
        if fate != Fate::Told {
            // From here on it takes nothing else, also when this run is over.
            worker.stopper().stop();
        }
        let attempt = self.table.tasks[&id].facts.attempt;
        self.note(format!("{id} begins to run, attempt {attempt}, {fate:?}"));
        self.expect((run.id(), run.cx.attempt()), (id, attempt));
        self.expect(worker.counts().quarantined, quarantined);
        self.live.push(Live {
            worker,
            _gate: gate,
            run,
            attempt,
            retry_in,
            fate,
        });
        if fate == Fate::TimesOut {
            self.end(self.live.len() - 1).await;
        }
    }

    async fn worker(&mut self, retry_in: Duration, fate: Fate) -> (WorkerHandle, Gate) {
        let (mut script, gate): (Script, Gate) = stubborn();
        script.batch_size = 1;
        script.lease = HOUR;
        script.retry_policy = RetryPolicy::Cooldown(retry_in);
        if fate == Fate::TimesOut {
            script.timeout = AT_ONCE;
        }
        let grace = if fate == Fate::Told {
            Duration::ZERO
        } else {
            HOUR
        };
        let worker = Worker::new(self.any_client()).register(script);
        let worker = worker.shutdown_grace(grace).start().await.unwrap();
        (worker, gate)
    }

    /// One of the runs ends.
    pub(crate) async fn end_a_run(&mut self) {
        let which = self.random.below(self.live.len() as u64);
        self.end(usize::try_from(which).unwrap()).await;
    }

    async fn end(&mut self, which: usize) {
        let live = self.live.remove(which);
        match live.fate {
            Fate::Answers => self.answer(live).await,
            Fate::Told => self.tell(live).await,
            Fate::TimesOut => self.time_out(live).await,
        }
    }

    /// It ends by itself.
    async fn answer(&mut self, live: Live) {
        let (id, attempt) = (live.run.id(), live.attempt);
        let delay = self.random.pick(&[Duration::ZERO, HOUR]);
        let failed = |kind| Event::Failed {
            kind,
            retry_in: live.retry_in,
        };
        let (event, answer) = match self.random.below(11) {
            0..=3 => (Event::Succeeded, Ok(result_of(id, attempt))),
            4..=5 => (failed(FailureKind::Failed), Err(TaskError::failed("no"))),
            6 => {
                self.note(format!("attempt {attempt} of {id} panics"));
                live.run.panic();
                live.worker.wait().await.unwrap();
                self.table
                    .settle(id, attempt, failed(FailureKind::Panicked));
                return;
            }
            7 => (Event::Discarded, Err(TaskError::discard("no"))),
            8 => (Event::Invalid, Err(TaskError::invalid("no"))),
            9 => (Event::Snoozed { delay }, Err(TaskError::snooze(delay))),
            _ => {
                let charge = self.random.percent(50);
                let answer = if charge {
                    TaskError::retry_after(delay)
                } else {
                    TaskError::rate_limited(delay)
                };
                (Event::RetryAfter { delay, charge }, Err(answer))
            }
        };
        self.note(format!("attempt {attempt} of {id} ends: {event:?}"));
        if event == Event::Succeeded && self.has_room() && self.random.percent(40) {
            return self.succeed_with_follow_up(live, answer).await;
        }
        live.run.end(answer);
        live.worker.wait().await.unwrap();
        self.settle(id, attempt, event);
    }

    /// The task that follows is there if and only if the success stands.
    async fn succeed_with_follow_up(&mut self, live: Live, answer: TaskResult<Value>) {
        let (id, attempt) = (live.run.id(), live.attempt);
        let wish = self.wish();
        self.note(format!("  followed by {wish:?}"));
        let new = &wish.new;
        let mut follow_up = live
            .run
            .cx
            .submit::<Script>(new.payload.clone())
            .dedup(new.scope)
            .dedup_key(&wish.key)
            .priority(new.priority)
            .max_retries(u32::try_from(new.max_retries).unwrap());
        follow_up = match new.start {
            super::table::Start::After(delay) => follow_up.delay(delay),
            super::table::Start::Held => follow_up.held(),
        };
        if wish.replace {
            follow_up = follow_up.replace_payload();
        }
        follow_up.await.unwrap();
        live.run.end(answer);
        live.worker.wait().await.unwrap();
        if self.settle(id, attempt, Event::Succeeded) {
            self.take_follow_up(&wish).await;
        }
    }

    /// Its worker stops and has no patience. Work that is finished at the last moment counts.
    async fn tell(&mut self, live: Live) {
        let (id, attempt) = (live.run.id(), live.attempt);
        let finishes = self.random.percent(30);
        let event = if finishes {
            Event::Succeeded
        } else {
            Event::Released
        };
        self.note(format!(
            "attempt {attempt} of {id} is told to end: {event:?}"
        ));
        let run = live.run;
        let told = async {
            let cx = run.cx.clone();
            within("the run is told to end", cx.cancelled()).await;
            if finishes {
                run.end(Ok(result_of(id, attempt)));
            } else {
                run.fail("told to end");
            }
        };
        tokio::join!(live.worker.shutdown(), told);
        self.settle(id, attempt, event);
    }

    async fn time_out(&mut self, live: Live) {
        let (id, attempt) = (live.run.id(), live.attempt);
        let cx = live.run.cx.clone();
        within("the time is up", cx.cancelled()).await;
        live.run.fail("too late");
        live.worker.wait().await.unwrap();
        let event = Event::Failed {
            kind: FailureKind::TimedOut,
            retry_in: live.retry_in,
        };
        self.settle(id, attempt, event);
    }

    /// Whether the attempt still held its lease, so that its end was written.
    fn settle(&mut self, id: TaskId, attempt: i64, event: Event) -> bool {
        let held = self.table.settle(id, attempt, event);
        if held && event == Event::Succeeded {
            self.table.tasks.get_mut(&id).unwrap().result = Some(result_of(id, attempt));
        }
        held
    }
}

/// What only this attempt returns.
fn result_of(id: TaskId, attempt: i64) -> Value {
    json!({ "task": id, "attempt": attempt })
}
