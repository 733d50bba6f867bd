//! Events as they come.

use crate::promises;
use crate::server::Server;
use crate::wire::{self, Stream};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

promises![
    a_life_is_told_as_it_happens,
    only_what_was_asked_for_comes,
    a_listener_that_comes_back_misses_nothing,
    a_cursor_that_is_none_or_too_old_is_told,
    streams_are_bounded_and_end_with_the_server,
];

fn submission(message: &str) -> Value {
    json!({ "task_name": "ExampleTask", "task_payload": { "message": message, "count": 1 } })
}

/// Listens with these parameters.
fn listen(server: &Server, parameters: &str, headers: &[(&str, &str)]) -> Stream {
    let stream = Stream::open(server.address, &format!("/events?{parameters}"), headers);
    assert_eq!(stream.status, 200);
    stream
}

fn told(event: &wire::Event, id: i64) -> Option<String> {
    let data: Value = serde_json::from_str(&event.data).unwrap();
    assert_eq!(data["event"], event.name);
    assert!(data.get("task_payload").is_none());
    (data["id"] == id).then(|| format!("{} {}", event.name, data["attempt"]))
}

fn a_life_is_told_as_it_happens(server: &Server) {
    let mut stream = listen(server, "", &[]);
    let id = server.submit(&submission("a"));
    let event = stream.next();
    assert_eq!(
        (event.name.as_str(), event.id.starts_with("c1.")),
        ("submitted", true)
    );
    let data: Value = serde_json::from_str(&event.data).unwrap();
    assert_eq!(
        (&data["id"], &data["task_name"]),
        (&json!(id), &json!("ExampleTask"))
    );
    assert!(data["at"].as_str().unwrap().ends_with('Z'), "{data}");
    let _worker = server.worker();
    assert_eq!(told(&stream.next(), id).unwrap(), "started 1");
    let event = stream.next();
    assert_eq!(told(&event, id).unwrap(), "succeeded 1");
    assert!(
        event.data.contains("\"state\":\"succeeded\""),
        "{}",
        event.data
    );
}

fn only_what_was_asked_for_comes(server: &Server) {
    let first = server.submit(&submission("first"));
    let mut by_name = listen(server, "task_name=TranscribeDocument", &[]);
    let mut by_state = listen(server, "state=cancelled,failed", &[]);
    let mut by_id = listen(server, &format!("task_id={first}"), &[]);
    let second = server.submit(&submission("second"));
    for id in [second, first] {
        assert_eq!(
            server.post_text(&format!("/tasks/{id}/cancel"), "").status,
            200
        );
    }
    let events = [by_state.next(), by_state.next()];
    let cancelled = |id| {
        events
            .iter()
            .filter_map(|event| told(event, id))
            .next()
            .unwrap()
    };
    assert_eq!(
        [cancelled(first), cancelled(second)],
        ["cancelled 0", "cancelled 0"]
    );
    assert_eq!(told(&by_id.next(), first).unwrap(), "cancelled 0");
    let other = json!({ "task_name": "TranscribeDocument", "task_payload": { "path": "x" } });
    let third = server.submit(&other);
    assert_eq!(told(&by_name.next(), third).unwrap(), "submitted 0");
    for bad in [
        "state=busy",
        "task_id=0",
        "for=11m",
        "for=5",
        "x=1",
        "after=c1.0",
    ] {
        let answer = server.get(&format!("/events?{bad}"));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_query"),
            "{bad}"
        );
    }
}

fn a_listener_that_comes_back_misses_nothing(server: &Server) {
    let mut stream = listen(server, "", &[]);
    let first = server.submit(&submission("first"));
    let last = stream.next().id;
    drop(stream);
    let worker = server.worker();
    let missed = server.submit(&submission("missed"));
    for id in [first, missed] {
        let task = server.get(&format!("/tasks/{id}?wait=30s")).json();
        assert_eq!(task["state"], "succeeded");
    }
    drop(worker);
    // Another server process on the same database goes on with it.
    let other = server.beside();
    for (place, headers) in [
        ("", vec![("Last-Event-ID", last.as_str())]),
        (last.as_str(), vec![]),
    ] {
        let after = if place.is_empty() {
            String::new()
        } else {
            format!("after={place}")
        };
        let mut stream = Stream::open(other.address, &format!("/events?{after}"), &headers);
        let mut seen = Vec::new();
        let began = Instant::now();
        while seen.iter().filter(|(name, _)| name == "succeeded").count() < 2 {
            let event = stream.next();
            let data: Value = serde_json::from_str(&event.data).unwrap();
            seen.push((event.name, data["id"].as_i64().unwrap()));
            assert!(began.elapsed() < Duration::from_secs(60), "{seen:?}");
        }
        for id in [first, missed] {
            assert!(seen.contains(&("started".to_owned(), id)), "{seen:?}");
        }
        assert!(seen.contains(&("submitted".to_owned(), missed)), "{seen:?}");
        // And then hears what happens now.
        let now = server.submit(&submission(&format!("now {place}")));
        // Behind what else there was to catch up with.
        let event = std::iter::repeat_with(|| stream.next()).find_map(|event| told(&event, now));
        assert_eq!(event.unwrap(), "submitted 0");
    }
}

fn a_cursor_that_is_none_or_too_old_is_told(server: &Server) {
    let headers = [("Last-Event-ID", "7")];
    let answer = wire::ask(server.address, "GET", "/events", &headers, "");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "invalid_query")
    );
    let mut stream = listen(server, "", &[("Last-Event-ID", "c1.1.1.0.1.0.0")]);
    let event = stream.next();
    assert_eq!(event.name, "reset");
    assert!(event.data.contains("hour"), "{}", event.data);
    let id = server.submit(&submission("a"));
    assert_eq!(told(&stream.next(), id).unwrap(), "submitted 0");
    // A stream ends when it was asked to.
    assert!(server.get("/events?for=10ms").text.contains("listening"));
}

fn streams_are_bounded_and_end_with_the_server(server: &Server) {
    let mut streams: Vec<Stream> = (0..64).map(|_| listen(server, "", &[])).collect();
    assert_eq!(server.get("/events").code(), "overloaded");
    assert_eq!(
        server.get("/tasks").status,
        200,
        "other requests are answered"
    );
    streams.truncate(63);
    let began = Instant::now();
    while server.get("/events?for=1ms").status != 200 {
        // It is found out that a reader is gone when something is sent.
        server.submit(&submission(&format!("{:?}", began.elapsed())));
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "no place becomes free"
        );
    }
    let began = Instant::now();
    server.tell_to_end();
    for stream in streams {
        stream.end();
    }
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}
