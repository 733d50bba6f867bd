use super::place::{DOCTOR, Place, USAGE};
use serde_json::Value;

/// The result of each check.
fn results(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let checks = report["checks"].as_array().unwrap().iter();
    checks
        .map(|one| (text(&one["check"]), text(&one["result"])))
        .collect()
}

fn result(report: &Value, check: &str) -> String {
    let all = results(report);
    let found = all.into_iter().find(|(name, _)| name == check);
    found.unwrap().1
}

/// What it prints when something is bad.
fn bad(place: &Place, args: &[&str]) -> Value {
    let mut command = place.run(&[&["doctor", "--json"], args].concat());
    let output = command.assert().code(DOCTOR).get_output().clone();
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "doctor");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["ok"], false);
    for one in report["checks"].as_array().unwrap() {
        let wants_fix = one["result"] == "warn" || one["result"] == "bad";
        assert_eq!(one["fix"].is_string(), wants_fix, "{one}");
    }
    report
}

#[test]
fn an_empty_database_is_well_but_for_its_workers() {
    let place = Place::new();
    let report = place.json(&["doctor"]);
    assert_eq!(report["ok"], true);
    assert_eq!(report["database"], "sqlite:dutiful.db");
    let all = results(&report);
    assert_eq!(all.len(), 15, "{report:#}");
    for (check, result) in all {
        let wanted = if check == "workers" { "warn" } else { "ok" };
        assert_eq!(result, wanted, "{check}: {report:#}");
    }
    let text = place.text(&["doctor"]);
    assert!(text.contains("none is alive"), "{text}");
}

#[test]
fn missing_tables_are_bad_and_what_needs_them_is_skipped() {
    let report = bad(&Place::empty(), &[]);
    assert_eq!(result(&report, "database"), "ok");
    assert_eq!(result(&report, "schema"), "bad");
    assert_eq!(result(&report, "leases"), "skipped");
    let schema = &report["checks"][3];
    assert!(
        schema["fix"]
            .as_str()
            .unwrap()
            .contains("dutiful migrate up"),
        "{schema}"
    );
}

#[test]
fn due_tasks_that_nobody_runs_are_bad() {
    let place = Place::new();
    place.submit("a");
    let report = bad(&place, &[]);
    assert_eq!(result(&report, "task_names"), "bad");
    assert_eq!(result(&report, "oldest_due"), "ok");
    let (code, said) = place.error(&["doctor"]);
    assert_eq!(code, DOCTOR);
    assert!(said.contains("error[doctor]: bad: task_names"), "{said}");
}

#[test]
fn quarantine_and_leases_that_ran_out_are_told() {
    let place = Place::new();
    place.submit("a");
    place.submit("b");
    let database = rusqlite::Connection::open(place.path().join("dutiful.db")).unwrap();
    let changes =
        "UPDATE dutiful_tasks SET worker = 'gone', due_at = due_at - 7200000000 WHERE id = 1;
         UPDATE dutiful_tasks SET status = 'error', error_kind = 'lease_lost', due_at = NULL,
                finished_at = created_at WHERE id = 2;";
    database.execute_batch(changes).unwrap();
    let report = bad(&place, &[]);
    assert_eq!(result(&report, "leases"), "warn");
    assert_eq!(result(&report, "quarantined"), "warn");
    assert_eq!(result(&report, "oldest_due"), "bad");
}

#[test]
fn a_database_that_is_not_reached_is_bad_and_a_wrong_url_is_a_wrong_use() {
    let place = Place::empty();
    let url = "mysql://app:hunter2@127.0.0.1:1/app";
    let report = bad(&place, &["--database-url", url]);
    assert!(!report.to_string().contains("hunter2"), "{report:#}");
    assert_eq!(result(&report, "database"), "bad");
    assert_eq!(result(&report, "server"), "skipped");
    assert!(report["database"].is_null());
    assert_eq!(
        place.error(&["doctor", "--database-url", "redis://x"]).0,
        USAGE
    );
}
