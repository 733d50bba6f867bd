//! What workers say in trouble: once when it begins and once when it is over, and nothing at all about what
//! they get over by themselves.
//!
//! Which engines are there is told by the environment, as for the conformance suite, whose harness this
//! shares. One trial runs at a time, because all that is said in the process is heard.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../conformance/harness/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros)]
mod harness;

mod circle;
mod crowd;
mod cuts;
mod heard;

use harness::database::History;
use harness::engine::{self, Engine, Found};
use harness::trial::{Case, missing, run_on};
use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    heard::begin();
    let found = engine::all().into_iter();
    let trials = found.flat_map(|found| match found {
        Found::Engine(engine) => trials(&engine),
        Found::Missing { name, why } => vec![missing(&name, why)],
    });
    harness::trial::run(&arguments, trials.collect())
}

fn trials(engine: &Engine) -> Vec<Trial> {
    let cases = [circle::cases(), crowd::cases(), cuts::cases()].concat();
    let trial = |case: Case| {
        let engine = engine.clone();
        Trial::test(format!("{}::{}", engine.name, case.name), move || {
            run_on(&engine, History::Fresh, case.run);
            Ok(())
        })
    };
    let cases = cases.into_iter().filter(|case| (case.on)(engine));
    cases.map(trial).collect()
}
