//! Queues that move from one engine to another while they are in use, in every direction between the engines
//! that are there.
//!
//! Which engines are there is told by the environment, as for the conformance suite; `DUTIFUL_TEST_MOVE_TASKS`
//! says how many tasks move, 1,000 unless told otherwise (`cargo xtask test --full` takes 100,000). What lives
//! here: the list of trials. The cases are in one file a group.

#![allow(clippy::unwrap_used, missing_docs)]

mod fill;
mod guard;
mod harness;
mod killed;
mod live;
mod pair;
mod read;
mod refused;
mod two;
mod whole;

use harness::engine::{self, Dialect, Engine, Found};
use harness::trial::{missing, runtime};
use libtest_mimic::{Arguments, Trial};
use pair::{Case, run_on};
use std::process::ExitCode;

/// Trials at once, unless told otherwise: many wait for the hold of a process that was killed, or for workers
/// to hear of a move.
const THREADS: usize = 16;
/// So many tasks keep the machine busy.
const LARGE: i64 = 10_000;
/// Trials at once that each move as many.
const THREADS_LARGE: usize = 3;

fn main() -> ExitCode {
    if let Some(child) = killed::child() {
        return runtime().block_on(killed::move_until_killed(child));
    }
    let mut arguments = Arguments::from_args();
    let threads = match fill::tasks() {
        0..LARGE => THREADS,
        _ => THREADS_LARGE,
    };
    arguments.test_threads = arguments.test_threads.or(Some(threads));
    harness::trial::keep_handlers_quiet();
    let (mut engines, mut trials) = (Vec::new(), Vec::new());
    for found in engine::all() {
        match found {
            Found::Engine(engine) => engines.push(engine),
            Found::Missing { name, why } => trials.push(missing(&name, why)),
        }
    }
    // Those that wait longest first.
    let waiting = [killed::cases(), live::cases()];
    for (from, to) in ring(&engines) {
        let cases = waiting.iter().flatten();
        trials.extend(cases.map(|case| trial(from, to, *case)));
    }
    for (from, to) in directions(&engines) {
        trials.extend(whole::cases().into_iter().map(|case| trial(from, to, case)));
    }
    for (from, to) in ring(&engines) {
        let cases = [refused::cases(), two::cases(), guard::cases()];
        trials.extend(
            cases
                .into_iter()
                .flatten()
                .map(|case| trial(from, to, case)),
        );
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Every direction between two dialects, and every engine of each of them, but not every engine with every other.
fn directions(engines: &[Engine]) -> Vec<(&Engine, &Engine)> {
    let speaking = |dialect| -> Vec<&Engine> {
        let some = engines.iter().filter(|engine| engine.dialect == dialect);
        some.collect()
    };
    let all = [Dialect::Sqlite, Dialect::Mysql, Dialect::Postgres].map(speaking);
    let mut directions = Vec::new();
    for (at, from) in all.iter().enumerate() {
        for (_, to) in all.iter().enumerate().filter(|(other, _)| *other != at) {
            if !from.is_empty() && !to.is_empty() {
                let pairs = (0..from.len().max(to.len()))
                    .map(|number| (from[number % from.len()], to[number % to.len()]));
                directions.extend(pairs);
            }
        }
    }
    if directions.is_empty() {
        ring(engines)
    } else {
        directions
    }
}

/// Each engine once as the old place and once as the new one.
fn ring(engines: &[Engine]) -> Vec<(&Engine, &Engine)> {
    let next = engines.iter().cycle().skip(1);
    engines.iter().zip(next).collect()
}

fn trial(from: &Engine, to: &Engine, case: Case) -> Trial {
    let name = format!("{}_to_{}::{}", from.name, to.name, case.name);
    let (from, to) = (from.clone(), to.clone());
    Trial::test(name, move || {
        run_on(&from, &to, case.run);
        Ok(())
    })
}

/// Whether views and triggers hold on to a table that is renamed.
fn binds_to_tables(engine: &Engine) -> bool {
    engine.dialect != Dialect::Mysql
}
