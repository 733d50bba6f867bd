use super::place::{CONFLICT, NOT_FOUND, Place, USAGE};
use serde_json::json;
use std::time::{Duration, Instant};

fn submit_many(place: &Place, count: usize) {
    let database = rusqlite::Connection::open(place.path().join("dutiful.db")).unwrap();
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
               INSERT INTO dutiful_tasks (task_name, task_payload)
               SELECT 'ExampleTask', json_object('count', 1, 'message', i || '') FROM n";
    assert_eq!(
        database
            .execute(sql, [i64::try_from(count).unwrap()])
            .unwrap(),
        count
    );
}

#[test]
fn tasks_that_fit_are_cancelled_after_a_preview() {
    let place = Place::new();
    submit_many(&place, 120);
    let all = ["cancel", "--name", "ExampleTask", "--state", "queued"];
    let told = place.json(&[&all[..], &["--dry-run"]].concat());
    assert_eq!(
        (&told["count"], &told["exact"], &told["dry_run"]),
        (&json!(120), &json!(true), &json!(true))
    );
    assert_eq!(told["tasks"].as_array().unwrap().len(), 10);
    let text = place.text(&[&all[..], &["--dry-run"]].concat());
    assert!(
        text.starts_with("cancel 120 tasks, the newest of them:\n"),
        "{text}"
    );
    let (code, said) = place.error(&all);
    assert_eq!(code, USAGE);
    assert!(said.contains("--yes"), "{said}");
    let none = place.json(&["list", "--state", "cancelled"]);
    assert_eq!(none["tasks"], json!([]), "nothing has been done so far");

    let done = place.json(&[&all[..], &["--yes"]].concat());
    assert_eq!(
        (&done["state"], &done["done"], &done["skipped"]),
        (&json!("succeeded"), &json!(120), &json!({}))
    );
    let id = done["id"].to_string();
    assert_eq!(place.json(&["operations", "show", &id]), done);
    assert_eq!(place.json(&["operations"])["operations"], json!([done]));
    let listed = place.text(&["operations"]);
    assert!(
        listed.contains("succeeded") && listed.contains("cancel"),
        "{listed}"
    );
    assert_eq!(
        place.text(&[&all[..], &["--yes"]].concat()),
        "no task fits\n"
    );
    let retried = place.text(&["retry", "--state", "cancelled", "--yes"]);
    assert!(retried.contains("120 done, 0 passed over"), "{retried}");
    let passed = place.text(&["delete", "--all", "--yes"]);
    assert!(
        passed.contains("0 done, 120 passed over (120 not_ended)"),
        "{passed}"
    );
    let (code, _) = place.error(&["operations", "stop", &id]);
    assert_eq!(code, CONFLICT);
}

#[test]
fn ids_and_filters_are_not_mixed() {
    let place = Place::new();
    let id = place.submit("a");
    for verb in ["retry", "cancel", "run-now", "delete"] {
        assert_eq!(place.error(&[verb]).0, USAGE, "{verb}");
        assert_eq!(
            place.error(&[verb, &id, "--state", "queued"]).0,
            USAGE,
            "{verb}"
        );
        assert_eq!(
            place.error(&[verb, "--all", "--created-after", "soon"]).0,
            USAGE,
            "{verb}"
        );
    }
    for missing in [
        ["operations", "show", "99"],
        ["operations", "stop", "99"],
        ["operations", "show", "1"],
    ] {
        let (code, said) = place.error(&missing);
        assert_eq!(code, NOT_FOUND);
        assert!(said.contains("dutiful operations"), "{said}");
    }
    assert_eq!(place.json(&["show", &id])["task"]["state"], "queued");
}

#[test]
fn what_a_killed_command_left_is_gone_on_with() {
    const TASKS: usize = 20_000;
    let place = Place::new();
    submit_many(&place, TASKS);
    let mut command = place.background(&["cancel", "--all", "--yes", "--quiet"]);
    let begun = Instant::now();
    let id = loop {
        let one = place.json(&["operations"])["operations"][0].clone();
        if one["done"].as_u64() > Some(0) {
            break one["id"].to_string();
        }
        assert!(
            command.is_alive() && begun.elapsed() < Duration::from_secs(60),
            "{one}"
        );
    };
    command.signal("KILL");
    assert_eq!(command.end().0, None);
    let left = place.json(&["operations", "show", &id]);
    assert!(
        left["done"].as_u64() < Some(TASKS as u64),
        "it was too quick: {left}"
    );
    let done = place.json(&["operations", "follow", &id]);
    assert_eq!(
        (&done["done"], &done["skipped"]),
        (&json!(TASKS), &json!({}))
    );
}
