//! Renews leases, and learns which ones were lost.

use super::retry;
use super::submit::micros;
use crate::db::{Db, DbResult, Rows, Sql, Value};
use std::collections::HashSet;
use std::time::Duration;

const RENEW: Sql = Sql {
    sqlite: "/* dutiful.renew */
        UPDATE dutiful_tasks SET due_at = dutiful_now() + ?4
        WHERE id = ?2 AND attempt = ?3 AND worker = ?1",
    mysql: "/* dutiful.renew */
        UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
                 id BIGINT PATH '$[0]', attempt INT PATH '$[1]', lease BIGINT PATH '$[2]')) AS new
        STRAIGHT_JOIN dutiful_tasks AS t FORCE INDEX (PRIMARY) ON t.id = new.id
        SET t.due_at = UTC_TIMESTAMP(6) + INTERVAL new.lease MICROSECOND
        WHERE t.attempt = new.attempt AND t.worker = ?",
    postgres: "/* dutiful.renew */
        UPDATE dutiful_tasks AS t
        SET due_at = statement_timestamp() + new.lease * interval '1 microsecond'
        FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS new (id, attempt, lease)
        WHERE t.id = new.id AND t.attempt = new.attempt AND t.worker = $1::text",
};

const HELD: Sql = Sql {
    sqlite: "/* dutiful.renew.held */
        SELECT id, attempt FROM dutiful_tasks
        WHERE id IN (SELECT value FROM json_each(?1)) AND worker = ?2",
    mysql: "/* dutiful.renew.held */
        SELECT id, attempt FROM dutiful_tasks WHERE id IN (?) AND worker = ?",
    postgres: "/* dutiful.renew.held */
        SELECT id, attempt FROM dutiful_tasks WHERE id = ANY($1::bigint[]) AND worker = $2::text",
};

/// A lease to be renewed for `lease` from the database's now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Renewal {
    pub(crate) id: i64,
    pub(crate) attempt: i64,
    pub(crate) lease: Duration,
}

/// Renews what is still held. Gives back the attempts that are not: cancelled, or taken over.
pub(crate) async fn renew(db: &Db, worker: &str, renewals: &[Renewal]) -> DbResult<Vec<Renewal>> {
    let row = |renewal: &Renewal| {
        vec![
            renewal.id.into(),
            renewal.attempt.into(),
            micros(renewal.lease).into(),
        ]
    };
    let rows = || Rows {
        fixed: vec![worker.into()],
        rows: renewals.iter().map(row).collect(),
    };
    let affected = retry::repeat(|| db.write_rows(&RENEW, rows()))
        .await?
        .affected;
    if usize::try_from(affected) == Ok(renewals.len()) {
        return Ok(Vec::new());
    }
    let ids = renewals.iter().map(|renewal| renewal.id).collect();
    let mut held = HashSet::new();
    for row in db
        .read(&HELD, vec![Value::Ints(ids), worker.into()])
        .await?
    {
        held.insert((row.int(0)?, row.int(1)?));
    }
    let lost = renewals
        .iter()
        .filter(|renewal| !held.contains(&(renewal.id, renewal.attempt)));
    Ok(lost.copied().collect())
}
