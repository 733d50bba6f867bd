//! The table that fang works on. It comes with migrations for its blocking form only, which need
//! the C libraries of the servers; so the table is made here, with the columns that it reads and
//! writes and an index for each column that it searches.

use anyhow::Result;
use sqlx::AnyPool;
use sqlx::any::AnyPoolOptions;

const POSTGRES: &str = "
    create type fang_task_state
        as enum ('new', 'in_progress', 'failed', 'finished', 'retried');
    create table fang_tasks (
        id uuid primary key,
        metadata jsonb not null,
        error_message text,
        state fang_task_state not null default 'new',
        task_type text not null default 'common',
        uniq_hash text,
        retries integer not null default 0,
        scheduled_at timestamptz not null default now(),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
    )";
/// Times are texts with nanoseconds and zone here: so fang writes and compares them.
const MYSQL: &str = "
    create table fang_tasks (
        id binary(16) primary key,
        metadata json not null,
        error_message text,
        state enum('new', 'in_progress', 'failed', 'finished', 'retried')
            not null default 'new',
        task_type varchar(255) not null default 'common',
        uniq_hash varchar(64),
        retries integer not null default 0,
        scheduled_at datetime(6) not null default current_timestamp(6),
        created_at datetime(6) not null default current_timestamp(6),
        updated_at datetime(6) not null default current_timestamp(6)
    )";
const SQLITE: &str = "
    create table fang_tasks (
        id blob not null primary key,
        metadata text not null,
        error_message text,
        state text not null default 'new',
        task_type text not null default 'common',
        uniq_hash text,
        retries integer not null default 0,
        scheduled_at integer not null default 0,
        created_at integer not null default (strftime('%s', 'now')),
        updated_at integer not null default (strftime('%s', 'now'))
    )";
const SEARCHED: [&str; 4] = ["state", "task_type", "scheduled_at", "uniq_hash"];

/// Makes the table; returns connections to it.
pub(crate) async fn make(url: &str) -> Result<AnyPool> {
    sqlx::any::install_default_drivers();
    let pool = AnyPoolOptions::new()
        .max_connections(1)
        .connect(url)
        .await?;
    let table = match url.split(':').next() {
        Some("mysql") => MYSQL,
        Some("sqlite") => SQLITE,
        _ => POSTGRES,
    };
    sqlx::raw_sql(table).execute(&pool).await?;
    for column in SEARCHED {
        let index = format!("create index fang_tasks_{column} on fang_tasks ({column})");
        sqlx::raw_sql(&index).execute(&pool).await?;
    }
    Ok(pool)
}
