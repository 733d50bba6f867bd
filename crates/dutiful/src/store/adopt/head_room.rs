//! Keeps new tasks from taking ids that the other queue has yet to give.

use crate::db::{Db, DbErrorKind, DbResult, Names, Sql};
use crate::store::retry;
use crate::store::session::{OwnTx, Session};

const THERE: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.there */ SELECT MAX({id}) FROM {table}",
    postgres: "",
};

const HERE: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.here */ SELECT MAX(id) FROM dutiful_tasks",
    postgres: "",
};

/// A row that is there and gone in one transaction: it moves the counter of ids, which no rollback moves back,
/// on every node of a cluster, and asks for no right but those to write rows.
const TAKE: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.take */
        INSERT INTO dutiful_tasks (id, task_name, task_payload, due_at)
        VALUES (?, 'dutiful.head_room', 'null', NULL)",
    postgres: "",
};

const GIVE_BACK: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.give_back */ DELETE FROM dutiful_tasks WHERE id = ?",
    postgres: "",
};

/// The highest id that the other queue has given; `None` when it is empty.
pub(crate) async fn highest(db: &Db, names: &Names) -> DbResult<Option<i64>> {
    let there = db.read_elsewhere(&THERE, names, Vec::new()).await?;
    there.first().map_or(Ok(None), |row| row.opt_int(0))
}

/// The highest id that no new task may have, so that the other queue keeps at least `room` ids above `there`, the
/// highest that it has given; `None` when it has been passed. It stays the same until the other queue has used up
/// much of it.
pub(crate) async fn needed(db: &Db, there: Option<i64>, room: i64) -> DbResult<Option<i64>> {
    let here = db.read(&HERE, Vec::new()).await?;
    let here = here.first().map_or(Ok(None), |row| row.opt_int(0))?;
    let last = above(there.unwrap_or(0), room);
    Ok((here.unwrap_or(0) < last).then_some(last))
}

/// One to two rooms above.
fn above(there: i64, room: i64) -> i64 {
    (there.max(0) / room).saturating_add(2).saturating_mul(room)
}

/// Lets new tasks begin behind this id. Safe to repeat.
pub(crate) async fn leave(db: &Db, last: i64) -> DbResult<()> {
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        match own.run(&TAKE, vec![last.into()]).await {
            // Somebody has it, so the counter is behind it.
            Err(error) if error.kind == DbErrorKind::Duplicate => return own.rollback().await,
            result => result?,
        };
        own.run(&GIVE_BACK, vec![last.into()]).await?;
        own.commit().await
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::above;

    #[test]
    fn there_is_always_room_for_at_least_so_many() {
        for (there, last) in [
            (0, 2_000_000),
            (1, 2_000_000),
            (999_999, 2_000_000),
            (1_000_000, 3_000_000),
            (-5, 2_000_000),
        ] {
            assert_eq!(above(there, 1_000_000), last, "{there}");
        }
        assert_eq!(above(i64::MAX, 1_000_000), i64::MAX);
    }
}
