//! One random history.

use super::compare;
use super::harness::engine::Dialect;
use super::harness::{Gate, Script, Started, TestDb, gated, until};
use super::random::Random;
use super::table::{Start, Table};
use dutiful::{
    Client, DedupScope, ErrorKind, Outcome, RetryPolicy, TaskError, TaskId, Worker, WorkerHandle,
};
use dutiful_core::{Event, FailureKind};
use serde_json::json;
use std::time::Duration;

const STEPS: u32 = 40;
const HOUR: Duration = Duration::from_secs(3_600);
/// Between two steps the model's clock goes on too, so that things come due in the same order.
const MOMENT: Duration = Duration::from_millis(1);
/// Payloads are so few that submissions meet.
const PAYLOADS: u64 = 4;
const TASKS_MAX: usize = 60;

const SCOPES: [DedupScope; 6] = [
    DedupScope::None,
    DedupScope::Waiting,
    DedupScope::Active,
    DedupScope::UntilSuccess,
    DedupScope::Always,
    DedupScope::Window(Duration::from_secs(1_800)),
];

/// A history under way.
struct Play {
    db: TestDb,
    client: Client,
    random: Random,
    table: Table,
    /// What has been done, for the report.
    done: Vec<String>,
}

/// Plays the history of a seed on an empty database.
pub(crate) async fn run(db: &TestDb, random: Random) {
    for table in ["tasks", "attempts"] {
        db.exec(&format!("DELETE FROM dutiful_{table}")).await;
    }
    let client = db.client().await;
    let mut play = Play {
        db: db.clone(),
        client,
        random,
        table: Table::default(),
        done: Vec::new(),
    };
    for _ in 0..STEPS {
        if play.random.percent(35) {
            play.run_next().await
        } else {
            play.act().await
        }
        play.check().await;
    }
    let histories = compare::histories(&play.client, &play.table).await;
    play.agree(histories);
}

impl Play {
    /// Something that needs no worker.
    async fn act(&mut self) {
        match self.random.below(10) {
            0..=3 => self.submit().await,
            4..=6 => self.operate().await,
            7 => self.die().await,
            _ => self.advance().await,
        }
    }

    async fn submit(&mut self) {
        if self.table.tasks.len() >= TASKS_MAX {
            return;
        }
        let scope = self.random.pick(&SCOPES);
        let payload = self.random.below(PAYLOADS);
        let max_retries = u32::try_from(self.random.below(4)).unwrap();
        let starts = [
            Start::After(Duration::ZERO),
            Start::After(HOUR),
            Start::Held,
        ];
        let start = self
            .random
            .pick(&[starts[0], starts[0], starts[1], starts[2]]);
        self.note(format!(
            "submit {payload} {scope:?} {start:?} max_retries {max_retries}"
        ));
        let submit = self.client.submit_json("Script", json!(payload));
        let submit = submit.dedup(scope).max_retries(max_retries);
        let submitted = match start {
            Start::After(delay) => submit.delay(delay).await,
            Start::Held => submit.held().await,
        };
        let submitted = submitted.unwrap();
        // Without dedup the slot is held by a key that nobody else has.
        let key = if scope == DedupScope::None {
            PAYLOADS + self.random.next() / 2
        } else {
            payload
        };
        match self.table.holder(key) {
            Some(holder) => {
                self.expect((submitted.outcome, submitted.id), (Outcome::Merged, holder));
                self.table.apply(holder, Event::Resubmitted).unwrap();
            }
            None => {
                self.expect(submitted.outcome, Outcome::Created);
                self.table
                    .create(submitted.id, scope, key, start, max_retries);
            }
        }
    }

    /// Retry, cancel or run now, whatever state the task is in.
    async fn operate(&mut self) {
        let Some(id) = self.any_task() else { return };
        let event = self.random.pick(&[
            Event::RetriedByHand,
            Event::RetriedByHand,
            Event::Cancelled,
            Event::RunNow,
        ]);
        self.note(format!("{event:?} {id}"));
        let answer = match event {
            Event::RetriedByHand => self.client.retry(id).await,
            Event::Cancelled => self.client.cancel(id).await,
            _ => self.client.run_now(id).await,
        };
        let refused = answer.err().map(|error| error.kind());
        let expected = self
            .table
            .apply(id, event)
            .err()
            .map(|_| ErrorKind::Conflict);
        self.expect(refused, expected);
    }

    /// A worker takes a task and is not heard of again.
    async fn die(&mut self) {
        let Some(id) = self.table.first_free() else {
            return;
        };
        self.note(format!("a worker dies with {id}"));
        let due = self.db.now_plus(3_600);
        let now = self.db.now_plus(0);
        let sql = format!(
            "UPDATE dutiful_tasks SET worker = 'ghost', attempt = attempt + 1, due_at = {due},
                    last_run_at = {now},
                    dedup_key = CASE WHEN dedup_scope IN ('none', 'waiting') THEN NULL ELSE dedup_key END
             WHERE id = {id}"
        );
        assert_eq!(self.db.exec(&sql).await, 1);
        self.table
            .apply(id, Event::Claimed { lease: HOUR })
            .unwrap();
    }

    /// Two hours pass: what waits comes due, leases and windows run out.
    async fn advance(&mut self) {
        self.note("two hours pass".to_owned());
        let earlier = |column: &str| match self.db.dialect() {
            Dialect::Sqlite => format!("{column} = {column} - 7200000000"),
            Dialect::Mysql => format!("{column} = {column} - INTERVAL 2 HOUR"),
            Dialect::Postgres => format!("{column} = {column} - interval '2 hours'"),
        };
        let sql = format!(
            "UPDATE dutiful_tasks SET {}, {}",
            earlier("due_at"),
            earlier("dedup_until")
        );
        self.db.exec(&sql).await;
        self.table.advance(2 * HOUR);
    }

    /// A worker takes one task and runs it, while other things happen.
    async fn run_next(&mut self) {
        let (expected, quarantined) = self.table.claim(HOUR);
        if expected.is_none() && quarantined == 0 {
            return;
        }
        let retry_in = self.random.pick(&[Duration::ZERO, HOUR]);
        let (worker, mut gate) = self.worker(retry_in).await;
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
        // From here on it takes nothing else.
        worker.stopper().stop();
        let attempt = self.table.tasks[&id].facts.attempt;
        self.note(format!("run {id}, attempt {attempt}"));
        self.expect((run.id(), run.cx.attempt()), (id, attempt));
        self.expect(worker.counts().quarantined, quarantined);
        while self.random.percent(30) {
            self.check().await;
            match self.random.below(3) {
                0 => self.submit().await,
                1 => self.operate().await,
                _ => self.advance().await,
            }
        }
        self.check().await;
        self.end(run, attempt, retry_in, worker).await;
    }

    async fn worker(&self, retry_in: Duration) -> (WorkerHandle, Gate) {
        let (mut script, gate): (Script, Gate) = gated();
        script.batch_size = 1;
        script.lease = HOUR;
        script.retry_policy = RetryPolicy::Cooldown(retry_in);
        let worker = Worker::new(self.client.clone())
            .register(script)
            .shutdown_grace(HOUR);
        (worker.start().await.unwrap(), gate)
    }

    /// Ends the run in one of all ways.
    async fn end(&mut self, run: Started, attempt: i64, retry_in: Duration, worker: WorkerHandle) {
        let delay = self.random.pick(&[Duration::ZERO, HOUR]);
        let failed = Event::Failed {
            kind: FailureKind::Failed,
            retry_in,
        };
        let (event, answer) = match self.random.below(10) {
            0..=2 => (Event::Succeeded, Ok(json!(1))),
            3..=5 => (failed, Err(TaskError::failed("no"))),
            6 => (Event::Discarded, Err(TaskError::discard("no"))),
            7 => (Event::Invalid, Err(TaskError::invalid("no"))),
            8 => (Event::Snoozed { delay }, Err(TaskError::snooze(delay))),
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
        let id = run.id();
        self.note(format!("attempt {attempt} of {id} ends: {event:?}"));
        run.end(answer);
        worker.wait().await.unwrap();
        self.table.settle(id, attempt, event);
    }

    fn any_task(&mut self) -> Option<TaskId> {
        let ids: Vec<TaskId> = self.table.tasks.keys().copied().collect();
        (!ids.is_empty()).then(|| self.random.pick(&ids))
    }

    fn note(&mut self, what: String) {
        self.table.advance(MOMENT);
        self.done.push(what);
    }

    async fn check(&self) {
        let compared = compare::rows(&self.db, &self.client, &self.table).await;
        self.agree(compared);
    }

    fn expect<T: PartialEq + std::fmt::Debug>(&self, found: T, expected: T) {
        let differs = format!("found {found:?}, the model says {expected:?}");
        self.agree(if found == expected {
            Ok(())
        } else {
            Err(differs)
        });
    }

    fn agree(&self, compared: Result<(), String>) {
        if let Err(difference) = compared {
            let seed = self.random.seed();
            let done = self.done.join("\n  ");
            panic!("DUTIFUL_TEST_SEED={seed}\n  {done}\n{difference}");
        }
    }
}
