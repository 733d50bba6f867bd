//! Kept figures on their way from one database to another.

use super::table::{Column, Cursor, Kind, Table};
use crate::db::Sql;

pub(crate) static FIGURES: Table = Table {
    name: "figures",
    columns: &[
        Column::new("step", Kind::Text),
        Column::new("begins_at", Kind::Time),
        Column::new("task_name", Kind::Text),
        Column::new("figures", Kind::Text),
    ],
    key: 3,
    cursor: Cursor::Triple,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.figures.page */
            SELECT step, begins_at, task_name, figures
            FROM dutiful_figures WHERE step >= ?1
              AND (step > ?2 OR begins_at >= ?3
              AND (begins_at > ?4 OR task_name > ?5))
            ORDER BY step, begins_at, task_name LIMIT ?6",
        mysql: "/* dutiful.moves.figures.page */
            SELECT step, begins_at, task_name, figures
            FROM dutiful_figures WHERE step >= ?
              AND (step > ? OR begins_at >= ?
              AND (begins_at > ? OR task_name > ?))
            ORDER BY step, begins_at, task_name LIMIT ?",
        postgres: "/* dutiful.moves.figures.page */
            SELECT step, begins_at, task_name, figures
            FROM dutiful_figures WHERE step >= $1::text
              AND (step > $2::text OR begins_at >= $3::timestamptz
              AND (begins_at > $4::timestamptz OR task_name > $5::text))
            ORDER BY step, begins_at, task_name LIMIT $6::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.figures.insert */
            INSERT INTO dutiful_figures
              (step, begins_at, task_name, figures)
            VALUES (?1, ?2, ?3, ?4)",
        mysql: "/* dutiful.moves.figures.insert */
            INSERT INTO dutiful_figures
              (step, begins_at, task_name, figures)
            VALUES {{(?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.figures.insert */
            INSERT INTO dutiful_figures
              (step, begins_at, task_name, figures)
            SELECT * FROM unnest(
              $1::text[], $2::timestamptz[], $3::text[], $4::text[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.figures.remove */
            DELETE FROM dutiful_figures WHERE step = ?1 AND begins_at = ?2 AND task_name = ?3",
        mysql: "/* dutiful.moves.figures.remove */
            DELETE FROM dutiful_figures WHERE (step, begins_at, task_name) IN ({{(?, ?, ?)}})",
        postgres: "/* dutiful.moves.figures.remove */
            DELETE FROM dutiful_figures AS t USING unnest($1::text[], $2::timestamptz[], $3::text[]) AS gone (step, begins_at, task_name)
            WHERE t.step = gone.step AND t.begins_at = gone.begins_at AND t.task_name = gone.task_name",
    },
    free: None,
};

pub(crate) static FIGURES_UNTIL: Table = Table {
    name: "figures_until",
    columns: &[
        Column::new("id", Kind::Int),
        Column::new("version", Kind::Int),
        Column::new("tasks_until", Kind::Time),
        Column::new("attempts_until", Kind::Time),
        Column::new("checked_until", Kind::Time),
        Column::new("checked_again_until", Kind::Time),
    ],
    key: 1,
    cursor: Cursor::Single,
    born_with: 1,
    page: Sql {
        sqlite: "/* dutiful.moves.figures_until.page */
            SELECT id, version, tasks_until, attempts_until, checked_until, checked_again_until
            FROM dutiful_figures_until WHERE id > ?1
            ORDER BY id LIMIT ?2",
        mysql: "/* dutiful.moves.figures_until.page */
            SELECT id, version, tasks_until, attempts_until, checked_until, checked_again_until
            FROM dutiful_figures_until WHERE id > ?
            ORDER BY id LIMIT ?",
        postgres: "/* dutiful.moves.figures_until.page */
            SELECT id, version, tasks_until, attempts_until, checked_until, checked_again_until
            FROM dutiful_figures_until WHERE id > $1::bigint
            ORDER BY id LIMIT $2::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.figures_until.insert */
            INSERT INTO dutiful_figures_until
              (id, version, tasks_until, attempts_until, checked_until, checked_again_until)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        mysql: "/* dutiful.moves.figures_until.insert */
            INSERT INTO dutiful_figures_until
              (id, version, tasks_until, attempts_until, checked_until, checked_again_until)
            VALUES {{(?, ?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.figures_until.insert */
            INSERT INTO dutiful_figures_until
              (id, version, tasks_until, attempts_until, checked_until, checked_again_until)
            SELECT * FROM unnest(
              $1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.figures_until.remove */
            DELETE FROM dutiful_figures_until WHERE id = ?1",
        mysql: "/* dutiful.moves.figures_until.remove */
            DELETE FROM dutiful_figures_until WHERE id IN ({{?}})",
        postgres: "/* dutiful.moves.figures_until.remove */
            DELETE FROM dutiful_figures_until AS t USING unnest($1::bigint[]) AS gone (id)
            WHERE t.id = gone.id",
    },
    free: None,
};

pub(crate) static FIGURES_LEFT: Table = Table {
    name: "figures_left",
    columns: &[
        Column::new("id", Kind::Int),
        Column::new("task_name", Kind::Text),
        Column::new("state", Kind::Text),
        Column::new("finished_at", Kind::Time),
        Column::new("tasks", Kind::Int),
    ],
    key: 1,
    cursor: Cursor::Single,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.figures_left.page */
            SELECT id, task_name, state, finished_at, tasks
            FROM dutiful_figures_left WHERE id > ?1
            ORDER BY id LIMIT ?2",
        mysql: "/* dutiful.moves.figures_left.page */
            SELECT id, task_name, state, finished_at, tasks
            FROM dutiful_figures_left WHERE id > ?
            ORDER BY id LIMIT ?",
        postgres: "/* dutiful.moves.figures_left.page */
            SELECT id, task_name, state, finished_at, tasks
            FROM dutiful_figures_left WHERE id > $1::bigint
            ORDER BY id LIMIT $2::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.figures_left.insert */
            INSERT INTO dutiful_figures_left
              (id, task_name, state, finished_at, tasks)
            VALUES (?1, ?2, ?3, ?4, ?5)",
        mysql: "/* dutiful.moves.figures_left.insert */
            INSERT INTO dutiful_figures_left
              (id, task_name, state, finished_at, tasks)
            VALUES {{(?, ?, ?, ?, ?)}}",
        postgres: "/* dutiful.moves.figures_left.insert */
            INSERT INTO dutiful_figures_left
              (id, task_name, state, finished_at, tasks)
            SELECT * FROM unnest(
              $1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.figures_left.remove */
            DELETE FROM dutiful_figures_left WHERE id = ?1",
        mysql: "/* dutiful.moves.figures_left.remove */
            DELETE FROM dutiful_figures_left WHERE id IN ({{?}})",
        postgres: "/* dutiful.moves.figures_left.remove */
            DELETE FROM dutiful_figures_left AS t USING unnest($1::bigint[]) AS gone (id)
            WHERE t.id = gone.id",
    },
    free: None,
};
