//! Tells listening workers on PostgreSQL that there is work. A hint: polling is the truth.

use super::Session;
use crate::db::{DbResult, Dialect, Sql};

/// The other engines have nothing of the kind.
const NOTIFY: Sql = Sql {
    sqlite: "",
    mysql: "",
    postgres: "/* dutiful.notify */ SELECT pg_notify('dutiful_tasks', $1::text)",
};

/// Sends the hint; in a transaction it goes out with the commit.
pub(crate) async fn within(session: &mut impl Session, task_name: &str) -> DbResult<()> {
    if session.dialect() == Dialect::Postgres {
        session.run(&NOTIFY, vec![task_name.into()]).await?;
    }
    Ok(())
}
