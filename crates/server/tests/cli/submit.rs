use super::place::{Place, USAGE, text};

const HELLO: &str = r#"{"message": "hello", "count": 2}"#;

#[test]
fn a_submission_creates_a_task_and_the_same_again_merges() {
    let place = Place::new();
    let first = place.json(&["submit", "ExampleTask", HELLO]);
    assert_eq!(first["outcome"], "created");
    let second = place.json(&["submit", "ExampleTask", r#"{"count":2,"message":"hello"}"#]);
    assert_eq!(second["outcome"], "merged");
    assert_eq!(second["id"], first["id"]);
    let task = &place.json(&["show", &first["id"].to_string()])["task"];
    assert_eq!(task["max_retries"], 4);
}

#[test]
fn every_option_of_a_submission_is_stored() {
    let place = Place::new();
    let options = ["--priority", "-3", "--max-retries", "7", "--delay", "1h30m"];
    let dedup = ["--dedup", "always", "--key", "mine"];
    let args = [
        &["submit", "ExampleTask", HELLO],
        options.as_slice(),
        &dedup,
    ]
    .concat();
    let id = place.json(&args)["id"].to_string();
    let task = &place.json(&["show", &id])["task"];
    assert_eq!(task["priority"], -3);
    assert_eq!(task["max_retries"], 7);
    assert_eq!(task["state"], "scheduled");
    assert_eq!(task["dedup_scope"], "always");
    let other = place.json(&[
        "submit",
        "ExampleTask",
        r#"{"message":"x","count":1}"#,
        "--key",
        "mine",
    ]);
    assert_eq!(other["outcome"], "merged", "the key stands for the payload");
}

#[test]
fn a_time_to_start_at_needs_a_zone() {
    let place = Place::new();
    let at = |time| place.run(&["submit", "ExampleTask", HELLO, "--at", time]);
    at("2099-01-31T09:00:00").assert().code(USAGE);
    at("2099-01-31T09:00:00+01:00").assert().success();
    let listed = place.json(&["list", "--state", "scheduled"]);
    assert!(
        listed["tasks"][0]["due_at"]
            .as_str()
            .unwrap()
            .starts_with("2099-01-31T08:00:00")
    );
}

#[test]
fn a_payload_comes_from_stdin_or_a_file() {
    let place = Place::new();
    place
        .run(&["submit", "ExampleTask", "-"])
        .write_stdin(HELLO)
        .assert()
        .success();
    std::fs::write(place.path().join("payload.json"), HELLO).unwrap();
    let merged = place.json(&["submit", "ExampleTask", "@payload.json"]);
    assert_eq!(merged["outcome"], "merged");
    let (code, error) = place.json_error(&["submit", "ExampleTask", "@missing.json"]);
    assert_eq!(code, USAGE);
    assert!(error["cause"].as_str().unwrap().contains("missing.json"));
}

#[test]
fn a_payload_that_does_not_fit_is_refused_and_nothing_is_stored() {
    let place = Place::new();
    let bad = [
        r#"{"message": "x", "count": 0}"#,
        r#"{"message": "x", "count": 1001}"#,
        r#"{"message": 7, "count": 1}"#,
        r#"{"count": 1}"#,
        r#"{"message": "x", "message": "y", "count": 1}"#,
        "{not json",
        "",
        "[1]",
        // What engines would refuse or change.
        r#"{"message": "x", "count": 123456789012345678901234567890}"#,
        r#"{"message": "x", "count": 1e400}"#,
        r#"{"message": "x", "count": 1e100000}"#,
        r#"{"message": "x", "count": NaN}"#,
        r#"{"message": "a\u0000b", "count": 1}"#,
        r#"{"message": "\ud800", "count": 1}"#,
        "\u{feff}{}",
    ];
    let deep = [33, 101, 20_000].map(|levels| "[".repeat(levels) + &"]".repeat(levels));
    for payload in bad.into_iter().chain(deep.iter().map(String::as_str)) {
        let (code, error) = place.json_error(&["submit", "ExampleTask", payload]);
        assert_eq!(
            (code, error["code"].as_str().unwrap()),
            (USAGE, "invalid_payload"),
            "{payload}"
        );
        assert!(error["fix"].is_string(), "{payload}");
    }
    assert_eq!(place.json(&["list"])["tasks"].as_array().unwrap().len(), 0);
}

#[test]
fn an_unknown_task_name_is_refused_unless_it_is_allowed() {
    let place = Place::new();
    let (code, said) = place.error(&["submit", "ExampelTask", "{}"]);
    assert_eq!(code, USAGE);
    assert!(said.contains("did you mean `ExampleTask`?"), "{said}");
    place
        .run(&["submit", "Elsewhere", "{}", "--allow-unknown"])
        .assert()
        .success();
    assert_eq!(place.json(&["list"])["tasks"][0]["task_name"], "Elsewhere");
}

#[test]
fn waiting_gives_the_result_when_the_task_succeeds() {
    let place = Place::new();
    let worker = place.worker(&[]);
    let waited = place.json(&["submit", "ExampleTask", HELLO, "--wait", "50s"]);
    assert_eq!(waited["task"]["state"], "succeeded");
    assert_eq!(waited["task"]["result_data"]["output"], "hellohello");
    worker.signal("TERM");
    worker.end();
}

#[test]
fn waiting_fails_when_the_task_does_not_succeed() {
    let place = Place::new();
    let worker = place.worker(&[]);
    let args = [
        "submit",
        "TranscribeDocument",
        r#"{"path": "../outside"}"#,
        "--wait",
        "50s",
    ];
    let output = place.run(&args).assert().code(1).get_output().clone();
    assert!(
        text(&output.stderr).contains("error[task_not_succeeded]"),
        "{output:?}"
    );
    worker.signal("TERM");
    worker.end();
}

#[test]
fn waiting_ends_at_its_limit_and_the_task_stays() {
    let place = Place::new();
    let (code, error) = place.json_error(&["submit", "ExampleTask", HELLO, "--wait", "50ms"]);
    assert_eq!((code, error["code"].as_str().unwrap()), (1, "timeout"));
    assert_eq!(place.json(&["list"])["tasks"][0]["state"], "queued");
}
