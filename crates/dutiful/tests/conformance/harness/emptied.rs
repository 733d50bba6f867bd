//! Databases that are given on from one case to the next, where making their tables is what costs most.
//!
//! MySQL and MariaDB take longer for the tables of a case than for the case. A case that succeeded gives its
//! database back, if the tables are as they were made and nobody is connected any more; the next one gets it empty.

use super::database::{History, PREFIX};
use super::engine::{Dialect, Engine};
use super::raw::{Raw, Row, quoted};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long the connections of a case may take to go away.
const GONE_MAX: Duration = Duration::from_secs(2);
/// A table with more rows takes longer to empty than to make.
const ROWS_MAX: u64 = 2_000;

/// What nobody has at the moment.
static FREE: Mutex<Vec<Emptied>> = Mutex::new(Vec::new());

/// A database and what was in it when its tables were new.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Emptied {
    url: String,
    history: History,
    pub(crate) name: String,
    tables: Vec<Table>,
}

#[derive(Debug, Clone, PartialEq)]
struct Table {
    name: String,
    /// The statement that makes it.
    made_by: String,
    /// What migrations put into it.
    rows: Vec<Row>,
}

/// Whether such databases are given on: where cases do not share one anyway.
pub(crate) fn pays(engine: &Engine, history: History) -> bool {
    engine.dialect == Dialect::Mysql && !engine.shared && history != History::Empty
}

/// One with this history that an earlier case has given back.
pub(crate) fn take(engine: &Engine, history: History) -> Option<Emptied> {
    let mut free = FREE.lock().unwrap();
    let fits = |one: &Emptied| one.url == engine.url && one.history == history;
    let found = free.iter().position(fits)?;
    Some(free.swap_remove(found))
}

/// Remembers what a database is like whose tables are new.
pub(crate) async fn fresh(engine: &Engine, history: History, name: &str) -> Emptied {
    let raw = Raw::server(engine.dialect, &engine.url, PREFIX).await;
    let tables = tables(&raw, name).await;
    raw.close().await;
    Emptied {
        url: engine.url.clone(),
        history,
        name: name.to_owned(),
        tables,
    }
}

/// Empties a database for the next case. Not so, and false, when it is no longer what it was: it is to be dropped.
pub(crate) async fn give_back(used: Emptied) -> bool {
    let raw = Raw::server(Dialect::Mysql, &used.url, PREFIX).await;
    let done = is_left(&raw, &used.name).await && empty(&raw, &used).await;
    raw.close().await;
    if done {
        FREE.lock().unwrap().push(used);
    }
    done
}

/// Drops all that were given back: the last act of a run.
pub(crate) async fn drop_all() {
    let free = std::mem::take(&mut *FREE.lock().unwrap());
    for one in free {
        let raw = Raw::server(Dialect::Mysql, &one.url, PREFIX).await;
        raw.exec(&format!("DROP DATABASE {}", one.name)).await;
        raw.close().await;
    }
}

/// Whether nobody is connected: what a case had begun there has ended.
async fn is_left(raw: &Raw, name: &str) -> bool {
    let begin = Instant::now();
    while raw.connected(name).await != Some(0) {
        if begin.elapsed() > GONE_MAX {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    true
}

/// Puts back the rows that a table had when it was new, and tells whether all is as it was then.
async fn empty(raw: &Raw, used: &Emptied) -> bool {
    for table in &used.tables {
        let place = format!("{}.{}", used.name, table.name);
        let delete = format!("DELETE FROM {place} LIMIT {ROWS_MAX}");
        if !matches!(raw.try_exec(&delete).await, Ok(deleted) if deleted < ROWS_MAX) {
            return false;
        }
        for row in &table.rows {
            let cells: Vec<_> = row.iter().map(literal).collect();
            let insert = format!("INSERT INTO {place} VALUES ({})", cells.join(", "));
            if raw.try_exec(&insert).await.is_err() {
                return false;
            }
        }
    }
    tables(raw, &used.name).await == used.tables
}

fn literal(cell: &Option<String>) -> String {
    match cell {
        Some(text) => quoted(text),
        None => "NULL".to_owned(),
    }
}

/// All tables with what makes them and what is in them.
async fn tables(raw: &Raw, name: &str) -> Vec<Table> {
    let mut tables = Vec::new();
    for row in raw.rows(&format!("SHOW TABLES FROM {name}")).await {
        let table = row[0].clone().unwrap();
        let made_by = raw.rows(&format!("SHOW CREATE TABLE {name}.{table}")).await;
        tables.push(Table {
            made_by: without_count(made_by[0][1].as_deref().unwrap()),
            rows: raw.rows(&format!("SELECT * FROM {name}.{table}")).await,
            name: table,
        });
    }
    tables
}

/// The number that the next row gets is no part of what a table is.
fn without_count(statement: &str) -> String {
    match statement.split_once(" AUTO_INCREMENT=") {
        Some((head, tail)) => {
            let rest = tail.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{head}{rest}")
        }
        None => statement.to_owned(),
    }
}
