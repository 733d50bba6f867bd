//! The line that tells what was measured.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

/// A measurement: by which statements, and how long it took.
pub(crate) struct Timed {
    shape: String,
    took: Duration,
}

impl Timed {
    /// Ends a measurement that began at `begun`.
    pub(crate) fn since(begun: Instant, shape: impl Into<String>) -> Timed {
        Timed {
            took: begun.elapsed(),
            shape: shape.into(),
        }
    }

    pub(crate) fn print(&self, engine: &str, measure: &str, tasks: usize) -> Result<()> {
        let seconds = self.took.as_secs_f64();
        ensure!(seconds > 0.0, "nothing was measured");
        let line = json!({
            "engine": engine,
            "measure": measure,
            "shape": self.shape,
            "tasks": tasks,
            "seconds": seconds,
            "per_second": (tasks as f64 / seconds).round(),
        });
        println!("{line}");
        Ok(())
    }
}

/// A figure counts only when every row is settled.
pub(crate) fn check(unsettled: i64) -> Result<()> {
    ensure!(unsettled == 0, "{unsettled} rows are not settled");
    Ok(())
}
