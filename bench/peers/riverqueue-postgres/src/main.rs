//! riverqueue on PostgreSQL.
//!
//! By default it fetches at most ten times a second; here it may do so a thousand times.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::time::Duration;

use anyhow::Result;
use bench_common::{Options, Peer, Purpose, ran};
use riverqueue::sqlx::postgres::{PgPool, PgPoolOptions};
use riverqueue::{
    BoxError, Client, ClientHandle, Job, JobArgs, QueueConfig, WorkContext, WorkOutcome, Workers,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, JobArgs, Serialize)]
#[river(kind = "bench")]
struct Numbered {
    number: u64,
}

async fn work(_context: WorkContext, job: Job<Numbered>) -> Result<WorkOutcome, BoxError> {
    ran(job.args.number);
    Ok(WorkOutcome::Complete)
}

struct River {
    pool: PgPool,
}

impl Peer for River {
    const NAME: &'static str = "riverqueue";

    async fn connect(url: &str, options: &mut Options) -> Result<River> {
        let pool = PgPoolOptions::new()
            .max_connections(options.get("connections", 16)?)
            .min_connections(4)
            .connect(url)
            .await?;
        riverqueue::migrate::PostgresMigrator::new(pool.clone())
            .migrate_up()
            .await?;
        Ok(River { pool })
    }

    async fn submit(&mut self, number: u64) -> Result<()> {
        todo
    }
}

fn main() {
    bench_common::run::<River>()
}
