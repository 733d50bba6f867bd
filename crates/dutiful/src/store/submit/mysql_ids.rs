//! Ids that MySQL and MariaDB gave to rows of one statement. They have no `RETURNING` in common.

use super::{Created, NewTask, by_key};
use crate::db::{DbError, DbErrorKind, DbResult, Inserted, Sql};
use crate::store::session::Session;
use std::collections::HashMap;

#[cfg(test)]
mod tests;

/// MySQL tells the first id that a statement made. The others follow it in the order of the rows, mostly one
/// by one: when the last row is where that would put it, all between are, too.
const LAST: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.submit.last */
        SELECT id, submission_key FROM dutiful_tasks WHERE id = ?",
    postgres: "",
};

/// Where the ids of a statement lie apart, as in a cluster, whose servers each have ids of their own: the rows
/// are read again, and known by their submission keys.
const INSERTED: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.submit.inserted */
        SELECT id, submission_key FROM dutiful_tasks
        WHERE id >= ? ORDER BY id LIMIT ?",
    postgres: "",
};

/// So many rows are looked through on MySQL for each that was inserted: a cluster gives every other id to
/// another server.
const BETWEEN: usize = 16;

/// The ids of tasks that one statement inserted, by submission key.
pub(super) async fn inserted(
    session: &mut impl Session,
    tasks: &[NewTask],
    inserted: &[Inserted],
) -> DbResult<Created> {
    let Some(first) = inserted.first() else {
        return Ok(HashMap::new());
    };
    if let [task] = tasks {
        return Ok(HashMap::from([(task.submission_key, first.first_id)]));
    }
    if let Some(created) = in_step(session, tasks, first.first_id).await? {
        return Ok(created);
    }
    let rows = i64::try_from(tasks.len() * BETWEEN).unwrap_or(i64::MAX);
    let params = vec![first.first_id.into(), rows.into()];
    let found = by_key(&session.run(&INSERTED, params).await?.rows)?;
    if tasks
        .iter()
        .all(|task| found.contains_key(&task.submission_key))
    {
        return Ok(found);
    }
    // More lies between than any cluster or crowd should put there.
    Err(DbError::new(
        DbErrorKind::Transient,
        "the ids of new tasks are not where the server said; try again",
    ))
}

/// The ids of tasks that one statement inserted, where they follow each other; `None` where they do not.
async fn in_step(
    session: &mut impl Session,
    tasks: &[NewTask],
    first_id: i64,
) -> DbResult<Option<Created>> {
    let Some((last, before)) = tasks.split_last() else {
        return Ok(None);
    };
    let steps = i64::try_from(before.len()).unwrap_or(i64::MAX);
    let place = first_id.saturating_add(steps);
    let found = by_key(&session.run(&LAST, vec![place.into()]).await?.rows)?;
    if !found.contains_key(&last.submission_key) {
        return Ok(None);
    }
    let keys = tasks.iter().map(|task| task.submission_key);
    Ok(Some(keys.zip(first_id..).collect()))
}
