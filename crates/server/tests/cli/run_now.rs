use super::place::{CONFLICT, NOT_FOUND, Place, USAGE};

/// Submits a task that is due in an hour and gives its id.
fn later(place: &Place, message: &str) -> String {
    let payload = serde_json::json!({ "message": message, "count": 1 }).to_string();
    place.json(&["submit", "ExampleTask", &payload, "--delay", "1h"])["id"].to_string()
}

#[test]
fn a_task_that_waits_for_its_time_is_due_now() {
    let place = Place::new();
    let id = later(&place, "a");
    assert_eq!(place.json(&["show", &id])["task"]["state"], "scheduled");
    let done = place.json(&["run-now", &id]);
    assert_eq!(done["tasks"][0]["id"].to_string(), id);
    assert_eq!(place.json(&["show", &id])["task"]["state"], "queued");
    let other = later(&place, "b");
    let text = place.text(&["run-now", &other]);
    assert!(
        text.starts_with(&format!("task {other} is due now")),
        "{text}"
    );
}

#[test]
fn what_has_ended_or_is_not_there_is_refused_and_holds_up_no_other() {
    let place = Place::new();
    let (ended, waits) = (later(&place, "a"), later(&place, "b"));
    place.json(&["cancel", &ended]);
    let (code, said) = place.error(&["run-now", &ended, "999", &waits]);
    assert_eq!(code, CONFLICT, "the first refusal counts");
    assert!(said.contains("task 999") && said.contains("fix:"), "{said}");
    assert_eq!(place.json(&["show", &waits])["task"]["state"], "queued");
    assert_eq!(place.json_error(&["run-now", "999"]).0, NOT_FOUND);
    assert_eq!(place.error(&["run-now"]).0, USAGE);
}
