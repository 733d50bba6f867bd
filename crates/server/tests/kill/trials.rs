//! The promises, a file each, and how one is tried.

mod adopted;
mod clocks;
mod database;
mod frozen;
mod idle;
mod killed;
mod pills;
mod share;
mod sigterm;
mod ticks;

use crate::arena::Arena;
use crate::engine::Engine;
use libtest_mimic::Trial;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// What a trial does in its arena.
type Run = fn(Arc<Arena>) -> Pin<Box<dyn Future<Output = ()>>>;

/// Whoever holds it may do something to the server of an engine.
pub(crate) type Turn = Arc<Mutex<()>>;

/// A promise and its trial.
pub(crate) struct Promise {
    name: &'static str,
    run: Run,
    /// Nearly all of its time it waits for a lease, or for what is frozen.
    waits: bool,
}

/// Promises of this module's files, and behind `waiting:` those whose trials mostly wait.
macro_rules! promises {
    (
        $($module:ident :: $name:ident),* $(,)?
        $(; waiting: $($quiet:ident :: $waits:ident),+ $(,)?)?
    ) => {
        vec![
            $(Promise {
                name: stringify!($name),
                run: |arena| Box::pin($module::$name(arena)),
                waits: false,
            },)*
            $($(Promise {
                name: stringify!($waits),
                run: |arena| Box::pin($quiet::$waits(arena)),
                waits: true,
            },)+)?
        ]
    };
}

/// What holds on every engine.
pub(crate) fn everywhere() -> Vec<Promise> {
    promises![
        killed::twenty_thousand_tasks_survive_kill_9_and_sigstop,
        sigterm::sigterm_under_load_twenty_times_loses_and_charges_nothing,
        sigterm::a_second_signal_ends_the_process_at_once,
        share::three_workers_share_and_take_over,
        share::workers_that_are_killed_and_stopped_lose_and_double_nothing,
        ticks::each_tick_submits_one_task_over_ten_workers_that_are_killed,
        idle::an_idle_worker_costs_next_to_nothing;
        waiting:
        pills::a_handler_that_aborts_is_quarantined_after_three_crashes,
    ]
}

/// What has another form where the database is a file.
pub(crate) fn sqlite() -> Vec<Promise> {
    promises![database::a_file_survives_its_writers_being_killed_while_they_commit]
}

/// What can be done only where home-made queues are adopted.
pub(crate) fn where_queues_are_adopted() -> Vec<Promise> {
    promises![adopted::a_queue_is_adopted_by_a_command_that_is_killed_while_it_works]
}

/// What means something where the database does not share a clock with its workers.
pub(crate) fn where_the_database_has_a_clock() -> Vec<Promise> {
    promises![; waiting: clocks::workers_whose_clocks_are_an_hour_off_change_nothing]
}

/// What can be done to a server.
pub(crate) fn servers() -> Vec<Promise> {
    promises![
        database::the_database_may_be_killed_and_restarted_under_load;
        waiting:
        database::a_frozen_database_wedges_nobody,
        frozen::sigterm_ends_the_workers_of_a_frozen_database,
    ]
}

/// What holds where a standby can take over. Nothing comes after it: the primary is gone.
pub(crate) fn pairs() -> Vec<Promise> {
    promises![database::a_standby_takes_over_and_nothing_acknowledged_is_gone]
}

impl Promise {
    /// Whether others may be tried on other engines beside it.
    pub(crate) fn mostly_waits(&self) -> bool {
        self.waits
    }

    /// The trial on an engine, with a database of its own.
    pub(crate) fn trial(self, engine: &Engine, turn: &Turn) -> Trial {
        let turn = Arc::clone(turn);
        let (engine, name) = (engine.clone(), format!("{}::{}", engine.name, self.name));
        let title = name.clone();
        Trial::test(name, move || {
            // One that has failed says nothing about the next.
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            let began = Instant::now();
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let arena = Arc::new(Arena::make(&engine).await);
                (self.run)(Arc::clone(&arena)).await;
                arena.remove().await;
            });
            eprintln!("{title}: {:.1} s", began.elapsed().as_secs_f64());
            Ok(())
        })
    }
}
