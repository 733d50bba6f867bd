//! Lists, filters and pages; counts, workers, periodics.

use crate::promises;
use crate::server::Server;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

promises![
    pages_follow_each_other_without_gap_or_repetition,
    every_filter_narrows_the_list,
    a_filter_that_cannot_be_used_is_refused,
    counts_workers_and_periodics_are_told,
    task_types_tell_who_runs_them,
    every_filter_narrows_the_count,
    a_time_series_tells_what_ended,
];

fn submit(server: &Server, name: &str, options: &Value) -> i64 {
    let mut submission =
        json!({ "task_name": "ExampleTask", "task_payload": { "message": name, "count": 1 } });
    for (name, value) in options.as_object().unwrap() {
        submission[name] = value.clone();
    }
    server.submit(&submission)
}

fn ids(answer: &Value) -> Vec<i64> {
    let tasks = answer["tasks"].as_array().unwrap().iter();
    tasks.map(|task| task["id"].as_i64().unwrap()).collect()
}

fn pages_follow_each_other_without_gap_or_repetition(server: &Server) {
    let mut made: Vec<i64> = (0..7)
        .map(|n| submit(server, &format!("m{n}"), &json!({})))
        .collect();
    made.reverse();
    let mut seen = Vec::new();
    let mut path = "/tasks?limit=3&state=queued".to_owned();
    loop {
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{}", answer.text);
        seen.extend(ids(&answer.json()));
        let Some(link) = answer.header("link") else {
            assert_eq!(answer.json()["next_cursor"], Value::Null);
            break;
        };
        let (next, rel) = link.trim_start_matches('<').split_once('>').unwrap();
        assert_eq!(rel, "; rel=\"next\"");
        assert!(next.contains("state=queued"), "{next}");
        path = next.to_owned();
    }
    assert_eq!(seen, made);
}

fn every_filter_narrows_the_list(server: &Server) {
    let queued = submit(server, "needle ü", &json!({}));
    let held = submit(server, "b", &json!({ "held": true }));
    let later = submit(server, "c", &json!({ "delay": 1000 }));
    server.post(&format!("/tasks/{held}/cancel"), &json!(null));
    let found = |query: &str| {
        let answer = server.get(&format!("/tasks?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        ids(&answer.json())
    };
    let nothing: [i64; 0] = [];
    assert_eq!(found("task_name=ExampleTask"), [later, held, queued]);
    assert_eq!(found("task_name=Other"), nothing);
    assert_eq!(found("state=cancelled,scheduled"), [later, held]);
    assert_eq!(found("status=error"), [held]);
    assert_eq!(found("text=needle%20%C3%BC"), [queued]);
    assert_eq!(found("created_before=2020-01-01T00:00:00Z"), nothing);
    assert_eq!(
        found("created_after=2020-01-01T00:00:00Z"),
        [later, held, queued]
    );
    assert_eq!(found("finished_after=2020-01-01T00:00:00Z"), [held]);
    assert_eq!(found("finished_before=2020-01-01T00:00:00Z"), nothing);
    // Texts that are statements or patterns elsewhere find what holds them, which is nothing.
    for text in [
        "%25",
        "_",
        "%27%20OR%201=1%20--",
        "%5C",
        "%24%7Bjndi:x%7D",
        "%22%3B",
    ] {
        assert_eq!(found(&format!("text={text}")), nothing, "{text}");
    }
}

fn a_filter_that_cannot_be_used_is_refused(server: &Server) {
    for query in [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=1000000000000000000000",
        "limit=x",
        "state=asleep",
        "state=",
        "status=done",
        "cursor=page2",
        "cursor=",
        "text=",
        "task_name=no%20name",
        "task_name=",
        "created_after=yesterday",
        "created_after=2020-01-01T00:00:00",
        "created_after=10000-01-01T00:00:00Z",
        "nonsense=1",
        "limit=1&limit=2",
        &format!("text={}", "x".repeat(201)),
    ] {
        for path in ["/tasks", "/tasks/count"] {
            let answer = server.get(&format!("{path}?{query}"));
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, "invalid_query"),
                "{path} {query}"
            );
        }
    }
}

fn every_filter_narrows_the_count(server: &Server) {
    submit(server, "needle", &json!({}));
    let cancelled = submit(server, "b", &json!({}));
    submit(server, "c", &json!({ "delay": 1000 }));
    server.post(&format!("/tasks/{cancelled}/cancel"), &json!(null));
    for (query, count) in [
        ("", 3),
        ("task_name=ExampleTask", 3),
        ("task_name=Other", 0),
        ("state=cancelled,scheduled", 2),
        ("status=error", 1),
        ("text=needle", 1),
        ("created_before=2020-01-01T00:00:00Z", 0),
        ("finished_after=2020-01-01T00:00:00Z", 1),
    ] {
        let answer = server.get(&format!("/tasks/count?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        assert_eq!(
            answer.json(),
            json!({ "count": count, "capped": false }),
            "{query}"
        );
    }
    for query in ["limit=1", "cursor=b1"] {
        assert_eq!(server.get(&format!("/tasks/count?{query}")).status, 400);
    }
}

fn a_time_series_tells_what_ended(server: &Server) {
    let cancelled = submit(server, "b", &json!({}));
    server.post(&format!("/tasks/{cancelled}/cancel"), &json!(null));
    for (query, points) in [
        ("", 60),
        ("?step=minute", 60),
        ("?step=hour", 24),
        ("?step=day&task_name=ExampleTask", 30),
    ] {
        let answer = server.get(&format!("/stats/timeseries{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        let series = answer.json();
        let all = series["points"].as_array().unwrap();
        assert_eq!(all.len(), points, "{query}");
        let ended = all
            .iter()
            .map(|point| point["figures"]["by_state"]["cancelled"].as_u64());
        assert_eq!(ended.flatten().sum::<u64>(), 1, "{query}");
    }
    let of_other = server.get("/stats/timeseries?task_name=Other").json();
    assert_eq!(of_other["points"][59]["figures"]["ended"], 0);
    let old = "/stats/timeseries?step=day&from=2020-01-01T00:00:00Z&to=2020-01-03T00:00:00Z";
    assert_eq!(
        server.get(old).json()["points"].as_array().unwrap().len(),
        2
    );
    for query in [
        "step=year",
        "from=2020-01-01T00:00:00Z",
        "from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z",
        "to=tomorrow",
        "task_name=no%20name",
        "nonsense=1",
    ] {
        let answer = server.get(&format!("/stats/timeseries?{query}"));
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_query"),
            "{query}"
        );
    }
    let stats = server.get("/stats?window=86400").json();
    assert_eq!(stats["window"], 86_400.0);
    assert_eq!(stats["names"][0]["recent"]["by_state"]["cancelled"], 1);
    for window in ["0", "-1", "63072001", "x"] {
        let answer = server.get(&format!("/stats?window={window}"));
        assert_eq!(answer.status, 400, "{window}");
    }
}

fn counts_workers_and_periodics_are_told(server: &Server) {
    let id = submit(server, "one", &json!({}));
    let stats = server.get("/stats").json();
    let of_name = &stats["names"][0];
    assert_eq!(
        (&of_name["task_name"], &of_name["total"]),
        (&json!("ExampleTask"), &json!(1))
    );
    assert_eq!(
        (&of_name["counts"]["queued"], &of_name["queue_depth"]),
        (&json!(1), &json!(1))
    );
    let _worker = server.worker();
    let task = server.get(&format!("/tasks/{id}?wait=30s")).json();
    assert_eq!(task["state"], "succeeded");
    let began = Instant::now();
    let workers = loop {
        let workers = server.get("/workers").json();
        if workers["workers"] != json!([]) {
            break workers;
        }
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "the worker has no row"
        );
    };
    let worker = &workers["workers"][0];
    assert_eq!(worker["alive"], true);
    assert!(
        worker["task_names"]
            .as_array()
            .unwrap()
            .contains(&json!("ExampleTask"))
    );
    assert_eq!(server.get("/periodic").json(), json!({ "periodic": [] }));
    let stats = server.get("/stats").json();
    assert_eq!(stats["names"][0]["success_rate"], 1.0);
}

fn task_types_tell_who_runs_them(server: &Server) {
    let example = || {
        let types = server.get("/task-types").json()["task_types"].clone();
        let mut all = types.as_array().unwrap().clone().into_iter();
        all.find(|one| one["task_name"] == "ExampleTask").unwrap()
    };
    assert_eq!(
        (&example()["known_here"], &example()["workers"]),
        (&json!(true), &json!(0))
    );
    let _worker = server.worker();
    let began = Instant::now();
    while example()["workers"] != 1 {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", example());
        std::thread::sleep(Duration::from_millis(20));
    }
}
