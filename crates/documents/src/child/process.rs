//! A child process and its pipes. Whatever becomes of the reading, dropping it ends the child and
//! what it has started, and reaps it.

use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::protocol::TRANSCRIBE;
use crate::limits::CHILD_ERRORS_BYTES_MAX;

/// What of the worker's environment a child may know: where programs, their libraries and data are,
/// and the language of messages.
const VARIABLES: [&str; 14] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "TESSDATA_PREFIX",
    "OMP_THREAD_LIMIT",
    "DUTIFUL_PDFIUM",
    "DUTIFUL_TESSERACT",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
];
/// What is taken from a pipe at once.
const PIECE_BYTES: usize = 64 << 10;
/// How long a process that has closed its output may take to be gone.
const ENDS_WITHIN: Duration = Duration::from_millis(500);
/// How often that is looked at.
const LOOKS: Duration = Duration::from_millis(2);

pub(super) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    errors: Option<ChildStderr>,
    said: Vec<u8>,
    is_reaped: bool,
}

impl Process {
    pub(super) fn start(program: Option<&Path>) -> io::Result<Self> {
        let mut command = Command::new(program.map_or_else(this_program, |p| Ok(p.into()))?);
        command
            .arg(TRANSCRIBE)
            .env_clear()
            .envs(
                VARIABLES
                    .iter()
                    .filter_map(|name| Some((name, env::var_os(name)?))),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(ErrorKind::BrokenPipe.into());
        };
        let process = Self {
            child,
            input: Some(input),
            output,
            errors: Some(errors),
            said: Vec::new(),
            is_reaped: false,
        };
        process.set_nonblocking()?;
        Ok(process)
    }

    fn set_nonblocking(&self) -> io::Result<()> {
        ioctl_fionbio(&self.output, true)?;
        for pipe in [
            self.input.as_ref().map(AsFd::as_fd),
            self.errors.as_ref().map(AsFd::as_fd),
        ]
        .into_iter()
        .flatten()
        {
            ioctl_fionbio(pipe, true)?;
        }
        Ok(())
    }

    /// Waits at most so long until something can be read, or written where there is something to say,
    /// and does it once. False when the child has nothing more to answer.
    pub(super) fn exchange(
        &mut self,
        patience: Duration,
        to_say: &mut &[u8],
        answers: &mut Vec<u8>,
    ) -> io::Result<bool> {
        let input = self.input.as_ref().filter(|_| !to_say.is_empty());
        let can = ready(
            self.output.as_fd(),
            self.errors.as_ref().map(AsFd::as_fd),
            input.map(AsFd::as_fd),
            patience,
        )?;
        if can.say {
            self.say(to_say);
        }
        if can.complains {
            self.read_errors();
        }
        if !can.answers {
            return Ok(true);
        }
        Ok(take(&mut self.output, answers)? != Some(0))
    }

    /// A child that does not listen has its reasons; its answer or its end tells them.
    fn say(&mut self, to_say: &mut &[u8]) {
        let Some(input) = &mut self.input else { return };
        match input.write(to_say) {
            Ok(written) => *to_say = to_say.get(written..).unwrap_or_default(),
            Err(error) if passes(&error) => {}
            Err(_) => self.input = None,
        }
    }

    /// Keeps the end of what it says there.
    fn read_errors(&mut self) {
        let Some(errors) = &mut self.errors else {
            return;
        };
        match take(errors, &mut self.said) {
            Ok(Some(0)) | Err(_) => self.errors = None,
            Ok(_) => {}
        }
        let surplus = self.said.len().saturating_sub(CHILD_ERRORS_BYTES_MAX);
        self.said.drain(..surplus);
    }

    /// How a child ended that has closed its output, and the end of what it wrote to standard error.
    /// None where it lives on: then it is killed.
    pub(super) fn end(mut self) -> io::Result<(Option<ExitStatus>, String)> {
        let until = Instant::now() + ENDS_WITHIN;
        while !self.is_over() && Instant::now() < until {
            sleep(LOOKS);
        }
        let is_over = self.is_over();
        self.read_errors();
        let status = self.kill()?;
        let said = String::from_utf8_lossy(&self.said).into_owned();
        Ok((is_over.then_some(status), said))
    }

    /// Whether the child has ended. It is not reaped, so that nobody else gets its number.
    fn is_over(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        match self.pid() {
            Some(pid) => !matches!(waitid(WaitId::Pid(pid), look), Ok(None)),
            None => true,
        }
    }

    /// Ends the child and what it has started, which is a group of its own, and reaps it.
    fn kill(&mut self) -> io::Result<ExitStatus> {
        if let Some(group) = self.pid() {
            // That the group is gone already is as good.
            let _ = kill_process_group(group, Signal::KILL);
        }
        // Its number is ours until here, and may be anybody's afterwards.
        self.is_reaped = true;
        self.child.wait()
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()).ok()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.is_reaped {
            let _ = self.kill();
        }
    }
}

/// The file that runs. The link is followed by the child, so that it leads to the same file even when
/// another one has taken its name since.
#[cfg(target_os = "linux")]
pub(super) const THIS_PROGRAM: &str = "/proc/self/exe";

#[cfg(target_os = "linux")]
fn this_program() -> io::Result<PathBuf> {
    Ok(THIS_PROGRAM.into())
}

#[cfg(not(target_os = "linux"))]
fn this_program() -> io::Result<PathBuf> {
    env::current_exe()
}

/// Which of the pipes can be used.
struct Ready {
    answers: bool,
    complains: bool,
    say: bool,
}

fn ready(
    output: BorrowedFd<'_>,
    errors: Option<BorrowedFd<'_>>,
    input: Option<BorrowedFd<'_>>,
    patience: Duration,
) -> io::Result<Ready> {
    let mut pipes = vec![PollFd::from_borrowed_fd(output, PollFlags::IN)];
    pipes.extend(errors.map(|pipe| PollFd::from_borrowed_fd(pipe, PollFlags::IN)));
    pipes.extend(input.map(|pipe| PollFd::from_borrowed_fd(pipe, PollFlags::OUT)));
    let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
    match poll(&mut pipes, Some(&patience)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut can = pipes.iter().map(|pipe| !pipe.revents().is_empty());
    let mut next = |is_there: bool| is_there && can.next().unwrap_or_default();
    Ok(Ready {
        answers: next(true),
        complains: next(errors.is_some()),
        say: next(input.is_some()),
    })
}

/// Adds one piece of what can be read; none where that is nothing now, 0 bytes at its end.
fn take(pipe: &mut impl Read, into: &mut Vec<u8>) -> io::Result<Option<usize>> {
    let before = into.len();
    into.resize(before + PIECE_BYTES, 0);
    let read = pipe.read(&mut into[before..]);
    into.truncate(before + *read.as_ref().unwrap_or(&0));
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if passes(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn passes(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
