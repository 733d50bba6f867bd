use super::place::{Place, USAGE, text};
use std::process::Stdio;

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    for number in 0..50 {
        place.submit(&format!("{number}{}", "x".repeat(2_000)));
    }
    let mut list = std::process::Command::new(env!("CARGO_BIN_EXE_dutiful"));
    list.args(["list", "--json"]).current_dir(place.path());
    let mut child = list
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn colours_appear_only_where_they_are_wanted() {
    let place = Place::new();
    let id = place.submit("a");
    place.json(&["cancel", &id]);
    assert!(
        !place.text(&["list"]).contains('\u{1b}'),
        "a pipe is no terminal"
    );
    let mut forced = place.run(&["list"]);
    let forced = forced
        .env("CLICOLOR_FORCE", "1")
        .assert()
        .success()
        .get_output()
        .clone();
    assert!(text(&forced.stdout).contains("\u{1b}["));
    let mut refused = place.run(&["list"]);
    let refused = refused
        .env("CLICOLOR_FORCE", "0")
        .env("NO_COLOR", "1")
        .assert()
        .success();
    assert!(!text(&refused.get_output().stdout).contains('\u{1b}'));
}

#[test]
fn a_stored_text_cannot_drive_the_terminal() {
    let place = Place::new();
    let payload = r#"{"message": "\u001b[2J\u202eevil", "count": 1}"#;
    place.json(&["submit", "ExampleTask", payload]);
    for args in [["list", "-q"], ["show", "1"]] {
        let shown = place.text(&args);
        assert!(
            !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
            "{shown}"
        );
    }
}

#[test]
fn a_wrong_use_is_told_as_json_if_asked() {
    let place = Place::empty();
    let (code, error) = place.json_error(&["list", "--nmae", "x"]);
    assert_eq!((code, error["code"].as_str().unwrap()), (USAGE, "usage"));
    assert!(error["cause"].as_str().unwrap().contains("--nmae"));
    let (code, said) = place.error(&["lst"]);
    assert_eq!(code, USAGE);
    assert!(said.contains("list"), "{said}");
}

#[test]
fn help_and_version_are_answers() {
    let place = Place::empty();
    assert!(place.text(&["--help"]).contains("Exit codes:"));
    assert!(place.text(&["--version"]).starts_with("dutiful "));
    assert_eq!(place.error(&[]).0, USAGE);
}
