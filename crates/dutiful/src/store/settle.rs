//! Writes the outcomes of attempts.

use super::joins::{self, NewTasks};
use super::session::{OwnTx, Session};
use super::{facts, lock_order, retry, shorten, submit, take_over};
use crate::db::{Db, DbError, DbErrorKind, DbResult, Dialect, Row, Rows, Sql, Value};
use dutiful_core::{Due, Event, Outcome, Transition, decide};
use std::collections::{HashMap, HashSet};

/// Ends attempts in success. The row itself is the history of a task that succeeds.
///
/// The slot is free from then on. For SQLite removing its key would be most of the work, since keys lie
/// anywhere in their index: there it is removed when somebody else wants the slot (see `merge`).
const SUCCESS: Sql = Sql {
    sqlite: "/* dutiful.settle.success */
        UPDATE dutiful_tasks
        SET status = 'success', due_at = NULL, worker = NULL, finished_at = dutiful_now(),
            result_data = ?4, error_kind = NULL, error_message = NULL
        WHERE id = ?2 AND attempt = ?3 AND worker = ?1",
    mysql: "/* dutiful.settle.success */
        UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
                 id BIGINT PATH '$[0]', attempt BIGINT PATH '$[1]',
                 result_data LONGTEXT CHARACTER SET utf8mb4 PATH '$[2]', frees INT PATH '$[3]')) AS new
        STRAIGHT_JOIN dutiful_tasks AS t FORCE INDEX (PRIMARY) ON t.id = new.id
        SET t.status = 'success', t.due_at = NULL, t.worker = NULL, t.finished_at = UTC_TIMESTAMP(6),
            t.result_data = new.result_data, t.error_kind = NULL, t.error_message = NULL,
            t.dedup_key = CASE WHEN new.frees = 1 THEN NULL ELSE t.dedup_key END
        WHERE t.attempt = new.attempt AND t.worker = ?",
    postgres: "/* dutiful.settle.success */
        UPDATE dutiful_tasks AS t
        SET status = 'success', due_at = NULL, worker = NULL, finished_at = statement_timestamp(),
            result_data = new.result_data, error_kind = NULL, error_message = NULL,
            dedup_key = CASE WHEN new.frees = 1 THEN NULL ELSE t.dedup_key END
        FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bigint[])
             AS new (id, attempt, result_data, frees)
        WHERE t.id = new.id AND t.attempt = new.attempt AND t.worker = $1::text",
};

/// Which of these attempts stand as successes: only their own holders can have written that.
const SUCCEEDED: Sql = Sql {
    sqlite: "/* dutiful.settle.succeeded */
        SELECT id, attempt FROM dutiful_tasks
        WHERE id IN (SELECT value FROM json_each(?1)) AND status = 'success' AND worker IS NULL",
    mysql: "/* dutiful.settle.succeeded */
        SELECT id, attempt FROM dutiful_tasks
        WHERE id IN (?) AND status = 'success' AND worker IS NULL",
    postgres: "/* dutiful.settle.succeeded */
        SELECT id, attempt FROM dutiful_tasks
        WHERE id = ANY($1::bigint[]) AND status = 'success' AND worker IS NULL",
};

/// The rows that this worker still holds, locked, so that what is decided next is decided on fresh facts.
const HELD: Sql = Sql {
    sqlite: "/* dutiful.settle.held */
        SELECT id, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE id IN (SELECT value FROM json_each(?1)) AND worker = ?2
        ORDER BY id",
    mysql: "/* dutiful.settle.held */
        SELECT id, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE id IN (?) AND worker = ?
        ORDER BY id
        FOR UPDATE",
    postgres: "/* dutiful.settle.held */
        SELECT id, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE id = ANY($1::bigint[]) AND worker = $2::text
        ORDER BY id
        FOR UPDATE",
};

/// Applies what was decided about attempts that did not end in success.
const APPLY: Sql = Sql {
    sqlite: "/* dutiful.settle.apply */
        UPDATE dutiful_tasks
        SET status = ?4, due_at = dutiful_now() + ?5, worker = NULL,
            finished_at = CASE WHEN ?9 = 1 THEN dutiful_now() END,
            retries = ?6, error_kind = ?7, error_message = COALESCE(?8, error_message),
            dedup_key = CASE WHEN ?10 = 1 THEN NULL ELSE dedup_key END
        WHERE id = ?2 AND attempt = ?3 AND worker = ?1",
    mysql: "/* dutiful.settle.apply */
        UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
                 id BIGINT PATH '$[0]', attempt BIGINT PATH '$[1]',
                 status VARCHAR(20) CHARACTER SET utf8mb4 PATH '$[2]',
                 delay BIGINT PATH '$[3]', retries INT PATH '$[4]',
                 error_kind VARCHAR(20) CHARACTER SET utf8mb4 PATH '$[5]',
                 error_message TEXT CHARACTER SET utf8mb4 PATH '$[6]', ends INT PATH '$[7]',
                 frees INT PATH '$[8]')) AS new
        STRAIGHT_JOIN dutiful_tasks AS t FORCE INDEX (PRIMARY) ON t.id = new.id
        SET t.status = new.status, t.due_at = UTC_TIMESTAMP(6) + INTERVAL new.delay MICROSECOND,
            t.worker = NULL,
            t.finished_at = CASE WHEN new.ends = 1 THEN UTC_TIMESTAMP(6) END,
            t.retries = new.retries, t.error_kind = new.error_kind,
            t.error_message = COALESCE(new.error_message, t.error_message),
            t.dedup_key = CASE WHEN new.frees = 1 THEN NULL ELSE t.dedup_key END
        WHERE t.attempt = new.attempt AND t.worker = ?",
    postgres: "/* dutiful.settle.apply */
        UPDATE dutiful_tasks AS t
        SET status = new.status,
            due_at = statement_timestamp() + new.delay * interval '1 microsecond',
            worker = NULL,
            finished_at = CASE WHEN new.ends = 1 THEN statement_timestamp() END,
            retries = new.retries, error_kind = new.error_kind,
            error_message = COALESCE(new.error_message, t.error_message),
            dedup_key = CASE WHEN new.frees = 1 THEN NULL ELSE t.dedup_key END
        FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::text[],
                    $8::text[], $9::bigint[], $10::bigint[])
             AS new (id, attempt, status, delay, retries, error_kind, error_message, ends, frees)
        WHERE t.id = new.id AND t.attempt = new.attempt AND t.worker = $1::text",
};

/// One row for each attempt that did not end in success. Writing it twice is harmless.
const HISTORY: Sql = Sql {
    sqlite: "/* dutiful.settle.history */
        INSERT INTO dutiful_attempts
          (task_id, attempt, worker, started_at, ended_at, outcome, error_message)
        SELECT id, ?3, ?1, COALESCE(last_run_at, created_at), dutiful_now(), ?4, ?5
        FROM dutiful_tasks WHERE id = ?2
        ON CONFLICT DO NOTHING",
    mysql: "/* dutiful.settle.history */
        INSERT INTO dutiful_attempts
          (task_id, attempt, worker, started_at, ended_at, outcome, error_message)
        SELECT t.id, new.attempt, own.worker, COALESCE(t.last_run_at, t.created_at), UTC_TIMESTAMP(6),
               new.outcome, new.message
        FROM JSON_TABLE(?, '$[*]' COLUMNS (
               id BIGINT PATH '$[0]', attempt BIGINT PATH '$[1]',
               outcome VARCHAR(20) CHARACTER SET utf8mb4 PATH '$[2]',
               message TEXT CHARACTER SET utf8mb4 PATH '$[3]')) AS new
        STRAIGHT_JOIN dutiful_tasks AS t FORCE INDEX (PRIMARY) ON t.id = new.id
        STRAIGHT_JOIN (SELECT ? AS worker) AS own ON TRUE
        ON DUPLICATE KEY UPDATE dutiful_attempts.attempt = dutiful_attempts.attempt",
    postgres: "/* dutiful.settle.history */
        INSERT INTO dutiful_attempts
          (task_id, attempt, worker, started_at, ended_at, outcome, error_message)
        SELECT t.id, new.attempt, $1::text, COALESCE(t.last_run_at, t.created_at),
               statement_timestamp(), new.outcome, new.message
        FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[])
             AS new (id, attempt, outcome, message)
        JOIN dutiful_tasks AS t ON t.id = new.id
        ON CONFLICT DO NOTHING",
};

/// The attempts of a worker that ended in its own words; a lost lease is written by somebody else, and a
/// cancellation is an operator's.
const RECORDED: Sql = Sql {
    sqlite: "/* dutiful.settle.recorded */
        SELECT task_id, attempt FROM dutiful_attempts
        WHERE task_id IN (SELECT value FROM json_each(?1)) AND worker = ?2
          AND outcome NOT IN ('lease_lost', 'cancelled')",
    mysql: "/* dutiful.settle.recorded */
        SELECT task_id, attempt FROM dutiful_attempts
        WHERE task_id IN (?) AND worker = ? AND outcome NOT IN ('lease_lost', 'cancelled')",
    postgres: "/* dutiful.settle.recorded */
        SELECT task_id, attempt FROM dutiful_attempts
        WHERE task_id = ANY($1::bigint[]) AND worker = $2::text
          AND outcome NOT IN ('lease_lost', 'cancelled')",
};

/// A success to be written.
#[derive(Debug, Clone)]
pub(crate) struct Success {
    pub(crate) id: i64,
    pub(crate) attempt: i64,
    pub(crate) result: String,
    /// What the core decided about the slot.
    pub(crate) frees_slot: bool,
}

/// Any other end of an attempt. What it does to the task is decided on the row as it then stands.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    pub(crate) id: i64,
    pub(crate) attempt: i64,
    pub(crate) event: Event,
    pub(crate) message: Option<String>,
}

/// A row for the table of attempts.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) task: i64,
    pub(crate) attempt: i64,
    pub(crate) outcome: Outcome,
    pub(crate) message: Option<String>,
}

/// What became of an [`Ending`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Settled {
    /// It was applied just now.
    Applied(Transition),
    /// It had been applied by a write whose answer was lost.
    Stands,
    /// The lease was lost and nothing was written.
    LeaseLost,
}

/// Writes successes with one statement. Gives back the ids and attempts that stand as successes; the
/// others lost their lease and nothing was written for them. Safe to repeat: an answer that was lost is
/// found again by id and attempt. Two attempts of one task may be among them.
pub(crate) async fn successes(
    db: &Db,
    worker: &str,
    successes: &[Success],
) -> DbResult<HashSet<(i64, i64)>> {
    let rows = || success_rows(db.dialect(), worker, successes);
    let reply = retry::repeat(|| db.write_rows(&SUCCESS, rows())).await?;
    // The usual case: nothing comes back but a count, and nothing has to be asked for.
    if usize::try_from(reply.affected) == Ok(successes.len()) {
        return Ok(keys(successes).collect());
    }
    let ids = successes.iter().map(|success| success.id).collect();
    let rows = db.read(&SUCCEEDED, vec![Value::Ints(ids)]).await?;
    let own: HashSet<(i64, i64)> = keys(successes).collect();
    let mut stand = HashSet::new();
    for row in &rows {
        let key = (row.int(0)?, row.int(1)?);
        stand.extend(own.contains(&key).then_some(key));
    }
    Ok(stand)
}

/// Writes one success together with the tasks that follow from it, in one transaction. `false`: the
/// lease was lost and nothing was written.
pub(crate) async fn success_with_follow_ups(
    db: &Db,
    worker: &str,
    success: &Success,
    follow_ups: &NewTasks,
) -> DbResult<bool> {
    let mut again = false;
    retry::repeat(|| {
        let in_lock_order = std::mem::replace(&mut again, true);
        async move {
            let mut own = OwnTx::begin(db).await?;
            let rows = success_rows(db.dialect(), worker, std::slice::from_ref(success));
            if own.run_rows(&SUCCESS, rows).await?.affected == 0 {
                own.rollback().await?;
                return stands_as_success(db, success.id, success.attempt).await;
            }
            let tasks = &follow_ups.tasks;
            let done = match in_lock_order {
                true => lock_order::submit_in_lock_order(&mut own, tasks).await?,
                false => submit::submit(&mut own, tasks).await?,
            };
            joins::insert(&mut own, &done, &follow_ups.joins).await?;
            own.commit().await?;
            Ok(true)
        }
    })
    .await
}

/// Settles as success inside a caller's transaction: `false` means that the lease was lost.
pub(crate) async fn success_within(
    session: &mut impl Session,
    worker: &str,
    success: &Success,
) -> DbResult<bool> {
    let rows = success_rows(session.dialect(), worker, std::slice::from_ref(success));
    Ok(session.run_rows(&SUCCESS, rows).await?.affected == 1)
}

/// Whether the attempt stands as a success.
pub(crate) async fn stands_as_success(db: &Db, id: i64, attempt: i64) -> DbResult<bool> {
    let rows = db.read(&SUCCEEDED, vec![Value::Ints(vec![id])]).await?;
    Ok(rows
        .iter()
        .any(|row| row.int(1).is_ok_and(|number| number == attempt)))
}

/// Writes other outcomes: locks the rows, decides on them as they are now, applies it and adds the
/// history, in one transaction. A resubmission that came meanwhile is therefore never overwritten.
pub(crate) async fn endings(db: &Db, worker: &str, endings: &[Ending]) -> DbResult<Vec<Settled>> {
    let mut settled = retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let settled = endings_in_transaction(&mut own, worker, endings).await?;
        own.commit().await?;
        Ok(settled)
    })
    .await?;
    if settled.contains(&Settled::LeaseLost) {
        let recorded = recorded(db, worker, endings).await?;
        for (settled, ending) in settled.iter_mut().zip(endings) {
            if *settled == Settled::LeaseLost && recorded.contains(&(ending.id, ending.attempt)) {
                *settled = Settled::Stands;
            }
        }
    }
    Ok(settled)
}

/// The attempts whose history this worker has written itself.
async fn recorded(db: &Db, worker: &str, endings: &[Ending]) -> DbResult<HashSet<(i64, i64)>> {
    let ids = endings.iter().map(|ending| ending.id).collect();
    let rows = db
        .read(&RECORDED, vec![Value::Ints(ids), worker.into()])
        .await?;
    rows.iter()
        .map(|row| Ok((row.int(0)?, row.int(1)?)))
        .collect()
}

async fn endings_in_transaction(
    own: &mut OwnTx,
    worker: &str,
    endings: &[Ending],
) -> DbResult<Vec<Settled>> {
    let mut ids: Vec<i64> = endings.iter().map(|ending| ending.id).collect();
    ids.sort_unstable();
    let held = own
        .run(&HELD, vec![Value::Ints(ids), worker.into()])
        .await?;
    let by_id: HashMap<i64, &Row> = held
        .rows
        .iter()
        .map(|row| Ok((row.int(0)?, row)))
        .collect::<DbResult<_>>()?;
    let mut settled = Vec::with_capacity(endings.len());
    let mut apply = Vec::new();
    let mut history = Vec::new();
    for ending in endings {
        let transition = match by_id.get(&ending.id) {
            Some(row) => decide_ending(row, ending)?,
            None => None,
        };
        if let Some(transition) = &transition {
            apply.push(apply_row(ending, transition));
            history.extend(transition.history.map(|outcome| History {
                task: ending.id,
                attempt: ending.attempt,
                outcome,
                message: ending.message.clone(),
            }));
        }
        settled.push(transition.map_or(Settled::LeaseLost, Settled::Applied));
    }
    own.run_rows(
        &APPLY,
        Rows {
            fixed: vec![worker.into()],
            rows: apply,
        },
    )
    .await?;
    write_history(own, worker, history).await?;
    Ok(settled)
}

fn decide_ending(row: &Row, ending: &Ending) -> DbResult<Option<Transition>> {
    if row.int(5)? != ending.attempt {
        return Ok(None);
    }
    let facts = match facts::read(row, 2) {
        Ok(facts) => facts,
        // A row that this program cannot read ends all the same, so that it stops nobody.
        Err(_) => facts::unreadable(ending.attempt),
    };
    decide(&facts, &ending.event, row.time(1)?)
        .map(Some)
        .map_err(|refusal| DbError::new(DbErrorKind::Other, refusal.to_string()))
}

fn apply_row(ending: &Ending, transition: &Transition) -> Vec<Value> {
    debug_assert!(
        transition.due != Due::Unchanged,
        "settling always says when next"
    );
    vec![
        ending.id.into(),
        ending.attempt.into(),
        transition.status.as_str().into(),
        take_over::delay(transition.due).into(),
        transition.retries.into(),
        transition
            .error_kind
            .map(|kind| kind.as_str().to_owned())
            .into(),
        ending.message.clone().into(),
        i64::from(transition.ends).into(),
        i64::from(transition.frees_slot).into(),
    ]
}

/// Adds rows of history, and removes what is too old. The attempts' tasks must exist.
pub(crate) async fn write_history(
    session: &mut impl Session,
    worker: &str,
    history: Vec<History>,
) -> DbResult<()> {
    let turns = shorten::turns(&history);
    let rows = history
        .into_iter()
        .map(|row| {
            vec![
                row.task.into(),
                row.attempt.into(),
                row.outcome.as_str().into(),
                row.message.into(),
            ]
        })
        .collect();
    session
        .run_rows(
            &HISTORY,
            Rows {
                fixed: vec![worker.into()],
                rows,
            },
        )
        .await?;
    shorten::shorten(session, &turns).await
}

fn success_rows(dialect: Dialect, worker: &str, successes: &[Success]) -> Rows {
    let row = |success: &Success| {
        let mut row: Vec<Value> = vec![
            success.id.into(),
            success.attempt.into(),
            success.result.as_str().into(),
        ];
        if dialect != Dialect::Sqlite {
            row.push(i64::from(success.frees_slot).into());
        }
        row
    };
    // Locked in this order, which is everybody's.
    let mut in_order: Vec<&Success> = successes.iter().collect();
    in_order.sort_unstable_by_key(|success| success.id);
    Rows {
        fixed: vec![worker.into()],
        rows: in_order.into_iter().map(row).collect(),
    }
}

fn keys(successes: &[Success]) -> impl Iterator<Item = (i64, i64)> {
    successes
        .iter()
        .map(|success| (success.id, success.attempt))
}
