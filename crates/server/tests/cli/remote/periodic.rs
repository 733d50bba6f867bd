//! Periodic tasks on a server, beside those on its database.

use super::served::Served;
use crate::periodic::ROWS;
use crate::place::{CONFLICT, NOT_FOUND, USAGE};
use serde_json::{Value, json};

/// One whose tasks the server knows.
const KNOWN: &str = "
    INSERT INTO dutiful_periodic (name, task_name, task_payload, schedule, missed, missed_window, overlap,
                                  created_at, next_at, paused, fired)
    VALUES ('Known', 'ExampleTask', '{\"count\":1,\"message\":\"a\"}', 'every 60000000', 'latest', 0, 'skip', 1,
            1900000000000000, 0, 0)";

fn served() -> Served {
    let served = Served::start(&[]);
    let database = rusqlite::Connection::open(served.place.path().join("dutiful.db")).unwrap();
    database.execute_batch(ROWS).unwrap();
    database.execute_batch(KNOWN).unwrap();
    served
}

/// Two changes that were made alike differ in these.
fn alike(mut periodic: Value) -> Value {
    for field in ["by", "at"] {
        assert!(periodic["changed"][field].is_string(), "{periodic}");
        periodic["changed"][field] = json!("some");
    }
    periodic
}

#[test]
fn what_is_done_to_a_periodic_task_is_the_same_on_a_server() {
    let served = served();
    let place = &served.place;
    // Each of these does nothing the second time.
    for verb in ["pause", "resume", "reset"] {
        served.same(&["periodic", verb, "Minutely"]);
        served.same_text(&["periodic", verb, "Minutely"]);
        let paused = place.json(&["periodic"])["periodic"][2]["paused"].clone();
        assert_eq!(paused, verb == "pause", "{verb}");
    }
    let report = ["--cron", "0 7 * * *", "--time-zone", "Europe/Berlin"];
    for what in [
        &["Minutely", "--every", "90s"] as &[&str],
        &["Minutely", "--every", "100ms"],
        &["Minutely", "--payload", r#"{"all": [1, null]}"#],
        &["Known", "--payload", r#"{"message": "é", "count": 2}"#],
        &[&["Minutely"], &report[..]].concat(),
        &["Report", "--time-zone", "UTC"],
        &["Report", "--payload", "null"],
    ] {
        let args = [&["periodic", "change"], what].concat();
        let remote = served.json(&args);
        assert_eq!(remote["changed"]["by"], "ops", "{what:?}");
        // The very same asked for again keeps its next tick.
        assert_eq!(alike(remote), alike(place.json(&args)), "{what:?}");
    }
    let text = place.text(&served.remotely(&["periodic", "change", "Minutely", "--every", "2m"]));
    assert!(
        text.contains("every 2m, changed by ops; its next run"),
        "{text}"
    );
    served.same(&["periodic"]);
    served.same_text(&["periodic"]);
    served.same(&["periodic", "reset", "Minutely"]);
    let audit = served.json(&["audit", "--actor", "ops", "--target", "periodic Minutely"]);
    let actions = audit["entries"].as_array().unwrap().iter();
    let actions: Vec<&str> = actions.map(|one| one["action"].as_str().unwrap()).collect();
    for action in ["pause", "resume", "reset", "change"] {
        let action = format!("{action}-periodic");
        assert!(actions.contains(&action.as_str()), "{actions:?}");
    }
}

#[test]
fn a_periodic_task_is_run_by_hand_on_a_server() {
    let served = served();
    let place = &served.place;
    let ran = served.json(&["periodic", "run", "Minutely"]);
    assert_eq!(ran.as_object().unwrap().len(), 1, "{ran}");
    let task = place.json(&["show", &ran["task_id"].to_string()]);
    assert_eq!(task["task"]["task_name"], "Sweep");
    let error = served.same_error(&["periodic", "run", "Minutely"], CONFLICT);
    assert!(
        error["fix"].as_str().unwrap().contains("--anyway"),
        "{error}"
    );
    let again = place.text(&served.remotely(&["periodic", "run", "Minutely", "--anyway"]));
    let newest = place.json(&["list", "--name", "Sweep"])["tasks"][0]["id"].clone();
    assert_eq!(again, format!("task {newest} is submitted\n"));
    assert_ne!(newest, ran["task_id"]);
}

#[test]
fn what_cannot_be_done_to_a_periodic_task_is_told_the_same() {
    let served = served();
    let place = &served.place;
    for verb in ["run", "pause", "resume", "reset"] {
        let error = served.same_error(&["periodic", verb, "minutely"], NOT_FOUND);
        assert_eq!(error["fix"], "did you mean `Minutely`?", "{verb}");
        served.same_error(&["periodic", verb, "no name"], NOT_FOUND);
        served.same_error(&["periodic", verb, ""], NOT_FOUND);
    }
    let change = |what: &[&'static str]| [&["periodic", "change"], what].concat();
    served.same_error(&change(&["Nobody", "--every", "1m"]), NOT_FOUND);
    let payload = r#"{"message": "a", "count": "two"}"#;
    let error = served.same_error(&change(&["Known", "--payload", payload]), USAGE);
    assert!(
        error["cause"].as_str().unwrap().contains("/count"),
        "{error}"
    );
    for wrong in [
        &["Minutely", "--cron", "never"] as &[&str],
        &["Minutely", "--every", "1us"],
        &["Minutely", "--time-zone", "Europe/Berlin"],
        &["Report", "--time-zone", "Nowhere"],
        &["Minutely", "--payload", "{"],
    ] {
        let args = change(wrong);
        let (own, remote) = (
            place.json_error(&args),
            place.json_error(&served.remotely(&args)),
        );
        assert_eq!((own.0, remote.0), (USAGE, USAGE), "{wrong:?}");
        let (own, remote) = (
            own.1["cause"].as_str().unwrap(),
            remote.1["cause"].as_str().unwrap(),
        );
        assert_eq!(own, remote, "{wrong:?}");
    }
    // What a newer program has written.
    for args in [
        &["periodic", "next", "Later"] as &[&str],
        &["periodic", "change", "Later", "--time-zone", "UTC"],
    ] {
        let (own, remote) = (
            place.json_error(args),
            place.json_error(&served.remotely(args)),
        );
        assert_eq!(
            (own.0, remote.0),
            (1, 1),
            "{args:?}: {} {}",
            own.1,
            remote.1
        );
        assert_eq!(
            (&own.1["code"], &own.1["fix"]),
            (&remote.1["code"], &remote.1["fix"])
        );
    }
    let all = place.json(&["periodic"]);
    let all = all["periodic"].as_array().unwrap();
    assert!(
        all.iter()
            .all(|one| one["changed"].is_null() && one["last_task_id"].is_null())
    );
}

#[test]
fn whoever_may_not_changes_no_periodic_task() {
    let served = served();
    let read = served.token("read");
    let before = served.place.json(&["periodic"]);
    for args in [
        &["periodic", "run", "Minutely"] as &[&str],
        &["periodic", "pause", "Minutely"],
        &["periodic", "resume", "Report"],
        &["periodic", "change", "Minutely", "--every", "1h"],
        &["periodic", "reset", "Minutely"],
    ] {
        assert_eq!(served.refused(args, None)["code"], "unauthorized");
        assert_eq!(served.refused(args, Some(&read))["code"], "forbidden");
    }
    assert_eq!(served.place.json(&["periodic"]), before);
}
