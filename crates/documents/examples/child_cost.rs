//! What a child process for each document costs on this machine: the median of many readings of one
//! file, in a child and in this process.
//!
//! `cargo run --release -p dutiful-documents --example child_cost -- FILE [PROGRAM]`; the program, for example
//! `target/release/dutiful`, is the child; this example itself if none is named.

use std::error::Error;
use std::time::{Duration, Instant};

use dutiful_documents::child::{self, ChildProcess, Isolation};
use dutiful_documents::{Engines, Reading};

const TIMES: usize = 51;

fn main() -> Result<(), Box<dyn Error>> {
    child::serve_if_asked();
    let mut arguments = std::env::args_os().skip(1);
    let bytes = std::fs::read(arguments.next().ok_or("which file?")?)?;
    let program = arguments.next().map(Into::into);
    let isolated = Isolation::Child(ChildProcess {
        program,
        ..ChildProcess::default()
    });
    let engines = Engines::none();
    for (name, isolation) in [
        ("in a child", isolated),
        ("in process", Isolation::InProcess),
    ] {
        let mut times = Vec::new();
        for _ in 0..TIMES {
            let started = Instant::now();
            child::transcribe(&bytes, &Reading::new(&engines), &isolation)?;
            times.push(started.elapsed());
        }
        times.sort_unstable();
        let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
        let (median, most) = (times[TIMES / 2], times[TIMES - 1]);
        println!(
            "{name}: median {:.2} ms, most {:.2} ms",
            milliseconds(median),
            milliseconds(most)
        );
    }
    Ok(())
}
