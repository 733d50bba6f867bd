//! The binary `dutiful`: a worker for the built-in tasks, and the command line that submits, inspects
//! and looks after tasks on any database that Dutiful runs on.
//!
//! No SQL and no rule about a task's state stands here: both are the library's.

mod bench;
mod cli;
mod demo;
mod example_task;
mod failure;
mod known;
mod logging;
mod nearest;
mod output;
mod settings;
mod signals;
mod values;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cli::main() as u8)
}
