//! Inserting: one row a statement, and arrays of rows.

use std::time::Instant;

use anyhow::Result;

use super::{connect, make_table};
use crate::BULK;
use crate::report::Timed;
use crate::sample::{NAME, key, payload};

const ONE: &str = "
    insert into limit_tasks (task_name, payload, payload_hash) values ($1, $2::text::jsonb, $3)
    on conflict (task_name, payload_hash) do update set max_retries = limit_tasks.max_retries
    returning id";
/// One prepared text serves every number of rows.
const BULK_UNIQUE: &str = "
    insert into limit_tasks (task_name, payload, payload_hash)
    select $1, row.payload::jsonb, row.hash
    from unnest($2::text[], $3::bytea[]) as row (payload, hash)
    on conflict do nothing returning id";
const BULK_PLAIN: &str = "
    insert into limit_tasks (task_name, payload, payload_hash)
    select $1, row.payload::jsonb, row.hash
    from unnest($2::text[], $3::bytea[]) as row (payload, hash)";

pub(crate) async fn one(url: &str, tasks: usize) -> Result<Timed> {
    let client = connect(&url.parse()?).await?;
    make_table(&client, true).await?;
    let insert = client.prepare(ONE).await?;
    let begun = Instant::now();
    for number in 0..tasks {
        client
            .query_one(&insert, &[&NAME, &payload(number), &key(number)])
            .await?;
    }
    Ok(Timed::since(
        begun,
        "one row, ON CONFLICT DO UPDATE RETURNING",
    ))
}

pub(crate) async fn bulk(url: &str, tasks: usize, unique: bool) -> Result<Timed> {
    let client = connect(&url.parse()?).await?;
    make_table(&client, unique).await?;
    let begun = Instant::now();
    insert_all(&client, tasks, unique).await?;
    let shape = if unique {
        "unnest of 1,000 rows, ON CONFLICT DO NOTHING RETURNING"
    } else {
        "unnest of 1,000 rows"
    };
    Ok(Timed::since(begun, shape))
}

pub(super) async fn insert_all(
    client: &tokio_postgres::Client,
    tasks: usize,
    unique: bool,
) -> Result<()> {
    let text = if unique { BULK_UNIQUE } else { BULK_PLAIN };
    let insert = client.prepare(text).await?;
    for first in (0..tasks).step_by(BULK) {
        let numbers = first..tasks.min(first + BULK);
        let payloads: Vec<String> = numbers.clone().map(payload).collect();
        let keys: Vec<Vec<u8>> = numbers.map(key).collect();
        client.query(&insert, &[&NAME, &payloads, &keys]).await?;
    }
    Ok(())
}
