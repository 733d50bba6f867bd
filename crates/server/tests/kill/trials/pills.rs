//! A task that takes its process with it.

use crate::arena::Arena;
use crate::fleet::{Fault, Fleet, Process, WORKER};
use crate::roles::{AbortTask, AuditTask, Work};
use crate::verdict::{self, Verdict};
use dutiful::{Filter, State, Task};
use std::sync::Arc;
use std::time::{Duration, Instant};

const TASKS: u64 = 200;
const PILLS: u64 = 3;
/// Long enough for a task to be in the middle of its run when a pill takes the process away.
const BYSTANDER_MS: u64 = 300;
const LIMIT: Duration = Duration::from_secs(60);
/// So many crashes of a pill, one after another in the worst case.
const CRASHES_MAX: usize = PILLS as usize * 3;

pub(crate) async fn a_handler_that_aborts_is_quarantined_after_three_crashes(arena: Arc<Arena>) {
    let client = arena.client().await;
    arena.submit(TASKS / 2, |_| BYSTANDER_MS).await;
    for n in 0..PILLS {
        client
            .submit::<AbortTask>(Work {
                n: TASKS + n,
                ms: 0,
            })
            .await
            .unwrap();
    }
    let more = (TASKS / 2..TASKS).map(|n| Work {
        n,
        ms: BYSTANDER_MS,
    });
    client.submit_many::<AuditTask>(more).await.unwrap();

    let (crashes, faults) = supervise(&arena).await;
    let tasks = verdict::tasks(&arena).await;
    let most = tasks.iter().map(|task| task.crashes).max().unwrap();
    eprintln!(
        "{}: {crashes} crashes of the worker, at most {most} charged to a bystander",
        arena.engine.name
    );
    assert!(crashes <= CRASHES_MAX, "{crashes} crashes");
    let pills = client
        .list(&Filter::new().task_name(AbortTask::name()))
        .await
        .unwrap()
        .tasks;
    assert_eq!(pills.len() as u64, PILLS);
    for pill in pills {
        assert_eq!((pill.state, pill.crashes), (State::Quarantined, 3));
    }
    let verdict = Verdict::of(&arena, &faults).await;
    eprintln!("{}: {verdict}", arena.engine.name);
    verdict.assert_good();
}

/// Starts the worker again whenever it is gone, as a supervisor does, until nothing is left to do.
async fn supervise(arena: &Arc<Arena>) -> (usize, Vec<Fault>) {
    let began = Instant::now();
    let mut fleet = Fleet::start(arena, 1);
    let mut crashes = 0;
    while arena
        .int("SELECT COUNT(*) FROM dutiful_tasks WHERE due_at IS NOT NULL")
        .await
        > 0
    {
        assert!(
            began.elapsed() < LIMIT,
            "not done after {LIMIT:?} and {crashes} crashes"
        );
        if !fleet.workers[0].is_alive() {
            crashes += 1;
            // The abort has come before this.
            fleet.kill(0);
            fleet.workers.push(Process::start(arena, WORKER));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    fleet.stop().await;
    (crashes, fleet.faults)
}
