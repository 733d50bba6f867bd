//! Prints a document as Markdown: `cargo run --release -p dutiful-documents --example transcribe -- FILE`.
//! With several files it prints how long each took instead, and how many pages it has.

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
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
        match dutiful_documents::transcribe(&bytes, Some(file)) {
            Ok(document) if files.len() == 1 => println!("{}", document.markdown),
            Ok(document) => println!(
                "{file}: {} pages in {:.2} s",
                document.pages.len(),
                began.elapsed().as_secs_f64()
            ),
            Err(error) => {
                eprintln!("{file}: {error}");
                failed = true;
            }
        }
    }
    ExitCode::from(u8::from(failed))
}
