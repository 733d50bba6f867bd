//! Running cargo so that Ctrl-C ends it and leaves this tool alive to stop the servers.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use anyhow::{Context, Result};
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
        let child = command.spawn().context("cannot run cargo")?;
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
        let output = running.0.stdout.take().context("cargo has no output")?;
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
    let group = GROUP.load(Ordering::SeqCst);
    if group > 0 {
        let _ = killpg(Pid::from_raw(group), Signal::SIGTERM);
    }
}
