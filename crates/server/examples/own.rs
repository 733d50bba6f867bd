//! A binary of a team's own: every command of `dutiful`, for the tasks that the team has written.
//!
//! `cargo run -p dutiful-server --example own -- worker --migrate` runs them,
//! `cargo run -p dutiful-server --example own -- submit Shout '"hello"' --wait` submits one.

use dutiful::{Context, Task, TaskError};
use dutiful_server::{Tasks, cli};
use std::process::ExitCode;

/// Says it louder.
struct Shout;

impl Task for Shout {
    type Payload = String;
    type Output = String;

    async fn process(&self, text: String, _cx: &Context) -> Result<String, TaskError> {
        Ok(text.to_uppercase())
    }

    fn emoji(&self) -> &'static str {
        "📣"
    }
}

fn main() -> ExitCode {
    cli::run(Tasks::new().with(Shout))
}
