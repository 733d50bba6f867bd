//! Rows that other systems hold and ours does not: other character sets, odd words, large texts, lost work.

use super::{OF_TEXT, ORIGINAL, TABLE, adopt, adoption, all, drain, ids, insert, numbers, waiting};
use crate::harness::TestDb;
use crate::harness::engine::Engine;
use crate::harness::raw::quoted;
use crate::harness::trial::cases;
use dutiful::{Outcome, State, TaskId};
use serde_json::json;

cases![
    ; on Engine::adopts:
    texts_of_any_character_set_arrive_whole,
    odd_rows_are_quarantined_held_or_told,
    payloads_that_break_a_rule_are_invalid_and_told,
    large_rows_are_read_a_few_at_a_time,
    what_the_prefix_key_may_have_lost_is_told,
    names_are_mapped_and_chosen,
    times_are_read_by_the_clock_that_is_named,
];

async fn texts_of_any_character_set_arrive_whole(db: TestDb) {
    let client = db.client().await;
    let text = |charset: &str| {
        OF_TEXT
            .replace("latin1", charset)
            .replace("spare GEOMETRY", "spare BLOB")
    };
    for (charset, payload) in [
        ("latin1", "grüße, é"),
        ("utf8mb3", "日本語"),
        ("utf8mb4", "🚀 日本語 é"),
    ] {
        db.exec(&text(charset)).await;
        let quoted_payload = format!("'\"{payload}\"'");
        for (id, status) in [(1, "'not_started'"), (2, "'success'"), (3, "'error'")] {
            insert(
                &db,
                &[
                    ("id", &id.to_string()),
                    ("task_name", "'Script'"),
                    ("task_payload", &quoted_payload),
                    ("status", status),
                    ("retries", "3"),
                    ("max_retries", "3"),
                    ("error_message", &quoted(payload)),
                    ("result_data", &quoted(payload)),
                ],
            )
            .await;
        }
        let report = adopt(&db, &client).await;
        assert_eq!(report.copied, 3, "{charset}: {report:?}");
        for task in all(&client).await {
            assert_eq!(task.task_payload, json!(payload), "{charset}");
            assert_eq!(task.error_message.as_deref(), Some(payload), "{charset}");
            assert_eq!(
                task.result_data,
                Some(json!(payload)),
                "a text becomes a string"
            );
        }
        db.exec("DELETE FROM dutiful_tasks").await;
        db.exec(&format!("DROP TABLE {TABLE}")).await;
    }
}

async fn odd_rows_are_quarantined_held_or_told(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    let row = async |id: &str, name: &str, columns: &[(&str, &str)]| {
        let payload = format!("'[{id}]'");
        let mut all = vec![("id", id), ("task_name", name), ("task_payload", &*payload)];
        all.extend(columns);
        insert(&db, &all).await;
    };
    row("1", "'Script'", &[("status", "NULL")]).await;
    row(
        "3",
        "'Script'",
        &[("max_retries", "NULL"), ("created_at", "NULL")],
    )
    .await;
    row(
        "4",
        "'Script'",
        &[("retries", "NULL"), ("status", "'error'")],
    )
    .await;
    row(
        "5",
        "'Script'",
        &[("retries", "-7"), ("max_retries", "2000000000")],
    )
    .await;
    row("6", "'no name'", &[]).await;
    row("7", "''", &[]).await;
    row("8", "'script'", &[]).await;
    row("-9", "'Script'", &[]).await;
    // What MySQL writes for a word that an ENUM does not have, where it is not strict.
    let empty = format!(
        "INSERT IGNORE INTO {TABLE} (id, task_name, task_payload, status)
         VALUES (2, 'Script', '[2]', 'processing')"
    );
    assert_eq!(db.exec(&empty).await, 1);

    let report = adopt(&db, &client).await;
    assert_eq!(numbers(&report), [9, 6, 0, 0]);
    assert_eq!(ids(&report.refused), [-9, 6, 7]);
    assert_eq!(ids(&report.odd_status), [1, 2]);
    assert_eq!(ids(&report.held), [3]);
    assert!(!report.is_complete());
    let tasks = all(&client).await;
    let states: Vec<(i64, State)> = tasks.iter().map(|task| (task.id.0, task.state)).collect();
    assert_eq!(
        states,
        [
            (1, State::Quarantined),
            (2, State::Quarantined),
            (3, State::Held),
            (4, State::Failed),
            (5, State::Queued),
            (8, State::Queued),
        ]
    );
    assert!(tasks[0].error_message.as_ref().unwrap().contains("NULL"));
    assert!(tasks[1].error_message.as_ref().unwrap().contains("''"));
    assert_eq!((tasks[4].retries, tasks[4].max_retries), (0, 1_000_000));
    assert_eq!(tasks[5].task_name, "script", "names differ by case here");
    assert_eq!(drain(&db).await, [json!([5])]);
}

async fn payloads_that_break_a_rule_are_invalid_and_told(db: TestDb) {
    let client = db.client().await;
    db.exec(OF_TEXT).await;
    let deep = format!("{}{}", "[".repeat(60), "]".repeat(60));
    for (id, payload) in [
        (1, "{'single': 1}"),
        (2, &*deep),
        (3, r#"{"a":1,"a":2}"#),
        (4, "123456789012345678901234567890"),
        (5, ""),
        (6, r#"{"fine":1}"#),
    ] {
        waiting(&db, id, payload).await;
    }
    let sql = format!(
        "INSERT INTO {TABLE} (id, task_name, task_payload, status, retries, max_retries)
         VALUES (7, 'Script', NULL, 'not_started', 0, 3),
                (8, 'Script', CONCAT('\"', REPEAT('x', 1100000), '\"'), 'not_started', 0, 3),
                (9, 'Script', 'not json', 'success', 0, 3)"
    );
    assert_eq!(db.exec(&sql).await, 3);
    let report = adopt(&db, &client).await;
    assert_eq!(numbers(&report), [9, 9, 0, 0]);
    assert_eq!(ids(&report.invalid), [1, 2, 3, 4, 5, 7, 8, 9]);
    for task in all(&client).await {
        let expected = match task.id.0 {
            6 => State::Queued,
            9 => State::Succeeded,
            _ => State::Invalid,
        };
        assert_eq!(task.state, expected, "{task:?}");
        if expected == State::Invalid {
            let told = report.invalid.examples.iter().find(|one| one.id == task.id);
            assert_eq!(task.error_message.as_deref(), Some(&*told.unwrap().why));
        }
    }
    let payload = client.get(TaskId(1)).await.unwrap().task_payload;
    assert_eq!(payload, json!("{'single': 1}"), "what was there is kept");
    let large = client.get(TaskId(8)).await.unwrap().task_payload;
    assert_eq!(large, json!({ "not_adopted": { "bytes": 1_100_002 } }));
    assert_eq!(drain(&db).await, [json!({ "fine": 1 })]);
    assert_eq!(
        numbers(&adopt(&db, &client).await)[2],
        9,
        "and a further run changes nothing"
    );
}

async fn large_rows_are_read_a_few_at_a_time(db: TestDb) {
    let client = db.client().await;
    db.exec(OF_TEXT).await;
    let sql = format!(
        "INSERT INTO {TABLE} (id, task_name, task_payload, status, retries, max_retries, result_data)
         VALUES (?, 'Script', CONCAT('[\"', REPEAT('y', 900000), '\", ?]'), 'success', 0, 3,
                 CONCAT('\"', REPEAT('z', 3000000), '\"'))"
    );
    for id in 1..=6 {
        assert_eq!(db.exec(&sql.replace('?', &id.to_string())).await, 1);
    }
    let huge = format!(
        "UPDATE {TABLE} SET result_data = CONCAT('\"', REPEAT('z', 9000000), '\"') WHERE id = 6"
    );
    db.exec(&huge).await;
    let mut steps = Vec::new();
    let report = adoption(&db, &client)
        .run_with(|done, _| steps.push(done))
        .await
        .unwrap();
    assert_eq!(numbers(&report), [6, 6, 0, 0]);
    assert_eq!(steps, [2, 4, 5, 6], "no more than 8 MiB at once");
    assert_eq!(ids(&report.results_left), [6]);
    for id in 1..=6 {
        let task = client.get(TaskId(id)).await.unwrap();
        let length = task
            .result_data
            .map(|result| result.as_str().unwrap().len());
        assert_eq!(length, (id < 6).then_some(3_000_000), "{id}");
    }
}

async fn what_the_prefix_key_may_have_lost_is_told(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    for (id, length, max_retries) in [
        (1, 600, 3),
        (2, 600, 5),
        (3, 509, 4),
        (4, 508, 4),
        (5, 3, 9),
    ] {
        let payload = format!("\"{}\"", char::from(b'a' + id).to_string().repeat(length));
        insert(
            &db,
            &[
                ("id", &id.to_string()),
                ("task_name", "'Script'"),
                ("task_payload", &quoted(&payload)),
                ("max_retries", &max_retries.to_string()),
            ],
        )
        .await;
    }
    let report = adopt(&db, &client).await;
    let merged = &report.merged;
    assert_eq!(
        (merged.characters, merged.usual_max_retries),
        (Some(511), 3)
    );
    assert_eq!(ids(&merged.beyond_the_key), [2, 3]);
    assert!(
        merged.beyond_the_key.examples[0]
            .why
            .contains("max_retries 5")
    );
    assert_eq!(ids(&merged.within_the_key), [4, 5]);
    assert!(merged.insensitive, "{:?}", merged.collations);

    db.exec(&format!("DROP TABLE {TABLE}")).await;
    let binary = "DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
    db.exec(&ORIGINAL.replace("DEFAULT CHARACTER SET utf8mb4", binary))
        .await;
    let report = adopt(&db, &client).await;
    assert!(!report.merged.insensitive, "{:?}", report.merged.collations);
    assert_eq!(report.merged.beyond_the_key.tasks, 0);
}

async fn names_are_mapped_and_chosen(db: TestDb) {
    let client = db.client().await;
    db.exec(ORIGINAL).await;
    for (id, name) in [(1, "send mail"), (2, "Script"), (3, "Other"), (4, "script")] {
        waiting(&db, id, &format!("[{id}]")).await;
        let sql = format!("UPDATE {TABLE} SET task_name = '{name}' WHERE id = {id}");
        db.exec(&sql).await;
    }
    let mapped = || adoption(&db, &client).map_name("send mail", "SendMail");
    let report = mapped().only(["Script", "send mail"]).run().await.unwrap();
    assert_eq!(numbers(&report), [2, 2, 0, 0]);
    assert!(report.is_complete());
    let names: Vec<String> = all(&client)
        .await
        .into_iter()
        .map(|task| task.task_name)
        .collect();
    assert_eq!(names, ["SendMail", "Script"]);
    let report = mapped().run().await.unwrap();
    assert_eq!(numbers(&report), [4, 2, 2, 0]);
    // The key is that of the new name.
    let again = client.submit_json("SendMail", json!([1])).await.unwrap();
    assert_eq!((again.id, again.outcome), (TaskId(1), Outcome::Merged));
}

async fn times_are_read_by_the_clock_that_is_named(db: TestDb) {
    let client = db.client().await;
    db.exec(&ORIGINAL.replace("last_run_at DATETIME", "last_run_at TIMESTAMP"))
        .await;
    insert(
        &db,
        &[
            ("id", "1"),
            ("task_name", "'Script'"),
            ("task_payload", "'1'"),
            ("status", "'success'"),
            ("created_at", "'2026-07-01 12:00:00'"),
            ("last_run_at", "FROM_UNIXTIME(1782900000)"),
        ],
    )
    .await;
    let seen = async || {
        let task = client.get(TaskId(1)).await.unwrap();
        (
            task.created_at.to_string(),
            task.last_run_at.unwrap().as_micros(),
        )
    };
    let report = adopt(&db, &client).await;
    assert_eq!((report.time_zone.as_str(), report.ahead), ("UTC", 0));
    let run = 1_782_900_000_000_000;
    assert_eq!(
        seen().await,
        ("2026-07-01T12:00:00.000000Z".to_owned(), run)
    );
    // Told the right one, the next run corrects what nobody has touched.
    let berlin = adoption(&db, &client)
        .time_zone("Europe/Berlin")
        .run()
        .await
        .unwrap();
    assert_eq!(numbers(&berlin), [1, 0, 0, 1]);
    assert_eq!(
        seen().await,
        ("2026-07-01T10:00:00.000000Z".to_owned(), run)
    );
    db.exec(&format!(
        "UPDATE {TABLE} SET created_at = UTC_TIMESTAMP() + INTERVAL 2 HOUR"
    ))
    .await;
    assert_eq!(adopt(&db, &client).await.ahead, 1);
}
