//! Processes that are killed, stopped and cut off, on every engine that is there.
//!
//! The trials are black boxes: worker processes and the binary `dutiful` on one side, a file of what ran
//! when on the other, and the rows at the end. One trial exists for each engine and promise. They run one after
//! another, because each of them wants the machine for itself; those that mostly wait come last, and then one of
//! each engine at a time. Trials that kill or freeze a server exist only where `DUTIFUL_XTASK` names the tool that
//! can (`cargo xtask test` sets it).
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
use trials::Turn;

/// Trials that mostly wait, at once.
const THREADS: usize = 4;
/// What a test program ends with when a trial has failed.
const FAILED: u8 = 101;

fn main() -> ExitCode {
    if let Ok(role) = std::env::var(roles::ROLE) {
        return roles::run(&role);
    }
    let mut arguments = Arguments::from_args();
    let (mut working, mut waiting, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for found in engine::all() {
        match found {
            Found::Engine(engine) => {
                let turn = Turn::default();
                let trial = |promise: trials::Promise| promise.trial(&engine, &turn);
                let (waits, works): (Vec<_>, Vec<_>) = promises_on(&engine)
                    .into_iter()
                    .partition(trials::Promise::mostly_waits);
                working.extend(works.into_iter().map(trial));
                waiting.push(waits.into_iter().map(trial).collect());
                last.extend(last_promises_on(&engine).into_iter().map(trial));
            }
            Found::Missing { name, why } => {
                let missing = move || Err(Failed::from(why));
                working.push(Trial::test(format!("{name}::missing"), missing));
            }
        }
    }
    let mut failed = false;
    for (trials, threads) in [(working, 1), (in_turn(waiting), THREADS), (last, 1)] {
        if !trials.is_empty() {
            arguments.test_threads = Some(threads);
            failed |= libtest_mimic::run(&arguments, trials).has_failed();
        }
    }
    ExitCode::from(if failed { FAILED } else { 0 })
}

/// The first of each list, then the second of each, and so on.
fn in_turn(lists: Vec<Vec<Trial>>) -> Vec<Trial> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut all = Vec::new();
    loop {
        let next: Vec<Trial> = lists.iter_mut().filter_map(Iterator::next).collect();
        if next.is_empty() {
            return all;
        }
        all.extend(next);
    }
}

fn promises_on(engine: &Engine) -> Vec<trials::Promise> {
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
        _ if server::tool().is_some() => promises.extend(trials::servers()),
        _ => eprintln!(
            "NOT TRIED on {}: killing and freezing the server, because DUTIFUL_XTASK is not set; \
             `cargo xtask test` sets it",
            engine.name
        ),
    }
    promises
}

/// What leaves nothing behind on which more could be tried.
fn last_promises_on(engine: &Engine) -> Vec<trials::Promise> {
    match server::tool().and_then(|_| server::standby(engine)) {
        Some(_) => trials::pairs(),
        None => Vec::new(),
    }
}
