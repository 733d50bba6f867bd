//! A link that breaks after a request and before its answer.

use super::served::Served;
use crate::periodic::ROWS;
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Stands between a command and its server, and swallows the first answer to this request. Counts those requests.
fn swallowing(server: &str, request: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = server.strip_prefix("http://").unwrap().to_owned();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
            let count = Arc::clone(&count);
            std::thread::spawn(move || pass_on(client, server, request, &count));
        }
    });
    (url, seen)
}

/// Whole requests to the server and whole answers back, until one of them is gone or an answer is swallowed.
fn pass_on(client: TcpStream, server: TcpStream, request: &str, seen: &AtomicUsize) {
    let mut from_client = BufReader::new(client.try_clone().unwrap());
    let mut from_server = BufReader::new(server.try_clone().unwrap());
    let (mut client, mut server) = (client, server);
    while let Some(asked) = message(&mut from_client) {
        server.write_all(&asked).unwrap();
        let Some(answer) = message(&mut from_server) else {
            return;
        };
        if asked.starts_with(request.as_bytes()) && seen.fetch_add(1, Ordering::SeqCst) == 0 {
            return;
        }
        client.write_all(&answer).unwrap();
    }
}

/// One request or answer: its head and as many bytes as that says.
fn message(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if from.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let named = name.eq_ignore_ascii_case("content-length");
        named.then(|| value.trim().parse::<usize>().unwrap())
    });
    let mut whole = head.into_bytes();
    let mut body = vec![0; length.unwrap_or(0)];
    from.read_exact(&mut body).ok()?;
    whole.append(&mut body);
    Some(whole)
}

#[test]
fn an_operation_whose_answer_is_lost_is_started_once() {
    let served = Served::start(&[]);
    let place = &served.place;
    for message in ["a", "b", "c"] {
        place.submit(message);
    }
    let (url, seen) = swallowing(&served.url, "POST /tasks/bulk HTTP");
    let args = [
        "cancel",
        "--all",
        "--yes",
        "--server",
        &url,
        "--token-file",
        "secret",
    ];
    let done = place.json(&args);
    assert_eq!(
        (&done["state"], &done["done"]),
        (&json!("succeeded"), &json!(3))
    );
    assert_eq!(seen.load(Ordering::SeqCst), 2);
    let all = place.json(&["operations"])["operations"].clone();
    assert_eq!(all, json!([done]));
}

#[test]
fn a_run_by_hand_whose_answer_is_lost_submits_one_task() {
    let served = Served::start(&[]);
    let place = &served.place;
    let database = rusqlite::Connection::open(place.path().join("dutiful.db")).unwrap();
    database.execute_batch(ROWS).unwrap();
    let (url, seen) = swallowing(&served.url, "POST /periodic/Minutely/run");
    let run = ["periodic", "run", "Minutely", "--anyway"];
    let remote = [&run[..], &["--server", &url, "--token-file", "secret"]].concat();
    let ran = place.json(&remote);
    assert_eq!(seen.load(Ordering::SeqCst), 2);
    let tasks = place.json(&["list", "--name", "Sweep"])["tasks"].clone();
    assert_eq!(tasks.as_array().unwrap().len(), 1);
    assert_eq!(tasks[0]["id"], ran["task_id"]);
    // The key was for that run alone.
    assert_ne!(place.json(&remote)["task_id"], ran["task_id"]);
}

#[test]
fn a_duplicate_whose_answer_is_lost_is_one() {
    let served = Served::start(&[]);
    let place = &served.place;
    let id = place.submit("a").to_string();
    let (url, seen) = swallowing(&served.url, "POST /tasks/1/duplicate");
    assert_eq!(id, "1");
    let args = ["duplicate", &id, "--server", &url, "--token-file", "secret"];
    let made = place.json(&args);
    assert_eq!(seen.load(Ordering::SeqCst), 2);
    let tasks = place.json(&["list"])["tasks"].clone();
    assert_eq!(tasks.as_array().unwrap().len(), 2);
    assert_eq!(tasks[0]["id"], made["id"]);
}
