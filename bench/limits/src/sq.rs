//! SQLite by rusqlite: one thread writes, WAL, `synchronous=FULL`.

pub(crate) mod fill;

use std::fs;
use std::io::ErrorKind;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::BULK;
use crate::report::{Timed, check};
use crate::sample::{NAME, key, payload};

const SETTINGS: &str = "
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma busy_timeout = 5000;
    pragma cache_size = -65536;
    pragma temp_store = memory;";
const TABLE: &str = "
    create table limit_tasks (
        id integer primary key,
        task_name text not null,
        payload text not null,
        payload_hash blob,
        status integer not null default 0,
        run_at integer not null,
        lease_owner integer,
        lease_until integer,
        retries integer not null default 0,
        max_retries integer not null default 3,
        created_at integer not null,
        last_run_at integer,
        finished_at integer,
        result text,
        error text
    );
    create index limit_tasks_ready on limit_tasks (task_name, run_at, id) where status = 0;
    create index limit_tasks_lease on limit_tasks (lease_until) where status = 1;";
const UNIQUE: &str =
    "create unique index limit_tasks_unique on limit_tasks (task_name, payload_hash)";
const INSERT_UNIQUE: &str = "
    insert into limit_tasks (task_name, payload, payload_hash, run_at, created_at)
    values (?1, ?2, ?3, ?4, ?4)
    on conflict (task_name, payload_hash) do update set max_retries = max_retries returning id";
const INSERT_PLAIN: &str = "
    insert into limit_tasks (task_name, payload, payload_hash, run_at, created_at)
    values (?1, ?2, ?3, ?4, ?4) returning id";
const CLAIM: &str = "
    update limit_tasks set status = 1, lease_owner = 1, lease_until = ?2, last_run_at = ?2
    where id in (
        select id from limit_tasks where task_name = 'bench' and status = 0 and run_at <= ?2
        order by run_at, id limit ?1)
    returning id, payload";
/// Row by row in one transaction: many times quicker than a join with json_each.
const SETTLE: &str = "
    update limit_tasks set status = 2, finished_at = ?3, lease_until = null, result = ?2
    where id = ?1 and status = 1 and lease_owner = 1";
/// Later than the `run_at` of every row.
const NOW: i64 = 1 << 40;

/// The file that a URL names, when it names one.
pub(crate) fn file(url: &str) -> Option<&str> {
    url.strip_prefix("sqlite:")
}

/// Removes the database and what belongs to it.
pub(crate) fn fresh(file: &str) -> Result<()> {
    for end in ["", "-wal", "-shm"] {
        let path = format!("{file}{end}");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {path}"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// How long the log has become. While a reader from before holds it, it does not begin again, so that its
/// growth is what was written; nothing else is counted by SQLite.
pub(crate) fn counters(file: &str) -> Result<Value> {
    let log = fs::metadata(format!("{file}-wal"));
    Ok(json!({ "log_bytes": log.map_or(0, |log| log.len()) }))
}

/// Reads once, and keeps its view of the file until it is closed.
pub(crate) fn hold(file: &str) -> Result<Connection> {
    let connection = Connection::open(file)?;
    connection.execute_batch("pragma journal_mode = wal; pragma busy_timeout = 5000")?;
    connection.execute_batch("begin; select count(*) from sqlite_schema")?;
    Ok(connection)
}

fn open(file: &str, unique: bool) -> Result<Connection> {
    let connection = Connection::open(file).with_context(|| format!("cannot open {file}"))?;
    connection.execute_batch(SETTINGS)?;
    connection.execute_batch("drop table if exists limit_tasks")?;
    connection.execute_batch(TABLE)?;
    if unique {
        connection.execute_batch(UNIQUE)?;
    }
    Ok(connection)
}

pub(crate) fn insert_one(file: &str, tasks: usize) -> Result<Timed> {
    let connection = open(file, true)?;
    let begun = Instant::now();
    for number in 0..tasks {
        insert(&connection, number, true)?;
    }
    Ok(Timed::since(
        begun,
        "one row, ON CONFLICT DO UPDATE RETURNING",
    ))
}

pub(crate) fn insert_bulk(file: &str, tasks: usize, unique: bool) -> Result<Timed> {
    let connection = open(file, unique)?;
    let begun = Instant::now();
    insert_all(&connection, tasks, unique)?;
    Ok(Timed::since(begun, "1,000 prepared rows in a transaction"))
}

fn insert_all(connection: &Connection, tasks: usize, unique: bool) -> Result<()> {
    for first in (0..tasks).step_by(BULK) {
        connection.execute_batch("begin immediate")?;
        for number in first..tasks.min(first + BULK) {
            insert(connection, number, unique)?;
        }
        connection.execute_batch("commit")?;
    }
    Ok(())
}

fn insert(connection: &Connection, number: usize, unique: bool) -> Result<i64> {
    let text = if unique { INSERT_UNIQUE } else { INSERT_PLAIN };
    let mut statement = connection.prepare_cached(text)?;
    let row = params![NAME, payload(number), key(number), number as i64];
    Ok(statement.query_row(row, |row| row.get(0))?)
}

/// One transaction settles a batch and claims the next.
pub(crate) fn cycle(file: &str, tasks: usize, shape: Option<&str>) -> Result<Timed> {
    let batch = match shape {
        None | Some("100") => 100,
        Some("500") => 500,
        Some(other) => bail!("no shape is called {other}: there are 100 and 500"),
    };
    let connection = open(file, true)?;
    insert_all(&connection, tasks, true)?;
    connection.execute_batch("pragma wal_checkpoint(truncate); analyze")?;
    let begun = Instant::now();
    let mut claimed = Vec::new();
    loop {
        connection.execute_batch("begin immediate")?;
        settle(&connection, &claimed)?;
        claimed = claim(&connection, batch)?;
        connection.execute_batch("commit")?;
        if claimed.is_empty() {
            break;
        }
    }
    let shape = format!("settle a batch and claim the next in one transaction, {batch} a batch");
    let timed = Timed::since(begun, shape);
    let unsettled = "select count(*) from limit_tasks where status <> 2";
    check(connection.query_row(unsettled, [], |row| row.get(0))?)?;
    Ok(timed)
}

fn claim(connection: &Connection, batch: i64) -> Result<Vec<(i64, String)>> {
    let mut statement = connection.prepare_cached(CLAIM)?;
    let rows = statement.query_map(params![batch, NOW], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn settle(connection: &Connection, claimed: &[(i64, String)]) -> Result<()> {
    let mut statement = connection.prepare_cached(SETTLE)?;
    for (id, result) in claimed {
        statement.execute(params![id, result, NOW])?;
    }
    Ok(())
}
