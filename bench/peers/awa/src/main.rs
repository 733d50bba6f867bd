//! awa on PostgreSQL.
//!
//! By default it watches a deadline for each job; without, it claims in batches.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::time::Duration;

use anyhow::Result;
use awa::{
    Client, InsertOpts, InsertParams, JobArgs, JobContext, JobError, JobResult, QueueConfig,
    QueueStorage,
};
use bench_common::{Options, Peer, Purpose, ran};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};

const POLL: Duration = Duration::from_millis(50);
/// Its own exact counts take seconds on a fresh backlog; this reads its tables of finished jobs.
const FINISHED: &str = "
    select coalesce((select sum(completed_count) from awa.receipt_completion_batches), 0)::bigint
        + (select count(*) from awa.done_entries)";

#[derive(Clone, Debug, Deserialize, JobArgs, Serialize)]
struct Numbered {
    number: u64,
}

struct Awa {
    pool: PgPool,
    store: QueueStorage,
    client: Option<Client>,
}

impl Peer for Awa {
    const NAME: &'static str = "awa";

    async fn connect(url: &str, options: &mut Options) -> Result<Awa> {
        let pool = PgPoolOptions::new()
            .max_connections(options.get("connections", 16)?)
            .min_connections(4)
            .connect(url)
            .await?;
        awa::migrations::run(&pool).await?;
        let store = QueueStorage::from_existing_schema("awa")?;
        Ok(Awa {
            pool,
            store,
            client: None,
        })
    }

    async fn submit(&mut self, number: u64) -> Result<()> {
        awa::insert(&self.pool, &Numbered { number }).await?;
        Ok(())
    }

    async fn submit_many(&mut self, numbers: Range<u64>) -> Result<()> {
        let jobs: Result<Vec<InsertParams>, serde_json::Error> = numbers
            .map(|number| {
                Ok(InsertParams {
                    kind: Numbered::kind().into(),
                    args: serde_json::to_value(Numbered { number })?,
                    opts: InsertOpts::default(),
                })
            })
            .collect();
        self.store.enqueue_params_copy(&self.pool, &jobs?).await?;
        Ok(())
    }

    /// Its claims are three times as slow while the statistics are stale.
    async fn before_drain(&mut self) -> Result<()> {
        sqlx::query("analyze").execute(&self.pool).await?;
        Ok(())
    }

    async fn work(&mut self, purpose: Purpose, options: &mut Options) -> Result<()> {
        let mut queue = QueueConfig {
            deadline_duration: Duration::from_secs(options.get("deadline-s", 0)?),
            poll_interval: POLL,
            ..QueueConfig::default()
        };
        if purpose == Purpose::Drain {
            queue.max_workers = options.get("workers", 1_024)?;
            queue.claim_batch_size = options.get("batch", 512)?;
        }
        let client = Client::builder(self.pool.clone())
            .queue("default", queue)
            .register::<Numbered, _, _>(|job: Numbered, _context: &JobContext| {
                ran(job.number);
                async { Ok::<JobResult, JobError>(JobResult::Completed) }
            })
            .build()?;
        client.start().await?;
        self.client = Some(client);
        Ok(())
    }

    async fn all_finished(&mut self, tasks: u64) -> Result<bool> {
        let finished: i64 = sqlx::query_scalar(FINISHED).fetch_one(&self.pool).await?;
        Ok(finished >= i64::try_from(tasks)?)
    }
}

fn main() {
    bench_common::run::<Awa>()
}
