//! Doing something to all tasks that fit a filter.

use crate::promises;
use crate::server::Server;
use crate::wire::{self, Answer};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

promises![
    tasks_are_cancelled_by_filter_in_two_steps,
    a_confirmation_is_done_once_for_each_key,
    a_bulk_that_cannot_be_points_to_the_fault,
    an_operation_goes_on_when_its_server_is_killed,
];

const LONG: Duration = Duration::from_secs(120);

fn submit_many(server: &Server, count: usize) {
    let payload = |number| json!({ "message": format!("m{number}"), "count": 1 });
    let submission =
        |number| json!({ "task_name": "ExampleTask", "task_payload": payload(number) });
    let batch: Vec<Value> = (0..count).map(submission).collect();
    let answer = server.post("/tasks/batch", &Value::Array(batch));
    assert_eq!(answer.status, 200, "{}", answer.text);
}

fn preview(server: &Server, action: &str, filter: Value) -> Answer {
    server.post(
        "/tasks/bulk/preview",
        &json!({ "action": action, "filter": filter }),
    )
}

fn start(server: &Server, preview: &Answer) -> Answer {
    assert_eq!(preview.status, 200, "{}", preview.text);
    server.post("/tasks/bulk", &json!({ "token": preview.json()["token"] }))
}

fn operation(address: SocketAddr, place: &str) -> Value {
    wire::ask(address, "GET", place, &[], "").json()
}

/// The operation once it is as wanted.
fn when(address: SocketAddr, place: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let now = operation(address, place);
        if wanted(&now) {
            return now;
        }
        assert!(began.elapsed() < LONG, "{now}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn has_ended(operation: &Value) -> bool {
    operation["ended_at"].is_string()
}

fn tasks_are_cancelled_by_filter_in_two_steps(server: &Server) {
    submit_many(server, 30);
    let asked = preview(
        server,
        "cancel",
        json!({ "task_name": "ExampleTask", "state": ["queued"] }),
    );
    let body = asked.json();
    assert_eq!((&body["count"], &body["exact"]), (&json!(30), &json!(true)));
    assert_eq!(body["tasks"].as_array().unwrap().len(), 10);
    assert_eq!(
        server.get("/tasks?state=queued&limit=50").json()["tasks"]
            .as_array()
            .unwrap()
            .len(),
        30
    );

    let started = start(server, &asked);
    assert_eq!(started.status, 202, "{}", started.text);
    let place = started.header("location").unwrap().to_owned();
    assert_eq!(place, format!("/operations/{}", started.json()["id"]));
    let ended = when(server.address, &place, has_ended);
    assert_eq!(
        (&ended["state"], &ended["done"]),
        (&json!("succeeded"), &json!(30))
    );
    assert_eq!(
        (&ended["skipped"], &ended["percent"]),
        (&json!({}), &json!(100))
    );
    assert_eq!(
        server.get("/tasks?state=cancelled&limit=50").json()["tasks"]
            .as_array()
            .unwrap()
            .len(),
        30
    );
    assert_eq!(
        server.get("/operations").json()["operations"],
        json!([ended])
    );

    let twice = start(server, &asked);
    assert_eq!((twice.status, twice.code().as_str()), (409, "conflict"));
    let stop = server.post_text(&format!("{place}/stop"), "");
    assert_eq!((stop.status, stop.code().as_str()), (409, "conflict"));
    let page = server.dutiful(&[
        "audit",
        "--target",
        &place[1..].replace("operations/", "operation "),
    ]);
    let entries = page["entries"].as_array().unwrap().iter();
    let actions: Vec<&str> = entries
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["bulk-cancel-ended", "bulk-cancel"]);
}

fn a_confirmation_is_done_once_for_each_key(server: &Server) {
    submit_many(server, 30);
    let asked = preview(server, "cancel", json!({}));
    let place = start(server, &asked).header("location").unwrap().to_owned();
    when(server.address, &place, has_ended);
    let keyed = |token: &Value| {
        let headers = [
            ("Content-Type", "application/json"),
            ("Idempotency-Key", "k"),
        ];
        let body = json!({ "token": token }).to_string();
        wire::ask(server.address, "POST", "/tasks/bulk", &headers, &body)
    };
    let asked = preview(server, "delete", json!({ "state": ["cancelled"] })).json();
    let (first, second) = (keyed(&asked["token"]), keyed(&asked["token"]));
    assert_eq!((first.status, second.status), (202, 202));
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    when(server.address, first.header("location").unwrap(), has_ended);
    assert_eq!(
        server.get("/tasks?task_name=ExampleTask").json()["tasks"],
        json!([])
    );
}

fn a_bulk_that_cannot_be_points_to_the_fault(server: &Server) {
    for (body, pointer) in [
        (json!({ "filter": {} }), ""),
        (json!({ "action": "cancel" }), ""),
        (json!({ "action": "paint", "filter": {} }), "/action"),
        (
            json!({ "action": "cancel", "priority": 3, "filter": {} }),
            "/priority",
        ),
        (
            json!({ "action": "edit-priority", "filter": {} }),
            "/priority",
        ),
        (
            json!({ "action": "edit-priority", "priority": 10, "filter": {} }),
            "/priority",
        ),
        (
            json!({ "action": "cancel", "filter": { "state": ["asleep"] } }),
            "/filter/state/0",
        ),
        (
            json!({ "action": "cancel", "filter": { "created_after": "soon" } }),
            "/filter/created_after",
        ),
        (
            json!({ "action": "cancel", "filter": { "text": "" } }),
            "/filter",
        ),
        (
            json!({ "action": "cancel", "filter": { "colour": "red" } }),
            "/filter/colour",
        ),
        (json!([]), ""),
    ] {
        let refused = server.post("/tasks/bulk/preview", &body);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (422, "invalid_request"),
            "{body}"
        );
        assert_eq!(refused.pointer(), pointer, "{body}");
    }
    for body in [
        json!({}),
        json!({ "token": 7 }),
        json!({ "token": "x", "action": "delete" }),
    ] {
        assert_eq!(server.post("/tasks/bulk", &body).status, 422, "{body}");
    }
    let unknown = server.post("/tasks/bulk", &json!({ "token": "preview_0" }));
    assert_eq!(
        (unknown.status, unknown.code().as_str()),
        (404, "not_found")
    );
    // Whoever may only submit must not do to tasks what others may.
    let payload = json!({ "action": "delete", "filter": {}, "up_to": 9, "asked_by": "me", "expected": 0, "exact": true });
    let sneaked = json!({ "task_name": "dutiful:operation", "task_payload": payload });
    let refused = server.post("/tasks", &sneaked);
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (422, "unknown_task_name")
    );
}

fn an_operation_goes_on_when_its_server_is_killed(server: &Server) {
    const TASKS: u64 = 10_000;
    submit_many(server, 10_000);
    let asked = preview(server, "cancel", json!({ "task_name": "ExampleTask" }));
    assert_eq!(asked.json()["count"], TASKS);
    let started = start(server, &asked);
    let place = started.header("location").unwrap().to_owned();
    let under_way = when(server.address, &place, |now| {
        now["done"].as_u64().unwrap() > 0
    });
    server.kill();
    let other = server.sibling();
    let address = other.address;
    let left = operation(address, &place);
    assert!(
        left["done"].as_u64() < Some(TASKS),
        "it was too quick: {under_way}"
    );
    let ended = when(address, &place, has_ended);
    assert_eq!(
        (&ended["state"], &ended["matched"]),
        (&json!("succeeded"), &json!(TASKS))
    );
    // A task that was acted on before the end of the first server would be passed over now.
    assert_eq!(
        (&ended["done"], &ended["skipped"]),
        (&json!(TASKS), &json!({}))
    );
}
