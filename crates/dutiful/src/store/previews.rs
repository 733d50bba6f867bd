//! Previews of bulk operations: what was asked for, and the operation that came of it.
//!
//! A preview is known by the digest of its token, which is in the answer to who asked and nowhere else.

use super::requests::{self, Answered, Request};
use super::retry;
use super::session::{OwnTx, Session};
use super::submit::{NewTask, Submission, micros, submit};
use super::task_row::take_text;
use crate::db::{Db, DbResult, Row, Sql, Value};
use dutiful_core::Timestamp;
use dutiful_core::limits::{PREVIEW_KEPT, PREVIEW_VALID};

/// Most rows that are removed by one call.
const PRUNE_ROWS: u64 = 1_000;

/// Written twice, the first one stays.
const INSERT: Sql = Sql {
    sqlite: "/* dutiful.previews.insert */
        INSERT INTO dutiful_previews (preview_key, asked_by, asked_for, created_at)
        VALUES (?1, ?2, ?3, dutiful_now())
        ON CONFLICT (preview_key) DO NOTHING",
    mysql: "/* dutiful.previews.insert */
        INSERT INTO dutiful_previews (preview_key, asked_by, asked_for, created_at)
        VALUES (?, ?, ?, UTC_TIMESTAMP(6))
        ON DUPLICATE KEY UPDATE preview_key = preview_key",
    postgres: "/* dutiful.previews.insert */
        INSERT INTO dutiful_previews (preview_key, asked_by, asked_for, created_at)
        VALUES ($1::bytea, $2::text, $3::text, statement_timestamp())
        ON CONFLICT (preview_key) DO NOTHING",
};

/// Locked, so that of two confirmations the second finds the operation of the first.
const LOCK: Sql = Sql {
    sqlite: "/* dutiful.previews.lock */
        SELECT asked_by, asked_for, operation_id, created_at, dutiful_now()
        FROM dutiful_previews WHERE preview_key = ?1",
    mysql: "/* dutiful.previews.lock */
        SELECT asked_by, asked_for, operation_id, created_at, UTC_TIMESTAMP(6)
        FROM dutiful_previews WHERE preview_key = ? FOR UPDATE",
    postgres: "/* dutiful.previews.lock */
        SELECT asked_by, asked_for, operation_id, created_at, statement_timestamp()
        FROM dutiful_previews WHERE preview_key = $1::bytea FOR UPDATE",
};

const CONFIRM: Sql = Sql {
    sqlite: "/* dutiful.previews.confirm */
        UPDATE dutiful_previews SET operation_id = ?1 WHERE preview_key = ?2",
    mysql: "/* dutiful.previews.confirm */
        UPDATE dutiful_previews SET operation_id = ? WHERE preview_key = ?",
    postgres: "/* dutiful.previews.confirm */
        UPDATE dutiful_previews SET operation_id = $1::bigint WHERE preview_key = $2::bytea",
};

const PRUNE: Sql = Sql {
    sqlite: "/* dutiful.previews.prune */
        DELETE FROM dutiful_previews
        WHERE preview_key IN (SELECT preview_key FROM dutiful_previews
                              WHERE created_at < dutiful_now() - ?1 ORDER BY created_at LIMIT ?2)",
    mysql: "/* dutiful.previews.prune */
        DELETE FROM dutiful_previews
        WHERE created_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND ORDER BY created_at LIMIT ?",
    postgres: "/* dutiful.previews.prune */
        DELETE FROM dutiful_previews
        WHERE preview_key = ANY(ARRAY(
          SELECT preview_key FROM dutiful_previews
          WHERE created_at < statement_timestamp() - $1::bigint * interval '1 microsecond'
          ORDER BY created_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED))",
};

/// The bounds of what a preview is about: the highest id that there is, and the time.
const BOUNDS: Sql = Sql {
    sqlite: "/* dutiful.previews.bounds */
        SELECT (SELECT MAX(id) FROM dutiful_tasks), dutiful_now()",
    mysql: "/* dutiful.previews.bounds */
        SELECT (SELECT MAX(id) FROM dutiful_tasks), UTC_TIMESTAMP(6)",
    postgres: "/* dutiful.previews.bounds */
        SELECT (SELECT MAX(id) FROM dutiful_tasks), statement_timestamp()",
};

/// What became of a confirmation.
#[derive(Debug)]
pub(crate) enum Confirmed {
    /// The operation's task. Whether an earlier request with the same key has submitted it.
    Started { id: i64, replayed: bool },
    /// The key of the request is that of another one.
    OtherRequest,
    /// There is no such preview of this asker.
    Missing,
    /// It was confirmed before; the operation that came of it.
    Used(i64),
    /// It was asked for too long ago.
    Expired,
}

/// The highest id, 0 when there is no task, and the database's time.
pub(crate) async fn bounds(db: &Db) -> DbResult<(i64, Timestamp)> {
    let rows = db.read(&BOUNDS, Vec::new()).await?;
    match rows.first() {
        Some(row) => Ok((row.opt_int(0)?.unwrap_or(0), row.time(1)?)),
        None => Ok((0, Timestamp::MIN)),
    }
}

/// Stores what was asked for, and by whom.
pub(crate) async fn insert(db: &Db, key: [u8; 32], by: &str, asked_for: &str) -> DbResult<()> {
    let params = || vec![key.to_vec().into(), by.into(), asked_for.into()];
    retry::repeat(|| db.write(&INSERT, params())).await?;
    Ok(())
}

/// Submits the task that `make` makes of what was asked for, once for each preview and each request. Safe to
/// repeat.
pub(crate) async fn confirm<M>(
    db: &Db,
    request: &Request,
    key: [u8; 32],
    by: &str,
    make: M,
) -> DbResult<Confirmed>
where
    M: Fn(&str) -> DbResult<NewTask>,
{
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        match in_transaction(&mut own, request, key, by, &make).await? {
            (confirmed, true) => {
                own.commit().await?;
                Ok(confirmed)
            }
            (confirmed, false) => {
                own.rollback().await?;
                Ok(confirmed)
            }
        }
    })
    .await
}

/// What came of it, and whether anything was written.
async fn in_transaction<M>(
    own: &mut OwnTx,
    request: &Request,
    key: [u8; 32],
    by: &str,
    make: &M,
) -> DbResult<(Confirmed, bool)>
where
    M: Fn(&str) -> DbResult<NewTask>,
{
    let started = |done: Vec<Submission>, replayed| Confirmed::Started {
        id: done.first().map_or(0, |submission| submission.id),
        replayed,
    };
    match requests::take(own, request).await? {
        Some(Answered::Submitted(done)) => return Ok((started(done, false), false)),
        Some(Answered::Replayed(done)) => return Ok((started(done, true), false)),
        Some(Answered::OtherRequest) => return Ok((Confirmed::OtherRequest, false)),
        None => {}
    }
    let mut rows = own.run(&LOCK, vec![key.to_vec().into()]).await?.rows;
    let asked_for = match rows.first_mut() {
        None => return Ok((Confirmed::Missing, false)),
        Some(row) => match asked_for(row, by)? {
            Ok(asked_for) => asked_for,
            Err(refused) => return Ok((refused, false)),
        },
    };
    let done = submit(own, &[make(&asked_for)?]).await?;
    let id = done.first().map_or(0, |submission| submission.id);
    let params: Vec<Value> = vec![id.into(), key.to_vec().into()];
    own.run(&CONFIRM, params).await?;
    requests::answer(own, request, &done).await?;
    Ok((started(done, false), true))
}

/// What was asked for, if it may be confirmed now and by this one. Whoever did not ask is told what is told of a
/// preview that is not there.
fn asked_for(row: &mut Row, by: &str) -> DbResult<Result<String, Confirmed>> {
    if take_text(row, 0)?.as_deref() != Some(by) {
        return Ok(Err(Confirmed::Missing));
    }
    if let Some(operation) = row.opt_int(2)? {
        return Ok(Err(Confirmed::Used(operation)));
    }
    if row.time(4)?.since(row.time(3)?) > PREVIEW_VALID {
        return Ok(Err(Confirmed::Expired));
    }
    Ok(Ok(take_text(row, 1)?.unwrap_or_default()))
}

/// Removes previews that were remembered for long enough. Gives back whether more may be left.
pub(crate) async fn prune(db: &Db) -> DbResult<bool> {
    let rows = i64::try_from(PRUNE_ROWS).unwrap_or(i64::MAX);
    let params = || vec![micros(PREVIEW_KEPT).into(), rows.into()];
    let reply = retry::repeat(|| db.write(&PRUNE, params())).await?;
    Ok(reply.affected >= PRUNE_ROWS)
}
