//! Submitting after a try that the engine gave up for the sake of others.
//!
//! Slots are taken in an order that all such tries keep to: two submissions of the same tasks in another order
//! then wait for each other no more. It costs statements, and new tasks get their ids in that order, so it is
//! not done at first.

use super::merge;
use super::session::Session;
use super::submit::{NewTask, Submission, submit};
use crate::db::{DbResult, Dialect, Rows, Sql, Value};

/// The tasks of one name that hold these slots. Only servers lock rows one by one.
const HOLDERS: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.lock_order.holders */
        SELECT t.id
        FROM JSON_TABLE(?, '$[*]' COLUMNS (dedup_key VARCHAR(64) CHARACTER SET utf8mb4 PATH '$[0]')) AS new
        STRAIGHT_JOIN dutiful_tasks AS t FORCE INDEX (dutiful_tasks_dedup)
          ON t.task_name = ? AND t.dedup_key = UNHEX(new.dedup_key)",
    postgres: "/* dutiful.lock_order.holders */
        SELECT t.id
        FROM unnest($2::bytea[]) AS new (dedup_key)
        JOIN dutiful_tasks AS t ON t.task_name = $1::text AND t.dedup_key = new.dedup_key",
};

/// By primary key in the order of ids, as everybody else locks them.
const LOCK: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.lock_order.lock */
        SELECT id FROM dutiful_tasks FORCE INDEX (PRIMARY) WHERE id IN (?) ORDER BY id FOR UPDATE",
    postgres: "/* dutiful.lock_order.lock */
        SELECT id FROM dutiful_tasks WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE",
};

/// As [`submit`]: first the holders of slots are locked, then new slots are taken in the order of their keys.
pub(crate) async fn submit_in_lock_order(
    session: &mut impl Session,
    tasks: &[NewTask],
) -> DbResult<Vec<Submission>> {
    let mut order: Vec<usize> = (0..tasks.len()).collect();
    order.sort_by_key(|&index| (&tasks[index].task_name, &tasks[index].slot.key));
    let sorted: Vec<NewTask> = order.iter().map(|&index| tasks[index].clone()).collect();
    if session.dialect() != Dialect::Sqlite {
        lock_holders(session, &sorted).await?;
    }
    let done = match session.dialect() {
        Dialect::Sqlite | Dialect::Postgres => submit(session, &sorted).await?,
        // An insert that finds its slot taken would lock the index before the row.
        Dialect::Mysql => {
            let mut done = Vec::with_capacity(sorted.len());
            for task in &sorted {
                done.push(merge::merge(session, task).await?);
            }
            done
        }
    };
    let mut placed: Vec<(usize, Submission)> = order.into_iter().zip(done).collect();
    placed.sort_unstable_by_key(|(index, _)| *index);
    Ok(placed
        .into_iter()
        .map(|(_, submission)| submission)
        .collect())
}

async fn lock_holders(session: &mut impl Session, tasks: &[NewTask]) -> DbResult<()> {
    let mut ids = Vec::new();
    for of_name in tasks.chunk_by(|one, next| one.task_name == next.task_name) {
        let key = |task: &NewTask| vec![task.slot.key.clone().into()];
        let slots = Rows {
            fixed: vec![of_name[0].task_name.as_str().into()],
            rows: of_name.iter().map(key).collect(),
        };
        for row in session.run_rows(&HOLDERS, slots).await?.rows {
            ids.push(row.int(0)?);
        }
    }
    if !ids.is_empty() {
        session.run(&LOCK, vec![Value::Ints(ids)]).await?;
    }
    Ok(())
}
