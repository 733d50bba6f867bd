//! What waits for what, on its way from one database to another.

use super::table::{Column, Cursor, Kind, Table};
use crate::db::Sql;

pub(crate) static JOINS: Table = Table {
    name: "joins",
    columns: &[
        Column::new("task_id", Kind::Int),
        Column::new("first_open", Kind::Int),
    ],
    key: 1,
    cursor: Cursor::Single,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.joins.page */
            SELECT task_id, first_open FROM dutiful_joins WHERE task_id > ?1 ORDER BY task_id LIMIT ?2",
        mysql: "/* dutiful.moves.joins.page */
            SELECT task_id, first_open FROM dutiful_joins WHERE task_id > ? ORDER BY task_id LIMIT ?",
        postgres: "/* dutiful.moves.joins.page */
            SELECT task_id, first_open FROM dutiful_joins
            WHERE task_id > $1::bigint ORDER BY task_id LIMIT $2::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.joins.insert */
            INSERT INTO dutiful_joins (task_id, first_open) VALUES (?1, ?2)",
        mysql: "/* dutiful.moves.joins.insert */
            INSERT INTO dutiful_joins (task_id, first_open) VALUES {{(?, ?)}}",
        postgres: "/* dutiful.moves.joins.insert */
            INSERT INTO dutiful_joins (task_id, first_open)
            SELECT * FROM unnest($1::bigint[], $2::bigint[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.joins.remove */
            DELETE FROM dutiful_joins WHERE task_id = ?1",
        mysql: "/* dutiful.moves.joins.remove */
            DELETE FROM dutiful_joins WHERE task_id IN ({{?}})",
        postgres: "/* dutiful.moves.joins.remove */
            DELETE FROM dutiful_joins AS t USING unnest($1::bigint[]) AS gone (task_id)
            WHERE t.task_id = gone.task_id",
    },
    free: None,
};

pub(crate) static ITEMS: Table = Table {
    name: "items",
    columns: &[
        Column::new("join_id", Kind::Int),
        Column::new("number", Kind::Int),
        Column::new("task_id", Kind::Int),
    ],
    key: 2,
    cursor: Cursor::Pair,
    born_with: 0,
    page: Sql {
        sqlite: "/* dutiful.moves.items.page */
            SELECT join_id, number, task_id
            FROM dutiful_items WHERE join_id >= ?1 AND (join_id > ?2 OR number > ?3)
            ORDER BY join_id, number LIMIT ?4",
        mysql: "/* dutiful.moves.items.page */
            SELECT join_id, number, task_id
            FROM dutiful_items WHERE join_id >= ? AND (join_id > ? OR number > ?)
            ORDER BY join_id, number LIMIT ?",
        postgres: "/* dutiful.moves.items.page */
            SELECT join_id, number, task_id
            FROM dutiful_items WHERE join_id >= $1::bigint AND (join_id > $2::bigint OR number > $3::bigint)
            ORDER BY join_id, number LIMIT $4::bigint",
    },
    weigh: None,
    insert: Sql {
        sqlite: "/* dutiful.moves.items.insert */
            INSERT INTO dutiful_items (join_id, number, task_id) VALUES (?1, ?2, ?3)",
        mysql: "/* dutiful.moves.items.insert */
            INSERT INTO dutiful_items (join_id, number, task_id) VALUES {{(?, ?, ?)}}",
        postgres: "/* dutiful.moves.items.insert */
            INSERT INTO dutiful_items (join_id, number, task_id)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])",
    },
    remove: Sql {
        sqlite: "/* dutiful.moves.items.remove */
            DELETE FROM dutiful_items WHERE join_id = ?1 AND number = ?2",
        mysql: "/* dutiful.moves.items.remove */
            DELETE FROM dutiful_items WHERE (join_id, number) IN ({{(?, ?)}})",
        postgres: "/* dutiful.moves.items.remove */
            DELETE FROM dutiful_items AS t USING unnest($1::bigint[], $2::bigint[]) AS gone (join_id, number)
            WHERE t.join_id = gone.join_id AND t.number = gone.number",
    },
    free: None,
};
