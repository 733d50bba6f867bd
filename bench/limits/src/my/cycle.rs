//! Claiming and settling: one connection claims ahead, another settles.

use std::time::Instant;

use anyhow::{Result, bail};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::sync::mpsc;

use super::insert::insert_all;
use super::{connect, make_table};
use crate::report::{Timed, check};

const BATCH: u32 = 500;
/// How many claimed batches may wait for the settler.
const AHEAD: usize = 2;
/// The server gave up a transaction because two waited for each other: it is run again.
const DEADLOCK: u16 = 1213;

const SELECT: &str = "
    select id, cast(payload as char) from limit_tasks
    where task_name = 'bench' and status = 0 and run_at <= now(6)
    order by run_at, id limit ? for update skip locked";
const LEASE: &str = "
    update limit_tasks set status = 1, lease_owner = 1,
        lease_until = now(6) + interval 60 second, last_run_at = now(6)
    where id in (";
/// The results are read first, then their rows by primary key: the other way round is slow.
const SETTLE_EACH: &str = "
    update json_table(?, '$[*]' columns (id bigint path '$[0]', result longtext path '$[1]')) done
    straight_join limit_tasks t on t.id = done.id
    set t.status = 2, t.finished_at = now(6), t.lease_until = null, t.result = done.result
    where t.status = 1 and t.lease_owner = 1";
const SETTLE_ALIKE: &str = "
    update limit_tasks set status = 2, finished_at = now(6), lease_until = null, result = 'null'
    where status = 1 and lease_owner = 1 and id in (";
const UNSETTLED: &str = "select count(*) from limit_tasks where status <> 2";

type Batch = Vec<(i64, String)>;

#[derive(Clone, Copy)]
enum Shape {
    /// Each row gets its own result.
    JsonTable,
    /// All rows get the same result.
    InList,
}

pub(crate) async fn run(url: &str, tasks: usize, shape: Option<&str>) -> Result<Timed> {
    let (shape, told) = match shape {
        None | Some("json-table") => (
            Shape::JsonTable,
            "claim and settle by JSON_TABLE on two connections, 500 a batch",
        ),
        Some("in-list") => (
            Shape::InList,
            "claim and settle by IN list, all results equal, on two connections, 500 a batch",
        ),
        Some(other) => bail!("no shape is called {other}: there are json-table and in-list"),
    };
    let (mut claimer, settler) = (connect(url).await?, connect(url).await?);
    make_table(&mut claimer, true).await?;
    insert_all(&mut claimer, tasks, true).await?;
    claimer.query_drop("analyze table limit_tasks").await?;
    let begun = Instant::now();
    let (sender, batches) = mpsc::channel(AHEAD);
    let settling = tokio::spawn(settle_all(settler, shape, batches));
    claim_all(&mut claimer, sender).await?;
    settling.await??;
    let timed = Timed::since(begun, told);
    let unsettled: Option<i64> = claimer.query_first(UNSETTLED).await?;
    check(unsettled.unwrap_or(-1))?;
    claimer.disconnect().await?;
    Ok(timed)
}

async fn claim_all(conn: &mut Conn, sender: mpsc::Sender<Batch>) -> Result<()> {
    loop {
        let batch = match claim(conn).await {
            Err(error) if is_deadlock(&error) => continue,
            claimed => claimed?,
        };
        // A settler that is gone tells why when it is joined.
        if batch.is_empty() || sender.send(batch).await.is_err() {
            return Ok(());
        }
    }
}

async fn claim(conn: &mut Conn) -> mysql_async::Result<Batch> {
    conn.query_drop("start transaction").await?;
    let batch: Batch = conn.exec(SELECT, (BATCH,)).await?;
    if !batch.is_empty() {
        conn.query_drop(with_ids(LEASE, &batch)).await?;
    }
    conn.query_drop("commit").await?;
    Ok(batch)
}

async fn settle_all(
    mut conn: Conn,
    shape: Shape,
    mut batches: mpsc::Receiver<Batch>,
) -> Result<()> {
    while let Some(batch) = batches.recv().await {
        loop {
            match settle(&mut conn, shape, &batch).await {
                Err(error) if error.downcast_ref().is_some_and(is_deadlock) => {}
                settled => break settled?,
            }
        }
    }
    Ok(conn.disconnect().await?)
}

async fn settle(conn: &mut Conn, shape: Shape, batch: &Batch) -> Result<()> {
    match shape {
        Shape::JsonTable => {
            let results = serde_json::to_string(batch)?;
            conn.exec_drop(SETTLE_EACH, (results,)).await?;
        }
        Shape::InList => conn.query_drop(with_ids(SETTLE_ALIKE, batch)).await?,
    }
    Ok(())
}

/// A statement that ends in an open list of ids. Literal numbers are quicker than parameters.
fn with_ids(head: &str, batch: &Batch) -> String {
    let ids: Vec<String> = batch.iter().map(|(id, _)| id.to_string()).collect();
    format!("{head}{})", ids.join(","))
}

fn is_deadlock(error: &mysql_async::Error) -> bool {
    matches!(error, mysql_async::Error::Server(server) if server.code == DEADLOCK)
}
