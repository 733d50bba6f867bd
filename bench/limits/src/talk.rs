//! How a program in the background talks with the one that has started it: a line when it is ready, an
//! answer to each line, and the end when stdin is closed, so that it never outlives who started it.

use std::io::{BufRead, Write};

use anyhow::Result;
use serde_json::{Value, json};

/// Says that all is ready, and waits until stdin is closed.
pub(crate) async fn ready_until_closed() -> Result<()> {
    until_closed(json!({ "ready": true }), || json!({})).await
}

/// Says `ready`, and `answer` to each line, until stdin is closed.
pub(crate) async fn until_closed(
    ready: Value,
    answer: impl Fn() -> Value + Send + 'static,
) -> Result<()> {
    let talking = move || -> Result<()> {
        say(&ready)?;
        for line in std::io::stdin().lock().lines() {
            line?;
            say(&answer())?;
        }
        Ok(())
    };
    tokio::task::spawn_blocking(talking).await?
}

fn say(line: &Value) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}
