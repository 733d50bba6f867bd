//! What an operator does to one task.

use crate::promises;
use crate::server::Server;
use crate::wire;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);

promises![
    a_waiting_task_is_run_now_cancelled_and_retried,
    what_the_state_does_not_allow_is_a_conflict,
    what_is_not_there_is_not_found,
    a_waiting_task_is_edited_if_it_is_as_it_was_read,
    an_edit_of_nothing_changes_nothing,
    a_task_that_has_ended_is_duplicated_and_removed,
    a_task_that_does_not_run_is_explained,
    a_task_that_waits_for_others_tells_which,
    a_worker_is_drained,
    a_task_name_is_paused_and_resumed,
];

fn held(server: &Server) -> i64 {
    let payload = json!({ "message": "x", "count": 1 });
    server.submit(&json!({ "task_name": "ExampleTask", "task_payload": payload, "held": true }))
}

fn a_task_that_waits_for_others_tells_which(server: &Server) {
    let join = server.define_join(3);
    let answer = server.get(&format!("/tasks/{join}/items?limit=2")).json();
    let first = answer["items"][0].clone();
    assert_eq!(
        (&first["number"], &first["state"]),
        (&json!(0), &json!("queued"))
    );
    assert_eq!(first["task_name"], "ExampleTask");
    assert_eq!(answer["next_from"], 2);
    let rest = server.get(&format!("/tasks/{join}/items?from=2")).json();
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(rest["next_from"], Value::Null);
    let reasons = server.get(&format!("/tasks/{join}/explain")).json();
    assert_eq!(reasons["reasons"][0]["code"], "waits_for_items");
    // The command says the same, on the database as on the server.
    let shown = server.dutiful(&["show", &join.to_string()]);
    assert_eq!(shown["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(shown["items"][0]["id"], first["id"]);
    for wrong in ["limit=0", "limit=1001", "from=-1", "from=x", "first=1"] {
        let answer = server.get(&format!("/tasks/{join}/items?{wrong}"));
        assert_eq!(answer.status, 400, "{wrong}");
    }
    for number in 0..3 {
        let item = server.get(&format!("/tasks/{join}/items?from={number}&limit=1"));
        let id = item.json()["items"][0]["id"].clone();
        server.post_text(&format!("/tasks/{id}/cancel"), "");
    }
    let ended = server.get(&format!("/tasks/{join}/items")).json();
    assert_eq!(ended["items"][2]["state"], "cancelled");
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
    assert_eq!(done("retry"), "retrying");
}

fn what_the_state_does_not_allow_is_a_conflict(server: &Server) {
    let id = held(server);
    server.post_text(&format!("/tasks/{id}/cancel"), "");
    let before = server.get(&format!("/tasks/{id}")).json();
    for what in ["cancel", "run-now"] {
        let answer = server.post_text(&format!("/tasks/{id}/{what}"), "");
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (409, "conflict"),
            "{what}"
        );
        assert!(
            answer.json()["detail"]
                .as_str()
                .unwrap()
                .contains("cancelled")
        );
    }
    assert_eq!(server.get(&format!("/tasks/{id}")).json(), before);
}

fn what_is_not_there_is_not_found(server: &Server) {
    let not_found = |method: &str, path: &str| {
        let answer = wire::ask(server.address, method, path, &[], "");
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{method} {path}"
        );
        answer.json()
    };
    for id in [
        "1",
        "0",
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "x",
        "%27",
        "1.5",
    ] {
        for rest in ["", "/attempts", "/logs", "/explain", "/items"] {
            not_found("GET", &format!("/tasks/{id}{rest}"));
        }
        for what in ["retry", "cancel", "run-now", "duplicate"] {
            not_found("POST", &format!("/tasks/{id}/{what}"));
        }
    }
    for path in [
        "/",
        "/nothing",
        "/tasks/",
        "/problems/nothing",
        "/tasks/1/nothing",
    ] {
        not_found("GET", path);
    }
    let shown: Value = not_found("GET", "/%3Cscript%3E");
    assert!(shown["detail"].as_str().unwrap().contains("/%3Cscript%3E"));
}

fn a_waiting_task_is_edited_if_it_is_as_it_was_read(server: &Server) {
    let id = held(server);
    let path = format!("/tasks/{id}");
    let read = server.get(&path);
    let tag = read.header("etag").unwrap().to_owned();
    let again = wire::ask(server.address, "GET", &path, &[("If-None-Match", &tag)], "");
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let patch = |tag: &str, body: &Value| {
        let headers = [("Content-Type", "application/json"), ("If-Match", tag)];
        wire::ask(server.address, "PATCH", &path, &headers, &body.to_string())
    };
    let payload = json!({ "message": "other", "count": 2 });
    let change = json!({ "task_payload": payload, "priority": 7, "max_retries": 9 });
    let done = patch(&tag, &change);
    assert_eq!(done.status, 200, "{}", done.text);
    let task = done.json();
    assert_eq!(
        (&task["task_payload"], &task["priority"]),
        (&payload, &json!(7))
    );
    assert_eq!(
        (&task["max_retries"], &task["state"]),
        (&json!(9), &json!("held"))
    );
    for stale in [tag.as_str(), "\"nothing\"", "nonsense"] {
        let refused = patch(stale, &json!({ "priority": 1 }));
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (412, "precondition_failed")
        );
    }
    for (body, code, pointer) in [
        (
            json!({ "task_payload": { "message": "x", "count": 0 } }),
            "invalid_payload",
            "/task_payload",
        ),
        (
            json!({ "task_payload": null }),
            "invalid_payload",
            "/task_payload",
        ),
        (json!({ "priority": 10 }), "invalid_request", "/priority"),
        (
            json!({ "max_retries": 1_000_001 }),
            "invalid_request",
            "/max_retries",
        ),
        (json!({ "run_at": "soon" }), "invalid_request", "/run_at"),
        (json!({ "status": "success" }), "invalid_request", "/status"),
        (json!([]), "invalid_request", ""),
    ] {
        let refused = patch("*", &body);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (422, code),
            "{body}"
        );
        assert_eq!(refused.pointer(), pointer, "{body}");
    }
    assert_eq!(
        server.get(&path).json(),
        task,
        "what is refused changes nothing"
    );
    let due = patch("*", &json!({ "run_at": "2031-02-03T04:05:06Z" }));
    assert_eq!(due.json()["state"], "scheduled");
}

fn an_edit_of_nothing_changes_nothing(server: &Server) {
    let path = format!("/tasks/{}", held(server));
    let task = server.get(&path).json();
    for nothing in [json!({}), json!({ "priority": null })] {
        let headers = [("Content-Type", "application/json")];
        let answer = wire::ask(
            server.address,
            "PATCH",
            &path,
            &headers,
            &nothing.to_string(),
        );
        assert_eq!(
            (answer.status, answer.json()),
            (200, task.clone()),
            "{nothing}"
        );
    }
    let stale = [
        ("Content-Type", "application/json"),
        ("If-Match", "\"stale\""),
    ];
    let refused = wire::ask(server.address, "PATCH", &path, &stale, "{}");
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (412, "precondition_failed")
    );
}

fn a_task_that_has_ended_is_duplicated_and_removed(server: &Server) {
    let id = held(server);
    let path = format!("/tasks/{id}");
    let remove = || wire::ask(server.address, "DELETE", &path, &[], "");
    assert_eq!(
        (remove().status, remove().code().as_str()),
        (409, "conflict")
    );
    server.post_text(&format!("{path}/cancel"), "");
    let copy = server.post_text(&format!("{path}/duplicate"), "");
    assert_eq!(copy.status, 201, "{}", copy.text);
    let place = copy.header("location").unwrap().to_owned();
    assert_eq!(server.get(&place).json()["state"], "queued");
    let removed = remove();
    assert_eq!((removed.status, removed.text.as_str()), (204, ""));
    assert_eq!(server.get(&path).status, 404);
    assert_eq!(remove().status, 404);
    assert_eq!(server.get(&place).status, 200);
}

fn a_task_that_does_not_run_is_explained(server: &Server) {
    let id = held(server);
    let explained = server.get(&format!("/tasks/{id}/explain")).json();
    assert_eq!(
        (&explained["id"], &explained["state"]),
        (&json!(id), &json!("held"))
    );
    assert_eq!(explained["reasons"][0]["code"], "held");
    assert!(explained["reasons"][0]["fix"].is_string());
}

fn a_worker_is_drained(server: &Server) {
    let _worker = server.worker();
    let began = Instant::now();
    let workers = || {
        server.get("/workers").json()["workers"]
            .as_array()
            .unwrap()
            .clone()
    };
    let of_example = |workers: Vec<Value>| {
        let runs_it = |worker: &Value| worker["task_names"].to_string().contains("ExampleTask");
        workers.into_iter().find(runs_it)
    };
    let one = loop {
        if let Some(one) = of_example(workers()) {
            break one;
        }
        assert!(began.elapsed() < LONG, "no worker");
    };
    assert_eq!(one["draining_since"], Value::Null);
    let path = format!("/workers/{}/drain", one["worker"].as_str().unwrap());
    let asked = server.post_text(&path, "");
    assert_eq!(asked.status, 202, "{}", asked.text);
    assert!(asked.json()["draining_since"].is_string());
    while of_example(workers()).is_some() {
        assert!(began.elapsed() < LONG, "it does not end");
        std::thread::sleep(Duration::from_millis(50));
    }
    let missing = server.post_text(&path, "");
    assert_eq!(
        (missing.status, missing.code().as_str()),
        (404, "not_found")
    );
    assert_eq!(server.post_text("/workers/%00/drain", "").status, 404);
    let entries = server.dutiful(&[
        "audit",
        "--target",
        &format!("worker {}", one["worker"].as_str().unwrap()),
    ]);
    assert_eq!(entries["entries"][0]["action"], "drain-worker");
}

fn a_task_name_is_paused_and_resumed(server: &Server) {
    let payload = json!({ "message": "x", "count": 1 });
    let id = server.submit(&json!({ "task_name": "ExampleTask", "task_payload": payload }));
    let paused = server.post_text("/task-types/ExampleTask/pause", "");
    assert_eq!(paused.status, 200, "{}", paused.text);
    assert_eq!(paused.json()["paused_by"], "anybody");
    assert_eq!(
        server.get("/task-types").json()["paused"],
        json!([paused.json()])
    );
    assert_eq!(server.get("/stats").json()["names"][0]["paused"], true);
    let explained = server.get(&format!("/tasks/{id}/explain")).json();
    assert_eq!(explained["reasons"][0]["code"], "paused");
    let resumed = server.post_text("/task-types/ExampleTask/resume", "");
    assert_eq!((resumed.status, resumed.text.as_str()), (204, ""));
    assert_eq!(server.get("/task-types").json()["paused"], json!([]));
    // Other workers may know it.
    assert_eq!(
        server.post_text("/task-types/Elsewhere/pause", "").status,
        200
    );
    assert_eq!(
        server.post_text("/task-types/no%20name/pause", "").status,
        404
    );
    let entries = server.dutiful(&["audit", "--target", "task name ExampleTask"]);
    let entries = entries["entries"].as_array().unwrap().iter();
    let actions: Vec<&str> = entries
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["resume", "pause"]);
}
