//! Processes that are killed, stopped and cut off, on every engine that is there.
//!
//! The trials are black boxes: worker processes and the binary `dutiful` on one side, a file of what ran
//! when on the other, and the rows at the end. One trial exists for each engine and promise, and they run
//! one after another, because each of them wants the machine for itself. Trials that kill or freeze a
//! server exist only where `DUTIFUL_XTASK` names the tool that can (`cargo xtask test` sets it).
//!
//! This program is its own worker: started with `CRASH_ROLE` it becomes one of the processes that the
//! trials kill (see `roles`).

#![allow(clippy::unwrap_used, missing_docs)]

mod arena;
mod audit;
mod clock;
mod fleet;
mod leases;
mod roles;
mod seed;
mod server;
mod trials;
mod verdict;
mod wait;

// Which engines are there, and SQL past the product, are told and done as in the conformance suite, which
// needs more of it.
#[allow(dead_code)]
#[path = "../../../dutiful/tests/conformance/harness/engine.rs"]
mod engine;
#[allow(dead_code)]
#[path = "../../../dutiful/tests/conformance/harness/raw.rs"]
mod raw;

use engine::{Dialect, Engine, Found};
use libtest_mimic::{Arguments, Failed, Trial};
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Ok(role) = std::env::var(roles::ROLE) {
        return roles::run(&role);
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let trials = engine::all().into_iter().flat_map(|found| match found {
        Found::Engine(engine) => trials_on(&engine),
        Found::Missing { name, why } => {
            vec![Trial::test(format!("{name}::missing"), move || {
                Err(Failed::from(why))
            })]
        }
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn trials_on(engine: &Engine) -> Vec<Trial> {
    // A pooler or a cluster is not one server that can be killed under a database of its own.
    if engine.shared {
        return Vec::new();
    }
    let mut promises = trials::everywhere();
    if engine.is_server() {
        promises.extend(trials::where_the_database_has_a_clock());
    }
    if engine.dialect == Dialect::Mysql {
        promises.extend(trials::where_queues_are_adopted());
    }
    match engine.dialect {
        Dialect::Sqlite => promises.extend(trials::sqlite()),
        _ if server::tool().is_some() => {
            promises.extend(trials::servers());
            if server::standby(engine).is_some() {
                promises.extend(trials::pairs());
            }
        }
        _ => eprintln!(
            "NOT TRIED on {}: killing and freezing the server, because DUTIFUL_XTASK is not set; \
             `cargo xtask test` sets it",
            engine.name
        ),
    }
    promises
        .into_iter()
        .map(|promise| promise.trial(engine))
        .collect()
}
