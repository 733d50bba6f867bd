//! What becomes of a document when recognition is missing, hangs, or breaks.

use std::time::{Duration, Instant};

use dutiful_documents::{Engines, Method, Reading, TranscribeError, transcribe_with};

use crate::stand_in::{StandIn, TELLS_WIDTH};
use crate::support::picture::{palette_png, tiff, white};

fn refused(bytes: &[u8], engines: &Engines) -> TranscribeError {
    transcribe_with(bytes, &Reading::new(engines)).unwrap_err()
}

fn picture() -> Vec<u8> {
    palette_png(&white(30, 20))
}

#[test]
fn a_missing_program_is_told_with_its_fix_and_another_try_may_help() {
    let engines = Engines {
        tesseract: Some("/nowhere/tesseract".into()),
        ..Engines::default()
    };
    let error = refused(&picture(), &engines);
    assert_eq!(error.code(), "recognition_missing");
    assert!(error.cause().contains("/nowhere/tesseract"), "{error}");
    assert!(
        error.cause().contains("apt-get install tesseract-ocr"),
        "{error}"
    );
    assert!(!error.is_invalid_input());
}

#[test]
fn a_missing_language_is_told_with_its_package_and_names_are_checked() {
    let program = StandIn::new(TELLS_WIDTH);
    let with = |languages: &[&str]| Engines {
        languages: languages.iter().map(|name| (*name).to_owned()).collect(),
        ..program.engines()
    };
    let error = refused(&picture(), &with(&["eng", "chi_sim"]));
    assert_eq!(error.code(), "recognition_missing");
    assert!(error.cause().contains("tesseract-ocr-chi-sim"), "{error}");
    for wrong in [&[][..], &["--psm"], &["eng+deu"], &["eng"; 9]] {
        let error = refused(&picture(), &with(wrong));
        assert!(error.cause().contains("have to be named"), "{error}");
    }
    assert_eq!(program.asked(), Vec::<String>::new());
}

#[test]
fn a_program_that_hangs_is_ended_with_the_time_of_its_page() {
    let program = StandIn::new("exec sleep 60");
    let engines = Engines {
        page_seconds: 1,
        ..program.engines()
    };
    let began = Instant::now();
    let error = refused(&picture(), &engines);
    assert_eq!(error.code(), "took_too_long");
    assert!(error.cause().contains("1 s"), "{error}");
    assert!(!error.is_invalid_input());
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_program_that_breaks_is_told_by_its_last_words() {
    let program = StandIn::new("echo first >&2; echo 'no memory' >&2; exit 7");
    let error = refused(&picture(), &program.engines());
    assert_eq!(error.code(), "recognition_failed");
    assert!(error.cause().contains("no memory"), "{error}");
    assert!(!error.is_invalid_input());
    let program = StandIn::new("kill -9 $$");
    let error = refused(&picture(), &program.engines());
    assert!(error.cause().contains("signal: 9"), "{error}");
}

#[test]
fn a_program_that_speaks_nonsense_gives_a_page_without_text() {
    let program = StandIn::new("printf '\\377\\376 5\\t1\\t1\\n\\n\\t\\t\\t'");
    let error = refused(&picture(), &program.engines());
    assert_eq!(error.code(), "no_text");
}

#[test]
fn a_page_that_fails_leaves_the_others_and_is_named() {
    let script = format!("[ \"$width\" = 32 ] && exit 1\n{TELLS_WIDTH}");
    let program = StandIn::new(&script);
    let pages: Vec<_> = [31, 32, 33].map(|width| white(width, 20)).into();
    let engines = program.engines();
    let document = transcribe_with(&tiff(&pages), &Reading::new(&engines)).unwrap();
    assert_eq!(document.markdown, "width 31\n\nwidth 33");
    let methods: Vec<_> = document.pages.iter().map(|page| page.method).collect();
    assert_eq!(methods, [Method::Ocr, Method::Text, Method::Ocr]);
    let warning = &document.warnings[0];
    assert!(
        warning.starts_with("page 2 was not recognized"),
        "{warning}"
    );
}

#[test]
fn after_three_failed_pages_the_rest_is_not_tried() {
    let program = StandIn::new("exit 1");
    let pages: Vec<_> = (0..6).map(|page| white(30 + page, 20)).collect();
    let error = refused(&tiff(&pages), &program.engines());
    assert_eq!(error.code(), "recognition_failed");
    assert_eq!(program.asked().len(), 3);
}
