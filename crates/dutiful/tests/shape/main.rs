//! What a task costs, counted: round trips, rows read past an index, bytes of log.
//!
//! Nothing here is timed, so a busy machine changes nothing. The trials run one after the other, because
//! servers count for all of their connections together.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../conformance/harness/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros)]
mod harness;

mod cost;
mod turns;

use harness::database::History;
use harness::engine::{self, Found};
use harness::trial::{missing, run_on};
use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let mut trials = Vec::new();
    for found in engine::all() {
        match found {
            Found::Missing { name, why } => trials.push(missing(&name, why)),
            // A pooler counts nothing of its own; what it passes on is counted on its server.
            Found::Engine(engine) if engine.shared => {}
            Found::Engine(engine) => trials.extend(cost::cases().into_iter().map(|case| {
                let engine = engine.clone();
                Trial::test(format!("{}::{}", engine.name, case.name), move || {
                    run_on(&engine, History::Fresh, case.run);
                    Ok(())
                })
            })),
        }
    }
    harness::trial::run(&arguments, trials)
}
