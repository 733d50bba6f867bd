//! fang (its async form) on PostgreSQL, MySQL, MariaDB and SQLite. It has no call for many tasks.

#![forbid(unsafe_code)]

mod tables;

use std::time::Duration;

use anyhow::Result;
use bench_common::{Options, Peer, Purpose, ran};
use fang::asynk::async_queue::{AsyncQueue, AsyncQueueable};
use fang::asynk::async_worker_pool::AsyncWorkerPool;
use fang::serde::{Deserialize, Serialize};
use fang::{AsyncRunnable, FangError, SleepParams, async_trait, typetag};
use sqlx::AnyPool;

/// What it does with a finished task by default is to delete it.
const UNFINISHED: &str =
    "select count(*) from fang_tasks where state in ('new', 'in_progress', 'retried')";

#[derive(Deserialize, Serialize)]
#[serde(crate = "fang::serde")]
struct Numbered {
    number: u64,
}

#[typetag::serde]
#[async_trait]
impl AsyncRunnable for Numbered {
    async fn run(&self, _queue: &dyn AsyncQueueable) -> Result<(), FangError> {
        ran(self.number);
        Ok(())
    }
}

struct Fang {
    pool: AnyPool,
    queue: AsyncQueue,
}

impl Peer for Fang {
    const NAME: &'static str = "fang";

    async fn connect(url: &str, options: &mut Options) -> Result<Fang> {
        let (url, connections) = if url.starts_with("sqlite:") {
            (format!("{url}?mode=rwc"), 1_u32)
        } else {
            (url.to_owned(), 8)
        };
        let pool = tables::make(&url).await?;
        let mut queue = AsyncQueue::builder()
            .uri(url)
            .max_pool_size(options.get("connections", connections)?)
            .build();
        queue.connect().await?;
        Ok(Fang { pool, queue })
    }

    async fn submit(&mut self, number: u64) -> Result<()> {
        self.queue.insert_task(&Numbered { number }).await?;
        Ok(())
    }

    async fn work(&mut self, purpose: Purpose, options: &mut Options) -> Result<()> {
        let workers: u32 = match purpose {
            Purpose::Drain => options.get("workers", 8)?,
            Purpose::PickUp => options.get("workers", 1)?,
        };
        // By default it sleeps for seconds.
        let pause = Duration::from_millis(options.get("poll-ms", 50)?);
        let sleep = SleepParams {
            sleep_period: pause,
            max_sleep_period: pause,
            min_sleep_period: pause,
            sleep_step: Duration::from_millis(1),
        };
        let mut pool: AsyncWorkerPool<AsyncQueue> = AsyncWorkerPool::builder()
            .number_of_workers(workers)
            .queue(self.queue.clone())
            .sleep_params(sleep)
            .build();
        pool.start().await;
        Ok(())
    }

    async fn all_finished(&mut self, _tasks: u64) -> Result<bool> {
        let left: i64 = sqlx::query_scalar(UNFINISHED).fetch_one(&self.pool).await?;
        Ok(left == 0)
    }
}

fn main() {
    bench_common::run::<Fang>()
}
