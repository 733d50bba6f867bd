//! Task names, workers and figures on a server, beside those of its database.

use super::served::Served;
use crate::place::{NOT_FOUND, USAGE, text};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn task_names_are_paused_and_resumed_the_same() {
    let served = Served::start(&[]);
    let place = &served.place;
    let paused = served.json(&["pause", "ExampleTask", "Else:where.v2"]);
    let paused = paused["paused"].as_array().unwrap();
    assert_eq!(paused.len(), 2);
    assert!(
        paused.iter().all(|one| one["paused_by"] == "ops"),
        "{paused:?}"
    );
    // One that is paused stays as it is.
    served.same(&["pause", "ExampleTask"]);
    served.same(&["pause"]);
    served.same_text(&["pause"]);
    let args = served.remotely(&["pause", "ExampleTsk"]);
    let output = place.run(&args).assert().success().get_output().clone();
    let said = text(&output.stderr);
    assert!(
        said.contains("the server does not know `ExampleTsk`; did you mean `ExampleTask`?"),
        "{said}"
    );
    let left = served.json(&["resume", "ExampleTsk", "Else:where.v2"]);
    assert_eq!(left["paused"].as_array().unwrap().len(), 1);
    served.same(&["resume", "Nobody"]);
    served.same(&["resume", "ExampleTask"]);
    served.same_text(&["pause"]);
    for args in [["pause", "no name"], ["resume", ".."], ["pause", ""]] {
        served.same_error(&args, USAGE);
    }
    assert_eq!(served.json(&["pause"])["paused"], json!([]));
    let audit = served.json(&["audit", "--target", "task name ExampleTask"]);
    assert_eq!(audit["entries"].as_array().unwrap().len(), 3);
}

#[test]
fn whoever_may_not_pauses_nothing_and_drains_nobody() {
    let served = Served::start(&[]);
    let (read, manage) = (served.token("read"), served.token("manage"));
    for args in [
        &["pause", "ExampleTask"] as &[&str],
        &["resume", "ExampleTask"],
        &["workers", "drain", "nobody"],
    ] {
        assert_eq!(served.refused(args, None)["code"], "unauthorized");
        assert_eq!(served.refused(args, Some(&read))["code"], "forbidden");
    }
    let series = ["stats", "--by", "minute"];
    assert_eq!(served.refused(&series, None)["code"], "unauthorized");
    assert_eq!(served.refused(&series, Some(&manage))["code"], "forbidden");
    assert_eq!(served.refused(&["audit"], Some(&read))["code"], "forbidden");
    assert_eq!(served.json(&["pause"])["paused"], json!([]));
    // One that may do it and not look is told that it is done.
    let error = served.refused(&["pause", "ExampleTask"], Some(&manage));
    assert!(
        error["cause"].as_str().unwrap().starts_with("it is done"),
        "{error}"
    );
    assert_eq!(
        served.json(&["pause"])["paused"][0]["task_name"],
        "ExampleTask"
    );
}

#[test]
fn a_worker_is_drained_from_a_server() {
    let served = Served::start(&[]);
    let place = &served.place;
    let worker = place.worker(&["--only", "ExampleTask"]);
    let begun = Instant::now();
    // The server has a worker of its own, for operations.
    let shown = loop {
        let all = served.json(&["workers"])["workers"].clone();
        let runs = |one: &&Value| one["task_names"] == json!(["ExampleTask"]);
        if let Some(found) = all.as_array().unwrap().iter().find(runs) {
            break found.clone();
        }
        assert!(begun.elapsed() < LONG, "no worker: {all}");
    };
    let name = shown["worker"].as_str().unwrap();
    let error = served.same_error(&["workers", "drain", &format!("{name}x")], NOT_FOUND);
    assert_eq!(error["fix"], format!("did you mean `{name}`?"));
    for nobody in ["a/b?c", "."] {
        served.same_error(&["workers", "drain", nobody], NOT_FOUND);
    }
    let mut asked = served.json(&["workers", "drain", name]);
    assert!(asked["draining_since"].is_string(), "{asked}");
    let mut shown = shown;
    for field in ["draining_since", "beat_at", "alive"] {
        (asked[field], shown[field]) = (json!("some"), json!("some"));
    }
    assert_eq!(asked, shown);
    let (code, log) = worker.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("an operator drains this worker"), "{log}");
}

#[test]
fn a_series_is_the_same_on_a_server() {
    let served = Served::start(&[]);
    let place = &served.place;
    let worker = place.worker(&["--only", "ExampleTask"]);
    for count in 1..4 {
        let payload = json!({ "message": "x", "count": count }).to_string();
        place.json(&["submit", "ExampleTask", &payload, "--wait", "60s"]);
    }
    worker.signal("TERM");
    worker.end();
    let failed = place.submit("a");
    place.json(&["cancel", &failed]);
    for args in [
        &["--by", "minute"] as &[&str],
        &["--by", "hour", "--since", "3h"],
        &["--by", "day", "--name", "ExampleTask"],
        &["--by", "day", "--name", "Nobody", "--since", "7d"],
    ] {
        let args = [&["stats"], args].concat();
        // Between two looks a minute may end, or figures be kept.
        let begun = Instant::now();
        let series = loop {
            let pair = [served.json(&args), place.json(&args)];
            let texts = [place.text(&served.remotely(&args)), place.text(&args)];
            if pair[0] == pair[1] && texts[0] == texts[1] {
                break pair[0].clone();
            }
            assert!(begun.elapsed() < LONG, "{args:?}: {pair:?} {texts:?}");
        };
        let points = series["points"].as_array().unwrap();
        let ended = points.iter().map(|point| point["ended"].as_u64().unwrap());
        let expected = if args.contains(&"Nobody") { 0 } else { 4 };
        assert_eq!(ended.sum::<u64>(), expected, "{args:?}");
    }
    for wrong in [
        &["stats", "--by", "minute", "--since", "3d"] as &[&str],
        &["stats", "--by", "day", "--name", "no name"],
        &["stats", "--since", "0s"],
        &["stats", "--since", "3y"],
    ] {
        let own = place.json_error(wrong);
        let remote = place.json_error(&served.remotely(wrong));
        assert_eq!((own.0, remote.0), (USAGE, USAGE), "{wrong:?}");
        assert_eq!(own.1["cause"], remote.1["cause"], "{wrong:?}");
    }
    // A server takes whole seconds.
    let stats = served.json(&["stats", "--since", "90500ms"]);
    assert_eq!(stats["window"], 91.0);
}
