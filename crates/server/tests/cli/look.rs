use super::place::{NOT_FOUND, Place, USAGE};

#[test]
fn a_list_is_newest_first_and_goes_on_at_its_cursor() {
    let place = Place::new();
    for message in ["a", "b", "c"] {
        place.submit(message);
    }
    let page = place.json(&["list", "--limit", "2"]);
    let messages = |page: &serde_json::Value| -> Vec<String> {
        let tasks = page["tasks"].as_array().unwrap();
        tasks
            .iter()
            .map(|task| task["task_payload"]["message"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(messages(&page), ["c", "b"]);
    let cursor = page["next"].as_str().unwrap();
    let rest = place.json(&["list", "--limit", "2", "--after", cursor]);
    assert_eq!(messages(&rest), ["a"]);
    assert!(rest["next"].is_null());
}

#[test]
fn a_list_keeps_to_its_filters() {
    let place = Place::new();
    let cancelled = place.submit("needle");
    place.submit("hay");
    place.json(&["cancel", &cancelled]);
    let count = |args: &[&str]| {
        place.json(&[&["list"], args].concat())["tasks"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count(&[]), 2);
    assert_eq!(count(&["--text", "needle"]), 1);
    assert_eq!(count(&["--text", "%"]), 0);
    assert_eq!(count(&["--state", "cancelled"]), 1);
    assert_eq!(count(&["--state", "queued,cancelled"]), 2);
    assert_eq!(count(&["--status", "error"]), 1);
    assert_eq!(count(&["--name", "ExampleTask"]), 2);
    assert_eq!(count(&["--name", "Other"]), 0);
}

#[test]
fn a_count_keeps_to_the_filters_of_the_list() {
    let place = Place::new();
    let cancelled = place.submit("a");
    place.submit("b");
    place.json(&["cancel", &cancelled]);
    let counted = |args: &[&str]| place.json(&[&["list", "--count"], args].concat());
    assert_eq!(
        counted(&[]),
        serde_json::json!({ "count": 2, "capped": false })
    );
    assert_eq!(counted(&["--state", "cancelled"])["count"], 1);
    assert_eq!(counted(&["--text", "\"b\""])["count"], 1);
    assert_eq!(place.text(&["list", "--count", "--name", "Other"]), "0\n");
    let (code, _) = place.error(&["list", "--count", "--limit", "5"]);
    assert_eq!(code, USAGE);
}

#[test]
fn stats_by_a_step_tell_what_ended_when() {
    let place = Place::new();
    let cancelled = place.submit("a");
    place.json(&["cancel", &cancelled]);
    for (step, points) in [("minute", 60), ("hour", 24), ("day", 30)] {
        let series = place.json(&["stats", "--by", step]);
        let all = series["points"].as_array().unwrap();
        assert_eq!((series["step"].as_str(), all.len()), (Some(step), points));
        let ended: u64 = all
            .iter()
            .map(|point| point["ended"].as_u64().unwrap())
            .sum();
        assert_eq!(ended, 1, "{step}");
    }
    let text = place.text(&["stats", "--by", "hour", "--since", "3h"]);
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.starts_with("BEGINS"), "{text}");
    for args in [
        &["--by", "year"][..],
        &["--since", "long"],
        &["--name", "ExampleTask"],
    ] {
        let (code, _) = place.error(&[&["stats"], args].concat());
        assert_eq!(code, USAGE, "{args:?}");
    }
}

#[test]
fn figures_are_counted_again_and_told() {
    let place = Place::new();
    let id = place.submit("a");
    place.json(&["cancel", &id]);
    let stats = place.json(&["stats", "--recount", "--since", "7d"]);
    assert_eq!(stats["names"][0]["counts"]["cancelled"], 1);
    assert_eq!(stats["names"][0]["recent"]["ended"], 1);
}

#[test]
fn a_filter_that_means_nothing_is_a_wrong_use() {
    let place = Place::new();
    for args in [
        ["--state", "busy"],
        ["--status", "busy"],
        ["--limit", "201"],
        ["--after", "x"],
    ] {
        let (code, _) = place.error(&[&["list"], args.as_slice()].concat());
        assert_eq!(code, USAGE, "{args:?}");
    }
}

#[test]
fn a_task_is_shown_with_everything_about_it() {
    let place = Place::new();
    let id = place.submit("hello");
    let shown = place.json(&["show", &id]);
    assert_eq!(shown["task"]["task_payload"]["message"], "hello");
    assert_eq!(shown["task"]["state"], "queued");
    assert_eq!(shown["task"]["status"], "not_started");
    assert!(shown["attempts"].as_array().unwrap().is_empty());
    assert!(shown["logs"].as_array().unwrap().is_empty());
    let text = place.text(&["show", &id]);
    assert!(
        text.contains("retries     0 of 3") && text.contains("\"message\": \"hello\""),
        "{text}"
    );
}

#[test]
fn attempts_of_a_failed_task_are_shown() {
    let place = Place::new();
    let worker = place.worker(&["--documents-root", "."]);
    let payload = r#"{"path": "missing.txt"}"#;
    let args = [
        "submit",
        "TranscribeDocument",
        payload,
        "--max-retries",
        "1",
        "--wait",
        "50s",
    ];
    place.run(&args).assert().code(1);
    worker.signal("TERM");
    worker.end();
    let shown = place.json(&["show", "1"]);
    assert_eq!(shown["task"]["state"], "failed");
    assert_eq!(shown["attempts"][0]["outcome"], "failed");
    assert!(
        shown["attempts"][0]["error_message"]
            .as_str()
            .unwrap()
            .contains("missing.txt")
    );
    let text = place.text(&["show", "1"]);
    assert!(text.contains("attempts that did not succeed"), "{text}");
}

#[test]
fn a_task_that_is_not_there_is_not_found() {
    let place = Place::new();
    let (code, error) = place.json_error(&["show", "7"]);
    assert_eq!(
        (code, error["code"].as_str().unwrap()),
        (NOT_FOUND, "not_found")
    );
    assert_eq!(place.error(&["show", "seven"]).0, USAGE);
}

#[test]
fn stats_count_by_name_and_state() {
    let place = Place::new();
    place.submit("a");
    let cancelled = place.submit("b");
    place.json(&["cancel", &cancelled]);
    let stats = place.json(&["stats"]);
    let name = &stats["names"][0];
    assert_eq!(name["task_name"], "ExampleTask");
    assert_eq!(name["total"], 2);
    assert_eq!(name["counts"]["queued"], 1);
    assert_eq!(name["counts"]["cancelled"], 1);
    assert_eq!(name["queue_depth"], 1);
    let text = place.text(&["stats"]);
    assert!(text.contains("1 queued, 1 cancelled"), "{text}");
}
