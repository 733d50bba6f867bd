//! What is refused, and leaves everything as it was.

use crate::fill::fill;
use crate::harness::database::TestDb;
use crate::pair::{Pair, pair_cases};
use crate::read::{assert_same, everything};
use dutiful::moves::Mover;
use dutiful::{Client, ErrorKind, Result};
use serde_json::json;
use std::time::Duration;

pair_cases![
    a_target_with_rows_of_its_own_is_refused_and_works_on,
    a_source_of_an_older_schema_is_refused_with_the_command,
    a_row_that_the_target_does_not_take_is_named_and_nothing_has_happened,
    the_same_place_twice_is_refused,
    a_queue_moves_between_prefixes_of_one_database_and_back,
    a_move_that_is_told_to_stop_leaves_the_queue_where_it_was,
];

async fn a_target_with_rows_of_its_own_is_refused_and_works_on(pair: Pair) {
    let (old, new) = pair.clients().await;
    new.migrate().await.unwrap();
    let mine = new.submit_json("Mine", json!(1)).await.unwrap().id;
    let id = old.submit_json("Moving", json!(1)).await.unwrap().id;
    let refused = [
        pair.mover().await.outlook().await.map(drop),
        pair.move_all().await.map(drop),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(
            error.to_string().contains("table tasks has 1 rows"),
            "{error}"
        );
    }
    assert_eq!(new.get(mine).await.unwrap().task_name, "Mine");
    assert_eq!(old.get(id).await.unwrap().task_name, "Moving");
    // Tables without rows will do.
    pair.to.exec("DELETE FROM dutiful_tasks").await;
    pair.move_all().await.unwrap();
    assert_eq!(new.get(id).await.unwrap().task_name, "Moving");
}

async fn a_source_of_an_older_schema_is_refused_with_the_command(pair: Pair) {
    let old = pair.from.client().await;
    old.migrator().down(2).await.unwrap();
    let error = pair.move_all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Schema);
    let text = error.to_string();
    assert!(
        text.contains("to move from") && text.contains("dutiful migrate up"),
        "{text}"
    );
    old.migrate().await.unwrap();
    pair.move_all().await.unwrap();
}

/// A name that is longer than a column of MySQL takes, or a character that PostgreSQL does not hold.
async fn a_row_that_the_target_does_not_take_is_named_and_nothing_has_happened(pair: Pair) {
    use crate::harness::engine::Dialect::{Mysql, Postgres, Sqlite};
    fill(&pair.from, 40).await;
    let bad = match (pair.from.dialect(), pair.to.dialect()) {
        (Sqlite | Postgres, Mysql) => format!("'{}'", "x".repeat(101)),
        (Sqlite, Postgres) => "'a' || char(0) || 'b'".to_owned(),
        (Mysql, Postgres) => "CONCAT('a', CHAR(0), 'b')".to_owned(),
        // Their columns hold all that the other ones do.
        _ => return,
    };
    pair.from
        .exec(&format!(
            "UPDATE dutiful_tasks SET task_name = {bad} WHERE id = 17"
        ))
        .await;
    let error = pair.move_all().await.unwrap_err().to_string();
    assert!(
        error.contains("the row 17 of tasks") && error.contains("to move to"),
        "{error}"
    );
    let old = pair.from.client().await;
    let id = old.submit_json("Next", json!(1)).await.unwrap().id;
    pair.from
        .exec("UPDATE dutiful_tasks SET task_name = 'good' WHERE id = 17")
        .await;
    let report = pair.move_all().await.unwrap();
    assert!(report.resumed);
    assert_eq!(
        pair.to.client().await.get(id).await.unwrap().task_name,
        "Next"
    );
}

async fn the_same_place_twice_is_refused(pair: Pair) {
    let (one, other) = (pair.from.client().await, pair.from.client().await);
    let error = Mover::new(&one, &other).run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let id = one.submit_json("Stays", json!(1)).await.unwrap().id;
    assert_eq!(other.get(id).await.unwrap().task_name, "Stays");
}

async fn with_prefix(db: &TestDb, prefix: &str) -> Client {
    Client::builder(db.url())
        .table_prefix(prefix)
        .connect()
        .await
        .unwrap()
}

async fn a_queue_moves_between_prefixes_of_one_database_and_back(pair: Pair) {
    fill(&pair.from, 200).await;
    let before = everything(&pair.from, "").await;
    let old = pair.from.client().await;
    let new = with_prefix(&pair.from, &format!("{}x_", pair.from.prefix())).await;
    let there = Mover::new(&old, &new).grace(Duration::ZERO);
    there.run().await.unwrap();
    let back = || async { Mover::new(&new, &old).grace(Duration::ZERO).run().await };
    // The old tables are still there.
    let error = back().await.unwrap_err();
    assert!(error.to_string().contains("--remove-old"), "{error}");
    Mover::remove_old(&old).await.unwrap();
    back().await.unwrap();
    assert_same(&before, &everything(&pair.from, "").await);
    Mover::remove_old(&new).await.unwrap();
    let left = Mover::status(&new).await.unwrap();
    assert_eq!(left, None);
}

async fn a_move_that_is_told_to_stop_leaves_the_queue_where_it_was(pair: Pair) {
    fill(&pair.from, 500).await;
    let before = everything(&pair.from, "").await;
    let mover = pair.mover().await;
    mover.stop();
    let stopped: Result<_> = mover.run().await;
    assert!(stopped.unwrap_err().to_string().contains("told to stop"));
    assert_same(&before, &everything(&pair.from, "").await);
    let old = pair.from.client().await;
    Mover::abort(&old, Some(&pair.to.client().await))
        .await
        .unwrap();
    let again = Mover::abort(&old, None).await;
    again.unwrap();
    assert_same(&before, &everything(&pair.from, "").await);
    pair.move_all().await.unwrap();
    assert_same(&before, &everything(&pair.to, "").await);
    assert_eq!(
        Mover::abort(&old, None).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
}
