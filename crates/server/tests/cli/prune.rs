//! Removing many tasks by hand.

use super::place::{Place, USAGE};
use serde_json::json;

/// Two tasks that have ended, and one that waits.
fn ended() -> Place {
    let place = Place::new();
    for message in ["a", "b", "c"] {
        place.submit(message);
    }
    place.run(&["cancel", "1", "2"]).assert().success();
    place
}

#[test]
fn what_would_go_is_counted_and_nothing_goes() {
    let place = ended();
    let told = place.json(&["prune", "--older-than", "0s", "--dry-run"]);
    let count = json!({ "task_name": "ExampleTask", "state": "cancelled", "tasks": 2 });
    assert_eq!(
        told,
        json!({ "dry_run": true, "prunable": [count], "removed": 0 })
    );
    let text = place.text(&["prune", "--older-than", "0s", "--dry-run"]);
    assert!(
        text.contains("ExampleTask") && text.contains("cancelled"),
        "{text}"
    );
    assert_eq!(place.json(&["list"])["tasks"].as_array().unwrap().len(), 3);
}

#[test]
fn what_ended_goes_when_it_is_meant_and_the_rest_stays() {
    let place = ended();
    assert_eq!(
        place.text(&["prune", "--yes"]),
        "0 tasks removed\n",
        "30 days by default"
    );
    let (code, error) = place.error(&["prune", "--older-than", "0s"]);
    assert_eq!(code, USAGE);
    assert!(
        error.contains("--yes") && error.contains("cancelled"),
        "{error}"
    );
    assert_eq!(
        place.text(&["prune", "--older-than", "0s", "--yes"]),
        "2 tasks removed\n"
    );
    let left = place.json(&["list"]);
    assert_eq!(left["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(left["tasks"][0]["id"], 3);
    // Nobody is asked when there is nothing to remove.
    assert_eq!(
        place.text(&["prune", "--older-than", "0s"]),
        "0 tasks removed\n"
    );
}

#[test]
fn names_and_states_choose() {
    let place = ended();
    let removed = |args: &[&str]| {
        let all = [&["prune", "--older-than", "0s", "--yes"], args].concat();
        place.json(&all)["removed"].clone()
    };
    assert_eq!(removed(&["--name", "Other"]), 0);
    assert_eq!(removed(&["--state", "failed", "--state", "succeeded"]), 0);
    assert_eq!(
        removed(&[
            "--name",
            "Other",
            "--name",
            "ExampleTask",
            "--state",
            "cancelled"
        ]),
        2
    );
    for wrong in [
        &["--state", "running"],
        &["--state", "gone"],
        &["--name", "no name"],
    ] {
        let all = [&["prune", "--yes"], &wrong[..]].concat();
        assert_eq!(place.error(&all).0, USAGE, "{wrong:?}");
    }
    assert_eq!(place.error(&["prune", "--older-than", "soon"]).0, USAGE);
}
