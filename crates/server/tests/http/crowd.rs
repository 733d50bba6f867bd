//! Many clients at once, with workers beside the server.

use crate::promises;
use crate::server::Server;
use crate::wire;
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

promises![sixty_four_clients_and_two_workers_lose_nothing];

const CLIENTS: u64 = 64;
const USUAL_SECONDS: u64 = 3;
/// What is left when the clients stop must be done within this time.
const DRAINED_WITHIN: Duration = Duration::from_secs(120);

/// What one client was told.
#[derive(Default)]
struct Told {
    created: u64,
    refused: u64,
}

fn sixty_four_clients_and_two_workers_lose_nothing(server: &Server) {
    let _workers = [server.worker(), server.worker()];
    let end = Instant::now() + Duration::from_secs(seconds());
    let address = server.address;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| std::thread::spawn(move || submit_until(end, address, client)))
        .collect();
    let mut told = Told::default();
    for client in clients {
        let one = client.join().unwrap();
        told.created += one.created;
        told.refused += one.refused;
    }
    assert!(told.created > CLIENTS, "hardly anything came through");
    let began = Instant::now();
    loop {
        let counts = server.dutiful(&["stats"])["names"][0].clone();
        let (total, succeeded) = (&counts["total"], &counts["counts"]["succeeded"]);
        // What ends while they are counted may be in two of them, or in none.
        if succeeded == total && total.as_u64() == Some(told.created) {
            break;
        }
        assert!(began.elapsed() < DRAINED_WITHIN, "{counts}");
        std::thread::sleep(Duration::from_millis(100));
    }
    eprintln!("{} submissions, {} refused", told.created, told.refused);
}

/// Submits one task after the other. Only "too many" and "overloaded" may be said instead of "created".
fn submit_until(end: Instant, address: SocketAddr, client: u64) -> Told {
    let headers = [("Content-Type", "application/json")];
    let mut told = Told::default();
    let mut number = 0;
    while Instant::now() < end {
        number += 1;
        let payload = json!({ "message": format!("{client}/{number}"), "count": 1 });
        let body = json!({ "task_name": "ExampleTask", "task_payload": payload }).to_string();
        let answer = wire::ask(address, "POST", "/tasks", &headers, &body);
        match answer.status {
            201 => told.created += 1,
            429 | 503 => told.refused += 1,
            _ => panic!("{}: {}", answer.status, answer.text),
        }
    }
    told
}

/// `DUTIFUL_TEST_SECONDS` makes it longer.
fn seconds() -> u64 {
    let asked = std::env::var("DUTIFUL_TEST_SECONDS").ok();
    asked
        .and_then(|text| text.parse().ok())
        .unwrap_or(USUAL_SECONDS)
}
