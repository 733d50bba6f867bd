//! A worker in a process of its own: how it is started, asked, and ended in every case.

use super::worker::{Names, Started, Told};
use crate::failure::{Exit, Failure};
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::mpsc;

/// A worker that has not answered by then never will.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// How long a worker may take to end by itself; it has nothing left to run.
const END_MAX: Duration = Duration::from_secs(5);
const END_LOOK: Duration = Duration::from_millis(5);

/// A worker that this process has started. It ends when this is dropped, and when this process dies.
#[derive(Debug)]
pub(super) struct Child {
    process: std::process::Child,
    /// Closing it ends the worker.
    asks: Option<ChildStdin>,
    answers: mpsc::UnboundedReceiver<String>,
}

impl Child {
    /// Starts this program again as a worker, and waits until it looks for tasks.
    pub(super) async fn start(database_url: &str, names: Names) -> Result<Child, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["bench-worker", "--names", names.word()])
            // A URL may hold a password, which flags would show to everybody.
            .env("DUTIFUL_DATABASE_URL", database_url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let asks = process.stdin.take();
        let (told, answers) = mpsc::unbounded_channel();
        if let Some(stdout) = process.stdout.take() {
            // It ends with the worker, whose end of the pipe is then closed.
            std::thread::spawn(move || {
                let lines = BufReader::new(stdout).lines().map_while(Result::ok);
                for line in lines {
                    if told.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        let mut child = Child {
            process,
            asks,
            answers,
        };
        child.answer().await?;
        Ok(child)
    }

    /// What the worker has done and used so far.
    pub(super) async fn ask(&mut self) -> Result<Told, Failure> {
        if let Some(asks) = &mut self.asks {
            asks.write_all(b"\n")?;
            asks.flush()?;
        }
        self.answer().await
    }

    /// When the next task was started, of a worker that tells; `None` when it has ended.
    pub(super) async fn started(&mut self) -> Option<SystemTime> {
        let line = self.answers.recv().await?;
        let started: Started = serde_json::from_str(&line).ok()?;
        Some(started.started_at)
    }

    async fn answer(&mut self) -> Result<Told, Failure> {
        let answer = tokio::time::timeout(ANSWER_MAX, self.answers.recv()).await;
        let answer = answer.ok().flatten();
        answer
            .and_then(|line| serde_json::from_str(&line).ok())
            .ok_or_else(|| {
                let cause = "a worker process does not answer";
                Failure::new(Exit::Failure, "bench_incomplete", cause)
            })
    }

    fn has_ended(&mut self) -> bool {
        // What cannot be waited for is not ours any more.
        !matches!(self.process.try_wait(), Ok(None))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.asks = None;
        let begun = Instant::now();
        while !self.has_ended() && begun.elapsed() < END_MAX {
            std::thread::sleep(END_LOOK);
        }
        if !self.has_ended() {
            // Both fail only when it has ended after all.
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}
