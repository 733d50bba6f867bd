//! One batch of a bulk operation: its tasks are locked, each is decided on as it is then, and how far the
//! operation is becomes known in the same transaction, under the lease of the operation's own task.

use super::figures::left::leave;
use super::list::Query;
use super::session::{OwnTx, Session};
use super::{delete, edit, facts, janitor, operate, retry};
use crate::db::{Db, DbResult, Row, Sql, Value};
use dutiful_core::{Event, Refusal, TaskFacts, Timestamp, decide};
use std::collections::{BTreeMap, BTreeSet};

/// The tasks of a batch, locked in the order of ids.
const LOCK: Sql = Sql {
    sqlite: "/* dutiful.bulk.lock */
        SELECT id, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               task_name, finished_at
        FROM dutiful_tasks WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id",
    mysql: "/* dutiful.bulk.lock */
        SELECT id, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               task_name, finished_at
        FROM dutiful_tasks FORCE INDEX (PRIMARY) WHERE id IN (?) ORDER BY id FOR UPDATE",
    postgres: "/* dutiful.bulk.lock */
        SELECT id, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               task_name, finished_at
        FROM dutiful_tasks WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE",
};

/// The operation's own row, if this attempt still holds it. It was submitted after the tasks that it is about,
/// so that locking it last keeps to the order of ids. Whoever stops it waits for the batch, or goes before it.
const FENCE: Sql = Sql {
    sqlite: "/* dutiful.bulk.fence */
        SELECT id FROM dutiful_tasks WHERE id = ?1 AND attempt = ?2 AND worker = ?3",
    mysql: "/* dutiful.bulk.fence */
        SELECT id FROM dutiful_tasks WHERE id = ? AND attempt = ? AND worker = ? FOR UPDATE",
    postgres: "/* dutiful.bulk.fence */
        SELECT id FROM dutiful_tasks
        WHERE id = $1::bigint AND attempt = $2::bigint AND worker = $3::text FOR UPDATE",
};

/// How far some operations are.
const PROGRESS: Sql = Sql {
    sqlite: "/* dutiful.bulk.progress */
        SELECT task_id, result_data FROM dutiful_steps
        WHERE task_id IN (SELECT value FROM json_each(?1)) AND step_name = 'progress'",
    mysql: "/* dutiful.bulk.progress */
        SELECT task_id, result_data FROM dutiful_steps
        WHERE task_id IN (?) AND step_name = 'progress'",
    postgres: "/* dutiful.bulk.progress */
        SELECT task_id, result_data FROM dutiful_steps
        WHERE task_id = ANY($1::bigint[]) AND step_name = 'progress'",
};

const PUT: Sql = Sql {
    sqlite: "/* dutiful.bulk.put */
        INSERT INTO dutiful_steps (task_id, step_name, attempt, result_data, created_at)
        VALUES (?1, 'progress', ?2, ?3, dutiful_now())
        ON CONFLICT (task_id, step_name) DO UPDATE
        SET attempt = excluded.attempt, result_data = excluded.result_data",
    mysql: "/* dutiful.bulk.put */
        INSERT INTO dutiful_steps (task_id, step_name, attempt, result_data, created_at)
        VALUES (?, 'progress', ?, ?, UTC_TIMESTAMP(6))
        ON DUPLICATE KEY UPDATE attempt = VALUES(attempt), result_data = VALUES(result_data)",
    postgres: "/* dutiful.bulk.put */
        INSERT INTO dutiful_steps (task_id, step_name, attempt, result_data, created_at)
        VALUES ($1::bigint, 'progress', $2::bigint, $3::text, statement_timestamp())
        ON CONFLICT (task_id, step_name) DO UPDATE
        SET attempt = excluded.attempt, result_data = excluded.result_data",
};

/// What is done to each task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verb {
    /// What the event does, with this message.
    Event(Event, Option<&'static str>),
    Delete,
    Priority(i64),
}

/// A batch, and who works on it.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) operation: i64,
    pub(crate) attempt: i64,
    pub(crate) worker: &'a str,
    pub(crate) verb: Verb,
    /// Which tasks fit; one that does so no more is passed over.
    pub(crate) query: &'a Query,
    pub(crate) ids: Vec<i64>,
    /// What was stored of the operation's progress when the batch was chosen.
    pub(crate) before: Option<&'a str>,
}

/// What became of the tasks of a batch.
#[derive(Debug, Default)]
pub(crate) struct Acted {
    pub(crate) done: u64,
    /// How many were passed over, by why.
    pub(crate) skipped: BTreeMap<&'static str, u64>,
    /// The names of those to which something was done.
    pub(crate) task_names: BTreeSet<String>,
}

/// What became of a batch.
#[derive(Debug)]
pub(crate) enum Written {
    /// It was done, and the progress is stored.
    Done(Acted),
    /// An earlier try did it, and its answer was lost.
    DoneBefore,
    /// The operation's lease was lost, or it was stopped; nothing was done.
    LeaseLost,
}

/// Does one batch and stores the progress that `after` makes of it, in one transaction. Safe to repeat: a batch
/// that was committed is known by the progress that is stored.
pub(crate) async fn act(
    db: &Db,
    batch: &Batch<'_>,
    after: impl Fn(&Acted) -> String,
) -> DbResult<Written> {
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let written = in_transaction(&mut own, batch, &after).await?;
        match written {
            Written::Done(_) => own.commit().await?,
            _ => own.rollback().await?,
        }
        Ok(written)
    })
    .await
}

/// The stored progress of these operations.
pub(crate) async fn progress(db: &Db, operations: Vec<i64>) -> DbResult<Vec<(i64, String)>> {
    if operations.is_empty() {
        return Ok(Vec::new());
    }
    let rows = db.read(&PROGRESS, vec![Value::Ints(operations)]).await?;
    let read = |mut row: Row| Ok((row.int(0)?, row.take_text(1)?.unwrap_or_default()));
    rows.into_iter().map(read).collect()
}

async fn in_transaction(
    own: &mut OwnTx,
    batch: &Batch<'_>,
    after: &impl Fn(&Acted) -> String,
) -> DbResult<Written> {
    let acted = act_on_all(own, batch).await?;
    let fence = vec![
        batch.operation.into(),
        batch.attempt.into(),
        batch.worker.into(),
    ];
    if own.run(&FENCE, fence).await?.rows.is_empty() {
        return Ok(Written::LeaseLost);
    }
    let params = vec![Value::Ints(vec![batch.operation])];
    let mut stored = own.run(&PROGRESS, params).await?.rows;
    let stored = stored.first_mut().map(|row| row.take_text(1)).transpose()?;
    if stored.flatten().as_deref() != batch.before {
        return Ok(Written::DoneBefore);
    }
    let put = vec![
        batch.operation.into(),
        batch.attempt.into(),
        after(&acted).into(),
    ];
    own.run(&PUT, put).await?;
    Ok(Written::Done(acted))
}

async fn act_on_all(own: &mut OwnTx, batch: &Batch<'_>) -> DbResult<Acted> {
    let mut acted = Acted::default();
    if batch.ids.is_empty() {
        return Ok(acted);
    }
    let params = vec![Value::Ints(batch.ids.clone())];
    let rows = own.run(&LOCK, params).await?.rows;
    acted.skip("gone", batch.ids.len().saturating_sub(rows.len()));
    let (mut removed, mut leaving) = (Vec::new(), Vec::new());
    for row in &rows {
        match act_on(own, batch, row).await? {
            Ok(()) => {
                if batch.verb == Verb::Delete {
                    removed.push(row.int(0)?);
                    leaving.extend(operate::leaving(row)?);
                }
                acted.done += 1;
                acted.task_names.insert(row.text(11)?.to_owned());
            }
            Err(why) => acted.skip(why, 1),
        }
    }
    if !removed.is_empty() {
        janitor::remove(own, removed).await?;
        leave(own, leaving).await?;
    }
    Ok(acted)
}

/// Does to one locked task what the same verb would do by itself; or why not.
async fn act_on(
    own: &mut OwnTx,
    batch: &Batch<'_>,
    row: &Row,
) -> DbResult<Result<(), &'static str>> {
    let now = row.time(1)?;
    let facts = match facts::read(row, 2) {
        Ok(facts) if !fits(batch.query, &facts, row.opt_time(12)?, now) => {
            return Ok(Err("changed"));
        }
        Ok(facts) => facts,
        // It can only be removed.
        Err(_) if batch.verb == Verb::Delete => {
            let removable = delete::refusal(row).is_ok_and(|refusal| refusal.is_none());
            return Ok(if removable { Ok(()) } else { Err("unreadable") });
        }
        Err(_) => return Ok(Err("unreadable")),
    };
    let refused = |refusal: Refusal| Ok(Err(refusal.word()));
    match batch.verb {
        Verb::Event(event, message) => match decide(&facts, &event, now) {
            Ok(transition) => operate::apply(own, row, &facts, &transition, message)
                .await
                .map(Ok),
            Err(refusal) => refused(refusal),
        },
        Verb::Delete => match delete::refusal(row)? {
            None => Ok(Ok(())),
            Some(refusal) => refused(refusal),
        },
        Verb::Priority(priority) => {
            let edited = Event::Edited {
                run_at: None,
                max_retries: None,
            };
            match decide(&facts, &edited, now) {
                Ok(transition) => edit::set_priority(own, row, &transition, priority)
                    .await
                    .map(Ok),
                Err(refusal) => refused(refusal),
            }
        }
    }
}

/// Whether a task is still one of those that were asked for. Its name and when it was made never change, and a text
/// was looked for a moment ago.
fn fits(query: &Query, facts: &TaskFacts, finished_at: Option<Timestamp>, now: Timestamp) -> bool {
    let ended_then = finished_at.map_or(
        query.finished_from.is_none() && query.finished_before.is_none(),
        |at| {
            query.finished_from.is_none_or(|from| at >= from)
                && query.finished_before.is_none_or(|before| at < before)
        },
    );
    ended_then
        && query.wants(facts.state(now))
        && query.status.is_none_or(|status| status == facts.status)
}

impl Acted {
    fn skip(&mut self, why: &'static str, tasks: usize) {
        if tasks > 0 {
            *self.skipped.entry(why).or_default() += u64::try_from(tasks).unwrap_or(u64::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Filter;
    use dutiful_core::{ErrorKind, State, Status, StoredScope};

    #[test]
    fn a_task_that_ended_once_more_since_it_was_looked_for_is_another_one() {
        let at = Timestamp::from_micros;
        let failed = TaskFacts {
            status: Status::Error,
            due_at: None,
            leased: false,
            attempt: 2,
            retries: 3,
            max_retries: 3,
            crashes: 0,
            error_kind: Some(ErrorKind::Failed),
            dedup_scope: StoredScope::None,
        };
        let filter = Filter::new().state(State::Failed);
        let asked = filter.finished_after(at(10)).finished_before(at(20));
        let query = asked.query().unwrap();
        let fits = |finished_at| fits(&query, &failed, finished_at, at(99));
        assert!(fits(Some(at(10))) && fits(Some(at(19))));
        assert!(!fits(Some(at(9))) && !fits(Some(at(20))) && !fits(None));
    }
}
