use super::place::{CONFLICT, Place, USAGE};

#[test]
fn a_bench_measures_everything_and_drops_its_tables() {
    let place = Place::new();
    place.submit("stays");
    let report = place.json(&["bench", "--tasks", "1000"]);
    assert_eq!(report["tasks"], 1000);
    let figures = report["figures"].as_array().unwrap();
    let ids: Vec<&str> = figures
        .iter()
        .map(|figure| figure["id"].as_str().unwrap())
        .collect();
    for id in [
        "submit_one",
        "submit_at_once",
        "submit_bulk",
        "submit_bulk_without_dedup",
        "drain",
    ] {
        assert!(ids.contains(&id), "{id} in {ids:?}");
    }
    for id in [
        "pick_up_p50",
        "pick_up_p99",
        "pick_up_process_p50",
        "submit_and_run",
        "load_50_p99",
        "drain_100_names",
        "drain_4_processes",
        "idle_cpu",
        "list_all_p95",
        "count_failed_p95",
        "get_p95",
        "stats_p95",
    ] {
        assert!(ids.contains(&id), "{id} in {ids:?}");
    }
    assert!(
        figures
            .iter()
            .all(|figure| figure["value"].as_f64().unwrap() >= 0.0)
    );
    let scratch = place.json(&["migrate", "status", "--table-prefix", "dutiful_bench_"]);
    assert_eq!(scratch["found"], 0);
    assert_eq!(place.json(&["list"])["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn a_bench_refuses_tables_that_are_there() {
    let place = Place::empty();
    place
        .run(&["migrate", "up", "--table-prefix", "dutiful_bench_"])
        .assert()
        .success();
    let (code, said) = place.error(&["bench", "--tasks", "1000"]);
    assert_eq!(code, CONFLICT);
    assert!(said.contains("migrate down --to 0"), "{said}");
    assert_eq!(place.error(&["bench", "--tasks", "1"]).0, USAGE);
}

#[test]
fn a_bench_measures_only_what_is_asked_for_and_leaves_tables_that_are_to_stay() {
    let place = Place::empty();
    let prefix = ["--table-prefix", "dutiful_bench_"];
    let (code, said) = place.error(&["bench", "--on-existing", "--only", "drain"]);
    assert_eq!(code, CONFLICT);
    assert!(said.contains("migrate up"), "{said}");
    place
        .run(&[&["migrate", "up"][..], &prefix].concat())
        .assert()
        .success();
    let bench = [
        "bench",
        "--tasks",
        "1000",
        "--only",
        "drain",
        "--on-existing",
        "--payload-bytes",
        "2000",
    ];
    let report = place.json(&bench);
    let ids: Vec<&str> = report["figures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|figure| figure["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids[0], "drain");
    assert!(ids[1..].iter().all(|id| *id == "peak_memory"), "{ids:?}");
    let tasks = place.json(&[&["list", "--limit", "1"][..], &prefix].concat());
    let payload = tasks["tasks"][0]["task_payload"]["filler"]
        .as_str()
        .unwrap();
    assert_eq!(payload.len(), 2_000);
}

#[test]
fn a_bench_measures_many_names_and_many_processes() {
    let place = Place::empty();
    let report = place.json(&[
        "bench",
        "--tasks",
        "1000",
        "--only",
        "drain-100-names,drain-4-processes",
    ]);
    let figures = report["figures"].as_array().unwrap();
    let figure = |id: &str| figures.iter().find(|figure| figure["id"] == id).unwrap();
    for id in ["drain_100_names", "drain_1_process", "drain_4_processes"] {
        assert_eq!(figure(id)["unit"], "tasks/s");
        assert_eq!(figure(id)["over"], 1000);
        assert!(figure(id)["value"].as_f64().unwrap() > 0.0);
    }
    assert!(figure("worker_memory")["value"].as_f64().unwrap() > 1.0);
}

#[test]
fn a_bench_of_a_database_in_memory_leaves_processes_out() {
    let place = Place::empty();
    let report = place.json(&[
        "bench",
        "--database-url",
        "sqlite::memory:",
        "--tasks",
        "1000",
        "--only",
        "drain-100-names,drain-4-processes,idle-cpu",
    ]);
    let figures = report["figures"].as_array().unwrap();
    let ids = figures.iter().map(|figure| figure["id"].as_str().unwrap());
    let ids: Vec<&str> = ids.filter(|id| *id != "peak_memory").collect();
    assert_eq!(ids, ["drain_100_names"]);
}

/// The worker of a bench is told to end by the end of its stdin, which comes with the death of the bench too.
#[test]
fn a_worker_of_a_bench_ends_with_its_stdin() {
    let place = Place::empty();
    place
        .run(&["migrate", "up", "--table-prefix", "dutiful_bench_"])
        .assert()
        .success();
    let output = place
        .run(&["bench-worker", "--names", "hundred"])
        .write_stdin("\n")
        .assert()
        .success()
        .get_output()
        .clone();
    let lines = String::from_utf8(output.stdout).unwrap();
    // One when it is ready, one for the line that was asked.
    assert_eq!(lines.lines().count(), 2, "{lines}");
    let told: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(told["succeeded"], 0);
}
