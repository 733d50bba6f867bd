//! A server that dies between a request and its answer.

use crate::promises;
use crate::server::Server;
use crate::wire;
use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

promises![
    an_answer_that_a_kill_swallowed_is_found_again,
    a_kill_at_any_moment_leaves_one_task_for_one_key,
];

const LONG: Duration = Duration::from_secs(60);

fn headers(key: &str) -> [(&str, &str); 2] {
    [
        ("Content-Type", "application/json"),
        ("Idempotency-Key", key),
    ]
}

/// Not merged with anything: each submission that comes through makes a task.
fn body(message: &str) -> String {
    let payload = json!({ "message": message, "count": 1 });
    json!({ "task_name": "ExampleTask", "task_payload": payload, "dedup_scope": "none" })
        .to_string()
}

/// Sends the request and reads nothing of its answer.
fn send_only(address: SocketAddr, key: &str, body: &str) -> std::net::TcpStream {
    let mut stream = wire::open(address);
    let length = body.len();
    let head = format!(
        "POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Idempotency-Key: {key}\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    stream
}

fn stored(server: &Server, message: &str) -> Vec<i64> {
    let found = server.get(&format!("/tasks?text={message}")).json();
    let tasks = found["tasks"].as_array().unwrap();
    tasks
        .iter()
        .map(|task| task["id"].as_i64().unwrap())
        .collect()
}

fn an_answer_that_a_kill_swallowed_is_found_again(server: &Server) {
    let sibling = server.sibling();
    let unread = send_only(sibling.address, "swallowed", &body("swallowed"));
    let began = Instant::now();
    while stored(server, "swallowed").is_empty() {
        assert!(began.elapsed() < LONG, "the request is not carried out");
    }
    drop(sibling);
    drop(unread);
    let again = wire::ask(
        server.address,
        "POST",
        "/tasks",
        &headers("swallowed"),
        &body("swallowed"),
    );
    assert_eq!(again.status, 201, "{}", again.text);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let id = again.json()["id"].as_i64().unwrap();
    assert_eq!(stored(server, "swallowed"), [id]);
}

fn a_kill_at_any_moment_leaves_one_task_for_one_key(server: &Server) {
    for round in 0..8_u64 {
        let message = format!("round{round}");
        let sibling = server.sibling();
        let unread = send_only(sibling.address, &message, &body(&message));
        std::thread::sleep(Duration::from_micros(round * round * 400));
        drop(sibling);
        drop(unread);
        let again = wire::ask(
            server.address,
            "POST",
            "/tasks",
            &headers(&message),
            &body(&message),
        );
        assert_eq!(again.status, 201, "{}", again.text);
        let id = again.json()["id"].as_i64().unwrap();
        assert_eq!(stored(server, &message), [id], "{message}");
    }
}
