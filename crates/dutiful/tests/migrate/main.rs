//! Making and dropping the tables, on every engine that is there: by runs at once, runs that are cut off or
//! killed, and by the team's own tool.
//!
//! Which engines are there is told by the environment, as for the conformance suite. What lives here: the
//! list of trials. The cases are in one file a group.

#![allow(clippy::unwrap_used, missing_docs)]

mod cut;
mod harness;
mod killed;
mod printed;
mod refused;
mod rows;
mod runs;
mod tables;

use harness::database::History;
use harness::engine::{self, Dialect, Engine, Found};
use harness::trial::{Case, missing, run_on, runtime};
use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

/// Trials at once, unless told otherwise: many wait for the lock of a run that was killed.
const THREADS: usize = 12;
/// How often a process is killed, for each direction that finishes its work.
const KILLS: usize = 4;

fn main() -> ExitCode {
    if let Some(place) = killed::place_of_child() {
        return runtime().block_on(killed::migrate_until_killed(place));
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(THREADS));
    let found = engine::all().into_iter();
    let trials = found.flat_map(|found| match found {
        Found::Engine(engine) => trials(&engine),
        Found::Missing { name, why } => vec![missing(&name, why)],
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// The trials of an engine, those that wait longest first.
fn trials(engine: &Engine) -> Vec<Trial> {
    // Where a run is one transaction, a run that was cut off leaves nothing.
    let cut = match engine.dialect {
        Dialect::Mysql => cut::cases(),
        Dialect::Sqlite | Dialect::Postgres => Vec::new(),
    };
    let once = |case: Case| trial(engine, case, "");
    let mut trials: Vec<Trial> = cut.into_iter().map(once).collect();
    for case in killed::cases() {
        trials.extend((1..=KILLS).map(|round| trial(engine, case, &format!("_{round}"))));
    }
    let others = [runs::cases(), refused::cases(), rows::cases()];
    trials.extend(others.into_iter().flatten().map(once));
    trials
}

fn trial(engine: &Engine, case: Case, suffix: &str) -> Trial {
    let engine = engine.clone();
    Trial::test(
        format!("{}::{}{suffix}", engine.name, case.name),
        move || {
            run_on(&engine, History::Empty, case.run);
            Ok(())
        },
    )
}
