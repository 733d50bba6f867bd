//! `dutiful move`: a queue goes to another database.

use crate::place::{CONFLICT, Place, SCHEMA, USAGE};
use serde_json::json;

const NEW: &str = "sqlite:new.db";

#[test]
fn a_queue_moves_and_the_old_place_names_the_new_one() {
    let place = Place::new();
    let id = place.submit("hello");
    let outlook = place.json(&["move", NEW, "--dry-run"]);
    assert_eq!(outlook["tables"][0], json!({ "table": "tasks", "rows": 1 }));
    assert_eq!(
        (&outlook["makes_tables"], &outlook["resumes"]),
        (&json!(true), &json!(false))
    );
    let nothing = place.json(&["move", "--status"]);
    assert_eq!(nothing["move"], json!(null), "looking changes nothing");
    let report = place.json(&["move", NEW, "--yes"]);
    assert_eq!(report["tables"][0]["table"], "tasks");
    assert_eq!(report["tables"][0]["rows"], 1);
    assert!(report["cut_over"].as_f64().unwrap() < report["took"].as_f64().unwrap());
    let (code, error) = place.json_error(&["show", &id]);
    assert_eq!((code, &error["code"]), (SCHEMA, &json!("moved")));
    assert!(
        error["cause"].as_str().unwrap().contains("new.db"),
        "{error}"
    );
    let task = place.json(&["show", &id, "--database-url", NEW]);
    assert_eq!(task["task"]["task_payload"]["message"], "hello");
    for (url, is_target) in [("sqlite:dutiful.db", false), (NEW, true)] {
        let status = &place.json(&["move", "--status", url])["move"];
        assert_eq!(
            (&status["stage"], &status["is_target"]),
            (&json!("moved"), &json!(is_target))
        );
    }
    let (code, _) = place.error(&["worker"]);
    assert_eq!(code, SCHEMA, "a worker does not start at the old place");
    let again = place.json(&["move", NEW, "--yes"]);
    assert_eq!(again["tables"], json!([]), "once more it changes nothing");
    place.json(&["move", "--remove-old", "--yes"]);
    let (_, error) = place.json_error(&["show", &id]);
    assert_eq!(error["code"], "schema");
}

#[test]
fn the_new_place_stands_in_a_file_or_in_a_variable() {
    let place = Place::new();
    place.submit("hello");
    let refused = place.error(&["move", "--dry-run"]);
    assert_eq!(refused.0, USAGE);
    assert!(refused.1.contains("DUTIFUL_MOVE_TO_URL"), "{}", refused.1);
    std::fs::write(place.path().join("new.url"), "sqlite:new.db\n").unwrap();
    let mut by_variable = place.run(&["move", "--dry-run", "--json"]);
    by_variable.env("DUTIFUL_MOVE_TO_URL", "sqlite:other.db");
    let said = by_variable.assert().success().get_output().stdout.clone();
    assert!(String::from_utf8_lossy(&said).contains("other.db"));
    let both = ["move", NEW, "--to-file", "new.url", "--dry-run"];
    assert_eq!(place.error(&both).0, USAGE);
    let missing = ["move", "--to-file", "none.url", "--dry-run"];
    assert_eq!(place.error(&missing).0, USAGE);
    let moved = place.text(&["move", "--to-file", "new.url", "--yes"]);
    assert!(
        moved.contains("every row was read from both places"),
        "{moved}"
    );
    assert_eq!(
        place.json(&["list", "--database-url", NEW])["tasks"][0]["id"],
        1
    );
}

#[test]
fn nothing_moves_unasked_or_to_where_somebody_is() {
    let place = Place::new();
    place.submit("hello");
    // Nobody is here to be asked.
    assert_eq!(place.error(&["move", NEW]).0, USAGE);
    assert_eq!(
        place.error(&["move", "sqlite:dutiful.db", "--yes"]).0,
        USAGE
    );
    assert_eq!(place.error(&["move", "--abort"]).0, CONFLICT);
    assert_eq!(place.error(&["move", "--remove-old", "--yes"]).0, CONFLICT);
    place.json(&["migrate", "up", "--database-url", NEW]);
    let payload = r#"{"message": "mine", "count": 1}"#;
    place.json(&["submit", "ExampleTask", payload, "--database-url", NEW]);
    let (code, error) = place.json_error(&["move", NEW, "--yes"]);
    assert_eq!((code, &error["code"]), (CONFLICT, &json!("conflict")));
    assert!(
        error["cause"]
            .as_str()
            .unwrap()
            .contains("table tasks has 1 rows"),
        "{error}"
    );
    place.submit("goes on");
    // A move that did not begin anywhere leaves the way free for another.
    let report = place.json(&["move", "sqlite:third.db", "--to-prefix", "jobs_", "--yes"]);
    assert_eq!(report["tables"][0]["rows"], 2);
    let there = [
        "list",
        "--database-url",
        "sqlite:third.db",
        "--table-prefix",
        "jobs_",
    ];
    assert_eq!(place.json(&there)["tasks"].as_array().unwrap().len(), 2);
}
