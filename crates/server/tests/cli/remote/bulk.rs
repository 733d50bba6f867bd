//! Bulk operations on a server, beside those on its database.

use super::served::{REFUSED, Served};
use crate::place::{CONFLICT, NOT_FOUND, Place, USAGE};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);

/// Tasks of a name that nothing runs.
pub(crate) fn submit_many(place: &Place, name: &str, count: usize) {
    let database = rusqlite::Connection::open(place.path().join("dutiful.db")).unwrap();
    database.busy_timeout(LONG).unwrap();
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
               INSERT INTO dutiful_tasks (task_name, task_payload)
               SELECT ?2, json_object('count', 1, 'message', i || '') FROM n";
    let count = i64::try_from(count).unwrap();
    database.execute(sql, (count, name)).unwrap();
}

/// Two operations that were asked for alike differ in these.
fn alike(mut operation: Value) -> Value {
    for field in ["id", "asked_by", "asked_at", "ended_at"] {
        assert!(!operation[field].is_null(), "{field}: {operation}");
        operation[field] = json!("some");
    }
    for field in ["task_name", "created_before"] {
        assert!(operation["filter"][field].is_string(), "{operation}");
        operation["filter"][field] = json!("some");
    }
    operation
}

/// What is told of an operation, but for its number.
fn without_id(text: &str) -> String {
    let (_, rest) = text.split_once(": ").unwrap();
    rest.to_owned()
}

#[test]
fn a_preview_is_the_same_and_changes_nothing() {
    let served = Served::start(&[]);
    submit_many(&served.place, "Left", 30);
    for args in [
        &["cancel", "--name", "Left", "--state", "queued,running"] as &[&str],
        &["delete", "--all"],
        &["run-now", "--status", "not_started", "--text", "17"],
        &[
            "retry",
            "--created-after",
            "2020-01-01T00:00:00Z",
            "--created-before",
            "2099-01-01T00:00:00Z",
        ],
        &["retry", "--finished-after", "2020-01-01T00:00:00Z"],
        &["cancel", "--name", "Nobody"],
    ] {
        let args = [args, &["--dry-run"]].concat();
        served.same(&args);
        served.same_text(&args);
    }
    let told = served.json(&["cancel", "--name", "Left", "--dry-run"]);
    assert_eq!((&told["count"], &told["exact"]), (&json!(30), &json!(true)));
    // Nobody is there to be asked; the tasks are shown all the same.
    let args = ["cancel", "--name", "Left"];
    served.same_error(&args, USAGE);
    assert_eq!(
        served.place.error(&args),
        served.place.error(&served.remotely(&args))
    );
    for wrong in [
        &["cancel", "--name", "no name"][..],
        &["cancel", "--text", ""],
    ] {
        let wrong = [wrong, &["--yes"]].concat();
        assert_eq!(
            served.place.error(&served.remotely(&wrong)).0,
            USAGE,
            "{wrong:?}"
        );
        assert_eq!(served.place.error(&wrong).0, USAGE, "{wrong:?}");
    }
    let queued = served.json(&["list", "--count", "--state", "queued"]);
    assert_eq!(queued["count"], 30);
    // Nothing was started either, and where nothing fits nothing is.
    let none = served
        .place
        .text(&served.remotely(&["retry", "--name", "Nobody", "--yes"]));
    assert_eq!(none, "no task fits\n");
    assert_eq!(served.same(&["operations"])["operations"], json!([]));
}

#[test]
fn all_that_fit_are_acted_on_the_same() {
    let served = Served::start(&[]);
    let place = &served.place;
    submit_many(place, "Left", 130);
    submit_many(place, "Right", 130);
    for verb in ["cancel", "retry", "run-now", "delete", "cancel", "delete"] {
        let own = place.json(&[verb, "--name", "Left", "--yes"]);
        let remote = served.json(&[verb, "--name", "Right", "--yes"]);
        assert_eq!(remote["asked_by"], "ops");
        assert_eq!(remote["filter"]["task_name"], "Right");
        assert_eq!(alike(own), alike(remote), "{verb}");
    }
    submit_many(place, "Left", 3);
    submit_many(place, "Right", 3);
    let own = place.text(&["cancel", "--name", "Left", "--yes"]);
    let remote = place.text(&served.remotely(&["cancel", "--name", "Right", "--yes"]));
    assert!(remote.starts_with("operation "), "{remote}");
    assert_eq!(without_id(&own), without_id(&remote));
    served.same_text(&["operations"]);
    let page = served.same(&["operations", "list", "--limit", "5"]);
    let next = page["next"].as_str().unwrap();
    served.same(&["operations", "list", "--limit", "5", "--after", next]);
    let id = page["operations"][0]["id"].to_string();
    served.same(&["operations", "show", &id]);
    served.same_text(&["operations", "show", &id]);
    served.same(&["operations", "follow", &id]);
    // What is refused has the words of the database.
    served.same_error(&["operations", "stop", &id], CONFLICT);
    for verb in ["show", "stop", "follow"] {
        let error = served.same_error(&["operations", verb, "1"], NOT_FOUND);
        let fix = error["fix"].as_str().unwrap();
        assert!(fix.contains("dutiful operations"), "{error}");
    }
    let args = ["operations", "list", "--after", "x"];
    assert_eq!(place.error(&served.remotely(&args)).0, USAGE);
    let audit = served.json(&[
        "audit",
        "--actor",
        "ops",
        "--target",
        &format!("operation {id}"),
    ]);
    let entries = audit["entries"].as_array().unwrap();
    let actions: Vec<&Value> = entries.iter().map(|one| &one["action"]).collect();
    assert_eq!(actions, ["bulk-cancel-ended", "bulk-cancel"]);
}

#[test]
fn one_is_stopped_and_goes_on_on_a_server() {
    const TASKS: usize = 20_000;
    let served = Served::start(&[]);
    let place = &served.place;
    submit_many(place, "Left", TASKS);
    let started = place.background(&served.remotely(&["cancel", "--all", "--yes"]));
    let begun = Instant::now();
    let id = loop {
        let one = served.json(&["operations"])["operations"][0].clone();
        if one["done"].as_u64() > Some(0) {
            break one["id"].to_string();
        }
        assert!(begun.elapsed() < LONG, "{one}");
    };
    let stopped = served.json(&["operations", "stop", &id]);
    assert_eq!(stopped["state"], "cancelled", "it was too quick: {stopped}");
    let (exit, said) = started.end();
    assert_eq!(exit, Some(CONFLICT), "{said}");
    assert!(
        said.contains(&format!("operation {id} was stopped")),
        "{said}"
    );
    served.json(&["retry", &id]);
    let done = served.json(&["operations", "follow", &id]);
    assert_eq!(
        (&done["state"], &done["done"], &done["skipped"]),
        (&json!("succeeded"), &json!(TASKS), &json!({}))
    );
}

#[test]
fn whoever_may_not_is_told_and_nothing_is_done() {
    let served = Served::start(&[]);
    submit_many(&served.place, "Left", 5);
    let (read, manage) = (served.token("read"), served.token("manage"));
    let dry = ["cancel", "--all", "--dry-run"];
    let sure = ["cancel", "--all", "--yes"];
    for args in [&dry, &sure] {
        assert_eq!(served.refused(args, None)["code"], "unauthorized");
        assert_eq!(served.refused(args, Some(&read))["code"], "forbidden");
    }
    for args in [&["operations"] as &[&str], &["operations", "show", "1"]] {
        assert_eq!(served.refused(args, None)["code"], "unauthorized");
        assert_eq!(served.refused(args, Some(&manage))["code"], "forbidden");
    }
    let stop = ["operations", "stop", "1"];
    assert_eq!(served.refused(&stop, Some(&read))["code"], "forbidden");
    assert_eq!(served.json(&["operations"])["operations"], json!([]));
    assert_eq!(
        served.json(&["list", "--count", "--state", "queued"])["count"],
        5
    );
    // One that may start it and not look is told that it goes on.
    let error = served.refused(&sure, Some(&manage));
    let cause = error["cause"].as_str().unwrap();
    let id = served.json(&["operations"])["operations"][0]["id"].to_string();
    assert!(
        cause.starts_with(&format!("operation {id} goes on")),
        "{cause}"
    );
    assert_eq!(error["exit_code"], REFUSED);
    assert_eq!(served.json(&["operations", "follow", &id])["done"], 5);
}
