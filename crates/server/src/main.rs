//! The binary `dutiful`: the command line with the built-in tasks.

use dutiful_server::{ExampleTask, Tasks, cli};
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(Tasks::new().with(ExampleTask).with_documents())
}
