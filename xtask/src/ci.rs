//! `cargo xtask ci`: all that must hold before a change is taken.

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::workspace::{OPTIONAL, cargo};
use crate::{test, tidy};

/// Runs every step, also after one has failed, the tests last: their counts end the output.
pub(crate) fn run() -> Result<ExitCode> {
    let mut failed = Vec::new();
    let mut step = |name: &'static str, passed: Result<bool>| -> Result<()> {
        if !passed.with_context(|| format!("cannot run {name}"))? {
            say!("{name}: failed");
            failed.push(name);
        }
        Ok(())
    };
    step(
        "fmt",
        timed("fmt", || {
            succeeds(cargo()?.args(["fmt", "--all", "--check"]))
        }),
    )?;
    step(
        "tidy",
        timed("tidy", || Ok(tidy::run()? == ExitCode::SUCCESS)),
    )?;
    step(
        "clippy",
        timed("clippy", || {
            let options = [
                "--workspace",
                "--all-targets",
                "--features",
                OPTIONAL,
                "--",
                "-D",
                "warnings",
            ];
            succeeds(cargo()?.arg("clippy").args(options))
        }),
    )?;
    step(
        "doc",
        timed("doc", || {
            let mut doc = cargo()?;
            doc.env("RUSTDOCFLAGS", "-D warnings");
            succeeds(doc.args(["doc", "--workspace", "--no-deps"]))
        }),
    )?;
    if !failed.is_empty() {
        say!("failed so far: {}", failed.join(", "));
    }
    let begin = Instant::now();
    let tested = test::run(&test::Test::default())?;
    say!("test: {:.0} s", begin.elapsed().as_secs_f32());
    Ok(if failed.is_empty() {
        tested
    } else {
        ExitCode::FAILURE
    })
}

fn timed(name: &str, act: impl FnOnce() -> Result<bool>) -> Result<bool> {
    say!("{name}");
    let begin = Instant::now();
    let passed = act()?;
    say!("{name}: {:.0} s", begin.elapsed().as_secs_f32());
    Ok(passed)
}

fn succeeds(command: &mut Command) -> Result<bool> {
    Ok(command.status()?.success())
}
