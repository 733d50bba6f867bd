//! Takes over tasks whose lease ran out.

use super::claim::{Claimed, Request, read};
use super::session::{OwnTx, Session};
use super::{facts, retry, settle};
use crate::db::{Db, DbResult, Row, Rows, Sql, Value};
use dutiful_core::lease::next_attempt;
use dutiful_core::{Due, Event, LeaseChange, Outcome, TaskFacts, Timestamp, Transition, decide};
use std::collections::BTreeMap;

/// The rows again, locked, if they are still held by somebody whose time is over.
const LOST: Sql = Sql {
    sqlite: "/* dutiful.take_over.lost */
        SELECT id, task_payload, payload_version, last_run_at,
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               dutiful_now()
        FROM dutiful_tasks
        WHERE id IN (SELECT value FROM json_each(?1)) AND worker IS NOT NULL AND due_at <= dutiful_now()
        ORDER BY id",
    mysql: "/* dutiful.take_over.lost */
        SELECT id, task_payload, payload_version, last_run_at,
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               UTC_TIMESTAMP(6)
        FROM dutiful_tasks
        WHERE id IN (?) AND worker IS NOT NULL AND due_at <= UTC_TIMESTAMP(6)
        ORDER BY id
        FOR UPDATE SKIP LOCKED",
    postgres: "/* dutiful.take_over.lost */
        SELECT id, task_payload, payload_version, last_run_at,
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope,
               statement_timestamp()
        FROM dutiful_tasks
        WHERE id = ANY($1::bigint[]) AND worker IS NOT NULL AND due_at <= statement_timestamp()
        ORDER BY id
        FOR UPDATE SKIP LOCKED",
};

/// Writes what was decided about them, each under the fence of the attempt that was lost. In SQLite a name
/// that plain SQL wrote need not be UTF-8, and no text of ours equals it but byte by byte.
const APPLY: Sql = Sql {
    sqlite: "/* dutiful.take_over.apply */
        UPDATE dutiful_tasks
        SET status = ?4,
            due_at = dutiful_now() + ?5,
            last_run_at = CASE WHEN ?6 IS NULL THEN last_run_at ELSE dutiful_now() END,
            finished_at = CASE WHEN ?5 IS NULL THEN dutiful_now() END,
            worker = ?6,
            attempt = ?7,
            crashes = ?8,
            error_kind = ?9,
            error_message = ?10,
            dedup_key = CASE WHEN ?11 = 1 THEN NULL ELSE dedup_key END
        WHERE id = ?1 AND attempt = ?2 AND CAST(worker AS BLOB) = CAST(?3 AS BLOB)",
    mysql: "/* dutiful.take_over.apply */
        UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
                 id BIGINT PATH '$[0]', lost_attempt INT PATH '$[1]',
                 lost_worker VARCHAR(100) CHARACTER SET utf8mb4 PATH '$[2]',
                 status VARCHAR(20) CHARACTER SET utf8mb4 PATH '$[3]', delay BIGINT PATH '$[4]',
                 worker VARCHAR(100) CHARACTER SET utf8mb4 PATH '$[5]', attempt INT PATH '$[6]',
                 crashes INT PATH '$[7]',
                 error_kind VARCHAR(20) CHARACTER SET utf8mb4 PATH '$[8]',
                 error_message TEXT CHARACTER SET utf8mb4 PATH '$[9]',
                 frees INT PATH '$[10]')) AS new
        STRAIGHT_JOIN dutiful_tasks AS t FORCE INDEX (PRIMARY) ON t.id = new.id
        SET t.status = new.status,
            t.due_at = UTC_TIMESTAMP(6) + INTERVAL new.delay MICROSECOND,
            t.last_run_at = CASE WHEN new.worker IS NULL THEN t.last_run_at ELSE UTC_TIMESTAMP(6) END,
            t.finished_at = CASE WHEN new.delay IS NULL THEN UTC_TIMESTAMP(6) END,
            t.worker = new.worker,
            t.attempt = new.attempt,
            t.crashes = new.crashes,
            t.error_kind = new.error_kind,
            t.error_message = new.error_message,
            t.dedup_key = CASE WHEN new.frees = 1 THEN NULL ELSE t.dedup_key END
        WHERE t.attempt = new.lost_attempt AND t.worker = new.lost_worker COLLATE utf8mb4_bin",
    postgres: "/* dutiful.take_over.apply */
        UPDATE dutiful_tasks AS t
        SET status = new.status,
            due_at = statement_timestamp() + new.delay * interval '1 microsecond',
            last_run_at = CASE WHEN new.worker IS NULL THEN t.last_run_at ELSE statement_timestamp() END,
            finished_at = CASE WHEN new.delay IS NULL THEN statement_timestamp() END,
            worker = new.worker,
            attempt = new.attempt,
            crashes = new.crashes,
            error_kind = new.error_kind,
            error_message = new.error_message,
            dedup_key = CASE WHEN new.frees = 1 THEN NULL ELSE t.dedup_key END
        FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[],
                    $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::bigint[])
             AS new (id, lost_attempt, lost_worker, status, delay, worker, attempt, crashes, error_kind,
                     error_message, frees)
        WHERE t.id = new.id AND t.attempt = new.lost_attempt AND t.worker = new.lost_worker",
};

/// What became of the tasks whose lease ran out.
#[derive(Debug, Default)]
pub(crate) struct TakenOver {
    pub(crate) claimed: Vec<Claimed>,
    pub(crate) quarantined: usize,
    /// Attempts that were left alone, because they are still run here.
    pub(crate) ours: usize,
}

/// Whether the worker that asks still runs an attempt, given by id and number. Its lease may have run out
/// during an outage: then it is late and not dead, its heart renews the lease unless another worker is
/// first, and taking it over would charge a crash and run it twice in one process.
pub(crate) type Ours<'a> = &'a (dyn Fn(i64, i64) -> bool + Sync);

/// Records that the leases were lost (a crash each, and a row of history) and, in the same transaction,
/// claims those that may run again. A task that another worker took over meanwhile is left alone.
pub(crate) async fn take_over(
    db: &Db,
    request: &Request,
    ids: Vec<i64>,
    ours: Ours<'_>,
) -> DbResult<TakenOver> {
    retry::repeat_undone(|| async {
        let mut own = OwnTx::begin(db).await?;
        let taken = in_transaction(&mut own, request, ids.clone(), ours).await?;
        own.commit().await?;
        Ok(taken)
    })
    .await
}

async fn in_transaction(
    own: &mut OwnTx,
    request: &Request,
    ids: Vec<i64>,
    ours: Ours<'_>,
) -> DbResult<TakenOver> {
    let mut taken = TakenOver::default();
    let mut history: BTreeMap<String, Vec<settle::History>> = BTreeMap::new();
    let mut rows = Vec::new();
    for mut row in own.run(&LOST, vec![Value::Ints(ids)]).await?.rows {
        let held_by = row.column(6)?.clone();
        let lost_worker = readable(&held_by);
        if lost_worker == request.worker && ours(row.int(0)?, row.int(7)?) {
            taken.ours += 1;
            continue;
        }
        let now = row.time(13)?;
        let facts = facts_of(&row, now)?;
        let Ok(lost) = decide(
            &facts,
            &Event::LeaseLost {
                crash_limit: request.crash_limit,
            },
            now,
        ) else {
            continue;
        };
        let claim = if lost.ends {
            None
        } else {
            claim_again(&facts, &lost, request, now)
        };
        let id = row.int(0)?;
        rows.push(new_row(
            id,
            &facts,
            &lost,
            claim.as_ref(),
            held_by,
            &request.worker,
        ));
        match claim {
            Some(_) => taken.claimed.push(read(
                &mut row,
                next_attempt(facts.attempt),
                request.crash_limit,
            )?),
            None => taken.quarantined += usize::from(lost.ends),
        }
        let line = settle::History {
            task: id,
            attempt: facts.attempt,
            outcome: Outcome::LeaseLost,
            message: Some(message(&lost_worker)),
        };
        history.entry(lost_worker).or_default().push(line);
    }
    // Few statements for all rows: new leases run from the statement that takes them, so they must not
    // wait for hundreds of others. First the history: it reads when the lost attempts began.
    for (lost_worker, lines) in history {
        settle::write_history(own, &lost_worker, lines).await?;
    }
    if !rows.is_empty() {
        own.run_rows(
            &APPLY,
            Rows {
                fixed: Vec::new(),
                rows,
            },
        )
        .await?;
    }
    Ok(taken)
}

/// The name of a worker as it can be shown.
fn readable(worker: &Value) -> String {
    match worker {
        Value::Text(Some(name)) => name.clone(),
        Value::Bytes(Some(name)) => String::from_utf8_lossy(name).into_owned(),
        _ => String::new(),
    }
}

/// What the row says. One that cannot be read is taken all the same: it ends as undecodable, which needs no
/// facts.
fn facts_of(row: &Row, now: Timestamp) -> DbResult<TaskFacts> {
    match facts::read(row, 4) {
        Ok(facts) => Ok(facts),
        Err(_) => Ok(TaskFacts {
            due_at: Some(now),
            ..facts::unreadable(row.int(7)?)
        }),
    }
}

fn message(lost_worker: &str) -> String {
    format!("worker {lost_worker} died or lost its link while it ran this task")
}

/// The claim that follows at once, so that a rescued task does not queue up behind a backlog again.
fn claim_again(
    facts: &TaskFacts,
    lost: &Transition,
    request: &Request,
    now: Timestamp,
) -> Option<Transition> {
    let after = TaskFacts {
        status: lost.status,
        due_at: Some(now),
        leased: false,
        crashes: lost.crashes,
        error_kind: lost.error_kind,
        ..*facts
    };
    if after.is_on_last_chance(request.crash_limit) {
        // Not beside others: it is claimed when its turn has come.
        return None;
    }
    let claimed = Event::Claimed {
        lease: request.lease,
    };
    decide(&after, &claimed, now).ok()
}

/// What `APPLY` writes about a task.
fn new_row(
    id: i64,
    facts: &TaskFacts,
    lost: &Transition,
    claim: Option<&Transition>,
    held_by: Value,
    worker: &str,
) -> Vec<Value> {
    let last = claim.unwrap_or(lost);
    let takes = last.lease == LeaseChange::Take;
    let attempt = match takes {
        true => next_attempt(facts.attempt),
        false => facts.attempt,
    };
    let message = message(&readable(&held_by));
    let frees = lost.frees_slot || claim.is_some_and(|claim| claim.frees_slot);
    vec![
        id.into(),
        facts.attempt.into(),
        held_by,
        lost.status.as_str().into(),
        delay(last.due).into(),
        takes.then(|| worker.to_owned()).into(),
        attempt.into(),
        lost.crashes.into(),
        lost.error_kind.map(|kind| kind.as_str().to_owned()).into(),
        message.into(),
        i64::from(frees).into(),
    ]
}

/// Microseconds from the database's now; `None` for never.
pub(crate) fn delay(due: Due) -> Option<i64> {
    match due {
        Due::In(delay) => Some(i64::try_from(delay.as_micros()).unwrap_or(i64::MAX)),
        // A time that somebody chose is written as it is, by the edit that leads to it.
        Due::Never | Due::Unchanged | Due::At(_) => None,
    }
}
