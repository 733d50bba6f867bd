//! What is left behind: nothing, whoever ends first.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use dutiful_documents::child::{self, Isolation};
use dutiful_documents::{Engines, Reading};

use crate::Promise;
use crate::bounds::long_pdf;
use crate::fakes;
use crate::roles::{How, Parent, ROLE};

pub(crate) const PROMISES: &[Promise] = &[
    ("a_child_dies_with_its_parent", a_child_dies_with_its_parent),
    (
        "a_frozen_child_dies_with_its_parent",
        a_frozen_child_dies_with_its_parent,
    ),
    (
        "what_a_child_has_started_dies_with_it",
        what_a_child_has_started_dies_with_it,
    ),
    (
        "another_program_dies_with_who_started_it",
        another_program_dies_with_who_started_it,
    ),
    (
        "many_readings_leave_no_process_and_no_open_file",
        many_readings_leave_no_process_and_no_open_file,
    ),
    (
        "a_child_knows_nothing_of_the_workers_settings",
        a_child_knows_nothing_of_the_workers_settings,
    ),
    (
        "started_by_hand_it_ends_at_once",
        started_by_hand_it_ends_at_once,
    ),
];

const SOON: Duration = Duration::from_secs(5);

/// A parent whose child reads a long document, and the child's number.
fn at_work(folder: &Path) -> (Parent, u32) {
    let document = folder.join("long.pdf");
    std::fs::write(&document, long_pdf()).unwrap();
    let parent = Parent::start(&document, &folder.join("kept"), How::Text);
    let begun = Instant::now();
    loop {
        // It has its limits once it has been told what to do.
        let child = children(parent.id()).into_iter().find(|child| {
            let limits = std::fs::read_to_string(format!("/proc/{child}/limits"));
            limits.is_ok_and(|limits| limits.contains("2147483648"))
        });
        if let Some(child) = child {
            return (parent, child);
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no child");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn a_child_dies_with_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let (mut parent, child) = at_work(folder.path());
    parent.kill();
    assert_gone(|| is_there(child));
}

fn a_frozen_child_dies_with_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let (mut parent, child) = at_work(folder.path());
    let freeze = Command::new("kill")
        .args(["-STOP", &child.to_string()])
        .status();
    assert!(freeze.unwrap().success());
    parent.kill();
    assert_gone(|| is_there(child));
}

fn what_a_child_has_started_dies_with_it() {
    let engines = Engines::none();
    let isolation = fakes::reader("hangs_alone");
    let error = child::transcribe(b"text", &Reading::new(&engines), &isolation).unwrap_err();
    assert_eq!(error.code(), "took_too_long");
    assert_gone(|| processes().any(|process| command_line(process).contains("600.75")));
}

fn another_program_dies_with_who_started_it() {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .env(ROLE, "starter")
        .spawn()
        .unwrap();
    let sleeps = || {
        let mut others = processes();
        others.any(|process| command_line(process) == "sleep\x00600.5\0")
    };
    let begun = Instant::now();
    while !sleeps() {
        assert!(begun.elapsed() < SOON, "it was not started");
        std::thread::sleep(Duration::from_millis(2));
    }
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert_gone(sleeps);
}

/// The role of a process that starts another program and waits for it.
pub(crate) fn starter() -> ExitCode {
    let status = child::command("sleep").arg("600.5").status();
    ExitCode::from(u8::from(!status.unwrap().success()))
}

fn many_readings_leave_no_process_and_no_open_file() {
    let status = Command::new(std::env::current_exe().unwrap())
        .env(ROLE, "many")
        .env("CHILD_FAKES", fakes::path("hangs").parent().unwrap())
        .status();
    assert!(status.unwrap().success());
}

/// The role of a process that reads many documents, some of them badly, and looks what is left.
pub(crate) fn many() -> ExitCode {
    let engines = Engines::none();
    let read = |isolation: &Isolation| {
        let _ = child::transcribe(b"text", &Reading::new(&engines), isolation);
    };
    let fake = |name: &str| {
        let program = Path::new(&std::env::var_os("CHILD_FAKES").unwrap()).join(name);
        Isolation::Child(child::ChildProcess {
            program: Some(program),
            wall: Duration::from_millis(50),
            ..Default::default()
        })
    };
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    read(&Isolation::default());
    let before = open();
    for _ in 0..5 {
        read(&Isolation::default());
        for name in [
            "hangs",
            "leaves",
            "faults",
            "stranger",
            "is_honest",
            "is not there",
        ] {
            read(&fake(name));
        }
    }
    let left = children(std::process::id());
    println!(
        "open files: {before}, then {}; children left: {left:?}",
        open()
    );
    ExitCode::from(u8::from(open() != before || !left.is_empty()))
}

fn a_child_knows_nothing_of_the_workers_settings() {
    let folder = tempfile::tempdir().unwrap();
    let (_parent, child) = at_work(folder.path());
    let known = std::fs::read_to_string(format!("/proc/{child}/environ")).unwrap();
    assert!(!known.contains(ROLE), "{known}");
    let limits = std::fs::read_to_string(format!("/proc/{child}/limits")).unwrap();
    for (name, limit) in [
        ("Max cpu time", "9"),
        ("Max file size", "0"),
        ("Max core file size", "0"),
        ("Max open files", "64"),
        ("Max address space", "2147483648"),
    ] {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        let value = line[name.len()..].trim_start();
        assert!(value.starts_with(limit), "{line}");
    }
    let status = std::fs::read_to_string(format!("/proc/{child}/status")).unwrap();
    assert!(status.contains("NoNewPrivs:\t1"), "{status}");
}

fn started_by_hand_it_ends_at_once() {
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("--dutiful-child=transcribe")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(70), "{output:?}");
    assert_eq!(output.status.signal(), None);
}

fn assert_gone(is_there: impl Fn() -> bool) {
    let begun = Instant::now();
    while is_there() {
        assert!(begun.elapsed() < SOON, "it is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").unwrap();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn children(parent: u32) -> Vec<u32> {
    let is_child = |process: &u32| state(*process).is_some_and(|(of, _)| of == parent);
    processes().filter(is_child).collect()
}

/// Whether it runs; one that its new parent has not reaped yet does not.
fn is_there(process: u32) -> bool {
    state(process).is_some_and(|(_, state)| state != 'Z')
}

/// The parent of a process, and what it does.
fn state(process: u32) -> Option<(u32, char)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    let state = words.next()?.chars().next()?;
    Some((words.next()?.parse().ok()?, state))
}

fn command_line(process: u32) -> String {
    let bytes = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
