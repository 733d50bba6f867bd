//! The tools of this workspace, run as `cargo xtask COMMAND`.
//!
//! They need nothing but a Rust toolchain and the package clients of a Debian machine
//! (`apt-get`, `python3 -m pip`). What they start is private to this checkout.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A message to the person who runs the tool: always on stderr, data alone is on stdout.
macro_rules! say {
    ($($text:tt)*) => { eprintln!("xtask: {}", format_args!($($text)*)) };
}

mod bench;
mod ci;
mod db;
mod parts;
mod runner;
mod servers;
mod test;
mod tidy;
mod workspace;

/// The tools of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Private database servers for tests and development
    #[command(subcommand)]
    Db(db::Command),
    /// What document tests use beside a database: libraries, a model, Tesseract, a server that embeds
    Parts(parts::Parts),
    /// Measure beside others, on servers started for it
    #[command(subcommand)]
    Bench(bench::Command),
    /// Run all tests on SQLite and on servers started for them
    Test(test::Test),
    /// Check the house style
    Tidy,
    /// Everything that must hold: fmt, tidy, clippy, doc, test
    Ci,
}

fn main() -> ExitCode {
    let done = match Args::parse().command {
        Command::Db(command) => db::run(&command).map(|()| ExitCode::SUCCESS),
        Command::Parts(parts) => parts::run(&parts).map(|()| ExitCode::SUCCESS),
        Command::Bench(command) => bench::run(&command),
        Command::Test(test) => test::run(&test),
        Command::Tidy => tidy::run(),
        Command::Ci => ci::run(),
    };
    done.unwrap_or_else(|error| {
        say!("{error:#}");
        ExitCode::FAILURE
    })
}
