//! edit, duplicate, delete, explain, types, openapi.

use super::place::{CONFLICT, NOT_FOUND, Place, USAGE};
use serde_json::json;

#[test]
fn a_waiting_task_is_changed() {
    let place = Place::new();
    let id = place.submit("before");
    let payload = r#"{"message": "after", "count": 1}"#;
    let args = [
        "edit",
        &id,
        "--payload",
        payload,
        "--priority",
        "-3",
        "--at",
        "2099-01-01T00:00:00Z",
    ];
    let task = place.json(&args);
    assert_eq!(task["task_payload"]["message"], "after");
    assert_eq!(
        (&task["priority"], &task["state"]),
        (&json!(-3), &json!("scheduled"))
    );
    let (code, error) = place.error(&["edit", &id, "--payload", r#"{"message": "x", "count": 0}"#]);
    assert_eq!(code, USAGE);
    assert!(error.contains("count is 0"), "{error}");
    assert_eq!(place.error(&["edit", &id]).0, USAGE, "nothing to change");
    assert_eq!(place.error(&["edit", "77", "--priority", "1"]).0, NOT_FOUND);
    place.run(&["cancel", &id]).assert().success();
    assert_eq!(place.error(&["edit", &id, "--priority", "1"]).0, CONFLICT);
}

#[test]
fn a_task_that_has_ended_is_deleted_when_it_is_meant() {
    let place = Place::new();
    let id = place.submit("old");
    assert_eq!(place.error(&["delete", &id, "--yes"]).0, CONFLICT);
    place.run(&["cancel", &id]).assert().success();
    let (code, error) = place.error(&["delete", &id]);
    assert_eq!(code, USAGE);
    assert!(error.contains("--yes"), "{error}");
    let told = place.json(&["delete", &id, "--dry-run"]);
    assert_eq!(told, json!({ "deleted": [1], "dry_run": true }));
    let copy = place.json(&["duplicate", &id]);
    assert_eq!(copy, json!({ "id": 2, "outcome": "created" }));
    assert_eq!(place.text(&["delete", &id, "--yes"]), "task 1 deleted\n");
    assert_eq!(place.error(&["show", &id]).0, NOT_FOUND);
    assert_eq!(place.json(&["show", "2"])["task"]["state"], "queued");
}

#[test]
fn why_a_task_does_not_run_is_told_with_the_fix() {
    let place = Place::new();
    let id = place.submit("waits");
    let text = place.text(&["explain", &id]);
    assert!(text.starts_with("task 1  ExampleTask  queued\n"), "{text}");
    assert!(text.contains("fix: "), "{text}");
    let codes = place.json(&["explain", &id]);
    let reasons = codes["reasons"].as_array().unwrap().iter();
    let codes: Vec<&str> = reasons
        .map(|reason| reason["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"no_worker"), "{codes:?}");
    assert_eq!(place.error(&["explain", "77"]).0, NOT_FOUND);
}

#[test]
fn the_description_of_the_api_is_the_one_that_is_checked_in() {
    let fixture = include_str!("../../openapi.json");
    let described = Place::empty().text(&["openapi"]);
    assert!(
        described == fixture,
        "`dutiful openapi > crates/server/openapi.json`, if the change is meant and breaks no client"
    );
}

#[test]
fn the_types_and_the_description_of_the_api_need_no_database() {
    let place = Place::empty();
    let types = place.json(&["types"]);
    assert_eq!(types["task_types"][0]["task_name"], "ExampleTask");
    assert!(place.text(&["types"]).contains("TranscribeDocument"));
    let described = place.json(&["openapi"]);
    assert!(described["paths"]["/tasks/{id}"]["patch"].is_object());
    let schemas = &described["components"]["schemas"];
    assert_eq!(
        schemas["ExampleTaskPayload"]["properties"]["count"]["maximum"],
        1000
    );
    assert!(!place.path().join("dutiful.db").exists());
}
