//! What a peer must be able to do.

use std::ops::Range;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::options::Options;

/// The payload of every task, as `dutiful bench` has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Numbered {
    pub number: u64,
}

/// What a worker is started for: a peer may have other settings for the one than for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// As many tasks a second as possible.
    Drain,
    /// Starting a single task as soon as possible.
    PickUp,
}

/// A peer on one database.
#[expect(async_fn_in_trait, reason = "nobody needs these futures to be Send")]
pub trait Peer: Sized {
    /// What it is called in the results.
    const NAME: &'static str;

    /// Connects and makes the peer's tables.
    async fn connect(url: &str, options: &mut Options) -> Result<Self>;

    /// Submits one task.
    async fn submit(&mut self, number: u64) -> Result<()>;

    /// Submits many tasks in one call, where the peer has such a call.
    async fn submit_many(&mut self, numbers: Range<u64>) -> Result<()> {
        for number in numbers {
            self.submit(number).await?;
        }
        Ok(())
    }

    /// Called between submitting and draining.
    async fn before_drain(&mut self) -> Result<()> {
        Ok(())
    }

    /// Starts a worker in the background, whose handler calls [`ran`](crate::ran).
    async fn work(&mut self, purpose: Purpose, options: &mut Options) -> Result<()>;

    /// Whether the outcomes of this many tasks are stored.
    async fn all_finished(&mut self, tasks: u64) -> Result<bool>;
}
