//! What Linux tells about processes.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

/// How long to wait between two looks at what is awaited.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// Waits until the process is dead; false when it lives longer than `patience`.
pub(crate) fn wait_gone(pid: Pid, patience: Duration) -> bool {
    let begin = Instant::now();
    let line = PathBuf::from(format!("/proc/{pid}/cmdline"));
    // The command line of a dead process is empty, also while nobody has reaped it.
    while fs::read(&line).is_ok_and(|text| !text.is_empty()) {
        if begin.elapsed() > patience {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
    true
}

/// The processes that a process has started.
pub(crate) fn children(parent: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| parent_of(pid) == Some(parent.as_raw()))
        .map(Pid::from_raw)
        .collect()
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // "pid (name) state parent ...": the name may itself hold spaces and brackets.
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}
