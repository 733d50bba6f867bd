use super::place::{CONFLICT, Place, USAGE};

#[test]
fn a_bench_measures_everything_and_drops_its_tables() {
    let place = Place::new();
    place.submit("stays");
    let report = place.json(&["bench", "--tasks", "1000"]);
    assert_eq!(report["tasks"], 1000);
    let figures = report["figures"].as_array().unwrap();
    assert_eq!(figures.len(), 6, "{report:#}");
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
