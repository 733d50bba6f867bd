//! Programs in the background that answer line by line and end when their stdin is closed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

/// What has not answered by then never will.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// How long it may take to end by itself.
const END_MAX: Duration = Duration::from_secs(10);
const END_LOOK: Duration = Duration::from_millis(10);

/// One of them; it has ended when this was dropped.
pub(crate) struct Talker {
    child: Child,
    asks: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Talker {
    /// Starts it; returns the line with which it says that it is ready, too.
    pub(crate) fn start(command: &mut Command) -> Result<(Talker, Value)> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let asks = child.stdin.take();
        let (told, answers) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            // It ends with the program, whose end of the pipe is then closed.
            std::thread::spawn(move || {
                let lines = BufReader::new(output).lines().map_while(Result::ok);
                for line in lines {
                    if told.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        let talker = Talker {
            child,
            asks,
            answers,
        };
        let ready = talker.answer()?;
        Ok((talker, ready))
    }

    /// Asks for a line.
    pub(crate) fn ask(&mut self) -> Result<Value> {
        if let Some(asks) = &mut self.asks {
            asks.write_all(b"\n")?;
            asks.flush()?;
        }
        self.answer()
    }

    fn answer(&self) -> Result<Value> {
        let line = self.answers.recv_timeout(ANSWER_MAX);
        let line = line.context("a program in the background does not answer")?;
        serde_json::from_str(&line).with_context(|| format!("no JSON: {line}"))
    }

    fn has_ended(&mut self) -> bool {
        // What cannot be waited for is not ours any more.
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        self.asks = None;
        let begun = Instant::now();
        while !self.has_ended() && begun.elapsed() < END_MAX {
            std::thread::sleep(END_LOOK);
        }
        if !self.has_ended() {
            // Both fail only when it has ended after all.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_answers_and_ends_with_its_stdin() {
        let script = "echo '{\"n\":1}'; while read line; do echo '{\"n\":2}'; done";
        let (mut talker, ready) = Talker::start(Command::new("sh").args(["-c", script])).unwrap();
        assert_eq!(ready["n"], 1);
        assert_eq!(talker.ask().unwrap()["n"], 2);
        let begun = Instant::now();
        drop(talker);
        assert!(begun.elapsed() < END_MAX);
    }

    #[test]
    fn a_program_that_ends_is_told() {
        let error = Talker::start(&mut Command::new("true")).err().unwrap();
        assert!(error.to_string().contains("does not answer"), "{error}");
    }
}
