use super::place::{NOT_FOUND, Place, SCHEMA};
use std::time::{Duration, Instant};

#[test]
fn where_no_worker_is_that_is_said() {
    let place = Place::new();
    assert!(
        place.json(&["workers"])["workers"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let output = place
        .run(&["workers"])
        .assert()
        .success()
        .get_output()
        .clone();
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("dutiful worker")
    );
    assert_eq!(place_without_tables(), SCHEMA);
}

fn place_without_tables() -> i32 {
    Place::empty().error(&["workers"]).0
}

#[test]
fn a_worker_is_shown_with_what_it_runs_for_as_long_as_it_is_there() {
    let place = Place::new();
    let worker = place.worker(&["--only", "ExampleTask"]);
    let begun = Instant::now();
    let shown = loop {
        let shown = place.json(&["workers"])["workers"][0].clone();
        if !shown.is_null() {
            break shown;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "no worker");
    };
    assert_eq!(shown["alive"], true);
    assert_eq!(shown["task_names"], serde_json::json!(["ExampleTask"]));
    for key in ["worker", "host", "started_at", "beat_at"] {
        assert!(shown[key].is_string(), "{key}: {shown}");
    }
    assert!(shown["process_id"].is_i64(), "{shown}");
    let text = place.text(&["workers"]);
    let row = text.lines().nth(1).unwrap();
    assert!(
        row.contains(shown["worker"].as_str().unwrap()) && row.contains("yes"),
        "{text}"
    );
    worker.signal("TERM");
    worker.end();
    assert!(
        place.json(&["workers"])["workers"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_drained_worker_ends_in_order() {
    let place = Place::new();
    let mut worker = place.worker(&["--only", "ExampleTask"]);
    let begun = Instant::now();
    let name = loop {
        let shown = place.json(&["workers"])["workers"][0]["worker"].clone();
        if let Some(name) = shown.as_str() {
            break name.to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "no worker");
    };
    let (code, said) = place.error(&["workers", "drain", &format!("{name}x")]);
    assert_eq!(code, NOT_FOUND);
    assert!(said.contains(&format!("did you mean `{name}`?")), "{said}");
    let asked = place.json(&["workers", "drain", &name]);
    assert!(asked["draining_since"].is_string(), "{asked}");
    if worker.is_alive() {
        let text = place.text(&["workers"]);
        assert!(
            text.lines().count() == 1 || text.contains("draining"),
            "{text}"
        );
    }
    let (code, log) = worker.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("an operator drains this worker"), "{log}");
    assert!(
        place.json(&["workers"])["workers"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}
