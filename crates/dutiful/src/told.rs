//! What a report tells of tasks: how many there are, and the first of them.

use dutiful_core::TaskId;
use dutiful_core::limits::REPORT_EXAMPLES_MAX;
use serde::Serialize;

/// How many tasks something is told of, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Told {
    /// How many.
    pub tasks: u64,
    /// The first twenty.
    pub examples: Vec<Example>,
}

/// A task that something is told of.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Example {
    /// Its id.
    pub id: TaskId,
    /// What is told.
    pub why: String,
}

impl Told {
    pub(crate) fn add(&mut self, id: i64, why: impl Into<String>) {
        self.tasks += 1;
        if self.examples.len() < REPORT_EXAMPLES_MAX {
            self.examples.push(Example {
                id: TaskId(id),
                why: why.into(),
            });
        }
    }
}
