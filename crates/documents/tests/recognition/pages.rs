//! What is told of pages, in which order, and what is not done twice.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dutiful_documents::{
    Document, Engines, Format, Method, Reading, RecognizedPage, Told, TranscribeError,
    transcribe_with,
};

use crate::stand_in::{StandIn, TELLS_WIDTH};
use crate::support::picture::{palette_png, tiff, white};

fn scan(widths: &[usize]) -> Vec<u8> {
    let pages: Vec<_> = widths.iter().map(|width| white(*width, 20)).collect();
    tiff(&pages)
}

/// The document, and what was told of it.
fn read(bytes: &[u8], engines: &Engines, known: &[RecognizedPage]) -> (Document, Vec<Told>) {
    let told = Mutex::new(Vec::new());
    let tell = |what| {
        told.lock().unwrap().push(what);
        Ok(())
    };
    let reading = Reading {
        known,
        tell: &tell,
        ..Reading::new(engines)
    };
    let document = transcribe_with(bytes, &reading).unwrap();
    (document, told.into_inner().unwrap())
}

#[test]
fn a_picture_is_a_document_with_a_recognized_page() {
    let program = StandIn::new(TELLS_WIDTH);
    let (document, told) = read(&palette_png(&white(30, 20)), &program.engines(), &[]);
    assert_eq!(document.format, Format::Png);
    assert_eq!(document.markdown, "width 30");
    let page = document.pages[0];
    assert_eq!(page.method, Method::Ocr);
    // Five letters at 90, two digits at 40.
    let expected = (5.0 * 0.9 + 2.0 * 0.4) / 7.0;
    assert!(
        (page.confidence.unwrap() - expected).abs() < 0.001,
        "{page:?}"
    );
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], Told::Pages { total: 1 });
    let asked = program.asked();
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].starts_with("stdin stdout -l eng --psm 3"),
        "{asked:?}"
    );
}

#[test]
fn several_languages_are_asked_for_at_once() {
    let program = StandIn::new(TELLS_WIDTH);
    let engines = Engines {
        languages: vec!["deu".into(), "eng".into()],
        ..program.engines()
    };
    read(&palette_png(&white(30, 20)), &engines, &[]);
    assert!(program.asked()[0].contains("-l deu+eng"));
}

#[test]
fn each_page_is_told_before_the_next_one_begins() {
    let program = StandIn::new(TELLS_WIDTH);
    let engines = program.engines();
    let seen = Mutex::new(Vec::new());
    let tell = |what| {
        if let Told::Recognized(page) = what {
            // No page that comes later was begun.
            seen.lock()
                .unwrap()
                .push((page.number, program.asked().len(), page.markdown));
        }
        Ok(())
    };
    let reading = Reading {
        tell: &tell,
        ..Reading::new(&engines)
    };
    let document = transcribe_with(&scan(&[31, 32, 33]), &reading).unwrap();
    assert_eq!(document.format, Format::Tiff);
    assert_eq!(document.pages.len(), 3);
    let seen = seen.into_inner().unwrap();
    let expected = [(1, 1, "width 31"), (2, 2, "width 32"), (3, 3, "width 33")];
    assert_eq!(
        seen,
        expected.map(|(page, asked, text)| (page, asked, text.to_owned()))
    );
}

#[test]
fn pages_that_are_known_are_neither_recognized_nor_told_again() {
    let program = StandIn::new(TELLS_WIDTH);
    let known = [RecognizedPage {
        number: 2,
        method: Method::Vision,
        confidence: None,
        markdown: "known".into(),
        warnings: vec!["page 2 was hard to read".into()],
    }];
    let (document, told) = read(&scan(&[31, 32, 33]), &program.engines(), &known);
    assert_eq!(document.markdown, "width 31\n\nknown\n\nwidth 33");
    assert_eq!(document.pages[1].method, Method::Vision);
    assert!(document.warnings.contains(&known[0].warnings[0]));
    let numbers = told.iter().filter_map(|told| match told {
        Told::Recognized(page) => Some(page.number),
        Told::Pages { .. } => None,
    });
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 3]);
    assert_eq!(program.asked().len(), 2);
}

#[test]
fn a_page_that_is_not_kept_ends_the_reading() {
    let program = StandIn::new(TELLS_WIDTH);
    let engines = program.engines();
    let tell = |what| match what {
        Told::Recognized(_) => Err(TranscribeError::not_kept("no space")),
        Told::Pages { .. } => Ok(()),
    };
    let reading = Reading {
        tell: &tell,
        ..Reading::new(&engines)
    };
    let error = transcribe_with(&scan(&[31, 32]), &reading).unwrap_err();
    assert_eq!(error.code(), "not_kept");
    assert_eq!(program.asked().len(), 1);
}

#[test]
fn a_stop_ends_the_program_that_runs() {
    let program = StandIn::new("exec sleep 60");
    let engines = program.engines();
    let is_running = AtomicBool::new(false);
    let stop = || {
        is_running.store(!program.asked().is_empty(), Ordering::Relaxed);
        is_running.load(Ordering::Relaxed)
    };
    let reading = Reading {
        stop: &stop,
        ..Reading::new(&engines)
    };
    let began = Instant::now();
    let error = transcribe_with(&scan(&[31, 32]), &reading).unwrap_err();
    assert_eq!(error.code(), "stopped");
    assert!(is_running.load(Ordering::Relaxed));
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(program.asked().len(), 1);
}
