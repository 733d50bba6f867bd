//! Workers are killed and stopped in the middle of everything.

use crate::arena::Arena;
use crate::fleet::{Fleet, LEASE, complaints};
use crate::leases::Watch;
use crate::roles::{AuditTask, Work};
use crate::seed::Seed;
use crate::verdict::Verdict;
use dutiful::{Client, Filter, State};
use std::sync::Arc;
use std::time::{Duration, Instant};

const TASKS: u64 = 20_000;
const WORKERS: usize = 4;
/// Tasks come due in waves, a little slower than they are run.
const WAVE: u64 = 1_000;
/// Some tasks run for longer than a lease, so that leases that were renewed are among those that are lost
/// and those that must not be. The last waves have none: they would only be waited for.
const LONG_EVERY: u64 = 250;
const LONG_BEFORE: u64 = 15_000;
const WAVES_APART: Duration = Duration::from_millis(800);
const LIMIT: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);

pub(crate) async fn twenty_thousand_tasks_survive_kill_9_and_sigstop(arena: Arc<Arena>) {
    let mut seed = Seed::new();
    let long = submit_in_waves(&arena, &mut seed).await;
    let watch = Watch::start(&arena, &long);
    let began = Instant::now();
    let mut fleet = Fleet::start(&arena, WORKERS);
    let faults = seed.between(10, 14);
    for _ in 0..faults {
        tokio::time::sleep(seed.millis(300, 900)).await;
        fleet.thaw();
        fault(&mut fleet, &mut seed);
    }
    let client = arena.client().await;
    let under_load = arena.open_tasks().await;
    assert!(
        under_load > 0,
        "the tasks were done before the last fault; give them more time each"
    );
    while arena.open_tasks().await > 0 || fleet.are_stopped() {
        assert!(began.elapsed() < LIMIT, "not done after {LIMIT:?}");
        fleet.thaw();
        run_quarantined_again(&client).await;
        tokio::time::sleep(LOOK).await;
    }
    let took = began.elapsed();
    // What went on without its lease has had its time, and its settles were refused or did harm.
    fleet.stop().await;
    let seen = watch.stop().await;
    let verdict = Verdict::with(&arena, &fleet.faults, &seen).await;
    eprintln!(
        "{}: {faults} faults, drained in {took:.1?}; {} leases looked at; {verdict}",
        arena.engine.name,
        seen.len()
    );
    assert_eq!(verdict.tasks(), TASKS as usize);
    assert!(verdict.leases_lost() > 0, "no fault hit a running task");
    verdict.assert_good();
    assert_eq!(complaints(&arena), Vec::<String>::new());
}

/// A task that happened to be held at three faults is quarantined, as promised. An operator runs it again.
async fn run_quarantined_again(client: &Client) {
    let quarantined = Filter::new().state(State::Quarantined);
    for task in client.list(&quarantined).await.unwrap().tasks {
        client.retry(task.id).await.unwrap();
    }
}

/// Gives back the tasks that run for long.
async fn submit_in_waves(arena: &Arena, seed: &mut Seed) -> Vec<i64> {
    let client = arena.client().await;
    let is_long = |n: u64| n.is_multiple_of(LONG_EVERY) && n < LONG_BEFORE;
    let mut long = Vec::new();
    for wave in 0..TASKS / WAVE {
        let mut work = |n| Work {
            n,
            ms: if is_long(n) {
                seed.between(2_500, 3_500)
            } else {
                seed.between(10, 30)
            },
        };
        let numbers = wave * WAVE..(wave + 1) * WAVE;
        let works: Vec<Work> = numbers.clone().map(&mut work).collect();
        let due_in = WAVES_APART * u32::try_from(wave).unwrap();
        let submit = client.submit_many::<AuditTask>(works).delay(due_in);
        let submitted = submit.await.unwrap();
        let of_wave = numbers.zip(submitted).filter(|(n, _)| is_long(*n));
        long.extend(of_wave.map(|(_, submitted)| submitted.id.0));
    }
    long
}

fn fault(fleet: &mut Fleet, seed: &mut Seed) {
    let index = seed.between(0, fleet.workers.len() as u64 - 1) as usize;
    if seed.between(0, 1) == 0 {
        fleet.kill(index);
    } else {
        fleet.freeze(index, LEASE + seed.millis(2_000, 3_500));
    }
    // Those that were stopped come back, so that there may be enough.
    if fleet.workers.len() < WORKERS {
        fleet.add();
    }
}
