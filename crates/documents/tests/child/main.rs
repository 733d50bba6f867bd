//! Documents that are read in a child process: what becomes of it, what bounds it, and what is left.
//!
//! This program is its own child, so it begins as one must. Started with `CHILD_ROLE` it is one of the
//! parents that the trials kill (see `roles`). Where a reader has to do what none does, scripts stand in
//! (see `fakes`).

#![cfg_attr(not(unix), allow(unused))]
#![allow(clippy::unwrap_used, missing_docs)]

#[cfg(unix)]
mod bounds;
#[cfg(unix)]
mod ends;
#[cfg(unix)]
mod fakes;
#[cfg(unix)]
mod pages;
#[cfg(unix)]
mod roles;
#[path = "../support/mod.rs"]
mod support;
#[cfg(unix)]
mod task;
#[cfg(unix)]
mod traces;

use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

/// One promise, checked.
type Promise = (&'static str, fn());

#[cfg(unix)]
fn main() -> ExitCode {
    dutiful_documents::child::serve_if_asked();
    if let Ok(role) = std::env::var(roles::ROLE) {
        return roles::run(&role);
    }
    // Written before there is a second thread: a script that is open for writing cannot be started.
    let folder = fakes::write();
    let promises = [
        ends::PROMISES,
        bounds::PROMISES,
        pages::PROMISES,
        traces::PROMISES,
        task::PROMISES,
    ];
    let trials = promises.concat().into_iter().map(|(name, check)| {
        Trial::test(name, move || {
            check();
            Ok(())
        })
    });
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials.collect());
    drop(folder);
    conclusion.exit_code()
}

#[cfg(not(unix))]
fn main() {}
