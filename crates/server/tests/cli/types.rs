//! Looking for payloads that the binary cannot read.

use super::place::{CONFLICT, Place, SCHEMA};
use serde_json::json;

/// Writes a row as another program would.
fn insert(place: &Place, name: &str, payload: &str, version: i64) {
    let connection = rusqlite::Connection::open(place.path().join("dutiful.db")).unwrap();
    let sql =
        "INSERT INTO dutiful_tasks (task_name, task_payload, payload_version) VALUES (?1, ?2, ?3)";
    connection
        .execute(sql, rusqlite::params![name, payload, version])
        .unwrap();
}

#[test]
fn payloads_that_can_be_read_are_no_fault() {
    let place = Place::new();
    place.submit("a");
    let told = place.json(&["types", "check"]);
    assert_eq!(
        told,
        json!({ "ok": true, "checked": 1, "faults": [], "unknown": [] })
    );
    assert_eq!(
        place.text(&["types", "check"]),
        "all 1 payloads can be read\n"
    );
}

#[test]
fn payloads_that_cannot_be_run_are_told_and_the_exit_code_says_so() {
    let place = Place::new();
    place.submit("a");
    insert(&place, "ExampleTask", r#"{"message":"a","count":1}"#, 2);
    insert(&place, "ExampleTask", r#"{"message":"a"}"#, 1);
    insert(&place, "ExampleTask", r#"{"message":"a","count":0}"#, 1);
    insert(&place, "Gone", "{}", 1);
    let output = place
        .run(&["types", "check", "--json"])
        .assert()
        .code(CONFLICT);
    let told: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!((&told["ok"], &told["checked"]), (&json!(false), &json!(4)));
    let faults = told["faults"].as_array().unwrap();
    let reasons: Vec<&str> = faults
        .iter()
        .map(|one| one["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons, ["newer_version", "not_readable", "not_valid"]);
    assert_eq!(faults[1]["task_name"], "ExampleTask");
    assert_eq!(faults[1]["tasks"], 1);
    assert_eq!(faults[1]["examples"][0]["id"], 3);
    assert!(
        faults[1]["examples"][0]["why"]
            .as_str()
            .unwrap()
            .contains("missing field")
    );
    assert_eq!(
        told["unknown"],
        json!([{ "task_name": "Gone", "tasks": 1 }])
    );
    let output = place.run(&["types", "check"]).assert().code(CONFLICT);
    let text = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(
        text.contains("not_valid") && text.contains("count is 0"),
        "{text}"
    );
    assert!(
        text.contains("1 tasks of the name Gone were not read"),
        "{text}"
    );
    let (_, error) = place.json_error(&["types", "check"]);
    assert_eq!(error["code"], "unreadable_payloads");
    // Cancelled, they would not be run again.
    place.run(&["cancel", "2", "3", "4"]).assert().success();
    place.run(&["types", "check"]).assert().success();
    place
        .run(&["types", "check", "--all"])
        .assert()
        .code(CONFLICT);
}

#[test]
fn without_tables_there_is_nothing_to_check() {
    assert_eq!(Place::empty().error(&["types", "check"]).0, SCHEMA);
}
