//! MySQL and MariaDB by mysql_async.

pub(crate) mod cycle;
pub(crate) mod fill;
pub(crate) mod insert;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use serde_json::{Map, Value};

use crate::set::Place;

const TABLE: &str = "
    create table limit_tasks (
        id bigint not null auto_increment primary key,
        task_name varchar(100) character set ascii not null,
        payload json not null,
        payload_hash binary(16),
        status tinyint not null default 0,
        run_at datetime(6) not null default current_timestamp(6),
        lease_owner bigint,
        lease_until datetime(6),
        retries int not null default 0,
        max_retries int not null default 3,
        created_at datetime(6) not null default current_timestamp(6),
        last_run_at datetime(6),
        finished_at datetime(6),
        result json,
        error text,
        key ready (task_name, status, run_at, id),
        key lease (status, lease_until)
    ) engine = innodb";
const UNIQUE: &str = "alter table limit_tasks add unique key (task_name, payload_hash)";
const HISTORY: &str = "
    select count from information_schema.innodb_metrics where name = 'trx_rseg_history_len'";
/// A history so short is as good as none.
const HISTORY_SHORT: u64 = 1_000;
const HISTORY_PATIENCE: Duration = Duration::from_secs(10);
const HISTORY_PAUSE: Duration = Duration::from_millis(50);
/// The server's name for what it counts, and ours. MariaDB does not have all of them.
const COUNTERS: [(&str, &str); 6] = [
    ("Questions", "statements"),
    ("Com_stmt_execute", "prepared_executed"),
    ("Innodb_os_log_written", "log_bytes"),
    ("Innodb_rows_inserted", "rows_inserted"),
    ("Innodb_rows_updated", "rows_updated"),
    ("Innodb_rows_deleted", "rows_deleted"),
];

async fn connect(url: &str) -> Result<Conn> {
    let opts = OptsBuilder::from_opts(Opts::from_url(url)?)
        .stmt_cache_size(64)
        .setup(vec![
            "set session transaction isolation level read committed",
        ]);
    Conn::new(opts).await.context("cannot connect")
}

async fn make_table(conn: &mut Conn, unique: bool) -> Result<()> {
    conn.query_drop("drop table if exists limit_tasks").await?;
    conn.query_drop(TABLE).await?;
    if unique {
        conn.query_drop(UNIQUE).await?;
    }
    Ok(())
}

/// Drops the database and makes an empty one; then waits until what the last run left behind is
/// purged, so that no run pays for another.
pub(crate) async fn fresh(url: &str) -> Result<()> {
    let opts = Opts::from_url(url)?;
    let name = opts
        .db_name()
        .context("the URL names no database")?
        .to_owned();
    let mut conn = Conn::new(OptsBuilder::from_opts(opts).db_name(None::<String>)).await?;
    conn.query_drop(format!("drop database if exists `{name}`"))
        .await?;
    conn.query_drop(format!("create database `{name}` character set utf8mb4"))
        .await?;
    let begun = Instant::now();
    while begun.elapsed() < HISTORY_PATIENCE {
        let length: Option<u64> = conn.query_first(HISTORY).await?;
        if length.unwrap_or(0) < HISTORY_SHORT {
            break;
        }
        tokio::time::sleep(HISTORY_PAUSE).await;
    }
    Ok(conn.disconnect().await?)
}

pub(crate) async fn version(url: &str) -> Result<String> {
    let mut conn = connect(url).await?;
    let version: Option<String> = conn.query_first("select version()").await?;
    conn.disconnect().await?;
    let version = version.context("the server tells no version")?;
    // "10.11.19-MariaDB-..." and "9.7.0": who packaged it is of no interest.
    let number = version.split('-').next().unwrap_or(&version);
    let product = if version.contains("MariaDB") {
        "MariaDB"
    } else {
        "MySQL"
    };
    Ok(format!("{product} {number}"))
}

/// What was asked, logged and changed since the server began.
pub(crate) async fn counters(url: &str) -> Result<Value> {
    let mut conn = connect(url).await?;
    let rows: Vec<(String, String)> = conn.query("show global status").await?;
    conn.disconnect().await?;
    let found = COUNTERS.iter().filter_map(|(theirs, ours)| {
        let (_, value) = rows.iter().find(|(name, _)| name == theirs)?;
        Some(((*ours).to_owned(), value.parse::<u64>().ok()?.into()))
    });
    Ok(Value::Object(found.collect::<Map<String, Value>>()))
}

/// Keeps a snapshot as old as this moment until the connection is closed. What it has read is a table of
/// its own, or the others could not be dropped.
pub(crate) async fn hold(url: &str) -> Result<Conn> {
    let mut conn = connect(url).await?;
    for statement in [
        "create table if not exists limit_held (id int)",
        "set session transaction isolation level repeatable read",
        "start transaction with consistent snapshot",
        "select count(*) from limit_held",
    ] {
        conn.query_drop(statement).await?;
    }
    Ok(conn)
}

pub(crate) async fn set(url: &str, place: Place, name: &str, value: &str) -> Result<()> {
    ensure!(place == Place::Server, "no setting of a table is known");
    let mut conn = connect(url).await?;
    let statement = format!("set global {name} = {value}");
    conn.query_drop(statement).await?;
    Ok(conn.disconnect().await?)
}
