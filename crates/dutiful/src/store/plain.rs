//! The insert that any program in any language may make, as our own tests and demo make it.

use crate::db::{Db, DbResult, Sql};

const INSERT: Sql = Sql {
    sqlite: "/* dutiful.plain */ INSERT INTO dutiful_tasks (task_name, task_payload) VALUES (?1, ?2)",
    mysql: "/* dutiful.plain */ INSERT INTO dutiful_tasks (task_name, task_payload) VALUES (?, ?)",
    postgres: "/* dutiful.plain */
        INSERT INTO dutiful_tasks (task_name, task_payload) VALUES ($1::text, $2::text)",
};

/// Inserts with nothing checked and all other columns at their defaults.
pub(crate) async fn insert(db: &Db, task_name: &str, payload: &str) -> DbResult<()> {
    db.write(&INSERT, vec![task_name.into(), payload.into()])
        .await?;
    Ok(())
}
