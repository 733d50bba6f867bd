use super::place::{CONFLICT, NOT_FOUND, Place, USAGE};

#[test]
fn a_cancelled_task_can_be_retried() {
    let place = Place::new();
    let id = place.submit("a");
    let cancelled = place.json(&["cancel", &id]);
    assert_eq!(cancelled["tasks"][0]["state"], "cancelled");
    let retried = place.json(&["retry", &id]);
    assert_eq!(retried["tasks"][0]["id"].to_string(), id);
    assert!(!retried["tasks"][0]["due_at"].is_null());
}

#[test]
fn cancelling_what_has_ended_is_a_conflict() {
    let place = Place::new();
    let id = place.submit("a");
    place.json(&["cancel", &id]);
    let (code, said) = place.error(&["cancel", &id]);
    assert_eq!(code, CONFLICT);
    assert!(
        said.starts_with("error[conflict]:") && said.contains("fix:"),
        "{said}"
    );
}

#[test]
fn a_task_that_refuses_does_not_hold_up_the_others() {
    let place = Place::new();
    let id = place.submit("a");
    let (code, said) = place.error(&["cancel", "999", &id]);
    assert_eq!(code, NOT_FOUND);
    assert!(said.contains("task 999"), "{said}");
    assert_eq!(place.json(&["show", &id])["task"]["state"], "cancelled");
}

#[test]
fn task_names_are_paused_listed_and_resumed() {
    let place = Place::new();
    place.submit("a");
    let paused = place.json(&["pause", "ExampleTask", "Elsewhere"]);
    let names: Vec<&str> = paused["paused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["task_name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Elsewhere", "ExampleTask"]);
    assert_eq!(place.json(&["pause"]), paused);
    assert!(place.text(&["pause"]).contains("command line"));
    assert!(place.text(&["stats"]).contains("ExampleTask (paused)"));
    let typo = place
        .run(&["pause", "ExampleTsk"])
        .assert()
        .success()
        .get_output()
        .clone();
    let said = String::from_utf8(typo.stderr).unwrap();
    assert!(said.contains("did you mean `ExampleTask`?"), "{said}");
    let rest = place.json(&["resume", "ExampleTask", "ExampleTsk"]);
    assert_eq!(rest["paused"].as_array().unwrap().len(), 1);
    assert_eq!(place.error(&["resume"]).0, USAGE);
    assert_eq!(place.error(&["pause", "no name"]).0, USAGE);
}
