use super::place::{CONFLICT, NOT_FOUND, Place, USAGE};

/// Two schedules, as workers store them.
pub(crate) const ROWS: &str = "
    INSERT INTO dutiful_periodic (name, task_name, task_payload, schedule, missed, missed_window, overlap,
                                  created_at, next_at, paused, fired)
    VALUES ('Minutely', 'Sweep', '{}', 'every 60000000', 'latest', 0, 'skip', 1, 1900000000000000, 0, 1200),
           ('Report', 'DailyReport', '{}', 'cron Europe/Berlin 0 9 * * MON-FRI', 'latest', 0, 'skip', 1,
            NULL, 1, 0),
           ('Later', 'Sweep', '{}', 'a schedule of the future', 'latest', 0, 'skip', 1, NULL, 0, 0)";

fn place() -> Place {
    let place = Place::new();
    let database = rusqlite::Connection::open(place.path().join("dutiful.db")).unwrap();
    database.execute_batch(ROWS).unwrap();
    place
}

#[test]
fn where_nothing_is_periodic_the_list_is_empty() {
    let place = Place::new();
    assert!(
        place.json(&["periodic"])["periodic"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let (code, error) = place.json_error(&["periodic", "next", "Report"]);
    assert_eq!(
        (code, error["code"].as_str().unwrap()),
        (NOT_FOUND, "not_found")
    );
}

#[test]
fn periodic_tasks_are_listed_with_their_schedules() {
    let place = place();
    let listed = place.json(&["periodic", "list"]);
    let names: Vec<&str> = listed["periodic"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Later", "Minutely", "Report"]);
    let minutely = &listed["periodic"][1];
    assert_eq!(minutely["task_name"], "Sweep");
    assert_eq!(minutely["schedule"], "every 60000000");
    assert_eq!(minutely["next_at"], "2030-03-17T17:46:40.000000Z");
    assert_eq!(minutely["fired"], 1_200);
    assert_eq!(listed["periodic"][2]["paused"], true);
    let text = place.text(&["periodic"]);
    let row = |name: &str| text.lines().find(|row| row.starts_with(name)).unwrap();
    assert!(
        row("Minutely").contains("every 1m") && row("Minutely").contains("1,200"),
        "{text}"
    );
    let report = row("Report");
    assert!(
        report.contains("0 9 * * MON-FRI") && report.contains("Europe/Berlin"),
        "{text}"
    );
    assert!(report.contains("paused"), "{text}");
}

#[test]
fn the_next_runs_are_reckoned_from_the_schedule() {
    let place = place();
    let next = place.json(&["periodic", "next", "Minutely", "--count", "3"]);
    let times = next["next"].as_array().unwrap();
    assert_eq!(times.len(), 3);
    assert!(
        times
            .iter()
            .all(|at| at.as_str().unwrap().ends_with(":00.000000Z")),
        "{next}"
    );
    assert_eq!(
        place.text(&["periodic", "next", "Report"]).lines().count(),
        5
    );
    let paused = place.run(&["periodic", "next", "Report"]);
    let paused = { paused }.assert().success().get_output().clone();
    assert!(String::from_utf8(paused.stderr).unwrap().contains("paused"));
}

#[test]
fn a_name_or_schedule_that_means_nothing_is_told() {
    let place = place();
    let (code, said) = place.error(&["periodic", "next", "report"]);
    assert_eq!(code, NOT_FOUND);
    assert!(said.contains("did you mean `Report`?"), "{said}");
    let (code, error) = place.json_error(&["periodic", "next", "Later"]);
    assert_eq!((code, error["code"].as_str().unwrap()), (1, "decode"));
    let count = ["periodic", "next", "Report", "--count", "0"];
    assert_eq!(place.error(&count).0, USAGE);
}

#[test]
fn a_periodic_task_is_paused_resumed_changed_and_reset() {
    let place = place();
    assert_eq!(
        place.json(&["periodic", "pause", "Minutely"])["paused"],
        true
    );
    let said = place.text(&["periodic", "pause", "Minutely"]);
    assert_eq!(said, "Minutely: every 1m; it is paused\n");
    assert_eq!(
        place.json(&["periodic", "resume", "Minutely"])["paused"],
        false
    );
    let change = [
        "periodic",
        "change",
        "Minutely",
        "--cron",
        "0 9 * * *",
        "--time-zone",
        "Europe/Berlin",
    ];
    let changed = place.json(&change);
    assert_eq!(changed["schedule"], "cron Europe/Berlin 0 9 * * *");
    assert_eq!(changed["changed"]["program_schedule"], "every 60000000");
    let listed = place.text(&["periodic"]);
    let row = listed
        .lines()
        .find(|row| row.starts_with("Minutely"))
        .unwrap();
    assert!(row.contains("command line"), "{listed}");
    let payload = [
        "periodic",
        "change",
        "Minutely",
        "--payload",
        "{\"all\": true}",
    ];
    assert_eq!(place.json(&payload)["task_payload"]["all"], true);
    let reset = place.json(&["periodic", "reset", "Minutely"]);
    assert_eq!(reset["schedule"], "every 60000000");
    assert!(reset["changed"].is_null() && reset["task_payload"] == serde_json::json!({}));
}

#[test]
fn a_periodic_task_is_run_by_hand() {
    let place = place();
    let ran = place.json(&["periodic", "run", "Minutely"]);
    let task = place.json(&["show", &ran["task_id"].to_string()]);
    assert_eq!(task["task"]["task_name"], "Sweep");
    let (code, said) = place.error(&["periodic", "run", "Minutely"]);
    assert_eq!(code, CONFLICT);
    assert!(said.contains("--anyway"), "{said}");
    place
        .run(&["periodic", "run", "Minutely", "--anyway"])
        .assert()
        .success();
}

#[test]
fn what_cannot_be_done_to_a_periodic_task_is_told() {
    let place = place();
    for verb in ["run", "pause", "resume", "reset"] {
        let (code, said) = place.error(&["periodic", verb, "minutely"]);
        assert_eq!(code, NOT_FOUND, "{verb}");
        assert!(said.contains("did you mean `Minutely`?"), "{said}");
    }
    assert_eq!(place.error(&["periodic", "change", "Minutely"]).0, USAGE);
    for wrong in [
        ["--cron", "never"],
        ["--every", "1us"],
        ["--time-zone", "Europe/Berlin"],
    ] {
        let args = [&["periodic", "change", "Minutely"], &wrong[..]].concat();
        assert_eq!(place.error(&args).0, USAGE, "{wrong:?}");
    }
    assert!(place.json(&["periodic"])["periodic"][1]["changed"].is_null());
}
