use super::place::{Place, SCHEMA, USAGE, text};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longest wait for a line.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `dutiful tail`.
struct Tail {
    child: Child,
    lines: Receiver<String>,
}

impl Tail {
    /// Starts it, and waits until it has had its first look.
    fn start(place: &Place, args: &[&str]) -> Tail {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dutiful"));
        command.args(["tail", "--interval", "100ms"]).args(args);
        command.current_dir(place.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // A test that has ended wants no more.
                let _ = sender.send(line);
            }
        });
        Tail { child, lines }
    }

    fn wait_for_note(&mut self) {
        let mut said = String::new();
        let stderr = self.child.stderr.take().unwrap();
        BufReader::new(stderr).read_line(&mut said).unwrap();
        assert!(said.contains("Ctrl-C"), "{said}");
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }

    /// Ends it by Ctrl-C: its exit code.
    fn end(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", "INT", &id]).status();
        assert!(sent.unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_change_is_one_line_and_ctrl_c_is_a_normal_end() {
    let place = Place::new();
    let old = place.submit("old");
    let mut tail = Tail::start(&place, &[]);
    tail.wait_for_note();
    let new = place.submit("new");
    let line = tail.line();
    assert!(
        line.contains(&format!(" {new}  queued ")) && line.contains("ExampleTask"),
        "{line}"
    );
    place.json(&["cancel", &old]);
    let line = tail.line();
    assert!(line.contains(&format!(" {old}  cancelled")), "{line}");
    assert!(!line.contains('\u{1b}'), "a pipe is no terminal");
    assert_eq!(tail.end(), Some(0));
}

#[test]
fn json_is_one_object_a_line_with_the_state_before() {
    let place = Place::new();
    let tail = Tail::start(&place, &["--json"]);
    // It says nothing when it has looked first: what was there by then is no news.
    let begun = Instant::now();
    let first: Value = loop {
        let id = place.submit(&format!("{:?}", begun.elapsed()));
        if let Ok(line) = tail.lines.recv_timeout(Duration::from_secs(1)) {
            let told: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(told["task"]["id"].to_string(), id);
            break told;
        }
        assert!(begun.elapsed() < PATIENCE);
    };
    assert!(
        first["before"].is_null() && first["seen_at"].is_string(),
        "{first}"
    );
    assert_eq!(first["task"]["state"], "queued");
    let id = first["task"]["id"].to_string();
    place.json(&["cancel", &id]);
    let then: Value = serde_json::from_str(&tail.line()).unwrap();
    assert_eq!(then["before"], "queued");
    assert_eq!(then["task"]["state"], "cancelled");
    assert_eq!(tail.end(), Some(0));
}

#[test]
fn only_what_was_asked_for_is_told() {
    let place = Place::new();
    let mut tail = Tail::start(
        &place,
        &["--state", "cancelled,failed", "--name", "ExampleTask"],
    );
    tail.wait_for_note();
    let id = place.submit("a");
    let other = place.json(&["submit", "Other", "{}", "--allow-unknown"])["id"].to_string();
    place.json(&["cancel", &other]);
    place.json(&["cancel", &id]);
    let line = tail.line();
    assert!(line.contains(&format!(" {id}  cancelled")), "{line}");
    assert!(tail.lines.try_recv().is_err());
}

#[test]
fn a_reader_that_goes_away_ends_it_without_failure() {
    let place = Place::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dutiful"));
    command.args(["tail", "--interval", "100ms"]);
    command.current_dir(place.path());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        place.submit(&format!("{:?}", begun.elapsed()));
        assert!(begun.elapsed() < PATIENCE, "it goes on for nobody");
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn what_cannot_be_followed_is_told_at_once() {
    assert_eq!(Place::empty().error(&["tail"]).0, SCHEMA);
    let place = Place::new();
    for args in [
        ["--interval", "0s"],
        ["--state", "busy"],
        ["--name", "no name"],
    ] {
        let (code, said) = place.error(&[&["tail"], args.as_slice()].concat());
        assert_eq!(code, USAGE, "{args:?}: {said}");
    }
}
