//! Claiming and settling: one connection claims ahead, another settles.

use std::time::Instant;

use anyhow::{Result, bail};
use tokio::sync::mpsc;
use tokio_postgres::Client;

use super::insert::insert_all;
use super::{connect, make_table};
use crate::report::{Timed, check};

const BATCH: i64 = 500;
/// How many claimed batches may wait for the settler.
const AHEAD: usize = 2;

/// `= any(array(select))` is planned as one lookup; `in (select)` as a join.
const CLAIM: &str = "
    update limit_tasks
    set status = 1, lease_owner = 1, lease_until = now() + interval '60 s', last_run_at = now()
    where id = any(array(
        select id from limit_tasks
        where task_name = 'bench' and status = 0 and run_at <= now()
        order by run_at, id limit $1 for update skip locked))
    returning id, payload::text, retries";
const SETTLE: &str = "
    update limit_tasks t
    set status = 2, finished_at = now(), lease_until = null, result = done.result::jsonb
    from unnest($1::bigint[], $2::text[]) as done (id, result)
    where t.id = done.id and t.status = 1 and t.lease_owner = 1";
const UNSETTLED: &str = "select count(*) from limit_tasks where status <> 2";

/// Claimed rows and their results.
#[derive(Default)]
struct Batch {
    ids: Vec<i64>,
    results: Vec<String>,
}

pub(crate) async fn run(url: &str, tasks: usize, shape: Option<&str>) -> Result<Timed> {
    match shape {
        None | Some("two-connections") => {}
        Some(other) => bail!("no shape is called {other}: there is two-connections"),
    }
    let config = url.parse()?;
    let (claimer, settler) = (connect(&config).await?, connect(&config).await?);
    make_table(&claimer, true).await?;
    insert_all(&claimer, tasks, true).await?;
    for statement in ["vacuum analyze limit_tasks", "checkpoint"] {
        claimer.batch_execute(statement).await?;
    }
    let begun = Instant::now();
    let (sender, batches) = mpsc::channel(AHEAD);
    let settling = tokio::spawn(settle(settler, batches));
    claim(&claimer, sender).await?;
    settling.await??;
    let timed = Timed::since(
        begun,
        "claim ahead and settle on two connections, 500 a batch",
    );
    check(claimer.query_one(UNSETTLED, &[]).await?.try_get(0)?)?;
    Ok(timed)
}

async fn claim(client: &Client, sender: mpsc::Sender<Batch>) -> Result<()> {
    let claim = client.prepare(CLAIM).await?;
    loop {
        let rows = client.query(&claim, &[&BATCH]).await?;
        let mut batch = Batch::default();
        for row in &rows {
            batch.ids.push(row.try_get(0)?);
            batch.results.push(row.try_get(1)?);
        }
        // A settler that is gone tells why when it is joined.
        if batch.ids.is_empty() || sender.send(batch).await.is_err() {
            return Ok(());
        }
    }
}

async fn settle(client: Client, mut batches: mpsc::Receiver<Batch>) -> Result<()> {
    let settle = client.prepare(SETTLE).await?;
    while let Some(batch) = batches.recv().await {
        client
            .execute(&settle, &[&batch.ids, &batch.results])
            .await?;
    }
    Ok(())
}
