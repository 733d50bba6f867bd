//! Prints a document as Markdown: `cargo run --release -p dutiful-documents --example transcribe -- FILE`.
//! With several files it prints how long each took instead, and how many pages it has. With `--ocr`
//! as the first argument pages that are pictures are recognized; with `--without-outline` after it headings
//! of a PDF are found by their type alone.

use std::process::ExitCode;
use std::time::Instant;

use dutiful_documents::{Engines, Method, Reading, transcribe_with};

fn main() -> ExitCode {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let mut engines = Engines::none();
    let mut option = |name: &str| {
        let is_given = files.first().is_some_and(|first| first == name);
        is_given.then(|| files.remove(0)).is_some()
    };
    engines.enabled = option("--ocr");
    engines.without_outline = option("--without-outline");
    let mut failed = files.is_empty();
    for file in &files {
        let began = Instant::now();
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) => {
                eprintln!("{file}: {error}");
                failed = true;
                continue;
            }
        };
        let reading = Reading {
            name_hint: Some(file),
            ..Reading::new(&engines)
        };
        match transcribe_with(&bytes, &reading) {
            Ok(document) if files.len() == 1 => {
                println!("{}", document.markdown);
                for warning in &document.warnings {
                    eprintln!("{warning}");
                }
            }
            Ok(document) => {
                let pages = document.pages.len();
                let is_recognized = |method| method != Method::Text;
                let methods = document.pages.iter().map(|page| page.method);
                let recognized = methods.filter(|method| is_recognized(*method)).count();
                let seconds = began.elapsed().as_secs_f64();
                println!("{file}: {pages} pages, {recognized} recognized, in {seconds:.2} s");
            }
            Err(error) => {
                eprintln!("{file}: {error}");
                failed = true;
            }
        }
    }
    ExitCode::from(u8::from(failed))
}
