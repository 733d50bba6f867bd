//! Documents from their bytes to a search, by the tasks that the binary has, on every engine that is there.
//!
//! Which engines are there is told by the environment, as for the conformance suite, whose harness this shares. The
//! embedder is one of the trials' own, which counts what it is asked; models and providers have trials in their crate.

#![allow(clippy::unwrap_used, missing_docs)]

mod embedder;
mod harness;
mod live;
mod provider;

use harness::database::History;
use harness::engine::{self, Engine, Found};
use harness::trial::{Case, missing, run_on};
use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let found = engine::all().into_iter();
    let trials = found.flat_map(|found| match found {
        Found::Engine(engine) => trials(&engine),
        Found::Missing { name, why } => vec![missing(&name, why)],
    });
    harness::trial::run(&arguments, trials.collect())
}

fn trials(engine: &Engine) -> Vec<Trial> {
    let cases = [live::cases(), provider::cases()].concat();
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
