//! What an operator does to a periodic task.

use crate::promises;
use crate::server::Server;
use crate::wire;
use serde_json::{Value, json};

promises![
    a_periodic_task_is_looked_at_with_its_next_ticks,
    a_periodic_task_is_run_paused_and_resumed,
    a_periodic_task_is_changed_and_reset,
    a_change_of_a_periodic_task_that_cannot_be_points_to_the_fault,
];

fn patch(server: &Server, body: &Value) -> wire::Answer {
    let json = [("Content-Type", "application/json")];
    wire::ask(
        server.address,
        "PATCH",
        "/periodic/Daily",
        &json,
        &body.to_string(),
    )
}

fn a_periodic_task_is_looked_at_with_its_next_ticks(server: &Server) {
    server.define_periodic("Daily");
    let one = server.get("/periodic/Daily").json();
    assert_eq!(
        (&one["task_name"], &one["schedule"], &one["overlap"]),
        (
            &json!("ExampleTask"),
            &json!("every 86400000000"),
            &json!("skip")
        )
    );
    assert_eq!(one["task_payload"]["message"], "tick");
    assert_eq!(server.get("/periodic").json()["periodic"][0], one);
    let next = server.get("/periodic/Daily/next?count=3").json();
    assert_eq!(next["next"].as_array().unwrap().len(), 3);
    assert_eq!(next["next"][0], one["next_at"]);
    assert_eq!(next["paused"], false);
    for count in ["0", "101", "x"] {
        let answer = server.get(&format!("/periodic/Daily/next?count={count}"));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_query")
        );
    }
    for name in ["Weekly", "%27", "a%20b"] {
        for rest in ["", "/next"] {
            let answer = server.get(&format!("/periodic/{name}{rest}"));
            assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
        }
        for rest in ["/run", "/pause", "/resume", "/reset"] {
            let answer = server.post_text(&format!("/periodic/{name}{rest}"), "");
            assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
        }
    }
}

fn a_periodic_task_is_run_paused_and_resumed(server: &Server) {
    server.define_periodic("Daily");
    let done = |what: &str| server.post_text(&format!("/periodic/Daily/{what}"), "");
    let ran = done("run");
    assert_eq!(ran.status, 201, "{}", ran.text);
    let place = ran.header("location").unwrap().to_owned();
    assert_eq!(place, format!("/tasks/{}", ran.json()["task_id"]));
    assert_eq!(server.get(&place).json()["task_name"], "ExampleTask");
    let again = done("run");
    assert_eq!((again.status, again.code().as_str()), (409, "conflict"));
    assert_eq!(done("run?anyway=true").status, 201);
    let keyed = || {
        let key = [("Idempotency-Key", "7")];
        wire::ask(
            server.address,
            "POST",
            "/periodic/Daily/run?anyway=true",
            &key,
            "",
        )
    };
    let (first, second) = (keyed(), keyed());
    assert_eq!(first.json(), second.json());
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    let paused = done("pause").json();
    assert_eq!(paused["paused"], true);
    assert_eq!(server.get("/periodic/Daily").json(), paused);
    assert_eq!(server.get("/periodic/Daily/next").json()["paused"], true);
    assert_eq!(done("resume").json()["paused"], false);
    let page = server.dutiful(&["audit", "--target", "periodic Daily"]);
    let entries = page["entries"].as_array().unwrap().iter();
    let actions: Vec<&str> = entries
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    let run = "run-periodic";
    assert_eq!(
        actions,
        ["resume-periodic", "pause-periodic", run, run, run]
    );
}

fn a_periodic_task_is_changed_and_reset(server: &Server) {
    server.define_periodic("Daily");
    let before = server.get("/periodic/Daily").json();
    let nothing = patch(server, &json!({}));
    assert_eq!((nothing.status, nothing.json()), (200, before));
    let payload = json!({ "message": "other", "count": 2 });
    let change =
        json!({ "cron": "0 9 * * MON-FRI", "time_zone": "Europe/Berlin", "task_payload": payload });
    let changed = patch(server, &change);
    assert_eq!(changed.status, 200, "{}", changed.text);
    let changed = changed.json();
    assert_eq!(changed["schedule"], "cron Europe/Berlin 0 9 * * MON-FRI");
    assert_eq!(changed["changed"]["program_schedule"], "every 86400000000");
    assert_eq!(changed["task_payload"], payload);
    // The program that registers it starts again.
    server.define_periodic("Daily");
    assert_eq!(server.get("/periodic/Daily").json(), changed);
    let reset = server.post_text("/periodic/Daily/reset", "").json();
    assert_eq!(
        (&reset["schedule"], &reset["changed"]),
        (&json!("every 86400000000"), &Value::Null)
    );
    let every = patch(server, &json!({ "every": 0.5 })).json();
    assert_eq!(every["schedule"], "every 500000");
}

fn a_change_of_a_periodic_task_that_cannot_be_points_to_the_fault(server: &Server) {
    server.define_periodic("Daily");
    let before = server.get("/periodic/Daily").json();
    for (body, code, pointer) in [
        (json!({ "cron": "never" }), "invalid_request", "/cron"),
        (
            json!({ "time_zone": "Europe/Berlin" }),
            "invalid_request",
            "/time_zone",
        ),
        (json!({ "every": 0 }), "invalid_request", "/every"),
        (json!({ "every": -1 }), "invalid_request", "/every"),
        (
            json!({ "every": 1, "cron": "* * * * *" }),
            "invalid_request",
            "",
        ),
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
        (json!({ "paused": true }), "invalid_request", "/paused"),
    ] {
        let refused = patch(server, &body);
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (422, code),
            "{body}"
        );
        assert_eq!(refused.pointer(), pointer, "{body}");
    }
    assert_eq!(server.get("/periodic/Daily").json(), before);
}
