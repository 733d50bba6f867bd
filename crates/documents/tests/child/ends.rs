//! How a reading ends when its reader does not do what it should.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use dutiful_documents::child::{self, ChildProcess, Isolation};
use dutiful_documents::{Engines, Reading, TranscribeError, limits};

use crate::Promise;
use crate::fakes::{path, reader};

pub(crate) const PROMISES: &[Promise] = &[
    (
        "each_end_of_a_reader_has_its_code",
        each_end_of_a_reader_has_its_code,
    ),
    (
        "a_hang_ends_within_its_limit_and_a_second",
        a_hang_ends_within_its_limit_and_a_second,
    ),
    (
        "a_reader_that_takes_no_document_ends_in_time_too",
        a_reader_that_takes_no_document_ends_in_time_too,
    ),
    (
        "a_program_that_cannot_be_started_says_so",
        a_program_that_cannot_be_started_says_so,
    ),
    (
        "a_stop_ends_the_child_at_once",
        a_stop_ends_the_child_at_once,
    ),
    (
        "an_error_of_the_listener_ends_the_child",
        an_error_of_the_listener_ends_the_child,
    ),
    ("an_honest_answer_is_taken", an_honest_answer_is_taken),
];

/// The code, whether it is final, and a part of the cause.
const ENDS: [(&str, &str, bool, &str); 20] = [
    ("gone", "reader_unavailable", false, "exit status: 0"),
    ("stranger", "reader_unavailable", false, "made no sense"),
    (
        "other_version",
        "reader_unavailable",
        false,
        "speaks version 2",
    ),
    ("eager", "reader_unavailable", false, ""),
    ("hangs", "took_too_long", false, "within 1 s"),
    ("refuses_to_end", "took_too_long", false, "within 1 s"),
    ("spins", "took_too_long", false, "within 1 s"),
    (
        "complains_without_end",
        "took_too_long",
        false,
        "within 1 s",
    ),
    ("says_nothing", "reader_crashed", true, "exit status: 0"),
    ("leaves", "reader_crashed", true, "exit status: 3"),
    ("closes_its_output", "reader_crashed", true, "went on"),
    ("makes_no_sense", "reader_crashed", true, "made no sense"),
    (
        "never_ends_a_line",
        "reader_crashed",
        true,
        "a line of more than",
    ),
    ("never_ends", "reader_crashed", true, ""),
    ("faults", "reader_crashed", true, "SIGSEGV"),
    ("aborts", "reader_crashed", true, "the last word"),
    ("is_killed", "reader_killed", false, "SIGKILL"),
    ("computes", "cpu_limit", true, "SIGXCPU"),
    (
        "wants_memory",
        "memory_limit",
        true,
        "memory allocation of 8 bytes failed",
    ),
    (
        "lies_about_places",
        "reader_crashed",
        true,
        "does not stand in the text",
    ),
];

fn failure(bytes: &[u8], name: &str) -> TranscribeError {
    let engines = Engines::none();
    child::transcribe(bytes, &Reading::new(&engines), &reader(name)).unwrap_err()
}

fn each_end_of_a_reader_has_its_code() {
    for (name, code, is_final, cause) in ENDS {
        let error = failure(b"text", name);
        assert_eq!(error.code(), code, "{name}: {error}");
        assert_eq!(error.is_invalid_input(), is_final, "{name}: {error}");
        assert!(error.cause().contains(cause), "{name}: {error}");
        assert!(
            error.cause().len() <= limits::LINE_BYTES_MAX,
            "{name}: {error}"
        );
    }
}

fn a_hang_ends_within_its_limit_and_a_second() {
    for name in ["hangs", "refuses_to_end"] {
        let started = Instant::now();
        assert_eq!(failure(b"text", name).code(), "took_too_long");
        let took = started.elapsed();
        assert!(took >= Duration::from_secs(1), "{took:?}");
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}

fn a_reader_that_takes_no_document_ends_in_time_too() {
    // More than any pipe holds.
    let bytes = vec![b'a'; 8 << 20];
    assert_eq!(failure(&bytes, "hangs").code(), "took_too_long");
    assert_eq!(failure(&bytes, "faults").code(), "reader_crashed");
    assert_eq!(failure(&bytes, "tells_too_early").code(), "reader_crashed");
}

fn a_program_that_cannot_be_started_says_so() {
    let engines = Engines::none();
    let isolation = Isolation::Child(ChildProcess {
        program: Some(path("hangs").with_file_name("is not there")),
        ..ChildProcess::default()
    });
    let error = child::transcribe(b"text", &Reading::new(&engines), &isolation).unwrap_err();
    assert_eq!(error.code(), "reader_unavailable");
    assert!(!error.is_invalid_input(), "{error}");
    assert!(error.cause().contains("No such file"), "{error}");
}

fn a_stop_ends_the_child_at_once() {
    let engines = Engines::none();
    let stop = AtomicBool::new(false);
    let reading = Reading {
        stop: &|| stop.load(Ordering::Relaxed),
        ..Reading::new(&engines)
    };
    let isolation = Isolation::Child(ChildProcess {
        program: Some(path("hangs")),
        ..ChildProcess::default()
    });
    std::thread::scope(|scope| {
        let running = scope.spawn(|| child::transcribe(b"text", &reading, &isolation));
        std::thread::sleep(Duration::from_millis(200));
        assert!(!running.is_finished());
        stop.store(true, Ordering::Relaxed);
        let stopped = Instant::now();
        assert_eq!(running.join().unwrap().unwrap_err().code(), "stopped");
        assert!(
            stopped.elapsed() < Duration::from_secs(1),
            "{:?}",
            stopped.elapsed()
        );
    });
}

fn an_error_of_the_listener_ends_the_child() {
    let engines = Engines::none();
    let told = AtomicU32::new(0);
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes").display().to_string() + "\n";
    let reading = Reading {
        tell: &|_| {
            told.fetch_add(1, Ordering::Relaxed);
            Err(TranscribeError::not_kept("the disk is full"))
        },
        ..Reading::new(&engines)
    };
    let result = child::transcribe(notes.as_bytes(), &reading, &reader("recognizes"));
    assert_eq!(result.unwrap_err().code(), "not_kept");
    assert_eq!(told.into_inner(), 1);
}

fn an_honest_answer_is_taken() {
    let engines = Engines::none();
    let reading = Reading::new(&engines);
    let document = child::transcribe(b"text", &reading, &reader("is_honest")).unwrap();
    assert_eq!(document.page_text(1), Some("text"));
}
