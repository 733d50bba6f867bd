//! Documents are read in children of the worker: what becomes of them, and that it goes on.
#![cfg(target_os = "linux")]

use super::place::{Background, Place};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);

/// A document that takes seconds, and a small one.
fn place() -> Place {
    let place = Place::new();
    let row = "<tr><td>one</td><td><b>two</b></td><td>three</td></tr>";
    let long = format!("<html><table>{}</table>", row.repeat(60_000));
    std::fs::write(place.path().join("long.html"), long).unwrap();
    std::fs::write(place.path().join("small.md"), "# Title\n\nText.\n").unwrap();
    place
}

fn submit(place: &Place, path: &str) -> String {
    let payload = format!(r#"{{"path": "{path}"}}"#);
    let options = [
        "submit",
        "TranscribeDocument",
        &payload,
        "--max-retries",
        "1",
    ];
    place.json(&options)["id"].to_string()
}

fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < SOON, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The child that reads, which has its limits.
fn reader(worker: &Background) -> u32 {
    wait_until("a reader", || {
        let mut processes = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let name = entry.ok()?.file_name();
            name.to_str()?.parse::<u32>().ok()
        });
        processes.find(|process| {
            let limits = std::fs::read_to_string(format!("/proc/{process}/limits"));
            parent(*process) == Some(worker.id())
                && limits.is_ok_and(|limits| limits.contains("2147483648"))
        })
    })
}

fn parent(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    let is_zombie = words.next()? == "Z";
    words.next()?.parse().ok().filter(|_| !is_zombie)
}

fn signal(process: u32, name: &str) {
    let sent = std::process::Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_reader_that_dies_ends_its_own_task_and_the_worker_goes_on() {
    let place = place();
    let mut worker = place.worker(&[]);
    for (name, state, code) in [
        ("ABRT", "invalid", "reader_crashed: "),
        ("XCPU", "invalid", "cpu_limit: "),
        ("KILL", "failed", "reader_killed: "),
    ] {
        let id = submit(&place, "long.html");
        signal(reader(&worker), name);
        let task = wait_until("an end", || {
            let task = place.json(&["show", &id])["task"].clone();
            task["finished_at"].is_string().then_some(task)
        });
        assert_eq!(task["state"], state, "{}", task["error_message"]);
        let message = task["error_message"].as_str().unwrap();
        assert!(message.starts_with(code), "{message}");
        assert_eq!(task["crashes"], 0);
    }
    assert!(worker.is_alive());
    worker.signal("TERM");
    let (code, log) = worker.end();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn a_reader_that_hangs_holds_up_no_other_task_and_dies_with_its_worker() {
    let place = place();
    let worker = place.worker(&[]);
    submit(&place, "long.html");
    let reader = reader(&worker);
    signal(reader, "STOP");
    // On one processor documents are read one after another.
    if std::thread::available_parallelism().unwrap().get() > 1 {
        let payload = r#"{"path": "small.md"}"#;
        let done = place.json(&["submit", "TranscribeDocument", payload, "--wait", "50s"]);
        assert_eq!(done["task"]["result_data"]["title"], "Title");
    }
    let payload = r#"{"message": "ab", "count": 2}"#;
    let done = place.json(&["submit", "ExampleTask", payload, "--wait", "50s"]);
    assert_eq!(done["task"]["result_data"]["output"], "abab");
    worker.signal("KILL");
    worker.end();
    wait_until("its end", || parent(reader).is_none().then_some(()));
}
