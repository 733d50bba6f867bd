//! Workers are told to stop while their database does not answer.

use crate::arena::Arena;
use crate::audit::What;
use crate::fleet::{Fleet, GRACE};
use crate::server::{self, Thaw};
use crate::wait::until;
use nix::sys::signal::Signal;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Few, so that workers with something to run and idle ones are told alike.
const TASKS: u64 = 2;
const START: Duration = Duration::from_secs(20);
/// What an end may take beyond the grace: handlers are told, outcomes and the worker's row are waited for.
const SECONDS_MORE: Duration = Duration::from_secs(10);

pub(crate) async fn sigterm_ends_the_workers_of_a_frozen_database(arena: Arc<Arena>) {
    let mut fleet = Fleet::start(&arena, 2);
    fleet.have_started().await;
    arena.submit(TASKS, |_| 60_000).await;
    let started = || async {
        let lines = arena.audit();
        lines.iter().filter(|line| line.what == What::Start).count() as u64 == TASKS
    };
    until("the tasks run", START, started).await;
    let thaw = Thaw(arena.engine.clone());
    server::db("freeze", &arena.engine).await;
    // Long enough for every part to ask for something and to get no answer.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let told = Instant::now();
    for worker in &fleet.workers {
        worker.signal(Signal::SIGTERM);
    }
    for mut worker in fleet.workers.drain(..) {
        let left = (GRACE + SECONDS_MORE).saturating_sub(told.elapsed());
        let status = worker.end(left).await;
        assert_eq!(status.code(), Some(0), "its log: {}", worker.log());
    }
    let took = told.elapsed();
    server::db("thaw", &arena.engine).await;
    drop(thaw);
    eprintln!(
        "{}: frozen, all workers ended after {took:.1?}",
        arena.engine.name
    );
}
