use super::place::{Place, USAGE};

#[test]
fn a_worker_makes_the_tables_if_asked_and_ends_in_order_on_sigterm() {
    let place = Place::empty();
    let mut worker = place.worker(&["--migrate"]);
    // The worker may still be making the tables.
    let begun = std::time::Instant::now();
    while !place.json(&["migrate", "status"])["current"]
        .as_bool()
        .unwrap()
    {
        assert!(worker.is_alive(), "{}", worker.end().1);
        assert!(begun.elapsed().as_secs() < 30, "no tables");
    }
    let payload = r#"{"message": "ab", "count": 3}"#;
    let done = place.json(&["submit", "ExampleTask", payload, "--wait", "50s"]);
    assert_eq!(done["task"]["result_data"]["output"], "ababab");
    worker.signal("TERM");
    let (code, log) = worker.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("Started 3 tasks"), "{log}");
}

#[test]
fn a_worker_takes_only_the_names_it_is_told() {
    let place = Place::new();
    let id = place.submit("stays");
    let worker = place.worker(&["--only", "TranscribeDocument"]);
    std::fs::write(place.path().join("a.md"), "# Title\n\nText.\n").unwrap();
    let payload = r#"{"path": "a.md"}"#;
    let done = place.json(&["submit", "TranscribeDocument", payload, "--wait", "50s"]);
    assert_eq!(done["task"]["result_data"]["title"], "Title");
    assert_eq!(place.json(&["show", &id])["task"]["state"], "queued");
    worker.signal("INT");
    assert_eq!(worker.end().0, Some(0));
}

#[test]
fn a_worker_refuses_a_name_it_does_not_know() {
    let place = Place::new();
    let (code, said) = place.error(&["worker", "--only", "ExampleTsk"]);
    assert_eq!(code, USAGE);
    assert!(said.contains("did you mean `ExampleTask`?"), "{said}");
}

#[test]
fn logs_are_one_json_object_a_line_if_asked() {
    let place = Place::new();
    let worker = place.worker(&["--log-format", "json"]);
    place.json(&[
        "submit",
        "ExampleTask",
        r#"{"message":"x","count":1}"#,
        "--wait",
        "50s",
    ]);
    worker.signal("TERM");
    let (_, log) = worker.end();
    assert!(!log.is_empty());
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event["level"].is_string(), "{line}");
    }
}

#[test]
fn dev_makes_the_tables_serves_and_runs_what_is_submitted() {
    let place = Place::empty();
    let dev = place.background(&["dev", "--listen", "127.0.0.1:0"]);
    let begun = std::time::Instant::now();
    let payload = r#"{"message": "ab", "count": 2}"#;
    // It may still be making the tables.
    while !place
        .run(&["submit", "ExampleTask", payload, "--wait", "30s"])
        .output()
        .unwrap()
        .status
        .success()
    {
        assert!(begun.elapsed().as_secs() < 60, "{:?}", dev.end());
    }
    dev.signal("INT");
    let (code, log) = dev.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("Serving on http://127.0.0.1:"), "{log}");
    assert_eq!(place.error(&["dev", "--listen", "0.0.0.0:0"]).0, USAGE);
}

#[test]
fn a_binary_of_a_teams_own_has_the_same_commands_for_its_own_tasks() {
    let place = Place::new();
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_dutiful"))
        .with_file_name("examples")
        .join("own");
    assert!(
        own.exists(),
        "`cargo build -p dutiful-server --examples` builds it"
    );
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(&own);
        let output = command.args(args).current_dir(place.path()).output();
        output.unwrap()
    };
    let submitted = run(&["submit", "Shout", "\"hello\"", "--json"]);
    assert!(submitted.status.success(), "{submitted:?}");
    let refused = run(&["submit", "ExampleTask", "{}"]);
    assert_eq!(refused.status.code(), Some(2), "it has its own tasks alone");
    let mut worker = std::process::Command::new(&own)
        .arg("worker")
        .current_dir(place.path())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let done = run(&["submit", "Shout", "\"hello\"", "--wait", "60s"]);
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), "\"HELLO\"");
}
