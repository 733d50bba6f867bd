//! Two databases of a case: a queue is in one, and the other is empty.

use crate::harness::database::{History, TestDb};
use crate::harness::engine::Engine;
use crate::harness::trial::runtime;
use dutiful::moves::{MoveReport, Mover};
use dutiful::{Client, Result};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::time::Duration;

/// No trial takes longer, however busy the machine and however many tasks there are.
const TRIAL_MAX: Duration = Duration::from_secs(900);

/// What a case does with its two databases.
pub(crate) type Run = fn(Pair) -> Pin<Box<dyn Future<Output = ()>>>;

/// A promise, and how it is tried.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: Run,
}

/// Makes `cases()` of a group.
macro_rules! pair_cases {
    ($($name:ident),* $(,)?) => {
        pub(crate) fn cases() -> Vec<$crate::pair::Case> {
            vec![$($crate::pair::Case {
                name: stringify!($name),
                run: |pair| Box::pin($name(pair)),
            },)*]
        }
    };
}
pub(crate) use pair_cases;

/// The old place and the new one.
pub(crate) struct Pair {
    pub(crate) from: TestDb,
    pub(crate) to: TestDb,
}

impl Pair {
    /// A mover with clients of its own, as another process would have, that waits for nothing running.
    pub(crate) async fn mover(&self) -> Mover {
        let (from, to) = (self.from.client().await, self.to.client().await);
        Mover::new(&from, &to).grace(Duration::ZERO)
    }

    /// One run of it.
    pub(crate) async fn move_all(&self) -> Result<MoveReport> {
        self.mover().await.run().await
    }

    /// Clients of both places.
    pub(crate) async fn clients(&self) -> (Client, Client) {
        (self.from.client().await, self.to.client().await)
    }

    /// Where the move is by its row in the old place.
    pub(crate) async fn stage(&self) -> Option<String> {
        let rows = self.from.rows("SELECT stage FROM dutiful_moves").await;
        rows.into_iter().flatten().flatten().next()
    }
}

/// Runs one case on databases of its own, which are dropped however it ends.
pub(crate) fn run_on(from: &Engine, to: &Engine, run: Run) {
    let runtime = runtime();
    let pair = runtime.block_on(async {
        Pair {
            from: TestDb::create(from, History::Fresh).await,
            to: TestDb::create(to, History::Empty).await,
        }
    });
    let places = [pair.from.place(), pair.to.place()];
    let bounded = async { tokio::time::timeout(TRIAL_MAX, run(pair)).await };
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(bounded)));
    runtime.shutdown_timeout(Duration::from_secs(1));
    let runtime = self::runtime();
    for place in places {
        runtime.block_on(place.remove());
    }
    match ended {
        Ok(in_time) => assert!(in_time.is_ok(), "no end within {TRIAL_MAX:?}"),
        Err(panic) => resume_unwind(panic),
    }
}
