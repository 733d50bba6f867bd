//! What holds on to the tables past their names, and tables that nobody thought of.

use crate::harness::engine::Dialect;
use crate::pair::{Pair, pair_cases};
use crate::{binds_to_tables, killed};
use dutiful::moves::Mover;
use serde_json::json;
use std::collections::BTreeSet;

pair_cases![
    what_is_bound_to_the_table_itself_writes_nothing_behind_the_back_of_a_move,
    every_table_of_the_schema_moves_or_is_known_to_stay,
];

/// A team's own trigger or view, by which its programs submit.
async fn what_is_bound_to_the_table_itself_writes_nothing_behind_the_back_of_a_move(pair: Pair) {
    if !binds_to_tables(pair.from.engine()) {
        return;
    }
    let db = &pair.from;
    db.exec("CREATE TABLE orders (id integer)").await;
    match db.dialect() {
        Dialect::Sqlite => {
            db.exec(
                "CREATE TRIGGER ordered AFTER INSERT ON orders BEGIN
                   INSERT INTO dutiful_tasks (task_name, task_payload) VALUES ('Order', '1'); END",
            )
            .await;
        }
        Dialect::Postgres | Dialect::Mysql => {
            db.exec("CREATE VIEW waiting AS SELECT id, task_name, task_payload FROM dutiful_tasks")
                .await;
            db.exec(
                "CREATE RULE ordered AS ON INSERT TO orders DO ALSO
                   INSERT INTO waiting (task_name, task_payload) VALUES ('Order', '1')",
            )
            .await;
        }
    }
    let order = "INSERT INTO orders VALUES (1)";
    db.exec(order).await;
    let killed = killed::at(&pair, "away").await;
    let refused = db.raw().await.try_exec(order).await.unwrap_err();
    assert!(refused.contains("moved to another database"), "{refused}");
    drop(killed);
    let report = pair.move_all().await.unwrap();
    assert_eq!(report.tables[0].rows, 1);
    let refused = db.raw().await.try_exec(order).await.unwrap_err();
    assert!(refused.contains("moved to another database"), "{refused}");
    if db.dialect() == Dialect::Postgres {
        // What others have made is not dropped along with the tables.
        let old = pair.from.client().await;
        let refused = Mover::remove_old(&old).await.unwrap_err().to_string();
        assert!(refused.contains("depend on it"), "{refused}");
        db.exec("DROP RULE ordered ON orders").await;
        db.exec("DROP VIEW waiting").await;
    }
    let (old, new) = pair.clients().await;
    Mover::remove_old(&old).await.unwrap();
    assert_eq!(new.submit_json("Order", json!(2)).await.unwrap().id.0, 2);
}

async fn every_table_of_the_schema_moves_or_is_known_to_stay(pair: Pair) {
    let db = &pair.from;
    let prefix = db.prefix();
    let sql = match db.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table'",
        Dialect::Mysql => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        }
        Dialect::Postgres => {
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        }
    };
    let names = || async {
        let rows = db.rows(sql).await.into_iter().flatten().flatten();
        let ours = rows.filter_map(|name| name.strip_prefix(prefix).map(str::to_owned));
        ours.collect::<BTreeSet<String>>()
    };
    let before = names().await;
    pair.move_all().await.unwrap();
    let stay = ["migration_lock", "migrations", "moves"];
    // What SQLite makes of the words of chunks is found by the new place's own, and dropped with the old tables.
    let stays = |name: &str| stay.contains(&name) || name.starts_with("chunk_words");
    let expected: BTreeSet<String> = before
        .iter()
        .map(|name| match stays(name) {
            true => name.clone(),
            false => format!("away_{name}"),
        })
        .collect();
    assert_eq!(names().await, expected);
}
