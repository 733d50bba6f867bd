//! Who may do what. The server asks for tokens here.

use crate::promises;
use crate::server::Server;
use crate::wire;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

promises![
    every_route_wants_just_the_scope_that_the_docs_say,
    without_a_token_nothing_of_tasks_is_told,
    a_token_that_is_revoked_expired_or_unknown_is_refused,
    a_token_for_some_names_sees_and_touches_no_others,
    a_token_for_some_names_is_not_told_what_items_of_others_are,
    a_token_for_some_names_lists_and_counts_no_others,
    a_token_for_all_that_a_worker_runs_may_drain_it,
    payloads_are_for_those_who_may_see_them,
    what_is_done_is_in_the_audit_with_who_did_it,
    no_secret_is_told_or_logged,
    a_bulk_operation_is_for_who_has_previewed_it,
    what_an_operation_looks_for_is_told_to_who_may_see_payloads,
];

const SCOPES: [&str; 5] = ["enqueue", "read", "read_payload", "manage", "admin"];

fn submission(message: &str) -> Value {
    json!({ "task_name": "ExampleTask", "task_payload": { "message": message, "count": 1 } })
}

fn submit(server: &Server, admin: &str, message: &str) -> i64 {
    let body = submission(message).to_string();
    let answer = server.as_bearer(admin, "POST", "/tasks", &body);
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_i64().unwrap()
}

/// The table of the document: method, route, scope.
fn documented() -> Vec<(String, String, String)> {
    let text = include_str!("../../../../docs/http.md");
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        let (route, scope) = (cells.next()?, cells.next()?);
        let (method, path) = route.trim_matches('`').split_once(' ')?;
        let scope = scope.trim_matches('`');
        (cells.next().is_none() && (SCOPES.contains(&scope) || scope == "none"))
            .then(|| (method.to_owned(), path.to_owned(), scope.to_owned()))
    });
    rows.collect()
}

fn every_route_wants_just_the_scope_that_the_docs_say(server: &Server) {
    let routes = documented();
    let described = server.get("/openapi.json").json();
    let of_item = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().keys();
        methods
            .map(|method| (method.to_uppercase(), path.clone()))
            .collect::<Vec<_>>()
    };
    for (method, path) in described["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(of_item)
    {
        let named = routes
            .iter()
            .any(|(verb, route, _)| (verb, route) == (&method, &path));
        assert!(named, "the table of docs/http.md lacks {method} {path}");
    }
    let includes = |own: &str, wanted: &str| {
        wanted == "none"
            || own == "admin"
            || own == wanted
            || (own, wanted) == ("read_payload", "read")
    };
    for own in SCOPES {
        let secret = server.token(&[&format!("bearer-{own}"), "--scope", own]);
        for (method, route, wanted) in &routes {
            let path = route
                .replace("{id}", "999999")
                .replace("{name}", "Nothing")
                .replace("{worker}", "nobody")
                .replace("{code}", "conflict");
            // A stream goes on until it is told to end.
            let path = path.replace("/events", "/events?for=1ms");
            let answer = server.as_bearer(&secret, method, &path, "");
            let refused = [401, 403].contains(&answer.status);
            assert_eq!(
                refused,
                !includes(own, wanted),
                "{own}: {method} {route}: {}",
                answer.text
            );
        }
    }
}

fn without_a_token_nothing_of_tasks_is_told(server: &Server) {
    for (method, route, wanted) in documented() {
        let path = route
            .replace("{id}", "1")
            .replace("{name}", "Nothing")
            .replace("{worker}", "nobody")
            .replace("{code}", "conflict");
        let answer = wire::ask(server.address, &method, &path, &[], "");
        if wanted == "none" {
            assert!(answer.status < 400, "{method} {route}");
        } else {
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (401, "unauthorized"),
                "{method} {route}"
            );
            assert!(
                answer
                    .header("www-authenticate")
                    .unwrap()
                    .starts_with("Bearer")
            );
        }
    }
    for authorization in [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer dutiful_0",
        "dutiful_0",
    ] {
        let headers = [("Authorization", authorization)];
        assert_eq!(
            wire::ask(server.address, "GET", "/tasks", &headers, "").status,
            401
        );
    }
    assert_eq!(
        wire::ask(server.address, "PUT", "/tasks", &[], "").status,
        401,
        "an unknown method too"
    );
}

fn a_token_that_is_revoked_expired_or_unknown_is_refused(server: &Server) {
    let secret = server.token(&["soon-gone", "--scope", "read"]);
    let status = |secret: &str| server.as_bearer(secret, "GET", "/tasks", "").status;
    assert_eq!(status(&secret), 200);
    let rotated = server.dutiful(&["token", "rotate", "soon-gone", "--overlap", "1h"]);
    let rotated = rotated["secret"].as_str().unwrap();
    assert_eq!(
        (status(rotated), status(&secret)),
        (200, 200),
        "the old one goes on for an hour"
    );
    server.dutiful(&["token", "revoke", "soon-gone", "--yes"]);
    assert_eq!((status(rotated), status(&secret)), (401, 401));
    let other = format!("{}0", &secret[..secret.len() - 1]);
    assert_eq!(status(&other), 401);
    let brief = server.token(&["brief", "--scope", "read", "--expires", "2s"]);
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    assert_eq!(status(&brief), 401);
}

fn a_token_for_some_names_sees_and_touches_no_others(server: &Server) {
    let admin = server.token(&["all", "--scope", "admin"]);
    let id = submit(server, &admin, "secret");
    let other = server.token(&["other", "--scope", "admin", "--task-name", "Transcribe*"]);
    let own = server.token(&["own", "--scope", "admin", "--task-name", "Example*"]);
    let missing = server.as_bearer(&other, "GET", "/tasks/999999", "");
    for path in ["", "/attempts", "/logs", "/explain", "/items"] {
        let answer = server.as_bearer(&other, "GET", &format!("/tasks/{id}{path}"), "");
        assert_eq!(answer.status, 404, "{path}");
        let same = answer.text.replace(&id.to_string(), "999999");
        assert_eq!(same, missing.text, "as for a task that is not there");
        assert_eq!(
            server
                .as_bearer(&own, "GET", &format!("/tasks/{id}{path}"), "")
                .status,
            200
        );
    }
    for what in ["retry", "cancel", "run-now", "duplicate"] {
        let answer = server.as_bearer(&other, "POST", &format!("/tasks/{id}/{what}"), "");
        assert_eq!(answer.status, 404, "{what}");
    }
    assert_eq!(
        server
            .as_bearer(&other, "DELETE", &format!("/tasks/{id}"), "")
            .status,
        404
    );
    let patch = server.as_bearer(
        &other,
        "PATCH",
        &format!("/tasks/{id}"),
        r#"{"priority": 1}"#,
    );
    assert_eq!(patch.status, 404);
    let body = submission("x").to_string();
    assert_eq!(
        server.as_bearer(&other, "POST", "/tasks", &body).code(),
        "forbidden"
    );
    let batch = format!("[{body}]");
    assert_eq!(
        server
            .as_bearer(&other, "POST", "/tasks/batch", &batch)
            .code(),
        "forbidden"
    );
    assert_eq!(
        server.as_bearer(&other, "GET", "/tasks", "").code(),
        "forbidden"
    );
    assert_eq!(
        server.as_bearer(&other, "GET", "/audit", "").code(),
        "forbidden"
    );
    let stream = server.as_bearer(&other, "GET", "/events?after=c1.0.1.0.1.0.0&for=1s", "");
    assert!(!stream.text.contains("ExampleTask"), "{}", stream.text);
    let task = server
        .as_bearer(&admin, "GET", &format!("/tasks/{id}"), "")
        .json();
    assert_eq!(
        (&task["state"], &task["priority"]),
        (&json!("queued"), &json!(0))
    );
}

fn a_token_for_some_names_is_not_told_what_items_of_others_are(server: &Server) {
    let admin = server.token(&["all", "--scope", "admin"]);
    let items = format!("/tasks/{}/items", server.define_join(1));
    let joins = server.token(&["joins", "--scope", "read", "--task-name", "Join*"]);
    for (token, state) in [(&joins, Value::Null), (&admin, json!("queued"))] {
        let told = server.as_bearer(token, "GET", &items, "");
        assert_eq!(
            (told.status, &told.json()["items"][0]["state"]),
            (200, &state)
        );
    }
}

fn a_token_for_some_names_lists_and_counts_no_others(server: &Server) {
    let admin = server.token(&["all", "--scope", "admin"]);
    submit(server, &admin, "secret");
    let other = server.token(&["other", "--scope", "admin", "--task-name", "Transcribe*"]);
    let own = server.token(&["own", "--scope", "admin", "--task-name", "Example*"]);
    let types = |secret: &str| {
        let types = server.as_bearer(secret, "GET", "/task-types", "").json();
        let types = types["task_types"].as_array().unwrap().iter();
        types
            .map(|one| one["task_name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(types(&other), ["TranscribeDocument"]);
    assert_eq!(types(&own), ["ExampleTask"]);
    assert!(types(&admin).len() >= 2);
    let list = |secret: &str, name: &str| {
        let answer = server.as_bearer(secret, "GET", &format!("/tasks?task_name={name}"), "");
        (
            answer.status,
            answer.json()["tasks"].as_array().map_or(0, Vec::len),
        )
    };
    assert_eq!(list(&other, "ExampleTask"), (403, 0));
    assert_eq!(list(&other, "TranscribeDocument"), (200, 0));
    assert_eq!(list(&own, "ExampleTask"), (200, 1));
    let stats = server.as_bearer(&other, "GET", "/stats", "").json();
    assert_eq!(stats["names"], json!([]));
    for path in ["/tasks/count", "/stats/timeseries"] {
        let status = |secret: &str, query: &str| {
            let path = format!("{path}?{query}");
            server.as_bearer(secret, "GET", &path, "").status
        };
        assert_eq!(status(&other, ""), 403, "{path}");
        assert_eq!(status(&other, "task_name=ExampleTask"), 403, "{path}");
        assert_eq!(status(&other, "task_name=TranscribeDocument"), 200);
        assert_eq!(status(&admin, ""), 200);
    }
}

fn a_token_for_all_that_a_worker_runs_may_drain_it(server: &Server) {
    let _worker = server.worker();
    let admin = server.token(&["all", "--scope", "admin"]);
    let began = Instant::now();
    let name = loop {
        let workers = server.as_bearer(&admin, "GET", "/workers", "").json()["workers"].clone();
        let mut workers = workers.as_array().unwrap().iter();
        let runs_it = |one: &&Value| one["task_names"].to_string().contains("ExampleTask");
        if let Some(worker) = workers.find(runs_it) {
            break worker["worker"].as_str().unwrap().to_owned();
        }
        assert!(began.elapsed() < Duration::from_secs(60), "no worker");
    };
    let path = format!("/workers/{name}/drain");
    let drain = |name: &str, tasks: &[&str]| {
        let token = [&[name, "--scope", "manage"], tasks].concat();
        server.as_bearer(&server.token(&token), "POST", &path, "")
    };
    let refused = drain("some", &["--task-name", "Example*"]);
    assert_eq!(refused.code(), "forbidden", "it runs other tasks too");
    // Every worker carries operations out, which no token names.
    let both = ["--task-name", "Example*", "--task-name", "Transcribe*"];
    assert_eq!(drain("both", &both).status, 202);
}

fn payloads_are_for_those_who_may_see_them(server: &Server) {
    let admin = server.token(&["all", "--scope", "admin"]);
    let id = submit(server, &admin, "canary");
    let read = server.token(&["read", "--scope", "read"]);
    for path in [format!("/tasks/{id}"), "/tasks".to_owned()] {
        let answer = server.as_bearer(&read, "GET", &path, "");
        assert_eq!(answer.status, 200);
        assert!(!answer.text.contains("canary"), "{}", answer.text);
        assert!(answer.text.contains("\"hidden\":true"));
    }
    assert_eq!(
        server
            .as_bearer(&read, "GET", "/tasks?text=canary", "")
            .code(),
        "forbidden"
    );
    let all = server.token(&["payloads", "--scope", "read_payload"]);
    let task = server
        .as_bearer(&all, "GET", &format!("/tasks/{id}"), "")
        .json();
    assert_eq!(
        (&task["task_payload"]["message"], &task["hidden"]),
        (&json!("canary"), &json!(false))
    );
}

fn what_is_done_is_in_the_audit_with_who_did_it(server: &Server) {
    let secret = server.token(&["operator", "--scope", "admin"]);
    let id = submit(server, &secret, "x");
    let path = format!("/tasks/{id}");
    for (method, rest, body) in [
        ("PATCH", "", r#"{"priority": 3}"#),
        ("POST", "/run-now", ""),
        ("POST", "/cancel", ""),
        ("POST", "/retry", ""),
        ("POST", "/duplicate", ""),
        ("POST", "/cancel", ""),
        ("DELETE", "", ""),
    ] {
        let answer = server.as_bearer(&secret, method, &format!("{path}{rest}"), body);
        assert!(answer.status < 300, "{method} {rest}: {}", answer.text);
    }
    // What is refused was not done.
    assert_eq!(server.as_bearer(&secret, "DELETE", &path, "").status, 404);
    let page = server.dutiful(&["audit", "--actor", "operator"]);
    let entries = page["entries"].as_array().unwrap();
    let actions: Vec<&str> = entries
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    let done = [
        "delete",
        "cancel",
        "duplicate",
        "retry",
        "cancel",
        "run-now",
        "edit",
    ];
    assert_eq!(actions, done);
    assert!(
        entries
            .iter()
            .all(|entry| entry["target"] == format!("task {id}"))
    );
}

fn no_secret_is_told_or_logged(server: &Server) {
    let secret = server.token(&["canary", "--scope", "admin"]);
    submit(server, &secret, "x");
    server.as_bearer(&secret, "GET", "/tasks/0", "");
    server.as_bearer(&secret, "GET", "/nothing", "");
    let told = [
        server.dutiful(&["token", "list"]).to_string(),
        server.dutiful(&["audit"]).to_string(),
        server.dutiful(&["list"]).to_string(),
        server.log(),
    ];
    for text in told {
        assert!(!text.contains(&secret), "{text}");
    }
}

fn a_bulk_operation_is_for_who_has_previewed_it(server: &Server) {
    let admin = server.token(&["all", "--scope", "admin"]);
    let id = submit(server, &admin, "x");
    let manage = |name: &str, tasks: &str| {
        server.token(&[name, "--scope", "manage,read", "--task-name", tasks])
    };
    let (own, other) = (manage("own", "Example*"), manage("other", "Transcribe*"));
    let preview = |secret: &str, filter: Value| {
        let body = json!({ "action": "cancel", "filter": filter }).to_string();
        server.as_bearer(secret, "POST", "/tasks/bulk/preview", &body)
    };
    let example = json!({ "task_name": "ExampleTask" });
    for filter in [json!({}), json!({ "task_name": "TranscribeDocument" })] {
        assert_eq!(preview(&own, filter).code(), "forbidden");
    }
    assert_eq!(preview(&other, example.clone()).code(), "forbidden");
    let text = json!({ "task_name": "ExampleTask", "text": "x" });
    assert_eq!(
        preview(&own, text).code(),
        "forbidden",
        "it may not see payloads"
    );
    let asked = preview(&own, example).json();
    assert_eq!(asked["count"], 1);
    assert_eq!(asked["tasks"][0]["hidden"], true);
    let confirm = |secret: &str| {
        let body = json!({ "token": asked["token"] }).to_string();
        server.as_bearer(secret, "POST", "/tasks/bulk", &body)
    };
    for secret in [&other, &admin] {
        assert_eq!(confirm(secret).status, 404, "of another one");
    }
    let started = confirm(&own);
    assert_eq!(started.status, 202, "{}", started.text);
    let place = started.header("location").unwrap().to_owned();
    assert_eq!(started.json()["asked_by"], "own");
    for (secret, sees) in [(&own, true), (&admin, true), (&other, false)] {
        let shown = server.as_bearer(secret, "GET", &place, "");
        assert_eq!(shown.status, if sees { 200 } else { 404 });
        let listed = server.as_bearer(secret, "GET", "/operations", "").json();
        assert_eq!(
            listed["operations"].as_array().unwrap().len(),
            usize::from(sees)
        );
    }
    assert_eq!(
        server
            .as_bearer(&other, "POST", &format!("{place}/stop"), "")
            .status,
        404
    );
    let cancelled = || {
        let task = server
            .as_bearer(&admin, "GET", &format!("/tasks/{id}"), "")
            .json();
        task["state"] == "cancelled"
    };
    let began = std::time::Instant::now();
    while !cancelled() {
        assert!(began.elapsed().as_secs() < 60, "it is not carried out");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // Whoever may only submit cannot make an operation of a task.
    let enqueue = server.token(&["enqueue", "--scope", "enqueue"]);
    let payload = json!({ "action": "delete", "filter": {}, "up_to": 9, "asked_by": "own", "expected": 0, "exact": true });
    let body = json!({ "task_name": "dutiful:operation", "task_payload": payload }).to_string();
    let refused = server.as_bearer(&enqueue, "POST", "/tasks", &body);
    assert_eq!(refused.code(), "unknown_task_name");
}

fn what_an_operation_looks_for_is_told_to_who_may_see_payloads(server: &Server) {
    let admin = server.token(&["all", "--scope", "admin"]);
    let filter = json!({ "text": "of nobody's business" });
    let body = json!({ "action": "cancel", "filter": filter }).to_string();
    let looking = server
        .as_bearer(&admin, "POST", "/tasks/bulk/preview", &body)
        .json();
    let body = json!({ "token": looking["token"] }).to_string();
    let looking = server.as_bearer(&admin, "POST", "/tasks/bulk", &body);
    let place = looking.header("location").unwrap();
    let reader = server.token(&["reader", "--scope", "read"]);
    for (secret, told) in [(&admin, "of nobody's business"), (&reader, "***")] {
        let shown = server.as_bearer(secret, "GET", place, "").json();
        assert_eq!(shown["filter"]["text"], told);
        let listed = server.as_bearer(secret, "GET", "/operations", "").json();
        assert_eq!(listed["operations"][0]["filter"]["text"], told);
    }
}
