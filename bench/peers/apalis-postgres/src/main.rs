//! apalis on PostgreSQL. By default it claims ten jobs at once; here a thousand.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::time::Duration;

use anyhow::{Result, anyhow};
use apalis::prelude::*;
use apalis_postgres::{Config, PostgresStorage};
use bench_common::{Numbered, Options, Peer, Purpose, ran};
use sqlx::postgres::{PgPool, PgPoolOptions};

const QUEUE: &str = "bench";
const UNFINISHED: &str = "select count(*) from apalis.jobs where done_at is null";

async fn handle(task: Numbered) -> Result<(), BoxDynError> {
    ran(task.number);
    Ok(())
}

struct Apalis {
    pool: PgPool,
    storage: PostgresStorage<Numbered>,
}

fn config() -> Config {
    Config::default().queue(QUEUE)
}

impl Apalis {
    fn spawn_drainer(&self, index: u64, batch: usize, concurrency: usize) {
        let backend = PostgresStorage::<Numbered>::new(&self.pool)
            .with_config(config().batch_size(batch))
            .with_pubsub()
            .poll_with_interval(Duration::from_millis(100));
        let worker = WorkerBuilder::new(format!("bench-{index}"))
            .backend(backend)
            .concurrency(concurrency)
            .build(handle);
        tokio::task::spawn_local(async move { report(worker.run().await) });
    }

    fn spawn_idler(&self) {
        let backend = PostgresStorage::<Numbered>::new(&self.pool)
            .with_config(config())
            .with_pubsub()
            .poll_with_interval(Duration::from_secs(1));
        let worker = WorkerBuilder::new("bench").backend(backend).build(handle);
        tokio::task::spawn_local(async move { report(worker.run().await) });
    }
}

fn report(ended: Result<(), WorkerError>) {
    if let Err(error) = ended {
        eprintln!("the worker failed: {error:?}");
    }
}

impl Peer for Apalis {
    const NAME: &'static str = "apalis-postgres";

    async fn connect(url: &str, _options: &mut Options) -> Result<Apalis> {
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .min_connections(4)
            .connect(url)
            .await?;
        PostgresStorage::setup(&pool).await?;
        let storage = PostgresStorage::<Numbered>::new(&pool).with_config(config());
        Ok(Apalis { pool, storage })
    }

    async fn submit(&mut self, number: u64) -> Result<()> {
        let pushed = self.storage.push(Numbered { number }).await;
        pushed.map_err(|error| anyhow!("{error:?}"))
    }

    async fn submit_many(&mut self, numbers: Range<u64>) -> Result<()> {
        let tasks = numbers.map(|number| Numbered { number }).collect();
        let pushed = self.storage.push_bulk(tasks).await;
        pushed.map_err(|error| anyhow!("{error:?}"))
    }

    async fn work(&mut self, purpose: Purpose, options: &mut Options) -> Result<()> {
        if purpose == Purpose::PickUp {
            self.spawn_idler();
            return Ok(());
        }
        let batch = options.get("batch", 1_000)?;
        let concurrency = options.get("concurrency", 64)?;
        for index in 0..options.get("workers", 2)? {
            self.spawn_drainer(index, batch, concurrency);
        }
        Ok(())
    }

    async fn all_finished(&mut self, _tasks: u64) -> Result<bool> {
        let left: i64 = sqlx::query_scalar(UNFINISHED).fetch_one(&self.pool).await?;
        Ok(left == 0)
    }
}

fn main() {
    bench_common::run::<Apalis>()
}
