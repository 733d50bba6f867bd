//! Taking all tables of a place away under other names, and putting them back.
//!
//! Whoever asks for a table by its name then finds none: programs in any language, and whatever they have
//! prepared. What a database binds to the table itself and not to its name (views and triggers of SQLite,
//! views of PostgreSQL) meets a guard on the old place that refuses every write.

mod one_by_one;

pub(crate) use one_by_one::ONE_BY_ONE_ON_MYSQL;

use crate::db::{Db, DbResult, Row, Sql};
use std::collections::HashSet;

/// The names of all tables that go away, without their prefix.
pub(crate) const NAMES: [&str; 25] = [
    "tasks",
    "attempts",
    "steps",
    "logs",
    "workers",
    "periodic",
    "tokens",
    "audit",
    "requests",
    "task_types",
    "figures",
    "figures_until",
    "figures_left",
    "pauses",
    "previews",
    "joins",
    "items",
    "collections",
    "documents",
    "contents",
    "generations",
    "pages",
    "chunks",
    "vectors",
    "holds",
];

/// Which of the tables are there, by their usual names and by those that they have when they are away.
const THERE: Sql = Sql {
    sqlite: "/* dutiful.moves.there */
        SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN (
          'dutiful_tasks', 'dutiful_attempts', 'dutiful_steps', 'dutiful_logs', 'dutiful_workers',
          'dutiful_periodic', 'dutiful_tokens', 'dutiful_audit', 'dutiful_requests',
          'dutiful_task_types', 'dutiful_figures', 'dutiful_figures_until', 'dutiful_figures_left',
          'dutiful_pauses', 'dutiful_previews', 'dutiful_away_tasks', 'dutiful_away_attempts',
          'dutiful_away_steps', 'dutiful_away_logs', 'dutiful_away_workers',
          'dutiful_away_periodic', 'dutiful_away_tokens', 'dutiful_away_audit',
          'dutiful_away_requests', 'dutiful_away_task_types', 'dutiful_away_figures',
          'dutiful_away_figures_until', 'dutiful_away_figures_left', 'dutiful_away_pauses',
          'dutiful_away_previews', 'dutiful_joins', 'dutiful_items', 'dutiful_away_joins',
          'dutiful_away_items',
          'dutiful_collections', 'dutiful_documents', 'dutiful_contents', 'dutiful_generations',
          'dutiful_pages', 'dutiful_chunks', 'dutiful_vectors', 'dutiful_holds',
          'dutiful_away_collections', 'dutiful_away_documents', 'dutiful_away_contents',
          'dutiful_away_generations', 'dutiful_away_pages', 'dutiful_away_chunks',
          'dutiful_away_vectors', 'dutiful_away_holds')",
    mysql: "/* dutiful.moves.there */
        SELECT table_name FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_name IN (
          'dutiful_tasks', 'dutiful_attempts', 'dutiful_steps', 'dutiful_logs', 'dutiful_workers',
          'dutiful_periodic', 'dutiful_tokens', 'dutiful_audit', 'dutiful_requests',
          'dutiful_task_types', 'dutiful_figures', 'dutiful_figures_until', 'dutiful_figures_left',
          'dutiful_pauses', 'dutiful_previews', 'dutiful_away_tasks', 'dutiful_away_attempts',
          'dutiful_away_steps', 'dutiful_away_logs', 'dutiful_away_workers',
          'dutiful_away_periodic', 'dutiful_away_tokens', 'dutiful_away_audit',
          'dutiful_away_requests', 'dutiful_away_task_types', 'dutiful_away_figures',
          'dutiful_away_figures_until', 'dutiful_away_figures_left', 'dutiful_away_pauses',
          'dutiful_away_previews', 'dutiful_joins', 'dutiful_items', 'dutiful_away_joins',
          'dutiful_away_items',
          'dutiful_collections', 'dutiful_documents', 'dutiful_contents', 'dutiful_generations',
          'dutiful_pages', 'dutiful_chunks', 'dutiful_vectors', 'dutiful_holds',
          'dutiful_away_collections', 'dutiful_away_documents', 'dutiful_away_contents',
          'dutiful_away_generations', 'dutiful_away_pages', 'dutiful_away_chunks',
          'dutiful_away_vectors', 'dutiful_away_holds')",
    postgres: "/* dutiful.moves.there */
        SELECT name FROM (VALUES
          ('dutiful_tasks'), ('dutiful_attempts'), ('dutiful_steps'), ('dutiful_logs'),
          ('dutiful_workers'), ('dutiful_periodic'), ('dutiful_tokens'), ('dutiful_audit'),
          ('dutiful_requests'), ('dutiful_task_types'), ('dutiful_figures'),
          ('dutiful_figures_until'), ('dutiful_figures_left'), ('dutiful_pauses'),
          ('dutiful_previews'), ('dutiful_away_tasks'), ('dutiful_away_attempts'),
          ('dutiful_away_steps'), ('dutiful_away_logs'), ('dutiful_away_workers'),
          ('dutiful_away_periodic'), ('dutiful_away_tokens'), ('dutiful_away_audit'),
          ('dutiful_away_requests'), ('dutiful_away_task_types'), ('dutiful_away_figures'),
          ('dutiful_away_figures_until'), ('dutiful_away_figures_left'), ('dutiful_away_pauses'),
          ('dutiful_away_previews'), ('dutiful_joins'), ('dutiful_items'), ('dutiful_away_joins'),
          ('dutiful_away_items'),
          ('dutiful_collections'), ('dutiful_documents'), ('dutiful_contents'),
          ('dutiful_generations'), ('dutiful_pages'), ('dutiful_chunks'), ('dutiful_vectors'),
          ('dutiful_holds'), ('dutiful_away_collections'), ('dutiful_away_documents'),
          ('dutiful_away_contents'), ('dutiful_away_generations'), ('dutiful_away_pages'),
          ('dutiful_away_chunks'), ('dutiful_away_vectors'), ('dutiful_away_holds')) AS t (name)
        WHERE to_regclass(name) IS NOT NULL",
};

/// For transactions in which tables go away or come back: nobody queues up behind them for long.
pub(crate) const SHORT_WAIT_ON_POSTGRES: &str = "/* dutiful.moves.short_wait */
        SET LOCAL lock_timeout = '3s'";

/// Takes the tables away, in a transaction on SQLite and PostgreSQL, in one step on MySQL.
pub(crate) const AWAY: Sql = Sql {
    sqlite: "/* dutiful.moves.away */
        ALTER TABLE dutiful_tasks RENAME TO dutiful_away_tasks;
        ALTER TABLE dutiful_attempts RENAME TO dutiful_away_attempts;
        ALTER TABLE dutiful_steps RENAME TO dutiful_away_steps;
        ALTER TABLE dutiful_logs RENAME TO dutiful_away_logs;
        ALTER TABLE dutiful_workers RENAME TO dutiful_away_workers;
        ALTER TABLE dutiful_periodic RENAME TO dutiful_away_periodic;
        ALTER TABLE dutiful_tokens RENAME TO dutiful_away_tokens;
        ALTER TABLE dutiful_audit RENAME TO dutiful_away_audit;
        ALTER TABLE dutiful_requests RENAME TO dutiful_away_requests;
        ALTER TABLE dutiful_task_types RENAME TO dutiful_away_task_types;
        ALTER TABLE dutiful_figures RENAME TO dutiful_away_figures;
        ALTER TABLE dutiful_figures_until RENAME TO dutiful_away_figures_until;
        ALTER TABLE dutiful_figures_left RENAME TO dutiful_away_figures_left;
        ALTER TABLE dutiful_pauses RENAME TO dutiful_away_pauses;
        ALTER TABLE dutiful_previews RENAME TO dutiful_away_previews;
        ALTER TABLE dutiful_joins RENAME TO dutiful_away_joins;
        ALTER TABLE dutiful_items RENAME TO dutiful_away_items;
        ALTER TABLE dutiful_collections RENAME TO dutiful_away_collections;
        ALTER TABLE dutiful_documents RENAME TO dutiful_away_documents;
        ALTER TABLE dutiful_contents RENAME TO dutiful_away_contents;
        ALTER TABLE dutiful_generations RENAME TO dutiful_away_generations;
        ALTER TABLE dutiful_pages RENAME TO dutiful_away_pages;
        ALTER TABLE dutiful_chunks RENAME TO dutiful_away_chunks;
        ALTER TABLE dutiful_vectors RENAME TO dutiful_away_vectors;
        ALTER TABLE dutiful_holds RENAME TO dutiful_away_holds",
    mysql: "/* dutiful.moves.away */
        RENAME TABLE dutiful_tasks TO dutiful_away_tasks,
                     dutiful_attempts TO dutiful_away_attempts,
                     dutiful_steps TO dutiful_away_steps,
                     dutiful_logs TO dutiful_away_logs,
                     dutiful_workers TO dutiful_away_workers,
                     dutiful_periodic TO dutiful_away_periodic,
                     dutiful_tokens TO dutiful_away_tokens,
                     dutiful_audit TO dutiful_away_audit,
                     dutiful_requests TO dutiful_away_requests,
                     dutiful_task_types TO dutiful_away_task_types,
                     dutiful_figures TO dutiful_away_figures,
                     dutiful_figures_until TO dutiful_away_figures_until,
                     dutiful_figures_left TO dutiful_away_figures_left,
                     dutiful_pauses TO dutiful_away_pauses,
                     dutiful_previews TO dutiful_away_previews,
                     dutiful_joins TO dutiful_away_joins,
                     dutiful_items TO dutiful_away_items,
                     dutiful_collections TO dutiful_away_collections,
                     dutiful_documents TO dutiful_away_documents,
                     dutiful_contents TO dutiful_away_contents,
                     dutiful_generations TO dutiful_away_generations,
                     dutiful_pages TO dutiful_away_pages,
                     dutiful_chunks TO dutiful_away_chunks,
                     dutiful_vectors TO dutiful_away_vectors,
                     dutiful_holds TO dutiful_away_holds",
    postgres: "/* dutiful.moves.away */
        ALTER TABLE dutiful_tasks RENAME TO dutiful_away_tasks;
        ALTER TABLE dutiful_attempts RENAME TO dutiful_away_attempts;
        ALTER TABLE dutiful_steps RENAME TO dutiful_away_steps;
        ALTER TABLE dutiful_logs RENAME TO dutiful_away_logs;
        ALTER TABLE dutiful_workers RENAME TO dutiful_away_workers;
        ALTER TABLE dutiful_periodic RENAME TO dutiful_away_periodic;
        ALTER TABLE dutiful_tokens RENAME TO dutiful_away_tokens;
        ALTER TABLE dutiful_audit RENAME TO dutiful_away_audit;
        ALTER TABLE dutiful_requests RENAME TO dutiful_away_requests;
        ALTER TABLE dutiful_task_types RENAME TO dutiful_away_task_types;
        ALTER TABLE dutiful_figures RENAME TO dutiful_away_figures;
        ALTER TABLE dutiful_figures_until RENAME TO dutiful_away_figures_until;
        ALTER TABLE dutiful_figures_left RENAME TO dutiful_away_figures_left;
        ALTER TABLE dutiful_pauses RENAME TO dutiful_away_pauses;
        ALTER TABLE dutiful_previews RENAME TO dutiful_away_previews;
        ALTER TABLE dutiful_joins RENAME TO dutiful_away_joins;
        ALTER TABLE dutiful_items RENAME TO dutiful_away_items;
        ALTER TABLE dutiful_collections RENAME TO dutiful_away_collections;
        ALTER TABLE dutiful_documents RENAME TO dutiful_away_documents;
        ALTER TABLE dutiful_contents RENAME TO dutiful_away_contents;
        ALTER TABLE dutiful_generations RENAME TO dutiful_away_generations;
        ALTER TABLE dutiful_pages RENAME TO dutiful_away_pages;
        ALTER TABLE dutiful_chunks RENAME TO dutiful_away_chunks;
        ALTER TABLE dutiful_vectors RENAME TO dutiful_away_vectors;
        ALTER TABLE dutiful_holds RENAME TO dutiful_away_holds",
};

/// Puts them back.
pub(crate) const BACK: Sql = Sql {
    sqlite: "/* dutiful.moves.back */
        ALTER TABLE dutiful_away_tasks RENAME TO dutiful_tasks;
        ALTER TABLE dutiful_away_attempts RENAME TO dutiful_attempts;
        ALTER TABLE dutiful_away_steps RENAME TO dutiful_steps;
        ALTER TABLE dutiful_away_logs RENAME TO dutiful_logs;
        ALTER TABLE dutiful_away_workers RENAME TO dutiful_workers;
        ALTER TABLE dutiful_away_periodic RENAME TO dutiful_periodic;
        ALTER TABLE dutiful_away_tokens RENAME TO dutiful_tokens;
        ALTER TABLE dutiful_away_audit RENAME TO dutiful_audit;
        ALTER TABLE dutiful_away_requests RENAME TO dutiful_requests;
        ALTER TABLE dutiful_away_task_types RENAME TO dutiful_task_types;
        ALTER TABLE dutiful_away_figures RENAME TO dutiful_figures;
        ALTER TABLE dutiful_away_figures_until RENAME TO dutiful_figures_until;
        ALTER TABLE dutiful_away_figures_left RENAME TO dutiful_figures_left;
        ALTER TABLE dutiful_away_pauses RENAME TO dutiful_pauses;
        ALTER TABLE dutiful_away_previews RENAME TO dutiful_previews;
        ALTER TABLE dutiful_away_joins RENAME TO dutiful_joins;
        ALTER TABLE dutiful_away_items RENAME TO dutiful_items;
        ALTER TABLE dutiful_away_collections RENAME TO dutiful_collections;
        ALTER TABLE dutiful_away_documents RENAME TO dutiful_documents;
        ALTER TABLE dutiful_away_contents RENAME TO dutiful_contents;
        ALTER TABLE dutiful_away_generations RENAME TO dutiful_generations;
        ALTER TABLE dutiful_away_pages RENAME TO dutiful_pages;
        ALTER TABLE dutiful_away_chunks RENAME TO dutiful_chunks;
        ALTER TABLE dutiful_away_vectors RENAME TO dutiful_vectors;
        ALTER TABLE dutiful_away_holds RENAME TO dutiful_holds",
    mysql: "/* dutiful.moves.back */
        RENAME TABLE dutiful_away_tasks TO dutiful_tasks,
                     dutiful_away_attempts TO dutiful_attempts,
                     dutiful_away_steps TO dutiful_steps,
                     dutiful_away_logs TO dutiful_logs,
                     dutiful_away_workers TO dutiful_workers,
                     dutiful_away_periodic TO dutiful_periodic,
                     dutiful_away_tokens TO dutiful_tokens,
                     dutiful_away_audit TO dutiful_audit,
                     dutiful_away_requests TO dutiful_requests,
                     dutiful_away_task_types TO dutiful_task_types,
                     dutiful_away_figures TO dutiful_figures,
                     dutiful_away_figures_until TO dutiful_figures_until,
                     dutiful_away_figures_left TO dutiful_figures_left,
                     dutiful_away_pauses TO dutiful_pauses,
                     dutiful_away_previews TO dutiful_previews,
                     dutiful_away_joins TO dutiful_joins,
                     dutiful_away_items TO dutiful_items,
                     dutiful_away_collections TO dutiful_collections,
                     dutiful_away_documents TO dutiful_documents,
                     dutiful_away_contents TO dutiful_contents,
                     dutiful_away_generations TO dutiful_generations,
                     dutiful_away_pages TO dutiful_pages,
                     dutiful_away_chunks TO dutiful_chunks,
                     dutiful_away_vectors TO dutiful_vectors,
                     dutiful_away_holds TO dutiful_holds",
    postgres: "/* dutiful.moves.back */
        ALTER TABLE dutiful_away_tasks RENAME TO dutiful_tasks;
        ALTER TABLE dutiful_away_attempts RENAME TO dutiful_attempts;
        ALTER TABLE dutiful_away_steps RENAME TO dutiful_steps;
        ALTER TABLE dutiful_away_logs RENAME TO dutiful_logs;
        ALTER TABLE dutiful_away_workers RENAME TO dutiful_workers;
        ALTER TABLE dutiful_away_periodic RENAME TO dutiful_periodic;
        ALTER TABLE dutiful_away_tokens RENAME TO dutiful_tokens;
        ALTER TABLE dutiful_away_audit RENAME TO dutiful_audit;
        ALTER TABLE dutiful_away_requests RENAME TO dutiful_requests;
        ALTER TABLE dutiful_away_task_types RENAME TO dutiful_task_types;
        ALTER TABLE dutiful_away_figures RENAME TO dutiful_figures;
        ALTER TABLE dutiful_away_figures_until RENAME TO dutiful_figures_until;
        ALTER TABLE dutiful_away_figures_left RENAME TO dutiful_figures_left;
        ALTER TABLE dutiful_away_pauses RENAME TO dutiful_pauses;
        ALTER TABLE dutiful_away_previews RENAME TO dutiful_previews;
        ALTER TABLE dutiful_away_joins RENAME TO dutiful_joins;
        ALTER TABLE dutiful_away_items RENAME TO dutiful_items;
        ALTER TABLE dutiful_away_collections RENAME TO dutiful_collections;
        ALTER TABLE dutiful_away_documents RENAME TO dutiful_documents;
        ALTER TABLE dutiful_away_contents RENAME TO dutiful_contents;
        ALTER TABLE dutiful_away_generations RENAME TO dutiful_generations;
        ALTER TABLE dutiful_away_pages RENAME TO dutiful_pages;
        ALTER TABLE dutiful_away_chunks RENAME TO dutiful_chunks;
        ALTER TABLE dutiful_away_vectors RENAME TO dutiful_vectors;
        ALTER TABLE dutiful_away_holds RENAME TO dutiful_holds",
};

/// Refuses what reaches the old place past its name. MySQL binds nothing to the table itself.
pub(crate) const GUARD: Sql = Sql {
    sqlite: "/* dutiful.moves.guard */
        CREATE TRIGGER dutiful_away_no_insert BEFORE INSERT ON dutiful_away_tasks BEGIN
          SELECT RAISE(ABORT, 'this queue has been moved to another database, or is being moved'); END;
        CREATE TRIGGER dutiful_away_no_update BEFORE UPDATE ON dutiful_away_tasks BEGIN
          SELECT RAISE(ABORT, 'this queue has been moved to another database, or is being moved'); END;
        CREATE TRIGGER dutiful_away_no_delete BEFORE DELETE ON dutiful_away_tasks BEGIN
          SELECT RAISE(ABORT, 'this queue has been moved to another database, or is being moved'); END",
    mysql: "",
    postgres: "/* dutiful.moves.guard */
        CREATE OR REPLACE FUNCTION dutiful_away_guard() RETURNS trigger LANGUAGE plpgsql AS $guard$
        BEGIN
          RAISE EXCEPTION 'this queue has been moved to another database, or is being moved'
            USING ERRCODE = '55000';
        END $guard$;
        CREATE TRIGGER dutiful_away_guard BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON dutiful_away_tasks
          FOR EACH STATEMENT EXECUTE FUNCTION dutiful_away_guard()",
};

/// Takes the guard away.
pub(crate) const UNGUARD: Sql = Sql {
    sqlite: "/* dutiful.moves.unguard */
        DROP TRIGGER IF EXISTS dutiful_away_no_insert;
        DROP TRIGGER IF EXISTS dutiful_away_no_update;
        DROP TRIGGER IF EXISTS dutiful_away_no_delete",
    mysql: "",
    postgres: "/* dutiful.moves.unguard */
        DROP TRIGGER IF EXISTS dutiful_away_guard ON dutiful_away_tasks;
        DROP FUNCTION IF EXISTS dutiful_away_guard()",
};

/// Makes a place whose tables are dropped one that Dutiful has never seen.
pub(crate) const FORGET: [&str; 2] = [
    "/* dutiful.moves.forget */ DELETE FROM dutiful_migrations",
    "/* dutiful.moves.forget */ DROP TABLE IF EXISTS dutiful_moves",
];

/// Drops what a move has left at the old place, one table after the other.
pub(crate) const DROPS: [&str; 26] = [
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_tasks",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_attempts",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_steps",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_logs",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_workers",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_periodic",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_tokens",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_audit",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_requests",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_task_types",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_figures",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_figures_until",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_figures_left",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_pauses",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_previews",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_joins",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_items",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_collections",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_documents",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_contents",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_generations",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_pages",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_chunks",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_vectors",
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_away_holds",
    // Only SQLite has it, and it keeps its name.
    "/* dutiful.moves.drop */ DROP TABLE IF EXISTS dutiful_chunk_words",
];

/// Where the tables of a place are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct There {
    /// Those with their usual names, without the prefix.
    pub(crate) usual: HashSet<&'static str>,
    /// Those that are away, without the prefix.
    pub(crate) away: HashSet<&'static str>,
}

impl There {
    /// Whether every table is away.
    pub(crate) fn all_away(&self) -> bool {
        self.away.len() == NAMES.len() && self.usual.is_empty()
    }
}

/// Looks which tables are there. `db` is a handle with the usual prefix.
pub(crate) async fn there(db: &Db) -> DbResult<There> {
    let prefix = db.prefix().as_str();
    let rows = db.read(&THERE, Vec::new()).await?;
    let mut there = There::default();
    for name in rows.iter().map(|row: &Row| row.text(0)) {
        let name = name?;
        let is = |known: &&&str, between: &str| {
            name.strip_prefix(prefix)
                .and_then(|rest| rest.strip_prefix(between))
                == Some(**known)
        };
        there.usual.extend(NAMES.iter().find(|known| is(known, "")));
        there
            .away
            .extend(NAMES.iter().find(|known| is(known, "away_")));
    }
    Ok(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_goes_away_comes_back_and_can_be_dropped() {
        assert_eq!(ONE_BY_ONE_ON_MYSQL.map(|(name, _, _)| name), NAMES);
        for name in NAMES {
            let (usual, away) = (format!("dutiful_{name}"), format!("dutiful_away_{name}"));
            for (from, to, sql) in [(&usual, &away, &AWAY), (&away, &usual, &BACK)] {
                for text in [sql.sqlite, sql.postgres] {
                    assert!(
                        text.contains(&format!("ALTER TABLE {from} RENAME TO {to}")),
                        "{name}"
                    );
                }
                assert!(sql.mysql.contains(&format!("{from} TO {to}")), "{name}");
            }
            let drop = format!("DROP TABLE IF EXISTS {away}");
            assert!(DROPS.iter().any(|sql| sql.ends_with(&drop)), "{name}");
        }
    }
}
