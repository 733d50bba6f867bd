use super::place::{Place, USAGE};
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn the_demo_comes_out_as_expected_in_time_and_leaves_nothing() {
    let place = Place::empty();
    let begun = Instant::now();
    let mut demo = place.run(&["demo", "--json"]);
    let output = demo
        .env("TMPDIR", place.path())
        .assert()
        .success()
        .get_output()
        .clone();
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    assert!(output.stderr.is_empty(), "{output:?}");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["as_expected"], true, "{told:#}");
    let checks = told["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 9, "{told:#}");
    let guides = checks[8]["documents"].as_array().unwrap();
    assert_eq!(guides.len(), 8);
    assert!(
        guides
            .iter()
            .all(|guide| guide["title"].is_string() && guide["pages"] != 0)
    );
    assert_eq!(
        fs::read_dir(place.path()).unwrap().count(),
        0,
        "the folder is removed"
    );
}

#[test]
fn the_demo_reads_documents_of_the_users_own_and_keeps_its_database_if_asked() {
    let place = Place::empty();
    let documents = place.path().join("documents");
    fs::create_dir(&documents).unwrap();
    fs::write(documents.join("good.md"), "# Good\n\nWords.\n").unwrap();
    fs::write(documents.join("bad.pdf"), "%PDF-1.7\nbroken").unwrap();
    let mut demo = place.run(&["demo", "--keep", "--documents", "documents"]);
    let output = demo
        .env("TMPDIR", place.path())
        .assert()
        .success()
        .get_output()
        .clone();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        told.contains("good.md") && told.contains("invalid"),
        "{told}"
    );
    let said = String::from_utf8(output.stderr).unwrap();
    let url = said
        .lines()
        .find_map(|line| line.strip_prefix("kept: "))
        .unwrap();
    let listed = place.json(&["list", "--database-url", url]);
    assert!(!listed["tasks"].as_array().unwrap().is_empty());
}

#[test]
fn a_folder_without_documents_is_a_wrong_use() {
    let place = Place::empty();
    let (code, said) = place.error(&["demo", "--documents", "missing"]);
    assert_eq!(code, USAGE);
    assert!(said.contains("missing"), "{said}");
}
