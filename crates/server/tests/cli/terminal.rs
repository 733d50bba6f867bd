//! What a person sees and types at a terminal. Each runs on a terminal of its own, made by the system.

use super::place::{NOT_FOUND, Place};
use super::remote::bulk::submit_many;
use super::remote::served::Served;
use nix::pty::{Winsize, openpty};
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use unicode_width::UnicodeWidthStr;

const LONG: Duration = Duration::from_secs(60);
const INTERRUPTED: i32 = 130;

/// A command at a terminal.
struct Terminal {
    child: Child,
    keys: File,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Runs it on a terminal of so many columns, which Ctrl-C reaches it by.
    fn run(place: &Place, columns: u16, args: &[&str], variables: &[(&str, &str)]) -> Terminal {
        let size = Winsize {
            ws_row: 50,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = openpty(&size, None).unwrap();
        let end = || Stdio::from(pair.slave.try_clone().unwrap());
        // It gives the command a session of its own with this terminal, as a shell's window does.
        let mut command = Command::new("setsid");
        command
            .arg("--ctty")
            .arg(env!("CARGO_BIN_EXE_dutiful"))
            .args(args);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("DUTIFUL_") || name.contains("COLOR") {
                command.env_remove(name);
            }
        }
        command
            .env("TERM", "xterm-256color")
            .envs(variables.iter().copied());
        command.current_dir(place.path());
        command.stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();
        // Else the reader would wait for a writer that is ourselves.
        drop(command);
        drop(pair.slave);
        let mut master = File::from(pair.master);
        let keys = master.try_clone().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let screen = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The system says "input/output error" when the last writer is gone.
            while let Ok(read @ 1..) = master.read(&mut bytes) {
                screen.lock().unwrap().extend_from_slice(&bytes[..read]);
            }
        });
        Terminal { child, keys, shown }
    }

    /// Everything that was written to it, the codes with it.
    fn written(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    fn wait_for(&self, text: &str) {
        let began = Instant::now();
        while !self.written().contains(text) {
            assert!(began.elapsed() < LONG, "no `{text}`: {}", self.written());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn type_keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for its end: its exit code, and all that was written.
    fn end(mut self) -> (Option<i32>, String) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                began.elapsed() < LONG,
                "it does not end: {}",
                self.written()
            );
            std::thread::sleep(Duration::from_millis(10));
        };
        // The rest is on its way.
        std::thread::sleep(Duration::from_millis(200));
        (status.code(), self.written())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is left on the screen: the few codes that are used are followed, colours passed over.
fn screen(written: &str) -> Vec<String> {
    let mut lines: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut rest = written.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                if rest.next() != Some('[') {
                    continue;
                }
                let mut number = String::new();
                let code = loop {
                    match rest.next() {
                        Some(c) if c.is_ascii_alphabetic() => break c,
                        Some(c) => number.push(c),
                        None => return lines.into_iter().map(String::from_iter).collect(),
                    }
                };
                let by = number.parse().unwrap_or(1);
                match (code, number.as_str()) {
                    ('A', _) => row = row.saturating_sub(by),
                    ('B', _) => row += by,
                    ('K', "2") => lines[row].clear(),
                    ('K', _) => lines[row].truncate(column),
                    ('J', _) => {
                        lines.truncate(row + 1);
                        lines[row].truncate(column);
                    }
                    ('G', _) => column = by.saturating_sub(1),
                    _ => {}
                }
            }
            c => {
                if lines[row].len() <= column {
                    lines[row].resize(column + 1, ' ');
                }
                lines[row][column] = c;
                column += 1;
            }
        }
        while lines.len() <= row {
            lines.push(Vec::new());
        }
    }
    lines.into_iter().map(String::from_iter).collect()
}

fn full_place() -> Place {
    let place = Place::new();
    for number in 0..5 {
        place.submit(&format!("{number} 日本語 📋 {}", "long words ".repeat(30)));
    }
    place.json(&["cancel", "1"]);
    place
}

#[test]
fn tables_fit_terminals_of_any_width() {
    let place = full_place();
    for columns in [80, 200] {
        for args in [
            ["list", "-q"],
            ["stats", "-q"],
            ["types", "-q"],
            ["workers", "-q"],
        ] {
            let (code, written) = Terminal::run(&place, columns, &args, &[]).end();
            assert_eq!(code, Some(0), "{written}");
            let lines = screen(&written);
            for line in &lines {
                assert!(
                    line.width() <= columns.into(),
                    "{args:?} at {columns}: {line}"
                );
            }
            if args[0] == "list" {
                assert_eq!(
                    lines
                        .iter()
                        .filter(|line| line.contains("ExampleTask"))
                        .count(),
                    5
                );
                assert!(lines.iter().any(|line| line.ends_with('…')), "{lines:?}");
                let widest = lines.iter().map(|line| line.width()).max().unwrap();
                assert!(
                    widest > usize::from(columns) - 10,
                    "it uses {widest} of {columns}"
                );
            }
        }
    }
}

#[test]
fn colours_are_for_terminals_and_not_where_no_color_is_set() {
    let place = full_place();
    let (_, written) = Terminal::run(&place, 80, &["list"], &[]).end();
    assert!(written.contains("\u{1b}["), "{written}");
    let plain = [("NO_COLOR", "1")];
    for args in [
        &["list"] as &[&str],
        &["show", "1"],
        &["show", "77"],
        &["--help"],
        &["stats"],
    ] {
        let (_, written) = Terminal::run(&place, 80, args, &plain).end();
        assert!(!written.contains('\u{1b}'), "{args:?}: {written}");
    }
    let (_, json) = Terminal::run(&place, 80, &["list", "--json"], &[]).end();
    assert!(!json.contains('\u{1b}'), "JSON is for programs");
}

#[test]
fn a_progress_bar_is_shown_and_cleaned_up() {
    let place = Place::new();
    let args = [
        "bench",
        "--tasks",
        "2000",
        "--only",
        "submit-one,submit-bulk",
    ];
    let (code, written) = Terminal::run(&place, 100, &args, &[]).end();
    assert_eq!(code, Some(0), "{written}");
    assert!(
        written.contains("[==") || written.contains("[>"),
        "no bar: {written}"
    );
    for line in screen(&written) {
        assert!(
            !line.contains("[=") && !line.contains("[>"),
            "it is still there: {line}"
        );
        assert!(line.width() <= 100, "{line}");
    }
    // Nobody asked for it, or nobody is there to see it.
    for quiet in ["-q", "--json"] {
        let args = [&args[..], &[quiet]].concat();
        let (_, written) = Terminal::run(&place, 100, &args, &[]).end();
        assert!(
            !written.contains("[=") && !written.contains("[>"),
            "{quiet}: {written}"
        );
    }
    let output = place.run(&args).assert().success().get_output().clone();
    assert!(!output.stderr.contains(&0x1b) && !output.stdout.contains(&0x1b));
}

#[test]
fn ctrl_c_is_the_normal_end_of_a_worker_a_tail_and_a_server() {
    let place = Place::new();
    for (args, begun) in [
        (&["worker", "--only", "ExampleTask"] as &[&str], "Started"),
        (&["tail"], "Ctrl-C"),
        (&["serve", "--listen", "127.0.0.1:0"], "Serving on"),
    ] {
        let mut terminal = Terminal::run(&place, 80, args, &[]);
        terminal.wait_for(begun);
        terminal.type_keys("\u{3}");
        let (code, written) = terminal.end();
        assert_eq!(code, Some(0), "{args:?}: {written}");
    }
}

#[test]
fn ctrl_c_stops_what_is_not_done() {
    let place = Place::new();
    place.submit("never run");
    let args = [
        "submit",
        "ExampleTask",
        r#"{"message": "x", "count": 1}"#,
        "--wait",
        "60s",
    ];
    let mut terminal = Terminal::run(&place, 80, &args, &[]);
    terminal.wait_for("task 2 created");
    terminal.type_keys("\u{3}");
    assert_eq!(terminal.end().0, Some(INTERRUPTED));
}

#[test]
fn what_cannot_be_undone_is_asked_for() {
    let place = Place::new();
    let id = place.submit("a");
    place.json(&["cancel", &id]);
    for keys in ["\u{3}", "n\n", "\n"] {
        let mut terminal = Terminal::run(&place, 80, &["delete", &id], &[]);
        terminal.wait_for("[y/N] ");
        terminal.type_keys(keys);
        let (code, written) = terminal.end();
        assert_eq!(code, Some(INTERRUPTED), "{keys:?}: {written}");
        place.json(&["show", &id]);
    }
    let mut terminal = Terminal::run(&place, 80, &["delete", &id], &[]);
    terminal.wait_for("[y/N] ");
    terminal.type_keys("y\n");
    let (code, written) = terminal.end();
    assert_eq!(code, Some(0), "{written}");
    assert_eq!(place.json_error(&["show", &id]).0, NOT_FOUND);
}

#[test]
fn a_server_is_asked_for_much_only_after_the_person() {
    let served = Served::start(&[]);
    submit_many(&served.place, "Left", 3_000);
    let args = served.remotely(&["cancel", "--name", "Left"]);
    let ask = |keys: &str| {
        let mut terminal = Terminal::run(&served.place, 100, &args, &[]);
        terminal.wait_for("cancel 3,000 tasks? [y/N] ");
        terminal.type_keys(keys);
        terminal.end()
    };
    for keys in ["\u{3}", "n\n"] {
        let (code, written) = ask(keys);
        assert_eq!(code, Some(INTERRUPTED), "{keys:?}: {written}");
    }
    let none = served.json(&["operations"]);
    assert_eq!(none["operations"], serde_json::json!([]));
    let (code, written) = ask("y\n");
    assert_eq!(code, Some(0), "{written}");
    assert!(written.contains("[="), "no bar: {written}");
    let lines = screen(&written);
    assert!(!lines.iter().any(|line| line.contains("[=")), "{lines:?}");
    let told = lines.iter().find(|line| line.starts_with("operation "));
    assert!(
        told.is_some_and(|line| line.contains("3,000 done")),
        "{lines:?}"
    );
}
