//! Which of the rows that were looked at fit what is asked for.

use super::Query;
use super::hints::Hints;
use crate::db::{Db, DbResult, Dialect, Sql, Value};
use crate::store::{facts, task_row};

/// Which of some rows fit. A filter that is NULL lets everything pass.
///
/// The words are those of errors that can only end as something other than quarantined (see
/// [`Hints`]); the state itself is derived by the core.
pub(super) const CHECK: Sql = Sql {
    sqlite: "/* dutiful.list.check */
        SELECT id, dutiful_now(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE id IN (SELECT value FROM json_each(?1))
          AND (?2 IS NULL OR task_name = ?2)
          AND (?3 IS NULL OR status = ?3)
          AND (?4 IS NULL OR created_at >= ?4)
          AND (?5 IS NULL OR created_at < ?5)
          AND (?6 IS NULL OR finished_at >= ?6)
          AND (?7 IS NULL OR finished_at < ?7)
          AND (?8 IS NULL OR instr(task_payload, ?8) > 0 OR instr(error_message, ?8) > 0)
          AND (?9 IS NULL OR (due_at IS NOT NULL) = ?9)
          AND (?10 IS NULL
               OR error_kind NOT IN ('failed', 'timed_out', 'panicked', 'invalid_payload', 'discarded',
                                     'cancelled')
               OR status NOT IN ('not_started', 'success', 'error')
               OR dedup_scope NOT IN ('none', 'waiting', 'active', 'until_success', 'always', 'window'))
          AND (?11 IS NULL OR task_name <> ?11)
        ORDER BY id DESC",
    mysql: "/* dutiful.list.check */
        SELECT id, UTC_TIMESTAMP(6),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE id IN (?)
          AND (? IS NULL OR task_name = ?)
          AND (? IS NULL OR status = ?)
          AND (? IS NULL OR created_at >= ?)
          AND (? IS NULL OR created_at < ?)
          AND (? IS NULL OR finished_at >= ?)
          AND (? IS NULL OR finished_at < ?)
          AND (? IS NULL OR LOCATE(?, task_payload) > 0 OR LOCATE(?, error_message) > 0)
          AND (? IS NULL OR (due_at IS NOT NULL) = ?)
          AND (? IS NULL
               OR error_kind NOT IN ('failed', 'timed_out', 'panicked', 'invalid_payload', 'discarded',
                                     'cancelled')
               OR status NOT IN ('not_started', 'success', 'error')
               OR dedup_scope NOT IN ('none', 'waiting', 'active', 'until_success', 'always', 'window'))
          AND (? IS NULL OR task_name <> ?)
        ORDER BY id DESC",
    postgres: "/* dutiful.list.check */
        SELECT id, statement_timestamp(),
               status, due_at, worker, attempt, retries, max_retries, crashes, error_kind, dedup_scope
        FROM dutiful_tasks
        WHERE id = ANY($1::bigint[])
          AND ($2::text IS NULL OR task_name = $2::text)
          AND ($3::text IS NULL OR status = $3::text)
          AND ($4::timestamptz IS NULL OR created_at >= $4::timestamptz)
          AND ($5::timestamptz IS NULL OR created_at < $5::timestamptz)
          AND ($6::timestamptz IS NULL OR finished_at >= $6::timestamptz)
          AND ($7::timestamptz IS NULL OR finished_at < $7::timestamptz)
          AND ($8::text IS NULL OR strpos(task_payload, $8::text) > 0
               OR strpos(error_message, $8::text) > 0)
          AND ($9::bigint IS NULL OR (due_at IS NOT NULL) = ($9::bigint = 1))
          AND ($10::bigint IS NULL
               OR error_kind NOT IN ('failed', 'timed_out', 'panicked', 'invalid_payload', 'discarded',
                                     'cancelled')
               OR status NOT IN ('not_started', 'success', 'error')
               OR dedup_scope NOT IN ('none', 'waiting', 'active', 'until_success', 'always', 'window'))
          AND ($11::text IS NULL OR task_name <> $11::text)
        ORDER BY id DESC",
};

/// The ids that fit, highest first. `ids` must not be empty.
pub(super) async fn fitting(db: &Db, query: &Query, ids: &[i64]) -> DbResult<Vec<i64>> {
    let rows = db.look(&CHECK, params(db.dialect(), query, ids)).await?;
    let mut fit = Vec::with_capacity(rows.len());
    for row in &rows {
        let facts = facts::read(row, 2).ok();
        if query.wants(task_row::state(facts.as_ref(), row.time(1)?)) {
            fit.push(row.int(0)?);
        }
    }
    Ok(fit)
}

fn params(dialect: Dialect, query: &Query, ids: &[i64]) -> Vec<Value> {
    let hints = Hints::of(&query.states);
    let status = query
        .status
        .or(hints.status)
        .map(|status| status.as_str().to_owned());
    let filters: [(Value, usize); 10] = [
        (query.task_name.clone().into(), 2),
        (status.into(), 2),
        (query.created_from.into(), 2),
        (query.created_before.into(), 2),
        (query.finished_from.into(), 2),
        (query.finished_before.into(), 2),
        (query.text.clone().into(), 3),
        (hints.has_due.map(i64::from).into(), 2),
        (hints.quarantined.then_some(1).into(), 1),
        (query.except.map(str::to_owned).into(), 2),
    ];
    let mut params = vec![Value::Ints(ids.to_vec())];
    for (value, uses) in filters {
        // MySQL's placeholders have no numbers: each use is a parameter of its own.
        let uses = if dialect == Dialect::Mysql { uses } else { 1 };
        params.extend(std::iter::repeat_n(value, uses));
    }
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dialect_gets_as_many_parameters_as_its_text_has_places() {
        let query = Query {
            limit: 2,
            ..Query::default()
        };
        let count = |dialect| params(dialect, &query, &[1, 2]).len();
        assert_eq!(count(Dialect::Mysql), CHECK.mysql.matches('?').count());
        assert_eq!(count(Dialect::Sqlite), 11);
        assert_eq!(count(Dialect::Postgres), 11);
    }
}
