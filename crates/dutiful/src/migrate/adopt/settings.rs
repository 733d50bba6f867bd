//! Whether what was asked for can be done.

use super::{Adoption, store};
use crate::db::{Db, Dialect};
use crate::migrate::{Direction, Engine, Migrator};
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::{ADOPT_BATCH_MAX, LIST_OTHERS_MAX};
use dutiful_core::{DedupScope, WallClock, check_name};

impl Adoption {
    pub(super) fn check_settings(&self, db: &Db) -> Result<()> {
        if db.dialect() != Dialect::Mysql {
            return Err(refused(
                "home-made queues are adopted on MySQL and MariaDB only; elsewhere submit their tasks anew"
                    .to_owned(),
            ));
        }
        check_table_name(&self.table)?;
        if is_ours(db.prefix().as_str(), &self.table)? {
            let table = &self.table;
            return Err(refused(format!(
                "`{table}` is a table of Dutiful itself; name that of the other queue"
            )));
        }
        if !(1..=ADOPT_BATCH_MAX).contains(&self.batch) {
            let batch = self.batch;
            return Err(refused(format!(
                "a batch of {batch} rows; use 1 to {ADOPT_BATCH_MAX}"
            )));
        }
        if !matches!(self.scope, DedupScope::Always | DedupScope::UntilSuccess) {
            let scope = self.scope.stored();
            return Err(refused(format!(
                "the dedup scope `{scope}` is none for adopted tasks; use always or until_success"
            )));
        }
        for new in self.names.values() {
            check_name(new).map_err(|error| refused(error.to_string()))?;
        }
        Ok(())
    }

    pub(super) fn clock(&self) -> Result<WallClock> {
        let Some(zone) = &self.time_zone else {
            return Ok(WallClock::utc());
        };
        WallClock::new(zone)
            .map_err(|error| refused(format!("{error}, or an offset such as +02:00")))
    }

    pub(super) async fn no_such_table(&self, db: &Db) -> Result<Error> {
        let names = store::names_of_tables(db, LIST_OTHERS_MAX).await?;
        let same = |name: &&String| name.eq_ignore_ascii_case(&self.table);
        let hint = names.iter().find(same).map_or(String::new(), |name| {
            format!("; there is one named `{name}`")
        });
        let table = &self.table;
        Ok(refused(format!(
            "there is no table `{table}` in the database in use, or this user may not read it{hint}"
        )))
    }
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// Whether the migrations make a table of this name.
fn is_ours(prefix: &str, name: &str) -> Result<bool> {
    let text = Migrator::sql(Engine::Mysql, Direction::Up, prefix)?;
    let mut made = text.lines().filter_map(|line| {
        let rest = line.strip_prefix("CREATE TABLE IF NOT EXISTS ")?;
        rest.split([' ', '(']).next()
    });
    Ok(made.any(|table| table.eq_ignore_ascii_case(name)))
}

/// A name of one table, which needs no quotes to be safe, and gets them.
fn check_table_name(name: &str) -> Result<()> {
    // The server's own lists of tables hold no letters beyond U+FFFF.
    let letter = |c: char| (c.is_alphanumeric() && c <= '\u{ffff}') || matches!(c, '_' | '$' | '-');
    if (1..=64).contains(&name.chars().count()) && name.chars().all(letter) {
        return Ok(());
    }
    let start: String = name.chars().take(64).collect();
    Err(refused(format!(
        "{start:?} is no name of a table in the database in use; write 1 to 64 letters, digits, _, $ and -"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_tables_are_known_by_the_migrations() {
        for own in [
            "jobs_tasks",
            "jobs_migrations",
            "jobs_requests",
            "JOBS_Tasks",
        ] {
            assert!(is_ours("jobs_", own).unwrap(), "{own}");
        }
        for other in ["tasks", "jobs_", "jobs_orders", "dutiful_tasks"] {
            assert!(!is_ours("jobs_", other).unwrap(), "{other}");
        }
    }

    #[test]
    fn names_that_are_none_of_a_table_are_refused() {
        for name in [
            "",
            "a.b",
            "a`b",
            "a b",
            "tasks; DROP TABLE x",
            "tasks' OR 1=1 --",
            "tasks\0",
            "tasks\n",
            "../x",
            "?",
            "𝐀",
            "{id}",
            &"x".repeat(65),
        ] {
            let error = check_table_name(name).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{name}");
            assert!(error.to_string().contains("letters, digits"), "{error}");
        }
        for name in [
            "ai_server_tasks",
            "Tasks-2",
            "aufträge",
            "$x",
            &"x".repeat(64),
        ] {
            check_table_name(name).unwrap();
        }
    }
}
