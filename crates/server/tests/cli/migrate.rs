use super::place::{Place, SCHEMA, USAGE};

#[test]
fn tables_go_up_and_down_and_up_again() {
    let place = Place::empty();
    assert_eq!(place.json(&["migrate", "status"])["current"], false);
    assert!(
        !place.json(&["migrate", "up"])["applied"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert!(
        place.json(&["migrate", "up"])["applied"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let status = place.json(&["migrate", "status"]);
    assert_eq!(status["current"], true);
    assert_eq!(status["migrations"][0]["state"], "applied");
    assert!(
        !place.json(&["migrate", "down", "--to", "0"])["rolled_back"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert_eq!(place.json(&["migrate", "status"])["found"], 0);
    place.run(&["migrate", "up"]).assert().success();
    place.submit("a");
}

#[test]
fn going_down_has_to_say_how_far() {
    let place = Place::new();
    assert_eq!(place.error(&["migrate", "down"]).0, USAGE);
    assert_eq!(place.error(&["migrate", "down", "--to", "99"]).0, USAGE);
}

#[test]
fn the_sql_is_printed_for_every_engine_without_a_database() {
    let place = Place::empty();
    for engine in ["sqlite", "mysql", "postgres"] {
        let up = place.text(&[
            "migrate",
            "sql",
            "--engine",
            engine,
            "--table-prefix",
            "jobs_",
        ]);
        assert!(up.contains("CREATE TABLE IF NOT EXISTS jobs_tasks"), "{up}");
        let down = place.text(&["migrate", "sql", "--engine", engine, "--down"]);
        assert!(down.contains("DROP TABLE"), "{down}");
    }
    let own = place.json(&[
        "migrate",
        "sql",
        "--database-url",
        "postgres://nobody@nowhere/none",
    ]);
    assert!(own["sql"].as_str().unwrap().contains("timestamptz"));
    assert_eq!(
        std::fs::read_dir(place.path()).unwrap().count(),
        0,
        "nothing was connected to"
    );
    assert_eq!(
        place.error(&["migrate", "sql", "--engine", "oracle"]).0,
        USAGE
    );
}

#[test]
fn commands_on_missing_tables_name_the_command_that_makes_them() {
    let place = Place::empty();
    let payload = r#"{"message": "x", "count": 1}"#;
    let commands: [&[&str]; 6] = [
        &["list"],
        &["show", "1"],
        &["stats"],
        &["cancel", "1"],
        &["submit", "ExampleTask", payload],
        &["worker"],
    ];
    for args in commands {
        let (code, said) = place.error(args);
        assert_eq!(code, SCHEMA, "{args:?}: {said}");
        assert!(said.contains("dutiful migrate up"), "{args:?}: {said}");
    }
}

#[test]
fn a_queue_is_adopted_on_mysql_and_mariadb_only() {
    let place = Place::new();
    let (code, error) = place.json_error(&["migrate", "adopt", "--from", "ai_server_tasks"]);
    assert_eq!(
        (code, &error["code"]),
        (USAGE, &serde_json::json!("config"))
    );
    let cause = error["cause"].as_str().unwrap();
    assert!(cause.contains("MySQL and MariaDB only"), "{cause}");
}

#[test]
fn adopting_needs_a_table_and_understands_its_options() {
    let place = Place::new();
    for wrong in [
        &["migrate", "adopt"][..],
        &["migrate", "adopt", "--from", "x", "--map-name", "a"],
        &["migrate", "adopt", "--from", "x", "--dedup", "never"],
        &["migrate", "adopt", "--from", "x", "--batch", "many"],
    ] {
        assert_eq!(place.error(wrong).0, USAGE, "{wrong:?}");
    }
}
