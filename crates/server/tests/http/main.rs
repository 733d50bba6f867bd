//! The HTTP API as a client meets it: the binary serves, requests come over a socket.
//!
//! One trial exists for each engine and promise. Each has a server of its own, on tables of its own.

#![allow(clippy::unwrap_used, missing_docs)]

mod access;
mod bad_input;
mod bulk;
mod canary;
mod crowd;
mod described;
mod events;
mod generated;
mod limits;
mod listing;
mod lost_answer;
mod operating;
mod pages;
mod periodic;
mod rates;
mod server;
mod submitting;
mod tls;
mod wire;

// Which engines are there is told as in the conformance suite, which needs more of it.
#[allow(dead_code)]
#[path = "../../../dutiful/tests/conformance/harness/engine.rs"]
mod engine;

#[path = "../../../dutiful/tests/python/packages.rs"]
mod packages;

use engine::{Engine, Found};
use libtest_mimic::{Arguments, Failed, Trial};
use server::Server;
use std::process::ExitCode;

/// A promise and its trial.
pub(crate) type Promise = (&'static str, fn(&Server));

/// A promise whose trial starts servers as it needs them.
pub(crate) type OwnPromise = (&'static str, fn(&Engine));

/// Names the functions of a module as promises.
macro_rules! promises {
    ($($name:ident),+ $(,)?) => {
        pub(crate) const PROMISES: &[crate::Promise] = &[$((stringify!($name), $name)),+];
    };
}
/// The same for those that start servers of their own.
macro_rules! own_promises {
    ($($name:ident),+ $(,)?) => {
        pub(crate) const PROMISES: &[crate::OwnPromise] = &[$((stringify!($name), $name)),+];
    };
}
pub(crate) use {own_promises, promises};

/// They open many sockets and processes each.
const AT_ONCE: usize = 4;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(AT_ONCE));
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
    let modules = [
        submitting::PROMISES,
        listing::PROMISES,
        operating::PROMISES,
        bulk::PROMISES,
        periodic::PROMISES,
        bad_input::PROMISES,
        limits::PROMISES,
        described::PROMISES,
        events::PROMISES,
        pages::PROMISES,
        lost_answer::PROMISES,
        crowd::PROMISES,
    ];
    let promises = modules.into_iter().flatten();
    let trial = |(name, run): &Promise| {
        let (engine, run) = (engine.clone(), *run);
        Trial::test(format!("{}::{name}", engine.name), move || {
            let server = Server::start(&engine, &[]);
            run(&server);
            server.end();
            Ok(())
        })
    };
    let guarded = |(name, run): &Promise| {
        let (engine, run) = (engine.clone(), *run);
        Trial::test(format!("{}::{name}", engine.name), move || {
            let server = Server::start(&engine, &["--require-token", "--allow-unknown"]);
            run(&server);
            server.end();
            Ok(())
        })
    };
    let guarded = [access::PROMISES, canary::PROMISES]
        .into_iter()
        .flatten()
        .map(guarded);
    // No engine matters to them, and each starts servers as it needs them.
    let own = |(name, run): &OwnPromise| {
        let (engine, run) = (engine.clone(), *run);
        Trial::test(format!("{}::{name}", engine.name), move || {
            run(&engine);
            Ok(())
        })
    };
    let alike = [tls::PROMISES, rates::PROMISES].into_iter().flatten();
    let alike = alike.filter(|_| engine.name == "sqlite");
    promises
        .map(trial)
        .chain(guarded)
        .chain(alike.map(own))
        .chain(std::iter::once(generated::trial(engine)))
        .collect()
}
