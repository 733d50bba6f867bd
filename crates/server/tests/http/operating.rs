//! What an operator does to one task.

use crate::promises;
use crate::server::Server;
use crate::wire;
use serde_json::{Value, json};

promises![
    a_waiting_task_is_run_now_cancelled_and_retried,
    what_the_state_does_not_allow_is_a_conflict,
    what_is_not_there_is_not_found,
];

fn held(server: &Server) -> i64 {
    let payload = json!({ "message": "x", "count": 1 });
    server.submit(&json!({ "task_name": "ExampleTask", "task_payload": payload, "held": true }))
}

fn a_waiting_task_is_run_now_cancelled_and_retried(server: &Server) {
    let id = held(server);
    let done = |what: &str| {
        let answer = server.post_text(&format!("/tasks/{id}/{what}"), "");
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["state"].clone()
    };
    assert_eq!(done("run-now"), "queued");
    assert_eq!(done("cancel"), "cancelled");
    assert_eq!(done("retry"), "queued");
}

fn what_the_state_does_not_allow_is_a_conflict(server: &Server) {
    let id = held(server);
    server.post_text(&format!("/tasks/{id}/cancel"), "");
    let before = server.get(&format!("/tasks/{id}")).json();
    for what in ["cancel", "run-now"] {
        let answer = server.post_text(&format!("/tasks/{id}/{what}"), "");
        assert_eq!((answer.status, answer.code().as_str()), (409, "conflict"), "{what}");
        assert!(answer.json()["detail"].as_str().unwrap().contains("cancelled"));
    }
    assert_eq!(server.get(&format!("/tasks/{id}")).json(), before);
}

fn what_is_not_there_is_not_found(server: &Server) {
    let not_found = |method: &str, path: &str| {
        let answer = wire::ask(server.address, method, path, &[], "");
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"), "{method} {path}");
        answer.json()
    };
    for id in ["1", "0", "-1", "9223372036854775807", "9223372036854775808", "x", "%27", "1.5"] {
        for rest in ["", "/attempts", "/logs"] {
            not_found("GET", &format!("/tasks/{id}{rest}"));
        }
        for what in ["retry", "cancel", "run-now"] {
            not_found("POST", &format!("/tasks/{id}/{what}"));
        }
    }
    for path in ["/", "/nothing", "/tasks/", "/problems/nothing", "/tasks/1/nothing"] {
        not_found("GET", path);
    }
    let shown: Value = not_found("GET", "/<script>");
    assert!(shown["detail"].as_str().unwrap().contains("/<script>"), "as text, in JSON");
}
