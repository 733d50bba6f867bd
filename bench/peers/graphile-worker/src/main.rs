//! graphile_worker (the Rust one) on PostgreSQL.
//!
//! Its local queue, which claims many jobs at once, is off by default; here it is on.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::time::Duration;

use anyhow::Result;
use bench_common::{Options, Peer, Purpose, ran};
use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, RawJobSpec, TaskHandler, WorkerContext,
    WorkerOptions, WorkerUtils,
};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};

const SCHEMA: &str = "graphile_worker";
/// How long finished jobs may be gathered for one statement.
const GATHERED: Duration = Duration::from_millis(5);

#[derive(Clone, Deserialize, Serialize)]
struct Numbered {
    number: u64,
}

impl TaskHandler for Numbered {
    const IDENTIFIER: &'static str = "bench";

    async fn run(self, _context: WorkerContext) -> impl IntoTaskHandlerResult {
        ran(self.number);
        Ok::<(), String>(())
    }
}

struct Graphile {
    pool: PgPool,
    utils: WorkerUtils,
}

fn options(pool: &PgPool) -> WorkerOptions {
    WorkerOptions::default()
        .schema(SCHEMA)
        .listen_os_shutdown_signals(false)
        .define_job::<Numbered>()
        .pg_pool(pool.clone())
}

impl Peer for Graphile {
    const NAME: &'static str = "graphile_worker";

    async fn connect(url: &str, _options: &mut Options) -> Result<Graphile> {
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .min_connections(4)
            .connect(url)
            .await?;
        let utils = options(&pool).init().await?.create_utils();
        Ok(Graphile { pool, utils })
    }

    async fn submit(&mut self, number: u64) -> Result<()> {
        self.utils
            .add_job(Numbered { number }, JobSpec::default())
            .await?;
        Ok(())
    }

    async fn submit_many(&mut self, numbers: Range<u64>) -> Result<()> {
        let jobs: Result<Vec<RawJobSpec>, serde_json::Error> = numbers
            .map(|number| {
                Ok(RawJobSpec {
                    identifier: Numbered::IDENTIFIER.into(),
                    payload: serde_json::to_value(Numbered { number })?,
                    spec: JobSpec::default(),
                })
            })
            .collect();
        self.utils.add_raw_jobs(&jobs?).await?;
        Ok(())
    }

    async fn work(&mut self, purpose: Purpose, settings: &mut Options) -> Result<()> {
        let queue = settings.get("local-queue", 500)?;
        let (concurrency, poll) = match purpose {
            Purpose::Drain => (settings.get("concurrency", 16)?, Duration::from_millis(500)),
            Purpose::PickUp => (settings.get("concurrency", 4)?, Duration::from_secs(2)),
        };
        let worker = options(&self.pool)
            .concurrency(concurrency)
            .poll_interval(poll)
            .complete_job_batch_delay(GATHERED)
            .fail_job_batch_delay(GATHERED)
            .local_queue(LocalQueueConfig::default().with_size(queue))
            .init()
            .await?;
        tokio::spawn(async move {
            if let Err(error) = worker.run().await {
                eprintln!("the worker failed: {error:?}");
            }
        });
        Ok(())
    }

    /// A finished job is deleted.
    async fn all_finished(&mut self, _tasks: u64) -> Result<bool> {
        let left: i64 = sqlx::query_scalar("select count(*) from graphile_worker._private_jobs")
            .fetch_one(&self.pool)
            .await?;
        Ok(left == 0)
    }
}

fn main() {
    bench_common::run::<Graphile>()
}
