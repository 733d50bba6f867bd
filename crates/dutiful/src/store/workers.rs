//! The workers' own rows: who is there, where hints reach them, and whether they are to end.

use super::retry;
use crate::db::{Db, DbResult, Sql, Value};
use std::net::SocketAddr;

/// The row of a worker that starts: what was asked of an earlier one of its name is over.
const ENTER: Sql = Sql {
    sqlite: "/* dutiful.workers.enter */
        INSERT INTO dutiful_workers
          (worker, host, process_id, task_names, hint_address, started_at, beat_at)
        VALUES (?1, ?2, ?3, ?4, ?5, dutiful_now(), dutiful_now())
        ON CONFLICT (worker) DO UPDATE
        SET host = excluded.host, process_id = excluded.process_id, task_names = excluded.task_names,
            hint_address = excluded.hint_address, started_at = excluded.started_at,
            beat_at = excluded.beat_at, drain_at = NULL",
    mysql: "/* dutiful.workers.enter */
        INSERT INTO dutiful_workers
          (worker, host, process_id, task_names, hint_address, started_at, beat_at)
        VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))
        ON DUPLICATE KEY UPDATE
          host = VALUES(host), process_id = VALUES(process_id), task_names = VALUES(task_names),
          hint_address = VALUES(hint_address), started_at = VALUES(started_at),
          beat_at = VALUES(beat_at), drain_at = NULL",
    postgres: "/* dutiful.workers.enter */
        INSERT INTO dutiful_workers
          (worker, host, process_id, task_names, hint_address, started_at, beat_at)
        VALUES ($1::text, $2::text, $3::bigint, $4::text, $5::text,
                statement_timestamp(), statement_timestamp())
        ON CONFLICT (worker) DO UPDATE
        SET host = excluded.host, process_id = excluded.process_id, task_names = excluded.task_names,
            hint_address = excluded.hint_address, started_at = excluded.started_at,
            beat_at = excluded.beat_at, drain_at = NULL",
};

/// The worker's row is written at each beat too, so that one that was pruned comes back.
const BEAT: Sql = Sql {
    sqlite: "/* dutiful.workers.beat */
        INSERT INTO dutiful_workers
          (worker, host, process_id, task_names, hint_address, started_at, beat_at)
        VALUES (?1, ?2, ?3, ?4, ?5, dutiful_now(), dutiful_now())
        ON CONFLICT (worker) DO UPDATE SET beat_at = dutiful_now()",
    mysql: "/* dutiful.workers.beat */
        INSERT INTO dutiful_workers
          (worker, host, process_id, task_names, hint_address, started_at, beat_at)
        VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))
        ON DUPLICATE KEY UPDATE beat_at = UTC_TIMESTAMP(6)",
    postgres: "/* dutiful.workers.beat */
        INSERT INTO dutiful_workers
          (worker, host, process_id, task_names, hint_address, started_at, beat_at)
        VALUES ($1::text, $2::text, $3::bigint, $4::text, $5::text,
                statement_timestamp(), statement_timestamp())
        ON CONFLICT (worker) DO UPDATE SET beat_at = statement_timestamp()",
};

/// Asks a worker to end. Asked again, it has been asked since the first time.
const DRAIN: Sql = Sql {
    sqlite: "/* dutiful.workers.drain */
        UPDATE dutiful_workers SET drain_at = COALESCE(drain_at, dutiful_now()) WHERE worker = ?1",
    mysql:
        "/* dutiful.workers.drain */
        UPDATE dutiful_workers SET drain_at = COALESCE(drain_at, UTC_TIMESTAMP(6)) WHERE worker = ?",
    postgres: "/* dutiful.workers.drain */
        UPDATE dutiful_workers SET drain_at = COALESCE(drain_at, statement_timestamp())
        WHERE worker = $1::text",
};

const IS_TO_DRAIN: Sql = Sql {
    sqlite: "/* dutiful.workers.is_to_drain */
        SELECT 1 FROM dutiful_workers WHERE worker = ?1 AND drain_at IS NOT NULL",
    mysql: "/* dutiful.workers.is_to_drain */
        SELECT 1 FROM dutiful_workers WHERE worker = ? AND drain_at IS NOT NULL",
    postgres: "/* dutiful.workers.is_to_drain */
        SELECT 1 FROM dutiful_workers WHERE worker = $1::text AND drain_at IS NOT NULL",
};

const LEAVE: Sql = Sql {
    sqlite: "/* dutiful.workers.leave */ DELETE FROM dutiful_workers WHERE worker = ?1",
    mysql: "/* dutiful.workers.leave */ DELETE FROM dutiful_workers WHERE worker = ?",
    postgres: "/* dutiful.workers.leave */ DELETE FROM dutiful_workers WHERE worker = $1::text",
};

/// Workers that beat within half a minute.
const HINTS: Sql = Sql {
    sqlite: "/* dutiful.workers.hints */
        SELECT hint_address FROM dutiful_workers
        WHERE hint_address IS NOT NULL AND beat_at > dutiful_now() - 30000000 LIMIT 256",
    mysql: "/* dutiful.workers.hints */
        SELECT hint_address FROM dutiful_workers
        WHERE hint_address IS NOT NULL AND beat_at > UTC_TIMESTAMP(6) - INTERVAL 30 SECOND LIMIT 256",
    postgres: "/* dutiful.workers.hints */
        SELECT hint_address FROM dutiful_workers
        WHERE hint_address IS NOT NULL AND beat_at > statement_timestamp() - interval '30 seconds'
        LIMIT 256",
};

/// What a worker says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    pub(crate) worker: String,
    pub(crate) host: String,
    pub(crate) process_id: i64,
    /// A JSON array.
    pub(crate) task_names: String,
    pub(crate) hint_address: Option<String>,
}

/// Says that the worker has started.
pub(crate) async fn enter(db: &Db, card: &Card) -> DbResult<()> {
    retry::repeat(|| db.write(&ENTER, params(card))).await?;
    Ok(())
}

/// Says that the worker is alive.
pub(crate) async fn beat(db: &Db, card: &Card) -> DbResult<()> {
    retry::repeat(|| db.write(&BEAT, params(card))).await?;
    Ok(())
}

fn params(card: &Card) -> Vec<Value> {
    vec![
        card.worker.as_str().into(),
        card.host.as_str().into(),
        card.process_id.into(),
        card.task_names.as_str().into(),
        card.hint_address.clone().into(),
    ]
}

/// Asks a worker to end, if it has a row. Safe to repeat.
pub(crate) async fn drain(db: &Db, worker: &str) -> DbResult<()> {
    retry::repeat(|| db.write(&DRAIN, vec![worker.into()])).await?;
    Ok(())
}

/// Whether somebody has asked the worker to end.
pub(crate) async fn is_to_drain(db: &Db, worker: &str) -> DbResult<bool> {
    Ok(!db.read(&IS_TO_DRAIN, vec![worker.into()]).await?.is_empty())
}

/// Removes the worker's row.
pub(crate) async fn leave(db: &Db, worker: &str) -> DbResult<()> {
    db.write(&LEAVE, vec![worker.into()]).await?;
    Ok(())
}

/// Where to send hints. What is no address is passed over.
pub(crate) async fn hint_addresses(db: &Db) -> DbResult<Vec<SocketAddr>> {
    let rows = db.read(&HINTS, Vec::new()).await?;
    Ok(rows
        .iter()
        .filter_map(|row| row.opt_text(0).ok()??.parse().ok())
        .collect())
}
