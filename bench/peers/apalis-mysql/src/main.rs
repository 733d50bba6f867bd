//! apalis on MySQL and MariaDB.

#![forbid(unsafe_code)]

use std::ops::Range;

use anyhow::{Result, anyhow};
use apalis::prelude::*;
use apalis_mysql::{Config, MySqlStorage};
use bench_common::{Numbered, Options, Peer, Purpose, ran};
use sqlx::mysql::{MySqlPool, MySqlPoolOptions};

const QUEUE: &str = "bench";
/// What it claims at once when nothing else is said.
const BUFFER: usize = 10;
const UNFINISHED: &str = "select count(*) from jobs where done_at is null";
/// A collation that its migrations name, MySQL has and MariaDB does not.
const ONLY_MYSQL: &str = "utf8mb4_0900_ai_ci";
const BOTH: &str = "utf8mb4_unicode_ci";

async fn handle(task: Numbered) -> Result<(), BoxDynError> {
    ran(task.number);
    Ok(())
}

struct Apalis {
    pool: MySqlPool,
}

fn config(buffer: usize) -> Config {
    Config::new(QUEUE).set_buffer_size(buffer)
}

/// Its own migrations, on MariaDB with another collation.
async fn migrate(pool: &MySqlPool) -> Result<()> {
    let version: String = sqlx::query_scalar("select version()")
        .fetch_one(pool)
        .await?;
    if !version.contains("MariaDB") {
        return Ok(MySqlStorage::setup(pool).await?);
    }
    for migration in MySqlStorage::migrations().iter() {
        let statements = migration.sql.replace(ONLY_MYSQL, BOTH);
        sqlx::raw_sql(&statements).execute(pool).await?;
    }
    Ok(())
}

impl Peer for Apalis {
    const NAME: &'static str = "apalis-mysql";

    async fn connect(url: &str, _options: &mut Options) -> Result<Apalis> {
        let pool = MySqlPoolOptions::new()
            .max_connections(16)
            .min_connections(4)
            .connect(url)
            .await?;
        migrate(&pool).await?;
        Ok(Apalis { pool })
    }

    async fn submit(&mut self, number: u64) -> Result<()> {
        let mut storage = MySqlStorage::new_with_config(&self.pool, &config(BUFFER));
        let pushed = storage.push(Numbered { number }).await;
        pushed.map_err(|error| anyhow!("{error:?}"))
    }

    async fn submit_many(&mut self, numbers: Range<u64>) -> Result<()> {
        let mut storage = MySqlStorage::new_with_config(&self.pool, &config(BUFFER));
        let tasks = numbers.map(|number| Numbered { number }).collect();
        let pushed = storage.push_bulk(tasks).await;
        pushed.map_err(|error| anyhow!("{error:?}"))
    }

    async fn work(&mut self, purpose: Purpose, options: &mut Options) -> Result<()> {
        let (buffer, concurrency) = match purpose {
            Purpose::Drain => (options.get("buffer", 100)?, options.get("concurrency", 16)?),
            Purpose::PickUp => (BUFFER, 1),
        };
        let storage = MySqlStorage::new_with_config(&self.pool, &config(buffer));
        let worker = WorkerBuilder::new("bench")
            .backend(storage)
            .concurrency(concurrency)
            .build(handle);
        tokio::task::spawn_local(async move {
            if let Err(error) = worker.run().await {
                eprintln!("the worker failed: {error:?}");
            }
        });
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
