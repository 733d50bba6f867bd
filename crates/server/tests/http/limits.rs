//! What is too large, too slow or too much; and an end that lets open requests finish.

use crate::promises;
use crate::server::Server;
use crate::wire;
use serde_json::json;
use std::io::Write;
use std::time::{Duration, Instant};

promises![
    bodies_that_are_too_large_are_refused,
    addresses_and_headers_that_are_too_large_are_refused,
    a_client_that_sends_nothing_is_dropped,
    a_body_that_drips_is_given_up,
    a_request_for_another_host_is_refused,
    an_open_request_is_answered_after_the_server_was_told_to_end,
];

fn bodies_that_are_too_large_are_refused(server: &Server) {
    let message = "x".repeat(2 * 1024 * 1024);
    let body =
        json!({ "task_name": "ExampleTask", "task_payload": { "message": message, "count": 1 } });
    let answer = server.post("/tasks", &body);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (413, "body_too_large")
    );
    // Without end, and without a length.
    let mut stream = wire::open(server.address);
    stream
        .write_all(
            b"POST /tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
              Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
        .unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    let mut sent = 0;
    while stream.write_all(chunk.as_bytes()).is_ok() {
        sent += 0x1_0000;
        assert!(sent < 256 * 1024 * 1024, "the server reads without end");
    }
    // A payload may be a little smaller than the body, and too large for the type or the store.
    let message = "x".repeat(1_200_000);
    let body =
        json!({ "task_name": "ExampleTask", "task_payload": { "message": message, "count": 1 } });
    assert_eq!(server.post("/tasks", &body).status, 422);
    assert_eq!(server.get("/tasks").json()["tasks"], json!([]));
}

fn addresses_and_headers_that_are_too_large_are_refused(server: &Server) {
    let answer = server.get(&format!("/tasks?text={}", "x".repeat(10_000)));
    assert!([400, 414, 431].contains(&answer.status), "{answer:?}");
    let long = "x".repeat(100_000);
    let answer = wire::send(
        server.address,
        format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: {long}\r\n\r\n").as_bytes(),
    );
    assert!(answer.is_none_or(|answer| answer.status == 431));
    let many: String = (0..10_000).map(|n| format!("X-{n}: 1\r\n")).collect();
    let answer = wire::send(
        server.address,
        format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{many}\r\n").as_bytes(),
    );
    assert!(answer.is_none_or(|answer| answer.status == 431));
    let two = "POST /tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ";
    let answer = wire::send(server.address, two.as_bytes());
    assert!(answer.is_none_or(|answer| answer.status == 400));
    assert_eq!(server.get("/healthz").status, 200);
}

fn a_client_that_sends_nothing_is_dropped(server: &Server) {
    let mut stream = wire::open(server.address);
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: loc")
        .unwrap();
    let began = Instant::now();
    assert!(wire::read(stream).is_none_or(|answer| answer.status == 408));
    assert!(
        began.elapsed() < Duration::from_secs(40),
        "{:?}",
        began.elapsed()
    );
}

fn a_body_that_drips_is_given_up(server: &Server) {
    let mut stream = wire::open(server.address);
    stream
        .write_all(
            b"POST /tasks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
              Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n",
        )
        .unwrap();
    let reader = stream.try_clone().unwrap();
    let answer = std::thread::spawn(move || wire::read(reader));
    let began = Instant::now();
    while !answer.is_finished() {
        assert!(began.elapsed() < Duration::from_secs(60), "it waits on");
        // A server that has answered takes no more.
        let _ = stream.write_all(b" ");
        std::thread::sleep(Duration::from_millis(500));
    }
    let answer = answer.join().unwrap().unwrap();
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (408, "body_too_slow")
    );
    assert_eq!(server.get("/healthz").status, 200);
}

fn a_request_for_another_host_is_refused(server: &Server) {
    let request = |host: &str| {
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        wire::send(server.address, request.as_bytes()).unwrap()
    };
    for host in ["example.com", "localhost.example.com", "10.0.0.1:8080"] {
        assert_eq!(
            (request(host).status, request(host).code().as_str()),
            (421, "wrong_host")
        );
    }
    for host in ["localhost", "127.0.0.1", "[::1]:80"] {
        assert_eq!(request(host).status, 200);
    }
}

fn an_open_request_is_answered_after_the_server_was_told_to_end(server: &Server) {
    let payload = json!({ "message": "x", "count": 1 });
    let id = server.submit(&json!({ "task_name": "ExampleTask", "task_payload": payload }));
    let address = server.address;
    let waiting = std::thread::spawn(move || {
        wire::ask(address, "GET", &format!("/tasks/{id}?wait=3s"), &[], "")
    });
    std::thread::sleep(Duration::from_millis(500));
    server.tell_to_end();
    let answer = waiting.join().unwrap();
    assert_eq!(
        (answer.status, &answer.json()["state"]),
        (200, &json!("queued"))
    );
}
