//! Secrets that are planted in every place, and looked for where none may be.

use crate::promises;
use crate::server::Server;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

promises![
    a_planted_secret_is_told_to_nobody_who_may_not_see_it,
    with_redact_everywhere_nobody_sees_one,
    the_password_of_the_database_is_told_by_no_command,
];

/// Under a key of a payload; in an error by its form; in an error because the payload holds it.
const UNDER_KEY: &str = "canary-under-a-key";
const BY_FORM: &str = "canary-by-its-form";
const IN_URL: &str = "canary-in-a-url";

fn no_canary(place: &str, text: &str) {
    let found = text.match_indices("canary-").next();
    assert!(found.is_none(), "{place}: {text}");
}

/// A task that waits for ever, with secrets in its payload.
fn waiting() -> Value {
    json!({
        "task_name": "Unknown",
        "task_payload": {
            "user": "ann",
            "deep": [{ "dbPassword": UNDER_KEY, "link": format!("amqp://ann:{IN_URL}@host/x") }],
        },
    })
}

/// A task that fails with an error that names its path.
fn failing() -> Value {
    let path = format!("missing?password={BY_FORM}&x=1");
    json!({ "task_name": "TranscribeDocument", "task_payload": { "path": path }, "max_retries": 1 })
}

fn submit(server: &Server, secret: &str, submission: &Value) -> i64 {
    let answer = server.as_bearer(secret, "POST", "/tasks", &submission.to_string());
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_i64().unwrap()
}

fn wait_until_failed(server: &Server, id: i64) {
    let began = Instant::now();
    while server.dutiful(&["show", &id.to_string()])["task"]["state"] != "failed" {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not run");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn a_planted_secret_is_told_to_nobody_who_may_not_see_it(server: &Server) {
    let admin = server.token(&["all", "--scope", "admin"]);
    let read = server.token(&["reader", "--scope", "read"]);
    let waits = submit(server, &admin, &waiting());
    let fails = submit(server, &admin, &failing());
    let mut worker = server.logging_worker();
    wait_until_failed(server, fails);
    // The token is a secret too, where it is none that is good.
    let wrong = format!("dutiful_{}", "c0ffee".repeat(10) + "c0ff");
    for path in [format!("/tasks/{waits}"), "/stats".to_owned()] {
        assert_eq!(server.as_bearer(&wrong, "GET", &path, "").status, 401);
    }
    let mut told = Vec::new();
    for id in [waits, fails] {
        for rest in ["", "/attempts", "/explain", "/items"] {
            let path = format!("/tasks/{id}{rest}");
            let answer = server.as_bearer(&read, "GET", &path, "");
            assert_eq!(answer.status, 200, "{path}");
            told.push((path, answer.text));
        }
    }
    for path in [
        "/tasks",
        "/stats",
        "/workers",
        "/periodic",
        "/nothing",
        "/tasks?state=failed",
    ] {
        told.push((
            path.to_owned(),
            server.as_bearer(&read, "GET", path, "").text,
        ));
    }
    server.as_bearer(&admin, "POST", &format!("/tasks/{waits}/cancel"), "");
    for args in [
        &["list"] as &[&str],
        &["list", "--json"],
        &["stats"],
        &["audit"],
        &["doctor"],
        &["workers"],
        &["token", "list"],
    ] {
        let (out, err) = server.output(args);
        told.push((format!("{args:?}"), out + &err));
    }
    told.push(("tail".to_owned(), tail(server, &admin)));
    told.push(("the worker's log".to_owned(), worker.end()));
    told.push(("the server's log".to_owned(), server.log()));
    for (place, text) in &told {
        no_canary(place, text);
        for secret in [&admin, &read, &wrong] {
            assert!(!text.contains(secret.as_str()), "{place}: {text}");
        }
    }
    let log = &told
        .iter()
        .find(|(place, _)| place == "the worker's log")
        .unwrap()
        .1;
    assert!(log.contains("password=***"), "the error is told: {log}");
    // Who may see payloads sees them as they are, and so does who looks at one task in the database.
    let path = format!("/tasks/{waits}");
    let seen = server.as_bearer(&admin, "GET", &path, "").text;
    assert!(seen.contains(UNDER_KEY) && seen.contains(IN_URL), "{seen}");
    assert!(
        server
            .output(&["show", &waits.to_string()])
            .0
            .contains(UNDER_KEY)
    );
}

/// What `tail` prints while tasks with secrets come.
fn tail(server: &Server, admin: &str) -> String {
    let tail = server.tail();
    let began = Instant::now();
    let mut number = 0;
    while tail.lines().is_empty() {
        let mut submission = waiting();
        number += 1;
        submission["task_payload"]["number"] = number.into();
        submit(server, admin, &submission);
        std::thread::sleep(Duration::from_millis(100));
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "nothing is followed"
        );
    }
    tail.lines()
}

fn with_redact_everywhere_nobody_sees_one(server: &Server) {
    let admin = server.token(&["all", "--scope", "admin"]);
    let id = submit(server, &admin, &waiting()).to_string();
    for args in [["show", &id], ["explain", &id], ["list", "--limit=9"]] {
        let (out, err) = server.output(&[&args[..], &["--redact-everywhere"]].concat());
        no_canary(&format!("{args:?}"), &(out + &err));
    }
    let (out, _) = server.output(&["show", &id, "--redact-everywhere", "--redact", "user"]);
    assert!(out.contains(UNDER_KEY) && !out.contains("ann\""), "{out}");
}

fn the_password_of_the_database_is_told_by_no_command(server: &Server) {
    // Nobody listens there, or nobody lets this user in.
    let url = server.url_with_password("canary-of-the-database");
    let commands: [&[&str]; 4] = [
        &["list", "-vv"],
        &["doctor", "-vv"],
        &["worker", "-vv"],
        &["serve", "--listen=127.0.0.1:0", "-vv"],
    ];
    for (args, told) in commands.iter().zip(server.outputs_of(&url, &commands)) {
        assert!(!told.is_empty(), "{args:?} says nothing");
        no_canary(&format!("{args:?}"), &told);
    }
}
