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

fn main() -> ExitCode {
    if let Some(child) = killed::child() {
        return runtime().block_on(killed::move_until_killed(child));
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(THREADS));
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

/// Every direction between engines that speak differently.
fn directions(engines: &[Engine]) -> Vec<(&Engine, &Engine)> {
    let pairs = engines
        .iter()
        .flat_map(|from| engines.iter().map(move |to| (from, to)));
    let all: Vec<_> = pairs
        .filter(|(from, to)| from.dialect != to.dialect)
        .collect();
    if all.is_empty() { ring(engines) } else { all }
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
