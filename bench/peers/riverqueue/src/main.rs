//! riverqueue on PostgreSQL and SQLite.
//!
//! By default it fetches at most ten times a second; here it may do so a thousand times.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::time::Duration;

use anyhow::Result;
use bench_common::{Options, Peer, Purpose, ran};
use riverqueue::migrate::{PostgresMigrator, SqliteMigrator};
use riverqueue::sqlx::postgres::{PgPool, PgPoolOptions};
use riverqueue::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use riverqueue::{
    BoxError, Client, ClientBuilder, Job, JobArgs, QueueConfig, RunHandle, WorkContext,
    WorkOutcome, Workers, sqlx,
};
use serde::{Deserialize, Serialize};

const UNFINISHED: &str =
    "select count(*) from river_job where state in ('available', 'running', 'retryable')";
const POLL: Duration = Duration::from_millis(100);

#[derive(Clone, Debug, Deserialize, JobArgs, Serialize)]
#[river(kind = "bench")]
struct Numbered {
    number: u64,
}

async fn work(_context: WorkContext, job: Job<Numbered>) -> Result<WorkOutcome, BoxError> {
    ran(job.args.number);
    Ok(WorkOutcome::Complete)
}

enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

impl Pool {
    async fn postgres(url: &str, connections: u32) -> Result<Pool> {
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .min_connections(connections.min(4))
            .connect(url)
            .await?;
        PostgresMigrator::new(pool.clone()).migrate_up().await?;
        Ok(Pool::Postgres(pool))
    }

    async fn sqlite(file: &str, connections: u32) -> Result<Pool> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(Duration::from_secs(5))
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .connect_with(options)
            .await?;
        SqliteMigrator::new(pool.clone()).migrate_up().await?;
        Ok(Pool::Sqlite(pool))
    }

    fn client(&self) -> ClientBuilder {
        match self {
            Pool::Postgres(pool) => Client::builder(pool.clone()),
            Pool::Sqlite(pool) => Client::builder(pool.clone()),
        }
    }

    async fn unfinished(&self) -> Result<i64> {
        Ok(match self {
            Pool::Postgres(pool) => sqlx::query_scalar(UNFINISHED).fetch_one(pool).await?,
            Pool::Sqlite(pool) => sqlx::query_scalar(UNFINISHED).fetch_one(pool).await?,
        })
    }
}

struct River {
    pool: Pool,
    client: Client,
    run: Option<RunHandle>,
}

impl Peer for River {
    const NAME: &'static str = "riverqueue";

    async fn connect(url: &str, options: &mut Options) -> Result<River> {
        let pool = match url.strip_prefix("sqlite:") {
            Some(file) => Pool::sqlite(file, options.get("connections", 1)?).await?,
            None => Pool::postgres(url, options.get("connections", 16)?).await?,
        };
        let client = pool.client().build()?;
        Ok(River {
            pool,
            client,
            run: None,
        })
    }

    async fn submit(&mut self, number: u64) -> Result<()> {
        self.client.insert(Numbered { number }).await?;
        Ok(())
    }

    async fn submit_many(&mut self, numbers: Range<u64>) -> Result<()> {
        let jobs = numbers.map(|number| Numbered { number });
        self.client.insert_many(jobs).await?;
        Ok(())
    }

    async fn work(&mut self, purpose: Purpose, options: &mut Options) -> Result<()> {
        let most = if purpose == Purpose::Drain {
            1_000
        } else {
            100
        };
        let cooldown = Duration::from_millis(options.get("cooldown-ms", 1)?);
        let mut workers = Workers::new();
        workers.add_fn(work)?;
        let mut queue = QueueConfig::new(options.get("workers", most)?);
        let mut client = self.pool.client().workers(workers);
        if purpose == Purpose::Drain {
            queue = queue
                .with_fetch_cooldown(cooldown)
                .with_fetch_poll_interval(POLL);
        } else {
            client = client.fetch_cooldown(cooldown);
        }
        self.client = client.queue("default", queue).build()?;
        self.run.insert(self.client.start()?).wait_ready().await?;
        Ok(())
    }

    async fn all_finished(&mut self, _tasks: u64) -> Result<bool> {
        Ok(self.pool.unfinished().await? == 0)
    }
}

fn main() {
    bench_common::run::<River>()
}
