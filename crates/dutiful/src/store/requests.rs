//! Requests that may come again: the first is done, and its answer is given to those that repeat it.
//!
//! The row is taken before the tasks are written and gets its answer in the same transaction, so that a row
//! without one is never seen by others: they wait for it, or find the answer.

use super::lock_order::submit_in_lock_order;
use super::retry;
use super::session::{OwnTx, Session};
use super::submit::{NewTask, Submission, micros, submit};
use crate::db::{Db, DbError, DbErrorKind, DbResult, Row, Sql, Value};
use dutiful_core::limits::REQUEST_KEPT;
use serde::{Deserialize, Serialize};

/// Most rows that are removed by one call.
const PRUNE_ROWS: u64 = 1_000;

/// Takes the row if there is none. On MySQL it is locked in any case, for writing: a lock for reading that
/// two have would let neither write.
const TAKE: Sql = Sql {
    sqlite: "/* dutiful.requests.take */
        INSERT INTO dutiful_requests (request_key, request_hash, answer, created_at)
        VALUES (?1, ?2, '', dutiful_now())
        ON CONFLICT (request_key) DO NOTHING",
    mysql: "/* dutiful.requests.take */
        INSERT INTO dutiful_requests (request_key, request_hash, answer, created_at)
        VALUES (?, ?, '', UTC_TIMESTAMP(6))
        ON DUPLICATE KEY UPDATE request_key = request_key",
    postgres: "/* dutiful.requests.take */
        INSERT INTO dutiful_requests (request_key, request_hash, answer, created_at)
        VALUES ($1::bytea, $2::bytea, '', statement_timestamp())
        ON CONFLICT (request_key) DO NOTHING",
};

/// Whose row it is, locked.
const LOOK: Sql = Sql {
    sqlite: "/* dutiful.requests.look */
        SELECT request_hash, answer, created_at, dutiful_now()
        FROM dutiful_requests WHERE request_key = ?1",
    mysql: "/* dutiful.requests.look */
        SELECT request_hash, answer, created_at, UTC_TIMESTAMP(6)
        FROM dutiful_requests WHERE request_key = ? FOR UPDATE",
    postgres: "/* dutiful.requests.look */
        SELECT request_hash, answer, created_at, statement_timestamp()
        FROM dutiful_requests WHERE request_key = $1::bytea FOR UPDATE",
};

/// Gives the row its answer: hash, answer, key. A row that was kept for long enough becomes this request's.
const ANSWER: Sql = Sql {
    sqlite: "/* dutiful.requests.answer */
        UPDATE dutiful_requests SET request_hash = ?1, answer = ?2, created_at = dutiful_now()
        WHERE request_key = ?3",
    mysql: "/* dutiful.requests.answer */
        UPDATE dutiful_requests SET request_hash = ?, answer = ?, created_at = UTC_TIMESTAMP(6)
        WHERE request_key = ?",
    postgres: "/* dutiful.requests.answer */
        UPDATE dutiful_requests
        SET request_hash = $1::bytea, answer = $2::text, created_at = statement_timestamp()
        WHERE request_key = $3::bytea",
};

const PRUNE: Sql = Sql {
    sqlite: "/* dutiful.requests.prune */
        DELETE FROM dutiful_requests
        WHERE request_key IN (SELECT request_key FROM dutiful_requests
                              WHERE created_at < dutiful_now() - ?1 ORDER BY created_at LIMIT ?2)",
    mysql: "/* dutiful.requests.prune */
        DELETE FROM dutiful_requests
        WHERE created_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND ORDER BY created_at LIMIT ?",
    postgres: "/* dutiful.requests.prune */
        DELETE FROM dutiful_requests
        WHERE request_key = ANY(ARRAY(
          SELECT request_key FROM dutiful_requests
          WHERE created_at < statement_timestamp() - $1::bigint * interval '1 microsecond'
          ORDER BY created_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED))",
};

/// What makes two requests the same one.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) key: [u8; 32],
    pub(crate) hash: [u8; 32],
    /// This call's own, so that it knows its answer when the one to its commit was lost.
    pub(crate) call: String,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Answered {
    /// This call has submitted the tasks.
    Submitted(Vec<Submission>),
    /// An earlier one has.
    Replayed(Vec<Submission>),
    /// The key is that of another request.
    OtherRequest,
}

/// The column `answer`.
#[derive(Serialize, Deserialize)]
struct Stored {
    call: String,
    tasks: Vec<StoredTask>,
}

#[derive(Serialize, Deserialize)]
struct StoredTask {
    id: i64,
    merged: bool,
}

/// Submits all of the tasks or none, unless an earlier request with the key has. Safe to repeat.
pub(crate) async fn submit_once(
    db: &Db,
    request: &Request,
    tasks: &[NewTask],
) -> DbResult<Answered> {
    let mut again = false;
    let write = || {
        let in_lock_order = std::mem::replace(&mut again, true);
        write_or_read(db, request, tasks, in_lock_order)
    };
    retry::repeat(write).await
}

async fn write_or_read(
    db: &Db,
    request: &Request,
    tasks: &[NewTask],
    in_lock_order: bool,
) -> DbResult<Answered> {
    let mut own = OwnTx::begin(db).await?;
    if let Some(answered) = take(&mut own, request).await? {
        own.rollback().await?;
        return Ok(answered);
    }
    let done = match in_lock_order {
        true => submit_in_lock_order(&mut own, tasks).await?,
        false => submit(&mut own, tasks).await?,
    };
    answer(&mut own, request, &done).await?;
    own.commit().await?;
    Ok(Answered::Submitted(done))
}

/// Takes the row of the request, locked, or gives what an earlier one was answered; then there is nothing to
/// commit.
pub(super) async fn take(own: &mut OwnTx, request: &Request) -> DbResult<Option<Answered>> {
    let key = || Value::from(request.key.to_vec());
    own.run(&TAKE, vec![key(), request.hash.to_vec().into()])
        .await?;
    let rows = own.run(&LOOK, vec![key()]).await?.rows;
    let Some(row) = rows.first() else {
        let went = "the row of a request went while it was looked at; try again";
        return Err(DbError::new(DbErrorKind::Transient, went));
    };
    earlier_answer(row, request)
}

/// Writes what was done for the request into the row that it has taken.
pub(super) async fn answer(
    own: &mut OwnTx,
    request: &Request,
    done: &[Submission],
) -> DbResult<()> {
    let params = vec![
        request.hash.to_vec().into(),
        to_text(request, done)?.into(),
        request.key.to_vec().into(),
    ];
    own.run(&ANSWER, params).await?;
    Ok(())
}

/// What an earlier request was answered; `None` when the row is this one's to answer.
fn earlier_answer(row: &Row, request: &Request) -> DbResult<Option<Answered>> {
    let answer = row.text(1)?;
    let is_over = row.time(3)?.since(row.time(2)?) >= REQUEST_KEPT;
    if answer.is_empty() || is_over {
        return Ok(None);
    }
    if row.opt_bytes(0)? != Some(&request.hash[..]) {
        return Ok(Some(Answered::OtherRequest));
    }
    let stored: Stored = serde_json::from_str(answer)
        .map_err(|_| DbError::decode(1, "the answer to a request was expected"))?;
    let tasks = stored.tasks.into_iter().map(|task| Submission {
        id: task.id,
        merged: task.merged,
    });
    let tasks = tasks.collect();
    Ok(Some(if stored.call == request.call {
        Answered::Submitted(tasks)
    } else {
        Answered::Replayed(tasks)
    }))
}

fn to_text(request: &Request, done: &[Submission]) -> DbResult<String> {
    let tasks = done.iter().map(|submission| StoredTask {
        id: submission.id,
        merged: submission.merged,
    });
    let stored = Stored {
        call: request.call.clone(),
        tasks: tasks.collect(),
    };
    serde_json::to_string(&stored)
        .map_err(|error| DbError::new(DbErrorKind::Other, error.to_string()))
}

/// Removes rows that have been kept for long enough. Gives back whether more may be left.
pub(crate) async fn prune(db: &Db) -> DbResult<bool> {
    let rows = i64::try_from(PRUNE_ROWS).unwrap_or(i64::MAX);
    let params = || vec![micros(REQUEST_KEPT).into(), rows.into()];
    let reply = retry::repeat(|| db.write(&PRUNE, params())).await?;
    Ok(reply.affected >= PRUNE_ROWS)
}
