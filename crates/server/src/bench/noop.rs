//! A task that does nothing, counted.

use dutiful::{Context, Task, TaskError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tokio::sync::Notify;

/// What a no-op takes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Numbered {
    pub(super) number: u64,
    /// Makes payloads as large as they shall be.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) filler: String,
}

/// What a no-op gives back.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Number {
    number: u64,
}

/// Text of so many bytes.
pub(super) fn filler(bytes: usize) -> String {
    "abcdefghijklmnopqrstuvwxyz 0123456789 "
        .chars()
        .cycle()
        .take(bytes)
        .collect()
}

/// How far the handlers of a bench are.
#[derive(Debug, Default)]
pub(super) struct Ran {
    count: AtomicU64,
    first: OnceLock<Instant>,
    reached: Notify,
}

impl Ran {
    fn one(&self, goal: u64) {
        self.first.get_or_init(Instant::now);
        if self.count.fetch_add(1, Ordering::Relaxed) + 1 == goal {
            self.reached.notify_one();
        }
    }

    /// How many have run.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// When the first one began.
    pub(super) fn first(&self) -> Option<Instant> {
        self.first.get().copied()
    }

    /// Waits until the goal is reached; said once.
    pub(super) async fn reached(&self) {
        self.reached.notified().await;
    }
}

/// Does nothing; its result is stored like any other.
#[derive(Debug)]
pub(super) struct Noop {
    pub(super) ran: Arc<Ran>,
    pub(super) goal: u64,
}

impl Task for Noop {
    type Payload = Numbered;
    type Output = Number;

    async fn process(&self, payload: Numbered, _cx: &Context) -> Result<Number, TaskError> {
        self.ran.one(self.goal);
        Ok(Number {
            number: payload.number,
        })
    }

    fn name() -> &'static str {
        "BenchNoop"
    }
}
