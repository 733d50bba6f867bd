//! Bodies, fields and headers that cannot be used: a clear problem, and nothing stored.

use crate::promises;
use crate::server::Server;
use crate::wire;
use serde_json::{Value, json};

promises![
    bodies_that_are_no_json_are_refused,
    json_that_would_change_its_meaning_is_refused,
    fields_that_cannot_be_used_are_named,
    task_names_that_nobody_knows_are_refused_with_the_nearest,
    payloads_that_the_type_does_not_take_are_refused_with_their_place,
    content_types_other_than_json_are_refused,
    methods_that_a_path_does_not_take_are_named,
    odd_text_in_a_payload_comes_back_as_it_was,
    numbers_at_the_edge_are_kept_or_refused,
    a_hundred_thousand_keys_are_read_or_refused_at_once,
];

fn refused(server: &Server, body: &str, status: u16, code: &str) -> Value {
    let answer = server.post_text("/tasks", body);
    let start: String = body.chars().take(80).collect();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (status, code),
        "{start}: {}",
        answer.text
    );
    answer.json()
}

fn nothing_stored(server: &Server) {
    assert_eq!(server.get("/tasks").json()["tasks"], json!([]));
}

fn bodies_that_are_no_json_are_refused(server: &Server) {
    for body in [
        "",
        " ",
        "{",
        "nonsense",
        "{} {}",
        "{'task_name': 1}",
        "\u{feff}{}",
        "NaN",
        "[1,]",
        "\u{0}",
    ] {
        refused(server, body, 400, "invalid_json");
    }
    for bytes in [&b"\xff\xfe{\0}\0"[..], &b"{\"a\": \"\xc3\"}"[..]] {
        let mut request = format!(
            "POST /tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            bytes.len()
        )
        .into_bytes();
        request.extend_from_slice(bytes);
        let answer = wire::send(server.address, &request).unwrap();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_json")
        );
    }
    nothing_stored(server);
}

fn json_that_would_change_its_meaning_is_refused(server: &Server) {
    let with =
        |payload: &str| format!(r#"{{"task_name": "ExampleTask", "task_payload": {payload}}}"#);
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    for payload in [
        r#"{"message": "a", "message": "b", "count": 1}"#,
        "1e400",
        "123456789012345678901234567890",
        r#""\ud800""#,
        &deep(40),
        &deep(20_000),
    ] {
        let problem = refused(server, &with(payload), 400, "invalid_json");
        assert!(problem["detail"].as_str().unwrap().len() < 1_000);
    }
    nothing_stored(server);
}

fn fields_that_cannot_be_used_are_named(server: &Server) {
    let good =
        json!({ "task_name": "ExampleTask", "task_payload": { "message": "x", "count": 1 } });
    let with = |name: &str, value: Value| {
        let mut submission = good.clone();
        submission[name] = value;
        submission.to_string()
    };
    for (name, value) in [
        ("priority", json!(10)),
        ("priority", json!(-10)),
        ("priority", json!(2_147_483_648_u64)),
        ("priority", json!("high")),
        ("max_retries", json!(-1)),
        ("max_retries", json!(1_000_000_000)),
        ("delay", json!(-1)),
        ("delay", json!(1e300)),
        ("delay", json!("10s")),
        ("run_at", json!("2031-02-03T04:05:06")),
        ("run_at", json!("0000-00-00T00:00:00Z")),
        ("run_at", json!("10000-01-01T00:00:00Z")),
        ("run_at", json!("")),
        ("held", json!("yes")),
        ("dedup_scope", json!("sometimes")),
        ("dedup_scope", json!("window")),
        ("dedup_window", json!(60)),
        ("dedup_key", json!("")),
        ("dedup_key", json!(7)),
        ("unknown_field", json!(1)),
        ("Task_name", json!("x")),
    ] {
        let problem = refused(server, &with(name, value.clone()), 422, "invalid_request");
        let text = problem.to_string();
        let word = name.split('_').next_back().unwrap();
        assert!(text.contains(word), "{name} = {value}: {text}");
    }
    let two = json!({ "delay": 1, "held": true });
    let mut submission = good.clone();
    submission
        .as_object_mut()
        .unwrap()
        .extend(two.as_object().unwrap().clone());
    refused(server, &submission.to_string(), 422, "invalid_request");
    let in_a_row = r#"["ExampleTask", {"message": "x", "count": 1}]"#;
    for body in [
        "[]",
        in_a_row,
        "1",
        "null",
        "{}",
        r#"{"task_name": "ExampleTask"}"#,
    ] {
        refused(server, body, 422, "invalid_request");
    }
    nothing_stored(server);
}

fn task_names_that_nobody_knows_are_refused_with_the_nearest(server: &Server) {
    let named = |name: &str| {
        let payload = json!({ "message": "x", "count": 1 });
        let body = json!({ "task_name": name, "task_payload": payload }).to_string();
        refused(server, &body, 422, "unknown_task_name")
    };
    for name in [
        "exampletask",
        "Nobody",
        "",
        "../etc",
        "a b",
        &"x".repeat(300),
    ] {
        named(name);
    }
    let near = named("ExampelTask");
    assert!(near["detail"].as_str().unwrap().contains("`ExampleTask`"));
    nothing_stored(server);
}

fn payloads_that_the_type_does_not_take_are_refused_with_their_place(server: &Server) {
    for (payload, pointer) in [
        (json!({ "message": "x", "count": 0 }), "/task_payload"),
        (json!({ "message": "x", "count": 1001 }), "/task_payload"),
        (
            json!({ "message": "x", "count": "1" }),
            "/task_payload/count",
        ),
        (
            json!({ "message": "x", "count": 1.5 }),
            "/task_payload/count",
        ),
        (
            json!({ "message": null, "count": 1 }),
            "/task_payload/message",
        ),
        (json!({ "count": 1 }), "/task_payload"),
        (json!([]), "/task_payload"),
        (Value::Null, "/task_payload"),
    ] {
        let body = json!({ "task_name": "ExampleTask", "task_payload": payload }).to_string();
        let problem = refused(server, &body, 422, "invalid_payload");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{payload}");
    }
    nothing_stored(server);
}

fn content_types_other_than_json_are_refused(server: &Server) {
    let body =
        json!({ "task_name": "ExampleTask", "task_payload": { "message": "x", "count": 1 } })
            .to_string();
    for headers in [
        &[][..],
        &[("Content-Type", "text/plain")],
        &[("Content-Type", "application/x-ndjson")],
        &[("Content-Type", "application/json; charset=utf-16")],
        &[("Content-Type", "multipart/form-data; boundary=x")],
        &[
            ("Content-Type", "application/json"),
            ("Content-Encoding", "gzip"),
        ],
    ] {
        let answer = wire::ask(server.address, "POST", "/tasks", headers, &body);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (415, "unsupported_media_type"),
            "{headers:?}"
        );
    }
    nothing_stored(server);
}

fn methods_that_a_path_does_not_take_are_named(server: &Server) {
    for (method, path, allow) in [
        ("PUT", "/tasks", "GET,HEAD,POST"),
        ("DELETE", "/stats", "GET,HEAD"),
        ("POST", "/tasks/1", "DELETE,GET,HEAD,PATCH"),
        ("GET", "/tasks/1/retry", "POST"),
        ("BREW", "/tasks", "GET,HEAD,POST"),
    ] {
        let answer = wire::ask(server.address, method, path, &[], "");
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (405, "method_not_allowed"),
            "{method} {path}"
        );
        let mut allowed: Vec<&str> = answer.header("allow").unwrap().split(',').collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(","), allow);
    }
}

fn odd_text_in_a_payload_comes_back_as_it_was(server: &Server) {
    for message in [
        "",
        "<script>alert(1)</script>",
        "\u{202e}evil\u{200b}",
        "É E\u{301} 😀 \u{1b}[31m",
        "'; DROP TABLE dutiful_tasks; --",
        "9007199254740993",
    ] {
        let id = server.submit(&json!({ "task_name": "ExampleTask", "task_payload": { "message": message, "count": 1 } }));
        let task = server.get(&format!("/tasks/{id}"));
        assert_eq!(task.json()["task_payload"]["message"], message);
        assert!(
            !task.text.contains('\u{1b}'),
            "control characters are escaped"
        );
    }
}

fn numbers_at_the_edge_are_kept_or_refused(server: &Server) {
    let with = |count: &str| {
        format!(
            r#"{{"task_name": "ExampleTask", "task_payload": {{"message": "{count}", "count": {count}}}}}"#
        )
    };
    for whole in ["1", "1.0", "1e0", "1000"] {
        let answer = server.post_text("/tasks", &with(whole));
        let id = answer.json()["id"].clone();
        assert_eq!(answer.status, 201, "{whole}: {}", answer.text);
        let count = server.get(&format!("/tasks/{id}")).json()["task_payload"]["count"].clone();
        assert_eq!(count.as_f64(), Some(whole.parse().unwrap()), "{whole}");
    }
    for (count, code) in [
        ("-0", "invalid_payload"),
        ("-0.0", "invalid_payload"),
        ("9007199254740993", "invalid_payload"),
        ("18446744073709551615", "invalid_payload"),
        ("1e100000", "invalid_json"),
        ("Infinity", "invalid_json"),
        ("01", "invalid_json"),
        ("+1", "invalid_json"),
        ("0x1", "invalid_json"),
    ] {
        let answer = server.post_text("/tasks", &with(count));
        assert_eq!(answer.code(), code, "{count}");
    }
}

fn a_hundred_thousand_keys_are_read_or_refused_at_once(server: &Server) {
    let keys: Vec<String> = (0..100_000).map(|key| format!(r#""{key}": 1"#)).collect();
    let payload = format!(r#"{{"message": "x", "count": 1, {}}}"#, keys.join(", "));
    let body = format!(r#"{{"task_name": "ExampleTask", "task_payload": {payload}}}"#);
    let began = std::time::Instant::now();
    let answer = server.post_text("/tasks", &body);
    assert!([201, 422].contains(&answer.status), "{}", answer.text);
    assert!(began.elapsed() < std::time::Duration::from_secs(10));
    assert_eq!(server.get("/healthz").status, 200);
}
