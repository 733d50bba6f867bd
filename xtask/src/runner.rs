//! Running programs so that Ctrl-C ends them and leaves this tool alive to stop the servers.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// The process group that runs now, 0 when none does.
static GROUP: AtomicI32 = AtomicI32::new(0);

/// Whether a signal asked this tool to end.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Runs one program after the other, each in a process group of its own.
pub(crate) struct Runner;

/// A program that runs.
pub(crate) struct Running(Child);

/// How a program ended, and what it printed.
pub(crate) struct Captured {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
    /// It took too long and was killed.
    pub(crate) was_killed: bool,
}

impl Runner {
    /// From now on a signal ends the running program instead of this tool.
    pub(crate) fn begin() -> Result<Runner> {
        ctrlc::set_handler(|| {
            INTERRUPTED.store(true, Ordering::SeqCst);
            end_group();
        })
        .context("cannot watch for Ctrl-C")?;
        Ok(Runner)
    }

    /// Starts a program.
    pub(crate) fn spawn(&self, command: &mut Command) -> Result<Running> {
        command.stdin(Stdio::null()).process_group(0);
        let child = command
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        GROUP.store(i32::try_from(child.id())?, Ordering::SeqCst);
        // A signal may have come before there was a group to end.
        if interrupted() {
            end_group();
        }
        Ok(Running(child))
    }

    /// Runs a program, passes its output through and shows each line to `read`.
    pub(crate) fn spawn_read(
        &self,
        command: &mut Command,
        mut read: impl FnMut(&str),
    ) -> Result<ExitStatus> {
        let mut running = self.spawn(command.stdout(Stdio::piped()))?;
        let output = running
            .0
            .stdout
            .take()
            .context("the program has no output")?;
        let mut reader = BufReader::new(output);
        let mut line = Vec::new();
        // A test may print bytes that are no text.
        while reader.read_until(b'\n', &mut line)? > 0 {
            let mut out = std::io::stdout().lock();
            out.write_all(&line)?;
            out.flush()?;
            read(&String::from_utf8_lossy(&line));
            line.clear();
        }
        running.wait()
    }

    /// Runs a program to its end and keeps what it prints; kills it when it takes too long.
    pub(crate) fn capture(&self, command: &mut Command, patience: Duration) -> Result<Captured> {
        let mut running = self.spawn(command.stdout(Stdio::piped()))?;
        let mut reader = running
            .0
            .stdout
            .take()
            .context("the program has no output")?;
        let (ended, end) = mpsc::channel();
        let watcher = std::thread::spawn(move || watch(patience, &end));
        let mut output = Vec::new();
        reader.read_to_end(&mut output)?;
        let status = running.wait()?;
        drop(ended);
        let was_killed = watcher.join();
        Ok(Captured {
            status,
            output: String::from_utf8_lossy(&output).into_owned(),
            was_killed: was_killed.map_err(|_| anyhow!("the watcher failed"))?,
        })
    }
}

/// Waits until a program has ended; kills it when it takes too long, and tells whether it did.
fn watch(patience: Duration, end: &Receiver<()>) -> bool {
    let is_late = end.recv_timeout(patience) == Err(RecvTimeoutError::Timeout);
    if is_late {
        signal_group(Signal::SIGKILL);
    }
    is_late
}

impl Running {
    /// Waits until the program has ended.
    pub(crate) fn wait(mut self) -> Result<ExitStatus> {
        let status = self.0.wait()?;
        GROUP.store(0, Ordering::SeqCst);
        Ok(status)
    }
}

fn end_group() {
    signal_group(Signal::SIGTERM);
}

fn signal_group(signal: Signal) {
    let group = GROUP.load(Ordering::SeqCst);
    if group > 0 {
        let _ = killpg(Pid::from_raw(group), signal);
    }
}
