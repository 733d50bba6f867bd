//! What a database itself can do: bare drivers and the fastest statements that are known.
//!
//! ```text
//! bench-limits insert-one N               rows inserted one by one, each its own transaction
//! bench-limits insert-bulk N              1,000 rows a statement, with a unique key
//! bench-limits insert-bulk-without-key N  the same without the unique key
//! bench-limits cycle N [SHAPE]            every row claimed, then settled with a result
//! bench-limits fresh                      drops the database and makes an empty one
//! bench-limits version                    prints the server's version
//! bench-limits fill KIND N                adds rows to the bench's tables: finished, later or other
//! bench-limits counters                   what the server has counted so far
//! bench-limits set PLACE NAME VALUE       changes a setting of the server or of the bench's table
//! bench-limits hold                       holds a snapshot open until stdin is closed
//! bench-limits turns                      passes clients on to the server and counts round trips
//! ```
//!
//! The database is named by `BENCH_DATABASE_URL`. Each measurement makes its own table and prints
//! one JSON line.

#![forbid(unsafe_code)]

mod counters;
mod fill;
mod hold;
mod my;
mod pg;
mod report;
mod sample;
mod set;
mod sq;
mod talk;
mod turns;

use anyhow::{Context, Result, bail};
use report::Timed;

/// Where the database is.
const URL_VARIABLE: &str = "BENCH_DATABASE_URL";
/// Rows a statement or transaction where many are inserted at once.
const BULK: usize = 1_000;

/// What is measured.
enum Measure<'a> {
    InsertOne,
    InsertBulk { unique: bool },
    Cycle { shape: Option<&'a str> },
}

#[tokio::main]
async fn main() -> Result<()> {
    let url = std::env::var(URL_VARIABLE).with_context(|| format!("{URL_VARIABLE} is not set"))?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (measure, tasks) = match words[..] {
        ["fresh"] => return fresh(&url).await,
        ["version"] => {
            println!("{}", version(&url).await?);
            return Ok(());
        }
        ["counters"] => {
            println!("{}", counters::read(&url).await?);
            return Ok(());
        }
        ["set", place, name, value] => return set::run(&url, place, name, value).await,
        ["hold"] => return hold::run(&url).await,
        ["turns"] => return turns::run(&url).await,
        ["fill", kind, rows] => {
            let timed = fill::run(&url, kind, number(rows)? as u64).await?;
            return timed.print(engine(&url, &version(&url).await?), "fill", number(rows)?);
        }
        ["insert-one", tasks] => (Measure::InsertOne, tasks),
        ["insert-bulk", tasks] => (Measure::InsertBulk { unique: true }, tasks),
        ["insert-bulk-without-key", tasks] => (Measure::InsertBulk { unique: false }, tasks),
        ["cycle", tasks] => (Measure::Cycle { shape: None }, tasks),
        ["cycle", tasks, shape] => (Measure::Cycle { shape: Some(shape) }, tasks),
        _ => bail!("usage: bench-limits MEASURE N [SHAPE], see the head of main.rs"),
    };
    let tasks = number(tasks)?;
    let timed = take(&url, &measure, tasks).await?;
    let engine = engine(&url, &version(&url).await?);
    timed.print(engine, words[0], tasks)
}

fn number(text: &str) -> Result<usize> {
    text.parse().with_context(|| format!("{text} is no number"))
}

async fn take(url: &str, measure: &Measure<'_>, tasks: usize) -> Result<Timed> {
    if let Some(file) = sq::file(url) {
        return match *measure {
            Measure::InsertOne => sq::insert_one(file, tasks),
            Measure::InsertBulk { unique } => sq::insert_bulk(file, tasks, unique),
            Measure::Cycle { shape } => sq::cycle(file, tasks, shape),
        };
    }
    let is_mysql = url.starts_with("mysql:");
    match *measure {
        Measure::InsertOne if is_mysql => my::insert::one(url, tasks).await,
        Measure::InsertBulk { unique } if is_mysql => my::insert::bulk(url, tasks, unique).await,
        Measure::Cycle { shape } if is_mysql => my::cycle::run(url, tasks, shape).await,
        Measure::InsertOne => pg::insert::one(url, tasks).await,
        Measure::InsertBulk { unique } => pg::insert::bulk(url, tasks, unique).await,
        Measure::Cycle { shape } => pg::cycle::run(url, tasks, shape).await,
    }
}

async fn fresh(url: &str) -> Result<()> {
    if let Some(file) = sq::file(url) {
        return sq::fresh(file);
    }
    if url.starts_with("mysql:") {
        return my::fresh(url).await;
    }
    pg::fresh(url).await
}

async fn version(url: &str) -> Result<String> {
    if sq::file(url).is_some() {
        return Ok(format!("SQLite {}", rusqlite::version()));
    }
    if url.starts_with("mysql:") {
        return my::version(url).await;
    }
    pg::version(url).await
}

/// MariaDB is spoken to as MySQL is; only its version tells.
fn engine(url: &str, version: &str) -> &'static str {
    if sq::file(url).is_some() {
        "sqlite"
    } else if version.contains("MariaDB") {
        "mariadb"
    } else if url.starts_with("mysql:") {
        "mysql"
    } else {
        "postgres"
    }
}
