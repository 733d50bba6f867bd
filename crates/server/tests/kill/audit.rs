//! What ran when: lines that processes append to one file, each with one write, so that what was written
//! before a kill -9 stands and no two lines mix.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A handler began.
    Start,
    /// A handler is about to return.
    End,
    /// A submission was acknowledged.
    Ack,
}

/// A line of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) what: What,
    pub(crate) n: u64,
    pub(crate) attempt: i64,
    pub(crate) pid: u32,
    pub(crate) at: u128,
}

/// Nanoseconds since 1970, the same in all processes of a machine.
pub(crate) fn now() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_nanos()
}

/// The writing end.
pub(crate) struct Pen(File);

impl Pen {
    pub(crate) fn open(path: &Path) -> Pen {
        Pen(OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .unwrap())
    }

    pub(crate) fn write(&self, what: What, n: u64, attempt: i64) {
        let word = match what {
            What::Start => "start",
            What::End => "end",
            What::Ack => "ack",
        };
        let line = format!("{word} {n} {attempt} {} {}\n", std::process::id(), now());
        (&self.0).write_all(line.as_bytes()).unwrap();
    }
}

/// Everything that was written so far.
pub(crate) fn read(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(parse).collect()
}

fn parse(line: &str) -> Line {
    let mut words = line.split(' ');
    let mut word = || {
        words
            .next()
            .unwrap_or_else(|| panic!("not a line of an audit: {line}"))
    };
    let what = match word() {
        "start" => What::Start,
        "end" => What::End,
        "ack" => What::Ack,
        other => panic!("{other} is no word of an audit: {line}"),
    };
    Line {
        what,
        n: word().parse().unwrap(),
        attempt: word().parse().unwrap(),
        pid: word().parse().unwrap(),
        at: word().parse().unwrap(),
    }
}
