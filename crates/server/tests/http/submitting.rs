//! Submitting, alone and many at once, and waiting for the end.

use crate::promises;
use crate::server::Server;
use crate::wire;
use serde_json::{Value, json};

promises![
    a_task_is_submitted_run_and_its_result_read,
    an_equal_submission_is_merged,
    every_option_reaches_the_task,
    a_batch_is_stored_whole_as_json_and_as_lines,
    a_batch_with_one_fault_stores_nothing,
    waiting_ends_with_the_time_when_no_worker_is_there,
    a_request_with_a_key_is_done_once,
];

fn example(message: &str) -> Value {
    json!({ "task_name": "ExampleTask", "task_payload": { "message": message, "count": 2 } })
}

fn with(message: &str, options: &Value) -> Value {
    let mut submission = example(message);
    for (name, value) in options.as_object().unwrap() {
        submission[name] = value.clone();
    }
    submission
}

fn a_task_is_submitted_run_and_its_result_read(server: &Server) {
    let answer = server.post("/tasks", &example("hi"));
    assert_eq!(answer.status, 201, "{}", answer.text);
    let id = answer.json()["id"].as_i64().unwrap();
    assert_eq!(answer.json()["outcome"], "created");
    let location = format!("/tasks/{id}");
    assert_eq!(answer.header("location"), Some(location.as_str()));
    let before = server.get(&location).json();
    assert_eq!(
        (&before["state"], &before["status"]),
        (&json!("queued"), &json!("not_started"))
    );
    let _worker = server.worker();
    let task = server.get(&format!("{location}?wait=30s")).json();
    assert_eq!(task["state"], "succeeded", "{task}");
    assert_eq!(task["result_data"], json!({ "output": "hihi" }));
    assert_eq!(
        server.get(&format!("{location}/attempts")).json()["attempts"],
        json!([])
    );
    assert_eq!(
        server.get(&format!("{location}/logs")).json()["logs"],
        json!([])
    );
}

fn an_equal_submission_is_merged(server: &Server) {
    let id = server.submit(&example("twice"));
    let again = server.post("/tasks", &example("twice"));
    assert_eq!(again.status, 200);
    assert_eq!(again.json(), json!({ "id": id, "outcome": "merged" }));
    assert_eq!(server.get(&format!("/tasks/{id}")).json()["max_retries"], 4);
}

fn every_option_reaches_the_task(server: &Server) {
    let options = json!({
        "delay": 3600.5, "priority": -9, "max_retries": 7,
        "dedup_scope": "window", "dedup_window": 60, "dedup_key": "k",
    });
    let id = server.submit(&with("a", &options));
    let task = server.get(&format!("/tasks/{id}")).json();
    assert_eq!(task["state"], "scheduled");
    assert_eq!(
        (&task["priority"], &task["max_retries"]),
        (&json!(-9), &json!(7))
    );
    assert_eq!(task["dedup_scope"], "window");
    let key = server.post("/tasks", &with("other", &options));
    assert_eq!(
        key.json()["outcome"],
        "merged",
        "the key and not the payload decides"
    );
    let held = server.submit(&with("b", &json!({ "held": true })));
    assert_eq!(
        server.get(&format!("/tasks/{held}")).json()["state"],
        "held"
    );
    let at = server.submit(&with(
        "c",
        &json!({ "run_at": "2031-02-03T04:05:06+01:00" }),
    ));
    let due_at = server.get(&format!("/tasks/{at}")).json()["due_at"].clone();
    assert_eq!(due_at, "2031-02-03T03:05:06.000000Z");
    let scope = |n: usize, scope: &str| {
        let id = server.submit(&with(&format!("s{n}"), &json!({ "dedup_scope": scope })));
        assert_eq!(
            server.get(&format!("/tasks/{id}")).json()["dedup_scope"],
            scope
        );
    };
    for (n, word) in ["none", "waiting", "active", "until_success", "always"]
        .iter()
        .enumerate()
    {
        scope(n, word);
    }
    let replaced = with("d", &json!({ "dedup_key": "r", "replace_payload": true }));
    let first = server.submit(&replaced);
    server.post(
        "/tasks",
        &with("e", &json!({ "dedup_key": "r", "replace_payload": true })),
    );
    let payload = server.get(&format!("/tasks/{first}")).json()["task_payload"].clone();
    assert_eq!(payload["message"], "e");
}

fn a_batch_is_stored_whole_as_json_and_as_lines(server: &Server) {
    let many: Vec<Value> = (0..250)
        .map(|n| example(&format!("m{}", n % 200)))
        .collect();
    let answer = server.post("/tasks/batch", &json!(many));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let tasks = answer.json()["tasks"].as_array().unwrap().clone();
    assert_eq!(tasks.len(), 250);
    for (n, task) in tasks.iter().enumerate() {
        let outcome = if n < 200 { "created" } else { "merged" };
        assert_eq!(task["outcome"], outcome, "{n}");
        assert_eq!(task["id"], tasks[n % 200]["id"], "{n}");
    }
    let lines: String = (0..3)
        .map(|n| format!("{}\n", example(&format!("l{n}"))))
        .collect();
    let headers = [("Content-Type", "application/x-ndjson")];
    let answer = wire::ask(server.address, "POST", "/tasks/batch", &headers, &lines);
    assert_eq!(answer.json()["tasks"].as_array().unwrap().len(), 3);
    let empty = server.post("/tasks/batch", &json!([]));
    assert_eq!(empty.json()["tasks"], json!([]));
    assert_eq!(server.dutiful(&["stats"])["names"][0]["total"], 203);
}

fn a_batch_with_one_fault_stores_nothing(server: &Server) {
    let mut many: Vec<Value> = (0..5).map(|n| example(&format!("m{n}"))).collect();
    many[3]["task_payload"]["count"] = json!("two");
    let answer = server.post("/tasks/batch", &json!(many));
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (422, "invalid_payload")
    );
    assert_eq!(answer.pointer(), "/3/task_payload/count");
    many[3] = with("p", &json!({ "priority": 10 }));
    let answer = server.post("/tasks/batch", &json!(many));
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (422, "invalid_request")
    );
    assert!(answer.pointer().starts_with("/3"), "{}", answer.text);
    assert_eq!(server.get("/tasks").json()["tasks"], json!([]));
}

fn waiting_ends_with_the_time_when_no_worker_is_there(server: &Server) {
    let id = server.submit(&example("nobody"));
    let began = std::time::Instant::now();
    let answer = server.get(&format!("/tasks/{id}?wait=300ms"));
    assert_eq!(
        (answer.status, &answer.json()["state"]),
        (200, &json!("queued"))
    );
    assert!(began.elapsed().as_millis() >= 300);
    for wait in ["61s", "-1s", "10", "0", "", "1h"] {
        let answer = server.get(&format!("/tasks/{id}?wait={wait}"));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_query"),
            "{wait}"
        );
    }
}

fn a_request_with_a_key_is_done_once(server: &Server) {
    let ask = |key: &str, body: &Value| {
        let headers = [
            ("Content-Type", "application/json"),
            ("Idempotency-Key", key),
        ];
        wire::ask(
            server.address,
            "POST",
            "/tasks",
            &headers,
            &body.to_string(),
        )
    };
    let apart = with("once", &json!({ "dedup_scope": "none" }));
    let first = ask("k-1", &apart);
    assert_eq!(
        (first.status, first.header("idempotent-replayed")),
        (201, None)
    );
    let again = ask("k-1", &apart);
    assert_eq!(
        (again.status, again.header("idempotent-replayed")),
        (201, Some("true"))
    );
    assert_eq!(
        (again.json(), again.header("location")),
        (first.json(), first.header("location"))
    );
    assert_ne!(ask("k-2", &apart).json(), first.json());
    let other = ask("k-1", &with("other", &json!({})));
    assert_eq!((other.status, other.code().as_str()), (409, "conflict"));
    for key in ["", "two words", &"k".repeat(256), &"k".repeat(10_000)] {
        let refused = ask(key, &apart);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (422, "invalid_request"),
            "{}",
            key.len()
        );
    }
    // Many at once with one key: one of them does it, and all are told the same.
    let address = server.address;
    let body = with("many", &json!({ "dedup_scope": "none" })).to_string();
    let many = || {
        let headers = [
            ("Content-Type", "application/json"),
            ("Idempotency-Key", "k-3"),
        ];
        wire::ask(address, "POST", "/tasks", &headers, &body).json()["id"].clone()
    };
    let ids: Vec<Value> = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..8).map(|_| scope.spawn(many)).collect();
        askers
            .into_iter()
            .map(|asker| asker.join().unwrap())
            .collect()
    });
    assert!(
        ids[0].is_i64() && ids.iter().all(|id| *id == ids[0]),
        "{ids:?}"
    );
    assert_eq!(server.dutiful(&["stats"])["names"][0]["total"], 3);
}
