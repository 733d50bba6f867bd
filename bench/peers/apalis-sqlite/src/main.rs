//! apalis on SQLite, as shipped (`synchronous=OFF`: its setup says so) or with `synchronous=FULL`.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use apalis::prelude::*;
use apalis_sqlite::callback::HookCallbackListener;
use apalis_sqlite::{Config, SqliteStorage};
use bench_common::{Numbered, Options, Peer, Purpose, ran};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

const QUEUE: &str = "bench";
const UNFINISHED: &str = "select count(*) from Jobs where done_at is null";

async fn handle(task: Numbered) -> Result<(), BoxDynError> {
    ran(task.number);
    Ok(())
}

struct Apalis {
    pool: SqlitePool,
    storage: SqliteStorage<Numbered>,
    listener: Option<HookCallbackListener>,
}

fn config() -> Config {
    Config::default().queue(QUEUE)
}

fn report(ended: Result<(), WorkerError>) {
    if let Err(error) = ended {
        eprintln!("the worker failed: {error:?}");
    }
}

/// The setup's own connection keeps what it was told; this one is told otherwise.
async fn full(url: &str) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::from_str(url)?
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1);
    Ok(pool.connect_with(options).await?)
}

impl Peer for Apalis {
    const NAME: &'static str = "apalis-sqlite";

    async fn connect(url: &str, options: &mut Options) -> Result<Apalis> {
        let url = format!("{url}?mode=rwc");
        let (pool, listener) = SqliteStorage::connect_with_callback(&url)?;
        SqliteStorage::setup(&pool).await?;
        let synchronous = options.get("synchronous", "full".to_owned())?;
        let pool = match synchronous.as_str() {
            "shipped" => pool,
            "full" => full(&url).await?,
            other => bail!("synchronous={other}: there are shipped and full"),
        };
        let storage = SqliteStorage::<Numbered>::new(&pool).with_config(config());
        Ok(Apalis {
            pool,
            storage,
            listener: Some(listener),
        })
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

    async fn before_drain(&mut self) -> Result<()> {
        sqlx::query("analyze").execute(&self.pool).await?;
        Ok(())
    }

    async fn work(&mut self, purpose: Purpose, options: &mut Options) -> Result<()> {
        let storage = SqliteStorage::<Numbered>::new(&self.pool);
        if purpose == Purpose::PickUp {
            let listener = self.listener.take().context("a worker runs already")?;
            let backend = storage.with_config(config()).poll_with_stream(listener);
            let worker = WorkerBuilder::new("bench").backend(backend).build(handle);
            tokio::task::spawn_local(async move { report(worker.run().await) });
            return Ok(());
        }
        let backend = storage
            .with_config(config().batch_size(options.get("batch", 1_000)?))
            .poll_with_interval(Duration::from_millis(100));
        let worker = WorkerBuilder::new("bench")
            .backend(backend)
            .concurrency(options.get("concurrency", 64)?)
            .build(handle);
        tokio::task::spawn_local(async move { report(worker.run().await) });
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
