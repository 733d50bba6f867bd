//! What the end of a child means that has not said its last word. The table stands in `child.rs`.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::process::Signal;

use crate::TranscribeError;
use crate::clean::title;
use crate::error::Problem;

/// What Rust and C++ say when they end a program that gets no more memory. A limit leaves no other
/// trace: the program aborts as after any other failure.
const OUT_OF_MEMORY: [&str; 2] = ["memory allocation of ", "std::bad_alloc"];

/// Of a child that had the document.
pub(super) fn of_reader(status: Option<ExitStatus>, said: &str) -> TranscribeError {
    let signal = status
        .and_then(|status| status.signal())
        .and_then(Signal::from_named_raw);
    let ended = ended(status, said);
    if OUT_OF_MEMORY.iter().any(|text| said.contains(text)) {
        let cause = format!("the reader wanted more memory than it may have: {ended}");
        return TranscribeError::new(Problem::MemoryLimit, cause);
    }
    match signal {
        Some(Signal::XCPU) => {
            let cause = format!("the reader computed longer than it may: {ended}");
            TranscribeError::new(Problem::CpuLimit, cause)
        }
        Some(Signal::KILL | Signal::TERM | Signal::INT | Signal::HUP) => {
            let cause = format!("the reader was killed from outside: {ended}");
            TranscribeError::new(Problem::ReaderKilled, cause)
        }
        Some(Signal::XFSZ) => crashed(format!("it tried to write a file: {ended}")),
        _ => crashed(ended),
    }
}

/// Of a program that has not even said that it is ready.
pub(super) fn of_stranger(status: Option<ExitStatus>, said: &str) -> TranscribeError {
    unavailable(ended(status, said))
}

pub(super) fn crashed(cause: impl fmt::Display) -> TranscribeError {
    TranscribeError::new(Problem::ReaderCrashed, format!("the reader broke: {cause}"))
}

pub(super) fn unavailable(cause: impl fmt::Display) -> TranscribeError {
    let cause = format!("the reader cannot be used: {cause}");
    TranscribeError::new(Problem::ReaderUnavailable, cause)
}

/// How it ended, with the last line that it has left.
fn ended(status: Option<ExitStatus>, said: &str) -> String {
    let how = match status {
        Some(status) => format!("it ended with {status}"),
        None => "it closed its output and went on".to_owned(),
    };
    match said.lines().rev().find_map(title) {
        Some(line) => format!("{how}, and said: {line}"),
        None => how,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(raw: i32, said: &str) -> TranscribeError {
        of_reader(Some(ExitStatus::from_raw(raw)), said)
    }

    #[test]
    fn who_is_at_fault_decides_whether_it_is_tried_again() {
        let cases = [
            (Signal::XCPU, "", "cpu_limit", true),
            (
                Signal::ABORT,
                "memory allocation of 9 bytes failed",
                "memory_limit",
                true,
            ),
            (
                Signal::ABORT,
                "what(): std::bad_alloc",
                "memory_limit",
                true,
            ),
            (
                Signal::ABORT,
                "has overflowed its stack",
                "reader_crashed",
                true,
            ),
            (Signal::SEGV, "", "reader_crashed", true),
            (Signal::XFSZ, "", "reader_crashed", true),
            (Signal::KILL, "", "reader_killed", false),
            (Signal::TERM, "", "reader_killed", false),
        ];
        for (signal, said, code, is_final) in cases {
            let error = after(signal.as_raw(), said);
            assert_eq!(error.code(), code, "{error}");
            assert_eq!(error.is_invalid_input(), is_final, "{error}");
        }
        assert_eq!(after(3 << 8, "").code(), "reader_crashed");
        let stranger = of_stranger(Some(ExitStatus::from_raw(0)), "");
        assert_eq!(stranger.code(), "reader_unavailable");
        assert!(!stranger.is_invalid_input());
    }

    #[test]
    fn the_last_line_that_was_said_stands_in_the_cause() {
        let error = after(Signal::ABORT.as_raw(), "first\nthe \u{7}last\n\n");
        assert!(error.cause().ends_with("and said: the last"), "{error}");
    }
}
