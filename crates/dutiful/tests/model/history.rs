//! One random history.

use super::compare;
use super::harness::TestDb;
use super::random::Random;
use super::runs::Live;
use super::table::Table;
use dutiful::{Client, ErrorKind, TaskId};
use dutiful_core::Event;
use std::time::Duration;

const STEPS: u32 = 50;
/// So many workers run something at once.
const WORKERS: usize = 2;
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// A history under way.
pub(crate) struct Play {
    pub(crate) db: TestDb,
    /// Of two programs.
    pub(crate) clients: [Client; 2],
    pub(crate) random: Random,
    pub(crate) table: Table,
    /// What runs, each on a worker of its own. One may have lost its lease to the other.
    pub(crate) live: Vec<Live>,
    /// What has been done, for the report.
    done: Vec<String>,
}

/// Plays the history of a seed on an empty database.
pub(crate) async fn run(db: &TestDb, clients: &[Client; 2], random: Random) {
    for table in ["tasks", "attempts"] {
        db.exec(&format!("DELETE FROM dutiful_{table}")).await;
    }
    let mut play = Play {
        db: db.clone(),
        clients: clients.clone(),
        random,
        table: Table::default(),
        live: Vec::new(),
        done: Vec::new(),
    };
    for _ in 0..STEPS {
        play.step().await;
        play.check().await;
    }
    while !play.live.is_empty() {
        play.begin_step().await;
        play.end_a_run().await;
        play.check().await;
    }
    let histories = compare::histories(play.client(), &play.table).await;
    play.agree(histories);
}

impl Play {
    async fn step(&mut self) {
        self.begin_step().await;
        match self.random.below(100) {
            0..30 if self.live.len() < WORKERS => self.begin_a_run().await,
            30..50 if !self.live.is_empty() => self.end_a_run().await,
            0..68 => self.submit().await,
            68..72 => self.submit_many().await,
            72..87 => self.operate().await,
            87..92 => self.die().await,
            _ => self.advance().await,
        }
    }

    /// Retry, cancel, run now or edit, whatever state the task is in.
    async fn operate(&mut self) {
        let Some(id) = self.any_task() else { return };
        let event = self.random.pick(&[
            Event::RetriedByHand,
            Event::RetriedByHand,
            Event::Cancelled,
            Event::RunNow,
            Event::Edited {
                run_at: None,
                max_retries: Some(2),
            },
        ]);
        self.note(format!("{event:?} {id}"));
        let client = self.any_client();
        let answer = match event {
            Event::RetriedByHand => client.retry(id).await,
            Event::Cancelled => client.cancel(id).await,
            Event::Edited { .. } => client.edit(id).max_retries(2).await,
            _ => client.run_now(id).await,
        };
        let refused = answer.err().map(|error| error.kind());
        let expected = self.table.apply(id, event).err();
        self.expect(refused, expected.map(|_| ErrorKind::Conflict));
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
        let claimed = Event::Claimed { lease: HOUR };
        self.table.apply(id, claimed).unwrap();
    }

    /// Two hours pass: what waits comes due, leases and windows run out.
    async fn advance(&mut self) {
        self.note("two hours pass".to_owned());
        let (due, until) = (
            self.db.earlier("due_at", 2 * HOUR),
            self.db.earlier("dedup_until", 2 * HOUR),
        );
        self.db
            .exec(&format!("UPDATE dutiful_tasks SET {due}, {until}"))
            .await;
        self.table.advance(2 * HOUR);
    }

    fn any_task(&mut self) -> Option<TaskId> {
        let ids: Vec<TaskId> = self.table.tasks.keys().copied().collect();
        (!ids.is_empty()).then(|| self.random.pick(&ids))
    }

    pub(crate) fn any_client(&mut self) -> Client {
        self.random.pick(&self.clients)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.clients[0]
    }

    pub(crate) fn note(&mut self, what: String) {
        self.done.push(what);
    }

    /// What happens from here on happens after this moment of the database's clock.
    async fn begin_step(&mut self) {
        let now = self.client().stats().await.unwrap().now;
        self.table.set_clock(now);
    }

    async fn check(&mut self) {
        let now = self.client().stats().await.unwrap().now;
        let compared = compare::rows(&self.db, &self.clients[0], &mut self.table, now).await;
        self.agree(compared);
    }

    pub(crate) fn expect<T: PartialEq + std::fmt::Debug>(&self, found: T, expected: T) {
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
